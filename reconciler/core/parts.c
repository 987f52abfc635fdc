/* Splits, runs and puts together; how many threads there are is base/parallel.c's business. */

#include "core/parts.h"

#include <pthread.h>

#include "base/parallel.h"

struct parts parts_split(struct arena *arena, struct diagnostic_list *diagnostics, size_t count,
                         size_t least)
{
    struct parts parts = {.arena = arena, .diagnostics = diagnostics};
    parts.count = parallel_parts(count, least);
    parts.items = arena_array(arena, parts.count, sizeof(*parts.items));
    for (size_t i = 0; i < parts.count; i++) {
        struct part *part = &parts.items[i];
        part->diagnostics = parts.count == 1 ? diagnostics : &part->own;
        part->number = i;
        part->first = parallel_first(count, parts.count, i);
        part->end = parallel_first(count, parts.count, i + 1);
    }
    return parts;
}

/* Arenas that no part works on now. There are as many as threads, so that each is filled well. */
struct running {
    struct parts *parts;
    void (*work)(void *context, const struct part *part);
    void *context;
    pthread_mutex_t lock;
    struct arena **spare;
    size_t count;
};

static struct arena *take_arena(struct running *running)
{
    struct arena *arena = NULL;
    (void)pthread_mutex_lock(&running->lock); /* of the usual sort: cannot fail */
    if (running->count > 0) {
        arena = running->spare[--running->count];
    }
    (void)pthread_mutex_unlock(&running->lock);
    return arena != NULL ? arena : arena_create();
}

static void give_arena(struct running *running, struct arena *arena)
{
    (void)pthread_mutex_lock(&running->lock);
    running->spare[running->count++] = arena;
    (void)pthread_mutex_unlock(&running->lock);
}

static void run_part(void *context, size_t number)
{
    struct running *running = context;
    struct part *part = &running->parts->items[number];
    part->arena = take_arena(running);
    running->work(running->context, part);
    give_arena(running, part->arena);
}

void parts_run(struct parts *parts, void (*work)(void *context, const struct part *part),
               void *context)
{
    struct arena **spare = arena_array(parts->arena, parts->count + 1, sizeof(struct arena *));
    struct running running = {parts, work, context, PTHREAD_MUTEX_INITIALIZER, spare, 0};
    give_arena(&running, parts->arena);
    parallel_run(parts->count, run_part, &running);
    for (size_t i = 0; i < running.count; i++) {
        if (spare[i] != parts->arena) {
            arena_adopt(parts->arena, spare[i]);
        }
    }
    for (size_t i = 0; parts->count > 1 && i < parts->count; i++) {
        diagnostics_add_all(parts->arena, parts->diagnostics, &parts->items[i].own);
    }
}
