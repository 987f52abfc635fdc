/* What every document accepts. Each kind's spec begins with it. */
#pragma once

#include "schemas/field.h"

enum mode { MODE_ENFORCE, MODE_OBSERVE, MODE_HOLD };

struct ignore_spec {
    struct object object;
    struct text_value field;
    struct text_value until;
    struct text_value why;
};

struct common_spec {
    struct choice_value mode; /* index: enum mode; -1: the host's */
    struct boolean_value protect;
    struct boolean_value adopt;
    struct object_list ignore; /* struct ignore_spec */
    struct text_list needs;
    struct text_list use; /* profiles, taken before the document is read */
    struct text_value description;
};

extern const struct schema common_schema;
