/* Writes a generation: all files below a temporary name, one sync, one rename. A reader or a crash
 * meets it whole or not at all. */

#include "providers/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "providers/generation_manifest.h"
#include "providers/nginx.h"
#include "providers/tree_walk.h"

enum {
    CANDIDATE_NUMBER = 1, /* nobody ever answers with it */
    DIRECTORY_MODE = 0755,
    NUMBERED_MODE = 0644,
    MANIFEST_MODE = 0600, /* it holds the texts of files with narrower modes too */
};

/* ---- Files ----------------------------------------------------------------------------------- */

/* Writes into a folder that nobody knows yet. Files come sorted, so the last parent serves many. */
struct writer {
    int root;
    int parent; /* -1: none yet */
    const char *parent_path;
    struct arena *arena;
};

static void writer_close(struct writer *writer)
{
    cleanup_fd(&writer->parent);
}

static bool writer_enter(struct writer *writer, const char *path, const char *name,
                         struct error *err)
{
    const char *parent = arena_strndup(writer->arena, path, (size_t)(name - path));
    if (writer->parent >= 0 && strcmp(parent, writer->parent_path) == 0) {
        return true;
    }
    cleanup_fd(&writer->parent);
    writer->parent = -1;
    const char *below = parent[0] == '\0' ? "." : parent;
    if (!file_make_directories(writer->root, below, DIRECTORY_MODE, err)) {
        return false;
    }
    writer->parent = file_open_beneath(writer->root, below, O_RDONLY | O_DIRECTORY, 0, err);
    writer->parent_path = parent;
    return writer->parent >= 0;
}

/* path is relative to the writer's root. */
static bool writer_add(struct writer *writer, const char *path, struct str content, mode_t mode,
                       struct error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    if (!writer_enter(writer, path, name, err)) {
        return false;
    }
    AUTO_FD fd = openat(writer->parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        mode & 0600U);
    if (fd < 0 || !file_write_all(fd, content) || fchmod(fd, mode) != 0) {
        return error_errno(err, "write %s", path);
    }
    return true;
}

/* ---- Files that know the number -------------------------------------------------------------- */

/* One include of exactly this file. nginx takes *, ? and [ for a pattern, as they are in the file
 * name of a wildcard site; a backslash takes their meaning away. */
static void include_add(struct text *text, const char *directory, const char *path)
{
    const char *whole = arena_printf(text->arena, "%s/%s", directory, path);
    bool is_pattern = strpbrk(whole, "*?[") != NULL;
    text_add(text, "include \"");
    for (const char *at = whole; *at != '\0'; at++) {
        if (is_pattern && strchr("*?[\\", *at) != NULL) {
            text_add(text, "\\\\");
        }
        if (*at == '"' || *at == '\\') {
            text_add_char(text, '\\');
        }
        text_add_char(text, *at);
    }
    text_add(text, "\";\n");
}

/* Includes of all members below one folder of the tree, each line after the indentation. */
static void includes_add(struct text *text, const struct tree_paths *paths, const char *tree_path,
                         const char *folder, const char *indentation)
{
    for (size_t i = 0; i < paths->count; i++) {
        const char *path = paths->items[i];
        bool is_member = text_starts_with(path, folder) && text_ends_with(path, ".conf");
        if (is_member && strcmp(path + strlen(folder), "main.conf") != 0) {
            text_add(text, indentation);
            include_add(text, tree_path, path);
        }
    }
}

static struct str http_text(struct arena *arena, const struct tree_paths *paths,
                            const char *tree_path, unsigned long number)
{
    struct text text = text_make(arena);
    text_line(&text, "# Generation %lu.", number);
    includes_add(&text, paths, tree_path, "http/", "");
    return text_str(&text);
}

static bool has_streams(const struct tree_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        if (text_starts_with(paths->items[i], TREE_STREAMS)) {
            return true;
        }
    }
    return false;
}

/* nginx knows the block only where it has the module, which a host without streams does not need.
 */
static struct str main_text(struct arena *arena, const struct tree_paths *paths,
                            const char *tree_path, unsigned long number)
{
    struct text text = text_make(arena);
    text_line(&text, "# Generation %lu.", number);
    includes_add(&text, paths, tree_path, "main/", "");
    if (has_streams(paths)) {
        text_line(&text, "stream {");
        includes_add(&text, paths, tree_path, TREE_STREAMS, "    ");
        text_line(&text, "}");
    }
    return text_str(&text);
}

/* A server on an address of its own, which nginx folds into the listener of the http port: asked
 * there, a worker tells what it has loaded. */
static struct str proof_text(struct arena *arena, const struct layout *layout, unsigned long number)
{
    struct text text = text_make(arena);
    text_line(&text, "server {");
    text_line(&text, "    listen " NGINX_PROOF_ADDRESS ":%u;", (unsigned)layout->http_port);
    text_line(&text, "    access_log off;");
    text_line(&text, "    default_type text/plain;");
    text_line(&text, "    return 200 \"" NGINX_PROOF_WORD " %lu $pid\\n\";", number);
    text_line(&text, "}");
    return text_str(&text);
}

static bool numbered_replace(int directory, const char *path, struct str content, struct error *err)
{
    return file_replace(directory, path, content, NUMBERED_MODE, FILE_OWNER_NONE, FILE_SYNC_LATER,
                        err);
}

void generation_numbered_files(struct host *host, const char *tree_path, unsigned long number,
                               const struct tree_paths *paths, struct arena *arena,
                               struct generation_files *out_files)
{
    const struct generation_file files[] = {
        {"http/main.conf", http_text(arena, paths, tree_path, number), NUMBERED_MODE, NULL},
        {"http/proof.conf", proof_text(arena, host->layout, number), NUMBERED_MODE, NULL},
        {"main/main.conf", main_text(arena, paths, tree_path, number), NUMBERED_MODE, NULL},
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        vec_add(arena, out_files, files[i]);
    }
}

bool generation_write_numbered(struct host *host, int tree_directory, const char *tree_path,
                               unsigned long number, struct arena *arena, struct error *err)
{
    struct tree_paths paths = {0};
    struct generation_files files = {0};
    /* The proof page is a member to main.conf, so it is there before the folder is listed. */
    if (!file_make_directories(tree_directory, "http", DIRECTORY_MODE, err) ||
        !file_make_directories(tree_directory, "main", DIRECTORY_MODE, err) ||
        !numbered_replace(tree_directory, "http/proof.conf", STR(""), err) ||
        !tree_walk(tree_directory, arena, &paths, err)) {
        return false;
    }
    generation_numbered_files(host, tree_path, number, &paths, arena, &files);
    for (size_t i = 0; i < files.count; i++) {
        const struct generation_file *file = &files.items[i];
        if (!numbered_replace(tree_directory, file->path, file->content, err)) {
            return false;
        }
    }
    return true;
}

/* ---- The whole ------------------------------------------------------------------------------- */

static int file_compare(const void *a, const void *b)
{
    const struct generation_file *left = a;
    const struct generation_file *right = b;
    return strcmp(left->path, right->path);
}

/* A manifest has one line for each path. */
static bool paths_are_plain(const struct generation_files *files, struct error *err)
{
    for (size_t i = 0; i < files->count; i++) {
        const char *path = files->items[i].path;
        if (path[0] != '/' || strchr(path, '\n') != NULL) {
            return error_set(err, ERROR_FORMAT, "a generation cannot hold the path %s", path);
        }
    }
    return true;
}

static struct generation_files sorted_copy(struct arena *arena,
                                           const struct generation_files *files)
{
    struct generation_files copy = {0};
    for (size_t i = 0; i < files->count; i++) {
        vec_add(arena, &copy, files->items[i]);
    }
    if (copy.count > 1) {
        qsort(copy.items, copy.count, sizeof(*copy.items), file_compare);
    }
    return copy;
}

static bool files_write(int directory, const struct generation_files *files, struct arena *arena,
                        struct error *err)
{
    CLEANUP(writer_close) struct writer writer = {.root = directory, .parent = -1, .arena = arena};
    for (size_t i = 0; i < files->count; i++) {
        const struct generation_file *file = &files->items[i];
        if (!writer_add(&writer, host_path(file->path), file->content, file->mode, err)) {
            return false;
        }
    }
    return true;
}

static bool has_tree(const struct host *host, const struct generation_files *files,
                     struct arena *arena)
{
    const char *prefix = arena_printf(arena, "%s/", host->layout->nginx_tree);
    for (size_t i = 0; i < files->count; i++) {
        if (text_starts_with(files->items[i].path, prefix)) {
            return true;
        }
    }
    return false;
}

/* The files of the tree that know the number, if there is a tree. */
static bool tree_number(struct host *host, int directory, const char *tree_path,
                        unsigned long number, const struct generation_files *files,
                        struct arena *arena, struct error *err)
{
    if (!has_tree(host, files, arena)) {
        return true;
    }
    AUTO_FD tree = file_open_beneath(directory, host_path(host->layout->nginx_tree),
                                     O_RDONLY | O_DIRECTORY, 0, err);
    return tree >= 0 && generation_write_numbered(host, tree, tree_path, number, arena, err);
}

/* Everything below N.new, and synced. */
static bool content_write(struct host *host, int directory, const struct generation *generation,
                          const struct generation_files *files, struct arena *arena,
                          struct error *err)
{
    struct str manifest = manifest_write(arena, host->layout, generation, files);
    CLEANUP(writer_close) struct writer writer = {.root = directory, .parent = -1, .arena = arena};
    const char *tree_path = generation_tree_path(arena, host->layout, generation->number);
    if (!files_write(directory, files, arena, err) ||
        !tree_number(host, directory, tree_path, generation->number, files, arena, err)) {
        return false;
    }
    return writer_add(&writer, MANIFEST_NAME, manifest, MANIFEST_MODE, err) &&
           file_sync_all(directory, err);
}

bool generation_write(struct host *host, unsigned long number, const struct generation_files *files,
                      const char *summary, struct arena *arena, struct error *err)
{
    const struct generation generation = {
        .number = number,
        .created_at = host->now(host),
        .summary = summary,
    };
    const struct generation_files sorted = sorted_copy(arena, files);
    const char *folder = arena_printf(arena, "%s/" GENERATIONS, host_path(host->layout->state));
    const char *name = arena_printf(arena, "%lu", number);
    const char *new_name = arena_printf(arena, "%lu" GENERATION_NEW, number);
    if (!paths_are_plain(files, err) ||
        !file_make_directories(host->root, folder, DIRECTORY_MODE, err)) {
        return false;
    }
    AUTO_FD generations = file_open_beneath(host->root, folder, O_RDONLY | O_DIRECTORY, 0, err);
    if (generations < 0 || !file_remove_all(generations, new_name, err)) {
        return false;
    }
    if (mkdirat(generations, new_name, DIRECTORY_MODE) != 0) {
        return error_errno(err, "create generation %lu", number);
    }
    AUTO_FD directory = file_open_beneath(generations, new_name, O_RDONLY | O_DIRECTORY, 0, err);
    if (directory < 0 || !content_write(host, directory, &generation, &sorted, arena, err)) {
        bool is_removed = file_remove_all(generations, new_name, NULL);
        (void)is_removed; /* the first error counts, and prune sweeps up */
        return error_wrap(err, "write generation %lu", number);
    }
    if (renameat2(generations, new_name, generations, name, RENAME_NOREPLACE) != 0 ||
        fsync(generations) != 0) {
        return error_errno(err, "write generation %lu", number);
    }
    return true;
}

bool generation_write_candidate(struct host *host, int directory, const char *tree_path,
                                const struct generation_files *files, struct arena *arena,
                                struct error *err)
{
    const struct generation_files sorted = sorted_copy(arena, files);
    return files_write(directory, &sorted, arena, err) &&
           tree_number(host, directory, tree_path, CANDIDATE_NUMBER, &sorted, arena, err);
}
