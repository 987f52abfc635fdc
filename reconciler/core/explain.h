/* Answers of `reconcile explain`: a code, a kind, a field, or a document with the place of each of
 * its values. Pure. */
#pragma once

#include <stdbool.h>

#include "base/text.h"
#include "model/document.h"

/* "R012": its text and explanation. False when there is no such code. */
bool explain_code(const char *number, struct text *out);
/* A diagnostic's text or help without its arguments: they are shown as dots. */
const char *explain_pattern(struct arena *arena, const char *pattern);
/* "drifted" or "75": what a state or an exit code means. False when it is neither. */
bool explain_word(const char *word, struct text *out);
/* "site", "site.rate_limit", "settings.nginx": fields with type, default, limits and help. False
 * when there is no such kind or field; *out_nearest is then the nearest word, or NULL. */
bool explain_field(struct arena *arena, const char *path, struct text *out,
                   const char **out_nearest);
/* Every value of one document with the place that set it. */
void explain_document(struct arena *arena, const struct document *document, struct text *out);
