/* Borrowed bytes: pointer and length. Text from documents never holds a NUL (the front end
 * refuses it) and is passed as a plain NUL-terminated const char *; struct str is for bytes whose
 * end is not marked, such as the content of a file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
    const char *data;
    size_t length;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

static inline struct str str_of(const char *text)
{
    return (struct str){text, strlen(text)};
}

static inline bool str_equal(struct str a, struct str b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* Text comparison where either side may be NULL (absent). */
static inline bool text_equal(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static inline bool text_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static inline bool text_ends_with(const char *text, const char *suffix)
{
    size_t length = strlen(text);
    size_t end = strlen(suffix);
    return length >= end && strcmp(text + length - end, suffix) == 0;
}
