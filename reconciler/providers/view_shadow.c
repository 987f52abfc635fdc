/* What a view shows, as files in a temporary folder, and a table that leads from each path to the
 * file that stands for it. A directory that gets an entry it does not have is shown by one with a
 * link to each of its own entries, so that listing it finds them all. */

#include "providers/view_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

enum { DIRECTORY_MODE = 0755 };

/* ---- Finding --------------------------------------------------------------------------------- */

/* target + rest, if that fits. */
static bool join(const char *target, const char *rest, char *out_path)
{
    size_t first = strlen(target);
    size_t second = strlen(rest);
    if (first + second >= PATH_MAX) {
        return false;
    }
    memcpy(out_path, target, first);
    memcpy(out_path + first, rest, second);
    out_path[first + second] = '\0';
    return true;
}

bool view_shadow_find(const struct view *view, const char *path, char *out_path)
{
    char parent[PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof(parent)) {
        return false;
    }
    memcpy(parent, path, length + 1);
    while (length > 0) {
        parent[length] = '\0';
        const struct view_redirect *redirect = map_get(&view->redirects, parent);
        if (redirect != NULL && (redirect->is_directory || path[length] == '\0')) {
            return join(redirect->target, path + length, out_path);
        }
        while (length > 0 && parent[--length] != '/') {
        }
    }
    return false;
}

/* ---- Making ---------------------------------------------------------------------------------- */

static const char *parent_of(struct arena *arena, const char *path)
{
    return arena_strndup(arena, path, (size_t)(strrchr(path, '/') - path));
}

static const char *shadow_name(struct view *view)
{
    return arena_printf(view->arena, "%s/%zu", view->shadow, view->shadow_count++);
}

static void redirect_put(struct view *view, const char *path, const char *target, bool is_directory,
                         bool is_made)
{
    struct view_redirect *redirect = arena_new(view->arena, struct view_redirect);
    *redirect = (struct view_redirect){target, is_directory, is_made};
    (void)map_put(view->arena, &view->redirects, path, redirect); /* a later one knows better */
}

static bool directory_make(struct view *view, const char *path, const char **out_target,
                           struct error *err)
{
    const char *target = shadow_name(view);
    if (mkdir(target, DIRECTORY_MODE) != 0) {
        return error_errno(err, "create %s", target);
    }
    redirect_put(view, path, target, true, true);
    *out_target = target;
    return true;
}

/* Links to all that is in a directory of the machine. */
static bool entries_link(struct view *view, const char *source, const char *target,
                         struct error *err)
{
    AUTO_DIRECTORY directory = opendir(source);
    const struct dirent *entry = NULL;
    if (directory == NULL) {
        return errno == ENOENT || error_errno(err, "list %s", source);
    }
    while ((entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        const char *name = arena_printf(view->arena, "%s/%s", target, entry->d_name);
        if (symlink(arena_printf(view->arena, "%s/%s", source, entry->d_name), name) != 0) {
            return error_errno(err, "create %s", name);
        }
    }
    return true;
}

/* The directory in the shadow that stands for path, made if there is none yet. */
static bool directory_open(struct view *view, const char *path, const char **out_target,
                           struct error *err)
{
    char found[PATH_MAX];
    const struct view_redirect *redirect = map_get(&view->redirects, path);
    if (redirect != NULL && redirect->is_made) {
        *out_target = redirect->target;
        return true;
    }
    const char *source =
        view_shadow_find(view, path, found) ? arena_strdup(view->arena, found) : path;
    return directory_make(view, path, out_target, err) &&
           entries_link(view, source, *out_target, err);
}

/* A listing of its directory shows the file; the machine's own entry of that name, if there is one,
 * does that already. */
static bool file_show(struct view *view, const char *path, const char *target, struct error *err)
{
    struct stat status;
    char found[PATH_MAX];
    const char *directory = NULL;
    const char *where = view_shadow_find(view, path, found) ? found : path;
    if (lstat(where, &status) == 0) {
        return true;
    }
    if (!directory_open(view, parent_of(view->arena, path), &directory, err)) {
        return false;
    }
    const char *name = arena_printf(view->arena, "%s%s", directory, strrchr(path, '/'));
    return symlink(target, name) == 0 || errno == EEXIST || error_errno(err, "create %s", name);
}

static bool file_make(struct view *view, const struct view_place *place, struct error *err)
{
    const char *target = shadow_name(view);
    if (!view_file_put(target, O_CREAT | O_EXCL, place->content)) {
        return error_errno(err, "create %s", target);
    }
    if (!file_show(view, place->path, target, err)) {
        return false;
    }
    redirect_put(view, place->path, target, false, false);
    return true;
}

static bool place_make(struct view *view, const struct view_place *place, const char *pair,
                       struct error *err)
{
    const char *target = NULL;
    switch (place->type) {
    case VIEW_PLACE_EMPTY:
        return directory_make(view, place->path, &target, err);
    case VIEW_PLACE_BIND:
        redirect_put(view, place->path, place->source, true, false);
        return true;
    case VIEW_PLACE_FILE:
        return file_make(view, place, err);
    case VIEW_PLACE_PAIR:
        redirect_put(view, place->path, pair, false, false);
        return true;
    }
    return true;
}

bool view_shadow(struct view *view, struct error *err)
{
    const char *target = NULL;
    const char *parent = secure_getenv("TMPDIR");
    char *path =
        arena_printf(view->arena, "%s/reconcile-view-XXXXXX", parent != NULL ? parent : "/tmp");
    if (mkdtemp(path) == NULL) {
        return error_errno(err, "make the temporary folder %s", path);
    }
    view->shadow = path;
    *view->report = (struct view_report){0};
    const char *pair = shadow_name(view);
    if (!view_file_put(pair, O_CREAT | O_EXCL, view->pair)) {
        return error_errno(err, "create %s", pair);
    }
    if (!directory_make(view, "/run", &target, err)) {
        return false;
    }
    for (size_t i = 0; i < view->places.count; i++) {
        if (!place_make(view, &view->places.items[i], pair, err)) {
            return false;
        }
    }
    return true;
}

void view_shadow_remove(struct view *view)
{
    if (view->shadow != NULL) {
        bool is_removed = file_remove_all(AT_FDCWD, view->shadow, NULL);
        (void)is_removed; /* a leftover in the temporary folder harms nobody */
        view->shadow = NULL;
        view->redirects = (struct map){0};
    }
}
