/* Two batches that change places, and an eventfd that is written once for each change. */

#include "providers/file_events_queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct file_events_queue {
    pthread_mutex_t lock;
    struct file_events_batch *filling;
    struct file_events_batch *reading;
    bool is_told; /* the reader knows that there is something */
    int failure;
    int wake;
};

static bool lock_init(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;
    if (pthread_mutexattr_init(&attributes) != 0) {
        return false;
    }
    bool is_made = pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0 &&
                   pthread_mutex_init(lock, &attributes) == 0;
    (void)pthread_mutexattr_destroy(&attributes); /* frees nothing */
    return is_made;
}

struct file_events_queue *file_events_queue_open(size_t limit)
{
    struct file_events_queue *queue = calloc(1, sizeof(*queue));
    if (queue == NULL) {
        return NULL;
    }
    if (!lock_init(&queue->lock)) {
        free(queue);
        return NULL;
    }
    queue->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    queue->filling = file_events_batch_make(limit);
    queue->reading = file_events_batch_make(limit);
    if (queue->wake < 0 || queue->filling == NULL || queue->reading == NULL) {
        file_events_queue_close(queue);
        return NULL;
    }
    return queue;
}

void file_events_queue_close(struct file_events_queue *queue)
{
    if (queue == NULL) {
        return;
    }
    if (queue->wake >= 0) {
        (void)close(queue->wake); /* nothing is kept in it */
    }
    file_events_batch_free(queue->filling);
    file_events_batch_free(queue->reading);
    (void)pthread_mutex_destroy(&queue->lock); /* nobody holds it */
    free(queue);
}

int file_events_queue_fd(const struct file_events_queue *queue)
{
    return queue->wake;
}

/* A lock of our own cannot fail: it is neither destroyed nor taken twice. */

void file_events_queue_add(struct file_events_queue *queue, const struct raw_event *event)
{
    (void)pthread_mutex_lock(&queue->lock);
    file_events_batch_add(queue->filling, event);
    (void)pthread_mutex_unlock(&queue->lock);
}

void file_events_queue_overflow(struct file_events_queue *queue)
{
    (void)pthread_mutex_lock(&queue->lock);
    file_events_batch_overflow(queue->filling);
    (void)pthread_mutex_unlock(&queue->lock);
}

void file_events_queue_fail(struct file_events_queue *queue, int number)
{
    (void)pthread_mutex_lock(&queue->lock);
    queue->failure = number;
    (void)pthread_mutex_unlock(&queue->lock);
}

void file_events_queue_wake(struct file_events_queue *queue)
{
    (void)pthread_mutex_lock(&queue->lock);
    bool is_news =
        !queue->is_told && (queue->failure != 0 || !file_events_batch_is_empty(queue->filling));
    queue->is_told = queue->is_told || is_news;
    (void)pthread_mutex_unlock(&queue->lock);
    if (is_news) {
        (void)eventfd_write(queue->wake, 1); /* cannot be full: it is written once per take */
    }
}

int file_events_queue_take(struct file_events_queue *queue, struct file_events_batch **out_batch)
{
    eventfd_t count = 0;
    /* First: what is told after this makes it readable again, if only for an empty batch. */
    (void)eventfd_read(queue->wake, &count);
    file_events_batch_clear(queue->reading);
    (void)pthread_mutex_lock(&queue->lock);
    struct file_events_batch *taken = queue->filling;
    queue->filling = queue->reading;
    queue->reading = taken;
    queue->is_told = false;
    int failure = queue->failure;
    (void)pthread_mutex_unlock(&queue->lock);
    *out_batch = taken;
    return failure;
}
