/* Other sites whose pages may ask this one. */
#pragma once

#include "schemas/field.h"
#include "schemas/site_syntax.h"

struct cors_spec {
    struct object object;
    struct text_list origins;
    struct text_list methods;
    struct text_list headers;
    struct text_list expose;
    struct boolean_value credentials;
    struct duration_value age;
};

extern const struct schema cors_schema;

/* Pages of all sites may ask. */
bool cors_is_open(const struct cors_spec *cors);
void cors_check(struct check *check, const struct cors_spec *cors, const char *field);
