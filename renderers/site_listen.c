/* The addresses that a site listens on, and how this nginx writes them. */

#include "renderers/site.h"

enum { NGINX_HTTP2_DIRECTIVE = 1025001 };

static bool has_http2_directive(const struct facts *facts)
{
    return facts->nginx_version >= NGINX_HTTP2_DIRECTIVE;
}

static void add_listener(struct arena *arena, struct listener_list *out, const char *address,
                         unsigned port, bool uses_tls, struct span span)
{
    bool is_ipv6 = strchr(address, ':') != NULL;
    const char *full = arena_printf(arena, is_ipv6 ? "[%s]:%u" : "%s:%u", address, port);
    bool is_any = strcmp(address, "0.0.0.0") == 0;
    vec_add(arena, out,
            (struct listener){
                .address = is_any ? arena_printf(arena, "%u", port) : full,
                .full = full,
                .port = port,
                .uses_tls = uses_tls,
                .span = span,
            });
}

/* address NULL: what the host's settings say, else all there are. */
static void add_listeners(struct arena *arena, const struct facts *facts,
                          const struct layout *layout, struct listener_list *out,
                          const struct listener *model, const char *address, unsigned port)
{
    if (address != NULL) {
        add_listener(arena, out, address, port, model->uses_tls, model->span);
        return;
    }
    if (layout->listen != NULL) {
        for (const char *const *at = layout->listen; *at != NULL; at++) {
            add_listener(arena, out, *at, port, model->uses_tls, model->span);
        }
        return;
    }
    add_listener(arena, out, "0.0.0.0", port, model->uses_tls, model->span);
    if (facts->has_ipv6) {
        add_listener(arena, out, "::", port, model->uses_tls, model->span);
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
    struct listener model = {.uses_tls = uses_tls, .span = document->span};
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
}

void http2_render(struct nginx_text *nginx, const struct facts *facts)
{
    if (has_http2_directive(facts) && facts_nginx_has(facts, "http_v2")) {
        nginx_line(nginx, "http2", "on", NULL);
    }
}
