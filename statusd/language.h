/* The languages of the pages. The program's own texts are English; the others come from gettext
 * catalogues. One language is in use at a time, chosen anew for each request. */
#pragma once

#include <stdbool.h>

enum language { LANGUAGE_ENGLISH, LANGUAGE_ARABIC, LANGUAGE_COUNT };

struct language_info {
    const char *code;      /* of the lang attribute and of LANGUAGE */
    const char *direction; /* of the dir attribute */
    const char *own_name;
};
const struct language_info *language_info(enum language language);
/* False when the code (also "ar-EG") is none of ours; out_language is then as it was. */
bool language_parse(const char *code, enum language *out_language);

/* Finds the catalogues below directory; without them the pages are English only. */
void language_begin(const char *directory);
bool language_is_available(enum language language);
/* What tr and ntr answer in from now on. */
void language_use(enum language language);

/* The best of an Accept-Language header; fallback when it names none of ours. NULL is allowed. */
enum language language_accept(const char *header, enum language fallback);

const char *tr(const char *text) __attribute__((format_arg(1)));
/* With the plural that number asks for. */
const char *ntr(const char *one, const char *many, long long number);
/* Marks a text in a table for translation; tr() translates it when it is shown. */
#define MARK(text) text
/* Both forms, as two members of a row. */
#define MARK_PLURAL(one, many) one, many
