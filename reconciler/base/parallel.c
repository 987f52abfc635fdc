/* A few threads take one part after the other; the caller is one of them. */

#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

enum {
    THREADS_MOST = 8,
    PARTS_PER_THREAD = 8, /* so that none waits long for the slowest */
};

struct crew {
    void (*work)(void *context, size_t part);
    void *context;
    size_t parts;
    atomic_size_t next;
};

static void *take_parts(void *argument)
{
    struct crew *crew = argument;
    for (size_t part = atomic_fetch_add(&crew->next, 1); part < crew->parts;
         part = atomic_fetch_add(&crew->next, 1)) {
        crew->work(crew->context, part);
    }
    return NULL;
}

static size_t threads_allowed(void)
{
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0) {
        return 1;
    }
    size_t count = (size_t)CPU_COUNT(&cpus);
    return count < THREADS_MOST ? count : THREADS_MOST;
}

size_t parallel_parts(size_t count, size_t least)
{
    size_t parts = count / least;
    size_t most = (size_t)THREADS_MOST * PARTS_PER_THREAD;
    return parts < 1 ? 1 : parts < most ? parts : most;
}

size_t parallel_first(size_t count, size_t parts, size_t part)
{
    size_t rest = count % parts; /* the first ones have one more */
    return count / parts * part + (part < rest ? part : rest);
}

void parallel_run(size_t parts, void (*work)(void *context, size_t part), void *context)
{
    parallel_wait(parts < 2 ? 1 : threads_allowed(), parts, work, context);
}

void parallel_wait(size_t most, size_t parts, void (*work)(void *context, size_t part),
                   void *context)
{
    struct crew crew = {.work = work, .context = context, .parts = parts};
    pthread_t threads[THREADS_MOST];
    size_t allowed = most < THREADS_MOST ? most : THREADS_MOST;
    size_t count = 0;
    sigset_t all;
    sigset_t former;
    (void)sigfillset(&all); /* signals are for the thread that everybody knows */
    bool is_blocked = pthread_sigmask(SIG_SETMASK, &all, &former) == 0;
    while (count + 1 < allowed && count + 1 < parts &&
           pthread_create(&threads[count], NULL, take_parts, &crew) == 0) {
        count++;
    }
    if (is_blocked) {
        (void)pthread_sigmask(SIG_SETMASK, &former, NULL); /* as before: cannot fail */
    }
    (void)take_parts(&crew);
    for (size_t i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL); /* ours, and not joined yet */
    }
}
