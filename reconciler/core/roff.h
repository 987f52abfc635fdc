/* Text for manual pages, man(7): whatever stands in a text of ours is shown as it is, only `code`
 * between backticks becomes bold. Pure. */
#pragma once

#include "base/text.h"

/* The first lines of a page. */
void roff_begin(struct text *out, const char *title, const char *section, const char *chapter);
void roff_section(struct text *out, const char *title);
void roff_subsection(struct text *out, const char *title);
/* A paragraph; its words are filled by who shows it. */
void roff_paragraph(struct text *out, const char *text);
/* A term in bold, and below it, indented, what follows until the next term or section. */
void roff_term(struct text *out, const char *term);
/* Running text below a term; each call ends its line. */
void roff_text(struct text *out, const char *text);
/* Another paragraph of the same term. */
void roff_continue(struct text *out);
/* Lines as they are. content ends in a newline. */
void roff_block(struct text *out, const char *content);
/* The same below a term. */
void roff_term_block(struct text *out, const char *content);
