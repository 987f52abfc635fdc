/* Growth of the typed arrays of vec.h. */

#include "base/vec.h"

#include <stdint.h>
#include <string.h>

enum { FIRST_CAPACITY = 8 };

void *vec_make_room(struct arena *arena, void *items, size_t count, size_t *capacity, size_t more,
                    size_t size)
{
    if (items != NULL && more <= *capacity - count) {
        return items;
    }
    void *longer = arena_array(arena, count + more, size);
    if (count > 0) {
        memcpy(longer, items, count * size);
    }
    *capacity = count + more;
    return longer;
}

void *vec_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return items;
    }
    size_t grown = *capacity == 0 ? FIRST_CAPACITY : *capacity * 2;
    if (items == NULL || grown > SIZE_MAX / size) {
        items = arena_array(arena, grown, size); /* which knows what is too much */
    } else {
        items = arena_grow(arena, items, count * size, grown * size);
    }
    *capacity = grown;
    return items;
}
