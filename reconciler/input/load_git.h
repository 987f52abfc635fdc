/* Documents of one commit, by the ids of its blobs: no work tree, no filter, no hook, no link, no
 * submodule. Read by the same rules as a folder on disk (load.h). */
#pragma once

#include "input/load.h"
#include "model/commit.h"

struct git_revision {
    const char *repository;     /* path of a bare repository, or of one with its work tree */
    const char *const *objects; /* NULL-terminated paths of further folders of objects, such as
                                   those of a push under way; or NULL */
    const char *revision;       /* full object name, or anything that `git rev-parse` takes */
    const char *folder;         /* inside of the commit, or a single file of it; NULL: all of it */
};

struct git_loaded {
    struct loaded loaded;
    struct commit commit;
    bool is_damaged; /* an object of the commit is missing or broken; said in a diagnostic too */
};

/* False when there is no such repository or commit; what is wrong inside of the commit becomes
 * diagnostics. */
bool load_git(struct arena *arena, const struct git_revision *from, const char *environment,
              const char *host, struct diagnostic_list *diagnostics, struct git_loaded *out,
              struct error *err) MUST_CHECK;

/* The repository whose work tree holds path, and path inside of it (NULL: the top). */
bool load_git_discover(struct arena *arena, const char *path, struct git_revision *out_place,
                       struct error *err) MUST_CHECK;
