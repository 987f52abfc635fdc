/* Memory for one run: requests are cut from large zeroed blocks, which are released together.
 * A request that would waste much of a block gets its own; debug builds treat every request so. */

#include "base/arena.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef ARENA_PER_REQUEST
enum { SHARED_MAX = 0 };
#else
enum { SHARED_MAX = 16 * 1024 };
#endif
enum {
    BLOCK_SIZE = 64 * 1024,
    /* A run that needs much gets it in larger pieces with all their pages, huge ones where the
     * system has them: a fault for each page was a fifth of the time of a large plan. */
    LARGE_BLOCK_SIZE = 2 * 1024 * 1024,
    SMALL_BLOCKS = 32,
    MAPPED_MIN = 256 * 1024,
    RECENT_BLOCKS = 64, /* among which a request of its own is looked for */
};

struct block {
    unsigned char *data;
    size_t size;
    size_t used; /* how much was cut from it before another was begun */
};

struct arena {
    struct block *blocks;
    size_t count;
    size_t capacity;
    size_t cut;          /* number of the block that is being cut, from 1; 0: none yet */
    unsigned char *next; /* its free part */
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

/* What is large is asked of the system, which can make it larger without copying. */
static bool is_mapped(size_t size)
{
    return SHARED_MAX > 0 && size >= MAPPED_MIN;
}

static unsigned char *block_new(size_t size)
{
    if (!is_mapped(size)) {
        return calloc(1, size);
    }
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return NULL;
    }
    if (size == LARGE_BLOCK_SIZE) {
        (void)madvise(pages, size, MADV_HUGEPAGE); /* both only save time */
        (void)madvise(pages, size, MADV_POPULATE_WRITE);
    }
    return pages;
}

static void block_free(struct block block)
{
    if (is_mapped(block.size)) {
        (void)munmap(block.data, block.size); /* cannot fail for what was mapped */
    } else {
        free(block.data);
    }
}

void arena_destroy(struct arena *arena)
{
    if (arena == NULL) {
        return;
    }
    for (size_t i = 0; i < arena->count; i++) {
        block_free(arena->blocks[i]);
    }
    free(arena->blocks);
    free(arena);
}

static void keep_block(struct arena *arena, struct block block)
{
    if (arena->count == arena->capacity) {
        size_t capacity = arena->capacity == 0 ? 16 : arena->capacity * 2;
        struct block *blocks = reallocarray(arena->blocks, capacity, sizeof(*blocks));
        if (blocks == NULL) {
            out_of_memory();
        }
        arena->blocks = blocks;
        arena->capacity = capacity;
    }
    arena->blocks[arena->count++] = block;
}

static void *add_block(struct arena *arena, size_t size)
{
    unsigned char *data = block_new(size);
    if (data == NULL) {
        out_of_memory();
    }
    keep_block(arena, (struct block){.data = data, .size = size});
    return data;
}

static size_t round_up(size_t size)
{
    enum { ALIGNMENT = _Alignof(max_align_t) };
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* A block of its own is never of a large block's size, by which that is known. */
static size_t own_size(size_t size)
{
    return size == LARGE_BLOCK_SIZE ? size + 1 : size;
}

static void begin_block(struct arena *arena)
{
    size_t room = arena->count < SMALL_BLOCKS ? BLOCK_SIZE : LARGE_BLOCK_SIZE;
    if (arena->cut > 0) {
        struct block *former = &arena->blocks[arena->cut - 1];
        former->used = (size_t)(arena->next - former->data);
    }
    arena->next = add_block(arena, room);
    arena->cut = arena->count;
    arena->left = room;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size == 0) {
        size = 1; /* a valid pointer, its own */
    }
    if (size >= PTRDIFF_MAX) {
        out_of_memory();
    }
    arena->used += size;
    if (size > SHARED_MAX) {
        return add_block(arena, own_size(size));
    }
    size_t step = round_up(size);
    if (step > arena->left) {
        begin_block(arena);
    }
    void *result = arena->next;
    arena->next += step;
    arena->left -= step;
    return result;
}

void *arena_grow(struct arena *arena, void *last, size_t size, size_t more)
{
    size_t step = round_up(size == 0 ? 1 : size);
    bool is_last = last != NULL && size <= SHARED_MAX && more <= SHARED_MAX &&
                   arena->next != NULL && (unsigned char *)last + step == arena->next;
    size_t extra = is_last ? round_up(more) - step : 0;
    if (is_last && extra <= arena->left) {
        arena->next += extra;
        arena->left -= extra;
        arena->used += more - size;
        return last;
    }
    void *larger = arena_alloc(arena, more);
    if (last != NULL && size > 0) {
        memcpy(larger, last, size);
    }
    return larger;
}

/* The last block that was added for a request of its own, when it is that of this one. */
static struct block *own_block(struct arena *arena, const void *data, size_t size)
{
    for (size_t i = arena->count; i > 0 && i + RECENT_BLOCKS > arena->count; i--) {
        struct block *block = &arena->blocks[i - 1];
        if (block->data == data && block->size == own_size(size)) {
            return block;
        }
    }
    return NULL;
}

void *arena_replace(struct arena *arena, void *former, size_t size, size_t more)
{
    struct block *block = size > SHARED_MAX && more > size ? own_block(arena, former, size) : NULL;
    if (block == NULL) {
        return arena_grow(arena, former, size, more);
    }
    unsigned char *data = NULL;
    if (is_mapped(block->size)) { /* new pages are zero */
        void *pages = mremap(block->data, block->size, own_size(more), MREMAP_MAYMOVE);
        data = pages == MAP_FAILED ? NULL : pages;
    } else {
        data = block_new(own_size(more));
        if (data != NULL) {
            memcpy(data, block->data, size);
            block_free(*block);
        }
    }
    if (data == NULL) {
        out_of_memory();
    }
    *block = (struct block){.data = data, .size = own_size(more)};
    arena->used += more - size;
    return data;
}

/* ---- Giving back ---------------------------------------------------------------------------- */

struct arena_mark arena_mark(const struct arena *arena)
{
    return (struct arena_mark){arena->count, arena->cut, arena->next, arena->left, arena->used};
}

/* What is handed out again must be zero again: all that was cut from the block since. */
static void clear(const struct arena *arena, size_t cut, unsigned char *from)
{
    const struct block *block = &arena->blocks[cut - 1];
    const unsigned char *end = arena->cut == cut ? arena->next : block->data + block->used;
    memset(from, 0, (size_t)(end - from));
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
    /* The first block is kept for what comes: a scratch arena is emptied thousands of times. */
    if (mark.count == 0 && arena->count > 0 && arena->cut > 0 &&
        arena->blocks[0].size == BLOCK_SIZE) {
        mark.count = 1;
        mark.cut = 1;
        mark.next = arena->blocks[0].data;
        mark.left = BLOCK_SIZE;
    }
    if (mark.cut > 0) {
        clear(arena, mark.cut, mark.next);
    }
    for (size_t i = mark.count; i < arena->count; i++) {
        block_free(arena->blocks[i]);
    }
    arena->count = mark.count;
    arena->cut = mark.cut;
    arena->next = mark.next;
    arena->left = mark.left;
    arena->used = mark.used;
}

void arena_adopt(struct arena *arena, struct arena *other)
{
    for (size_t i = 0; i < other->count; i++) {
        keep_block(arena, other->blocks[i]);
    }
    arena->used += other->used;
    other->count = 0;
    arena_destroy(other);
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
    enum { USUAL = 256 }; /* most texts are shorter, and need not be made twice */
    char usual[USUAL];
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(usual, sizeof(usual), format, again);
    va_end(again);
    assert(length >= 0);
    size_t size = (size_t)length + 1;
    char *result = arena_alloc(arena, size);
    if (size <= sizeof(usual)) {
        memcpy(result, usual, size);
    } else {
        (void)vsnprintf(result, size, format, arguments); /* measured above */
    }
    return result;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
