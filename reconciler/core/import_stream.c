/* A server of a stream has ports instead of names. What listens for TCP and UDP at once is two
 * documents, since each has one protocol. */

#include "core/import_stream.h"

#include "base/text.h"
#include "core/import_lists.h"
#include "core/import_path.h"
#include "schemas/value.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* One server as a document of one protocol. */
struct reading {
    struct import_scope scope; /* its context knows the groups of the stream block */
    bool is_udp;
    struct import_yaml *listens;
    struct import_yaml *stream;
    unsigned port; /* the first one; 0: it listens on nothing of this protocol */
};

/* ---- Ports ---------------------------------------------------------------------------------- */

/* How nginx treats its socket, which changes nothing that is said. */
static bool is_about_socket(const char *word)
{
    static const char *const words[] = {"reuseport", "bind", "deferred"};
    static const char *const settings[] = {
        "ipv6only=", "backlog=", "rcvbuf=", "sndbuf=", "fastopen=", "so_keepalive="};
    bool is_known = false;
    for (size_t i = 0; i < COUNT(words); i++) {
        is_known |= strcmp(word, words[i]) == 0;
    }
    for (size_t i = 0; i < COUNT(settings); i++) {
        is_known |= text_starts_with(word, settings[i]);
    }
    return is_known;
}

/* False where it cannot be said: TLS, PROXY protocol, sockets. */
static bool take_listen(struct reading *reading, const struct import_node *node)
{
    struct arena *arena = reading->scope.context->arena;
    struct import_listen listen = {0};
    bool is_udp = false;
    if (!import_read_address(arena, import_word(node, 0), &listen)) {
        return false;
    }
    for (size_t i = 1; i < node->word_count; i++) {
        bool says_udp = strcmp(node->words[i], "udp") == 0;
        is_udp |= says_udp;
        if (!says_udp && !is_about_socket(node->words[i])) {
            return false;
        }
    }
    if (is_udp != reading->is_udp) {
        return true;
    }
    const char *text = listen.address == NULL
                           ? arena_printf(arena, "%u", listen.port)
                           : arena_printf(arena, listen.is_ipv6 ? "[%s]:%u" : "%s:%u",
                                          listen.address, listen.port);
    for (size_t i = 0; i < reading->listens->entries.count; i++) {
        if (strcmp(reading->listens->entries.items[i].value->text, text) == 0) {
            return true; /* IPv4 and IPv6 of one port */
        }
    }
    import_add_text(arena, reading->listens, text);
    reading->port = reading->port == 0 ? listen.port : reading->port;
    return true;
}

/* ---- What is passed on ---------------------------------------------------------------------- */

/* usual: what ours has where nothing is said. */
static bool put_time(struct reading *reading, const char *field, const char *text,
                     const char *usual)
{
    struct arena *arena = reading->scope.context->arena;
    long long milliseconds = 0;
    if (!import_read_time(text, &milliseconds) || milliseconds < 1000) {
        return false;
    }
    const char *time = value_write_duration(arena, milliseconds);
    if (strcmp(time, usual) != 0) {
        import_put_text(arena, reading->stream, field, time);
    }
    return true;
}

/* The server's own directive, or that of all servers. */
static const char *setting(const struct reading *reading, const char *name, const char *usual)
{
    const struct import_node *node = import_nearest(&reading->scope, name);
    return node == NULL ? usual : import_word(node, 0);
}

static bool put_settings(struct reading *reading)
{
    struct arena *arena = reading->scope.context->arena;
    const char *responses = setting(reading, "proxy_responses", NULL);
    int64_t number = 0;
    if (reading->is_udp) {
        import_put_text(arena, reading->stream, "protocol", "udp");
    }
    if (reading->is_udp && responses != NULL) {
        import_put_text(arena, reading->stream, "responses", responses);
    }
    if (!reading->is_udp && strcmp(setting(reading, "proxy_protocol", "off"), "on") == 0) {
        import_put_text(arena, reading->stream, "proxy_protocol", "true");
    }
    return put_time(reading, "timeout", setting(reading, "proxy_timeout", "10m"),
                    reading->is_udp ? "1m" : "10m") &&
           put_time(reading, "connect_timeout", setting(reading, "proxy_connect_timeout", "60s"),
                    "5s") &&
           (responses == NULL || value_read_integer(responses, &number));
}

/* ---- The server ----------------------------------------------------------------------------- */

/* Settings that are looked for where they are used. */
static bool is_setting(const struct import_node *node)
{
    static const char *const names[] = {"proxy_timeout", "proxy_connect_timeout", "proxy_responses",
                                        "proxy_protocol"};
    for (size_t i = 0; i < COUNT(names); i++) {
        if (import_is(node, names[i])) {
            return true;
        }
    }
    return false;
}

/* Logs, and what uses a name that only the whole block knows. */
static bool leave_out(struct import_context *context, const struct import_node *node)
{
    static const char *const names[] = {"access_log", "error_log", "log_format", "limit_conn",
                                        "limit_conn_zone"};
    bool is_left_out = node->is_block;
    for (size_t i = 0; i < COUNT(names); i++) {
        is_left_out |= import_is(node, names[i]);
    }
    if (is_left_out) {
        import_note_add(context, node,
                        message_make(context->arena, "\"%s\" is left out: it is no part of a site",
                                     node->name));
    }
    return is_left_out;
}

/* What all servers have that say nothing of it themselves. */
static void keep_inherited(struct import_scope *scope)
{
    const struct import_nodes *around = scope->parent->nodes;
    for (size_t i = 0; i < around->count; i++) {
        const struct import_node *node = around->items[i];
        if (!import_is(node, "server") && !import_is(node, "upstream") && !is_setting(node) &&
            import_find(scope->nodes, node->name) == NULL && !leave_out(scope->context, node)) {
            import_scope_keep(scope, node);
        }
    }
}

/* What is not said stays as it is, beside what is. */
static bool take_server(struct reading *reading)
{
    struct import_scope *scope = &reading->scope;
    const char *address = NULL;
    for (size_t i = 0; i < scope->nodes->count; i++) {
        const struct import_node *node = scope->nodes->items[i];
        bool is_access = import_is(node, "allow") || import_is(node, "deny");
        if (import_is(node, "proxy_pass")) {
            address = import_word(node, 0);
        } else if (import_is(node, "listen")) {
            if (!take_listen(reading, node)) {
                return false;
            }
        } else if (is_access) {
            vec_add(scope->context->arena, &scope->access, node);
        } else if (!is_setting(node) && !leave_out(scope->context, node)) {
            import_scope_keep(scope, node);
        }
    }
    keep_inherited(scope);
    return address != NULL && import_pool(scope, address, false, reading->stream) &&
           put_settings(reading);
}

static void add_document(struct reading *reading)
{
    struct import_context *context = reading->scope.context;
    struct arena *arena = context->arena;
    struct import_yaml *out = import_map(arena);
    const char *key =
        arena_printf(arena, "%s-%u", reading->is_udp ? "datagrams" : "stream", reading->port);
    for (size_t i = 2; import_get(context->sites, key) != NULL; i++) {
        key = arena_printf(arena, "%s-%u-%zu", reading->is_udp ? "datagrams" : "stream",
                           reading->port, i);
    }
    import_access(&reading->scope);
    import_put(arena, out, "stream", reading->stream);
    import_put(arena, out, "listen", reading->listens);
    import_put_all(arena, reading->scope.fields, out);
    import_put_raw(context, &reading->scope.raw, out);
    import_comment(arena, out, import_place_text(arena, reading->scope.block));
    import_put(arena, context->sites, key, out);
}

/* Both protocols, or none. */
static void add_server(const struct import_scope *around, const struct import_node *server)
{
    struct arena *arena = around->context->arena;
    struct reading readings[2];
    for (size_t i = 0; i < COUNT(readings); i++) {
        readings[i] = (struct reading){
            .scope = {.context = around->context,
                      .parent = around,
                      .place = IMPORT_SERVER,
                      .block = server,
                      .nodes = &server->children,
                      .fields = import_map(arena)},
            .is_udp = i == 1,
            .listens = import_list(arena),
            .stream = import_map(arena),
        };
        if (!take_server(&readings[i])) {
            import_note_add(around->context, server,
                            message_make(arena, "this server of \"stream\" is left out: no "
                                                "document can say where it listens or leads"));
            return;
        }
    }
    for (size_t i = 0; i < COUNT(readings); i++) {
        if (readings[i].port != 0) {
            add_document(&readings[i]);
        }
    }
}

void import_streams(struct import_context *context, const struct import_node *stream)
{
    struct import_context inner = *context; /* groups are those of the block */
    inner.http = stream->children;
    const struct import_scope around = {
        .context = &inner, .place = IMPORT_HTTP, .nodes = &stream->children};
    for (size_t i = 0; i < stream->children.count; i++) {
        const struct import_node *node = stream->children.items[i];
        if (import_is(node, "server")) {
            add_server(&around, node);
        }
    }
    inner.http = context->http;
    *context = inner;
}
