/* libgit2 as the files of input/ use it: cleanup, errors, and what is told about a commit. Only
 * they include this. */
#pragma once

#include <git2.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "model/commit.h"

enum {
    GIT_COMMIT_MOST = 1 << 20, /* bytes of a commit: some hundred, or a long message */
    GIT_TREE_MOST = 16 << 20,  /* of one folder: some 200,000 entries */
    GIT_ID_SIZE = GIT_OID_HEXSZ + 1,
};

#define GIT_CLEANUP(type, name)                                                                    \
    static inline void name##_cleanup(type **object)                                               \
    {                                                                                              \
        name##_free(*object);                                                                      \
    }
GIT_CLEANUP(git_repository, git_repository)
GIT_CLEANUP(git_odb, git_odb)
GIT_CLEANUP(git_odb_object, git_odb_object)
GIT_CLEANUP(git_object, git_object)
GIT_CLEANUP(git_commit, git_commit)
GIT_CLEANUP(git_tree, git_tree)
GIT_CLEANUP(git_reference, git_reference)
GIT_CLEANUP(git_remote, git_remote)
GIT_CLEANUP(git_signature, git_signature)

#define AUTO_REPOSITORY CLEANUP(git_repository_cleanup) git_repository *
#define AUTO_ODB        CLEANUP(git_odb_cleanup) git_odb *
#define AUTO_ODB_OBJECT CLEANUP(git_odb_object_cleanup) git_odb_object *
#define AUTO_OBJECT     CLEANUP(git_object_cleanup) git_object *
#define AUTO_COMMIT     CLEANUP(git_commit_cleanup) git_commit *
#define AUTO_TREE       CLEANUP(git_tree_cleanup) git_tree *
#define AUTO_REFERENCE  CLEANUP(git_reference_cleanup) git_reference *
#define AUTO_REMOTE     CLEANUP(git_remote_cleanup) git_remote *
#define AUTO_SIGNATURE  CLEANUP(git_signature_cleanup) git_signature *
#define AUTO_GIT_BUFFER CLEANUP(git_buf_dispose) git_buf

/* Before all else: loads libgit2. From here on nobody's Git configuration counts but a repository's
 * own (it could redirect URLs), and repositories of other users may be read: nothing in them is
 * ever executed. */
void git_prepare(void);
/* libgit2's last complaint behind the words: "open /srv/repo.git: ..."; returns false. Texts of the
 * other side may stand in it, so control characters are replaced. */
bool git_problem(struct error *err, int result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What others wrote, as one line that moves no terminal; longer than most bytes it is cut. */
const char *git_clean_line(struct arena *arena, const char *text, size_t most);
struct git_revision;
/* The repository with all its objects. */
bool git_revision_open(const struct git_revision *from, git_repository **out_repository,
                       git_odb **out_objects, struct error *err) MUST_CHECK;
/* The commit with this name, if it has a reasonable size. */
bool git_find_commit(git_repository *repository, const git_oid *id, git_commit **out_commit,
                     struct error *err) MUST_CHECK;
struct commit git_commit_describe(struct arena *arena, const git_commit *commit);
