/* Who may come, and how often: rate and connection limits, allow and deny.
 *
 * A zone of nginx keeps what it counts across reloads, and a reload fails when a zone of the same
 * name counts by something else: so a name is made from what is counted. Limits by path are looked
 * up in the path as it came in ($rc_uri), before anything rewrites it, and hold in every location.
 */

#include "renderers/site.h"

static const char zone_size[] = "1m"; /* some 16,000 clients */

/* ---- Zones ---------------------------------------------------------------------------------- */

static const char *rate_zone(const struct site *site, const char *path)
{
    return site_zone(site, "rate", path);
}

static const char *connection_zone(const struct site *site, const struct route *route)
{
    return site_zone(site, "connections", route_key(route));
}

/* Of a limit in the site's map; "" for the whole site. */
static const char *limit_path(const struct rate_limit_spec *limit)
{
    return limit->object.key == NULL ? "" : limit->object.key->text;
}

static void rate_zone_render(struct site *site, const struct rate_limit_spec *limit,
                             const char *zone, const char *key)
{
    bool is_per_second = limit->rate.per_seconds == 1;
    unsigned per_hour = limit->rate.per_seconds == 3600 ? 60 : 1;
    nginx_at(site->nginx, site_span(site, limit->rate.node));
    nginx_begin(site->nginx, "limit_req_zone");
    nginx_word(site->nginx, key);
    nginx_word(site->nginx, arena_printf(site->arena, "zone=%s:%s", zone, zone_size));
    nginx_word(site->nginx, arena_printf(site->arena, "rate=%ur/%s", limit->rate.count / per_hour,
                                         is_per_second ? "s" : "m"));
    nginx_end(site->nginx);
}

/* The pattern that a map compares with the path: maps ignore case in plain texts, so that each
 * becomes a regular expression. */
static const char *path_pattern(const struct site *site, const char *key)
{
    struct location location = location_read(key);
    const char *escaped = regex_escape(site->arena, location.pattern);
    switch (location.match) {
    case LOCATION_PREFIX:
        return arena_printf(site->arena, "~^%s", escaped);
    case LOCATION_EXACT:
        return arena_printf(site->arena, "~^%s\\z", escaped);
    case LOCATION_REGEX:
        return arena_printf(site->arena, "~%s", location.pattern);
    case LOCATION_REGEX_NOCASE:
        return arena_printf(site->arena, "~*%s", location.pattern);
    }
    return NULL;
}

/* The client's address on that path; empty, which is not counted, elsewhere. */
static void path_key_render(struct site *site, const struct rate_limit_spec *limit,
                            const char *variable)
{
    nginx_at(site->nginx, site_span(site, limit->object.key));
    nginx_table(site->nginx, "map", "$rc_uri", variable);
    nginx_begin_value(site->nginx, NGINX_LITERAL, path_pattern(site, limit->object.key->text));
    nginx_word(site->nginx, "$binary_remote_addr");
    nginx_end(site->nginx);
    nginx_line(site->nginx, "default", "\"\"", NULL);
    nginx_block_end(site->nginx);
}

static void site_rates_http(struct site *site)
{
    const struct rate_limit_spec *limits = site->spec->rate_limit.items;
    for (size_t i = 0; i < site->spec->rate_limit.count; i++) {
        const char *zone = rate_zone(site, limit_path(&limits[i]));
        const char *key = "$binary_remote_addr";
        if (limits[i].object.key != NULL) {
            key = arena_printf(site->arena, "$%s",
                               site_variable(site, "rate", limit_path(&limits[i])));
            path_key_render(site, &limits[i], key);
        }
        rate_zone_render(site, &limits[i], zone, key);
    }
}

static bool has_rate(const struct rate_limit_spec *limit)
{
    return limit->rate.per_seconds > 0;
}

/* A path's own limit beside one of the site's map for the same path. */
static const char *route_zone(const struct site *site, const struct route *route)
{
    return site_zone(site, "path", route->path->object.key->text);
}

static void connection_zone_render(struct site *site, const struct route *route)
{
    const struct integer_value *limit = &route->own->connection_limit;
    if (limit->number == 0) {
        return;
    }
    nginx_at(site->nginx, site_span(site, limit->node));
    nginx_begin(site->nginx, "limit_conn_zone");
    nginx_word(site->nginx, "$binary_remote_addr");
    nginx_word(site->nginx,
               arena_printf(site->arena, "zone=%s:%s", connection_zone(site, route), zone_size));
    nginx_end(site->nginx);
}

void site_limits_http(struct site *site)
{
    site_rates_http(site);
    for (size_t i = 0; i < site->route_count; i++) {
        const struct route *route = &site->routes[i];
        connection_zone_render(site, route);
        if (route->path != NULL && has_rate(&route->path->rate_limit)) {
            rate_zone_render(site, &route->path->rate_limit, route_zone(site, route),
                             "$binary_remote_addr");
        }
    }
}

/* ---- Limits --------------------------------------------------------------------------------- */

static void rate_render(struct site *site, const struct rate_limit_spec *limit, const char *zone)
{
    int64_t burst = limit->burst.number > 0 ? limit->burst.number : 2 * (int64_t)limit->rate.count;
    nginx_at(site->nginx, site_span(site, limit->rate.node));
    nginx_begin(site->nginx, "limit_req");
    nginx_word(site->nginx, arena_printf(site->arena, "zone=%s", zone));
    nginx_word(site->nginx, arena_printf(site->arena, "burst=%lld", (long long)burst));
    nginx_word(site->nginx, "nodelay");
    nginx_end(site->nginx);
}

static void site_rates_render(struct site *site)
{
    const struct rate_limit_spec *limits = site->spec->rate_limit.items;
    for (size_t i = 0; i < site->spec->rate_limit.count; i++) {
        rate_render(site, &limits[i], rate_zone(site, limit_path(&limits[i])));
    }
}

static void connections_render(struct site *site, const struct route *route)
{
    const struct integer_value *limit = &route->own->connection_limit;
    if (limit->number > 0) {
        nginx_at(site->nginx, site_span(site, limit->node));
        nginx_begin(site->nginx, "limit_conn");
        nginx_word(site->nginx, connection_zone(site, route));
        nginx_number(site->nginx, (unsigned long long)limit->number, "");
        nginx_end(site->nginx);
    }
}

/* ---- Access --------------------------------------------------------------------------------- */

static bool is_all(const struct text_value *client)
{
    return strcmp(client->text, "all") == 0;
}

static bool has_all(const struct text_list *clients)
{
    for (size_t i = 0; i < clients->count; i++) {
        if (is_all(&clients->items[i])) {
            return true;
        }
    }
    return false;
}

static bool access_is_written(const struct route_spec *route)
{
    return route->allow.node != NULL || route->deny.node != NULL;
}

static void access_list_render(struct site *site, const char *directive,
                               const struct text_list *list, bool with_all)
{
    for (size_t i = 0; i < list->count; i++) {
        if (with_all || !is_all(&list->items[i])) {
            nginx_at(site->nginx, site_span(site, list->items[i].node));
            nginx_begin(site->nginx, directive);
            nginx_value(site->nginx, NGINX_STATIC, list->items[i].text);
            nginx_end(site->nginx);
        }
    }
}

/* nginx takes the first rule that matches. */
static void access_render(struct site *site, const struct route_spec *route)
{
    bool denies_rest = !has_all(&route->allow) && (route->allow.count > 0 || has_all(&route->deny));
    access_list_render(site, "deny", &route->deny, false);
    access_list_render(site, "allow", &route->allow, true);
    if (denies_rest) {
        nginx_line(site->nginx, "deny", "all", NULL);
    }
}

/* Numbers of nginx are for the host itself, unless a path that shows them says for whom. */
static bool is_local(const struct route *route)
{
    if (route->now->handler != ROUTE_STATUS) {
        return false;
    }
    while (route->own->allow.count == 0 && route->own->handler == ROUTE_INHERITED) {
        route = route->parent;
    }
    return route->own->allow.count == 0;
}

static void local_access_render(struct site *site, const struct route *route)
{
    const struct text_list *deny = &route->now->deny;
    access_list_render(site, "deny", deny, false);
    nginx_at(site->nginx, site_span(site, route->now->nginx_status.node));
    if (!has_all(deny)) {
        nginx_line(site->nginx, "allow", "127.0.0.0/8", NULL);
        nginx_line(site->nginx, "allow", "::1", NULL);
    }
    nginx_line(site->nginx, "deny", "all", NULL);
}

/* ---- Public --------------------------------------------------------------------------------- */

bool site_has_limits(const struct site *site)
{
    bool has_limits = site->spec->rate_limit.count > 0;
    for (size_t i = 0; i < site->route_count; i++) {
        const struct route *route = &site->routes[i];
        has_limits |= route->own->connection_limit.number > 0 ||
                      (route->path != NULL && has_rate(&route->path->rate_limit));
    }
    return has_limits;
}

void site_limits_server(struct site *site)
{
    struct nginx_text *nginx = site->nginx;
    if (site->spec->rate_limit.count > 0) {
        nginx_at(nginx, site_span(site, site->spec->rate_limit.node));
        nginx_line(nginx, "set", "$rc_uri", "$uri", NULL);
    }
    if (site_has_limits(site)) {
        nginx_at(nginx, site->document->span);
        nginx_line(nginx, "limit_req_status", "429", NULL);
        nginx_line(nginx, "limit_conn_status", "429", NULL);
    }
    site_rates_render(site);
    connections_render(site, &site->routes[0]);
    access_render(site, &site->spec->route);
}

void site_limits_stream_zones(struct site *site)
{
    connection_zone_render(site, &site->routes[0]);
}

void site_limits_stream(struct site *site)
{
    connections_render(site, &site->routes[0]);
    access_render(site, &site->spec->route);
}

/* The limits of a path count for what is inside of it, too; a list here replaces the one around. */
static void path_rates_render(struct site *site, const struct route *route)
{
    for (const struct route *at = route; at->path != NULL; at = at->parent) {
        if (has_rate(&at->path->rate_limit)) {
            rate_render(site, &at->path->rate_limit, route_zone(site, at));
        }
    }
}

void site_limits_route(struct site *site, const struct route *route)
{
    if (is_local(route)) {
        local_access_render(site, route);
    }
    if (route->path == NULL) {
        return; /* the server says it */
    }
    if (has_rate(&route->path->rate_limit)) {
        site_rates_render(site);
        path_rates_render(site, route);
    }
    connections_render(site, route);
    if (access_is_written(route->own) && !is_local(route)) {
        access_render(site, route->own);
    }
}

bool route_is_guarded(const struct site *site, const struct route *route)
{
    const struct route_spec *now = route->now;
    for (const struct route *at = route; at->path != NULL; at = at->parent) {
        if (has_rate(&at->path->rate_limit)) {
            return true;
        }
    }
    return now->allow.count > 0 || now->deny.count > 0 || now->connection_limit.number > 0 ||
           site->spec->rate_limit.count > 0 || auth_has_basic(now->auth) ||
           auth_has_forward(now->auth);
}
