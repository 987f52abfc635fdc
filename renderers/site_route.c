/* The locations of a site: one for each path, one for what begins with a dot. */

#include "renderers/site.h"

// clang-format off
/* A handler has one row here. */
static void (*const handlers[])(struct site *site, const struct route *route) = {
    [ROUTE_PROXY]    = site_pass_route,
    [ROUTE_GRPC]     = site_pass_route,
    [ROUTE_FASTCGI]  = site_pass_route,
    [ROUTE_UWSGI]    = site_pass_route,
    [ROUTE_PHP]      = site_php_route,
    [ROUTE_ROOT]     = site_files_route,
    [ROUTE_REDIRECT] = site_answer_route,
    [ROUTE_RESPOND]  = site_answer_route,
    [ROUTE_STATUS]   = site_status_route,
};
// clang-format on

/* ---- Routes --------------------------------------------------------------------------------- */

const char *route_key(const struct route *route)
{
    return route->path == NULL ? "" : route->path->object.key->text;
}

bool route_is_regex(const struct route *route)
{
    return route->location.match == LOCATION_REGEX ||
           route->location.match == LOCATION_REGEX_NOCASE;
}

bool site_has_handler(const struct site *site, enum route_handler handler)
{
    for (size_t i = 0; i < site->route_count; i++) {
        if (site->routes[i].now->handler == handler) {
            return true;
        }
    }
    return false;
}

static size_t count_paths(const struct object_list *paths)
{
    const struct path_spec *items = paths->items;
    size_t count = paths->count;
    for (size_t i = 0; i < paths->count; i++) {
        count += count_paths(&items[i].paths);
    }
    return count;
}

/* Not one that lies around it, nor only its beginning. */
static bool strips_whole(const struct route *route)
{
    const char *stripped = route->path->stripped;
    return stripped != NULL && strlen(stripped) >= strlen(route->location.pattern);
}

/* A path that has its program, or its folder, from the one around it has that one's prefix too. */
static const char *prefix_of(const struct route *route)
{
    if (route->path->stripped != NULL) {
        return route->path->stripped;
    }
    return route->own->handler == ROUTE_INHERITED ? route->parent->prefix : NULL;
}

static void collect_paths(struct site *site, const struct object_list *paths,
                          const struct route *parent)
{
    const struct path_spec *items = paths->items;
    for (size_t i = 0; i < paths->count; i++) {
        struct route *route = &site->routes[site->route_count];
        struct route_spec *now = arena_new(site->render->scratch, struct route_spec);
        *now = items[i].route;
        route_inherit(now, parent->now);
        *route = (struct route){
            .number = site->route_count++,
            .parent = parent,
            .path = &items[i],
            .own = &items[i].route,
            .now = now,
            .location = location_read(items[i].object.key->text),
            .span = items[i].object.key->span,
        };
        route->prefix = prefix_of(route);
        route->is_stripped = strips_whole(route);
        collect_paths(site, &items[i].paths, route);
        route->end = site->route_count;
    }
}

void site_routes_collect(struct site *site)
{
    const struct site_spec *spec = site->spec;
    site->routes =
        arena_array(site->render->scratch, count_paths(&spec->paths) + 1, sizeof(*site->routes));
    site->routes[0] = (struct route){
        .own = &spec->route,
        .now = &spec->route,
        .location = {LOCATION_PREFIX, "/"},
        .span = site->document->span,
    };
    site->route_count = 1;
    collect_paths(site, &spec->paths, &site->routes[0]);
    site->routes[0].end = site->route_count;
}

/* ---- Shared with the server ----------------------------------------------------------------- */

void site_body_max_render(struct site *site, const struct size_value *body_max)
{
    enum { KIBI = 1024, MEBI = 1024 * 1024 };
    unsigned long long bytes = body_max->bytes;
    nginx_at(site->nginx, site_span(site, body_max->node));
    nginx_begin(site->nginx, "client_max_body_size");
    if (bytes % MEBI == 0) {
        nginx_number(site->nginx, bytes / MEBI, "m");
    } else if (bytes % KIBI == 0) {
        nginx_number(site->nginx, bytes / KIBI, "k");
    } else {
        nginx_number(site->nginx, bytes, "");
    }
    nginx_end(site->nginx);
}

void site_charset_render(struct site *site, const struct route *route)
{
    static const char *const types[] = {
        "text/css",
        "text/plain",
        "text/xml",
        "text/javascript",
        "application/javascript",
        "application/json",
        "application/xml",
        "application/rss+xml",
    };
    const struct text_value *charset = &route->now->charset;
    bool is_new = route->own->charset.node != NULL || route->own->mime.count > 0;
    if (charset->text == NULL || !is_new) {
        return;
    }
    nginx_at(site->nginx, site_span(site, charset->node));
    nginx_begin(site->nginx, "charset");
    nginx_value(site->nginx, NGINX_STATIC, charset->text);
    nginx_end(site->nginx);
    site_text_types_render(site, route, "charset_types", types, sizeof(types) / sizeof(types[0]));
}

/* Beside text/html, which nginx always takes. */
void site_compress_render(struct site *site, const struct route *route)
{
    static const char *const types[] = {
        "text/plain",
        "text/css",
        "text/xml",
        "text/javascript",
        "application/javascript",
        "application/json",
        "application/manifest+json",
        "application/xml",
        "application/rss+xml",
        "application/wasm",
        "image/svg+xml",
    };
    const struct boolean_value *compress = &route->now->compress;
    nginx_at(site->nginx, site_span(site, compress->node));
    nginx_line(site->nginx, "gzip", compress->is_true ? "on" : "off", NULL);
    if (!compress->is_true) {
        return;
    }
    nginx_line(site->nginx, "gzip_vary", "on", NULL);
    nginx_line(site->nginx, "gzip_proxied", "any", NULL);
    nginx_line(site->nginx, "gzip_min_length", "1024", NULL);
    site_text_types_render(site, route, "gzip_types", types, sizeof(types) / sizeof(types[0]));
}

void acme_location_begin(struct nginx_text *nginx)
{
    nginx_begin(nginx, "location");
    nginx_word(nginx, "^~");
    nginx_word(nginx, "/.well-known/acme-challenge/");
    nginx_block(nginx);
}

void acme_location_end(struct nginx_text *nginx, const struct layout *layout)
{
    nginx_line(nginx, "default_type", "text/plain", NULL);
    nginx_begin(nginx, "alias");
    nginx_open(nginx);
    nginx_value(nginx, NGINX_STATIC, layout->acme_challenges);
    nginx_word(nginx, "/");
    nginx_close(nginx);
    nginx_end(nginx);
    nginx_block_end(nginx);
}

void acme_challenge_render(struct site *site)
{
    acme_location_begin(site->nginx);
    nginx_line(site->nginx, "allow", "all", NULL);
    if (!site->uses_tls) { /* the server that passwords are asked for in */
        site_auth_open(site);
    }
    acme_location_end(site->nginx, site->render->layout);
}

/* ---- Locations ------------------------------------------------------------------------------ */

/* Of a prefix that shall show dot files: it is taken before regular expressions are tried. */
static bool shows_dotfiles(const struct route *route)
{
    const struct boolean_value *own = &route->own->deny_dotfiles;
    return route->path != NULL && own->node != NULL && !own->is_true;
}

static void location_begin(struct site *site, const struct route *route)
{
    // clang-format off
    static const char *const signs[] = {
        [LOCATION_PREFIX]       = NULL,
        [LOCATION_EXACT]        = "=",
        [LOCATION_REGEX]        = "~",
        [LOCATION_REGEX_NOCASE] = "~*",
    };
    // clang-format on
    const char *sign = shows_dotfiles(route) ? "^~" : signs[route->location.match];
    nginx_at(site->nginx, route->span);
    nginx_begin(site->nginx, "location");
    if (sign != NULL) {
        nginx_word(site->nginx, sign);
    }
    nginx_value(site->nginx, NGINX_LITERAL,
                route->is_stripped ? route->prefix : route->location.pattern);
    nginx_block(site->nginx);
}

void site_dotfiles_render(struct site *site, const struct route *route)
{
    const struct boolean_value *deny = &route->now->deny_dotfiles;
    nginx_at(site->nginx, site_span(site, deny->node));
    nginx_begin(site->nginx, "location");
    nginx_word(site->nginx, "~");
    nginx_value(site->nginx, NGINX_LITERAL, "/\\.(?!well-known/)");
    nginx_block(site->nginx);
    nginx_line(site->nginx, "return", "404", NULL);
    nginx_block_end(site->nginx);
}

/* nginx takes a regular expression inside of a prefix before it looks at those around it. */
static bool has_regex_inside(const struct site *site, const struct route *route)
{
    for (size_t i = route->number + 1; i < route->end; i = site->routes[i].end) {
        if (route_is_regex(&site->routes[i])) {
            return true;
        }
    }
    return false;
}

/* What a path says beside who answers. */
static void path_fields_render(struct site *site, const struct route *route)
{
    const struct route_spec *own = route->own;
    if (route->path->internal.is_true) {
        nginx_at(site->nginx, site_span(site, route->path->internal.node));
        nginx_line(site->nginx, "internal", NULL);
    }
    if (own->body_max.node != NULL) {
        site_body_max_render(site, &own->body_max);
    }
    if (own->compress.node != NULL || own->mime.count > 0) {
        site_compress_render(site, route);
    }
    site_charset_render(site, route);
    site_mime_render(site, route);
}

/* "/api" stands for all below "/api/" when it is stripped, and leads there. */
static void bare_prefix_render(struct site *site, const struct route *route)
{
    const char *pattern = route->location.pattern;
    if (!route->is_stripped || text_ends_with(pattern, "/")) {
        return;
    }
    for (size_t i = 1; i < site->route_count; i++) {
        const struct location *other = &site->routes[i].location;
        if (site->routes[i].parent == route->parent && other->match == LOCATION_EXACT &&
            strcmp(other->pattern, pattern) == 0) {
            return; /* it has an answer of its own */
        }
    }
    nginx_at(site->nginx, route->span);
    nginx_begin(site->nginx, "location");
    nginx_word(site->nginx, "=");
    nginx_value(site->nginx, NGINX_LITERAL, pattern);
    nginx_block(site->nginx);
    nginx_begin(site->nginx, "return");
    nginx_word(site->nginx, "308");
    nginx_open(site->nginx);
    nginx_value(site->nginx, NGINX_EVALUATED, pattern);
    nginx_word(site->nginx, "/$is_args$args");
    nginx_close(site->nginx);
    nginx_end(site->nginx);
    nginx_block_end(site->nginx);
}

static void inner_render(struct site *site, const struct route *route)
{
    for (size_t i = route->number + 1; i < route->end; i = site->routes[i].end) {
        site_route_render(site, &site->routes[i]);
    }
}

/* Where what the site says of dot files does not count. */
static void inner_dotfiles_render(struct site *site, const struct route *route)
{
    const struct route_spec *now = route->now;
    bool is_php = now->handler == ROUTE_PHP && route->location.match != LOCATION_EXACT;
    bool is_new = route->path != NULL && route->own->deny_dotfiles.is_true &&
                  !route->parent->now->deny_dotfiles.is_true;
    bool has_regex = is_php || (route->path != NULL && has_regex_inside(site, route));
    if (is_new || (now->deny_dotfiles.is_true && has_regex)) {
        site_dotfiles_render(site, route);
    }
}

static void rules_render(struct site *site, const struct route *route,
                         void (*headers)(struct site *site, const struct route *route))
{
    site_rewrite_route(site, route);
    headers(site, route);
    site_log_route(site, route);
    site_when_route(site, route);
    site_cors_route(site, route);
    site_limits_route(site, route);
    site_auth_route(site, route);
    site_errors_route(site, route);
    site_maintenance_route(site, route);
    if (route->path != NULL) {
        path_fields_render(site, route);
    }
}

void site_rules_render(struct site *site, const struct route *route)
{
    rules_render(site, route, site_headers_route);
}

void site_program_rules_render(struct site *site, const struct route *route)
{
    rules_render(site, route, site_headers_program);
}

void site_script_rules_render(struct site *site, const struct route *route)
{
    rules_render(site, route, site_headers_script);
}

void site_route_render(struct site *site, const struct route *route)
{
    bare_prefix_render(site, route);
    location_begin(site, route);
    site_rules_render(site, route);
    inner_dotfiles_render(site, route);
    if (handlers[route->now->handler] != NULL) {
        handlers[route->now->handler](site, route);
    }
    if (route->path != NULL) {
        if (route->own->raw.text != NULL) {
            nginx_raw(site->nginx, route->own->raw.text, site_span(site, route->own->raw.node));
        }
        inner_render(site, route);
    }
    nginx_at(site->nginx, route->span);
    nginx_block_end(site->nginx);
}

void site_routes_render(struct site *site)
{
    if (site->spec->route.deny_dotfiles.is_true) {
        site_dotfiles_render(site, &site->routes[0]);
    }
    site_errors_locations(site);
    site_route_render(site, &site->routes[0]);
    inner_render(site, &site->routes[0]);
    for (size_t i = 0; i < site->route_count; i++) {
        site_answer_behind(site, &site->routes[i]);
        site_fallback_behind(site, &site->routes[i]);
    }
    site_when_behind(site);
    site_auth_behind(site);
}
