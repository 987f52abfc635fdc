/* The languages of the pages, one in use at a time, chosen anew for each request. */
#pragma once

#include "base/language.h"

/* Of the catalogues. */
#define PAGES_DOMAIN "statusd"

/* The best of an Accept-Language header; fallback when it names none of ours. NULL is allowed. */
enum language language_accept(const char *header, enum language fallback);

/* In the language of language_use. */
const char *tr(const char *text) __attribute__((format_arg(1)));
/* With the plural that number asks for. */
const char *ntr(const char *one, const char *many, long long number);
/* Marks a text in a table for translation; tr() translates it when it is shown. */
#define MARK(text) text
/* Both forms, as two members of a row. */
#define MARK_PLURAL(one, many) one, many
