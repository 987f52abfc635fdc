/* What is changed in the answers of programs that speak HTTP: where cookies hold, and where
 * redirects lead. nginx takes the lists of the nearest place that has any, so that each is whole.
 */

#include "renderers/site.h"

static void pairs_render(struct site *site, const struct text_map *map, const char *directive,
                         enum nginx_context context)
{
    for (size_t i = 0; i < map->count; i++) {
        nginx_at(site->nginx, site_span(site, map->items[i].value.node));
        nginx_begin(site->nginx, directive);
        nginx_value(site->nginx, context, map->items[i].key.text);
        nginx_value(site->nginx, context, map->items[i].value.text);
        nginx_end(site->nginx);
    }
}

static void flags_render(struct site *site, const struct cookies_spec *cookies)
{
    static const char *const same_sites[] = {
        [SAME_SITE_STRICT] = "samesite=strict",
        [SAME_SITE_LAX] = "samesite=lax",
        [SAME_SITE_NONE] = "samesite=none",
    };
    if (!cookies_have_flags(cookies)) {
        return;
    }
    nginx_at(site->nginx, site_span(site, cookies->object.node));
    nginx_begin(site->nginx, "proxy_cookie_flags");
    nginx_word(site->nginx, "~"); /* each of them */
    if (cookies->secure.is_true) {
        nginx_word(site->nginx, "secure");
    }
    if (cookies->http_only.is_true) {
        nginx_word(site->nginx, "httponly");
    }
    if (cookies->same_site.node != NULL) {
        nginx_word(site->nginx, same_sites[cookies->same_site.index]);
    }
    nginx_end(site->nginx);
}

/* What nginx does by itself stays: the program's own address becomes the site's. It cannot, where
 * that is looked up while it runs. */
static void redirects_render(struct site *site, const struct route *route)
{
    const struct text_map *redirects = &route->now->redirects;
    if (redirects->count == 0) {
        return;
    }
    pairs_render(site, redirects, "proxy_redirect", NGINX_EVALUATED);
    if (!route->target->is_late) {
        nginx_at(site->nginx, site_span(site, redirects->node));
        nginx_line(site->nginx, "proxy_redirect", "default", NULL);
    }
}

/* The route, or one inside of it, asks a program that speaks HTTP. */
static bool has_proxy(const struct site *site, const struct route *route)
{
    for (size_t i = route->number; i < route->end; i++) {
        if (site->routes[i].now->handler == ROUTE_PROXY) {
            return true;
        }
    }
    return false;
}

/* Said of all sites, it is for those that have a program. */
static bool is_default(const struct site *site, const struct node *node, const char *field)
{
    const struct node *defaults = site->document->defaults;
    const struct node *said = defaults == NULL ? NULL : node_get(defaults, field);
    return said != NULL && said->span.source == node->span.source &&
           said->span.first == node->span.first;
}

void site_cookies_check(struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        const struct route *route = &site->routes[i];
        const struct {
            const struct node *node;
            const char *field;
        } rows[] = {
            {route->own->cookies->object.node, "cookies"},
            {route->own->redirects.node, "redirects"},
        };
        for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
            if (rows[j].node != NULL && !has_proxy(site, route) &&
                !is_default(site, rows[j].node, rows[j].field)) {
                site_report(site, DIAGNOSTIC_SITE_NEEDS_PROXY, rows[j].node, rows[j].field,
                            rows[j].field, NULL);
            }
        }
    }
}

void site_cookies_route(struct site *site, const struct route *route)
{
    const struct cookies_spec *cookies = route->now->cookies;
    if (route->now->handler != ROUTE_PROXY) {
        return;
    }
    pairs_render(site, &cookies->paths, "proxy_cookie_path", NGINX_EVALUATED);
    pairs_render(site, &cookies->domains, "proxy_cookie_domain", NGINX_EVALUATED);
    flags_render(site, cookies);
    redirects_render(site, route);
}
