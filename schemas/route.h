/* One path of a site: who answers there, and how. The site itself is the route of "/", so that
 * both have the same fields: the rows are in route_fields.def. */
#pragma once

#include "schemas/auth.h"
#include "schemas/cookies.h"
#include "schemas/cors.h"
#include "schemas/error_pages.h"
#include "schemas/maintenance.h"
#include "schemas/mime.h"
#include "schemas/php.h"
#include "schemas/pool.h"
#include "schemas/probe.h"
#include "schemas/response_cache.h"
#include "schemas/when.h"

/* Who answers. A row here has a row in the table of renderers/site_route.c. */
enum route_handler {
    ROUTE_INHERITED, /* a path without one of its own: that of the path around it, or the site's */
    ROUTE_PROXY,
    ROUTE_GRPC,
    ROUTE_FASTCGI,
    ROUTE_UWSGI,
    ROUTE_PHP,
    ROUTE_ROOT,
    ROUTE_REDIRECT,
    ROUTE_RESPOND,
    ROUTE_STATUS,
    ROUTE_HANDLER_COUNT
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
    const struct proxy_spec *proxy;
    const struct proxy_spec *grpc;
    const struct fastcgi_spec *fastcgi;
    const struct uwsgi_spec *uwsgi;
    const struct php_spec *php;
    struct text_value root;
    struct redirect_spec redirect;
    struct respond_spec respond;
    struct boolean_value nginx_status;

    struct text_map rewrite;
    struct object_list when; /* struct when_spec */

    struct boolean_value websockets;
    struct duration_value timeout;
    struct boolean_value buffering;
    struct text_map request_headers;
    struct text_list hide_headers;
    const struct response_cache_spec *response_cache;
    const struct cookies_spec *cookies;
    struct text_map redirects;

    struct text_list index;
    struct boolean_value autoindex;
    struct boolean_value spa;
    struct text_list try;
    struct text_value files;
    struct text_map rewrite_missing;

    struct object_list error_pages; /* struct error_page_spec */
    struct boolean_value intercept_errors;
    const struct maintenance_spec *maintenance;
    struct text_map headers;
    const struct cors_spec *cors;
    struct cache_spec cache;
    struct text_value charset;
    struct text_map mime;
    struct text_value default_type;
    struct boolean_value compress;
    struct size_value body_max;
    struct integer_value connection_limit; /* 0: none */
    struct text_list allow;
    struct text_list deny;
    const struct auth_spec *auth;
    struct boolean_value deny_dotfiles;
    struct text_value raw;

    enum route_handler handler; /* filled by route_check */
};

struct path_spec {
    struct object object; /* key: the location */
    struct route_spec route;
    struct object_list paths; /* struct path_spec: inside this one, which is a prefix */
    struct rate_limit_spec rate_limit;
    struct text_value strip_prefix;
    struct boolean_value internal;
    struct text_value log;
    struct probe_spec probe;

    const char *stripped; /* by strip_prefix, with one slash at its end: "/api/"; NULL: nothing.
                             Filled by paths_check */
};

/* The row `paths` of a site, and of a path. */
// clang-format off
#define PATHS_HELP \
    N_("Paths that differ, as /prefix, \"= /exact\", \"~ regex\" or \"~* regex\" (any case). A path that " \
       "does not say who answers has its answer, as all that it does not say, from what it lies in. " \
       "Paths may lie in a prefix: they are written as a whole, and count only where that prefix is " \
       "taken.")
// clang-format on

extern const struct schema path_schema;
extern const struct schema cache_schema;
extern const struct schema rate_limit_schema;

/* Finds the route's handler and checks what its fields mean together. mapping is what the route was
 * read from, regex the path's regular expression (NULL: it is none), field what messages call it
 * ("paths./api"; "" for the site itself). */
void route_check(struct check *check, struct route_spec *route, const struct node *mapping,
                 const char *regex, const char *field);
/* What the site itself does where it finds no file; of paths paths_check sees to it. */
void route_missing_check(struct check *check, const struct route_spec *route);
/* Paths of a site, or those inside of a path, with all that is below them. around is the route that
 * they lie in, with all its values; outside is its prefix. */
void paths_check(struct check *check, const struct object_list *paths,
                 const struct route_spec *around, const char *outside, const char *field);
/* Two entries of a map of locations are the same location. items: an array of structs of this size
 * that begin with struct object. */
void locations_check(struct check *check, const struct object_list *list, size_t size,
                     const char *field);
/* Fills in what the route does not say from the one around it, a checked route with all its own
 * values. */
void route_inherit(struct route_spec *route, const struct route_spec *around);
/* The programs behind a handler; NULL when it has none. */
const struct pool_spec *route_pool(const struct route_spec *route);
/* The same of those that may speak TLS. */
const struct proxy_spec *route_proxy(const struct route_spec *route);
/* Requests of this path are not written down. */
bool path_log_is_off(const struct path_spec *path);
/* Text for nginx that is not whole. */
void raw_check(struct check *check, const struct text_value *raw, const char *field);
void rate_limit_check(struct check *check, const struct rate_limit_spec *limit, const char *field);
