/* Suspensions as people ask for them: on the command line, or over the loop's socket. */
#pragma once

#include <stdint.h>

#include "model/host.h"

struct suspension {
    const char *word;  /* site:shop.example.com, site, file:/etc/x, or all */
    const char *until; /* a day, a time, or how long from now; NULL: until somebody says resume */
    const char *why;   /* NULL or empty: refused */
    const char *who;   /* for the record */
    const char *from;  /* "command line" */
};

/* Both need the lock of a run, are durable when they return, and are written into the audit log.
 * ERROR_FORMAT: what was asked for is none. */
bool suspension_begin(struct host *host, const struct suspension *suspension, struct arena *arena,
                      struct error *err) MUST_CHECK;
/* word, who and from count. */
bool suspension_end(struct host *host, const struct suspension *suspension, struct arena *arena,
                    struct error *err) MUST_CHECK;
