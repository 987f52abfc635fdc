/* Writes HTML. Escaping is the default: raw is only what stands in a literal of the program (the
 * compiler refuses any other format). All text of others goes through html_text or a %s. */
#pragma once

#include "base/arena.h"
#include "base/text.h"

struct html {
    struct text text;
};

struct html html_make(struct arena *arena);

/* Escaped for content and for quoted attributes. Bytes that are no UTF-8, control characters other
 * than newline and tab, and characters that reorder the text around them become U+FFFD. NULL is
 * nothing. */
void html_text(struct html *html, const char *text);
void html_str(struct html *html, struct str text);

/* The format is markup as it is; %s is text and escaped. Of printf's conversions only %s, %d, %u,
 * %zu, %lld and %% exist. */
void html_put(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A sentence, as text, in which {0} {1} ... stand for pieces of HTML; ends with NULL:
 *     html_fill(html, tr("proven {0}"), &age, NULL); */
void html_fill(struct html *html, const char *sentence, ...) __attribute__((sentinel));
/* A piece that was written apart. */
void html_join(struct html *html, const struct html *piece);

/* A piece of one html_put. */
struct html html_piece(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One part of a URL's path or a query's value, percent-encoded. */
const char *url_part(struct arena *arena, const char *text);
