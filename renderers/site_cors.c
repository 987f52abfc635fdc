/* Other sites whose pages may ask this one (CORS).
 *
 * All headers of CORS are ours where a path says `cors`, and those of a program are hidden, so that
 * the two never contradict each other. Each is a variable that is empty where it is not to be sent:
 * for origins that are not on the list, and outside of preflights. */

#include "base/text.h"
#include "renderers/site.h"

static const char *cors_name(const struct site *site, const struct route *route, const char *what)
{
    return arena_printf(
        site->arena, "$%s",
        site_variable(site, "cors", arena_printf(site->arena, "%zu %s", route->number, what)));
}

static const char *preflight_variable(const struct site *site)
{
    return arena_printf(site->arena, "$%s", site_variable(site, "cors", "preflight"));
}

static bool route_says_cors(const struct route *route)
{
    return route->own->cors->object.node != NULL;
}

/* "GET, HEAD"; names and methods are of letters, digits and signs without a meaning to nginx, but
 * for the dollar. */
static const char *joined(struct arena *arena, const struct text_list *list)
{
    struct text text = text_make(arena);
    for (size_t i = 0; i < list->count; i++) {
        text_addf(&text, "%s%s", i == 0 ? "" : ", ", list->items[i].text);
    }
    return text.data;
}

/* ---- Headers -------------------------------------------------------------------------------- */

static void header_set(struct site *site, const struct route *route, const char *name,
                       const char *word)
{
    site_header_set(site, route, name, word, site_span(site, route->own->cors->object.node));
}

void site_cors_headers(struct site *site, const struct route *route)
{
    const struct cors_spec *cors = route->own->cors;
    if (!route_says_cors(route)) {
        return;
    }
    static const char nothing[] = "\"\"";
    bool is_open = cors_is_open(cors);
    bool is_empty = cors->origins.count == 0;
    const char *origin = is_open ? "*" : cors_name(site, route, "origin");
    header_set(site, route, "Access-Control-Allow-Origin", is_empty ? nothing : origin);
    header_set(site, route, "Access-Control-Allow-Credentials",
               cors->credentials.is_true && !is_empty ? cors_name(site, route, "credentials")
                                                      : nothing);
    header_set(site, route, "Access-Control-Expose-Headers",
               cors->expose.count > 0 && !is_empty ? cors_name(site, route, "expose") : nothing);
    header_set(site, route, "Access-Control-Allow-Methods",
               is_empty ? nothing : cors_name(site, route, "methods"));
    header_set(site, route, "Access-Control-Allow-Headers",
               cors->headers.count > 0 && !is_empty ? cors_name(site, route, "headers") : nothing);
    header_set(site, route, "Access-Control-Max-Age",
               is_empty ? nothing : cors_name(site, route, "age"));
}

bool site_cors_varies(const struct route *route)
{
    const struct cors_spec *cors = route->now->cors;
    return cors->object.node != NULL && cors->origins.count > 0 && !cors_is_open(cors);
}

/* ---- Variables ------------------------------------------------------------------------------ */

/* A star has the names below, not the name itself; browsers write origins in lower case. */
static const char *origin_pattern(struct arena *arena, const char *origin)
{
    const char *star = strstr(origin, "://*.");
    if (star == NULL) {
        return arena_printf(arena, "~^%s\\z", regex_escape(arena, origin));
    }
    const char *scheme = arena_strndup(arena, origin, (size_t)(star - origin));
    return arena_printf(arena, "~^%s://[a-z0-9.-]+%s\\z", scheme,
                        regex_escape(arena, star + strlen("://*")));
}

static void origins_render(struct site *site, const struct route *route)
{
    struct nginx_text *nginx = site->nginx;
    const struct text_list *origins = &route->own->cors->origins;
    nginx_table(nginx, "map", "$http_origin", cors_name(site, route, "origin"));
    nginx_line(nginx, "default", "\"\"", NULL);
    for (size_t i = 0; i < origins->count; i++) {
        nginx_at(nginx, site_span(site, origins->items[i].node));
        nginx_begin_value(nginx, NGINX_LITERAL,
                          origin_pattern(site->arena, origins->items[i].text));
        nginx_word(nginx, "$http_origin");
        nginx_end(nginx);
    }
    nginx_block_end(nginx);
}

/* A header that is sent to origins of the list, or in preflights of them. */
static void value_render(struct site *site, const struct route *route, const char *what,
                         bool in_preflights, const char *text)
{
    struct nginx_text *nginx = site->nginx;
    bool is_open = cors_is_open(route->own->cors);
    const char *origin = is_open ? "*" : cors_name(site, route, "origin");
    nginx_at(nginx, site_span(site, route->own->cors->object.node));
    nginx_table(
        nginx, "map",
        arena_printf(site->arena, "%s:%s", in_preflights ? preflight_variable(site) : "1", origin),
        cors_name(site, route, what));
    nginx_line(nginx, "default", "\"\"", NULL);
    nginx_begin(nginx, "~^1:.");
    nginx_value(nginx, NGINX_EVALUATED, text);
    nginx_end(nginx);
    nginx_block_end(nginx);
}

static void route_http(struct site *site, const struct route *route)
{
    const struct cors_spec *cors = route->own->cors;
    if (!cors_is_open(cors)) {
        origins_render(site, route);
    }
    if (cors->credentials.is_true) {
        value_render(site, route, "credentials", false, "true");
    }
    if (cors->expose.count > 0) {
        value_render(site, route, "expose", false, joined(site->arena, &cors->expose));
    }
    value_render(site, route, "methods", true, joined(site->arena, &cors->methods));
    if (cors->headers.count > 0) {
        value_render(site, route, "headers", true, joined(site->arena, &cors->headers));
    }
    value_render(site, route, "age", true,
                 arena_printf(site->arena, "%lld", (long long)(cors->age.milliseconds / 1000)));
}

static void preflight_render(struct site *site)
{
    struct nginx_text *nginx = site->nginx;
    nginx_table(nginx, "map",
                "\"$request_method $http_origin $http_access_control_request_method\"",
                preflight_variable(site));
    nginx_line(nginx, "default", "0", NULL);
    nginx_line(nginx, "\"~^OPTIONS [^ ]+ [^ ]+\\z\"", "1", NULL);
    nginx_block_end(nginx);
}

void site_cors_http(struct site *site)
{
    bool is_first = true;
    for (size_t i = 0; i < site->route_count; i++) {
        const struct route *route = &site->routes[i];
        if (!route_says_cors(route) || route->own->cors->origins.count == 0) {
            continue;
        }
        nginx_at(site->nginx, site_span(site, route->own->cors->object.node));
        if (is_first) {
            preflight_render(site);
            is_first = false;
        }
        route_http(site, route);
    }
}

/* ---- Preflights ----------------------------------------------------------------------------- */

/* They ask without password, so that they are answered before anything else is asked. */
void site_cors_route(struct site *site, const struct route *route)
{
    const struct cors_spec *cors = route->now->cors;
    if (cors->object.node == NULL || cors->origins.count == 0) {
        return;
    }
    nginx_at(site->nginx, site_span(site, cors->object.node));
    nginx_begin(site->nginx, "if");
    nginx_word(site->nginx, arena_printf(site->arena, "(%s)", preflight_variable(site)));
    nginx_block(site->nginx);
    nginx_line(site->nginx, "return", "204", NULL);
    nginx_block_end(site->nginx);
}
