/* Two indexes, of paths by their text and of marks by the key of their source, and a tree. A
 * directory is opened beneath the root without following links, and marked by that descriptor. What
 * lies above it was marked before: if anything there changes while we look, an event tells. */

#include "providers/file_events_paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

struct directory_mark {
    struct file_events_source *source;
    struct directory_key key;
    enum mark_scope scope;
    struct watched_path *paths;
};

struct file_events_paths {
    struct host *host;
    struct directory_marker marker;
    void *by_path; /* tsearch(3) of struct watched_path */
    void *by_key;  /* of struct directory_mark */
    struct watched_path *top;
};

/* ---- Indexes --------------------------------------------------------------------------------- */

static int compare_paths(const void *left, const void *right)
{
    const struct watched_path *a = left;
    const struct watched_path *b = right;
    return strcmp(a->path, b->path);
}

static int compare_marks(const void *left, const void *right)
{
    const struct directory_mark *a = left;
    const struct directory_mark *b = right;
    if (a->source != b->source) {
        return a->source < b->source ? -1 : 1;
    }
    if (a->key.length != b->key.length) {
        return a->key.length < b->key.length ? -1 : 1;
    }
    return memcmp(a->key.bytes, b->key.bytes, a->key.length);
}

/* What tsearch and tfind give: a pointer to the pointer that is kept. */
static void *kept(void *node)
{
    return node == NULL ? NULL : *(void **)node;
}

static struct watched_path *find_path(const struct file_events_paths *paths, char *path)
{
    struct watched_path wanted = {.path = path};
    return kept(tfind(&wanted, &paths->by_path, compare_paths));
}

static struct directory_mark *find_mark(const struct file_events_paths *paths,
                                        struct file_events_source *source, struct str key)
{
    struct directory_mark wanted = {.source = source, .key = {.length = key.length}};
    if (key.length > sizeof(wanted.key.bytes)) {
        return NULL;
    }
    memcpy(wanted.key.bytes, key.data, key.length);
    return kept(tfind(&wanted, &paths->by_key, compare_marks));
}

/* ---- Marks ----------------------------------------------------------------------------------- */

static enum mark_scope scope_of(const struct directory_mark *mark)
{
    for (const struct watched_path *path = mark->paths; path != NULL; path = path->next_on_mark) {
        if (path->is_wanted) {
            return MARK_ENTRIES;
        }
    }
    return MARK_FOLDERS;
}

static int open_directory(const struct file_events_paths *paths, const char *path,
                          struct error *err)
{
    const char *relative = host_path(path);
    return file_open_beneath(paths->host->root, *relative == '\0' ? "." : relative,
                             O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0, err);
}

/* The nearest directory above that is there, most likely of the same file system. */
static int open_above(const struct file_events_paths *paths, const struct watched_path *path)
{
    int fd = -1;
    for (path = path->parent; path != NULL && fd < 0; path = path->parent) {
        fd = open_directory(paths, path->path, NULL);
    }
    return fd;
}

static void detach(struct file_events_paths *paths, struct watched_path *path)
{
    struct directory_mark *mark = path->mark;
    if (mark == NULL) {
        return;
    }
    struct watched_path **link = &mark->paths;
    while (*link != path) {
        link = &(*link)->next_on_mark;
    }
    *link = path->next_on_mark;
    path->next_on_mark = NULL;
    path->mark = NULL;
    path->moves++;
    if (mark->paths == NULL) {
        AUTO_FD above = open_above(paths, path);
        mark->source->type->unmark(mark->source, &mark->key, above);
        (void)tdelete(mark, &paths->by_key, compare_marks);
        free(mark);
    }
}

static bool attach(struct file_events_paths *paths, struct watched_path *path,
                   struct file_events_source *source, const struct directory_key *key,
                   struct error *err)
{
    struct directory_mark *mark = find_mark(paths, source, (struct str){key->bytes, key->length});
    if (mark != NULL && mark == path->mark) {
        return true;
    }
    if (mark == NULL) {
        mark = malloc(sizeof(*mark));
        if (mark == NULL) {
            return error_errno(err, "watch %s", path->path);
        }
        *mark = (struct directory_mark){.source = source, .key = *key};
        if (tsearch(mark, &paths->by_key, compare_marks) == NULL) {
            free(mark);
            return error_set(err, ERROR_SYSTEM, "watch %s: no memory", path->path);
        }
    }
    detach(paths, path);
    path->next_on_mark = mark->paths;
    mark->paths = path;
    path->mark = mark;
    path->moves++;
    return true;
}

/* Marks what the path leads to now. True also when that is no directory. */
static bool settle(struct file_events_paths *paths, struct watched_path *path, struct error *err)
{
    struct error reason = {0};
    struct file_events_source *source = NULL;
    struct directory_key key;
    enum mark_scope scope = path->is_wanted ? MARK_ENTRIES : MARK_FOLDERS;
    AUTO_FD fd = open_directory(paths, path->path, &reason);
    if (fd < 0) {
        detach(paths, path);
        bool is_absent =
            reason.number == ENOENT || reason.number == ENOTDIR || reason.number == ELOOP;
        if (!is_absent && err != NULL) {
            *err = reason;
        }
        return is_absent || error_wrap(err, "watch %s", path->path);
    }
    if (!paths->marker.mark(paths->marker.context, fd, scope, &source, &key, err) ||
        !attach(paths, path, source, &key, err)) {
        detach(paths, path);
        return error_wrap(err, "watch %s", path->path);
    }
    path->mark->scope = scope_of(path->mark);
    if (path->mark->scope != scope) {
        /* Another path to the same directory wants more than this one. */
        return paths->marker.mark(paths->marker.context, fd, path->mark->scope, &source, &key, err);
    }
    return true;
}

/* ---- Paths ----------------------------------------------------------------------------------- */

static struct watched_path *make_path(struct file_events_paths *paths, const char *text,
                                      struct watched_path *parent)
{
    struct watched_path *path = calloc(1, sizeof(*path));
    char *copy = strdup(text);
    if (path == NULL || copy == NULL) {
        free(copy);
        free(path);
        return NULL;
    }
    path->path = copy;
    if (tsearch(path, &paths->by_path, compare_paths) == NULL) {
        free(copy);
        free(path);
        return NULL;
    }
    path->parent = parent;
    if (parent != NULL) {
        path->next = parent->first_child;
        if (path->next != NULL) {
            path->next->previous = path;
        }
        parent->first_child = path;
    }
    return path;
}

static void free_path(void *node)
{
    struct watched_path *path = node;
    free(path->path);
    free(path);
}

/* Forgets a path, and those above it, that nobody wants any more. */
static void prune(struct file_events_paths *paths, struct watched_path *path)
{
    while (path->parent != NULL && !path->is_wanted && path->first_child == NULL) {
        struct watched_path *parent = path->parent;
        *(path->previous == NULL ? &parent->first_child : &path->previous->next) = path->next;
        if (path->next != NULL) {
            path->next->previous = path->previous;
        }
        detach(paths, path);
        (void)tdelete(path, &paths->by_path, compare_paths);
        free_path(path);
        path = parent;
    }
}

/* Absolute, no empty parts, none of "." and "..". */
static bool is_plain(const char *path)
{
    if (path[0] != '/' || strlen(path) >= PATH_MAX) {
        return false;
    }
    for (const char *part = path + 1; path[1] != '\0'; part++) {
        size_t length = strcspn(part, "/");
        if (length == 0 || (length == 1 && part[0] == '.') ||
            (length == 2 && part[0] == '.' && part[1] == '.')) {
            return false;
        }
        part += length;
        if (*part == '\0') {
            break;
        }
    }
    return true;
}

/* The path with all that lies above it, each marked before what is below. */
static struct watched_path *make_all(struct file_events_paths *paths, const char *path)
{
    char text[PATH_MAX];
    struct watched_path *above = paths->top;
    if (above->mark == NULL) {
        (void)settle(paths, above, NULL);
        above->moves_told = above->moves;
    }
    for (size_t length = 1; above != NULL && path[length] != '\0';) {
        length += strcspn(path + length, "/");
        memcpy(text, path, length);
        text[length] = '\0';
        struct watched_path *next = find_path(paths, text);
        if (next == NULL) {
            next = make_path(paths, text, above);
            if (next == NULL) {
                prune(paths, above);
                return NULL;
            }
            if (path[length] != '\0') {
                /* One that we may not read is passed over: if it is replaced, we are not told. */
                (void)settle(paths, next, NULL);
                next->moves_told = next->moves;
            }
        }
        above = next;
        length += path[length] == '/' ? 1 : 0;
    }
    return above;
}

bool file_events_paths_add(struct file_events_paths *paths, const char *path, struct error *err)
{
    if (!is_plain(path)) {
        return error_set(err, ERROR_FORMAT, "watch %s: not a plain absolute path", path);
    }
    struct watched_path *watched = make_all(paths, path);
    if (watched == NULL) {
        return error_set(err, ERROR_SYSTEM, "watch %s: no memory", path);
    }
    if (watched->is_wanted) {
        return true;
    }
    watched->is_wanted = true;
    if (!settle(paths, watched, err)) {
        file_events_paths_remove(paths, path);
        return false;
    }
    watched->moves_told = watched->moves;
    return true;
}

void file_events_paths_remove(struct file_events_paths *paths, const char *path)
{
    char text[PATH_MAX];
    if (!is_plain(path)) {
        return;
    }
    memcpy(text, path, strlen(path) + 1);
    struct watched_path *watched = find_path(paths, text);
    if (watched == NULL || !watched->is_wanted) {
        return;
    }
    watched->is_wanted = false;
    if (watched->first_child != NULL || watched->parent == NULL) {
        (void)settle(paths, watched, NULL); /* it was readable a moment ago; else nothing is lost */
    }
    prune(paths, watched);
}

/* ---- Questions ------------------------------------------------------------------------------- */

void file_events_paths_of(struct file_events_paths *paths, struct file_events_source *source,
                          struct str key, struct arena *arena, struct watched_path_list *out_list)
{
    const struct directory_mark *mark = find_mark(paths, source, key);
    *out_list = (struct watched_path_list){0};
    for (struct watched_path *path = mark == NULL ? NULL : mark->paths; path != NULL;
         path = path->next_on_mark) {
        vec_add(arena, out_list, path);
    }
}

struct watched_path *file_events_paths_entry(struct file_events_paths *paths,
                                             const struct watched_path *path, const char *name)
{
    char text[PATH_MAX];
    if (path->first_child == NULL) {
        return NULL;
    }
    int length =
        snprintf(text, sizeof(text), "%s/%s", path->parent == NULL ? "" : path->path, name);
    return length < 0 || (size_t)length >= sizeof(text) ? NULL : find_path(paths, text);
}

bool file_events_paths_has(const struct file_events_paths *paths, char *path)
{
    return find_path(paths, path) != NULL;
}

struct watched_path *file_events_paths_top(struct file_events_paths *paths)
{
    return paths->top;
}

/* ---- Looking again --------------------------------------------------------------------------- */

bool file_events_paths_refresh(struct file_events_paths *paths, struct watched_path *path,
                               bool is_deep, struct arena *arena, struct watched_path_list *changed)
{
    struct watched_path_list waiting = {0};
    bool is_all = true;
    vec_add(arena, &waiting, path);
    for (size_t i = 0; i < waiting.count; i++) {
        path = waiting.items[i];
        is_all = (settle(paths, path, NULL) || !path->is_wanted) && is_all;
        bool is_same = path->moves == path->moves_told;
        path->moves_told = path->moves;
        if (!is_same && path->is_wanted) {
            vec_add(arena, changed, path);
        }
        for (struct watched_path *child = path->first_child; child != NULL && (is_deep || !is_same);
             child = child->next) {
            vec_add(arena, &waiting, child);
        }
    }
    return is_all;
}

void file_events_paths_drop(struct file_events_paths *paths, struct file_events_source *source,
                            struct str key)
{
    struct directory_mark *mark = find_mark(paths, source, key);
    while (mark != NULL && mark->paths != NULL) {
        bool is_last = mark->paths->next_on_mark == NULL;
        detach(paths, mark->paths); /* the last one frees the mark */
        mark = is_last ? NULL : mark;
    }
}

/* ---- Life ------------------------------------------------------------------------------------ */

struct file_events_paths *file_events_paths_open(struct host *host, struct directory_marker marker)
{
    struct file_events_paths *paths = calloc(1, sizeof(*paths));
    if (paths == NULL) {
        return NULL;
    }
    *paths = (struct file_events_paths){.host = host, .marker = marker};
    paths->top = make_path(paths, "/", NULL);
    if (paths->top == NULL) {
        free(paths);
        return NULL;
    }
    return paths;
}

void file_events_paths_close(struct file_events_paths *paths)
{
    if (paths != NULL) {
        tdestroy(paths->by_key, free);
        tdestroy(paths->by_path, free_path);
    }
    free(paths);
}
