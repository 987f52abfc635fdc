/* Runs a program: argument list, never a shell; bounded time and output. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct process_options {
    const char *const *argv; /* NULL-terminated; argv[0] with a slash, or searched in PATH */
    const char *const
        *environment;    /* NULL-terminated NAME=VALUE; NULL: PATH and LC_ALL=C.UTF-8 only */
    struct str input;    /* standard input; empty is /dev/null */
    unsigned timeout_ms; /* then SIGKILL to the whole process group, ERROR_LIMIT */
    size_t output_limit; /* of each of stdout and stderr; what is over is dropped */
    int directory;       /* descriptor to start in, or AT_FDCWD for ours */
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

/* True when the program ran and ended, whatever its status. The child's group is killed when we
 * die (PR_SET_PDEATHSIG). Output is on the arena. */
bool process_run(const struct process_options *options, struct arena *arena,
                 struct process_result *out_result, struct error *err) MUST_CHECK;
