#include "input/git_blame.h"

#include "input/git.h"

GIT_CLEANUP(git_blame, git_blame)
GIT_CLEANUP(git_blob, git_blob)
#define AUTO_BLAME CLEANUP(git_blame_cleanup) git_blame *
#define AUTO_BLOB  CLEANUP(git_blob_cleanup) git_blob *

enum { AUTHOR_MOST = 100 }; /* bytes */

static bool find_newest(git_repository *repository, const char *revision, git_oid *out_id,
                        struct error *err)
{
    AUTO_OBJECT object = NULL;
    AUTO_OBJECT commit = NULL;
    const char *wanted = revision == NULL ? "HEAD" : revision;
    int result = git_revparse_single(&object, repository, wanted);
    if (result == 0) {
        result = git_object_peel(&commit, object, GIT_OBJECT_COMMIT);
    }
    if (result != 0) {
        return git_problem(err, result, "find revision \"%s\"", wanted);
    }
    *out_id = *git_object_id(commit);
    return true;
}

/* Who wrote the line, and when: a commit that was moved since keeps both. */
static bool describe(struct arena *arena, git_repository *repository, const git_blame_hunk *hunk,
                     struct git_blamed *out, struct error *err)
{
    AUTO_COMMIT commit = NULL;
    if (!git_find_commit(repository, &hunk->final_commit_id, &commit, err)) {
        return false;
    }
    struct commit *found = arena_new(arena, struct commit);
    *found = git_commit_describe(arena, commit);
    const git_signature *author = git_commit_author(commit);
    found->author = git_clean_line(arena, author->name, AUTHOR_MOST);
    found->at = author->when.time;
    *out = (struct git_blamed){.commit = found};
    return true;
}

/* --- a file that was changed since ------------------------------------------------------------ */

/* libgit2's own way to blame a buffer loses memory and takes changed lines for old ones (1.5). */
struct shift {
    size_t line; /* of the present file */
    size_t gone; /* lines before it that only the commit has */
    size_t come; /* the same that only the present file has */
    bool is_new; /* the line itself is one of these */
};

static int take_hunk(const git_diff_delta *delta, const git_diff_hunk *hunk, void *data)
{
    struct shift *shift = data;
    size_t first = (size_t)hunk->new_start;
    size_t count = (size_t)hunk->new_lines;
    (void)delta;
    /* Where nothing came, first is the line behind which something went. */
    if (count == 0 ? first >= shift->line : first + count > shift->line) {
        shift->is_new |= count > 0 && first <= shift->line;
        return 0;
    }
    shift->gone += (size_t)hunk->old_lines;
    shift->come += count;
    return 0;
}

static bool read_committed(git_repository *repository, const git_oid *commit_id, const char *path,
                           git_blob **out_blob, struct error *err)
{
    AUTO_COMMIT commit = NULL;
    AUTO_TREE tree = NULL;
    git_tree_entry *entry = NULL;
    if (!git_find_commit(repository, commit_id, &commit, err)) {
        return false;
    }
    int result = git_commit_tree(&tree, commit);
    if (result == 0) {
        result = git_tree_entry_bypath(&entry, tree, path);
    }
    if (result == 0) {
        result = git_blob_lookup(out_blob, repository, git_tree_entry_id(entry));
    }
    git_tree_entry_free(entry);
    return result == 0 || git_problem(err, result, "find %s", path);
}

/* Looks for the file even where nothing can have moved: git_blame_file loses memory over a file
 * that is not there. */
static bool find_shift(git_repository *repository, const git_oid *commit, const char *path,
                       const struct str *content, struct shift *shift, struct error *err)
{
    AUTO_BLOB blob = NULL;
    if (!read_committed(repository, commit, path, &blob, err)) {
        return false;
    }
    if (content == NULL) {
        return true;
    }
    git_diff_options options = {.version = GIT_DIFF_OPTIONS_VERSION, .flags = GIT_DIFF_FORCE_TEXT};
    int result = git_diff_buffers(git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob), path,
                                  content->data, content->length, path, &options, NULL, NULL,
                                  take_hunk, NULL, shift);
    return result == 0 || git_problem(err, result, "compare %s", path);
}

bool git_blame_find(struct arena *arena, const struct git_revision *from, const struct str *content,
                    size_t line, struct git_blamed *out_blamed, struct error *err)
{
    AUTO_REPOSITORY repository = NULL;
    AUTO_ODB objects = NULL;
    AUTO_BLAME blame = NULL;
    git_blame_options options = {.version = GIT_BLAME_OPTIONS_VERSION};
    struct shift shift = {.line = line};
    if (!git_revision_open(from, &repository, &objects, err) ||
        !find_newest(repository, from->revision, &options.newest_commit, err) ||
        !find_shift(repository, &options.newest_commit, from->folder, content, &shift, err)) {
        return false;
    }
    if (shift.is_new) {
        *out_blamed = (struct git_blamed){.is_uncommitted = true};
        return true;
    }
    size_t committed = line + shift.gone - shift.come;
    options.min_line = committed;
    options.max_line = committed;
    int result = git_blame_file(&blame, repository, from->folder, &options);
    if (result != 0) {
        return git_problem(err, result, "look for who wrote %s", from->folder);
    }
    const git_blame_hunk *hunk = git_blame_get_hunk_byline(blame, committed);
    if (hunk == NULL) {
        return error_set(err, ERROR_UNAVAILABLE, "%s has no line %zu there", from->folder, line);
    }
    return describe(arena, repository, hunk, out_blamed, err);
}
