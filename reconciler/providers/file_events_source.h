/* What the two back ends have in common: they mark directories, and collect raw events of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"
#include "providers/file_events_batch.h"

/* What tells directories apart for a back end: two marks with one key are one mark. */
enum { DIRECTORY_KEY_SIZE = 160 };
struct directory_key {
    size_t length;
    char bytes[DIRECTORY_KEY_SIZE];
};

enum mark_scope {
    MARK_FOLDERS, /* folders in it that come and go: it lies on the way to a watched directory */
    MARK_ENTRIES, /* all that happens to its entries and itself */
};

struct file_events_source {
    const struct file_events_source_type *type;
    int fd; /* readable while there is something to take */
};

struct file_events_source_type {
    /* Marks this open directory, or changes the mark to this scope without a gap. */
    bool (*mark)(struct file_events_source *source, int directory, enum mark_scope scope,
                 struct directory_key *out_key, struct error *err);
    /* near: an open directory of the same file system, if one is at hand, or -1. */
    void (*unmark)(struct file_events_source *source, const struct directory_key *key, int near);
    /* What came since the last time, sorted; borrowed until the next call. false: the source is
     * broken. */
    bool (*take)(struct file_events_source *source, const struct file_events_batch **out_batch,
                 size_t *out_count, struct error *err);
    void (*close)(struct file_events_source *source);
};

bool fanotify_source_open(size_t limit, struct file_events_source **out_source,
                          struct error *err) MUST_CHECK;
/* Whether its thread comes before ordinary programs. */
bool fanotify_source_is_real_time(const struct file_events_source *source);

bool inotify_source_open(size_t limit, struct file_events_source **out_source,
                         struct error *err) MUST_CHECK;
