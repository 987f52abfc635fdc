/* Answers of programs that nginx keeps, and gives to others. */
#pragma once

#include "schemas/field.h"

struct response_age_spec {
    struct object object; /* key: "200", "301 302", "any"; NULL: answers that went well */
    struct duration_value age;
};

struct cache_bypass_spec {
    struct object object;
    struct text_list cookies; /* a name, or with * at its end what names begin with */
    struct text_list queries;
    struct text_list headers;
};

struct response_cache_spec {
    struct object object;
    struct boolean_value on;
    struct object_list age; /* struct response_age_spec */
    struct size_value size;
    struct duration_value unused;
    struct cache_bypass_spec bypass;
    struct boolean_value stale;
    struct boolean_value lock;
    struct boolean_value status_header;
};

extern const struct schema response_cache_schema;
