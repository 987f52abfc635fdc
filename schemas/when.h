/* Requests that are answered in another way than the rest: conditions, all of which must hold, and
 * what is done then. */
#pragma once

#include "schemas/answer.h"

enum when_scheme { WHEN_HTTP, WHEN_HTTPS };

struct condition_spec {
    struct object object;
    struct text_list method;
    struct text_list host;
    struct choice_value scheme; /* index: enum when_scheme */
    struct text_value path;
    struct text_map query;
    struct text_map header;
    struct text_map cookie;
    struct text_value user_agent;
    struct text_value referer;
    struct text_list remote;
    struct text_value file_exists;
};

struct when_spec {
    struct condition_spec all;
    struct condition_spec not ; /* none of these */
    struct redirect_spec redirect;
    struct respond_spec respond;
    struct text_value rewrite;
};

extern const struct schema condition_schema;
extern const struct schema when_schema;

/* list: struct when_spec; field is what messages call it ("paths./a.when"). */
void when_check(struct check *check, const struct object_list *list, const char *field);
