/* The folder of documents: inotify on each directory of it. A change is waited out: only when the
 * folder has been quiet for a moment it is read, so that a copy or a checkout that is under way is
 * not taken for its end. Directories are listed anew before each run, and before it reads. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/vec.h"
#include "input/load.h"
#include "watch_parts.h"

enum {
    QUIET_MS = 200,        /* nothing happened for so long */
    QUIET_MOST_MS = 5000,  /* from the first event; then it is read all the same */
    ABSENT_MS = 10 * 1000, /* how often a folder is looked for that is not there */
    MASK = IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
           IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB,
};

VEC(source_list, sd_event_source *);

struct watch_source {
    struct arena *arena; /* of the list; made anew with it */
    struct source_list watches;
    const char *only; /* the documents are this one file of the folder; NULL: all of them */
    sd_event_source *quiet;
    uint64_t first_at; /* of the events that are being waited out; 0: none are */
    bool is_there;
};

/* --- listing -------------------------------------------------------------------------------- */

static int folder_changed(sd_event_source *source, const struct inotify_event *event,
                          void *context);

static bool add_watch(struct watch *watch, const char *path)
{
    struct watch_source *source = watch->source;
    sd_event_source *added = NULL;
    int result =
        sd_event_add_inotify(watch->event, &added, path, MASK | IN_ONLYDIR, folder_changed, watch);
    if (result < 0) {
        return false;
    }
    (void)sd_event_source_set_priority(added, SD_EVENT_PRIORITY_IDLE); /* drift goes first */
    vec_add(source->arena, &source->watches, added);
    return true;
}

static void add_below(struct watch *watch, const char *path, unsigned depth)
{
    AUTO_DIRECTORY directory = opendir(path);
    if (directory == NULL || depth > LOAD_DEPTH_MOST ||
        watch->source->watches.count > LOAD_FILES_MOST) {
        return; /* what cannot be read is told by the run */
    }
    const struct dirent *entry = NULL;
    while ((entry = readdir(directory)) != NULL) {
        struct stat status;
        if (entry->d_name[0] == '.' ||
            fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISDIR(status.st_mode)) {
            continue;
        }
        const char *below = arena_printf(watch->source->arena, "%s/%s", path, entry->d_name);
        if (add_watch(watch, below)) {
            add_below(watch, below, depth + 1);
        }
    }
}

static void drop_watches(struct watch_source *source)
{
    for (size_t i = 0; i < source->watches.count; i++) {
        (void)sd_event_source_disable_unref(source->watches.items[i]); /* returns NULL always */
    }
    source->watches = (struct source_list){0};
    arena_destroy(source->arena);
    source->arena = arena_create();
}

/* The folder itself, or the nearest one above it, where it would appear. */
static void list_folder(struct watch *watch)
{
    struct watch_source *source = watch->source;
    struct stat status;
    drop_watches(source);
    const char *folder = watch->look.folder;
    bool is_file = stat(folder, &status) == 0 && S_ISREG(status.st_mode);
    char *path = arena_strdup(source->arena, folder);
    source->only = NULL;
    if (is_file) {
        char *slash = strrchr(path, '/');
        source->only = slash == NULL ? path : slash + 1;
        path = slash == NULL ? arena_strdup(source->arena, ".")
                             : arena_strndup(source->arena, path, (size_t)(slash - path) + 1);
    }
    source->is_there = add_watch(watch, path);
    if (source->is_there && !is_file) {
        add_below(watch, path, 0);
    }
}

/* --- waiting until it is quiet -------------------------------------------------------------- */

static void wait_for_quiet(struct watch *watch)
{
    struct watch_source *source = watch->source;
    uint64_t now = 0;
    (void)sd_event_now(watch->event, CLOCK_MONOTONIC, &now);
    if (source->first_at == 0) {
        source->first_at = now;
    }
    uint64_t at = now + (uint64_t)QUIET_MS * WATCH_US_A_MS;
    uint64_t latest = source->first_at + (uint64_t)QUIET_MOST_MS * WATCH_US_A_MS;
    (void)sd_event_source_set_time(source->quiet, at < latest ? at : latest);
    (void)sd_event_source_set_enabled(source->quiet, SD_EVENT_ONESHOT);
}

/* Other files than documents come and go beside them: an editor's, the repository's. */
static bool is_about_documents(const struct watch_source *source, const struct inotify_event *event)
{
    bool is_whole = (event->mask &
                     (IN_ISDIR | IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0;
    if (is_whole || event->len == 0) {
        return event->len == 0 || event->name[0] != '.';
    }
    if (source->only != NULL) {
        return strcmp(source->only, event->name) == 0;
    }
    return load_is_document_name(event->name);
}

static int folder_changed(sd_event_source *event_source, const struct inotify_event *event,
                          void *context)
{
    struct watch *watch = context;
    (void)event_source;
    if (is_about_documents(watch->source, event)) {
        wait_for_quiet(watch);
    }
    return 0;
}

static int quiet_passed(sd_event_source *event_source, uint64_t at, void *context)
{
    struct watch *watch = context;
    struct watch_source *source = watch->source;
    bool was_there = source->is_there;
    (void)event_source;
    (void)at;
    bool is_change = source->first_at != 0;
    source->first_at = 0;
    list_folder(watch);
    if (!source->is_there) {
        uint64_t now = 0;
        (void)sd_event_now(watch->event, CLOCK_MONOTONIC, &now);
        (void)sd_event_source_set_time(source->quiet, now + (uint64_t)ABSENT_MS * WATCH_US_A_MS);
        (void)sd_event_source_set_enabled(source->quiet, SD_EVENT_ONESHOT);
    }
    if (is_change || was_there != source->is_there) {
        watch_drop_wait(watch);
        watch_ask(watch, WATCH_SOURCE, 0);
    }
    return 0;
}

bool watch_source_begin(struct watch *watch, struct error *err)
{
    if (watch->look.folder == NULL) {
        return error_set(err, ERROR_UNAVAILABLE,
                         "name the folder of YAML, or set source in the settings");
    }
    watch->source = calloc(1, sizeof(*watch->source));
    if (watch->source == NULL) {
        return error_errno(err, "watch %s", watch->look.folder);
    }
    watch->source->arena = arena_create();
    int result = sd_event_add_time(watch->event, &watch->source->quiet, CLOCK_MONOTONIC, 0,
                                   WATCH_US_A_MS, quiet_passed, watch);
    if (result >= 0) {
        result = sd_event_source_set_enabled(watch->source->quiet, SD_EVENT_OFF);
    }
    if (result < 0) {
        return watch_error(err, result, "watch the folder of YAML");
    }
    list_folder(watch);
    if (!watch->source->is_there) {
        log_event(LOG_LEVEL_WARNING, "the folder of YAML cannot be watched", "folder",
                  watch->look.folder, NULL);
        (void)sd_event_source_set_enabled(watch->source->quiet, SD_EVENT_ONESHOT);
    }
    return true;
}

void watch_source_end(struct watch *watch)
{
    struct watch_source *source = watch->source;
    if (source == NULL) {
        return;
    }
    drop_watches(source);
    arena_destroy(source->arena);
    (void)sd_event_source_disable_unref(source->quiet); /* returns NULL always */
    free(source);
    watch->source = NULL;
}
