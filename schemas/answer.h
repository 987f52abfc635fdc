/* Answers that nginx gives by itself: redirects and fixed ones. */
#pragma once

#include "schemas/site_syntax.h"
#include "schemas/template.h"

struct redirect_spec {
    struct object object;
    struct text_value to;
    struct integer_value status;
};

struct respond_spec {
    struct object object;
    struct integer_value status; /* 0: absent */
    struct text_value body;
    struct text_value type;
};

extern const struct schema redirect_schema;
extern const struct schema respond_schema;

/* regex: whose groups the target may name; NULL: none. field: what messages call it. */
void redirect_check(struct check *check, const struct redirect_spec *redirect, const char *regex,
                    const char *field);
void respond_check(struct check *check, const struct respond_spec *respond, const char *field);
