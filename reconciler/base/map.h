/* An index from text to a pointer, on an arena: open addressing, grows by doubling. Keys are kept
 * by reference. A zeroed struct map is an empty map. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct map_slot {
    const char *key; /* NULL: free */
    size_t hash;
    void *value;
};

struct map {
    struct map_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

/* NULL when the key is not there. */
void *map_get(const struct map *map, const char *key);
bool map_has(const struct map *map, const char *key);
/* Adds or replaces; returns the value that was there before, or NULL. */
void *map_put(struct arena *arena, struct map *map, const char *key, void *value);
