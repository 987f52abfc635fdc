/* Redirects and fixed answers.
 *
 * nginx carries `return` out before it asks who may come and how often. On a route with such rules
 * the answer stands in a location of its own, to which the request gets by way of try_files, which
 * comes after them. */

#include "renderers/site.h"

void site_redirect_render(struct site *site, const struct redirect_spec *redirect)
{
    struct nginx_text *nginx = site->nginx;
    nginx_at(nginx, site_span(site, redirect->object.node));
    nginx_begin(nginx, "return");
    nginx_number(nginx, (unsigned long long)redirect->status.number, "");
    struct template_part_list parts = site_template(site, redirect->to.text);
    site_target_render(site, &parts);
    nginx_end(nginx);
}

void site_respond_render(struct site *site, const struct respond_spec *respond)
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
    if (route->now->handler == ROUTE_REDIRECT) {
        site_redirect_render(site, &route->now->redirect);
    } else {
        site_respond_render(site, &route->now->respond);
    }
}

static const char *location_behind(const struct site *site, const struct route *route)
{
    return arena_printf(site->arena, "@answer_%zu", route->number);
}

/* Before the address itself, since the groups of the location are at hand only there. break: nginx
 * would look for a location once more, although the path is the same. */
static void encode_target(struct site *site, const struct route *route, bool is_guarded)
{
    const struct redirect_spec *redirect = &route->now->redirect;
    struct template_part_list parts = site_template(site, redirect->to.text);
    nginx_at(site->nginx, site_span(site, redirect->object.node));
    site_encode_render(site, &parts, route_regex(site, route));
    if (is_guarded && template_has_decoded(&parts)) {
        nginx_line(site->nginx, "break", NULL);
    }
}

void site_answer_route(struct site *site, const struct route *route)
{
    bool is_guarded = route_is_guarded(site, route);
    if (route->now->handler == ROUTE_REDIRECT) {
        encode_target(site, route, is_guarded);
    }
    if (!is_guarded) {
        answer_render(site, route);
        return;
    }
    nginx_at(site->nginx, route->span);
    nginx_line(site->nginx, "try_files", "/dev/null/none", location_behind(site, route), NULL);
}

void site_answer_behind(struct site *site, const struct route *route)
{
    bool is_answer = route->now->handler == ROUTE_REDIRECT || route->now->handler == ROUTE_RESPOND;
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
