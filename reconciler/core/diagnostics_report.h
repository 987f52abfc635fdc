/* Diagnostics for people and for programs: sorted by place, each once. The only place where their
 * texts are put together. Pure but for the catalogue of other languages than English. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/language.h"
#include "base/text.h"
#include "model/diagnostic.h"

/* The text with its arguments, on one line, nothing in it that moves a terminal. */
const char *diagnostic_message(struct arena *arena, enum language language,
                               const struct diagnostic *diagnostic);
/* What to do about it; NULL when there is nothing to say. */
const char *diagnostic_help(struct arena *arena, enum language language,
                            const struct diagnostic *diagnostic);

/* By place, each once, notes behind what they belong to. */
struct diagnostic_list diagnostics_sort(struct arena *arena,
                                        const struct diagnostic_list *diagnostics);

/* Message, place, source line with a mark, help; then a line that counts them. Nothing for an empty
 * list.
 *
 *     error[R012]: unknown field "prox"
 *       --> sites/shop.yaml:7:5 (site shop.example.com)
 *        |
 *      7 |     prox: service:shop
 *        |     ^^^^
 *     help: did you mean "proxy"?
 */
void diagnostics_write_text(const struct diagnostic_list *diagnostics, enum language language,
                            bool has_color, struct text *out);
/* An array of objects with English texts: code, severity, message, help, path, file, line, column,
 * end_line, end_column, other (file, line, column of the second place). Owned by the caller. */
json_t *diagnostics_json(struct arena *arena, const struct diagnostic_list *diagnostics);
