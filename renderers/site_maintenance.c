/* Maintenance: whoever is not allowed gets 503 with a page and Retry-After. Who that is, is decided
 * by a variable at http level, since `return` comes before nginx asks who may come. The path that
 * is probed stays open, as challenges of certificate issuers do, which have a location of their
 * own. */

#include <time.h>

#include "base/text.h"
#include "renderers/site.h"

enum { DATE_SIZE = 40 };

static bool is_on(const struct route *route)
{
    return route->own->maintenance->object.node != NULL && route->own->maintenance->on.is_true;
}

/* The route that says so. */
static const struct route *origin_of(const struct route *route)
{
    const struct node *node = route->now->maintenance->object.node;
    while (route->path != NULL && route->own->maintenance->object.node != node) {
        route = route->parent;
    }
    return route;
}

bool route_is_maintained(const struct route *route)
{
    return route->now->maintenance->object.node != NULL && route->now->maintenance->on.is_true;
}

/* "rc_TYPE_..." of the route that says so. */
static const char *variable_of(const struct site *site, const struct route *route, const char *type)
{
    const char *key = route_key(route);
    return arena_printf(
        site->arena, "$%s",
        site_variable(site, type, arena_printf(site->arena, "%zu%s", route->number, key)));
}

/* Seconds, or a date of RFC 9110. */
static const char *retry_text(const struct site *site, const struct maintenance_spec *maintenance)
{
    int64_t seconds = 0;
    if (maintenance->until.text == NULL || !value_read_date(maintenance->until.text, &seconds)) {
        return arena_printf(site->arena, "%lld",
                            (long long)(maintenance->retry_after.milliseconds / 1000));
    }
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t at = (time_t)seconds;
    struct tm tm = {0};
    if (gmtime_r(&at, &tm) == NULL) {
        return "600";
    }
    return arena_printf(site->arena, "%s, %02d %s %d %02d:%02d:%02d GMT", days[tm.tm_wday],
                        tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                        tm.tm_sec);
}

/* ---- http level ----------------------------------------------------------------------------- */

static bool stands_earlier(const struct text_list *list, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(list->items[i].text, list->items[index].text) == 0) {
            return true;
        }
    }
    return false;
}

/* 1 for those who are turned away. */
static void clients_render(struct site *site, const struct route *route)
{
    struct nginx_text *nginx = site->nginx;
    const struct text_list *allow = &route->own->maintenance->allow;
    nginx_at(nginx, site_span(site, route->own->maintenance->object.node));
    nginx_table(nginx, "geo", NULL, variable_of(site, route, "closed"));
    nginx_line(nginx, "default", "1", NULL);
    for (size_t i = 0; i < allow->count; i++) {
        if (stands_earlier(allow, i)) {
            continue; /* nginx would warn */
        }
        nginx_at(nginx, site_span(site, allow->items[i].node));
        nginx_begin_value(nginx, NGINX_LITERAL, allow->items[i].text);
        nginx_word(nginx, "0");
        nginx_end(nginx);
    }
    nginx_at(nginx, site_span(site, route->own->maintenance->object.node));
    nginx_block_end(nginx);
}

/* The header is for those who are turned away; a program's own one reaches the others. */
static void retry_render(struct site *site, const struct route *route)
{
    struct nginx_text *nginx = site->nginx;
    nginx_table(nginx, "map", variable_of(site, route, "closed"),
                variable_of(site, route, "retry"));
    nginx_begin(nginx, "1");
    nginx_value(nginx, NGINX_LITERAL, retry_text(site, route->own->maintenance));
    nginx_end(nginx);
    nginx_line(nginx, "default", "$upstream_http_retry_after", NULL);
    nginx_block_end(nginx);
}

/* A path that is probed. It is what the client asked for, so that it is the same however nginx goes
 * on from there. */
static void open_path_render(struct site *site, const char *path)
{
    if (path == NULL) {
        return;
    }
    nginx_begin_value(site->nginx, NGINX_LITERAL,
                      arena_printf(site->arena, "~^1%s(\\?|\\z)", regex_escape(site->arena, path)));
    nginx_word(site->nginx, "0");
    nginx_end(site->nginx);
}

static void open_render(struct site *site, const struct route *route)
{
    struct nginx_text *nginx = site->nginx;
    if (!site_has_probes(site)) {
        return;
    }
    const char *closed = variable_of(site, route, "closed");
    nginx_table(nginx, "map", arena_printf(site->arena, "%s$request_uri", closed),
                variable_of(site, route, "away"));
    for (size_t i = 0; i < site->route_count; i++) {
        open_path_render(site, site_probe_path(site, &site->routes[i]));
    }
    nginx_line(nginx, "~^1", "1", NULL);
    nginx_line(nginx, "default", "0", NULL);
    nginx_block_end(nginx);
}

void site_maintenance_http(struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        if (is_on(&site->routes[i])) {
            clients_render(site, &site->routes[i]);
            retry_render(site, &site->routes[i]);
            open_render(site, &site->routes[i]);
        }
    }
}

/* ---- Location ------------------------------------------------------------------------------- */

const char *site_maintenance_retry(const struct site *site, const struct route *route)
{
    return variable_of(site, origin_of(route), "retry");
}

void site_maintenance_route(struct site *site, const struct route *route)
{
    if (!route_is_maintained(route)) {
        return;
    }
    struct nginx_text *nginx = site->nginx;
    const char *type = site_has_probes(site) ? "away" : "closed";
    nginx_at(nginx, site_span(site, route->now->maintenance->object.node));
    nginx_begin(nginx, "if");
    nginx_word(nginx, arena_printf(site->arena, "(%s)", variable_of(site, origin_of(route), type)));
    nginx_block(nginx);
    nginx_line(nginx, "return", "503", NULL);
    nginx_block_end(nginx);
}
