/* Variables of maps whose values are known before anybody asks, because they are made of what our
 * sites never do. */
#pragma once

#include "core/import_scope.h"

VEC(import_values, const char *);

/* The map that makes this variable; NULL: none does. */
const struct import_node *import_map_find(const struct import_context *context,
                                          struct str variable);
/* Notes the maps that a directive uses which stays as it is. */
void import_keep_maps(struct import_context *context, const struct import_node *user);
/* All values that a variable can have, in no order; false when they are not known. */
bool import_known_values(const struct import_context *context, struct str variable,
                         struct import_values *out_values);
/* The only one; NULL when there are several, or it is not known. */
const char *import_known_value(const struct import_context *context, struct str variable);
