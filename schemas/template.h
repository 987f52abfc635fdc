/* Texts with variables of the request in them: $host, $request_uri, and in targets $1 to $9 for
 * what the groups of a regular expression have matched. $$ is a dollar sign. */
#pragma once

#include "schemas/field.h"

/* What the text is; each knows its own variables. */
enum template_place {
    TEMPLATE_TARGET, /* of a redirect or a rewrite */
    TEMPLATE_VALUE,  /* of a header or a parameter, which may hold no line break */
};

enum template_kind { TEMPLATE_TEXT, TEMPLATE_VARIABLE, TEMPLATE_CAPTURE };

/* Where in an address the variable may stand. */
enum template_use {
    TEMPLATE_IN_HOST,   /* of the request's host: also before the path */
    TEMPLATE_ENDS_HOST, /* begins with a slash or a question mark */
    TEMPLATE_IN_PATH,   /* only behind the host */
};

struct template_part {
    enum template_kind kind;
    const char *text; /* of a text, or the variable's name without the dollar */
    unsigned number;  /* of a capture: 1 to 9 */
    enum template_use use;
    bool is_decoded; /* may hold any byte, also a line break, so that it has to be encoded */
};
VEC(template_part_list, struct template_part);

/* False with out_unknown set to what follows the dollar that begins nothing known. */
bool template_read(struct arena *arena, enum template_place place, const char *text,
                   struct template_part_list *out_parts, const char **out_unknown);
/* The target, which has passed its syntax, is a URL that says nothing of a path. */
bool template_is_origin(const struct template_part_list *parts);
/* A path whose second character a client says: "//" and "/\" would begin another host. */
bool template_may_leave(const struct template_part_list *parts);
bool template_has_decoded(const struct template_part_list *parts);

/* Quotes what a regular expression would take for more than itself. */
const char *regex_escape(struct arena *arena, const char *text);
/* Groups that a regular expression counts. */
unsigned regex_group_count(const char *regex);

/* Reports what is wrong with a target of a redirect, or of a rewrite (is_internal). regex: whose
 * groups it may name; NULL: none. */
void template_check(struct check *check, const struct text_value *target, const char *regex,
                    bool is_internal, const char *field);
/* Reports values of headers or parameters with variables that there are not. */
void template_check_values(struct check *check, const struct text_map *values, const char *field);
