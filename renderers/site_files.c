/* Serving files. */

#include "renderers/site.h"

/* Both ends of an alias have a slash: `location /a` with `alias /x/` would hand out the folder
 * above /x by /a../ */
static void folder_render(struct site *site, const struct route *route)
{
    const struct text_value *root = &route->answer->root;
    nginx_at(site->nginx, site_span(site, root->node));
    if (!route_has_prefix(route)) {
        nginx_begin(site->nginx, "root");
        nginx_value(site->nginx, NGINX_STATIC, root->text);
    } else {
        bool is_top = strcmp(root->text, "/") == 0;
        nginx_begin(site->nginx, "alias");
        nginx_value(site->nginx, NGINX_STATIC,
                    is_top ? "/" : arena_printf(site->arena, "%s/", root->text));
    }
    nginx_end(site->nginx);
}

static void index_render(struct site *site, const struct text_list *index)
{
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
static const char *looked_up(const struct site *site, const struct route *route, const char *path)
{
    if (!route_has_prefix(route)) {
        return path;
    }
    const char *prefix = route_prefix(site->arena, route);
    return text_starts_with(path, prefix) ? path + strlen(prefix) - 1 : path;
}

/* Without the status at its end a missing index file would redirect to itself for ever. */
static void spa_render(struct site *site, const struct route *route, const struct text_list *index)
{
    bool is_own = route->path != NULL && route->own->spa.node != NULL;
    const char *prefix = is_own ? route_prefix(site->arena, route) : "/";
    const char *file = index->count > 0 ? index->items[0].text : "index.html";
    nginx_at(site->nginx, site_span(site, (is_own ? route->own : route->answer)->spa.node));
    nginx_begin(site->nginx, "try_files");
    nginx_word(site->nginx, "$uri");
    nginx_value(site->nginx, NGINX_EVALUATED,
                looked_up(site, route, arena_printf(site->arena, "%s%s", prefix, file)));
    nginx_word(site->nginx, "=404");
    nginx_end(site->nginx);
}

static void step_render(struct site *site, const char *step)
{
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
static void try_render(struct site *site, const struct route *route, const struct text_list *steps)
{
    size_t last = steps->count - 1;
    bool needs_status = last == 0 || steps->items[last].text[0] == '$';
    nginx_at(site->nginx, site_span(site, steps->node));
    nginx_begin(site->nginx, "try_files");
    for (size_t i = 0; i < steps->count; i++) {
        const char *step = steps->items[i].text;
        step_render(site, i < last ? looked_up(site, route, step) : step);
    }
    if (needs_status) {
        nginx_word(site->nginx, "=404");
    }
    nginx_end(site->nginx);
}

static const struct boolean_value *own_or(const struct boolean_value *own,
                                          const struct boolean_value *other)
{
    return own->node != NULL ? own : other;
}

static const struct text_list *own_list_or(const struct text_list *own,
                                           const struct text_list *other)
{
    return own->node != NULL ? own : other;
}

void site_files_route(struct site *site, const struct route *route)
{
    const struct route_spec *own = route->own;
    const struct route_spec *answer = route->answer;
    const struct text_list *index = own_list_or(&own->index, &answer->index);
    const struct text_list *steps = own_list_or(&own->try, &answer->try);
    const struct boolean_value *autoindex = own_or(&own->autoindex, &answer->autoindex);
    folder_render(site, route);
    index_render(site, index);
    if (autoindex->is_true) {
        nginx_at(site->nginx, site_span(site, autoindex->node));
        nginx_line(site->nginx, "autoindex", "on", NULL);
    }
    if (own_or(&own->spa, &answer->spa)->is_true && own->try.node == NULL) {
        spa_render(site, route, index);
    } else if (steps->count > 0) {
        try_render(site, route, steps);
    }
}
