/* Joins the parts: the sources that collect, the paths that are watched, and the names of writers.
 * Each directory is marked by the first source that takes it. */

#include "providers/file_events.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "providers/file_events_mounts.h"
#include "providers/file_events_paths.h"
#include "providers/file_events_source.h"

enum {
    QUEUE_LIMIT = 4096,
    QUEUE_LIMIT_MOST = 64 * 1024,
    SOURCES = 2,
};

struct file_events {
    struct file_events_paths *paths;
    struct user_names *names;
    struct mounts *mounts; /* NULL: not told */
    size_t queue_limit;
    int poll;
    struct file_events_source *fanotify; /* NULL: not permitted, or not wanted */
    struct file_events_source *inotify;  /* NULL: not needed so far */
    struct error why_not;                /* there are no names of writers */
};

/* ---- Sources --------------------------------------------------------------------------------- */

static bool poll_also(struct file_events *events, int fd, uint32_t what, struct error *err)
{
    struct epoll_event event = {.events = what};
    return epoll_ctl(events->poll, EPOLL_CTL_ADD, fd, &event) == 0 ||
           error_errno(err, "wait for file events");
}

static bool need_inotify(struct file_events *events, struct error *err)
{
    struct file_events_source *source = NULL;
    if (events->inotify != NULL) {
        return true;
    }
    if (!inotify_source_open(events->queue_limit, &source, err)) {
        return false;
    }
    if (!poll_also(events, source->fd, EPOLLIN, err)) {
        source->type->close(source);
        return false;
    }
    events->inotify = source;
    return true;
}

static bool mark(void *context, int directory, enum mark_scope scope,
                 struct file_events_source **out_source, struct directory_key *out_key,
                 struct error *err)
{
    struct file_events *events = context;
    struct file_events_source *source = events->fanotify;
    if (source != NULL && source->type->mark(source, directory, scope, out_key, NULL)) {
        *out_source = source;
        return true;
    }
    if (!need_inotify(events, err)) {
        return false;
    }
    *out_source = events->inotify;
    return events->inotify->type->mark(events->inotify, directory, scope, out_key, err);
}

/* ---- Life ------------------------------------------------------------------------------------ */

static bool open_sources(struct file_events *events, enum file_events_backend backend,
                         struct error *err)
{
    if (backend == FILE_EVENTS_INOTIFY) {
        (void)error_set(&events->why_not, ERROR_UNAVAILABLE, "inotify was asked for");
    } else if (fanotify_source_open(events->queue_limit, &events->fanotify, &events->why_not)) {
        return poll_also(events, events->fanotify->fd, EPOLLIN, err);
    }
    return need_inotify(events, err);
}

bool file_events_open(struct host *host, const struct file_events_options *options,
                      struct file_events **out_events, struct error *err)
{
    static const struct file_events_options defaults = {.backend = FILE_EVENTS_BEST};
    options = options == NULL ? &defaults : options;
    struct file_events *events = calloc(1, sizeof(*events));
    if (events == NULL) {
        return error_errno(err, "file events");
    }
    events->queue_limit = options->queue_limit == 0 ? QUEUE_LIMIT : options->queue_limit;
    events->queue_limit =
        events->queue_limit < QUEUE_LIMIT_MOST ? events->queue_limit : QUEUE_LIMIT_MOST;
    events->names = user_names_open();
    events->paths =
        file_events_paths_open(host, (struct directory_marker){.context = events, .mark = mark});
    events->poll = epoll_create1(EPOLL_CLOEXEC);
    if (events->poll < 0 || events->paths == NULL || events->names == NULL) {
        (void)error_errno(err, "file events");
        file_events_close(events);
        return false;
    }
    events->mounts = mounts_open(host->root);
    if (!open_sources(events, options->backend, err) ||
        (events->mounts != NULL && !poll_also(events, mounts_fd(events->mounts), EPOLLPRI, err))) {
        file_events_close(events);
        return false;
    }
    *out_events = events;
    return true;
}

void file_events_close(struct file_events *events)
{
    if (events == NULL) {
        return;
    }
    file_events_paths_close(events->paths);
    if (events->fanotify != NULL) {
        events->fanotify->type->close(events->fanotify);
    }
    if (events->inotify != NULL) {
        events->inotify->type->close(events->inotify);
    }
    if (events->poll >= 0) {
        (void)close(events->poll); /* nothing is written to it */
    }
    mounts_close(events->mounts);
    user_names_close(events->names);
    free(events);
}

bool file_events_name_writers(const struct file_events *events, const char **out_why)
{
    if (events->fanotify == NULL && out_why != NULL) {
        *out_why = events->why_not.message;
    }
    return events->fanotify != NULL;
}

bool file_events_are_real_time(const struct file_events *events)
{
    return events->fanotify != NULL && fanotify_source_is_real_time(events->fanotify);
}

bool file_events_add(struct file_events *events, const char *directory, struct error *err)
{
    if (events->mounts != NULL) {
        mounts_forget(events->mounts);
    }
    return file_events_paths_add(events->paths, directory, err);
}

void file_events_remove(struct file_events *events, const char *directory)
{
    if (events->mounts != NULL) {
        mounts_forget(events->mounts);
    }
    file_events_paths_remove(events->paths, directory);
}

int file_events_fd(const struct file_events *events)
{
    return events->poll;
}

/* ---- Reading --------------------------------------------------------------------------------- */

struct named_writer {
    const struct process_snapshot *snapshot;
    const struct file_writer *writer;
};
VEC(named_writers, struct named_writer);

/* One reading of one source. */
struct reading {
    struct file_events *events;
    struct file_events_source *source;
    struct arena *arena;
    struct file_event_list *list;
    struct named_writers writers;
    bool is_overflow;
};

static const struct file_writer *name_writer(struct reading *reading,
                                             const struct process_snapshot *snapshot)
{
    if (snapshot == NULL) {
        return NULL;
    }
    for (size_t i = reading->writers.count; i > 0; i--) { /* mostly the last one */
        if (reading->writers.items[i - 1].snapshot == snapshot) {
            return reading->writers.items[i - 1].writer;
        }
    }
    struct named_writer named = {
        snapshot, file_writer_make(snapshot, reading->events->names, reading->arena)};
    vec_add(reading->arena, &reading->writers, named);
    return named.writer;
}

/* The text of the directory that was told last is used again. */
static const char *directory_text(struct reading *reading, const char *path)
{
    const struct file_event_list *list = reading->list;
    if (list->count > 0 && strcmp(vec_last(list)->directory, path) == 0) {
        return vec_last(list)->directory;
    }
    return arena_strdup(reading->arena, path);
}

static void tell(struct reading *reading, const struct watched_path *path,
                 const struct raw_event *raw, const char *name, unsigned kinds)
{
    struct file_event event = {
        .directory = directory_text(reading, path->path),
        .name = *name == '\0' ? "" : arena_strdup(reading->arena, name),
        .kinds = kinds,
        .at_us = raw->at_us,
        .writer = name_writer(reading, raw->writer),
    };
    vec_add(reading->arena, reading->list, event);
}

/* Looks where this path leads by now, and tells of those that changed, it and below it. */
static void look_again(struct reading *reading, struct watched_path *path, bool is_deep,
                       const struct raw_event *raw)
{
    struct watched_path_list changed = {0};
    if (!file_events_paths_refresh(reading->events->paths, path, is_deep, reading->arena,
                                   &changed)) {
        reading->is_overflow = true;
    }
    for (size_t i = 0; i < changed.count; i++) {
        tell(reading, changed.items[i], raw, "", FILE_EVENT_DIRECTORY);
    }
}

static void read_event(struct reading *reading, const struct raw_event *raw)
{
    struct file_events_paths *paths = reading->events->paths;
    struct watched_path_list list;
    file_events_paths_of(paths, reading->source, raw->directory, reading->arena, &list);
    if (raw->kinds & RAW_EVENT_GONE) {
        file_events_paths_drop(paths, reading->source, raw->directory);
    }
    for (size_t i = 0; i < list.count; i++) {
        struct watched_path *path = list.items[i];
        unsigned kinds = raw->kinds & ~(unsigned)RAW_EVENT_GONE;
        struct watched_path *entry =
            *raw->name == '\0' ? NULL : file_events_paths_entry(paths, path, raw->name);
        if (path->is_wanted && kinds != 0) {
            tell(reading, path, raw, raw->name, kinds);
        }
        if (raw->kinds & RAW_EVENT_GONE) {
            look_again(reading, path, false, raw);
        }
        if (entry != NULL) {
            look_again(reading, entry, false, raw);
        }
    }
}

static bool read_source(struct reading *reading, struct error *err)
{
    const struct file_events_batch *batch = NULL;
    size_t count = 0;
    if (!reading->source->type->take(reading->source, &batch, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct raw_event raw = file_events_batch_at(batch, i);
        read_event(reading, &raw);
    }
    if (file_events_batch_overflowed(batch)) {
        /* What was lost may have been that a path leads elsewhere. Once that is looked after, what
         * the caller will not see by looking at everything is told again. */
        struct raw_event raw = {.name = "", .at_us = clock_wall_us()};
        reading->is_overflow = true;
        look_again(reading, file_events_paths_top(reading->events->paths), true, &raw);
    }
    return true;
}

static bool has_path(void *context, char *path)
{
    return file_events_paths_has(context, path);
}

/* Nobody knows who mounted. */
static void read_mounts(struct reading *reading)
{
    struct file_events *events = reading->events;
    if (events->mounts != NULL && mounts_changed(events->mounts, has_path, events->paths)) {
        struct raw_event raw = {.name = "", .at_us = clock_wall_us()};
        look_again(reading, file_events_paths_top(events->paths), true, &raw);
    }
}

bool file_events_read(struct file_events *events, struct arena *arena,
                      struct file_event_list *out_list, bool *out_overflow, struct error *err)
{
    struct file_events_source *sources[SOURCES] = {events->fanotify, events->inotify};
    struct file_event_list list = {0};
    struct reading mounting = {.events = events, .arena = arena, .list = &list};
    read_mounts(&mounting);
    bool is_overflow = mounting.is_overflow;
    for (size_t i = 0; i < SOURCES; i++) {
        struct reading reading = {
            .events = events, .source = sources[i], .arena = arena, .list = &list};
        if (sources[i] != NULL && !read_source(&reading, err)) {
            return false;
        }
        is_overflow = is_overflow || reading.is_overflow;
    }
    *out_list = list;
    *out_overflow = is_overflow;
    return true;
}
