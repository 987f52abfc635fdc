/* Passing requests on to programs. nginx has the same directives once for each protocol, with the
 * protocol in front: proxy_read_timeout, fastcgi_read_timeout. */

#include <ctype.h>

#include "base/text.h"
#include "renderers/certificate.h"
#include "renderers/site.h"
#include "schemas/header.h"

/* What nginx takes by itself, and what is written for each server that passes requests on. */
enum { CONNECT_TIMEOUT_MS = 5000 };

struct protocol {
    const char *name;
    const char *scheme, *tls_scheme; /* before the address */
    bool has_buffering;
    void (*request)(struct site *site, const struct route *route); /* headers, or parameters */
};

static void headers_render(struct site *site, const struct route *route);
static void fastcgi_render(struct site *site, const struct route *route);
static void uwsgi_render(struct site *site, const struct route *route);
static void php_render(struct site *site, const struct route *route);

static const struct protocol *protocol_of(enum route_handler handler)
{
    // clang-format off
    static const struct protocol protocols[] = {
        [ROUTE_PROXY]   = {"proxy",   "http://", "https://", true,  headers_render},
        [ROUTE_GRPC]    = {"grpc",    "grpc://", "grpcs://", false, headers_render},
        [ROUTE_FASTCGI] = {"fastcgi", "",        "",         true,  fastcgi_render},
        [ROUTE_UWSGI]   = {"uwsgi",   "",        "",         true,  uwsgi_render},
        [ROUTE_PHP]     = {"fastcgi", "",        "",         true,  php_render},
    };
    // clang-format on
    bool is_known =
        handler < sizeof(protocols) / sizeof(protocols[0]) && protocols[handler].name != NULL;
    return is_known ? &protocols[handler] : NULL;
}

const char *pass_directive(const struct site *site, enum route_handler handler, const char *rest)
{
    const struct protocol *protocol = protocol_of(handler);
    return protocol == NULL ? NULL : arena_printf(site->arena, "%s_%s", protocol->name, rest);
}

/* ---- What server and location may both say -------------------------------------------------- */

static void duration_render(struct site *site, enum route_handler handler, const char *rest,
                            int64_t milliseconds)
{
    nginx_begin(site->nginx, pass_directive(site, handler, rest));
    site_duration(site->nginx, milliseconds);
    nginx_end(site->nginx);
}

static void timeout_render(struct site *site, enum route_handler handler,
                           const struct duration_value *timeout)
{
    nginx_at(site->nginx, site_span(site, timeout->node));
    duration_render(site, handler, "read_timeout", timeout->milliseconds);
    duration_render(site, handler, "send_timeout", timeout->milliseconds);
}

static void buffering_render(struct site *site, enum route_handler handler,
                             const struct boolean_value *buffering)
{
    if (!protocol_of(handler)->has_buffering) {
        return; /* nginx never collects these */
    }
    const char *word = buffering->is_true ? "on" : "off";
    nginx_at(site->nginx, site_span(site, buffering->node));
    nginx_line(site->nginx, pass_directive(site, handler, "buffering"), word, NULL);
    nginx_line(site->nginx, pass_directive(site, handler, "request_buffering"), word, NULL);
}

static void intercept_render(struct site *site, enum route_handler handler,
                             const struct boolean_value *intercept)
{
    nginx_at(site->nginx, site_span(site, intercept->node));
    nginx_line(site->nginx, pass_directive(site, handler, "intercept_errors"),
               intercept->is_true ? "on" : "off", NULL);
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

void site_resolver_render(struct site *site)
{
    nginx_begin(site->nginx, "resolver");
    nameservers_render(site, site->render->facts->nameservers);
    if (!site->render->facts->has_ipv6) {
        nginx_word(site->nginx, "ipv6=off");
    }
    nginx_end(site->nginx);
    nginx_line(site->nginx, "resolver_timeout", "5s", NULL);
}

/* ---- Server --------------------------------------------------------------------------------- */

static bool has_late_name(const struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        const struct target *target = site->routes[i].target;
        const struct target *auth_target = site->routes[i].auth_target;
        if ((target != NULL && target->is_late) || (auth_target != NULL && auth_target->is_late)) {
            return true;
        }
    }
    return false;
}

bool site_has_programs(const struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        if (protocol_of(site->routes[i].now->handler) != NULL) {
            return true;
        }
    }
    return false;
}

bool site_begins_protocol(const struct site *site, enum route_handler handler)
{
    const struct protocol *protocol = protocol_of(handler);
    if (protocol == NULL || !site_has_handler(site, handler)) {
        return false;
    }
    for (enum route_handler other = 0; other < handler; other++) {
        const struct protocol *earlier = protocol_of(other);
        if (earlier != NULL && strcmp(earlier->name, protocol->name) == 0 &&
            site_has_handler(site, other)) {
            return false;
        }
    }
    return true;
}

void site_pass_server(struct site *site)
{
    const struct route_spec *route = &site->spec->route;
    nginx_at(site->nginx, site->document->span);
    if (has_late_name(site)) {
        site_resolver_render(site);
    }
    for (enum route_handler handler = 0; handler < ROUTE_HANDLER_COUNT; handler++) {
        if (!site_begins_protocol(site, handler)) {
            continue;
        }
        nginx_at(site->nginx, site->document->span);
        if (handler == ROUTE_PROXY) {
            nginx_line(site->nginx, "proxy_http_version", "1.1", NULL);
        }
        duration_render(site, handler, "connect_timeout", CONNECT_TIMEOUT_MS);
        timeout_render(site, handler, &route->timeout);
        if (!route->buffering.is_true) {
            buffering_render(site, handler, &route->buffering);
        }
        if (route->intercept_errors.is_true) {
            intercept_render(site, handler, &route->intercept_errors);
        }
    }
}

/* ---- Request: HTTP headers ------------------------------------------------------------------ */

/* The value that the route, or the one around it that says it last, has for a header; NULL where
 * none does. */
static const struct text_pair *own_header(const struct route *route, const char *name)
{
    for (const struct route *at = route; at != NULL; at = at->parent) {
        const struct text_map *headers = &at->own->request_headers;
        for (size_t i = 0; i < headers->count; i++) {
            if (header_same(headers->items[i].key.text, name)) {
                return &headers->items[i];
            }
        }
    }
    return NULL;
}

/* Each header that somebody wrote, once: call(site, route, pair). */
static void own_headers_visit(struct site *site, const struct route *route,
                              void (*call)(struct site *site, const struct route *route,
                                           const struct text_pair *pair))
{
    for (const struct route *at = route; at != NULL; at = at->parent) {
        const struct text_map *headers = &at->own->request_headers;
        for (size_t i = 0; i < headers->count; i++) {
            const struct text_pair *pair = &headers->items[i];
            if (own_header(route, pair->key.text) == pair) {
                nginx_at(site->nginx, site_span(site, pair->value.node));
                call(site, route, pair);
            }
        }
    }
}

static void header_render(struct site *site, const struct route *route, const char *name,
                          const char *word)
{
    if (own_header(route, name) == NULL) {
        nginx_line(site->nginx, pass_directive(site, route->now->handler, "set_header"), name, word,
                   NULL);
    }
}

static void own_header_render(struct site *site, const struct route *route,
                              const struct text_pair *pair)
{
    nginx_begin(site->nginx, pass_directive(site, route->now->handler, "set_header"));
    nginx_value(site->nginx, NGINX_LITERAL, pair->key.text);
    site_value_render(site, pair->value.text);
    nginx_end(site->nginx);
}

/* The prefix without its last slash; "" without a prefix. */
static const char *script_name(const struct site *site, const struct route *route)
{
    return route->prefix == NULL
               ? ""
               : arena_strndup(site->arena, route->prefix, strlen(route->prefix) - 1);
}

static void host_render(struct site *site, const struct route *route, const struct text_value *host)
{
    if (host->text == NULL) {
        header_render(site, route, "Host", "$host$rc_port");
    } else if (own_header(route, "Host") == NULL) {
        nginx_at(site->nginx, site_span(site, host->node));
        nginx_begin(site->nginx, pass_directive(site, route->now->handler, "set_header"));
        nginx_word(site->nginx, "Host");
        nginx_value(site->nginx, NGINX_EVALUATED, host->text);
        nginx_end(site->nginx);
    }
}

static void tls_render(struct site *site, enum route_handler handler, const struct target *target,
                       const struct proxy_spec *proxy)
{
    struct nginx_text *nginx = site->nginx;
    const char *name = proxy->server_name.text != NULL ? proxy->server_name.text : target->host;
    nginx_at(nginx, site_span(site, proxy->pool.to.node));
    nginx_line(nginx, pass_directive(site, handler, "ssl_protocols"), "TLSv1.2", "TLSv1.3", NULL);
    nginx_line(nginx, pass_directive(site, handler, "ssl_server_name"), "on", NULL);
    nginx_begin(nginx, pass_directive(site, handler, "ssl_name"));
    nginx_value(nginx, NGINX_EVALUATED, name);
    nginx_end(nginx);
    nginx_at(nginx, site_span(site, proxy->verify.node));
    nginx_line(nginx, pass_directive(site, handler, "ssl_verify"),
               proxy->verify.is_true ? "on" : "off", NULL);
    if (proxy->verify.is_true) {
        nginx_line(nginx, pass_directive(site, handler, "ssl_verify_depth"), "4", NULL);
        nginx_begin(nginx, pass_directive(site, handler, "ssl_trusted_certificate"));
        nginx_value(nginx, NGINX_STATIC, proxy->ca.text);
        nginx_end(nginx);
    }
    if (proxy->certificate.text != NULL) {
        const char *folder = certificate_directory(
            site->arena, site->render->layout, proxy->certificate.text + strlen("certificate:"));
        nginx_at(nginx, site_span(site, proxy->certificate.node));
        nginx_begin(nginx, pass_directive(site, handler, "ssl_certificate"));
        nginx_value(nginx, NGINX_STATIC, arena_printf(site->arena, "%s/fullchain.pem", folder));
        nginx_end(nginx);
        nginx_begin(nginx, pass_directive(site, handler, "ssl_certificate_key"));
        nginx_value(nginx, NGINX_STATIC, arena_printf(site->arena, "%s/key.pem", folder));
        nginx_end(nginx);
    }
}

/* What the client claims about itself is replaced, never passed on: we are the edge. */
static void headers_render(struct site *site, const struct route *route)
{
    struct nginx_text *nginx = site->nginx;
    const struct route_spec *now = route->now;
    const struct proxy_spec *proxy = route_proxy(now);
    struct span span = nginx_place(nginx);
    bool is_proxy = now->handler == ROUTE_PROXY;
    host_render(site, route, &proxy->host);
    nginx_at(nginx, span);
    header_render(site, route, "X-Real-IP", "$remote_addr");
    header_render(site, route, "X-Forwarded-For", site_forwarded_for(site));
    header_render(site, route, "X-Forwarded-Host", "$host$rc_port");
    header_render(site, route, "X-Forwarded-Proto", site_forwarded_proto(site));
    bool is_kept = proxy->pool.keepalive.number > 0;
    if (is_proxy && now->websockets.is_true) {
        header_render(site, route, "Upgrade", "$rc_upgrade");
        header_render(site, route, "Connection",
                      is_kept ? "$rc_connection_kept" : "$rc_connection");
    } else if (is_proxy && is_kept) {
        header_render(site, route, "Connection", "\"\"");
    }
    if (route->prefix != NULL) {
        nginx_begin(nginx, pass_directive(site, now->handler, "set_header"));
        nginx_word(nginx, "X-Forwarded-Prefix");
        nginx_value(nginx, NGINX_EVALUATED, script_name(site, route));
        nginx_end(nginx);
    }
    own_headers_visit(site, route, own_header_render);
    nginx_at(nginx, span);
    site_auth_headers_visit(site, route, header_render);
    if (route->target->uses_tls) {
        tls_render(site, now->handler, route->target, proxy);
    }
}

/* ---- Request: parameters -------------------------------------------------------------------- */

static void param_render(struct site *site, const struct route *route, const char *name,
                         const char *word)
{
    nginx_line(site->nginx, pass_directive(site, route->now->handler, "param"), name, word, NULL);
}

static void param_value_render(struct site *site, const struct route *route, const char *name,
                               const char *text, const char *word)
{
    nginx_begin(site->nginx, pass_directive(site, route->now->handler, "param"));
    nginx_word(site->nginx, name);
    nginx_open(site->nginx);
    nginx_value(site->nginx, NGINX_EVALUATED, text);
    if (word != NULL) {
        nginx_word(site->nginx, word);
    }
    nginx_close(site->nginx);
    nginx_end(site->nginx);
}

/* What somebody wrote. */
static void own_param_render(struct site *site, const struct route *route, const char *name,
                             const char *value)
{
    nginx_begin(site->nginx, pass_directive(site, route->now->handler, "param"));
    nginx_word(site->nginx, name);
    site_value_render(site, value);
    nginx_end(site->nginx);
}

static char param_character(char c)
{
    return isalnum((unsigned char)c) ? (char)toupper((unsigned char)c) : '_';
}

/* A header as RFC 3875 names it: HTTP_X_TENANT. */
static const char *param_of_header(const struct site *site, const char *header)
{
    struct text name = text_make(site->arena);
    text_add(&name, "HTTP_");
    for (const char *c = header; *c != '\0'; c++) {
        text_add_char(&name, param_character(*c));
    }
    return name.data;
}

static void own_header_param(struct site *site, const struct route *route,
                             const struct text_pair *pair)
{
    own_param_render(site, route, param_of_header(site, pair->key.text), pair->value.text);
}

static void auth_param_render(struct site *site, const struct route *route, const char *header,
                              const char *word)
{
    if (own_header(route, header) == NULL) {
        param_render(site, route, param_of_header(site, header), word);
    }
}

/* RFC 3875, and what programs expect beside it. An empty HTTP_PROXY keeps a client's Proxy header
 * from becoming the program's proxy. */
static void params_render(struct site *site, const struct route *route, const struct text_map *own)
{
    static const char *const params[][2] = {
        {"QUERY_STRING", "$query_string"},
        {"REQUEST_METHOD", "$request_method"},
        {"CONTENT_TYPE", "$content_type"},
        {"CONTENT_LENGTH", "$content_length"},
        {"REQUEST_URI", "$request_uri"},
        {"SERVER_PROTOCOL", "$server_protocol"},
        {"REMOTE_ADDR", "$remote_addr"},
        {"REMOTE_PORT", "$remote_port"},
        {"REMOTE_USER", "$remote_user"},
        {"SERVER_ADDR", "$server_addr"},
        {"SERVER_PORT", "$server_port"},
        {"SERVER_NAME", "$host"},
        {"HTTP_PROXY", "\"\""},
    };
    struct span span = nginx_place(site->nginx);
    for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
        param_render(site, route, params[i][0], params[i][1]);
    }
    param_render(site, route, "REQUEST_SCHEME", site_forwarded_proto(site));
    nginx_line(site->nginx, pass_directive(site, route->now->handler, "param"), "HTTPS",
               site_forwarded_https(site), "if_not_empty", NULL);
    own_headers_visit(site, route, own_header_param);
    nginx_at(site->nginx, span);
    site_auth_headers_visit(site, route, auth_param_render);
    for (size_t i = 0; i < own->count; i++) {
        nginx_at(site->nginx, site_span(site, own->items[i].value.node));
        own_param_render(site, route, own->items[i].key.text, own->items[i].value.text);
    }
    nginx_at(site->nginx, span);
}

static void script_check_render(struct site *site, const struct fastcgi_spec *fastcgi)
{
    if (fastcgi->must_exist.is_true) {
        struct span span = nginx_place(site->nginx);
        nginx_at(site->nginx, site_span(site, fastcgi->must_exist.node));
        nginx_begin(site->nginx, "root");
        nginx_value(site->nginx, NGINX_STATIC, fastcgi->root.text);
        nginx_end(site->nginx);
        nginx_line(site->nginx, "try_files", "$fastcgi_script_name", "=404", NULL);
        nginx_at(site->nginx, span);
    }
}

static void fastcgi_render(struct site *site, const struct route *route)
{
    const struct fastcgi_spec *fastcgi = route->now->fastcgi;
    param_render(site, route, "GATEWAY_INTERFACE", "CGI/1.1");
    if (fastcgi->script.text != NULL) {
        param_value_render(site, route, "SCRIPT_FILENAME", fastcgi->script.text, NULL);
    } else if (fastcgi->root.text != NULL) {
        script_check_render(site, fastcgi);
        param_value_render(site, route, "DOCUMENT_ROOT", fastcgi->root.text, NULL);
        param_value_render(site, route, "SCRIPT_FILENAME", fastcgi->root.text,
                           "$fastcgi_script_name");
        param_render(site, route, "SCRIPT_NAME", "$fastcgi_script_name");
        params_render(site, route, &fastcgi->params);
        return;
    }
    param_value_render(site, route, "SCRIPT_NAME", script_name(site, route), NULL);
    param_render(site, route, "PATH_INFO", "$uri");
    params_render(site, route, &fastcgi->params);
}

/* The real path: PHP keeps what it has compiled by it, also when a link leads to a new release. */
static void php_render(struct site *site, const struct route *route)
{
    param_render(site, route, "GATEWAY_INTERFACE", "CGI/1.1");
    param_render(site, route, "DOCUMENT_ROOT", "$realpath_root");
    param_render(site, route, "SCRIPT_FILENAME", "$realpath_root$fastcgi_script_name");
    param_render(site, route, "SCRIPT_NAME", "$fastcgi_script_name");
    if (route->now->php->path_info.is_true) {
        param_render(site, route, "PATH_INFO", SITE_PATH_INFO);
    }
    param_render(site, route, "DOCUMENT_URI", "$document_uri");
    param_render(site, route, "REDIRECT_STATUS", "200");
    params_render(site, route, &route->now->php->params);
}

static void uwsgi_render(struct site *site, const struct route *route)
{
    param_value_render(site, route, "SCRIPT_NAME", script_name(site, route), NULL);
    param_render(site, route, "PATH_INFO", "$uri");
    params_render(site, route, &route->now->uwsgi->params);
}

/* ---- Location ------------------------------------------------------------------------------- */

/* (?s): a path may hold a line break. break ends all that `set` could still do, so it stands
 * behind the other directives of that sort. */
void site_strip_render(struct site *site, const struct route *route)
{
    const struct route *says = route;
    while (says->path->stripped == NULL) {
        says = says->parent;
    }
    nginx_at(site->nginx, site_span(site, says->path->strip_prefix.node));
    const char *prefix = regex_escape(site->arena, route->prefix);
    nginx_begin(site->nginx, "rewrite");
    nginx_value(site->nginx, NGINX_LITERAL, arena_printf(site->arena, "(?s)^%s(.*)\\z", prefix));
    nginx_word(site->nginx, "/$1");
    nginx_word(site->nginx, "break");
    nginx_end(site->nginx);
}

static void late_name_render(struct site *site, const struct target *target)
{
    if (target->is_late) {
        nginx_begin(site->nginx, "set");
        nginx_word(site->nginx, "$rc_backend");
        nginx_value(site->nginx, NGINX_EVALUATED, target->text);
        nginx_end(site->nginx);
    }
}

/* path: NULL: that of the request. */
static void pass_render(struct site *site, enum route_handler handler, const struct target *target,
                        const char *path)
{
    const struct protocol *protocol = protocol_of(handler);
    nginx_begin(site->nginx, pass_directive(site, handler, "pass"));
    nginx_open(site->nginx);
    nginx_word(site->nginx, target->uses_tls ? protocol->tls_scheme : protocol->scheme);
    if (target->is_late) {
        nginx_word(site->nginx, "$rc_backend");
    } else if (target->servers.count > 0) {
        nginx_word(site->nginx, target->text);
    } else {
        nginx_value(site->nginx, NGINX_STATIC, target->text);
    }
    if (path != NULL && strchr(target->text, '/') != NULL && !target->is_late) {
        nginx_word(site->nginx, ":"); /* behind the path of a socket */
    }
    if (path != NULL) {
        nginx_value(site->nginx, NGINX_STATIC, path);
    }
    nginx_close(site->nginx);
    nginx_end(site->nginx);
}

void site_pass_to(struct site *site, const struct target *target, const struct proxy_spec *proxy,
                  const char *path)
{
    late_name_render(site, target);
    pass_render(site, ROUTE_PROXY, target, path);
    if (target->uses_tls) {
        struct span span = nginx_place(site->nginx);
        tls_render(site, ROUTE_PROXY, target, proxy);
        nginx_at(site->nginx, span);
    }
}

/* "503" -> "http_503" */
static void retry_render(struct site *site, enum route_handler handler,
                         const struct pool_spec *pool)
{
    if (pool->retry.count > 0) {
        nginx_at(site->nginx, site_span(site, pool->retry.node));
        nginx_begin(site->nginx, pass_directive(site, handler, "next_upstream"));
        for (size_t i = 0; i < pool->retry.count; i++) {
            const char *word = pool->retry.items[i].text;
            bool is_status = word[0] >= '0' && word[0] <= '9';
            nginx_word(site->nginx, is_status ? arena_printf(site->arena, "http_%s", word) : word);
        }
        nginx_end(site->nginx);
    }
    if (pool->tries.number > 0) {
        nginx_at(site->nginx, site_span(site, pool->tries.node));
        nginx_begin(site->nginx, pass_directive(site, handler, "next_upstream_tries"));
        nginx_number(site->nginx, (unsigned long long)pool->tries.number, "");
        nginx_end(site->nginx);
    }
    if (pool->connect_timeout.milliseconds != CONNECT_TIMEOUT_MS) {
        nginx_at(site->nginx, site_span(site, pool->connect_timeout.node));
        duration_render(site, handler, "connect_timeout", pool->connect_timeout.milliseconds);
    }
}

void site_program_render(struct site *site, const struct route *route)
{
    const struct target *target = route->target;
    enum route_handler handler = route->now->handler;
    struct nginx_text *nginx = site->nginx;
    struct span span = site_span(site, target->pool->object.node);
    nginx_at(nginx, span);
    late_name_render(site, target);
    if (route->prefix != NULL) {
        site_strip_render(site, route);
        nginx_at(nginx, span);
    }
    pass_render(site, handler, target, NULL);
    retry_render(site, handler, target->pool);
    nginx_at(nginx, span);
    protocol_of(handler)->request(site, route);
    site_cache_route(site, route);
    site_cookies_route(site, route);
    const struct route_spec *now = route->now;
    const struct route_spec *server = &site->spec->route;
    if (now->timeout.node != server->timeout.node) {
        timeout_render(site, handler, &now->timeout);
    }
    if (now->buffering.node != server->buffering.node) {
        buffering_render(site, handler, &now->buffering);
    }
    if (now->intercept_errors.node != server->intercept_errors.node) {
        intercept_render(site, handler, &now->intercept_errors);
    }
}

void site_pass_route(struct site *site, const struct route *route)
{
    if (route->target == NULL) {
        return; /* reported */
    }
    if (route->now->files.text != NULL) {
        site_files_first_render(site, route);
    } else {
        site_program_render(site, route);
    }
}
