/* A site with a stream: one file of nginx configuration for the level of streams, with its zones,
 * its group of servers and its server. */

#include "base/text.h"
#include "renderers/site.h"

enum { NGINX_HALF_CLOSE = 1021004 };

/* A map has a name's address ready only when a connection comes, so that it is looked up then. */
static const char *late_variable(const struct site *site)
{
    return arena_printf(site->arena, "$%s", site_variable(site, "stream", ""));
}

static void late_render(struct site *site, const struct target *target)
{
    struct nginx_text *nginx = site->nginx;
    nginx_at(nginx, site_span(site, target->pool->to.node));
    nginx_table(nginx, "map", "$remote_addr", late_variable(site));
    nginx_begin(nginx, "default");
    nginx_value(nginx, NGINX_STATIC, target->text);
    nginx_end(nginx);
    nginx_block_end(nginx);
}

/* Datagrams of one client have to reach the same worker, for which each has a socket of its own. */
static void listen_render(struct site *site, const struct listener *listener)
{
    bool is_udp = stream_is_udp(&site->spec->stream);
    nginx_at(site->nginx, listener->span);
    nginx_begin(site->nginx, "listen");
    nginx_word(site->nginx, listener->address);
    if (listener->uses_tls) {
        nginx_word(site->nginx, "ssl");
    }
    if (is_udp) {
        nginx_word(site->nginx, "udp");
        nginx_word(site->nginx, "reuseport");
    }
    nginx_end(site->nginx);
}

static void time_render(struct site *site, const char *directive, int64_t milliseconds,
                        const struct node *node)
{
    nginx_at(site->nginx, site_span(site, node));
    nginx_begin(site->nginx, directive);
    site_duration(site->nginx, milliseconds);
    nginx_end(site->nginx);
}

static void count_render(struct site *site, const char *directive,
                         const struct integer_value *count)
{
    if (count->node != NULL) {
        nginx_at(site->nginx, site_span(site, count->node));
        nginx_begin(site->nginx, directive);
        nginx_number(site->nginx, (unsigned long long)count->number, "");
        nginx_end(site->nginx);
    }
}

/* A client that has said all may still wait for the answer. Not with TLS: nginx would end it in a
 * way that looks cut off. */
static void half_close_render(struct site *site)
{
    bool is_plain_tcp = !stream_is_udp(&site->spec->stream) && !site->uses_tls;
    if (is_plain_tcp && site->render->facts->nginx_version >= NGINX_HALF_CLOSE) {
        nginx_at(site->nginx, site->document->span);
        nginx_line(site->nginx, "proxy_half_close", "on", NULL);
    }
}

static void pass_render(struct site *site, const struct target *target)
{
    const struct stream_spec *stream = &site->spec->stream;
    struct nginx_text *nginx = site->nginx;
    if (target->is_late) {
        nginx_at(nginx, site->document->span);
        site_resolver_render(site);
    }
    time_render(site, "proxy_connect_timeout", stream->pool.connect_timeout.milliseconds,
                stream->pool.connect_timeout.node);
    time_render(site, "proxy_timeout", stream_timeout(stream), stream->timeout.node);
    half_close_render(site);
    count_render(site, "proxy_next_upstream_tries", &stream->pool.tries);
    count_render(site, "proxy_responses", &stream->responses);
    if (stream->proxy_protocol.is_true) {
        nginx_at(nginx, site_span(site, stream->proxy_protocol.node));
        nginx_line(nginx, "proxy_protocol", "on", NULL);
    }
    nginx_at(nginx, site_span(site, stream->pool.to.node));
    nginx_begin(nginx, "proxy_pass");
    if (target->is_late) {
        nginx_word(nginx, late_variable(site));
    } else {
        nginx_value(nginx, NGINX_STATIC, target->text);
    }
    nginx_end(nginx);
}

static void server_render(struct site *site, const struct target *target)
{
    struct nginx_text *nginx = site->nginx;
    struct listener_list listeners = {0};
    stream_listeners_of(site->arena, site->render->facts, site->render->layout, site->document,
                        &listeners);
    nginx_at(nginx, site->document->span);
    nginx_gap(nginx);
    nginx_begin(nginx, "server");
    nginx_block(nginx);
    for (size_t i = 0; i < listeners.count; i++) {
        listen_render(site, &listeners.items[i]);
    }
    site_log_stream(site);
    site_tls_render(site);
    site_limits_stream(site);
    if (target != NULL) {
        pass_render(site, target);
    }
    if (site->spec->route.raw.text != NULL) {
        nginx_raw(nginx, site->spec->route.raw.text, site_span(site, site->spec->route.raw.node));
    }
    nginx_at(nginx, site->document->span);
    nginx_block_end(nginx);
    site_tls_server_add(site, &listeners);
}

/* What is assumed has no packages beside nginx; there is no telling what a host has. */
static void check_module(struct site *site)
{
    const struct facts *facts = site->render->facts;
    if (!facts->is_assumed && !facts_nginx_has(facts, "stream")) {
        site_report(site, DIAGNOSTIC_SITE_NO_STREAM, site->spec->stream.pool.object.node, "stream",
                    NULL, NULL);
    }
}

void site_stream_render(struct site *site)
{
    site->routes = arena_new(site->arena, struct route);
    site->routes[0] = (struct route){.own = &site->spec->route, .now = &site->spec->route};
    site->route_count = 1;
    const struct target *target = site_stream_target(site);
    check_module(site);
    nginx_at(site->nginx, site->document->span);
    site_comment_render(site);
    site_limits_stream_zones(site);
    if (target != NULL && target->is_late) {
        late_render(site, target);
    }
    if (target != NULL) {
        site_group_render(site, target);
    }
    server_render(site, target);
    site->render->uses->stream_variables += nginx_table_count(site->nginx);
    site_member_add(site, TREE_STREAMS "sites");
}
