/* The addresses that a site listens on, and how this nginx writes them. */

#include "renderers/site.h"

enum { NGINX_HTTP2_DIRECTIVE = 1025001, NGINX_HTTP3 = 1025000 };

static bool has_http2_directive(const struct facts *facts)
{
    return facts->nginx_version >= NGINX_HTTP2_DIRECTIVE;
}

bool http3_is_known(const struct facts *facts)
{
    return facts->nginx_version >= NGINX_HTTP3 && facts_nginx_has(facts, "http_v3");
}

static void add_listener(struct arena *arena, struct listener_list *out,
                         const struct listener *model, const char *address, unsigned port)
{
    bool is_ipv6 = strchr(address, ':') != NULL;
    const char *full = arena_printf(arena, is_ipv6 ? "[%s]:%u" : "%s:%u", address, port);
    bool is_any = strcmp(address, "0.0.0.0") == 0;
    vec_add(arena, out,
            (struct listener){
                .address = is_any ? arena_printf(arena, "%u", port) : full,
                .full = full,
                .host = address,
                .port = port,
                .uses_tls = model->uses_tls,
                .has_http3 = model->has_http3,
                .is_udp = model->is_udp,
                .span = model->span,
            });
}

/* address NULL: what the host's settings say, else all there are. */
static void add_listeners(struct arena *arena, const struct facts *facts,
                          const struct layout *layout, struct listener_list *out,
                          const struct listener *model, const char *address, unsigned port)
{
    if (address != NULL) {
        add_listener(arena, out, model, address, port);
        return;
    }
    if (layout->listen != NULL) {
        for (const char *const *at = layout->listen; *at != NULL; at++) {
            add_listener(arena, out, model, *at, port);
        }
        return;
    }
    add_listener(arena, out, model, "0.0.0.0", port);
    if (facts->has_ipv6) {
        add_listener(arena, out, model, "::", port);
    }
}

void listeners_of(struct arena *arena, const struct facts *facts, const struct layout *layout,
                  const struct document *document, bool uses_tls, struct listener_list *out)
{
    const struct site_spec *site = document->spec;
    bool site_uses_tls = site->tls_type != SITE_TLS_NONE;
    if (uses_tls && !site_uses_tls) {
        return;
    }
    struct listener model = {
        .uses_tls = uses_tls,
        .has_http3 = uses_tls && site->http3.is_true && http3_is_known(facts),
        .span = document->span,
    };
    unsigned usual_port = uses_tls ? layout->https_port : layout->http_port;
    if (site->listen.count == 0) {
        add_listeners(arena, facts, layout, out, &model, NULL, usual_port);
    }
    for (size_t i = 0; i < site->listen.count; i++) {
        const struct text_value *value = &site->listen.items[i];
        struct listen listen = listen_read(arena, value->text);
        model.span = value->node != NULL ? value->node->span : document->span;
        if (listen.port == 0) {
            add_listeners(arena, facts, layout, out, &model, listen.address, usual_port);
        } else if (uses_tls == site_uses_tls) {
            add_listeners(arena, facts, layout, out, &model, listen.address, listen.port);
        }
    }
}

void stream_listeners_of(struct arena *arena, const struct facts *facts,
                         const struct layout *layout, const struct document *document,
                         struct listener_list *out)
{
    const struct site_spec *site = document->spec;
    struct listener model = {
        .uses_tls = site->tls_type != SITE_TLS_NONE,
        .is_udp = stream_is_udp(&site->stream),
    };
    for (size_t i = 0; i < site->listen.count; i++) {
        const struct text_value *value = &site->listen.items[i];
        struct listen listen = listen_read(arena, value->text);
        model.span = value->node != NULL ? value->node->span : document->span;
        add_listeners(arena, facts, layout, out, &model, listen.address, listen.port);
    }
}

/* All workers read from the address: nginx takes that from the first server that says so, and from
 * no other, which is the one for unknown names. */
static void http3_render(struct nginx_text *nginx, const struct listener *listener, bool is_default)
{
    nginx_begin(nginx, "listen");
    nginx_word(nginx, listener->address);
    if (is_default) {
        nginx_word(nginx, "default_server");
    }
    nginx_word(nginx, "quic");
    if (is_default) {
        nginx_word(nginx, "reuseport");
    }
    nginx_end(nginx);
}

void listener_render(struct nginx_text *nginx, const struct facts *facts,
                     const struct listener *listener, bool has_http2, bool is_default)
{
    nginx_at(nginx, listener->span);
    nginx_begin(nginx, "listen");
    nginx_word(nginx, listener->address);
    if (is_default) {
        nginx_word(nginx, "default_server");
    }
    if (listener->uses_tls) {
        nginx_word(nginx, "ssl");
        if (has_http2 && !has_http2_directive(facts) && facts_nginx_has(facts, "http_v2")) {
            nginx_word(nginx, "http2");
        }
    }
    nginx_end(nginx);
    if (listener->has_http3) {
        http3_render(nginx, listener, is_default);
    }
}

void http2_render(struct nginx_text *nginx, const struct facts *facts)
{
    if (has_http2_directive(facts) && facts_nginx_has(facts, "http_v2")) {
        nginx_line(nginx, "http2", "on", NULL);
    }
}
