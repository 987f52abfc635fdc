/* The reference as Markdown pages, from the rows, the codes and the words: what `explain` tells one
 * by one, all of it, in the language of the catalogue. A new kind, field or code needs nothing
 * here. Pure but for the catalogue. */
#pragma once

#include "base/text.h"
#include "base/vec.h"

struct reference_page {
    const char *name;    /* of the file: "site.md" */
    const char *title;   /* as Markdown */
    const char *summary; /* plain text, for the list of pages */
    struct text text;
};
VEC(reference_pages, struct reference_page);

/* A page per kind, one for what all documents accept, for the host's settings, for the codes, and
 * for exit codes and states. */
void reference_collect(struct arena *arena, struct reference_pages *out_pages);
/* README.md: the list of the pages so far. */
void reference_add_index(struct arena *arena, struct reference_pages *pages);

/* The files, variables and examples, as sections of a page. */
void reference_add_words(struct text *page);

/* For pages that others add. The page is begun with its title and summary, filled, and ended. */
struct text *reference_begin(struct arena *arena, struct reference_pages *pages, const char *name,
                             const char *title, const char *summary);
void reference_end(struct text *page);
/* A fenced block, left to right in every language; content ends in a newline. */
void reference_block(struct text *page, const char *language, const char *content);
