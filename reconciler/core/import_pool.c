/* Programs behind a site: an address, or a group of servers (upstream). */

#include "base/text.h"
#include "core/import_route.h"
#include "schemas/site_syntax.h"
#include "schemas/value.h"

const struct import_node *import_group_find(const struct import_context *context, const char *name)
{
    for (size_t i = 0; i < context->http.count; i++) {
        const struct import_node *node = context->http.items[i];
        if (import_is(node, "upstream") && strcmp(import_word(node, 0), name) == 0) {
            return node;
        }
    }
    return NULL;
}

/* "host" -> "host:80"; with TLS "https://host" and "https://host:port". */
static const char *address_text(struct arena *arena, const char *address, bool uses_tls)
{
    if (text_starts_with(address, "unix:")) {
        return uses_tls ? NULL : address;
    }
    if (uses_tls) {
        return arena_printf(arena, "https://%s", address);
    }
    const char *behind = address[0] == '[' ? strchr(address, ']') : address;
    bool has_port = behind != NULL && strchr(behind, ':') != NULL;
    return has_port ? address : arena_printf(arena, "%s:80", address);
}

const char *import_group_first(struct arena *arena, const struct import_node *group,
                               bool *out_is_alone)
{
    const struct import_node *first = NULL;
    size_t count = 0;
    for (size_t i = 0; i < group->children.count; i++) {
        if (import_is(group->children.items[i], "server")) {
            first = first == NULL ? group->children.items[i] : first;
            count++;
        }
    }
    *out_is_alone = count == 1;
    return first == NULL ? NULL : address_text(arena, import_word(first, 0), false);
}

/* ---- One server of a group ------------------------------------------------------------------ */

static bool take_option(struct arena *arena, const char *word, struct import_yaml *server)
{
    // clang-format off
    static const struct {
        const char *prefix;
        const char *field;
    } numbers[] = {
        {"weight=",    "weight"},
        {"max_fails=", "failures"},
        {"max_conns=", "connections"},
    };
    // clang-format on
    long long milliseconds = 0;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (text_starts_with(word, numbers[i].prefix)) {
            const char *value = word + strlen(numbers[i].prefix);
            int64_t number = 0;
            import_put_text(arena, server, numbers[i].field, value);
            return value_read_integer(value, &number) && number <= 1000;
        }
    }
    if (strcmp(word, "backup") == 0) {
        import_put_text(arena, server, "backup", "true");
        return true;
    }
    if (strcmp(word, "down") == 0) {
        import_put_text(arena, server, "weight", "0");
        return true;
    }
    if (text_starts_with(word, "fail_timeout=") &&
        import_read_time(word + strlen("fail_timeout="), &milliseconds)) {
        bool is_never = milliseconds < 1000; /* no time in which it would be left aside */
        import_put_text(arena, server, is_never ? "failures" : "aside",
                        is_never ? "0" : value_write_duration(arena, milliseconds));
        return true;
    }
    return strcmp(word, "resolve") == 0;
}

/* A single server is never left aside, whatever is said. */
static struct import_yaml *server_of(struct arena *arena, const struct import_node *node,
                                     bool uses_tls, bool is_alone)
{
    struct import_yaml *server = import_map(arena);
    const char *address = address_text(arena, import_word(node, 0), uses_tls);
    if (address == NULL || !syntax_backend.check(address)) {
        return NULL;
    }
    import_put_text(arena, server, "address", address);
    for (size_t i = 1; i < node->word_count; i++) {
        if (!take_option(arena, node->words[i], server)) {
            return NULL;
        }
    }
    if (is_alone) {
        import_remove(server, "failures");
        import_remove(server, "aside");
        import_remove(server, "weight");
    }
    return server->entries.count == 1 ? import_text(arena, address) : server;
}

/* ---- The group ------------------------------------------------------------------------------ */

static const char *balance_of(const struct import_node *node)
{
    const char *key = import_word(node, 0);
    if (import_is(node, "least_conn")) {
        return "least-connections";
    }
    if (import_is(node, "random")) {
        return "random";
    }
    bool is_client = strcmp(key, "$remote_addr") == 0 || strcmp(key, "$binary_remote_addr") == 0;
    if (import_is(node, "ip_hash") || (import_is(node, "hash") && is_client)) {
        return "client";
    }
    bool is_path = strcmp(key, "$request_uri") == 0 || strcmp(key, "$uri") == 0;
    return import_is(node, "hash") && is_path ? "path" : NULL;
}

static bool take_setting(struct import_scope *scope, const struct import_node *node,
                         struct import_yaml *handler)
{
    struct arena *arena = scope->context->arena;
    int64_t number = 0;
    if (balance_of(node) != NULL) {
        import_put_text(arena, handler, "balance", balance_of(node));
        return true;
    }
    if (import_is(node, "keepalive")) {
        import_put_text(arena, handler, "keepalive", import_word(node, 0));
        return value_read_integer(import_word(node, 0), &number) && number >= 1 && number <= 10000;
    }
    if (!import_is(node, "zone")) {
        import_note_add(
            scope->context, node,
            message_make(arena, "\"%s\" of a group of servers is left out", node->name));
    }
    return true;
}

static bool take_group(struct import_scope *scope, const struct import_node *group, bool uses_tls,
                       struct import_yaml *handler)
{
    struct arena *arena = scope->context->arena;
    struct import_yaml *to = import_list(arena);
    bool is_alone = false;
    (void)import_group_first(arena, group, &is_alone); /* only whether there are others */
    for (size_t i = 0; i < group->children.count; i++) {
        const struct import_node *node = group->children.items[i];
        if (!import_is(node, "server")) {
            if (!take_setting(scope, node, handler)) {
                return false;
            }
            continue;
        }
        struct import_yaml *server = server_of(arena, node, uses_tls, is_alone);
        if (server == NULL) {
            return false;
        }
        import_add(arena, to, server);
    }
    if (to->entries.count == 0) {
        return false;
    }
    bool is_bare = to->entries.count == 1 && to->entries.items[0].value->type == IMPORT_TEXT;
    import_put(arena, handler, "to", is_bare ? to->entries.items[0].value : to);
    if (is_alone) {
        import_remove(handler, "balance");
    }
    return true;
}

bool import_pool(struct import_scope *scope, const char *address, bool uses_tls,
                 struct import_yaml *handler)
{
    struct arena *arena = scope->context->arena;
    const struct import_node *group = import_group_find(scope->context, address);
    if (group != NULL) {
        return take_group(scope, group, uses_tls, handler);
    }
    const char *text = address_text(arena, address, uses_tls);
    if (text == NULL || !syntax_backend.check(text)) {
        return false;
    }
    import_put_text(arena, handler, "to", text);
    return true;
}
