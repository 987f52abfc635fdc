/* auth_basic, certificates of clients, programs that are asked, and satisfy. */

#include "base/text.h"
#include "core/import_lists.h"
#include "core/import_route.h"
#include "core/import_take.h"
#include "schemas/header.h"
#include "schemas/site_syntax.h"

static struct arena *arena_of(const struct import_scope *scope)
{
    return scope->context->arena;
}

/* Both the realm and the file are needed, and either may stand in the scope around. */
static void put_auth(struct import_scope *scope, const struct import_yaml *part)
{
    struct arena *arena = arena_of(scope);
    struct import_yaml *auth = import_map(arena);
    struct import_yaml *basic = import_map(arena);
    import_remove(scope->fields, "auth");
    bool has_basic = import_get(part, "realm") != NULL && import_get(part, "file") != NULL;
    if (has_basic) {
        import_put(arena, basic, "realm", import_get(part, "realm"));
        import_put(arena, basic, "file", import_get(part, "file"));
        import_put(arena, auth, "basic", basic);
    }
    if (import_get(part, "forward") != NULL) {
        import_put(arena, auth, "forward", import_get(part, "forward"));
    }
    if (import_get(part, "mtls") != NULL) {
        import_put(arena, auth, "mtls", import_get(part, "mtls"));
    }
    bool asks = has_basic || import_get(part, "forward") != NULL;
    if (asks && import_get(part, "any") != NULL) {
        import_put(arena, auth, "any", import_get(part, "any"));
    }
    if (auth->entries.count > 0) {
        import_put(arena, scope->fields, "auth", auth);
    }
}

static struct import_yaml *parts_of(const struct import_scope *scope)
{
    const struct import_yaml *former = import_get(scope->fields, "auth.parts");
    struct import_yaml *part = import_map(arena_of(scope));
    for (size_t i = 0; former != NULL && i < former->entries.count; i++) {
        vec_add(arena_of(scope), &part->entries, former->entries.items[i]);
    }
    return part;
}

/* All three belong together, and only "on" turns away those without a certificate. */
IMPORT_TAKE(import_take_client)
{
    (void)rule;
    struct arena *arena = arena_of(scope);
    const struct import_node *verify = import_find(scope->nodes, "ssl_verify_client");
    const struct import_node *authority = import_find(scope->nodes, "ssl_client_certificate");
    const struct import_node *depth = import_find(scope->nodes, "ssl_verify_depth");
    const char *path = authority == NULL ? "" : import_word(authority, 0);
    if (!scope->uses_tls || verify == NULL || !import_says(verify, "on") ||
        !syntax_static_folder.check(path)) {
        return false;
    }
    struct import_yaml *part = parts_of(scope);
    struct import_yaml *client = import_map(arena);
    import_put_text(arena, client, "ca", path);
    if (depth != NULL && strcmp(import_word(depth, 0), "1") != 0) {
        import_put_text(arena, client, "depth", import_word(depth, 0));
    }
    import_put(arena, part, "mtls", client);
    import_put(arena, scope->fields, "auth.parts", part);
    put_auth(scope, part);
    if (node == verify) {
        import_note_add(
            scope->context, node,
            message_make(arena, "without a certificate the answer is 403, and not 400"));
    }
    return true;
}

IMPORT_TAKE(import_take_auth)
{
    (void)rule;
    struct arena *arena = arena_of(scope);
    struct import_yaml *part = parts_of(scope);
    const char *word = node->word_count == 1 ? node->words[0] : "";
    bool is_file = import_is(node, "auth_basic_user_file");
    const char *path = word[0] == '/' ? word : arena_printf(arena, "/etc/nginx/%s", word);
    bool fits = word[0] != '\0' && !import_has_variable(word) &&
                (is_file ? syntax_static_folder.check(path)
                         : (syntax_header_value.check(word) && strpbrk(word, "\"\\") == NULL));
    if (!fits) {
        return false;
    }
    if (is_file) {
        import_put_text(arena, part, "file", path);
    } else if (import_is(node, "satisfy") && strcmp(word, "any") == 0) {
        import_put_text(arena, part, "any", "true");
    } else if (import_is(node, "satisfy") || strcmp(word, "off") == 0) {
        import_remove(part, import_is(node, "satisfy") ? "any" : "realm");
    } else {
        import_put_text(arena, part, "realm", word);
    }
    import_put(arena, scope->fields, "auth.parts", part);
    put_auth(scope, part);
    return true;
}

/* ---- Programs that are asked ---------------------------------------------------------------- */

static const struct import_node *find_asked(const struct import_scope *scope, const char *path)
{
    while (scope->place == IMPORT_LOCATION) {
        scope = scope->parent;
    }
    for (size_t i = 0; i < scope->nodes->count; i++) {
        const struct import_node *node = scope->nodes->items[i];
        bool is_exact = node->word_count == 2 && strcmp(node->words[0], "=") == 0;
        if (import_is(node, "location") && (is_exact || node->word_count == 1) &&
            strcmp(node->words[node->word_count - 1], path) == 0) {
            return node;
        }
    }
    return NULL;
}

/* What the program is told by ours, too; a body is never passed on. */
static bool is_told(const struct import_node *node)
{
    static const char *const headers[] = {
        "Host",
        "Content-Length",
        "X-Original-URI",
        "X-Original-URL",
        "X-Real-IP",
        "X-Original-Method",
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "X-Forwarded-Uri",
        "X-Forwarded-Host",
        "X-Forwarded-Method",
    };
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        if (import_is(node, "proxy_set_header") && header_same(import_word(node, 0), headers[i])) {
            return true;
        }
    }
    return import_is(node, "internal") || import_is(node, "proxy_pass") ||
           import_is(node, "proxy_pass_request_body") || import_is(node, "proxy_http_version");
}

/* "http://127.0.0.1:9091/verify": where it is, and the path that is asked there. */
static bool read_asked(struct import_scope *scope, const struct import_node *asked,
                       const char *path, struct import_yaml *forward)
{
    struct arena *arena = arena_of(scope);
    const struct import_node *pass = import_find(&asked->children, "proxy_pass");
    for (size_t i = 0; i < asked->children.count; i++) {
        if (!is_told(asked->children.items[i])) {
            return false;
        }
    }
    const char *address = pass == NULL ? "" : import_expand(scope, import_word(pass, 0));
    bool uses_tls = text_starts_with(address, "https://");
    const char *host = strstr(address, "://");
    if (host == NULL || import_has_variable(address) || text_starts_with(host, "://unix:")) {
        return false;
    }
    host += strlen("://");
    const char *uri = strchr(host, '/');
    struct import_yaml *to = import_map(arena);
    host = uri == NULL ? host : arena_strndup(arena, host, (size_t)(uri - host));
    if (!import_pool(scope, host, uses_tls, to)) {
        return false;
    }
    if (uses_tls) {
        import_put_text(arena, to, "verify", "false"); /* as nginx has it by itself */
    }
    bool is_bare = to->entries.count == 1;
    import_put(arena, forward, "to", is_bare ? to->entries.items[0].value : to);
    path = uri == NULL ? path : uri;
    if (strcmp(path, "/") != 0) {
        import_put_text(arena, forward, "path", path);
    }
    return syntax_static_folder.check(path) || strcmp(path, "/") == 0;
}

/* auth_request_set $user $upstream_http_x_user; proxy_set_header X-User $user; */
const char *import_asked_header(const struct import_scope *scope, const char *name,
                                const char *value)
{
    static const char prefix[] = "$upstream_http_";
    for (; scope != NULL; scope = scope->parent) {
        for (size_t i = 0; i < scope->nodes->count; i++) {
            const struct import_node *node = scope->nodes->items[i];
            const char *source = import_word(node, 1);
            if (import_is(node, "auth_request_set") && strcmp(import_word(node, 0), value) == 0 &&
                text_starts_with(source, prefix) &&
                strcmp(import_header_variable(scope->context->arena, name),
                       source + strlen(prefix)) == 0) {
                return name;
            }
        }
    }
    return NULL;
}

/* Headers of the program's answer that requests go on with, here or in a location inside. */
static void add_asked_headers(const struct import_scope *scope, const struct import_nodes *nodes,
                              struct import_yaml *headers)
{
    for (size_t i = 0; i < nodes->count; i++) {
        const struct import_node *node = nodes->items[i];
        const char *name =
            import_is(node, "proxy_set_header")
                ? import_asked_header(scope, import_word(node, 0), import_word(node, 1))
                : NULL;
        bool is_known = false;
        for (size_t j = 0; j < headers->entries.count; j++) {
            is_known |= name != NULL && header_same(headers->entries.items[j].value->text, name);
        }
        if (name != NULL && !is_known) {
            import_add_text(arena_of(scope), headers, name);
        }
        add_asked_headers(scope, &node->children, headers);
    }
}

IMPORT_TAKE(import_take_ask)
{
    (void)rule;
    struct arena *arena = arena_of(scope);
    const char *path = import_word(node, 0);
    struct import_yaml *part = parts_of(scope);
    struct import_yaml *forward = import_map(arena);
    import_remove(part, "forward");
    if (strcmp(path, "off") != 0) {
        const struct import_node *asked = find_asked(scope, path);
        if (asked == NULL || !read_asked(scope, asked, path, forward)) {
            return false;
        }
        struct import_yaml *headers = import_list(arena);
        add_asked_headers(scope, scope->nodes, headers);
        if (headers->entries.count > 0) {
            import_put(arena, forward, "headers", headers);
        }
        import_put(arena, part, "forward", forward);
    }
    import_put(arena, scope->fields, "auth.parts", part);
    put_auth(scope, part);
    return true;
}

static bool goes_on(const struct import_scope *scope, const struct import_nodes *nodes,
                    const char *variable)
{
    for (size_t i = 0; i < nodes->count; i++) {
        const struct import_node *node = nodes->items[i];
        bool is_it = import_is(node, "proxy_set_header") &&
                     strcmp(import_word(node, 1), variable) == 0 &&
                     import_asked_header(scope, import_word(node, 0), variable) != NULL;
        if (is_it || goes_on(scope, &node->children, variable)) {
            return true;
        }
    }
    return false;
}

/* It is said where a header of the same name goes on with it. */
IMPORT_TAKE(import_take_ask_set)
{
    (void)rule;
    return goes_on(scope, scope->nodes, import_word(node, 0));
}

bool import_is_asked(const struct import_nodes *nodes, const char *path)
{
    for (size_t i = 0; i < nodes->count; i++) {
        if ((import_is(nodes->items[i], "auth_request") && import_says(nodes->items[i], path)) ||
            import_is_asked(&nodes->items[i]->children, path)) {
            return true;
        }
    }
    return false;
}
