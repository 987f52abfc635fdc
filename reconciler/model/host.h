/* The only door to the outside, handed to every provider. Tests bring their own. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/process.h"
#include "model/facts.h"
#include "model/layout.h"

struct fingerprints; /* providers/fingerprints.h */

struct host {
    int root;              /* descriptor of the directory that stands for "/" */
    const char *root_path; /* the same as text: "/" or DIR of --root */
    const struct layout *layout;
    const struct facts *facts;
    struct fingerprints *fingerprints; /* what was there when it was last read; NULL: read all */
    /* Runs a program; the default is process_run. */
    bool (*run)(struct host *host, const struct process_options *options, struct arena *arena,
                struct process_result *out_result, struct error *err);
    int64_t (*now)(struct host *host); /* seconds since the epoch, CLOCK_REALTIME */
    void *context;                     /* of the two above */
    /* Progress for people, one short line at a time; may be NULL. */
    void (*progress)(void *context, const char *line);
    void *progress_context;
};

/* path, which is absolute, as openat(host->root, ...) wants it: without leading slashes. */
const char *host_path(const char *path);
