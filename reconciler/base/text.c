/* Builds text in a buffer on an arena that doubles when it is full. */

#include "base/text.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

static size_t capacity_for(const struct text *text, size_t more)
{
    size_t capacity = text->capacity;
    while (more >= capacity - text->length) {
        assert(capacity <= SIZE_MAX / 2);
        capacity *= 2;
    }
    return capacity;
}

void text_reserve(struct text *text, size_t more)
{
    size_t capacity = capacity_for(text, more);
    if (capacity > text->capacity) {
        text->data = arena_replace(text->arena, text->data, text->capacity, capacity);
        text->capacity = capacity;
    }
}

struct text text_make(struct arena *arena)
{
    return (struct text){
        .arena = arena,
        .data = arena_alloc(arena, FIRST_CAPACITY),
        .capacity = FIRST_CAPACITY,
    };
}

void text_add(struct text *text, const char *more)
{
    text_add_str(text, str_of(more));
}

void text_add_str(struct text *text, struct str more)
{
    if (more.length >= text->capacity - text->length) {
        /* The text itself may be added, and it moves. */
        uintptr_t offset = (uintptr_t)more.data - (uintptr_t)text->data;
        text_reserve(text, more.length);
        more.data = offset < text->length ? text->data + offset : more.data;
    }
    if (more.length > 0) {
        memcpy(text->data + text->length, more.data, more.length);
    }
    text->length += more.length;
    text->data[text->length] = '\0';
}

void text_addf(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vaddf(text, format, arguments);
    va_end(arguments);
}

void text_vaddf(struct text *text, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    size_t room = text->capacity - text->length;
    int length = vsnprintf(text->data + text->length, room, format, arguments);
    assert(length >= 0);
    if ((size_t)length >= room) {
        /* It may stand among the arguments: the former is kept. */
        size_t capacity = capacity_for(text, (size_t)length);
        text->data = arena_grow(text->arena, text->data, text->capacity, capacity);
        text->capacity = capacity;
        room = text->capacity - text->length;
        (void)vsnprintf(text->data + text->length, room, format, again); /* fits now */
    }
    va_end(again);
    text->length += (size_t)length;
}

void text_line(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vaddf(text, format, arguments);
    va_end(arguments);
    text_add_char(text, '\n');
}

void text_truncate(struct text *text, size_t length)
{
    assert(length <= text->length);
    text->length = length;
    text->data[length] = '\0';
}
