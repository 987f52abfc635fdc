/* Shared by the files of the walker (field.c, field_value.c, field_place.c); nobody else includes
 * this. */
#pragma once

#include "schemas/field.h"

/* Lists and maps without a limit of their own. */
enum { FIELD_COUNT_MOST = 1000 };

/* Where in a document the walker is; lives on the stack. */
struct place {
    struct check *check;
    const struct place *above;
    const char *name;  /* NULL at the document itself */
    bool hides_source; /* here or above */
    bool is_fallback;  /* the value is a row's default, which nobody wrote */
};

struct place place_below(const struct place *above, const char *name);
/* "paths./api.proxy" */
const char *place_path(const struct place *place);
struct diagnostic *place_report(const struct place *place, enum diagnostic_code code,
                                const struct node *node, const char *first, const char *second);
/* The value has another type than the row takes. */
void place_report_type(const struct place *place, const struct field *field,
                       const struct node *node);
/* The value as a message may show it. */
const char *place_shown(const struct place *place, const struct node *node);
/* The node that a value says it was set by: NULL for a default. */
const struct node *place_origin(const struct place *place, const struct node *node);

/* Each fills the member of its type, or reports why not and leaves it as it was. */
void field_decode_value(const struct place *place, const struct field *field,
                        const struct node *node, void *member);
/* Also used for the keys of maps of objects. */
bool field_has_syntax(const struct place *place, const struct syntax *syntax,
                      const struct node *node);
bool field_count_is_allowed(const struct place *place, const struct field *field,
                            const struct node *node, size_t count);
/* The elements of a list; a single value counts as a list of one. */
struct node_elements field_elements(struct arena *arena, const struct node *node);
