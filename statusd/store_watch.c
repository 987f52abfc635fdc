/* The store is written through its log beside it: inotify on the folder sees each of its files,
 * also when the store is begun anew under the same name. */

#include "statusd/store_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>

#include "base/arena.h"
#include "base/str.h"

#define MILLISECOND ((uint64_t)1000)

enum {
    SETTLE_MS = 30,        /* from the first write to the look: a run writes more than once */
    ABSENT_MS = 10 * 1000, /* how often a folder is looked for that may lie in one we cannot see */
    MASK = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE,
};

struct store_watch {
    sd_event *event; /* borrowed */
    char *folder;
    char *name; /* of the store below it; the names of its log begin with this */
    sd_event_source *files;
    bool is_at_folder; /* else files is about a folder above it, which is all that there is */
    sd_event_source *timer;
    void (*changed)(void *context);
    void *context;
};

/* Never later than it is armed for already. */
static void timer_arm(struct store_watch *watch, uint64_t milliseconds)
{
    int enabled = SD_EVENT_OFF;
    uint64_t armed = 0;
    uint64_t now = 0;
    (void)sd_event_source_get_enabled(watch->timer, &enabled);
    (void)sd_event_source_get_time(watch->timer, &armed);
    (void)sd_event_now(watch->event, CLOCK_MONOTONIC, &now);
    if (enabled == SD_EVENT_OFF || armed > now + milliseconds * MILLISECOND) {
        (void)sd_event_source_set_time(watch->timer, now + milliseconds * MILLISECOND);
        (void)sd_event_source_set_enabled(watch->timer, SD_EVENT_ONESHOT);
    }
}

/* The store or its log. What is in shared memory between them ("-shm") also readers write. */
static bool name_is_written(const struct store_watch *watch, const char *name)
{
    return text_starts_with(name, watch->name) && !text_ends_with(name, "-shm");
}

static int files_changed(sd_event_source *source, const struct inotify_event *event, void *context)
{
    struct store_watch *watch = context;
    (void)source;
    if ((event->mask & IN_IGNORED) != 0) { /* the folder is gone */
        watch->is_at_folder = false;
        timer_arm(watch, SETTLE_MS);
    } else if (!watch->is_at_folder || (event->mask & IN_Q_OVERFLOW) != 0 ||
               (event->len > 0 && name_is_written(watch, event->name))) {
        timer_arm(watch, SETTLE_MS);
    }
    return 0;
}

/* Watches the folder, or the nearest one above it that exists and may be watched. */
static void folder_watch(struct store_watch *watch)
{
    AUTO_ARENA arena = arena_create();
    char *path = arena_strdup(arena, watch->folder);
    int result = -ENOENT;
    watch->files = sd_event_source_disable_unref(watch->files);
    watch->is_at_folder = true;
    for (;;) {
        result =
            sd_event_add_inotify(watch->event, &watch->files, path, MASK, files_changed, watch);
        char *slash = strrchr(path, '/');
        if (result >= 0 || slash == NULL || path[1] == '\0') {
            break;
        }
        watch->is_at_folder = false;
        slash[slash == path ? 1 : 0] = '\0';
    }
    watch->is_at_folder = watch->is_at_folder && result >= 0;
}

static int timer_fired(sd_event_source *timer, uint64_t at, void *context)
{
    struct store_watch *watch = context;
    (void)timer;
    (void)at;
    if (!watch->is_at_folder) {
        folder_watch(watch);
    }
    if (watch->is_at_folder) {
        watch->changed(watch->context);
    } else {
        timer_arm(watch, ABSENT_MS);
    }
    return 0;
}

bool store_watch_create(sd_event *event, const char *path, void (*changed)(void *context),
                        void *context, struct store_watch **out_watch, struct error *err)
{
    const char *slash = strrchr(path, '/');
    struct store_watch *watch = calloc(1, sizeof(*watch));
    int result = -ENOMEM;
    if (watch != NULL) {
        *watch = (struct store_watch){.event = event, .changed = changed, .context = context};
        watch->folder = slash == NULL   ? strdup(".")
                        : slash == path ? strdup("/")
                                        : strndup(path, (size_t)(slash - path));
        watch->name = strdup(slash == NULL ? path : slash + 1);
    }
    if (watch != NULL && watch->folder != NULL && watch->name != NULL) {
        result = sd_event_add_time(event, &watch->timer, CLOCK_MONOTONIC, 0, MILLISECOND,
                                   timer_fired, watch);
    }
    if (result >= 0) {
        result = sd_event_source_set_enabled(watch->timer, SD_EVENT_OFF);
    }
    if (result < 0) {
        store_watch_destroy(watch);
        errno = -result;
        return error_errno(err, "watch the store %s", path);
    }
    folder_watch(watch);
    if (!watch->is_at_folder) {
        timer_arm(watch, ABSENT_MS);
    }
    *out_watch = watch;
    return true;
}

void store_watch_destroy(struct store_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    (void)sd_event_source_disable_unref(watch->files); /* returns NULL always */
    (void)sd_event_source_disable_unref(watch->timer);
    free(watch->folder);
    free(watch->name);
    free(watch);
}
