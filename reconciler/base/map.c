/* The index behind every "find by name": names come from documents, so the hash only has to spread
 * them; inputs are bounded (10,000 files, 16 MiB) and an attacker gains nothing but a slow run of
 * his own. */
#include "base/map.h"

#include <stdint.h>
#include <string.h>

enum { MAP_FIRST_CAPACITY = 16 };

/* FNV-1a, 64 bit. */
static size_t map_hash(const char *key)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const unsigned char *c = (const unsigned char *)key; *c != '\0'; c++) {
        hash = (hash ^ *c) * UINT64_C(1099511628211);
    }
    return (size_t)hash;
}

/* The slot that holds key, or the free one where it belongs. */
static struct map_slot *map_slot_of(const struct map *map, const char *key, size_t hash)
{
    size_t mask = map->capacity - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct map_slot *slot = &map->slots[i];
        if (slot->key == NULL || (slot->hash == hash && strcmp(slot->key, key) == 0)) {
            return slot;
        }
    }
}

static void map_grow(struct arena *arena, struct map *map)
{
    struct map bigger = {.capacity = map->capacity == 0 ? MAP_FIRST_CAPACITY : map->capacity * 2,
                         .count = map->count};
    bigger.slots = arena_array(arena, bigger.capacity, sizeof(*bigger.slots));
    for (size_t i = 0; i < map->capacity; i++) {
        const struct map_slot *slot = &map->slots[i];
        if (slot->key != NULL) {
            *map_slot_of(&bigger, slot->key, slot->hash) = *slot;
        }
    }
    *map = bigger;
}

void *map_get(const struct map *map, const char *key)
{
    if (map->capacity == 0) {
        return NULL;
    }
    return map_slot_of(map, key, map_hash(key))->value;
}

bool map_has(const struct map *map, const char *key)
{
    return map->capacity != 0 && map_slot_of(map, key, map_hash(key))->key != NULL;
}

void *map_put(struct arena *arena, struct map *map, const char *key, void *value)
{
    if ((map->count + 1) * 4 > map->capacity * 3) {
        map_grow(arena, map);
    }
    size_t hash = map_hash(key);
    struct map_slot *slot = map_slot_of(map, key, hash);
    void *before = slot->value;
    if (slot->key == NULL) {
        *slot = (struct map_slot){.key = key, .hash = hash};
        map->count++;
    }
    slot->value = value;
    return before;
}
