/* Which server blocks are sites, and which only lead to one. */

#include <ctype.h>
#include <stdlib.h>

#include "base/text.h"
#include "core/import_lists.h"
#include "core/import_site.h"
#include "schemas/value.h"

static void add_name(struct arena *arena, struct import_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], name) == 0) {
            return;
        }
    }
    vec_add(arena, names, name);
}

static bool has_name(const struct import_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- Names ---------------------------------------------------------------------------------- */

static char lower_character(char c)
{
    return (char)tolower((unsigned char)c);
}

static const char *lower(struct arena *arena, const char *text)
{
    char *out = arena_strdup(arena, text);
    for (char *c = out; *c != '\0'; c++) {
        *c = lower_character(*c);
    }
    return out;
}

/* "[::1]" stands in brackets, ".example.com" for the name and all below. */
static void read_name(struct import_context *context, struct import_server *server,
                      const struct import_node *node, const char *word)
{
    struct arena *arena = context->arena;
    const char *name = lower(arena, word);
    size_t length = strlen(name);
    if (length == 0 || strcmp(name, "_") == 0) {
        return;
    }
    if (name[0] == '[' && name[length - 1] == ']') {
        name = arena_strndup(arena, name + 1, length - 2);
    }
    if (name[0] == '.' && syntax_server_name.check(name + 1)) {
        add_name(arena, &server->names, name + 1);
        name = arena_printf(arena, "*%s", name);
    }
    if (syntax_server_name.check(name)) {
        add_name(arena, &server->names, name);
        return;
    }
    import_note_add(context, node,
                    message_make(arena,
                                 "the name \"%s\" is left out: sites have host names, and "
                                 "*.example.com for all names below",
                                 word));
}

/* ---- Addresses ------------------------------------------------------------------------------ */

bool import_read_address(struct arena *arena, const char *text, struct import_listen *out)
{
    bool is_bracketed = text[0] == '[';
    const char *behind = is_bracketed ? strchr(text, ']') : text;
    const char *colon = behind == NULL ? NULL : strrchr(behind, ':');
    bool is_port = text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
    const char *port = is_port ? text : colon != NULL ? colon + 1 : NULL;
    uint16_t number = 80;
    if (behind == NULL || text_starts_with(text, "unix:") ||
        (port != NULL && !value_read_port(port, &number))) {
        return false;
    }
    size_t length = is_port ? 0 : colon != NULL ? (size_t)(colon - text) : strlen(text);
    const char *address = arena_strndup(arena, text, length);
    if (is_bracketed) {
        address = arena_strndup(arena, text + 1, (size_t)(behind - text) - 1);
    }
    bool is_any = length == 0 || strcmp(address, "*") == 0 || strcmp(address, "0.0.0.0") == 0 ||
                  strcmp(address, "::") == 0;
    bool is_here = strcmp(address, "localhost") == 0;
    bool is_address = syntax_network.check(address);
    if (!is_any && !is_here && !is_address) {
        return false; /* a name, which nginx looks up when it starts */
    }
    *out = (struct import_listen){
        .address = is_any    ? NULL
                   : is_here ? "127.0.0.1"
                             : address,
        .port = number,
        .is_ipv6 = is_bracketed,
    };
    return true;
}

static void read_listen(struct import_context *context, struct import_server *server,
                        const struct import_node *node)
{
    struct arena *arena = context->arena;
    struct import_listen listen;
    bool is_quic = false;
    if (!import_read_address(arena, import_word(node, 0), &listen)) {
        import_note_add(context, node,
                        message_make(arena,
                                     "\"listen %s\" is left out: sites listen on addresses "
                                     "and ports",
                                     import_word(node, 0)));
        return;
    }
    for (size_t i = 1; i < node->word_count; i++) {
        const char *word = node->words[i];
        listen.uses_tls |= strcmp(word, "ssl") == 0;
        is_quic |= strcmp(word, "quic") == 0 || strcmp(word, "http3") == 0;
        server->is_default |= strcmp(word, "default_server") == 0 || strcmp(word, "default") == 0;
        if (strcmp(word, "proxy_protocol") == 0) {
            import_note_add(context, node,
                            message_make(arena, "proxy_protocol is left out: the client's address "
                                                "is taken from a header (trusted_proxies)"));
        }
    }
    if (is_quic) {
        server->has_http3 = true;
        return;
    }
    vec_add(arena, &server->listens, listen);
}

static void read_listens(struct import_context *context, struct import_server *server)
{
    const struct import_nodes *nodes = server->scope.nodes;
    const struct import_node *ssl = import_find(nodes, "ssl");
    for (size_t i = 0; i < nodes->count; i++) {
        if (import_is(nodes->items[i], "listen")) {
            read_listen(context, server, nodes->items[i]);
        }
    }
    if (server->listens.count == 0 && import_find(nodes, "listen") == NULL) {
        vec_add(context->arena, &server->listens, (struct import_listen){.port = 80});
    }
    for (size_t i = 0; i < server->listens.count; i++) {
        struct import_listen *listen = &server->listens.items[i];
        listen->uses_tls |= ssl != NULL && import_says(ssl, "on");
        server->has_tls |= listen->uses_tls;
        server->has_plain |= !listen->uses_tls;
    }
}

static struct import_server *read_server(struct import_context *context,
                                         const struct import_scope *http,
                                         const struct import_node *node)
{
    struct import_server *server = arena_new(context->arena, struct import_server);
    server->node = node;
    server->scope = (struct import_scope){
        .context = context,
        .parent = http,
        .place = IMPORT_SERVER,
        .block = node,
        .nodes = &node->children,
    };
    for (size_t i = 0; i < node->children.count; i++) {
        const struct import_node *child = node->children.items[i];
        for (size_t j = 0; import_is(child, "server_name") && j < child->word_count; j++) {
            read_name(context, server, child, child->words[j]);
        }
    }
    read_listens(context, server);
    server->is_catch_all = server->names.count == 0;
    server->scope.uses_tls = server->has_tls;
    server->scope.host = server->names.count > 0 ? server->names.items[0] : NULL;
    import_scope_read(&server->scope);
    return server;
}

void import_servers_read(struct import_context *context, const struct import_scope *http,
                         struct import_servers *out)
{
    *out = (struct import_servers){0};
    for (size_t i = 0; i < context->http.count; i++) {
        if (import_is(context->http.items[i], "server")) {
            vec_add(context->arena, out, read_server(context, http, context->http.items[i]));
        }
    }
}

/* ---- Servers that lead elsewhere ------------------------------------------------------------ */

/* Locations that only answer challenges of certificate issuers. */
static bool is_challenge(const struct import_node *location)
{
    const char *pattern =
        import_word(location, location->word_count == 0 ? 0 : location->word_count - 1);
    return text_starts_with(pattern, "/.well-known/acme-challenge") ||
           text_starts_with(pattern, "/.well-known");
}

/* The node by which every request is led elsewhere: return of the server, or of its only location.
 */
static const struct import_node *only_answer(const struct import_server *server)
{
    const struct import_node *found = server->scope.answer;
    if (found != NULL) {
        return found;
    }
    for (size_t i = 0; i < server->node->children.count; i++) {
        const struct import_node *node = server->node->children.items[i];
        if (!import_is(node, "location") || is_challenge(node)) {
            continue;
        }
        bool is_root = node->word_count == 1 && strcmp(node->words[0], "/") == 0;
        const struct import_node *answer = import_find(&node->children, "return");
        if (found != NULL || !is_root || answer == NULL) {
            return NULL;
        }
        found = answer;
    }
    return found;
}

/* certbot's: if ($host = NAME) { return 301 https://$host$request_uri; } for each name. */
static const char *certbot_target(const struct import_server *server)
{
    const struct import_yaml *when = import_get(server->scope.own, "when");
    for (size_t i = 0; when != NULL && i < when->entries.count; i++) {
        const struct import_yaml *entry = when->entries.items[i].value;
        const char *to = import_get_text(import_get(entry, "redirect"), "to");
        if (import_get(entry, "host") == NULL || !text_equal(to, "https://$host")) {
            return NULL;
        }
    }
    return when == NULL || when->entries.count == 0 ? NULL : "https://$host";
}

/* "https://host" when all requests go there with path and query; else NULL. */
static const char *leads_to(const struct import_server *server)
{
    struct arena *arena = server->scope.context->arena;
    const struct import_node *answer = only_answer(server);
    const char *certbot = certbot_target(server);
    if (certbot != NULL) {
        return certbot;
    }
    if (answer == NULL || import_get(server->scope.own, "when") != NULL ||
        import_get(server->scope.own, "rewrite") != NULL) {
        return NULL;
    }
    struct import_yaml *map = import_map(arena);
    if (!import_answer(&server->scope, answer, NULL, map)) {
        return NULL;
    }
    const struct import_yaml *redirect = import_get(map, "redirect");
    const char *to = redirect == NULL                ? NULL
                     : redirect->type == IMPORT_TEXT ? redirect->text
                                                     : import_get_text(redirect, "to");
    const char *host = to == NULL ? NULL : strstr(to, "://");
    return host != NULL && strchr(host + strlen("://"), '/') == NULL ? to : NULL;
}

static struct import_server *find_server(const struct import_servers *servers, const char *name,
                                         bool uses_tls, const struct import_server *other)
{
    for (size_t i = 0; i < servers->count; i++) {
        struct import_server *server = servers->items[i];
        bool fits = uses_tls ? server->has_tls : server->has_plain;
        if (server != other && !server->is_done && fits && has_name(&server->names, name)) {
            return server;
        }
    }
    return NULL;
}

static void remove_name(struct import_names *names, size_t i)
{
    memmove(&names->items[i], &names->items[i + 1], (names->count - i - 1) * sizeof(*names->items));
    names->count--;
}

static bool takes_names(const struct import_server *server)
{
    for (size_t i = 0; i < server->listens.count; i++) {
        unsigned port = server->listens.items[i].port;
        if (port != 80 && port != 443) {
            return false;
        }
    }
    return true;
}

/* One name of a server that leads to https://TO or http://TO. True when the name is said now. */
static bool absorb_name(struct import_context *context, struct import_servers *servers,
                        struct import_server *server, const char *name, const char *to)
{
    bool is_https = text_starts_with(to, "https://");
    const char *host = strstr(to, "://") + strlen("://");
    bool is_same = strcmp(host, "$host") == 0 || strcmp(host, name) == 0;
    if (is_same) {
        struct import_server *target = find_server(servers, name, true, server);
        if (target != NULL && is_https && !server->has_tls) {
            target->is_led_to = true;
            return true;
        }
        return false;
    }
    struct import_server *own = find_server(servers, name, true, server);
    struct import_server *target = find_server(servers, host, is_https, server);
    if (own != NULL && own != target && !server->has_tls && is_https) {
        own->is_led_to = true; /* HTTPS leads on from there */
        return true;
    }
    bool is_first = target != NULL && strcmp(target->names.items[0], host) == 0;
    if (!is_first || leads_to(target) != NULL) {
        return false;
    }
    target->is_led_to |= !server->has_tls;
    add_name(context->arena, &target->aliases, name);
    return true;
}

static void absorb(struct import_context *context, struct import_servers *servers,
                   struct import_server *server)
{
    const char *to = leads_to(server);
    if (to == NULL || !takes_names(server)) {
        return;
    }
    if (server->is_catch_all) {
        bool is_https = strcmp(to, "https://$host") == 0;
        server->is_done = is_https;
        if (is_https) {
            import_note_add(context, server->node,
                            message_make(context->arena,
                                         "names that are no site's are rejected, no "
                                         "longer led to HTTPS"));
        }
        return;
    }
    for (size_t i = 0; i < server->names.count;) {
        if (absorb_name(context, servers, server, server->names.items[i], to)) {
            remove_name(&server->names, i);
        } else {
            i++;
        }
    }
    server->is_done = server->names.count == 0;
}

/* Unknown names are rejected without being told. */
static bool rejects(const struct import_server *server)
{
    const struct import_node *answer = only_answer(server);
    const struct import_node *reject = import_find(&server->node->children, "ssl_reject_handshake");
    return (answer != NULL && strcmp(import_word(answer, 0), "444") == 0) ||
           (reject != NULL && import_says(reject, "on"));
}

/* A server of both that leads to HTTPS itself, by its scheme. */
static void absorb_scheme(struct import_server *server)
{
    struct import_yaml *when = import_get(server->scope.own, "when");
    if (!server->has_tls || !server->has_plain || when == NULL) {
        return;
    }
    const struct import_yaml *first = when->entries.items[0].value;
    const char *to = import_get_text(import_get(first, "redirect"), "to");
    bool is_it = text_equal(import_get_text(first, "scheme"), "http") && to != NULL &&
                 text_starts_with(to, "https://") && strchr(to + strlen("https://"), '/') == NULL;
    if (!is_it) {
        return;
    }
    server->leads_to_https = true;
    server->is_led_to = true;
    memmove(when->entries.items, when->entries.items + 1,
            (when->entries.count - 1) * sizeof(*when->entries.items));
    when->entries.count--;
    if (when->entries.count == 0) {
        import_remove(server->scope.own, "when");
    }
}

static bool have_same_port(const struct import_server *a, const struct import_server *b)
{
    for (size_t i = 0; i < a->listens.count; i++) {
        for (size_t j = 0; j < b->listens.count; j++) {
            if (a->listens.items[i].port == b->listens.items[j].port) {
                return true;
            }
        }
    }
    return false;
}

/* nginx gives a name on a port to the first server that has it. On another port it is another site,
 * and both have to say theirs. */
static void tell_apart(struct import_context *context, struct import_server *earlier,
                       struct import_server *server)
{
    bool is_taken = have_same_port(earlier, server);
    for (size_t i = 0; i < server->names.count;) {
        if (!has_name(&earlier->names, server->names.items[i])) {
            i++;
            continue;
        }
        if (!is_taken) {
            earlier->shares = true;
            server->shares = true;
            i++;
            continue;
        }
        import_note_add(context, server->node,
                        message_make(context->arena,
                                     "the name \"%s\" is left out: another server has it already",
                                     server->names.items[i]));
        remove_name(&server->names, i);
        server->is_done = server->names.count == 0;
    }
}

void import_servers_absorb(struct import_context *context, struct import_servers *servers)
{
    for (size_t i = 0; i < servers->count; i++) {
        struct import_server *server = servers->items[i];
        absorb_scheme(server);
        server->is_done = server->is_catch_all && rejects(server);
    }
    for (size_t i = 0; i < servers->count; i++) {
        if (!servers->items[i]->is_done) {
            absorb(context, servers, servers->items[i]);
        }
    }
    for (size_t i = 0; i < servers->count; i++) {
        for (size_t j = 0; j < i && !servers->items[i]->is_done; j++) {
            if (!servers->items[j]->is_done) {
                tell_apart(context, servers->items[j], servers->items[i]);
            }
        }
    }
}
