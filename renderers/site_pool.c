/* The programs behind a site: where a route leads, and the groups of servers that nginx shares work
 * among. */

#include "renderers/site.h"
#include "schemas/service.h"

/* Names of a group are looked up while nginx runs from this version on, without nginx Plus. */
enum { NGINX_GROUP_RESOLVE = 1027003 };

/* ---- Servers -------------------------------------------------------------------------------- */

static const char *pool_field(const struct site *site)
{
    return site_is_stream(site->spec) ? "stream" : "proxy";
}

static bool report(struct site *site, enum diagnostic_code code, const struct backend_spec *backend,
                   const char *argument)
{
    site_report(site, code, backend->address.node, pool_field(site), argument, NULL);
    return false;
}

static bool find_service(struct site *site, const char *name, struct server *out)
{
    const struct document *document = document_find(site->render->documents, "service", name);
    if (document == NULL) {
        return false; /* reported by core/resolve */
    }
    const struct service_spec *service = document->spec;
    const char *socket = service->socket.text;
    if (socket != NULL) {
        out->text = arena_printf(site->arena, "unix:%s", socket);
        return syntax_backend.check(out->text) ||
               report(site, DIAGNOSTIC_SITE_SOCKET_PATH, out->spec, socket);
    }
    unsigned port = service->port.number;
    out->text = arena_printf(site->arena, "127.0.0.1:%u", port);
    return port != 0 || report(site, DIAGNOSTIC_SITE_NO_ADDRESS, out->spec, name);
}

static bool find_server(struct site *site, const struct backend_spec *backend, struct server *out)
{
    const char *text = backend->address.text;
    *out = (struct server){.spec = backend};
    if (text_starts_with(text, "service:")) {
        return find_service(site, text + strlen("service:"), out);
    }
    struct backend_address address = backend_read(site->arena, text);
    uint16_t port = 0;
    out->text = address.text;
    out->uses_tls = address.uses_tls;
    out->is_name = backend_is_name(address.text);
    if (text_starts_with(address.text, "localhost:") &&
        value_read_port(address.text + strlen("localhost:"), &port)) {
        out->text = arena_printf(site->arena, "127.0.0.1:%u", port);
        out->port = port;
    }
    return true;
}

/* False when one of them has no address, which was reported. */
static bool find_servers(struct site *site, const struct pool_spec *pool, struct server_list *out)
{
    const struct backend_spec *backends = pool->to.items;
    for (size_t i = 0; i < pool->to.count; i++) {
        if (backends[i].address.text == NULL ||
            !find_server(site, &backends[i], vec_new(site->arena, out))) {
            return false;
        }
    }
    return out->count > 0;
}

/* ---- Groups --------------------------------------------------------------------------------- */

static void count_render(struct site *site, const char *name, int64_t number)
{
    nginx_word(site->nginx, arena_printf(site->arena, "%s=%lld", name, (long long)number));
}

static void server_render(struct site *site, const struct server *server)
{
    const struct backend_spec *spec = server->spec;
    struct nginx_text *nginx = site->nginx;
    nginx_at(nginx, site_span(site, spec->object.node));
    nginx_begin(nginx, "server");
    nginx_value(nginx, NGINX_STATIC, server->text);
    if (server->is_name) {
        nginx_word(nginx, "resolve");
    }
    if (spec->weight.number == 0) {
        nginx_word(nginx, "down");
    } else if (spec->weight.number != 1) {
        count_render(site, "weight", spec->weight.number);
    }
    if (spec->connections.number > 0) {
        count_render(site, "max_conns", spec->connections.number);
    }
    if (spec->failures.node != NULL) {
        count_render(site, "max_fails", spec->failures.number);
    }
    if (spec->aside.node != NULL) {
        nginx_open(nginx);
        nginx_word(nginx, "fail_timeout=");
        site_duration(nginx, spec->aside.milliseconds);
        nginx_close(nginx);
    }
    if (spec->backup.is_true) {
        nginx_word(nginx, "backup");
    }
    nginx_end(nginx);
}

/* localhost alone: IPv4, or IPv6 where only that answers. Never set aside after a failure: there is
 * no other place to go to. */
static void localhost_render(struct site *site, const struct server *server)
{
    nginx_at(site->nginx, site_span(site, server->spec->object.node));
    nginx_line(site->nginx, "server", server->text, "max_fails=0", NULL);
    nginx_line(site->nginx, "server", arena_printf(site->arena, "[::1]:%u", server->port),
               "max_fails=0", "backup", NULL);
}

static void balance_render(struct site *site, const struct pool_spec *pool)
{
    // clang-format off
    static const char *const words[][4] = {
        [POOL_ROUND_ROBIN]       = {NULL},
        [POOL_LEAST_CONNECTIONS] = {"least_conn"},
        [POOL_CLIENT]            = {"hash", "$binary_remote_addr", "consistent"},
        [POOL_PATH]              = {"hash", "$request_uri", "consistent"},
        [POOL_RANDOM]            = {"random", "two", "least_conn"},
    };
    // clang-format on
    const char *const *row = words[pool->balance.index < 0 ? 0 : pool->balance.index];
    if (row[0] == NULL) {
        return;
    }
    nginx_at(site->nginx, site_span(site, pool->balance.node));
    nginx_begin(site->nginx, row[0]);
    for (size_t i = 1; row[i] != NULL; i++) {
        nginx_word(site->nginx, row[i]);
    }
    nginx_end(site->nginx);
}

static bool has_name(const struct server_list *servers)
{
    for (size_t i = 0; i < servers->count; i++) {
        if (servers->items[i].is_name) {
            return true;
        }
    }
    return false;
}

static void group_render(struct site *site, const struct target *target)
{
    const struct pool_spec *pool = target->pool;
    const struct server_list *servers = &target->servers;
    struct nginx_text *nginx = site->nginx;
    struct span span = site_span(site, pool->to.node);
    nginx_at(nginx, span);
    nginx_begin(nginx, "upstream");
    nginx_word(nginx, target->text);
    nginx_block(nginx);
    if (servers->count > 1 || has_name(servers)) {
        /* All workers know of failures and connections. */
        nginx_line(nginx, "zone", target->text, "64k", NULL);
    }
    if (has_name(servers)) {
        site_resolver_render(site);
    }
    if (servers->count == 1 && servers->items[0].port != 0 && site->render->facts->has_ipv6) {
        localhost_render(site, &servers->items[0]);
    } else {
        balance_render(site, pool);
        for (size_t i = 0; i < servers->count; i++) {
            server_render(site, &servers->items[i]);
        }
    }
    if (pool->keepalive.number > 0) {
        nginx_at(nginx, site_span(site, pool->keepalive.node));
        nginx_begin(nginx, "keepalive");
        nginx_number(nginx, (unsigned long long)pool->keepalive.number, "");
        nginx_end(nginx);
    }
    nginx_at(nginx, span);
    nginx_block_end(nginx);
}

/* ---- Targets -------------------------------------------------------------------------------- */

/* Locations that name the same address share its TLS sessions, and a session that one of them began
 * is taken up by another without a look at the certificate (measured). A group has its own. */
static bool needs_group(const struct site *site, const struct pool_spec *pool,
                        const struct server_list *servers)
{
    const struct server *first = &servers->items[0];
    return servers->count > 1 || pool->keepalive.number > 0 ||
           first->spec->connections.number > 0 || (first->uses_tls && !first->is_name) ||
           (first->port != 0 && site->render->facts->has_ipv6);
}

/* A name that cannot be looked up while nginx runs would keep it from starting. */
static bool names_are_allowed(struct site *site, const struct server_list *servers)
{
    const struct facts *facts = site->render->facts;
    for (size_t i = 0; i < servers->count; i++) {
        const struct server *server = &servers->items[i];
        if (server->is_name && facts->nginx_version < NGINX_GROUP_RESOLVE) {
            site_report(site, DIAGNOSTIC_SITE_NAME_IN_GROUP, server->spec->address.node,
                        pool_field(site), server->text,
                        nginx_version_text(site->arena, facts->nginx_version));
            return false;
        }
    }
    return true;
}

/* "10.0.0.1:3000" -> "10.0.0.1" */
static const char *host_of(struct arena *arena, const char *address)
{
    const char *colon = strrchr(address, ':');
    return arena_strndup(arena, address,
                         colon == NULL ? strlen(address) : (size_t)(colon - address));
}

/* A name in the certificate cannot be compared with an address. */
static bool certificate_is_comparable(struct site *site, const struct proxy_spec *proxy,
                                      const struct server *server)
{
    bool is_good = proxy == NULL || !server->uses_tls || !proxy->verify.is_true ||
                   proxy->server_name.text != NULL || server->is_name || server->port != 0;
    return is_good || report(site, DIAGNOSTIC_SITE_BACKEND_NAME, server->spec, server->text);
}

/* type and what: what a group is named by. */
static const struct target *make_target(struct site *site, const struct pool_spec *pool,
                                        const struct server_list *servers, const char *type,
                                        const char *what)
{
    const struct server *first = &servers->items[0];
    struct target *target = arena_new(site->arena, struct target);
    *target = (struct target){
        .pool = pool,
        .text = first->text,
        .is_late = first->is_name,
        .uses_tls = first->uses_tls,
        .host = first->port != 0 ? "localhost" : host_of(site->arena, first->text),
    };
    if (needs_group(site, pool, servers)) {
        if (!names_are_allowed(site, servers)) {
            return NULL;
        }
        target->is_late = false;
        target->servers = *servers;
        target->text = site_zone(site, type, what);
    }
    return target;
}

/* proxy: the pool's, where that may speak TLS; else NULL. */
static const struct target *find_target(struct site *site, const struct route *route,
                                        const struct pool_spec *pool,
                                        const struct proxy_spec *proxy, const char *type)
{
    struct server_list servers = {0};
    if (pool == NULL || !find_servers(site, pool, &servers) ||
        !certificate_is_comparable(site, proxy, &servers.items[0])) {
        return NULL;
    }
    return make_target(site, pool, &servers, type, route_key(route));
}

/* ---- Public --------------------------------------------------------------------------------- */

void site_pools_collect(struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        struct route *route = &site->routes[i];
        const struct auth_spec *auth = route->own->auth;
        if (auth_has_forward(auth)) {
            route->auth_target =
                find_target(site, route, &auth->forward.to.pool, &auth->forward.to, "auth");
        }
        if (route->own->handler != ROUTE_INHERITED) {
            route->target =
                find_target(site, route, route_pool(route->own), route_proxy(route->own), "group");
        } else if (route->parent != NULL) {
            route->target = route->parent->target;
        }
    }
}

void site_group_render(struct site *site, const struct target *target)
{
    if (target->servers.count > 0) {
        group_render(site, target);
    }
}

void site_pools_http(struct site *site)
{
    for (size_t i = 0; i < site->route_count; i++) {
        const struct target *target = site->routes[i].target;
        bool is_own = site->routes[i].own->handler != ROUTE_INHERITED;
        if (is_own && target != NULL) {
            site_group_render(site, target);
        }
        if (site->routes[i].auth_target != NULL) {
            site_group_render(site, site->routes[i].auth_target);
        }
    }
}

const struct target *site_stream_target(struct site *site)
{
    const struct pool_spec *pool = &site->spec->stream.pool;
    struct server_list servers = {0};
    return find_servers(site, pool, &servers) ? make_target(site, pool, &servers, "stream", "")
                                              : NULL;
}
