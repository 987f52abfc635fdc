/* Changes in directories, told as they happen: one interface over fanotify, which tells who made
 * them, and inotify, where fanotify is not permitted or the file system does not take it.
 *
 * A directory is watched by its path. What the path leads to may be renamed away, removed, replaced
 * or made anew, itself or anything above it: that is told once (FILE_EVENT_DIRECTORY), and the
 * watch follows the path by itself. Only the entries of the directory are watched, not what lies
 * below them; a mode or owner of a directory is seen when that directory itself is watched.
 *
 * Events are hints: look at the disk, and at the content, before believing one. Order is kept by
 * the last thing that happened to a name: the last event of a name tells who wrote last.
 *
 * Naming writers needs CAP_SYS_ADMIN (fanotify with process descriptors), CAP_SYS_PTRACE (the
 * programs of other users), and CAP_SYS_NICE or RLIMIT_RTPRIO (to be there before a short-lived
 * writer is gone, also under load); CAP_DAC_READ_SEARCH tidies up after directories that moved. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"
#include "model/host.h"
#include "providers/file_writer.h"

struct file_events;

enum file_event_kind {
    FILE_EVENT_MADE = 1 << 0,     /* created, linked, or a new directory; a regular file is told
                                     as WRITTEN when its maker closes it */
    FILE_EVENT_WRITING = 1 << 1,  /* written to and not yet closed: may be half; WRITTEN follows */
    FILE_EVENT_WRITTEN = 1 << 2,  /* closed after writing */
    FILE_EVENT_MOVED_IN = 1 << 3, /* renamed to this name, maybe over what was there */
    FILE_EVENT_REMOVED = 1 << 4,  /* deleted, or renamed to another name */
    FILE_EVENT_ATTRIBUTES = 1 << 5, /* mode, owner, times, extended attributes */
    FILE_EVENT_DIRECTORY = 1 << 6,  /* name is "": the path leads to another directory than before,
                                       or to none: everything in it is to be looked at */
};

/* What happened to one name by one writer since the last read. */
struct file_event {
    const char *directory; /* as it was asked for */
    const char *name;      /* "": the directory itself */
    unsigned kinds;        /* of enum file_event_kind; since they may have come in any order, what
                              is there now decides */
    int64_t at_us;         /* CLOCK_REALTIME of the last of them */
    const struct file_writer *writer; /* NULL: this directory is watched without names */
};
VEC(file_event_list, struct file_event);

enum file_events_backend {
    FILE_EVENTS_BEST, /* fanotify where permitted, else inotify; each directory on its own */
    FILE_EVENTS_INOTIFY,
};

struct file_events_options {
    enum file_events_backend backend;
    size_t queue_limit; /* names kept between two reads, then overflow; 0: 4096 */
};

/* host must live longer. options may be NULL. A thread may be started: a process that is forked has
 * no part in it, and must not close, read or change what it inherits; its exec closes it. */
bool file_events_open(struct host *host, const struct file_events_options *options,
                      struct file_events **out_events, struct error *err) MUST_CHECK;
/* Accepts NULL. */
void file_events_close(struct file_events *events);

/* Whether writers are named; else *out_why (which may be NULL) is the reason, valid until close. */
bool file_events_name_writers(const struct file_events *events, const char **out_why);
/* Whether the thread that looks at writers comes before ordinary programs (SCHED_FIFO). */
bool file_events_are_real_time(const struct file_events *events);

/* Watches a directory, named by its absolute path on the host. It may be absent: its coming is then
 * told. Adding it twice is the same as once. An error (too many watches, no permission) leaves it
 * unwatched. */
bool file_events_add(struct file_events *events, const char *directory,
                     struct error *err) MUST_CHECK;
/* Nothing when it is not watched. Events on their way are dropped. */
void file_events_remove(struct file_events *events, const char *directory);

/* Readable while file_events_read has something to give. */
int file_events_fd(const struct file_events *events);
/* What happened since the last call, at most one event for each name and writer; does not wait.
 * Events and their texts are on the arena. *out_overflow: events were lost, or a directory could
 * not be watched any longer: everything is to be looked at once. What this very process does is
 * left out where writers are named. false: nothing will come any more; close, and open again. */
bool file_events_read(struct file_events *events, struct arena *arena,
                      struct file_event_list *out_list, bool *out_overflow,
                      struct error *err) MUST_CHECK;
