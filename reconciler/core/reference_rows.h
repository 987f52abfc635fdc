/* The pages of the reference that are made from field rows, and how rows are told on every page;
 * reference.c and manual.c alone include this. */
#pragma once

#include "core/reference.h"
#include "schemas/field.h"

/* A page for each topic but what documents remove, which stands on the page of all documents. */
void reference_add_topics(struct arena *arena, struct reference_pages *pages);

/* What a field takes, in words; where that is a list, what each entry is. */
const char *reference_value_words(struct arena *arena, const struct field *field);
/* "1 to 65535", "1s or more"; NULL when there are none. */
const char *reference_limits(struct arena *arena, const struct field *field);
/* The topic's small document as YAML: "sites:\n  shop.example.com:\n    proxy: ...". */
const char *reference_small_document(struct arena *arena, const struct schema *topic);
/* True for a row of a map inside that says the same as the topic's own row of that name. */
bool reference_is_told_above(const struct schema *topic, const struct field *field);
