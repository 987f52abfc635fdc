/* Changes many files: all new contents are written beside the old ones and synced together, then
 * each takes its place by one rename. At any moment each file is completely old or new. What a
 * killed run leaves (names that file_name_is_temporary knows) is listed in STATE/staging before it
 * is made, and removed by staging_clean. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/file.h"
#include "model/host.h"

enum staged_verb { STAGED_WRITE, STAGED_DELETE };

struct staged_file {
    enum staged_verb verb;
    const char *path;   /* absolute */
    struct str content; /* STAGED_WRITE */
    mode_t mode;
    struct file_owner owner;
    /* The plan that people saw was made from this: when it is no longer true, the file is left
     * alone. Both off: whatever is there is replaced. */
    bool must_be_absent;
    const struct file_fingerprint *must_be;
    /* Out. */
    bool has_failed;
    struct error error;
};

/* Each file succeeds or fails on its own. Missing directories above are made (0755). */
void staging_apply(struct host *host, struct staged_file *files, size_t count, struct arena *arena);

/* For what is made beside its place in other ways: says in which directories (absolute paths) names
 * that file_name_is_temporary knows may stand until staging_end. */
bool staging_begin(struct host *host, const char *const *directories, size_t count,
                   struct arena *arena, struct error *err) MUST_CHECK;
void staging_end(struct host *host);

/* At the start of each run that holds the lock. */
bool staging_clean(struct host *host, struct arena *arena, struct error *err) MUST_CHECK;
