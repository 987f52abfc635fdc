/* The locations of a site: one for each path, one for what begins with a dot. */

#include "renderers/site.h"

// clang-format off
/* A handler has one row here; site_answer.c has two of them. */
static void (*const handlers[])(struct site *site, const struct route *route) = {
    [ROUTE_PROXY]    = site_proxy_route,
    [ROUTE_ROOT]     = site_files_route,
    [ROUTE_REDIRECT] = site_answer_route,
    [ROUTE_RESPOND]  = site_answer_route,
};
// clang-format on

/* ---- Routes --------------------------------------------------------------------------------- */

bool route_has_prefix(const struct route *route)
{
    return route->path != NULL && route->path->strip_prefix.is_true;
}

const char *route_prefix(struct arena *arena, const struct route *route)
{
    const char *pattern = route->location.pattern;
    return text_ends_with(pattern, "/") ? pattern : arena_printf(arena, "%s/", pattern);
}

void site_routes_collect(struct site *site)
{
    const struct site_spec *spec = site->spec;
    site->route_count = spec->paths.count + 1;
    site->routes = arena_array(site->arena, site->route_count, sizeof(*site->routes));
    site->routes[0] = (struct route){
        .own = &spec->route,
        .answer = &spec->route,
        .location = {LOCATION_PREFIX, "/"},
        .span = site->document->span,
    };
    const struct path_spec *paths = spec->paths.items;
    for (size_t i = 0; i < spec->paths.count; i++) {
        const struct route_spec *own = &paths[i].route;
        site->routes[i + 1] = (struct route){
            .number = i + 1,
            .path = &paths[i],
            .own = own,
            .answer = own->handler == ROUTE_INHERITED ? &spec->route : own,
            .location = location_read(paths[i].object.key->text),
            .span = paths[i].object.key->span,
        };
    }
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

/* Beside text/html, which nginx always takes. */
void site_compress_render(struct site *site, const struct boolean_value *compress)
{
    nginx_at(site->nginx, site_span(site, compress->node));
    nginx_line(site->nginx, "gzip", compress->is_true ? "on" : "off", NULL);
    if (!compress->is_true) {
        return;
    }
    nginx_line(site->nginx, "gzip_vary", "on", NULL);
    nginx_line(site->nginx, "gzip_proxied", "any", NULL);
    nginx_line(site->nginx, "gzip_min_length", "1024", NULL);
    nginx_line(site->nginx, "gzip_types", "text/plain", "text/css", "text/xml", "text/javascript",
               "application/javascript", "application/json", "application/manifest+json",
               "application/xml", "application/rss+xml", "application/wasm", "image/svg+xml", NULL);
}

void acme_challenge_render(struct nginx_text *nginx, const struct layout *layout)
{
    nginx_begin(nginx, "location");
    nginx_word(nginx, "^~");
    nginx_word(nginx, "/.well-known/acme-challenge/");
    nginx_block(nginx);
    nginx_line(nginx, "allow", "all", NULL);
    nginx_line(nginx, "default_type", "text/plain", NULL);
    nginx_begin(nginx, "alias");
    nginx_open(nginx);
    nginx_value(nginx, NGINX_STATIC, layout->acme_challenges);
    nginx_word(nginx, "/");
    nginx_close(nginx);
    nginx_end(nginx);
    nginx_block_end(nginx);
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
                route_has_prefix(route) ? route_prefix(site->arena, route)
                                        : route->location.pattern);
    nginx_block(site->nginx);
}

static void dotfiles_render(struct site *site, const struct boolean_value *deny)
{
    nginx_at(site->nginx, site_span(site, deny->node));
    nginx_begin(site->nginx, "location");
    nginx_word(site->nginx, "~");
    nginx_value(site->nginx, NGINX_LITERAL, "/\\.(?!well-known/)");
    nginx_block(site->nginx);
    nginx_line(site->nginx, "return", "404", NULL);
    nginx_block_end(site->nginx);
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
    if (own->compress.node != NULL) {
        site_compress_render(site, &own->compress);
    }
    if (own->deny_dotfiles.is_true && !site->spec->route.deny_dotfiles.is_true) {
        dotfiles_render(site, &own->deny_dotfiles);
    }
}

/* "/api" stands for all below "/api/" when it is stripped, and leads there. */
static void bare_prefix_render(struct site *site, const struct route *route)
{
    const char *pattern = route->location.pattern;
    if (!route_has_prefix(route) || text_ends_with(pattern, "/")) {
        return;
    }
    for (size_t i = 1; i < site->route_count; i++) {
        const struct location *other = &site->routes[i].location;
        if (other->match == LOCATION_EXACT && strcmp(other->pattern, pattern) == 0) {
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

static void route_render(struct site *site, const struct route *route)
{
    bare_prefix_render(site, route);
    location_begin(site, route);
    site_headers_route(site, route);
    site_limits_route(site, route);
    if (route->path != NULL) {
        path_fields_render(site, route);
    }
    enum route_handler handler = route->answer->handler;
    if (handlers[handler] != NULL) {
        handlers[handler](site, route);
    }
    if (route->path != NULL && route->own->raw.text != NULL) {
        nginx_raw(site->nginx, route->own->raw.text, site_span(site, route->own->raw.node));
    }
    nginx_at(site->nginx, route->span);
    nginx_block_end(site->nginx);
    site_answer_behind(site, route);
}

void site_routes_render(struct site *site)
{
    if (site->spec->route.deny_dotfiles.is_true) {
        dotfiles_render(site, &site->spec->route.deny_dotfiles);
    }
    for (size_t i = 0; i < site->route_count; i++) {
        route_render(site, &site->routes[i]);
    }
}
