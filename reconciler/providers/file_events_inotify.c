/* inotify: for ordinary users, and for file systems that fanotify does not take. It tells no
 * process. Read by the caller's own thread. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "providers/file_events.h"
#include "providers/file_events_source.h"

enum {
    BUFFER_SIZE = 16 * 1024,
    LINK_SIZE = 32,
    FOLDERS_MASK = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR,
    ENTRIES_MASK = FOLDERS_MASK | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB,
};

struct inotify_source {
    struct file_events_source source;
    struct file_events_batch *batch;
};

static const struct {
    uint32_t mask;
    unsigned kind;
} kinds[] = {
    {IN_CREATE, FILE_EVENT_MADE},         {IN_MODIFY, FILE_EVENT_WRITING},
    {IN_CLOSE_WRITE, FILE_EVENT_WRITTEN}, {IN_MOVED_TO, FILE_EVENT_MOVED_IN},
    {IN_DELETE, FILE_EVENT_REMOVED},      {IN_MOVED_FROM, FILE_EVENT_REMOVED},
    {IN_ATTRIB, FILE_EVENT_ATTRIBUTES},   {IN_IGNORED, RAW_EVENT_GONE},
};

static unsigned kinds_of(uint32_t mask)
{
    unsigned found = 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        found |= mask & kinds[i].mask ? kinds[i].kind : 0U;
    }
    return found;
}

static bool mark(struct file_events_source *source, int directory, enum mark_scope scope,
                 struct directory_key *out_key, struct error *err)
{
    char path[LINK_SIZE];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", directory);
    int watch =
        inotify_add_watch(source->fd, path, scope == MARK_ENTRIES ? ENTRIES_MASK : FOLDERS_MASK);
    if (watch < 0) {
        return error_errno(err, errno == ENOSPC ? "the limit fs.inotify.max_user_watches is reached"
                                                : "inotify");
    }
    *out_key = (struct directory_key){.length = sizeof(watch)};
    memcpy(out_key->bytes, &watch, sizeof(watch));
    return true;
}

static void unmark(struct file_events_source *source, const struct directory_key *key, int near)
{
    (void)near; /* the number is enough */
    int watch = -1;
    memcpy(&watch, key->bytes, sizeof(watch));
    (void)inotify_rm_watch(source->fd, watch); /* it may be gone already */
}

static void add(struct inotify_source *self, const struct inotify_event *event, const char *name,
                int64_t at_us)
{
    if (event->mask & IN_Q_OVERFLOW) {
        file_events_batch_overflow(self->batch);
        return;
    }
    struct raw_event raw = {
        .directory = {(const char *)&event->wd, sizeof(event->wd)},
        .name = event->len > 0 ? name : "",
        .kinds = kinds_of(event->mask),
        .at_us = at_us,
    };
    if (raw.kinds != 0) {
        file_events_batch_add(self->batch, &raw);
    }
}

/* One buffer's worth at a time: under a flood the caller gets to see what there is. */
static bool take(struct file_events_source *source, const struct file_events_batch **out_batch,
                 size_t *out_count, struct error *err)
{
    struct inotify_source *self = (struct inotify_source *)source;
    char buffer[BUFFER_SIZE] __attribute__((aligned(__alignof__(struct inotify_event))));
    file_events_batch_clear(self->batch);
    ssize_t length = read(source->fd, buffer, sizeof(buffer));
    if (length < 0 && errno != EAGAIN && errno != EINTR) {
        return error_errno(err, "read inotify events");
    }
    int64_t at_us = clock_wall_us();
    for (ssize_t place = 0; place < length;) {
        struct inotify_event event;
        memcpy(&event, buffer + place, sizeof(event));
        add(self, &event, buffer + place + sizeof(event), at_us);
        place += (ssize_t)(sizeof(event) + event.len);
    }
    *out_count = file_events_batch_sort(self->batch);
    *out_batch = self->batch;
    return true;
}

static void source_close(struct file_events_source *source)
{
    struct inotify_source *self = (struct inotify_source *)source;
    if (source->fd >= 0) {
        (void)close(source->fd); /* nothing is written to it */
    }
    file_events_batch_free(self->batch);
    free(self);
}

bool inotify_source_open(size_t limit, struct file_events_source **out_source, struct error *err)
{
    static const struct file_events_source_type type = {mark, unmark, take, source_close};
    struct inotify_source *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        return error_errno(err, "inotify");
    }
    self->source =
        (struct file_events_source){.type = &type, .fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
    self->batch = file_events_batch_make(limit);
    if (self->source.fd < 0 || self->batch == NULL) {
        (void)error_errno(err, errno == EMFILE
                                   ? "the limit fs.inotify.max_user_instances is reached"
                                   : "inotify");
        source_close(&self->source);
        return false;
    }
    *out_source = &self->source;
    return true;
}
