/* The error logs of the running nginx, read from where they end now. Only for the nginx files. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/text.h"
#include "base/vec.h"
#include "providers/nginx.h"

struct nginx_error_log {
    const char *path;
    int fd;       /* -1: not there yet */
    off_t offset; /* what comes before it was there before, or has been read */
};
VEC(nginx_error_logs, struct nginx_error_log);

struct nginx_errors {
    struct nginx_error_logs logs;
    struct arena *arena;
};

/* Those of the main level on disk, and the one that the master has open (0: there is no master). */
void nginx_errors_open(struct nginx_errors *errors, struct host *host, pid_t master,
                       struct arena *arena);
/* The one that the master has open, and the layout's own: without reading the configuration. */
void nginx_errors_open_own(struct nginx_errors *errors, struct host *host, pid_t master,
                           struct arena *arena);
void nginx_errors_close(struct nginx_errors *errors);
/* The next message of level emerg that the master wrote, on the arena; NULL: none yet. */
const char *nginx_errors_next(struct nginx_errors *errors, pid_t master);
/* Appends new lines that hold all of the NULL-terminated marks, at most that many. */
void nginx_errors_collect(struct nginx_errors *errors, const char *const *marks, size_t most,
                          struct text *out);
