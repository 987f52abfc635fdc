/* Serving files. */

#include "renderers/site.h"

/* What an own prefix leaves of the path: "" where it is the whole. */
static const char *behind_prefix(const struct route *route)
{
    return route->is_stripped ? "" : route->location.pattern + strlen(route->prefix);
}

/* The folder of a prefix stands in its place: an alias of nginx. Elsewhere the prefix is taken off
 * the path: where it is another path's, where a dollar sign would be a variable, and where files
 * are looked for that may not lie below the path. */
static bool is_alias(const struct route *route)
{
    if (route->prefix == NULL || route->path->stripped == NULL) {
        return false;
    }
    bool looks_elsewhere = route->now->spa.is_true || route->now->try.count > 0;
    return route->is_stripped || (!looks_elsewhere && strchr(behind_prefix(route), '$') == NULL);
}

static void folder_render(struct site *site, const struct route *route)
{
    const struct text_value *root = &route->now->root;
    if (route->prefix != NULL && !is_alias(route)) {
        site_strip_render(site, route);
    }
    nginx_at(site->nginx, site_span(site, root->node));
    if (!is_alias(route)) {
        nginx_begin(site->nginx, "root");
        nginx_value(site->nginx, NGINX_STATIC, root->text);
    } else {
        /* Both ends have a slash, or none has: `location /a` with `alias /x/` would hand out the
         * folder above /x by /a../ */
        bool is_top = strcmp(root->text, "/") == 0;
        nginx_begin(site->nginx, "alias");
        nginx_value(
            site->nginx, NGINX_STATIC,
            arena_printf(site->arena, "%s/%s", is_top ? "" : root->text, behind_prefix(route)));
    }
    nginx_end(site->nginx);
}

void site_index_render(struct site *site, const struct route *route)
{
    const struct text_list *index = &route->now->index;
    if (index->count == 0) {
        return; /* nginx's own default: index.html */
    }
    nginx_at(site->nginx, site_span(site, index->node));
    nginx_begin(site->nginx, "index");
    for (size_t i = 0; i < index->count; i++) {
        nginx_value(site->nginx, NGINX_EVALUATED, index->items[i].text);
    }
    nginx_end(site->nginx);
}

/* What try_files looks for: below an alias nginx appends a path that is written out as it is, so
 * the prefix is taken off here. */
static const char *looked_up(const struct route *route, const char *path)
{
    if (route->prefix == NULL) {
        return path;
    }
    size_t length = strlen(route->prefix);
    return strncmp(path, route->prefix, length) == 0 ? path + length - 1 : path;
}

/* Without the status at its end a missing page would redirect to itself for ever. A path of its own
 * has one. */
static void spa_render(struct site *site, const struct route *route)
{
    const char *page = site_page(site, route);
    bool has_path = site_page_has_path(site, route);
    nginx_at(site->nginx, site_span(site, route->now->spa.node));
    nginx_begin(site->nginx, "try_files");
    nginx_word(site->nginx, "$uri");
    nginx_value(site->nginx, NGINX_EVALUATED, has_path ? page : looked_up(route, page));
    if (!has_path) {
        nginx_word(site->nginx, "=404");
    }
    nginx_end(site->nginx);
}

static void step_render(struct site *site, const char *step)
{
    if (step[0] != '$' && text_ends_with(step, TRY_STEP_QUERY)) {
        size_t length = strlen(step) - strlen(TRY_STEP_QUERY);
        nginx_open(site->nginx);
        nginx_value(site->nginx, NGINX_EVALUATED, arena_strndup(site->arena, step, length));
        nginx_word(site->nginx, TRY_STEP_QUERY);
        nginx_close(site->nginx);
        return;
    }
    if (step[0] != '$') {
        nginx_value(site->nginx, NGINX_EVALUATED, step);
        return;
    }
    nginx_open(site->nginx);
    nginx_word(site->nginx, "$uri");
    nginx_value(site->nginx, NGINX_EVALUATED, step + strlen("$uri"));
    nginx_close(site->nginx);
}

/* nginx takes the last step for an address or a status, and wants at least two. */
void site_try_render(struct site *site, const struct route *route)
{
    const struct text_list *steps = &route->now->try;
    const char *fallback = site_fallback(site, route);
    size_t last = steps->count - 1;
    bool needs_end = last == 0 || steps->items[last].text[0] == '$';
    nginx_at(site->nginx, site_span(site, steps->node));
    nginx_begin(site->nginx, "try_files");
    for (size_t i = 0; i < steps->count; i++) {
        const char *step = steps->items[i].text;
        step_render(site, i < last ? looked_up(route, step) : step);
    }
    if (needs_end) {
        nginx_word(site->nginx, fallback != NULL ? fallback : "=404");
    }
    nginx_end(site->nginx);
}

void site_files_route(struct site *site, const struct route *route)
{
    const struct route_spec *now = route->now;
    folder_render(site, route);
    site_index_render(site, route);
    if (now->autoindex.is_true) {
        nginx_at(site->nginx, site_span(site, now->autoindex.node));
        nginx_line(site->nginx, "autoindex", "on", NULL);
    }
    if (site_page(site, route) != NULL) {
        spa_render(site, route);
    } else if (now->try.count > 0) {
        site_try_render(site, route);
    } else if (site_fallback(site, route) != NULL) {
        nginx_at(site->nginx, site_span(site, now->rewrite_missing.node));
        nginx_line(site->nginx, "try_files", "$uri", "$uri/", site_fallback(site, route), NULL);
    }
}
