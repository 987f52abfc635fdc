/* Arrays of fixed size: entries, the bytes of their names, the writers, and an index of the entries
 * by hash. Memory that was never needed was never touched. */

#include "providers/file_events_batch.h"

#include <stdlib.h>
#include <string.h>

#include "providers/file_events.h"

enum {
    BYTES_PER_ENTRY = 96, /* a directory of 20 bytes and a name; more for the long ones */
    BYTES_AT_LEAST = 4096,
    ENTRIES_PER_WRITER = 8,
    WRITERS_AT_LEAST = 16,
    NO_WRITER = UINT16_MAX,
};

struct entry {
    uint32_t hash;
    uint32_t start; /* in bytes: directory, name, NUL */
    uint16_t directory_length;
    uint16_t name_length;
    uint16_t writer;
    unsigned kinds;
    int64_t at_us;
    uint64_t order;
};

struct file_events_batch {
    struct entry *entries;
    size_t count;
    size_t limit;
    char *bytes;
    size_t used;
    size_t byte_limit;
    struct process_snapshot *writers;
    uint64_t *serials; /* of the writers, close together */
    size_t writer_count;
    size_t writer_limit;
    uint32_t *slots; /* index of an entry plus 1; 0: free */
    size_t slot_mask;
    uint64_t order;
    bool is_overflow;
};

struct file_events_batch *file_events_batch_make(size_t limit)
{
    struct file_events_batch *batch = calloc(1, sizeof(*batch));
    if (batch == NULL) {
        return NULL;
    }
    size_t slots = 2;
    while (slots < limit * 2) {
        slots *= 2;
    }
    batch->limit = limit;
    batch->byte_limit = limit * BYTES_PER_ENTRY + BYTES_AT_LEAST;
    batch->writer_limit = limit / ENTRIES_PER_WRITER + WRITERS_AT_LEAST;
    batch->slot_mask = slots - 1;
    batch->entries = calloc(limit, sizeof(*batch->entries));
    batch->bytes = calloc(batch->byte_limit, 1);
    batch->writers = calloc(batch->writer_limit, sizeof(*batch->writers));
    batch->serials = calloc(batch->writer_limit, sizeof(*batch->serials));
    batch->slots = calloc(slots, sizeof(*batch->slots));
    if (batch->entries == NULL || batch->bytes == NULL || batch->writers == NULL ||
        batch->serials == NULL || batch->slots == NULL) {
        file_events_batch_free(batch);
        return NULL;
    }
    return batch;
}

void file_events_batch_free(struct file_events_batch *batch)
{
    if (batch != NULL) {
        free(batch->entries);
        free(batch->bytes);
        free(batch->writers);
        free(batch->serials);
        free(batch->slots);
    }
    free(batch);
}

/* FNV-1a, 32 bits. */
static uint32_t hash_add(uint32_t hash, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619U;
    }
    return hash;
}

/* False when there is no room for another one. */
static bool place_writer(struct file_events_batch *batch, const struct process_snapshot *writer,
                         uint16_t *out_index)
{
    *out_index = NO_WRITER;
    if (writer == NULL) {
        return true;
    }
    for (size_t i = batch->writer_count; i > 0; i--) { /* mostly the last one */
        if (batch->serials[i - 1] == writer->serial) {
            *out_index = (uint16_t)(i - 1);
            return true;
        }
    }
    if (batch->writer_count == batch->writer_limit) {
        return false;
    }
    *out_index = (uint16_t)batch->writer_count;
    batch->serials[batch->writer_count] = writer->serial;
    batch->writers[batch->writer_count++] = *writer;
    return true;
}

static bool is_entry_of(const struct file_events_batch *batch, const struct entry *entry,
                        const struct entry *wanted, const struct raw_event *event)
{
    const char *bytes = batch->bytes + entry->start;
    return entry->hash == wanted->hash && entry->writer == wanted->writer &&
           entry->directory_length == wanted->directory_length &&
           entry->name_length == wanted->name_length &&
           memcmp(bytes, event->directory.data, entry->directory_length) == 0 &&
           memcmp(bytes + entry->directory_length, event->name, entry->name_length) == 0;
}

/* The slot of this entry, or the free one where it belongs. */
static uint32_t *find_slot(const struct file_events_batch *batch, const struct entry *wanted,
                           const struct raw_event *event)
{
    size_t place = wanted->hash & batch->slot_mask;
    while (batch->slots[place] != 0 &&
           !is_entry_of(batch, &batch->entries[batch->slots[place] - 1], wanted, event)) {
        place = (place + 1) & batch->slot_mask;
    }
    return &batch->slots[place];
}

/* What of a file is open and what is closed is told by the later one; where the kernel put both
 * into one event, another close follows any opening it did not tell. */
static unsigned merge_kinds(unsigned earlier, unsigned later)
{
    if (later & FILE_EVENT_WRITTEN) {
        return (earlier | later) & ~(unsigned)FILE_EVENT_WRITING;
    }
    if (later & FILE_EVENT_WRITING) {
        return (earlier & ~(unsigned)FILE_EVENT_WRITTEN) | later;
    }
    return earlier | later;
}

void file_events_batch_add(struct file_events_batch *batch, const struct raw_event *event)
{
    size_t name_length = strlen(event->name);
    struct entry wanted = {.directory_length = (uint16_t)event->directory.length,
                           .name_length = (uint16_t)name_length};
    if (!place_writer(batch, event->writer, &wanted.writer)) {
        batch->is_overflow = true;
        return;
    }
    uint32_t hash =
        hash_add(2166136261U + wanted.writer, event->directory.data, event->directory.length);
    wanted.hash = hash_add(hash, event->name, name_length);
    uint32_t *slot = find_slot(batch, &wanted, event);
    if (*slot == 0) {
        size_t length = event->directory.length + name_length + 1;
        if (batch->count == batch->limit || batch->byte_limit - batch->used < length) {
            batch->is_overflow = true;
            return;
        }
        char *bytes = batch->bytes + batch->used;
        memcpy(bytes, event->directory.data, event->directory.length);
        memcpy(bytes + event->directory.length, event->name, name_length + 1);
        wanted.start = (uint32_t)batch->used;
        batch->used += length;
        batch->entries[batch->count] = wanted;
        *slot = (uint32_t)++batch->count;
    }
    struct entry *entry = &batch->entries[*slot - 1];
    entry->kinds = merge_kinds(entry->kinds, event->kinds);
    entry->at_us = event->at_us;
    entry->order = ++batch->order;
}

void file_events_batch_overflow(struct file_events_batch *batch)
{
    batch->is_overflow = true;
}

bool file_events_batch_is_empty(const struct file_events_batch *batch)
{
    return batch->count == 0 && !batch->is_overflow;
}

bool file_events_batch_overflowed(const struct file_events_batch *batch)
{
    return batch->is_overflow;
}

static int compare_order(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    return a->order < b->order ? -1 : a->order > b->order;
}

size_t file_events_batch_sort(struct file_events_batch *batch)
{
    /* The index is of no use any more: entries are only read from here on. */
    qsort(batch->entries, batch->count, sizeof(*batch->entries), compare_order);
    return batch->count;
}

struct raw_event file_events_batch_at(const struct file_events_batch *batch, size_t index)
{
    const struct entry *entry = &batch->entries[index];
    const char *bytes = batch->bytes + entry->start;
    return (struct raw_event){
        .directory = {bytes, entry->directory_length},
        .name = bytes + entry->directory_length,
        .kinds = entry->kinds,
        .at_us = entry->at_us,
        .writer = entry->writer == NO_WRITER ? NULL : &batch->writers[entry->writer],
    };
}

void file_events_batch_clear(struct file_events_batch *batch)
{
    if (batch->count > 0) {
        memset(batch->slots, 0, (batch->slot_mask + 1) * sizeof(*batch->slots));
    }
    batch->count = 0;
    batch->used = 0;
    batch->writer_count = 0;
    batch->order = 0;
    batch->is_overflow = false;
}
