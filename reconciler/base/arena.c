/* Memory for one run: requests are cut from large zeroed blocks, which are released together.
 * A request that would waste much of a block gets its own; debug builds treat every request so. */

#include "base/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef ARENA_PER_REQUEST
enum { SHARED_MAX = 0 };
#else
enum { SHARED_MAX = 16 * 1024 };
#endif
enum { BLOCK_SIZE = 64 * 1024 };

struct arena {
    void **blocks;
    size_t count;
    size_t capacity;
    unsigned char *next; /* free part of the block that is being cut */
    size_t left;
    size_t used;
};

static _Noreturn void out_of_memory(void)
{
    (void)fputs("out of memory\n", stderr);
    exit(EXIT_FAILURE);
}

struct arena *arena_create(void)
{
    struct arena *arena = calloc(1, sizeof(*arena));
    if (arena == NULL) {
        out_of_memory();
    }
    return arena;
}

void arena_destroy(struct arena *arena)
{
    if (arena == NULL) {
        return;
    }
    for (size_t i = 0; i < arena->count; i++) {
        free(arena->blocks[i]);
    }
    free(arena->blocks);
    free(arena);
}

static void *add_block(struct arena *arena, size_t size)
{
    if (arena->count == arena->capacity) {
        size_t capacity = arena->capacity == 0 ? 16 : arena->capacity * 2;
        void **blocks = reallocarray(arena->blocks, capacity, sizeof(*blocks));
        if (blocks == NULL) {
            out_of_memory();
        }
        arena->blocks = blocks;
        arena->capacity = capacity;
    }
    void *block = calloc(1, size);
    if (block == NULL) {
        out_of_memory();
    }
    arena->blocks[arena->count++] = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    enum { ALIGNMENT = _Alignof(max_align_t) };
    if (size == 0) {
        size = 1; /* a valid pointer, its own */
    }
    if (size > PTRDIFF_MAX) {
        out_of_memory();
    }
    arena->used += size;
    if (size > SHARED_MAX) {
        return add_block(arena, size);
    }
    size_t step = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (step > arena->left) {
        arena->next = add_block(arena, BLOCK_SIZE);
        arena->left = BLOCK_SIZE;
    }
    void *result = arena->next;
    arena->next += step;
    arena->left -= step;
    return result;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total)) {
        out_of_memory();
    }
    return arena_alloc(arena, total);
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    if (length == SIZE_MAX) {
        out_of_memory();
    }
    char *copy = arena_alloc(arena, length + 1);
    if (length > 0) {
        memcpy(copy, text, length);
    }
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *result = arena_vprintf(arena, format, arguments);
    va_end(arguments);
    return result;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(length >= 0);
    char *result = arena_alloc(arena, (size_t)length + 1);
    (void)vsnprintf(result, (size_t)length + 1, format, arguments); /* measured above */
    return result;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
