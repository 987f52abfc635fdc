/* Runs a program: argument list, never a shell; bounded time and output. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct process_options {
    /* NULL-terminated; argv[0] with a slash, or searched in our PATH and the sbin folders. */
    const char *const *argv;
    /* NULL-terminated NAME=VALUE; NULL: PATH and LC_ALL=C.UTF-8 only. */
    const char *const *environment;
    struct str input;    /* standard input; empty is /dev/null */
    unsigned timeout_ms; /* not 0; then SIGKILL to the whole process group, ERROR_LIMIT */
    size_t output_limit; /* of each of stdout and stderr; what is over is dropped */
    int directory;       /* descriptor to start in; 0 or AT_FDCWD: ours */
    /* Called in the child after fork, before exec: only async-signal-safe calls. May be NULL.
     * A non-zero return ends the child with that status. */
    int (*prepare)(void *context);
    void *prepare_context;
};

struct process_result {
    int status;     /* exit status, or 128 + signal */
    bool truncated; /* output_limit was reached */
    struct str output;
    struct str errors;
};

/* True when the program ran and ended, whatever its status; ERROR_UNAVAILABLE when there is no such
 * program. It gets its own session and process group, default signals and no other descriptor, and
 * is killed when the calling thread ends (PR_SET_PDEATHSIG). What it leaves running in the
 * background after its own end is neither waited for nor killed. Output is on the arena. */
bool process_run(const struct process_options *options, struct arena *arena,
                 struct process_result *out_result, struct error *err) MUST_CHECK;
