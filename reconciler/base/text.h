/* Builds text on an arena; the only way text is built. The content always ends in a NUL that is
 * not counted. No call fails (see arena.h). */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

struct text {
    struct arena *arena;
    char *data; /* valid from text_make on; moves when more is added */
    size_t length;
    size_t capacity;
};

struct text text_make(struct arena *arena);

void text_add(struct text *text, const char *more);
void text_add_str(struct text *text, struct str more);
static inline void text_add_char(struct text *text, char c);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vaddf(struct text *text, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
/* text_addf and a newline. */
void text_line(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Makes room for this many more bytes at once; only saves time. */
void text_reserve(struct text *text, size_t more);
/* Shortens to length, which is not more than the present one. */
void text_truncate(struct text *text, size_t length);

static inline void text_add_char(struct text *text, char c)
{
    if (text->capacity - text->length < 2) {
        text_reserve(text, 1);
    }
    text->data[text->length++] = c;
    text->data[text->length] = '\0';
}

static inline struct str text_str(const struct text *text)
{
    return (struct str){text->data, text->length};
}
