/* A site, or a path of it, that is being worked on. */
#pragma once

#include "schemas/field.h"

struct maintenance_spec {
    struct object object;
    struct boolean_value on;
    struct duration_value retry_after;
    struct text_value until; /* NULL: retry_after counts */
    struct text_list allow;
    struct text_value page; /* NULL: the built-in one */
};

extern const struct schema maintenance_schema;

void maintenance_check(struct check *check, const struct maintenance_spec *maintenance,
                       const char *field);
