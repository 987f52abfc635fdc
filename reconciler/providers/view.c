/* What is placed in a private view, and what came of it. How it becomes real is in view_mounts.c
 * and view_namespaces.c. */

#include "providers/view_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

enum {
    FILE_MODE = 0644,
    LONELY_ROOT = 1000, /* who root is inside the view, where no other number is known */
    MAP_LIMIT = 4096,   /* of /proc/self/uid_map: 340 lines at most */
};

struct view *view_make(struct arena *arena, struct str pair)
{
    struct view *view = arena_new(arena, struct view);
    view->arena = arena;
    view->pair = pair;
    (void)map_put(arena, &view->by_path, "/run", view); /* the first, as the next */
    (void)map_put(arena, &view->by_path, "/dev", view);
    return view;
}

static void place_add(struct view *view, struct view_place place)
{
    if (map_has(&view->by_path, place.path)) {
        return;
    }
    place.fd = -1;
    place.path = arena_strdup(view->arena, place.path);
    vec_add(view->arena, &view->places, place);
    (void)map_put(view->arena, &view->by_path, place.path, view); /* the first of its name */
}

void view_empty(struct view *view, const char *path)
{
    place_add(view, (struct view_place){.type = VIEW_PLACE_EMPTY, .path = path});
}

void view_bind(struct view *view, const char *path, const char *source)
{
    place_add(view, (struct view_place){.type = VIEW_PLACE_BIND, .path = path, .source = source});
}

void view_file(struct view *view, const char *path, struct str content)
{
    const char *staged = arena_printf(view->arena, VIEW_STAGING "/%zu", view->places.count);
    place_add(view,
              (struct view_place){
                  .type = VIEW_PLACE_FILE, .path = path, .content = content, .staged = staged});
}

void view_pair(struct view *view, const char *path)
{
    place_add(view, (struct view_place){.type = VIEW_PLACE_PAIR, .path = path});
}

bool view_has(const struct view *view, const char *path)
{
    return map_has(&view->by_path, path);
}

/* A directory comes before what is in it. */
static int place_compare(const void *a, const void *b)
{
    return strcmp(((const struct view_place *)a)->path, ((const struct view_place *)b)->path);
}

/* Every number that we know stays what it is: lines "first first count" of our own map. */
static struct str identity_map(struct arena *arena, const char *path)
{
    struct str content;
    struct text text = text_make(arena);
    if (!file_read(AT_FDCWD, path, MAP_LIMIT, arena, &content, NULL)) {
        return text_str(&text);
    }
    const char *at = content.data;
    for (;;) {
        char *end = NULL;
        unsigned long long first = strtoull(at, &end, 10);
        if (end == at) {
            return text_str(&text);
        }
        (void)strtoull(end, &end, 10); /* what it is outside of our own namespace */
        unsigned long long count = strtoull(end, &end, 10);
        text_line(&text, "%llu %llu %llu", first, first, count);
        at = end;
    }
}

/* "0 0 1": root of a namespace that knows nobody else, as small containers make it. What nginx does
 * as root (chown to www-data) fails there, so inside the view nobody is root. */
static bool knows_nobody_else(struct str map)
{
    return str_equal(map, STR("0 0 1\n"));
}

static void numbers_choose(struct view *view)
{
    struct arena *arena = view->arena;
    view->is_root = geteuid() == 0;
    if (view->is_root) {
        view->users = identity_map(arena, "/proc/self/uid_map");
        view->groups = identity_map(arena, "/proc/self/gid_map");
    }
    if (view->is_root && !knows_nobody_else(view->users)) {
        return;
    }
    unsigned user = view->is_root ? LONELY_ROOT : geteuid();
    unsigned group = view->is_root ? LONELY_ROOT : getegid();
    view->is_root = false;
    view->users = str_of(arena_printf(arena, "%u %u 1\n", user, geteuid()));
    view->groups = str_of(arena_printf(arena, "%u %u 1\n", group, getegid()));
}

bool view_open(struct view *view, struct error *err)
{
    void *shared = mmap(NULL, sizeof(*view->report), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        return error_errno(err, "share memory");
    }
    view->report = shared;
    numbers_choose(view);
    if (view->places.count > 1) {
        qsort(view->places.items, view->places.count, sizeof(*view->places.items), place_compare);
    }
    return true;
}

void view_close(struct view *view)
{
    if (view != NULL && view->report != NULL) {
        (void)munmap(view->report, sizeof(*view->report)); /* it was mapped */
        view->report = NULL;
    }
    if (view != NULL) {
        view_shadow_remove(view);
    }
}

const struct view_report *view_report(const struct view *view)
{
    return view->report;
}

/* ---- For the child -------------------------------------------------------------------------- */

bool view_fail(struct view *view, const char *step, const char *path)
{
    if (view->report->step == NULL) {
        *view->report = (struct view_report){step, path, errno};
    }
    return false;
}

bool view_file_put(const char *path, int flags, struct str content)
{
    AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC | flags, FILE_MODE);
    return fd >= 0 && file_write_all(fd, content);
}
