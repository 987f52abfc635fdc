/* Media types of files by what their names end in. */
#pragma once

#include "schemas/field.h"

extern const struct syntax syntax_extension; /* md, .md */
extern const struct syntax syntax_mime_type; /* text/markdown, without parameters */

/* "md" of ".md" */
const char *mime_extension(const char *key);
/* No extension twice, in whatever spelling. */
void mime_check(struct check *check, const struct text_map *mime, const char *field);
