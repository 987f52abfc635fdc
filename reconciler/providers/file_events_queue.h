/* Hands raw events from the thread that collects them to the one that acts on them: two batches,
 * one being filled while the other is read. Whoever fills is never kept waiting by a slower reader:
 * the lock is held for a copy or a swap, and lends its holder the priority of whoever waits. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "providers/file_events_batch.h"

struct file_events_queue;

struct file_events_queue *file_events_queue_open(size_t limit);
/* Accepts NULL. */
void file_events_queue_close(struct file_events_queue *queue);
/* Readable while there is something to take. */
int file_events_queue_fd(const struct file_events_queue *queue);

/* For the thread that fills. What it added is told to the reader by wake. */
void file_events_queue_add(struct file_events_queue *queue, const struct raw_event *event);
void file_events_queue_overflow(struct file_events_queue *queue);
/* Nothing will come any more; number is an errno. */
void file_events_queue_fail(struct file_events_queue *queue, int number);
void file_events_queue_wake(struct file_events_queue *queue);

/* What was added so far, borrowed until the next call; an empty batch if nothing. Returns the
 * number that filling failed with, or 0. */
int file_events_queue_take(struct file_events_queue *queue, struct file_events_batch **out_batch);
