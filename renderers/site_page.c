/* Applications of one page: which file it is, and that browsers ask for it anew each time, however
 * long they may keep what it names. A page that is kept would ask for files of an earlier release.
 *
 * Which file is sent shows only when it was found, also where the answer is 304 and has no type.
 * The map that tells stands once for all sites: what it needs to know is set by each location. */

#include <string.h>

#include "base/text.h"
#include "renderers/site.h"
#include "schemas/header.h"

#define PAGE_NAME   "$rc_page"
#define OTHERS_KEPT "$rc_page_others"

/* ---- Which file ----------------------------------------------------------------------------- */

/* The route whose application it is: the one that says so. */
static const struct route *origin_of(const struct route *route)
{
    while (route->path != NULL && route->own->spa.node == NULL) {
        route = route->parent;
    }
    return route;
}

static const char *file_name(const struct route *route)
{
    const struct text_list *index = &route->now->index;
    return index->count > 0 ? index->items[0].text : "index.html";
}

const char *site_page(const struct site *site, const struct route *route)
{
    /* A path may say `try` inside of an application, which then counts. */
    bool has_own_try = route->path != NULL && route->own->try.node != NULL;
    if (route->now->handler != ROUTE_ROOT || !route->now->spa.is_true || has_own_try) {
        return NULL;
    }
    const char *prefix = origin_of(route)->location.pattern;
    return arena_printf(site->arena, "%s%s%s", prefix, text_ends_with(prefix, "/") ? "" : "/",
                        file_name(route));
}

/* ---- A path that is the page ---------------------------------------------------------------- */

static bool is_page(const struct site *site, const struct route *route)
{
    const char *page = site_page(site, route);
    return page != NULL && route->location.match == LOCATION_EXACT &&
           strcmp(route->location.pattern, page) == 0;
}

/* What is looked at once more in the path of the page: a rule about paths could lead back. */
static bool depends_on_path(const struct route *route)
{
    for (; route != NULL; route = route->parent) {
        const struct when_spec *entries = route->own->when.items;
        for (size_t i = 0; i < route->own->when.count; i++) {
            if (entries[i].all.path.text != NULL || entries[i].not .path.text != NULL) {
                return true;
            }
        }
    }
    return false;
}

bool site_page_has_path(const struct site *site, const struct route *route)
{
    for (size_t i = route->number + 1; i < route->end && origin_of(route) == route; i++) {
        const struct route *other = &site->routes[i];
        if (other->parent == route && other->own->handler == ROUTE_INHERITED &&
            is_page(site, other)) {
            return other->own->rewrite.count == 0 && !depends_on_path(other);
        }
    }
    return false;
}

/* ---- How long it may be kept ---------------------------------------------------------------- */

static bool says_header(const struct route *route)
{
    const struct node *headers = route->own->headers.node;
    for (size_t i = 0; headers != NULL && i < headers->entries.count; i++) {
        if (header_same(headers->entries.items[i].key->text, "Cache-Control")) {
            return true;
        }
    }
    return false;
}

bool site_page_is_fresh(const struct site *site, const struct route *route)
{
    if (site_page(site, route) == NULL) {
        return false;
    }
    for (const struct route *at = route; at != NULL; at = at->parent) {
        if (says_header(at)) {
            return false;
        }
        if (at->own->cache.object.node != NULL) {
            return !is_page(site, at);
        }
    }
    return true;
}

void site_page_set(struct site *site, const struct route *route, const char *others,
                   struct span span)
{
    struct nginx_text *nginx = site->nginx;
    site->render->uses->pages = true;
    nginx_at(nginx, site_span(site, route->now->spa.node));
    nginx_begin(nginx, "set");
    nginx_word(nginx, PAGE_NAME);
    nginx_value(nginx, NGINX_EVALUATED, arena_printf(site->arena, "/%s", file_name(route)));
    nginx_end(nginx);
    nginx_at(nginx, span);
    nginx_begin(nginx, "set");
    nginx_word(nginx, OTHERS_KEPT);
    nginx_value(nginx, NGINX_EVALUATED, others);
    nginx_end(nginx);
}

void site_pages_http(struct nginx_text *nginx)
{
    nginx_comment(nginx, "an application's page is asked for each time, its other files are kept");
    nginx_table(nginx, "map", "$uri:" PAGE_NAME, SITE_PAGE_CACHE);
    nginx_line(nginx, "default", OTHERS_KEPT, NULL);
    nginx_line(nginx, "\"~(/[^/]+):\\\\1\\\\z\"", "no-cache", NULL);
    nginx_block_end(nginx);
}
