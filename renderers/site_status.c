/* The numbers of nginx itself, for programs that watch it. Who gets them is site_limits.c's. */

#include "renderers/site.h"

void site_status_check(struct site *site)
{
    if (facts_nginx_has(site->render->facts, "http_stub_status")) {
        return;
    }
    for (size_t i = 0; i < site->route_count; i++) {
        const struct route_spec *own = site->routes[i].own;
        if (own->handler == ROUTE_STATUS) {
            site_report(site, DIAGNOSTIC_SITE_NO_STATUS, own->nginx_status.node, "nginx_status",
                        NULL, NULL);
        }
    }
}

void site_status_route(struct site *site, const struct route *route)
{
    nginx_at(site->nginx, site_span(site, route->now->nginx_status.node));
    nginx_line(site->nginx, "stub_status", NULL);
}
