/* Who may come: passwords, a program that is asked, certificates of clients.
 *
 * The server says what holds for the whole site, so that a location that nobody thought of is not
 * open; a path that says otherwise replaces all of it. A client's certificate is asked for while
 * the connection is made, before the path is known: each location looks at what came of it. */

#include <string.h>

#include "base/map.h"
#include "base/text.h"
#include "renderers/site.h"
#include "schemas/header.h"

#define AUTH_FOLDER "/.reconcile/auth"

static const struct auth_spec nothing;

/* ---- What the site has ---------------------------------------------------------------------- */

static bool says_own(const struct route *route)
{
    return route->path == NULL || route->own->auth->object.node != NULL;
}

/* What holds around the route. */
static const struct auth_spec *around_of(const struct route *route)
{
    return route->path == NULL ? &nothing : route->parent->now->auth;
}

/* The route that says what holds for this one. */
static const struct route *origin_of(const struct route *route)
{
    while (!says_own(route)) {
        route = route->parent;
    }
    return route;
}

/* The route whose authority stands for the server; NULL: no certificates are asked for. */
static const struct route *first_with_mtls(const struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        if (auth_has_mtls(site->routes[i].now->auth)) {
            return &site->routes[i];
        }
    }
    return NULL;
}

static const char *field_of(const struct site *site, const struct route *route, const char *name)
{
    return route->path == NULL
               ? arena_printf(site->arena, "auth.%s", name)
               : arena_printf(site->arena, "paths.%s.auth.%s", route_key(route), name);
}

/* ---- Password files ------------------------------------------------------------------------- */

static const char *password_path(const struct site *site, const struct route *route)
{
    struct arena *arena = site->render->arena;
    const char *folder = site->render->layout->passwords;
    const char *name = site->document->name;
    const char *digits = strrchr(site_variable(site, "path", route_key(route)), '_');
    return arena_printf(arena, "%s/%s%s", folder, name, route->path == NULL ? "" : digits);
}

static void passwords_add(struct site *site, const struct route *route)
{
    enum { MODE = 0640 };
    struct render *render = site->render;
    const struct text_map *users = &route->own->auth->basic.users;
    struct passwords_item *item = arena_new(render->arena, struct passwords_item);
    item->mode = MODE;
    item->group = render->layout->manages_users ? render->layout->nginx_group : NULL;
    for (size_t i = 0; i < users->count; i++) {
        const char *text = users->items[i].value.text;
        const char *secret = value_secret_name(text);
        vec_add(render->arena, &item->passwords,
                (struct password){.user = users->items[i].key.text,
                                  .hash = secret == NULL ? text : NULL,
                                  .secret = secret});
    }
    item_add(render->arena, render->items, ITEM_PASSWORDS, password_path(site, route),
             site->document, site_span(site, users->node), item)
        ->is_secret = true;
}

void site_auth_add(struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        const struct route *route = &site->routes[i];
        const struct auth_spec *auth = route->own->auth;
        if (says_own(route) && auth_has_basic(auth) && auth->basic.users.count > 0) {
            passwords_add(site, route);
        }
    }
}

/* ---- Server and location -------------------------------------------------------------------- */

static const char *ask_path(const struct site *site, const struct route *route)
{
    return arena_printf(site->arena, AUTH_FOLDER "/%zu", route->number);
}

static void basic_render(struct site *site, const struct route *route)
{
    struct nginx_text *nginx = site->nginx;
    const struct basic_auth_spec *basic = &route->own->auth->basic;
    const char *realm = basic->realm.text;
    nginx_at(nginx, site_span(site, basic->object.node));
    nginx_begin(nginx, "auth_basic");
    nginx_value(nginx, NGINX_EVALUATED, realm != NULL ? realm : site->document->name);
    nginx_end(nginx);
    nginx_begin(nginx, "auth_basic_user_file");
    nginx_value(nginx, NGINX_EVALUATED,
                basic->users.count > 0 ? password_path(site, route) : basic->file.text);
    nginx_end(nginx);
}

/* Remote-User -> $rc_auth_remote_user */
static const char *answer_variable(const struct site *site, const char *header)
{
    return header_variable(site->arena, "$rc_auth_", header);
}

static void forward_render(struct site *site, const struct route *route)
{
    struct nginx_text *nginx = site->nginx;
    const struct forward_auth_spec *forward = &route->own->auth->forward;
    nginx_at(nginx, site_span(site, forward->object.node));
    nginx_line(nginx, "auth_request", ask_path(site, route), NULL);
    for (size_t i = 0; i < forward->headers.count; i++) {
        const char *header = forward->headers.items[i].text;
        nginx_at(nginx, site_span(site, forward->headers.items[i].node));
        nginx_line(nginx, "auth_request_set", answer_variable(site, header),
                   header_variable(site->arena, "$upstream_http_", header), NULL);
    }
}

static void switch_off(struct site *site, bool basic, bool forward)
{
    if (basic) {
        nginx_line(site->nginx, "auth_basic", "off", NULL);
    }
    if (forward) {
        nginx_line(site->nginx, "auth_request", "off", NULL);
    }
}

/* What a route says over what is around it. */
static void own_render(struct site *site, const struct route *route)
{
    const struct auth_spec *auth = route->own->auth;
    const struct auth_spec *around = around_of(route);
    nginx_at(site->nginx, site_span(site, auth->object.node));
    if (auth->any.is_true != around->any.is_true) {
        nginx_line(site->nginx, "satisfy", auth->any.is_true ? "any" : "all", NULL);
    }
    switch_off(site, auth_has_basic(around) && !auth_has_basic(auth),
               auth_has_forward(around) && !auth_has_forward(auth));
    if (auth_has_basic(auth)) {
        basic_render(site, route);
    }
    if (auth_has_forward(auth)) {
        forward_render(site, route);
    }
}

void site_auth_open(struct site *site)
{
    const struct auth_spec *auth = site->spec->route.auth;
    switch_off(site, auth_has_basic(auth), auth_has_forward(auth));
}

static void check_mtls(struct site *site, const struct route *first)
{
    const struct client_auth_spec *mtls = &first->now->auth->mtls;
    if (!site->uses_tls) {
        site_report(site, DIAGNOSTIC_SITE_AUTH_NO_TLS, mtls->object.node,
                    field_of(site, origin_of(first), "mtls"), NULL, NULL);
    }
    for (size_t i = first->number + 1; i < site->route_count; i++) {
        const struct client_auth_spec *other = &site->routes[i].own->auth->mtls;
        if (auth_has_mtls(site->routes[i].own->auth) &&
            (!text_equal(other->ca.text, mtls->ca.text) ||
             other->depth.number != mtls->depth.number)) {
            site_report(site, DIAGNOSTIC_SITE_AUTH_CA, other->object.node,
                        field_of(site, &site->routes[i], "mtls"), mtls->ca.text, NULL);
        }
    }
}

/* Whoever shows none may still see the paths that are open. */
static void mtls_render(struct site *site)
{
    const struct route *first = first_with_mtls(site);
    struct nginx_text *nginx = site->nginx;
    if (first == NULL) {
        return;
    }
    const struct client_auth_spec *mtls = &first->now->auth->mtls;
    check_mtls(site, first);
    if (!site->uses_tls) {
        return;
    }
    nginx_at(nginx, site_span(site, mtls->object.node));
    nginx_begin(nginx, "ssl_client_certificate");
    nginx_value(nginx, NGINX_STATIC, mtls->ca.text);
    nginx_end(nginx);
    nginx_line(nginx, "ssl_verify_client", "optional", NULL);
    nginx_begin(nginx, "ssl_verify_depth");
    nginx_number(nginx, (unsigned long long)mtls->depth.number, "");
    nginx_end(nginx);
}

static void warn_of_plain(const struct site *site)
{
    for (size_t i = 0; i < site->route_count && !site->uses_tls; i++) {
        const struct auth_spec *auth = site->routes[i].own->auth;
        if (auth_has_basic(auth)) {
            site_report(site, DIAGNOSTIC_SITE_AUTH_PLAIN, auth->basic.object.node,
                        field_of(site, &site->routes[i], "basic"), NULL, NULL);
            return;
        }
    }
}

void site_auth_server(struct site *site)
{
    warn_of_plain(site);
    mtls_render(site);
    own_render(site, &site->routes[0]);
}

static void client_check_render(struct site *site, const struct route *route)
{
    struct nginx_text *nginx = site->nginx;
    nginx_at(nginx, site_span(site, route->now->auth->mtls.object.node));
    nginx_begin(nginx, "if");
    nginx_word(nginx, "($ssl_client_verify");
    nginx_word(nginx, "!=");
    nginx_word(nginx, "SUCCESS)");
    nginx_block(nginx);
    nginx_line(nginx, "return", "403", NULL);
    nginx_block_end(nginx);
}

void site_auth_route(struct site *site, const struct route *route)
{
    if (route->path != NULL && says_own(route)) {
        own_render(site, route);
    }
    if (auth_has_mtls(route->now->auth) && site->uses_tls) {
        client_check_render(site, route);
    }
}

/* ---- The program that is asked -------------------------------------------------------------- */

static bool header_is_listed(const struct forward_auth_spec *forward, const char *header)
{
    for (size_t i = 0; i < forward->headers.count; i++) {
        if (header_same(forward->headers.items[i].text, header)) {
            return true;
        }
    }
    return false;
}

const char *site_auth_login(const struct site *site, const struct route *route)
{
    const struct auth_spec *auth = route->now->auth;
    return auth_has_forward(auth) && auth->forward.login.text != NULL
               ? arena_printf(site->arena, "@login_%zu", origin_of(route)->number)
               : NULL;
}

void site_auth_headers_visit(struct site *site, const struct route *route,
                             void (*call)(struct site *site, const struct route *route,
                                          const char *header, const char *word))
{
    struct map seen = {0};
    const struct auth_spec *now = route->now->auth;
    for (size_t i = 0; i < site->route_count; i++) {
        const struct auth_spec *auth = site->routes[i].own->auth;
        for (size_t j = 0; auth_has_forward(auth) && j < auth->forward.headers.count; j++) {
            const char *header = auth->forward.headers.items[j].text;
            const char *variable = answer_variable(site, header);
            bool is_known = auth_has_forward(now) && header_is_listed(&now->forward, header);
            if (!map_has(&seen, variable)) {
                (void)map_put(site->arena, &seen, variable, site);
                call(site, route, header, is_known ? variable : "\"\"");
            }
        }
    }
}

static void header_render(struct site *site, const char *name, const char *word)
{
    nginx_line(site->nginx, "proxy_set_header", name, word, NULL);
}

static void ask_headers_render(struct site *site, const struct proxy_spec *proxy)
{
    struct nginx_text *nginx = site->nginx;
    nginx_line(nginx, "proxy_pass_request_body", "off", NULL);
    header_render(site, "Content-Length", "\"\"");
    if (proxy->host.text != NULL) {
        nginx_begin(nginx, "proxy_set_header");
        nginx_word(nginx, "Host");
        nginx_value(nginx, NGINX_EVALUATED, proxy->host.text);
        nginx_end(nginx);
    } else {
        header_render(site, "Host", "$host$rc_port");
    }
    const char *proto = site_forwarded_proto(site);
    header_render(site, "X-Real-IP", "$remote_addr");
    header_render(site, "X-Forwarded-For", site_forwarded_for(site));
    header_render(site, "X-Forwarded-Proto", proto);
    header_render(site, "X-Forwarded-Host", "$host$rc_port");
    header_render(site, "X-Forwarded-Uri", "$request_uri");
    header_render(site, "X-Forwarded-Method", "$request_method");
    header_render(site, "X-Original-Method", "$request_method");
    header_render(site, "X-Original-URI", "$request_uri");
    header_render(site, "X-Original-URL",
                  arena_printf(site->arena, "%s://$host$rc_port$request_uri", proto));
    header_render(site, "Connection", proxy->pool.keepalive.number > 0 ? "\"\"" : "close");
}

/* Only nginx itself gets there. */
static void ask_render(struct site *site, const struct route *route)
{
    struct nginx_text *nginx = site->nginx;
    const struct forward_auth_spec *forward = &route->own->auth->forward;
    nginx_at(nginx, site_span(site, forward->object.node));
    nginx_begin(nginx, "location");
    nginx_word(nginx, "=");
    nginx_word(nginx, ask_path(site, route));
    nginx_block(nginx);
    nginx_line(nginx, "internal", NULL); /* nobody is asked for anything in a subrequest */
    nginx_line(nginx, "proxy_http_version", "1.1", NULL);
    site_pass_to(site, route->auth_target, &forward->to, forward->path.text);
    ask_headers_render(site, &forward->to);
    nginx_at(nginx, site_span(site, forward->object.node));
    nginx_block_end(nginx);
}

static void login_render(struct site *site, const struct route *route)
{
    const struct text_value *login = &route->own->auth->forward.login;
    struct nginx_text *nginx = site->nginx;
    nginx_at(nginx, site_span(site, login->node));
    nginx_begin(nginx, "location");
    nginx_word(nginx, site_auth_login(site, route));
    nginx_block(nginx);
    struct template_part_list parts = site_template(site, login->text);
    site_encode_render(site, &parts, NULL);
    nginx_begin(nginx, "return");
    nginx_word(nginx, "302");
    site_target_render(site, &parts);
    nginx_end(nginx);
    nginx_block_end(nginx);
}

void site_auth_behind(struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        const struct route *route = &site->routes[i];
        if (!says_own(route) || !auth_has_forward(route->own->auth)) {
            continue;
        }
        if (route->auth_target != NULL) {
            ask_render(site, route);
        }
        if (route->own->auth->forward.login.text != NULL) {
            login_render(site, route);
        }
    }
}
