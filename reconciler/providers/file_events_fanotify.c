/* fanotify: tells the process of each change. A writer may be gone a moment after its last write,
 * so a thread of its own, before all ordinary programs where that is permitted, does nothing but
 * read events and look at their processes, and hands both over.
 *
 * Only inodes of directories are marked, with file handles as names for them: no descriptor of
 * anybody's file is ever held, and nobody waits for us (no permission events). */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "providers/file_events.h"
#include "providers/file_events_queue.h"
#include "providers/file_events_source.h"

/* Handles of file systems that cannot open them again, fcntl.h of Linux 6.5. */
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID AT_REMOVEDIR
#endif

enum {
    /* Each event in the buffer brings a descriptor of its process: at most some 60 at a time. */
    BUFFER_SIZE = 4096,
    STACK_SIZE = 256 * 1024,
    PRIORITY = 1,    /* the lowest of SCHED_FIFO: before ordinary programs, after all others */
    GATHER_US = 200, /* what belongs together comes together */
};

#define FOLDERS_MASK ((uint64_t)FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO | FAN_ONDIR)
#define OTHERS_MASK  ((uint64_t)FAN_MODIFY | FAN_CLOSE_WRITE | FAN_ATTRIB | FAN_EVENT_ON_CHILD)
/* Without FAN_ONDIR: what is not a folder is passed over (Linux 6.0). */
#define IGNORED_MASK ((uint64_t)FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO)

struct fanotify_source {
    struct file_events_source source; /* its fd is that of the queue */
    int group;
    int stop;
    pthread_t thread;
    bool has_thread;
    bool is_real_time;
    pid_t self;
    struct file_events_queue *queue;
    struct process_watcher *watcher;
};

static const struct {
    uint64_t mask;
    unsigned kind;
} kinds[] = {
    {FAN_CREATE, FILE_EVENT_MADE},         {FAN_MODIFY, FILE_EVENT_WRITING},
    {FAN_CLOSE_WRITE, FILE_EVENT_WRITTEN}, {FAN_MOVED_TO, FILE_EVENT_MOVED_IN},
    {FAN_DELETE, FILE_EVENT_REMOVED},      {FAN_MOVED_FROM, FILE_EVENT_REMOVED},
    {FAN_ATTRIB, FILE_EVENT_ATTRIBUTES},
};

static unsigned kinds_of(uint64_t mask)
{
    unsigned found = 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        found |= mask & kinds[i].mask ? kinds[i].kind : 0U;
    }
    /* The kernel puts a write and the close after it into one event. */
    return found & FILE_EVENT_WRITTEN ? found & ~(unsigned)FILE_EVENT_WRITING : found;
}

/* ---- Marks ----------------------------------------------------------------------------------- */

struct handle {
    struct file_handle head;
    unsigned char bytes[MAX_HANDLE_SZ];
};

/* As events write it: file system, length and type of the handle, handle. */
static bool read_key(int directory, struct directory_key *out_key, struct error *err)
{
    struct handle handle = {.head = {.handle_bytes = MAX_HANDLE_SZ}};
    struct statfs system;
    int mount = 0;
    if (name_to_handle_at(directory, "", &handle.head, &mount, AT_EMPTY_PATH) != 0) {
        handle.head.handle_bytes = MAX_HANDLE_SZ;
        if (name_to_handle_at(directory, "", &handle.head, &mount, AT_EMPTY_PATH | AT_HANDLE_FID) !=
            0) {
            return error_errno(err, "file handle");
        }
    }
    if (fstatfs(directory, &system) != 0) {
        return error_errno(err, "file system");
    }
    size_t length = sizeof(handle.head) + handle.head.handle_bytes;
    memcpy(out_key->bytes, &system.f_fsid, sizeof(system.f_fsid));
    memcpy(out_key->bytes + sizeof(system.f_fsid), &handle, length);
    out_key->length = sizeof(system.f_fsid) + length;
    return true;
}

_Static_assert(sizeof(fsid_t) + sizeof(struct handle) <= DIRECTORY_KEY_SIZE, "keys fit");
_Static_assert(sizeof(fsid_t) == sizeof(__kernel_fsid_t), "one name for a file system");

static bool set_mark(const struct fanotify_source *self, int directory, unsigned flags,
                     uint64_t mask)
{
    return fanotify_mark(self->group, flags | FAN_MARK_ONLYDIR, mask, directory, NULL) == 0;
}

/* Whatever comes in between is seen: more is marked before less is left out. That files are passed
 * over in folders on the way only saves work: where it cannot be had, more events come. */
static bool mark(struct file_events_source *source, int directory, enum mark_scope scope,
                 struct directory_key *out_key, struct error *err)
{
    const struct fanotify_source *self = (const struct fanotify_source *)source;
    struct directory_key key;
    if (!read_key(directory, &key, err)) {
        return false;
    }
    uint64_t mask = scope == MARK_ENTRIES ? FOLDERS_MASK | OTHERS_MASK : FOLDERS_MASK;
    if (!set_mark(self, directory, FAN_MARK_ADD, mask)) {
        return error_errno(err, "fanotify");
    }
    if (scope == MARK_ENTRIES) {
        (void)set_mark(self, directory, FAN_MARK_REMOVE | FAN_MARK_IGNORE_SURV, IGNORED_MASK);
    } else {
        (void)set_mark(self, directory, FAN_MARK_ADD | FAN_MARK_IGNORE_SURV, IGNORED_MASK);
        (void)set_mark(self, directory, FAN_MARK_REMOVE, OTHERS_MASK);
    }
    *out_key = key;
    return true;
}

/* The directory may have another name by now. Where it cannot be found any more, or we are not
 * permitted to open it so, the mark stays until the directory goes, and its events name nobody. */
static void unmark(struct file_events_source *source, const struct directory_key *key, int near)
{
    const struct fanotify_source *self = (const struct fanotify_source *)source;
    struct handle handle;
    if (near < 0) {
        return;
    }
    memcpy(&handle, key->bytes + sizeof(fsid_t), key->length - sizeof(fsid_t));
    AUTO_FD directory =
        open_by_handle_at(near, &handle.head, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
    if (directory >= 0) {
        (void)set_mark(self, directory, FAN_MARK_REMOVE, FOLDERS_MASK | OTHERS_MASK);
        (void)set_mark(self, directory, FAN_MARK_REMOVE | FAN_MARK_IGNORE_SURV, IGNORED_MASK);
    }
}

/* ---- Events ---------------------------------------------------------------------------------- */

/* What an event brings beside its head. */
struct details {
    struct str directory;
    const char *name;
    int pidfd;
};

/* start: where the event begins, at any address; names and handles of odd length are before it. */
static struct details read_details(const struct fanotify_event_metadata *event, const char *start)
{
    struct details found = {.pidfd = -1};
    const char *place = start + event->metadata_len;
    const char *end = start + event->event_len;
    while (place < end) {
        struct fanotify_event_info_header header;
        memcpy(&header, place, sizeof(header));
        if (header.info_type == FAN_EVENT_INFO_TYPE_PIDFD) {
            struct fanotify_event_info_pidfd process;
            memcpy(&process, place, sizeof(process));
            found.pidfd = process.pidfd;
        } else if (header.info_type == FAN_EVENT_INFO_TYPE_DFID_NAME) {
            struct file_handle handle;
            found.directory.data = place + offsetof(struct fanotify_event_info_fid, fsid);
            memcpy(&handle, found.directory.data + sizeof(fsid_t), sizeof(handle));
            found.directory.length = sizeof(fsid_t) + sizeof(handle) + handle.handle_bytes;
            found.name = found.directory.data + found.directory.length;
        }
        place += header.len;
    }
    return found;
}

static void handle_event(const struct fanotify_source *self,
                         const struct fanotify_event_metadata *event, const char *start)
{
    struct details details = read_details(event, start);
    AUTO_FD pidfd = details.pidfd;
    if (event->mask & FAN_Q_OVERFLOW) {
        file_events_queue_overflow(self->queue);
        return;
    }
    if (details.name == NULL || event->pid == self->self) {
        return;
    }
    struct raw_event raw = {
        .directory = details.directory,
        .name = strcmp(details.name, ".") == 0 ? "" : details.name,
        .kinds = kinds_of(event->mask),
        .writer = process_watcher_look(self->watcher, event->pid, pidfd, self->is_real_time),
        .at_us = clock_wall_us(),
    };
    file_events_queue_add(self->queue, &raw);
}

static void handle_events(const struct fanotify_source *self, const char *buffer, size_t length)
{
    struct fanotify_event_metadata event;
    int64_t begun = clock_us();
    process_watcher_begin_batch(self->watcher);
    for (size_t place = 0; length - place >= sizeof(event); place += event.event_len) {
        int64_t now = clock_us();
        if (now - begun > GATHER_US) {
            file_events_queue_wake(self->queue);
            begun = now;
        }
        memcpy(&event, buffer + place, sizeof(event));
        handle_event(self, &event, buffer + place);
    }
    file_events_queue_wake(self->queue);
}

static void *collect(void *argument)
{
    const struct fanotify_source *self = argument;
    char buffer[BUFFER_SIZE];
    struct pollfd waits[] = {{.fd = self->group, .events = POLLIN},
                             {.fd = self->stop, .events = POLLIN}};
    for (;;) {
        ssize_t length = read(self->group, buffer, sizeof(buffer));
        if (length > 0) {
            handle_events(self, buffer, (size_t)length);
        } else if (length < 0 && errno != EAGAIN && errno != EINTR) {
            file_events_queue_fail(self->queue, errno);
            file_events_queue_wake(self->queue);
            return NULL;
        } else if (poll(waits, sizeof(waits) / sizeof(waits[0]), -1) > 0 && waits[1].revents != 0) {
            return NULL;
        }
    }
}

static bool take(struct file_events_source *source, const struct file_events_batch **out_batch,
                 size_t *out_count, struct error *err)
{
    const struct fanotify_source *self = (const struct fanotify_source *)source;
    struct file_events_batch *batch = NULL;
    int failure = file_events_queue_take(self->queue, &batch);
    if (failure != 0) {
        errno = failure;
        return error_errno(err, "read fanotify events");
    }
    *out_count = file_events_batch_sort(batch);
    *out_batch = batch;
    return true;
}

/* ---- Life ------------------------------------------------------------------------------------ */

/* Signals are for the thread of the caller. */
static bool start_thread(struct fanotify_source *self, bool is_real_time)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    struct sched_param priority = {.sched_priority = PRIORITY};
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    (void)pthread_attr_setstacksize(&attributes, STACK_SIZE); /* else it gets a larger one */
    if (is_real_time) {
        (void)pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
        (void)pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
        (void)pthread_attr_setschedparam(&attributes, &priority);
    }
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    self->is_real_time = is_real_time; /* read by the thread from its start */
    self->has_thread = pthread_create(&self->thread, &attributes, collect, self) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes); /* frees nothing */
    return self->has_thread;
}

static void source_close(struct file_events_source *source)
{
    struct fanotify_source *self = (struct fanotify_source *)source;
    if (self->has_thread) {
        (void)eventfd_write(self->stop, 1);
        (void)pthread_join(self->thread, NULL);
    }
    if (self->group >= 0) {
        (void)close(self->group); /* nothing is written to it */
    }
    if (self->stop >= 0) {
        (void)close(self->stop);
    }
    file_events_queue_close(self->queue);
    process_watcher_close(self->watcher);
    free(self);
}

bool fanotify_source_open(size_t limit, struct file_events_source **out_source, struct error *err)
{
    static const struct file_events_source_type type = {mark, unmark, take, source_close};
    struct fanotify_source *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        return error_errno(err, "fanotify");
    }
    *self = (struct fanotify_source){.source = {.type = &type}, .self = getpid()};
    self->stop = eventfd(0, EFD_CLOEXEC);
    self->queue = file_events_queue_open(limit);
    self->watcher = process_watcher_open();
    self->group = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK |
                                    FAN_REPORT_DFID_NAME | FAN_REPORT_PIDFD | FAN_UNLIMITED_MARKS,
                                O_RDONLY | O_CLOEXEC);
    if (self->group < 0 || self->stop < 0 || self->queue == NULL || self->watcher == NULL) {
        (void)error_errno(err, "fanotify");
        source_close(&self->source);
        return false;
    }
    if (!start_thread(self, true) && !start_thread(self, false)) {
        (void)error_set(err, ERROR_SYSTEM, "fanotify: a thread cannot be started");
        source_close(&self->source);
        return false;
    }
    self->source.fd = file_events_queue_fd(self->queue);
    *out_source = &self->source;
    return true;
}

bool fanotify_source_is_real_time(const struct file_events_source *source)
{
    return ((const struct fanotify_source *)source)->is_real_time;
}
