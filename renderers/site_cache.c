/* Answers of programs that nginx keeps. Each place that says response_cache has a folder and a zone
 * of its own, for each protocol. nginx refuses a reload in which a zone has another folder than
 * before, so that the zone's name is made from the folder.
 *
 * nginx itself keeps no answer that sets a cookie, and heeds Cache-Control, Expires and Vary; what
 * a request with Authorization gets it would give to others. */

#include "base/text.h"
#include "renderers/site.h"

static const char zone_size[] = "10m"; /* some 80,000 answers */

/* Where the cache's own folders stand, which nginx makes. */
const char *cache_folder(struct arena *arena, const struct layout *layout)
{
    return arena_printf(arena, "%s/reconcile", layout->nginx_cache);
}

static bool can_cache(enum route_handler handler)
{
    return handler == ROUTE_PROXY || handler == ROUTE_FASTCGI || handler == ROUTE_UWSGI ||
           handler == ROUTE_PHP;
}

static bool is_cached(const struct route *route)
{
    const struct response_cache_spec *cache = route->now->response_cache;
    return cache->object.node != NULL && cache->on.is_true && can_cache(route->now->handler);
}

/* The route that says so. */
static const struct route *origin_of(const struct route *route)
{
    const struct node *node = route->now->response_cache->object.node;
    while (route->path != NULL && route->own->response_cache->object.node != node) {
        route = route->parent;
    }
    return route;
}

static const char *key_of(const struct route *origin)
{
    return route_key(origin);
}

/* "/var/cache/nginx/reconcile/proxy_shop.example.com_1f2e3d4c5b_6a7b8c9d" */
static const char *folder_of(const struct site *site, const struct route *route)
{
    const char *protocol = pass_directive(site, route->now->handler, "cache");
    return arena_printf(site->arena, "%s/%s", cache_folder(site->arena, site->render->layout),
                        site_zone(site, protocol, key_of(origin_of(route))));
}

static const char *zone_of(const struct site *site, const struct route *route)
{
    return site_zone(site, "cache", folder_of(site, route));
}

/* ---- What goes past it ---------------------------------------------------------------------- */

static const char *variable_of(const struct site *site, const struct route *origin,
                               const char *type)
{
    return arena_printf(
        site->arena, "$%s",
        site_variable(site, type,
                      arena_printf(site->arena, "%zu%s", origin->number, key_of(origin))));
}

/* "~(?:^|; *)session=" */
static const char *cookie_pattern(const struct site *site, const char *name)
{
    size_t length = strlen(name);
    bool is_open = length > 0 && name[length - 1] == '*';
    const char *bare = arena_strndup(site->arena, name, length - (is_open ? 1 : 0));
    return arena_printf(site->arena, "~(?:^|; *)%s%s", regex_escape(site->arena, bare),
                        is_open ? "" : "=");
}

static const char *query_pattern(const struct site *site, const char *name)
{
    return arena_printf(site->arena, "~(?:^|&)%s(?:=|&|\\z)", regex_escape(site->arena, name));
}

static void names_render(struct site *site, const struct text_list *names, const char *from,
                         const char *to,
                         const char *(*pattern)(const struct site *site, const char *name))
{
    if (names->count == 0) {
        return;
    }
    nginx_at(site->nginx, site_span(site, names->node));
    nginx_table(site->nginx, "map", from, to);
    nginx_line(site->nginx, "default", "\"\"", NULL);
    for (size_t i = 0; i < names->count; i++) {
        nginx_at(site->nginx, site_span(site, names->items[i].node));
        nginx_begin_value(site->nginx, NGINX_LITERAL, pattern(site, names->items[i].text));
        nginx_word(site->nginx, "1");
        nginx_end(site->nginx);
    }
    nginx_at(site->nginx, site_span(site, names->node));
    nginx_block_end(site->nginx);
}

static void bypass_render(struct site *site, const struct route *route, const char *directive)
{
    const struct cache_bypass_spec *bypass = &route->now->response_cache->bypass;
    const struct route *origin = origin_of(route);
    nginx_begin(site->nginx, directive);
    nginx_word(site->nginx, "$http_authorization");
    if (route->now->handler == ROUTE_PROXY && route->now->websockets.is_true) {
        nginx_word(site->nginx, "$rc_upgrade"); /* else the lock would make websockets wait */
    }
    if (bypass->cookies.count > 0) {
        nginx_word(site->nginx, variable_of(site, origin, "cookie"));
    }
    if (bypass->queries.count > 0) {
        nginx_word(site->nginx, variable_of(site, origin, "query"));
    }
    for (size_t i = 0; i < bypass->headers.count; i++) {
        nginx_word(site->nginx,
                   header_variable(site->arena, "$http_", bypass->headers.items[i].text));
    }
    nginx_end(site->nginx);
}

/* ---- http level ----------------------------------------------------------------------------- */

static void path_render(struct site *site, const struct route *route)
{
    struct nginx_text *nginx = site->nginx;
    const struct response_cache_spec *cache = route->now->response_cache;
    nginx_at(nginx, site_span(site, cache->object.node));
    nginx_begin(nginx, pass_directive(site, route->now->handler, "cache_path"));
    nginx_value(nginx, NGINX_STATIC, folder_of(site, route));
    nginx_word(nginx, "levels=1:2");
    nginx_word(nginx,
               arena_printf(site->arena, "keys_zone=%s:%s", zone_of(site, route), zone_size));
    nginx_word(nginx,
               arena_printf(site->arena, "max_size=%llu", (unsigned long long)cache->size.bytes));
    nginx_word(nginx, arena_printf(site->arena, "inactive=%llds",
                                   (long long)(cache->unused.milliseconds / 1000)));
    nginx_word(nginx, "use_temp_path=off");
    nginx_end(nginx);
}

/* An earlier route has the same folder. */
static bool stands_earlier(const struct site *site, const struct route *route)
{
    for (size_t i = 0; i < route->number; i++) {
        const struct route *other = &site->routes[i];
        if (is_cached(other) && other->now->handler == route->now->handler &&
            origin_of(other) == origin_of(route)) {
            return true;
        }
    }
    return false;
}

void site_cache_http(struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        const struct route *route = &site->routes[i];
        const struct response_cache_spec *own = route->own->response_cache;
        if (own->object.node != NULL && own->on.is_true) {
            names_render(site, &own->bypass.cookies, "$http_cookie",
                         variable_of(site, route, "cookie"), cookie_pattern);
            names_render(site, &own->bypass.queries, "$args", variable_of(site, route, "query"),
                         query_pattern);
        }
        if (is_cached(route) && !stands_earlier(site, route)) {
            site->render->uses->response_cache = true;
            path_render(site, route);
        }
    }
}

/* ---- Location ------------------------------------------------------------------------------- */

static void line_render(struct site *site, const struct route *route, const char *rest,
                        const char *word)
{
    nginx_line(site->nginx, pass_directive(site, route->now->handler, rest), word, NULL);
}

/* "301 302" -> two arguments, then the time. */
static void ages_render(struct site *site, const struct route *route)
{
    const struct object_list *list = &route->now->response_cache->age;
    const struct response_age_spec *ages = list->items;
    for (size_t i = 0; i < list->count; i++) {
        nginx_at(site->nginx, site_span(site, ages[i].age.node));
        nginx_begin(site->nginx, pass_directive(site, route->now->handler, "cache_valid"));
        if (ages[i].object.key != NULL) {
            nginx_word(site->nginx, ages[i].object.key->text); /* digits and spaces, or any */
        }
        site_duration(site->nginx, ages[i].age.milliseconds);
        nginx_end(site->nginx);
    }
}

/* The host is part of it, since a site may have several; and for protocols other than HTTP the
 * method, since nginx passes HEAD on to those as it is. */
static void key_render(struct site *site, const struct route *route)
{
    nginx_begin(site->nginx, pass_directive(site, route->now->handler, "cache_key"));
    nginx_open(site->nginx);
    if (route->now->handler != ROUTE_PROXY) {
        nginx_word(site->nginx, "$request_method ");
    }
    nginx_word(site->nginx, site_forwarded_proto(site));
    nginx_word(site->nginx, "://$host$rc_port$request_uri");
    nginx_close(site->nginx);
    nginx_end(site->nginx);
}

static void stale_render(struct site *site, const struct route *route)
{
    nginx_at(site->nginx, site_span(site, route->now->response_cache->stale.node));
    nginx_line(site->nginx, pass_directive(site, route->now->handler, "cache_use_stale"), "error",
               "timeout", "updating", "http_500", "http_503", NULL);
    line_render(site, route, "cache_background_update", "on");
}

void site_cache_route(struct site *site, const struct route *route)
{
    const struct response_cache_spec *cache = route->now->response_cache;
    nginx_at(site->nginx, site_span(site, cache->object.node));
    if (!is_cached(route)) {
        if (route->parent != NULL && is_cached(route->parent) && can_cache(route->now->handler)) {
            line_render(site, route, "cache", "off");
        }
        return;
    }
    line_render(site, route, "cache", zone_of(site, route));
    key_render(site, route);
    ages_render(site, route);
    nginx_at(site->nginx, site_span(site, cache->object.node));
    bypass_render(site, route, pass_directive(site, route->now->handler, "cache_bypass"));
    bypass_render(site, route, pass_directive(site, route->now->handler, "no_cache"));
    line_render(site, route, "cache_revalidate", "on");
    if (cache->stale.is_true) {
        stale_render(site, route);
    }
    if (cache->lock.is_true) {
        nginx_at(site->nginx, site_span(site, cache->lock.node));
        line_render(site, route, "cache_lock", "on");
    }
}
