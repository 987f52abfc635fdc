/* What is changed in the cookies of a program. */
#pragma once

#include "schemas/field.h"

enum same_site { SAME_SITE_STRICT, SAME_SITE_LAX, SAME_SITE_NONE };

struct cookies_spec {
    struct object object;
    struct text_map paths;
    struct text_map domains;
    struct boolean_value secure;
    struct boolean_value http_only;
    struct choice_value same_site; /* index: enum same_site; -1: as the program says */
};

extern const struct syntax syntax_charset;
extern const struct schema cookies_schema;

bool cookies_have_flags(const struct cookies_spec *cookies);
void cookies_check(struct check *check, const struct cookies_spec *cookies, const char *field);
