/* Raw events of one back end, as they wait to be read: those of one name by one process are one
 * entry. Its size is bounded from the start; what does not fit is told as overflow. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "providers/process_snapshot.h"

enum {
    RAW_EVENT_GONE = 1 << 16, /* beside enum file_event_kind: the kernel dropped this mark */
};

struct raw_event {
    struct str directory; /* what the back end calls it: compared, not read */
    const char *name;     /* of an entry; "": the directory itself */
    unsigned kinds;
    int64_t at_us;
    const struct process_snapshot *writer; /* NULL where it is not told */
};

struct file_events_batch;

/* At most limit entries. NULL when there is no memory. */
struct file_events_batch *file_events_batch_make(size_t limit);
/* Accepts NULL. */
void file_events_batch_free(struct file_events_batch *batch);

/* Copies the event and, once, its writer. */
void file_events_batch_add(struct file_events_batch *batch, const struct raw_event *event);
void file_events_batch_overflow(struct file_events_batch *batch);

bool file_events_batch_is_empty(const struct file_events_batch *batch);
bool file_events_batch_overflowed(const struct file_events_batch *batch);
/* Puts the entries into the order in which they last happened, and returns how many there are. */
size_t file_events_batch_sort(struct file_events_batch *batch);
/* Borrowed until the batch changes. */
struct raw_event file_events_batch_at(const struct file_events_batch *batch, size_t index);
void file_events_batch_clear(struct file_events_batch *batch);
