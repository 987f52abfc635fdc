/* Passing requests on to programs that speak HTTP. */

#include "renderers/site.h"
#include "schemas/service.h"

enum target_type {
    TARGET_FIXED, /* an address or a socket */
    TARGET_LOCAL, /* localhost: 127.0.0.1, or ::1 where only that answers */
    TARGET_LATE,  /* a name that is looked up while nginx runs */
};

struct proxy_target {
    enum target_type type;
    const char *text; /* "127.0.0.1:3000", "unix:/run/x", "name:3000" */
    unsigned port;    /* TARGET_LOCAL */
};

/* ---- Where to ------------------------------------------------------------------------------- */

static const struct proxy_target *make_target(struct site *site, enum target_type type,
                                              const char *text, unsigned port)
{
    struct proxy_target *target = arena_new(site->arena, struct proxy_target);
    *target = (struct proxy_target){type, text, port};
    return target;
}

static const struct proxy_target *report(struct site *site, enum diagnostic_code code,
                                         const struct route_spec *route, const char *argument)
{
    site_report(site, code, route->proxy.node, "proxy", argument, NULL);
    return NULL;
}

static const struct proxy_target *service_target(struct site *site, const struct route_spec *route,
                                                 const char *name)
{
    const struct document *document = document_find(site->render->documents, "service", name);
    if (document == NULL) {
        return NULL; /* reported by core/resolve */
    }
    const struct service_spec *service = document->spec;
    const char *socket = service->socket.text;
    if (socket != NULL) {
        const char *text = arena_printf(site->arena, "unix:%s", socket);
        return syntax_proxy_target.check(text)
                   ? make_target(site, TARGET_FIXED, text, 0)
                   : report(site, DIAGNOSTIC_SITE_SOCKET_PATH, route, socket);
    }
    unsigned port = service->port.number;
    return port != 0 ? make_target(site, TARGET_FIXED,
                                   arena_printf(site->arena, "127.0.0.1:%u", port), port)
                     : report(site, DIAGNOSTIC_SITE_NO_ADDRESS, route, name);
}

static const struct proxy_target *find_target(struct site *site, const struct route_spec *route)
{
    const char *text = route->proxy.text;
    if (text_starts_with(text, "service:")) {
        return service_target(site, route, text + strlen("service:"));
    }
    uint16_t port = 0;
    if (!text_starts_with(text, "localhost:") ||
        !value_read_port(text + strlen("localhost:"), &port)) {
        return make_target(site, proxy_target_is_name(text) ? TARGET_LATE : TARGET_FIXED, text, 0);
    }
    return site->render->facts->has_ipv6
               ? make_target(site, TARGET_LOCAL, text, port)
               : make_target(site, TARGET_FIXED, arena_printf(site->arena, "127.0.0.1:%u", port),
                             port);
}

void site_proxy_collect(struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        struct route *route = &site->routes[i];
        bool has_own = route->own->handler == ROUTE_PROXY && route->own->proxy.text != NULL;
        if (has_own) {
            route->target = find_target(site, route->own);
        } else if (route->answer == &site->spec->route) {
            route->target = site->routes[0].target;
        }
    }
}

static const char *local_group(const struct site *site, const struct proxy_target *target)
{
    return site_zone(site, "local", target->text);
}

/* ---- http level and server ------------------------------------------------------------------ */

static void local_group_render(struct site *site, const struct route_spec *route,
                               const struct proxy_target *target)
{
    struct nginx_text *nginx = site->nginx;
    nginx_at(nginx, site_span(site, route->proxy.node));
    nginx_begin(nginx, "upstream");
    nginx_word(nginx, local_group(site, target));
    nginx_block(nginx);
    /* Never set aside after a failure: there is no other place to go to. */
    nginx_line(nginx, "server", arena_printf(site->arena, "127.0.0.1:%u", target->port),
               "max_fails=0", NULL);
    nginx_line(nginx, "server", arena_printf(site->arena, "[::1]:%u", target->port), "max_fails=0",
               "backup", NULL);
    nginx_block_end(nginx);
}

static bool is_first_use(const struct site *site, size_t number)
{
    for (size_t i = 0; i < number; i++) {
        if (text_equal(site->routes[i].own->proxy.text, site->routes[number].own->proxy.text)) {
            return false;
        }
    }
    return true;
}

void site_proxy_http(struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        const struct route *route = &site->routes[i];
        bool is_own = route->own->handler == ROUTE_PROXY && is_first_use(site, i);
        if (is_own && route->target != NULL && route->target->type == TARGET_LOCAL) {
            local_group_render(site, route->own, route->target);
        }
    }
}

static bool has_late_name(const struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        const struct proxy_target *target = site->routes[i].target;
        if (target != NULL && target->type == TARGET_LATE) {
            return true;
        }
    }
    return false;
}

/* "127.0.0.53 [::1]" as arguments of their own. */
static void nameservers_render(struct site *site, const char *nameservers)
{
    static const char fallback[] = "127.0.0.1"; /* as the C library does */
    const char *at = nameservers != NULL && nameservers[0] != '\0' ? nameservers : fallback;
    while (*at != '\0') {
        size_t length = strcspn(at, " ");
        if (length > 0) {
            nginx_value(site->nginx, NGINX_STATIC, arena_strndup(site->arena, at, length));
        }
        at += length + (at[length] == ' ');
    }
}

static void resolver_render(struct site *site)
{
    nginx_begin(site->nginx, "resolver");
    nameservers_render(site, site->render->facts->nameservers);
    if (!site->render->facts->has_ipv6) {
        nginx_word(site->nginx, "ipv6=off");
    }
    nginx_end(site->nginx);
    nginx_line(site->nginx, "resolver_timeout", "5s", NULL);
}

static void timeout_render(struct site *site, const struct duration_value *timeout)
{
    nginx_at(site->nginx, site_span(site, timeout->node));
    nginx_begin(site->nginx, "proxy_read_timeout");
    site_duration(site->nginx, timeout->milliseconds);
    nginx_end(site->nginx);
    nginx_begin(site->nginx, "proxy_send_timeout");
    site_duration(site->nginx, timeout->milliseconds);
    nginx_end(site->nginx);
}

static void buffering_render(struct site *site, const struct boolean_value *buffering)
{
    nginx_at(site->nginx, site_span(site, buffering->node));
    const char *word = buffering->is_true ? "on" : "off";
    nginx_line(site->nginx, "proxy_buffering", word, NULL);
    nginx_line(site->nginx, "proxy_request_buffering", word, NULL);
}

void site_proxy_server(struct site *site)
{
    if (!site_has_proxy(site)) {
        return;
    }
    const struct route_spec *route = &site->spec->route;
    nginx_at(site->nginx, site->document->span);
    if (has_late_name(site)) {
        resolver_render(site);
    }
    nginx_line(site->nginx, "proxy_http_version", "1.1", NULL);
    nginx_line(site->nginx, "proxy_connect_timeout", "5s", NULL);
    timeout_render(site, &route->timeout);
    if (!route->buffering.is_true) {
        buffering_render(site, &route->buffering);
    }
}

/* ---- Location ------------------------------------------------------------------------------- */

static void request_header(struct site *site, const char *name, const char *word)
{
    nginx_line(site->nginx, "proxy_set_header", name, word, NULL);
}

/* What the client claims about itself is replaced, never passed on: we are the edge. */
static void request_headers_render(struct site *site, const struct route *route)
{
    const struct boolean_value *own = &route->own->websockets;
    const struct boolean_value *websockets =
        own->node != NULL ? own : &site->spec->route.websockets;
    request_header(site, "Host", "$host$rc_port");
    request_header(site, "X-Real-IP", "$remote_addr");
    request_header(site, "X-Forwarded-For", "$remote_addr");
    request_header(site, "X-Forwarded-Host", "$host$rc_port");
    request_header(site, "X-Forwarded-Proto", "$scheme");
    if (websockets->is_true) {
        request_header(site, "Upgrade", "$rc_upgrade");
        request_header(site, "Connection", "$rc_connection");
    }
    if (route_has_prefix(route)) {
        const char *prefix = route_prefix(site->arena, route);
        nginx_begin(site->nginx, "proxy_set_header");
        nginx_word(site->nginx, "X-Forwarded-Prefix");
        nginx_value(site->nginx, NGINX_EVALUATED,
                    arena_strndup(site->arena, prefix, strlen(prefix) - 1));
        nginx_end(site->nginx);
    }
}

/* (?s): a path may hold a line break. break ends all that `set` could still do, so it stands
 * behind the other directives of that sort. */
static void strip_render(struct site *site, const struct route *route)
{
    const char *prefix = regex_escape(site->arena, route_prefix(site->arena, route));
    nginx_at(site->nginx, site_span(site, route->path->strip_prefix.node));
    nginx_begin(site->nginx, "rewrite");
    nginx_value(site->nginx, NGINX_LITERAL, arena_printf(site->arena, "(?s)^%s(.*)\\z", prefix));
    nginx_word(site->nginx, "/$1");
    nginx_word(site->nginx, "break");
    nginx_end(site->nginx);
}

static void pass_render(struct site *site, const struct proxy_target *target)
{
    nginx_begin(site->nginx, "proxy_pass");
    nginx_open(site->nginx);
    nginx_word(site->nginx, "http://");
    if (target->type == TARGET_LATE) {
        nginx_word(site->nginx, "$rc_backend");
    } else if (target->type == TARGET_LOCAL) {
        nginx_word(site->nginx, local_group(site, target));
    } else {
        nginx_value(site->nginx, NGINX_STATIC, target->text);
    }
    nginx_close(site->nginx);
    nginx_end(site->nginx);
}

void site_proxy_route(struct site *site, const struct route *route)
{
    const struct proxy_target *target = route->target;
    if (target == NULL) {
        return; /* reported */
    }
    struct nginx_text *nginx = site->nginx;
    struct span span = site_span(site, route->answer->proxy.node);
    nginx_at(nginx, span);
    if (target->type == TARGET_LATE) {
        nginx_begin(nginx, "set");
        nginx_word(nginx, "$rc_backend");
        nginx_value(nginx, NGINX_EVALUATED, target->text);
        nginx_end(nginx);
    }
    if (route_has_prefix(route)) {
        strip_render(site, route);
    }
    nginx_at(nginx, span);
    pass_render(site, target);
    request_headers_render(site, route);
    if (route->path != NULL && route->own->timeout.node != NULL) {
        timeout_render(site, &route->own->timeout);
    }
    if (route->path != NULL && route->own->buffering.node != NULL) {
        buffering_render(site, &route->own->buffering);
    }
}
