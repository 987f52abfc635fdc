/* One path of a site: who answers there, and how. The site itself is the route of "/", so that
 * both have the same fields: the rows are in route_fields.def. */
#pragma once

#include "schemas/field.h"
#include "schemas/site_syntax.h"

/* Who answers. A row here has a row in the table of renderers/site_route.c. */
enum route_handler {
    ROUTE_INHERITED, /* a path without one of its own: the site's */
    ROUTE_PROXY,
    ROUTE_ROOT,
    ROUTE_REDIRECT,
    ROUTE_RESPOND,
};

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

struct cache_spec {
    struct object object;
    struct duration_value age;
    struct boolean_value immutable;
};

struct rate_limit_spec {
    struct object object; /* key: the location, in a map */
    struct rate_value rate;
    struct integer_value burst; /* 0: twice the rate's count */
};

struct route_spec {
    struct text_value proxy;
    struct text_value root;
    struct redirect_spec redirect;
    struct respond_spec respond;

    struct boolean_value websockets;
    struct duration_value timeout;
    struct boolean_value buffering;

    struct text_list index;
    struct boolean_value autoindex;
    struct boolean_value spa;
    struct text_list try;

    struct text_map headers;
    struct cache_spec cache;
    struct boolean_value compress;
    struct size_value body_max;
    struct integer_value connection_limit; /* 0: none */
    struct text_list allow;
    struct text_list deny;
    struct boolean_value deny_dotfiles;
    struct text_value raw;

    enum route_handler handler; /* filled by route_check */
};

struct path_spec {
    struct object object; /* key: the location */
    struct route_spec route;
    struct rate_limit_spec rate_limit;
    struct boolean_value strip_prefix;
    struct boolean_value internal;
};

extern const struct schema path_schema;
extern const struct schema redirect_schema;
extern const struct schema respond_schema;
extern const struct schema cache_schema;
extern const struct schema rate_limit_schema;

/* Finds the route's handler and checks what its fields mean together. mapping is what the route was
 * read from, field what messages call it ("paths./api"; "" for the site itself). */
void route_check(struct check *check, struct route_spec *route, const struct node *mapping,
                 const char *field);
/* What a path has beyond its route; site is the route of "/". */
void path_check(struct check *check, struct path_spec *path, const struct route_spec *site);
void rate_limit_check(struct check *check, const struct rate_limit_spec *limit, const char *field);
