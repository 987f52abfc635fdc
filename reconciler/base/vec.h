/* A growable typed array on an arena: any struct with the members items, count and capacity.
 *
 *     VEC(name_list, const char *);            declares struct name_list
 *     vec_add(arena, &list, name);             appends by value
 *     struct item *item = vec_new(arena, &list);   appends a zeroed element (pointer valid until
 *                                                  the next append)
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"

#define VEC(name, type)                                                                            \
    struct name {                                                                                  \
        type *items;                                                                               \
        size_t count;                                                                              \
        size_t capacity;                                                                           \
    }

/* The array with room for at least one more element than count; grows by doubling, new elements
 * are zero. */
void *vec_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size)
    __attribute__((returns_nonnull));

/* The same with room for so many more, and no other: what is put together knows how long it gets.
 */
void *vec_make_room(struct arena *arena, void *items, size_t count, size_t *capacity, size_t more,
                    size_t size) __attribute__((returns_nonnull));

#define vec_reserve(arena, vec, more)                                                              \
    ((vec)->items = vec_make_room((arena), (vec)->items, (vec)->count, &(vec)->capacity, (more),   \
                                  sizeof(*(vec)->items)))
#define vec_reserve_one(arena, vec)                                                                \
    ((vec)->items =                                                                                \
         vec_grow((arena), (vec)->items, (vec)->count, &(vec)->capacity, sizeof(*(vec)->items)))
#define vec_add(arena, vec, ...)                                                                   \
    (vec_reserve_one((arena), (vec)), (vec)->items[(vec)->count] = __VA_ARGS__,                    \
     (void)(vec)->count++)
#define vec_new(arena, vec) (vec_reserve_one((arena), (vec)), &(vec)->items[(vec)->count++])
#define vec_last(vec)       (&(vec)->items[(vec)->count - 1])
