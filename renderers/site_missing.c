/* What is done where no file is found: a program answers, or the request is sent on. Either stands
 * in a named location, to which try_files leads, behind all that the route asks of a request. */

#include "renderers/site.h"

static bool has_files_first(const struct route *route)
{
    return route->target != NULL && route->now->files.text != NULL;
}

static bool sends_on(const struct route *route)
{
    return route->now->handler == ROUTE_ROOT && route->now->rewrite_missing.count > 0;
}

const char *site_fallback(const struct site *site, const struct route *route)
{
    return has_files_first(route) || sends_on(route)
               ? arena_printf(site->arena, "@missing_%zu", route->number)
               : NULL;
}

bool site_has_fallback(const struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        if (site_fallback(site, &site->routes[i]) != NULL) {
            return true;
        }
    }
    return false;
}

void site_files_first_render(struct site *site, const struct route *route)
{
    struct nginx_text *nginx = site->nginx;
    nginx_at(nginx, site_span(site, route->now->files.node));
    nginx_begin(nginx, "root");
    nginx_value(nginx, NGINX_STATIC, route->now->files.text);
    nginx_end(nginx);
    if (route->now->try.count > 0) {
        site_try_render(site, route);
    } else {
        nginx_line(nginx, "try_files", "$uri", site_fallback(site, route), NULL);
    }
}

/* Once: a target that is no file either would lead here for ever. */
static void send_on_render(struct site *site, const struct route *route)
{
    struct nginx_text *nginx = site->nginx;
    nginx_begin(nginx, "if");
    nginx_word(nginx, "($rc_missed)");
    nginx_block(nginx);
    nginx_line(nginx, "return", "404", NULL);
    nginx_block_end(nginx);
    nginx_line(nginx, "set", "$rc_missed", "1", NULL);
    site_rewrite_rules(site, &route->now->rewrite_missing);
    nginx_at(nginx, route->span);
    nginx_line(nginx, "return", "404", NULL);
}

void site_fallback_behind(struct site *site, const struct route *route)
{
    const char *name = site_fallback(site, route);
    if (name == NULL) {
        return;
    }
    nginx_at(site->nginx, route->span);
    nginx_begin(site->nginx, "location");
    nginx_word(site->nginx, name);
    nginx_block(site->nginx);
    if (has_files_first(route)) {
        site_program_rules_render(site, route);
        site_program_render(site, route);
    } else {
        site_headers_route(site, route);
        site_errors_route(site, route);
        send_on_render(site, route);
    }
    nginx_at(site->nginx, route->span);
    nginx_block_end(site->nginx);
}
