/* Memory for one run, released at once. Nobody frees a single allocation.
 * Allocation never returns NULL: inputs are bounded before they get here, and when memory is
 * really gone the program ends with a message and status 1 (a run can always be repeated).
 * Debug builds make one malloc per request, so that the address sanitizer sees each edge. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/cleanup.h"

struct arena;

struct arena *arena_create(void);
/* Accepts NULL. */
void arena_destroy(struct arena *arena);

/* Zeroed, aligned for any type; size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull, malloc));
/* count * size, checked for overflow. */
void *arena_array(struct arena *arena, size_t count, size_t size)
    __attribute__((returns_nonnull, malloc));
/* Copies that end in NUL. */
char *arena_strdup(struct arena *arena, const char *text) __attribute__((returns_nonnull));
char *arena_strndup(struct arena *arena, const char *text, size_t length)
    __attribute__((returns_nonnull));
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((returns_nonnull, format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
    __attribute__((returns_nonnull, format(printf, 2, 0)));

/* last, which has size bytes, with room for more: where it is when nothing was asked for since,
 * else a copy. The new part is zeroed. */
void *arena_grow(struct arena *arena, void *last, size_t size, size_t more)
    __attribute__((returns_nonnull));

/* The same for what nobody else points to: a large former is gone. */
void *arena_replace(struct arena *arena, void *former, size_t size, size_t more)
    __attribute__((returns_nonnull));

/* Gives back everything that was asked for since the mark, at once: for work whose results are kept
 * elsewhere. Marks are rewound in the opposite order of their making. */
struct arena_mark {
    size_t count;
    size_t cut;
    unsigned char *next;
    size_t left;
    size_t used;
};
struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);

/* Everything on other, which is gone as such, lives as long as the arena. */
void arena_adopt(struct arena *arena, struct arena *other);

/* Bytes handed out so far, for limits and for the benchmark. */
size_t arena_used(const struct arena *arena);

#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

static inline void cleanup_arena(struct arena **arena)
{
    arena_destroy(*arena);
}
#define AUTO_ARENA CLEANUP(cleanup_arena) struct arena *
