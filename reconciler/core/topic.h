/* What `explain` and the reference tell by its rows: every kind, what all documents accept, and the
 * host's settings. Pure. */
#pragma once

#include "schemas/field.h"

size_t topic_count(void);
const struct schema *topic_at(size_t index); /* the kinds first, in their order */
/* By singular or plural name; NULL when there is none. */
const struct schema *topic_find(const char *name);
/* The name that a wrong one was meant to be; NULL when none is near. */
const char *topic_nearest(struct arena *arena, const char *name);
/* The rows of the schema and of those it shares, one after the other; NULL at the end. */
const struct field *topic_field_at(const struct schema *schema, size_t index);
