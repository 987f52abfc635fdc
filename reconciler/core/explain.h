/* Answers of `reconcile explain`: a code, a kind, a field, or a document with the place of each of
 * its values. Pure but for
 * the catalogue. */
#pragma once

#include <stdbool.h>

#include "base/language.h"
#include "base/text.h"
#include "model/document.h"

struct field;

/* "R012": its text and explanation. False when there is no such code. */
bool explain_code(const char *number, enum language language, struct text *out);
/* A diagnostic's text or help without its arguments: they are shown as dots. */
const char *explain_pattern(struct arena *arena, const char *pattern);
/* "drifted" or "75": what a state or an exit code means. False when it is neither. */
bool explain_word(const char *word, enum language language, struct text *out);
/* "site", "site.rate_limit", "settings.nginx": fields with type, default, limits and help. False
 * when there is no such kind or field; *out_nearest is then the nearest word, or NULL. */
bool explain_field(const char *path, enum language language, struct text *out,
                   const char **out_nearest);
/* A field's default in YAML, or in words where it comes from; NULL when there is none. */
const char *explain_fallback(struct arena *arena, const struct field *field,
                             enum language language);
/* Every value of one document with the place that set it. */
void explain_document(const struct document *document, enum language language, struct text *out);
/* Whether what a document says at a place is never shown, since it may be a secret. */
bool explain_hides_source(const struct document *document, struct span span);
