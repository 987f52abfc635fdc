/* Redirects and fixed answers.
 *
 * nginx carries `return` out before it asks who may come and how often. On a route with such rules
 * the answer stands in a location of its own, to which the request gets by way of try_files, which
 * comes after them. */

#include "renderers/site.h"

/* "https://new.example.com" says nothing of a path, so that the request's own is kept. */
static bool keeps_path(const char *target)
{
    const char *authority = strstr(target, "://");
    return authority != NULL && strpbrk(authority + 3, "/?#") == NULL;
}

static void redirect_render(struct site *site, const struct redirect_spec *redirect)
{
    struct nginx_text *nginx = site->nginx;
    nginx_at(nginx, site_span(site, redirect->object.node));
    nginx_begin(nginx, "return");
    nginx_number(nginx, (unsigned long long)redirect->status.number, "");
    nginx_open(nginx);
    nginx_value(nginx, NGINX_EVALUATED, redirect->to.text);
    if (keeps_path(redirect->to.text)) {
        nginx_word(nginx, "$request_uri");
    }
    nginx_close(nginx);
    nginx_end(nginx);
}

static void respond_render(struct site *site, const struct respond_spec *respond)
{
    struct nginx_text *nginx = site->nginx;
    nginx_at(nginx, site_span(site, respond->object.node));
    if (respond->body.text != NULL) {
        nginx_begin(nginx, "default_type");
        nginx_value(nginx, NGINX_STATIC, respond->type.text);
        nginx_end(nginx);
    }
    nginx_begin(nginx, "return");
    nginx_number(nginx, (unsigned long long)respond->status.number, "");
    if (respond->body.text != NULL) {
        nginx_value(nginx, NGINX_EVALUATED, respond->body.text);
    }
    nginx_end(nginx);
}

static void answer_render(struct site *site, const struct route *route)
{
    if (route->answer->handler == ROUTE_REDIRECT) {
        redirect_render(site, &route->answer->redirect);
    } else {
        respond_render(site, &route->answer->respond);
    }
}

static const char *location_behind(const struct site *site, const struct route *route)
{
    return arena_printf(site->arena, "@answer_%zu", route->number);
}

void site_answer_route(struct site *site, const struct route *route)
{
    if (!route_is_guarded(site, route)) {
        answer_render(site, route);
        return;
    }
    nginx_at(site->nginx, route->span);
    nginx_line(site->nginx, "try_files", "/dev/null/none", location_behind(site, route), NULL);
}

void site_answer_behind(struct site *site, const struct route *route)
{
    bool is_answer =
        route->answer->handler == ROUTE_REDIRECT || route->answer->handler == ROUTE_RESPOND;
    if (!is_answer || !route_is_guarded(site, route)) {
        return;
    }
    nginx_at(site->nginx, route->span);
    nginx_begin(site->nginx, "location");
    nginx_word(site->nginx, location_behind(site, route));
    nginx_block(site->nginx);
    answer_render(site, route);
    nginx_at(site->nginx, route->span);
    nginx_block_end(site->nginx);
}
