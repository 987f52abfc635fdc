/* What all streams share: the forms of their logs, and the ports, which nobody else may have. */

#include "base/text.h"
#include "renderers/site.h"

/* ---- Ports ---------------------------------------------------------------------------------- */

static bool is_wildcard(const struct listener *listener)
{
    return text_starts_with(listener->full, "0.0.0.0:") ||
           text_starts_with(listener->full, "[::]:");
}

static bool is_ipv6(const struct listener *listener)
{
    return listener->full[0] == '[';
}

/* nginx opens one socket for the same address of two streams, and takes another for a part of the
 * one for all addresses; sockets of sites are opened apart from these. */
static bool collides(const struct listener *listener, const struct listener *other, bool is_stream)
{
    if (listener->port != other->port || is_ipv6(listener) != is_ipv6(other)) {
        return false;
    }
    return strcmp(listener->full, other->full) == 0 ||
           (!is_stream && (is_wildcard(listener) || is_wildcard(other)));
}

static const struct listener *find_taken(const struct listener *listener,
                                         const struct listener_list *streams,
                                         const struct listener_list *sites)
{
    for (size_t i = 0; i < streams->count; i++) {
        if (streams->items[i].is_udp == listener->is_udp &&
            collides(listener, &streams->items[i], true)) {
            return &streams->items[i];
        }
    }
    for (size_t i = 0; i < sites->count; i++) {
        bool is_same = !listener->is_udp || sites->items[i].has_http3;
        if (is_same && collides(listener, &sites->items[i], false)) {
            return &sites->items[i];
        }
    }
    return NULL;
}

/* The number of the generation is asked for there. */
static bool takes_proof(const struct render *render, const struct listener *listener)
{
    return !listener->is_udp && listener->port == render->layout->http_port &&
           strcmp(listener->address, listener->full) != 0;
}

/* What holds for IPv4 and IPv6 alike is said once. */
static bool check_listener(struct render *render, const struct listener *listener,
                           const struct listener_list *streams, const struct listener_list *sites)
{
    const struct listener *taken = find_taken(listener, streams, sites);
    if (taken != NULL) {
        diagnostic_add(render->arena, render->diagnostics, DIAGNOSTIC_SITE_LISTEN_TAKEN,
                       listener->span, listener->full, NULL)
            ->second = taken->span;
    } else if (takes_proof(render, listener)) {
        (void)diagnostic_add(render->arena, render->diagnostics, DIAGNOSTIC_SITE_STREAM_HTTP_PORT,
                             listener->span, listener->full, NULL);
    } else {
        return true;
    }
    return false;
}

static void check_listeners(struct render *render, const struct document *document,
                            struct listener_list *streams, const struct listener_list *sites)
{
    struct listener_list own = {0};
    struct span told = SPAN_NONE;
    stream_listeners_of(render->arena, render->facts, render->layout, document, &own);
    for (size_t i = 0; i < own.count; i++) {
        const struct listener *listener = &own.items[i];
        bool is_told = told.source != NULL && told.first == listener->span.first;
        if (!is_told && !check_listener(render, listener, streams, sites)) {
            told = listener->span;
        }
        vec_add(render->arena, streams, *listener);
    }
}

/* ---- Text ----------------------------------------------------------------------------------- */

static void format_render(struct nginx_text *nginx, const char *name, const char *escape,
                          const char *const *parts)
{
    nginx_begin(nginx, "log_format");
    nginx_word(nginx, name);
    nginx_word(nginx, escape);
    for (size_t i = 0; parts[i] != NULL; i++) {
        nginx_word(nginx, parts[i]);
    }
    nginx_end(nginx);
}

static void formats_render(const struct render *render, struct nginx_text *nginx)
{
    static const char *const lines[] = {
        "'$remote_addr [$time_local] $protocol $server_port $status '",
        "'$bytes_sent $bytes_received $session_time \"$upstream_addr\"'",
        NULL,
    };
    static const char *const members[] = {
        "'{\"time\":\"$time_iso8601\",'",
        "'\"client\":\"$remote_addr\",'",
        "'\"protocol\":\"$protocol\",'",
        "'\"port\":\"$server_port\",'",
        "'\"status\":$status,'",
        "'\"bytes\":$bytes_sent,'",
        "'\"bytes_received\":$bytes_received,'",
        "'\"seconds\":$session_time,'",
        "'\"backend\":\"$upstream_addr\",'",
        "'\"backend_seconds\":\"$upstream_connect_time\"}'",
        NULL,
    };
    if (render->uses->stream_log) {
        format_render(nginx, "rc_combined", "escape=default", lines);
    }
    if (render->uses->stream_json_log) {
        nginx_comment(nginx, "one JSON object a line");
        format_render(nginx, "rc_json", "escape=json", members);
    }
}

void nginx_streams_render(struct render *render, const struct listener_list *sites)
{
    struct listener_list streams = {0};
    size_t count = 0;
    for (size_t i = 0; i < render->documents->documents.count; i++) {
        const struct document *document = render->documents->documents.items[i];
        if (strcmp(document->kind_name, "site") == 0 && site_is_stream(document->spec)) {
            check_listeners(render, document, &streams, sites);
            count++;
        }
    }
    if (count == 0) {
        return;
    }
    struct nginx_text *nginx = nginx_text_make(render->arena, render->scratch);
    nginx_comment(nginx, "Written by reconcile for all streams: what is changed here is put back.");
    formats_render(render, nginx);
    nginx_variables_render(nginx, render->uses->stream_variables);
    vec_add(render->arena, render->nginx,
            (struct tree_member){
                .path = TREE_STREAMS "00-shared.conf",
                .text = nginx_text_finish(nginx),
            });
}
