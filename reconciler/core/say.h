/* Puts sentences into the language of whoever reads them: English as it stands in the code, without
 * any look-up, others by gettext's catalogue "reconcile". Called only where something is printed.
 * In a language that is written from right to left, what comes from elsewhere (paths, names,
 * commands, words of other programs) is set apart, so that it keeps its own order (Unicode's first
 * strong isolates); so is what of the sentence itself is written as code, such as --adopt or /etc.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/language.h"
#include "base/message.h"

#define CATALOGUE "reconcile"

/* A text of a table or of the code itself, without arguments; the empty one stays so. */
const char *say_text(struct arena *arena, enum language language, const char *text)
    __attribute__((returns_nonnull));
/* A format and its arguments. */
const char *say(struct arena *arena, enum language language, const char *format, ...)
    __attribute__((returns_nonnull, format(printf, 3, 4)));
const char *say_list(struct arena *arena, enum language language, const char *format,
                     va_list arguments) __attribute__((returns_nonnull, format(printf, 3, 0)));
/* A format whose one %s takes a text that was put into words already. */
const char *say_with(struct arena *arena, enum language language, const char *format,
                     const char *said) __attribute__((returns_nonnull));
/* A sentence with one number, %zu, in the form that the number asks for. */
const char *say_number(struct arena *arena, enum language language, size_t number, const char *one,
                       const char *many) __attribute__((returns_nonnull));
const char *say_message(struct arena *arena, enum language language, const struct message *message)
    __attribute__((returns_nonnull));
const char *say_error(struct arena *arena, enum language language, const struct error *err)
    __attribute__((returns_nonnull));

/* A text that one of these gave, as one line for a terminal: nothing of others moves it. */
const char *say_line(struct arena *arena, enum language language, const char *text)
    __attribute__((returns_nonnull));

/* What stands before and behind something from elsewhere: isolates, or nothing. */
const char *say_open(enum language language);
const char *say_close(enum language language);
/* It with these around it. */
const char *say_apart(struct arena *arena, enum language language, const char *text)
    __attribute__((returns_nonnull));
