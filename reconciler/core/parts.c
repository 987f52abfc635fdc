/* Splits, runs and puts together; how many threads there are is base/parallel.c's business. */

#include "core/parts.h"

#include "base/parallel.h"

struct parts parts_split(struct arena *arena, struct diagnostic_list *diagnostics, size_t count,
                         size_t least)
{
    struct parts parts = {.arena = arena, .diagnostics = diagnostics};
    parts.count = parallel_parts(count, least);
    parts.items = arena_array(arena, parts.count, sizeof(*parts.items));
    for (size_t i = 0; i < parts.count; i++) {
        struct part *part = &parts.items[i];
        bool is_only = parts.count == 1;
        part->arena = is_only ? arena : arena_create();
        part->diagnostics = is_only ? diagnostics : &part->own;
        part->number = i;
        part->first = parallel_first(count, parts.count, i);
        part->end = parallel_first(count, parts.count, i + 1);
    }
    return parts;
}

struct running {
    const struct parts *parts;
    void (*work)(void *context, const struct part *part);
    void *context;
};

static void run_part(void *context, size_t number)
{
    const struct running *running = context;
    running->work(running->context, &running->parts->items[number]);
}

void parts_run(struct parts *parts, void (*work)(void *context, const struct part *part),
               void *context)
{
    struct running running = {parts, work, context};
    parallel_run(parts->count, run_part, &running);
    for (size_t i = 0; parts->count > 1 && i < parts->count; i++) {
        struct part *part = &parts->items[i];
        diagnostics_add_all(parts->arena, parts->diagnostics, &part->own);
        arena_adopt(parts->arena, part->arena);
    }
}
