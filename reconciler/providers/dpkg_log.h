/* The package manager as the cause of a change: its log, and the lists of files it installed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "model/host.h"
#include "providers/file_writer.h"

struct package_action {
    const char *verb;         /* "install", "upgrade", "configure", "remove", "purge", "trigger" */
    const char *package;      /* "nginx-common" */
    const char *version;      /* the one that was put there; NULL after remove and purge */
    const char *from_version; /* the one before; NULL on install */
};

/* The action on a package that was under way at that time (CLOCK_REALTIME) and explains a change of
 * path: the package has that path, or the writer (NULL where not known) was started by dpkg, or it
 * ended before more than the name of a script of that package could be read.
 * *out_action is NULL when there is none, or no telling which. Reads the log from its end, a
 * bounded part of it; a host without dpkg is no error. */
bool dpkg_log_find(struct host *host, int64_t at_us, const char *path,
                   const struct file_writer *writer, struct arena *arena,
                   const struct package_action **out_action, struct error *err) MUST_CHECK;
