/* Growth of the typed arrays of vec.h. The earlier, smaller array stays on the arena. */

#include "base/vec.h"

#include <string.h>

enum { FIRST_CAPACITY = 8 };

void *vec_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return items;
    }
    size_t grown = *capacity == 0 ? FIRST_CAPACITY : *capacity * 2;
    void *larger = arena_array(arena, grown, size);
    if (count > 0) {
        memcpy(larger, items, count * size);
    }
    *capacity = grown;
    return larger;
}
