/* Lists a tree on disk. */

#include "providers/tree_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

enum { DEPTH_MAX = 16 }; /* ours are two or three deep */

static int path_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool walk(int parent, const char *name, const char *prefix, unsigned depth,
                 struct arena *arena, struct tree_paths *paths, struct error *err);

static bool walk_entry(int directory, const struct dirent *entry, const char *prefix,
                       unsigned depth, struct arena *arena, struct tree_paths *paths,
                       struct error *err)
{
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
        return true;
    }
    bool is_directory = entry->d_type == DT_DIR;
    if (entry->d_type == DT_UNKNOWN) { /* some file systems do not tell */
        struct stat status;
        is_directory = fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                       S_ISDIR(status.st_mode);
    }
    const char *path = arena_printf(arena, "%s%s", prefix, entry->d_name);
    if (!is_directory) {
        vec_add(arena, paths, path);
        return true;
    }
    return walk(directory, entry->d_name, arena_printf(arena, "%s/", path), depth + 1, arena, paths,
                err);
}

static bool walk(int parent, const char *name, const char *prefix, unsigned depth,
                 struct arena *arena, struct tree_paths *paths, struct error *err)
{
    if (depth > DEPTH_MAX) {
        return error_set(err, ERROR_LIMIT, "%s: folders are nested too deeply", prefix);
    }
    int fd = file_open_beneath(parent, name, O_RDONLY | O_DIRECTORY, 0, err);
    if (fd < 0) {
        return false;
    }
    AUTO_DIRECTORY directory = fdopendir(fd);
    if (directory == NULL) {
        (void)close(fd); /* only read */
        return error_errno(err, "list %s", prefix);
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL) {
            return errno == 0 || error_errno(err, "list %s", prefix);
        }
        if (!walk_entry(fd, entry, prefix, depth, arena, paths, err)) {
            return false;
        }
    }
}

bool tree_walk(int directory, struct arena *arena, struct tree_paths *out_paths, struct error *err)
{
    struct tree_paths paths = {0};
    if (!walk(directory, ".", "", 0, arena, &paths, err)) {
        return false;
    }
    if (paths.count > 1) {
        qsort(paths.items, paths.count, sizeof(*paths.items), path_compare);
    }
    *out_paths = paths;
    return true;
}

bool tree_path_is_numbered(const char *path)
{
    return strcmp(path, "http/main.conf") == 0 || strcmp(path, "http/proof.conf") == 0 ||
           strcmp(path, "main/main.conf") == 0;
}
