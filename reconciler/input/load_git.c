/* A commit's trees as folders. Whatever is in them is taken for hostile: sizes are looked at before
 * anything is unpacked. */
#include "input/load_git.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "input/git.h"
#include "input/load_walk.h"

enum {
    LINK_MOST = 4096 /* PATH_MAX: no longer target leads anywhere */
};

struct commit_reader {
    git_repository *repository;
    git_odb *objects;
    const git_tree *top; /* of the commit: where links could lead */
    bool is_damaged;
};

struct commit_folder {
    struct commit_reader *reader;
    git_tree *tree;
    const char *path; /* from the top of the commit, "" there */
};

/* --- objects --------------------------------------------------------------------------------- */

static bool is_missing(struct commit_reader *reader, int result, struct error *err)
{
    reader->is_damaged = true;
    return git_problem(err, result, "the repository is damaged");
}

/* Read whole, an object is compared with its name: what fails then is damage, not a lie. */
static bool is_of_another_type(struct commit_reader *reader, const git_oid *id, size_t size,
                               struct error *err)
{
    AUTO_ODB_OBJECT object = NULL;
    int result = size > GIT_TREE_MOST ? 0 : git_odb_read(&object, reader->objects, id);
    return result != 0 ? is_missing(reader, result, err)
                       : error_set(err, ERROR_FORMAT, "it is not what its folder says it is");
}

/* The type is what the tree says, the size what the object says before it is unpacked. */
static bool check_object(struct commit_reader *reader, const git_oid *id, git_object_t wanted,
                         size_t limit, struct error *err)
{
    size_t size = 0;
    git_object_t type = GIT_OBJECT_ANY;
    int result = git_odb_read_header(&size, &type, reader->objects, id);
    if (result != 0) {
        return is_missing(reader, result, err);
    }
    if (type != wanted) {
        return is_of_another_type(reader, id, size, err);
    }
    return size <= limit || error_set(err, ERROR_LIMIT, "larger than %zu bytes", limit);
}

static bool read_blob(struct commit_reader *reader, const git_oid *id, size_t limit,
                      struct arena *arena, struct str *out_content, struct error *err)
{
    AUTO_ODB_OBJECT object = NULL;
    if (!check_object(reader, id, GIT_OBJECT_BLOB, limit, err)) {
        return false;
    }
    int result = git_odb_read(&object, reader->objects, id);
    if (result != 0) {
        return is_missing(reader, result, err);
    }
    size_t size = git_odb_object_size(object);
    if (size > limit) { /* a header that lied */
        return error_set(err, ERROR_LIMIT, "larger than %zu bytes", limit);
    }
    *out_content = (struct str){arena_strndup(arena, git_odb_object_data(object), size), size};
    return true;
}

static bool read_tree(struct commit_reader *reader, const git_oid *id, git_tree **out_tree,
                      struct error *err)
{
    if (!check_object(reader, id, GIT_OBJECT_TREE, GIT_TREE_MOST, err)) {
        if (err->code == ERROR_LIMIT) {
            return error_set(err, ERROR_FORMAT, "it holds too many files");
        }
        return false;
    }
    int result = git_tree_lookup(out_tree, reader->repository, id);
    return result == 0 || is_missing(reader, result, err);
}

/* --- links ----------------------------------------------------------------------------------- */

/* The path that a link's target means, from the top of the commit; NULL when it leads out of it. */
static const char *resolve_link(struct arena *arena, const char *folder, const char *target)
{
    struct text out = text_make(arena);
    text_add(&out, folder);
    char *rest = arena_strdup(arena, target);
    const char *part = NULL;
    if (target[0] == '/') {
        return NULL;
    }
    while ((part = strsep(&rest, "/")) != NULL) {
        if (part[0] == '\0' || strcmp(part, ".") == 0) {
            continue;
        }
        if (strcmp(part, "..") != 0) {
            text_addf(&out, "%s%s", out.length == 0 ? "" : "/", part);
            continue;
        }
        if (out.length == 0) {
            return NULL;
        }
        const char *slash = strrchr(out.data, '/');
        text_truncate(&out, slash == NULL ? 0 : (size_t)(slash - out.data));
    }
    return out.data;
}

/* Where that is not known the answer is yes. */
static bool may_lead_to_folder(const struct commit_folder *folder, const git_tree_entry *entry,
                               struct arena *arena)
{
    struct str target = STR("");
    struct error err = {0};
    if (!read_blob(folder->reader, git_tree_entry_id(entry), LINK_MOST, arena, &target, &err) ||
        strlen(target.data) != target.length) {
        return true;
    }
    const char *path = resolve_link(arena, folder->path, target.data);
    if (path == NULL || path[0] == '\0') {
        return true;
    }
    git_tree_entry *found = NULL;
    int result = git_tree_entry_bypath(&found, folder->reader->top, path);
    bool is_file = result == 0 && git_tree_entry_type(found) == GIT_OBJECT_BLOB &&
                   git_tree_entry_filemode(found) != GIT_FILEMODE_LINK;
    git_tree_entry_free(found);
    return !is_file && result != GIT_ENOTFOUND;
}

/* --- the reader ------------------------------------------------------------------------------ */

static enum load_entry_type type_of(const struct commit_folder *folder, const git_tree_entry *entry,
                                    struct arena *arena)
{
    switch (git_tree_entry_type(entry)) {
    case GIT_OBJECT_TREE:
        return LOAD_ENTRY_FOLDER;
    case GIT_OBJECT_COMMIT:
        return LOAD_ENTRY_SUBMODULE;
    case GIT_OBJECT_BLOB:
        if (git_tree_entry_filemode(entry) != GIT_FILEMODE_LINK) {
            return LOAD_ENTRY_FILE;
        }
        return may_lead_to_folder(folder, entry, arena) ? LOAD_ENTRY_FOLDER_LINK : LOAD_ENTRY_LINK;
    default:
        return LOAD_ENTRY_OTHER;
    }
}

static bool list(void *handle, struct arena *arena, struct load_entries *out_entries,
                 struct error *err)
{
    const struct commit_folder *folder = handle;
    (void)err;
    for (size_t i = 0; i < git_tree_entrycount(folder->tree); i++) {
        const git_tree_entry *entry = git_tree_entry_byindex(folder->tree, i);
        vec_add(arena, out_entries,
                (struct load_entry){.name = arena_strdup(arena, git_tree_entry_name(entry)),
                                    .type = type_of(folder, entry, arena)});
    }
    return true;
}

static const git_tree_entry *find_entry(const struct commit_folder *folder, const char *name,
                                        git_object_t type, struct error *err)
{
    const git_tree_entry *entry = git_tree_entry_byname(folder->tree, name);
    if (entry == NULL) {
        (void)error_set(err, ERROR_SYSTEM, "the commit has no such entry"); /* NULL says so */
        err->number = ENOENT;
    } else if (git_tree_entry_type(entry) != type) {
        (void)error_set(err, ERROR_FORMAT, "it is not a %s", /* NULL says so */
                        type == GIT_OBJECT_TREE ? "folder" : "file");
        entry = NULL;
    }
    return entry;
}

static void *enter(void *handle, const char *name, struct arena *arena, struct error *err)
{
    const struct commit_folder *folder = handle;
    const git_tree_entry *entry = find_entry(folder, name, GIT_OBJECT_TREE, err);
    git_tree *tree = NULL;
    if (entry == NULL || !read_tree(folder->reader, git_tree_entry_id(entry), &tree, err)) {
        return NULL;
    }
    struct commit_folder *child = arena_new(arena, struct commit_folder);
    *child = (struct commit_folder){folder->reader, tree,
                                    folder->path[0] == '\0'
                                        ? arena_strdup(arena, name)
                                        : arena_printf(arena, "%s/%s", folder->path, name)};
    return child;
}

static void leave(void *handle)
{
    struct commit_folder *folder = handle;
    git_tree_free(folder->tree);
    folder->tree = NULL;
}

static bool read_file(void *handle, const char *name, size_t limit, struct arena *arena,
                      struct str *out_content, struct error *err)
{
    const struct commit_folder *folder = handle;
    const git_tree_entry *entry = find_entry(folder, name, GIT_OBJECT_BLOB, err);
    return entry != NULL &&
           read_blob(folder->reader, git_tree_entry_id(entry), limit, arena, out_content, err);
}

static const struct load_reader commit_folder_reader = {
    .is_commit = true, .list = list, .enter = enter, .leave = leave, .read = read_file};

/* --- from the revision to its folder --------------------------------------------------------- */

bool git_revision_open(const struct git_revision *from, git_repository **out_repository,
                       git_odb **out_objects, struct error *err)
{
    git_prepare();
    int result = git_repository_open_ext(out_repository, from->repository,
                                         GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
    if (result == 0) {
        result = git_repository_odb(out_objects, *out_repository);
    }
    for (size_t i = 0; result == 0 && from->objects != NULL && from->objects[i] != NULL; i++) {
        result = git_odb_add_disk_alternate(*out_objects, from->objects[i]);
    }
    return result == 0 || git_problem(err, result, "open %s", from->repository);
}

static bool resolve(git_repository *repository, const char *revision, git_oid *out_id,
                    struct error *err)
{
    if (strlen(revision) == GIT_OID_HEXSZ && git_oid_fromstr(out_id, revision) == 0) {
        return true;
    }
    AUTO_OBJECT object = NULL;
    AUTO_OBJECT commit = NULL;
    int result = git_revparse_single(&object, repository, revision);
    if (result == 0) {
        result = git_object_peel(&commit, object, GIT_OBJECT_COMMIT);
    }
    if (result != 0) {
        return git_problem(err, result, "find revision \"%s\"", revision);
    }
    *out_id = *git_object_id(commit);
    return true;
}

/* Goes down to the folder, or to the one that holds the single file, and reads what is there. */
static void walk(struct loading *loading, struct commit_folder *top, const char *path)
{
    struct error err = {0};
    struct commit_folder *at = top;
    char *rest = arena_strdup(loading->arena, path == NULL ? "" : path);
    const char *part = NULL;
    while ((part = strsep(&rest, "/")) != NULL) {
        if (part[0] == '\0' || strcmp(part, ".") == 0) {
            continue;
        }
        const git_tree_entry *entry = git_tree_entry_byname(at->tree, part);
        bool is_last_file = entry != NULL && git_tree_entry_type(entry) == GIT_OBJECT_BLOB &&
                            git_tree_entry_filemode(entry) != GIT_FILEMODE_LINK &&
                            (rest == NULL || rest[0] == '\0');
        if (is_last_file) {
            load_walk_file(loading, at, part);
            break;
        }
        struct commit_folder *child = enter(at, part, loading->arena, &err);
        if (at != top) {
            leave(at);
        }
        if (child == NULL) {
            load_complain(loading, path, message_of_error(loading->arena, &err));
            return;
        }
        at = child;
    }
    if (part == NULL) {
        load_walk_folder(loading, at);
    }
    if (at != top) {
        leave(at);
    }
}

bool load_git(struct arena *arena, const struct git_revision *from, const char *environment,
              const char *host, struct diagnostic_list *diagnostics, struct git_loaded *out,
              struct error *err)
{
    AUTO_REPOSITORY repository = NULL;
    AUTO_ODB objects = NULL;
    AUTO_COMMIT commit = NULL;
    AUTO_TREE tree = NULL;
    git_oid id;
    if (!git_revision_open(from, &repository, &objects, err) ||
        !resolve(repository, from->revision, &id, err) ||
        !git_find_commit(repository, &id, &commit, err)) {
        return false;
    }
    struct commit_reader reader = {.repository = repository, .objects = objects};
    if (!read_tree(&reader, git_commit_tree_id(commit), &tree, err)) {
        return error_wrap(err, "read commit %s", from->revision);
    }
    reader.top = tree;
    *out = (struct git_loaded){.loaded = {.environment = environment, .host = host},
                               .commit = git_commit_describe(arena, commit)};
    struct loading loading = {.arena = arena,
                              .reader = &commit_folder_reader,
                              .folder = arena_printf(arena, "commit %.*s%s%s", COMMIT_ID_SHORT,
                                                     out->commit.id,
                                                     from->folder == NULL ? "" : ", folder ",
                                                     from->folder == NULL ? "" : from->folder),
                              .diagnostics = diagnostics,
                              .loaded = &out->loaded};
    size_t before = diagnostics->count;
    struct commit_folder top = {&reader, tree, ""};
    walk(&loading, &top, from->folder);
    load_finish(&loading, before);
    out->is_damaged = reader.is_damaged;
    return true;
}

bool load_git_discover(struct arena *arena, const char *path, struct git_revision *out_place,
                       struct error *err)
{
    AUTO_REPOSITORY repository = NULL;
    CLEANUP(cleanup_free) char *real = realpath(path, NULL);
    if (real == NULL) {
        return error_errno(err, "open %s", path);
    }
    git_prepare();
    int result = git_repository_open_ext(&repository, real, GIT_REPOSITORY_OPEN_CROSS_FS, NULL);
    if (result != 0) {
        return git_problem(err, result, "find the repository of %s", path);
    }
    const char *top = git_repository_workdir(repository); /* ends in a slash */
    *out_place =
        (struct git_revision){.repository = arena_strdup(arena, git_repository_path(repository))};
    if (top != NULL && text_starts_with(real, top)) {
        out_place->folder = arena_strdup(arena, real + strlen(top));
    }
    return true;
}
