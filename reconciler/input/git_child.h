/* Work in a child process of its own, for what reads bytes of strangers: it may take so much time
 * and memory, may crash, and takes nothing with it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"

struct git_child {
    unsigned timeout_ms; /* then it is killed */
    const struct stat
        *owner;           /* the child becomes the user whose this is; NULL: it stays who we are */
    uint64_t memory_most; /* bytes of its own data; not enforced under sanitizers */
    uint64_t file_size_most; /* of each file that it writes */
    /* Runs in the child; fills the plain bytes of result, which the parent gets, whether or not it
     * succeeds. */
    bool (*work)(void *context, void *result, struct error *err);
    void *context;
    void *result;
    size_t result_size; /* at most GIT_CHILD_RESULT_MOST */
};

enum { GIT_CHILD_RESULT_MOST = 1024 };

/* False when the work failed, or the child did not come to its end; the result is then what the
 * child had filled, or unchanged. */
bool git_child_run(const struct git_child *child, struct error *err) MUST_CHECK;
