/* The JSON Schema (draft-07) of the documents, from the rows: what a YAML editor completes, checks
 * and shows. */
#pragma once

#include <stddef.h>

#include "base/text.h"
#include "schemas/field.h"

/* kinds: count schemas with their plurals. Ends in a newline; the same rows give the same bytes. */
void json_schema_write(const struct schema *const *kinds, size_t count, struct text *out);
