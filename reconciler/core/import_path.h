/* A location as a path: what it says beside what it has from around it, as YAML has it. */
#pragma once

#include "core/import_route.h"

/* What paths have without saying so: fields, who answers (NULL: nobody), and who stands beside
 * them. */
struct import_around {
    const struct import_yaml *fields;
    const struct import_yaml *handler;
    const struct import_routes *siblings;
};

struct import_yaml *import_paths_yaml(struct import_context *context,
                                      const struct import_routes *routes,
                                      const struct import_around *around);
/* Fields of own that differ from those of around, put into out; handler says which mean anything.
 */
void import_put_fields(struct arena *arena, const struct import_yaml *own,
                       const struct import_yaml *around, const struct import_yaml *handler,
                       struct import_yaml *out);
/* The fields that paths inside have without saying so: what was left out here is that of around. */
struct import_yaml *import_given(struct arena *arena, const struct import_yaml *own,
                                 const struct import_yaml *around,
                                 const struct import_yaml *handler);
/* The directives as raw, below a comment that names their places. */
void import_put_raw(struct import_context *context, const struct import_nodes *nodes,
                    struct import_yaml *out);
/* With those of sets before them whose variables they, or paths inside, use. */
struct import_nodes import_with_sets(struct arena *arena, const struct import_nodes *sets,
                                     const struct import_nodes *raw,
                                     const struct import_routes *inside);
void import_add_all(struct arena *arena, struct import_nodes *out, const struct import_nodes *more);
