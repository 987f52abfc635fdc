/* Text as Markdown, in GitHub's dialect: whatever stands in a text of ours is shown as it is, only
 * `code` between backticks stays code. Pure. */
#pragma once

#include "base/text.h"

/* Running text on one line. */
void markdown_text(struct text *out, const char *text);
/* The same inside of a table, where a bar would end the cell. */
void markdown_cell(struct text *out, const char *text);
/* A code span, also for text with backticks. */
void markdown_code(struct text *out, const char *code);
void markdown_cell_code(struct text *out, const char *code);
/* Text in paragraphs, each on lines of at most about 100 columns. */
void markdown_paragraph(struct text *out, const char *text);
/* A fenced block; content ends in a newline. */
void markdown_block(struct text *out, const char *language, const char *content);
