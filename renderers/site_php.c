/* PHP. A script runs only where the path that it lies in has PHP: its location stands inside of the
 * path's, so that /uploads/x.php is never run because another path would have it so. nginx takes
 * regular expressions inside of a prefix before those around it, so that all which the site says
 * with such are repeated there, in their order, and count before ours. */

#include <string.h>

#include "base/text.h"
#include "renderers/site.h"

/* The route that says which folder it is. */
static const struct route *origin_of(const struct route *route)
{
    while (route->own->handler == ROUTE_INHERITED) {
        route = route->parent;
    }
    return route;
}

/* NULL: none. */
static const char *front_of(const struct site *site, const struct route *route)
{
    const struct route *origin = origin_of(route);
    const char *front = origin->own->php->front.text;
    if (front != NULL) {
        return strcmp(front, "false") == 0 ? NULL : front;
    }
    const char *prefix = origin->location.pattern;
    return arena_printf(site->arena, "%s%sindex.php", prefix,
                        text_ends_with(prefix, "/") ? "" : "/");
}

static void root_render(struct site *site, const struct route *route)
{
    struct nginx_text *nginx = site->nginx;
    const struct php_spec *php = route->now->php;
    nginx_at(nginx, site_span(site, php->root.node));
    nginx_begin(nginx, "root");
    nginx_value(nginx, NGINX_STATIC, php->root.text);
    nginx_end(nginx);
    if (route->now->index.count == 0) {
        nginx_line(nginx, "index", "index.php", "index.html", NULL);
    }
}

static void front_render(struct site *site, const struct route *route)
{
    struct nginx_text *nginx = site->nginx;
    const char *front = front_of(site, route);
    nginx_at(nginx, site_span(site, route->now->php->front.node));
    nginx_begin(nginx, "try_files");
    nginx_word(nginx, "$uri");
    nginx_word(nginx, "$uri/");
    if (front == NULL) {
        nginx_word(nginx, "=404");
    } else {
        nginx_open(nginx);
        nginx_value(nginx, NGINX_EVALUATED, front);
        nginx_word(nginx, "$is_args$args");
        nginx_close(nginx);
    }
    nginx_end(nginx);
}

/* What stands behind the script has to be kept: the look for the file drops it. */
static void split_render(struct site *site, const struct boolean_value *path_info)
{
    struct nginx_text *nginx = site->nginx;
    struct span span = nginx_place(nginx);
    nginx_at(nginx, site_span(site, path_info->node));
    nginx_begin(nginx, "fastcgi_split_path_info");
    nginx_value(nginx, NGINX_LITERAL, "(?s)^(.+?\\.php)((?:/.*)?)\\z");
    nginx_end(nginx);
    nginx_line(nginx, "set", SITE_PATH_INFO, "$fastcgi_path_info", NULL);
    nginx_at(nginx, span);
}

/* Without the look for the file PHP-FPM would be asked for what is none, and search for one. */
static void run_render(struct site *site, const struct route *route)
{
    struct nginx_text *nginx = site->nginx;
    const struct php_spec *php = route->now->php;
    nginx_at(nginx, site_span(site, php->root.node));
    if (php->path_info.is_true) {
        split_render(site, &php->path_info);
    }
    nginx_line(nginx, "try_files", php->path_info.is_true ? "$fastcgi_script_name" : "$uri", "=404",
               NULL);
    site_pass_route(site, route);
}

static void script_begin(struct site *site, const struct route *route, const char *pattern)
{
    nginx_at(site->nginx, site_span(site, route->now->php->root.node));
    nginx_begin(site->nginx, "location");
    nginx_word(site->nginx, "~");
    nginx_value(site->nginx, NGINX_LITERAL, pattern);
    nginx_block(site->nginx);
}

static void scripts_render(struct site *site, const struct route *route)
{
    const struct php_spec *php = route->now->php;
    const char *front = front_of(site, route);
    const char *end = php->path_info.is_true ? "(?:/|\\z)" : "\\z";
    const char *any_script = arena_printf(site->arena, "\\.php%s", end);
    if (php->only_front.is_true && front != NULL) {
        script_begin(site, route,
                     arena_printf(site->arena, "^%s%s", regex_escape(site->arena, front), end));
    } else {
        script_begin(site, route, any_script);
    }
    site_script_rules_render(site, route);
    run_render(site, route);
    nginx_at(site->nginx, site_span(site, php->root.node));
    nginx_block_end(site->nginx);
    if (php->only_front.is_true) {
        script_begin(site, route, any_script);
        nginx_line(site->nginx, "return", "404", NULL);
        nginx_block_end(site->nginx);
    }
}

/* A prefix inside of this one that has an answer of its own. */
static bool has_prefix_inside(const struct site *site, const struct route *route)
{
    for (size_t i = route->number + 1; route->path != NULL && i < route->end;
         i = site->routes[i].end) {
        if (site->routes[i].location.match == LOCATION_PREFIX) {
            return true;
        }
    }
    return false;
}

/* The regular expressions of the site and of the paths around this one, and its own where these do
 * not stand beside ours. */
static void regexes_render(struct site *site, const struct route *route, bool with_own)
{
    for (const struct route *around = with_own ? route : route->parent; around != NULL;
         around = around->parent) {
        for (size_t i = around->number + 1; i < around->end; i = site->routes[i].end) {
            if (route_is_regex(&site->routes[i]) && &site->routes[i] != route) {
                site_route_render(site, &site->routes[i]);
            }
        }
    }
}

/* What ends in .php and is written as an exact path is a script itself. */
static bool is_script(const struct route *route)
{
    return route->location.match == LOCATION_EXACT &&
           text_ends_with(route->location.pattern, ".php");
}

static void folder_render(struct site *site, const struct route *route, bool stands_apart)
{
    root_render(site, route);
    site_index_render(site, route);
    if (is_script(route)) {
        run_render(site, route);
        return;
    }
    if (route->now->try.count > 0) {
        site_try_render(site, route);
    } else {
        front_render(site, route);
    }
    if (route->location.match == LOCATION_EXACT) {
        return; /* no script */
    }
    if (!route_is_regex(route)) {
        regexes_render(site, route, stands_apart);
    }
    scripts_render(site, route);
}

/* nginx would give what lies in a prefix inside to the expression of ours beside it: so ours stand
 * one deeper, in a location of the same prefix, which is taken only where no longer one is. */
void site_php_route(struct site *site, const struct route *route)
{
    bool is_wrapped = has_prefix_inside(site, route);
    if (is_wrapped) {
        nginx_at(site->nginx, route->span);
        nginx_begin(site->nginx, "location");
        nginx_value(site->nginx, NGINX_LITERAL, route->location.pattern);
        nginx_block(site->nginx);
        site_rules_render(site, route);
        if (route->now->deny_dotfiles.is_true) {
            site_dotfiles_render(site, route);
        }
    }
    folder_render(site, route, is_wrapped || route->path == NULL);
    if (is_wrapped) {
        nginx_at(site->nginx, route->span);
        nginx_block_end(site->nginx);
    }
}
