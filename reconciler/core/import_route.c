#include "core/import_route.h"

#include "base/text.h"
#include "core/import_lists.h"
#include "core/import_take.h"
#include "core/yaml.h"
#include "schemas/site_syntax.h"

static struct arena *arena_of(const struct import_scope *scope)
{
    return scope->context->arena;
}

/* ---- Who answers, while the directives are read ---------------------------------------------- */

/* The first one counts. */
IMPORT_TAKE(import_take_return)
{
    (void)rule;
    if (scope->answer == NULL) {
        scope->answer = node;
    }
    return true;
}

IMPORT_TAKE(import_take_pass)
{
    (void)rule;
    bool is_whole = node->word_count == 1;
    scope->pass = is_whole ? node : scope->pass;
    return is_whole;
}

IMPORT_TAKE(import_take_alias)
{
    (void)rule;
    bool is_whole = node->word_count == 1;
    scope->alias = is_whole ? node : scope->alias;
    return is_whole;
}

IMPORT_TAKE(import_take_try)
{
    (void)rule;
    bool is_whole = node->word_count >= 2;
    scope->try_files = is_whole ? node : scope->try_files;
    return is_whole;
}

/* Without a meaning where only paths that end in .php are asked for: they name the script. */
IMPORT_TAKE(import_take_php)
{
    (void)node;
    (void)rule;
    return scope->place != IMPORT_LOCATION ||
           (scope->is_regex && text_ends_with(scope->regex, "\\.php$"));
}

/* ---- Programs ------------------------------------------------------------------------------- */

/* "http://10.0.0.1:3000/x" taken apart; host is "unix:/path" for a socket. */
struct address {
    bool uses_tls;
    const char *host;
    const char *uri; /* NULL: the request's own */
};

static bool read_address(struct import_scope *scope, struct address *out)
{
    struct arena *arena = arena_of(scope);
    const char *written = scope->pass->words[0];
    const char *text = import_expand(scope, written);
    const char *scheme = strstr(text, "://");
    bool has_scheme = import_is(scope->pass, "proxy_pass") || import_is(scope->pass, "grpc_pass");
    const char *rest = has_scheme && scheme != NULL ? scheme + strlen("://") : text;
    bool is_known = !has_scheme || text_starts_with(text, "http") || text_starts_with(text, "grpc");
    out->uses_tls = text_starts_with(text, "https://") || text_starts_with(text, "grpcs://");
    const char *end = strpbrk(rest, "/?$");
    if (text_starts_with(rest, "unix:")) {
        end = has_scheme ? strchr(rest + strlen("unix:"), ':') : NULL;
        out->uri = end == NULL || end[1] == '\0' ? NULL : end + 1;
    } else {
        out->uri = end;
    }
    out->host = end == NULL ? rest : arena_strndup(arena, rest, (size_t)(end - rest));
    static const char *const own[] = {"$request_uri", "$uri$is_args$args"};
    for (size_t i = 0; out->uri != NULL && i < 2; i++) {
        if (strcmp(out->uri, own[i]) == 0) {
            out->uri = NULL;
            return is_known && !import_has_variable(out->host);
        }
    }
    bool is_varied = import_has_variable(written) && out->uri != NULL; /* it replaces the whole */
    return is_known && out->host[0] != '\0' && !import_has_variable(text) && !is_varied;
}

/* What stands behind the address takes the place of the location's own prefix. */
static bool take_uri(struct import_scope *scope, const char *uri, const char *prefix, bool is_exact,
                     struct import_yaml *handler)
{
    if (uri == NULL || (prefix != NULL && strcmp(uri, prefix) == 0)) {
        return true;
    }
    if (prefix == NULL || is_exact || strcmp(uri, "/") != 0 || !text_ends_with(prefix, "/")) {
        return false;
    }
    import_put_text(arena_of(scope), handler, "strip_prefix", "true");
    return true;
}

/* A single entry stands for the whole. */
static void put_program(struct import_scope *scope, struct import_yaml *handler, const char *name,
                        struct import_yaml *program)
{
    bool is_bare = program->entries.count == 1 && import_get(program, "to") != NULL;
    import_put(arena_of(scope), handler, name, is_bare ? import_get(program, "to") : program);
}

static void put_pool_fields(struct import_scope *scope, bool speaks_tls,
                            struct import_yaml *program)
{
    struct arena *arena = arena_of(scope);
    static const char *const of_tls[] = {"verify", "ca", "server_name"};
    for (size_t i = 0; i < scope->pool->entries.count; i++) {
        const struct import_entry *entry = &scope->pool->entries.items[i];
        bool is_of_tls = false;
        for (size_t j = 0; j < 3; j++) {
            is_of_tls |= strcmp(entry->key, of_tls[j]) == 0;
        }
        if (!is_of_tls || speaks_tls) {
            import_put(arena, program, entry->key, entry->value);
        }
    }
    if (!speaks_tls) {
        return;
    }
    const char *verify = import_get_text(scope->pool, "verify");
    if (verify == NULL || strcmp(verify, "false") == 0) {
        import_put_text(arena, program, "verify", "false"); /* as nginx has it by itself */
    } else {
        import_remove(program, "verify");
    }
}

/* Without a Host header in the configuration nginx sends the address that it passes to. */
static void put_host(struct import_scope *scope, const struct address *address, const char *host,
                     struct import_yaml *program)
{
    bool is_socket = text_starts_with(address->host, "unix:");
    if (host == NULL) {
        host = is_socket ? "localhost" : address->host;
    }
    if (host[0] != '\0') {
        import_put_text(arena_of(scope), program, "host", host);
    }
}

static bool is_http(const struct import_scope *scope)
{
    return import_is(scope->pass, "proxy_pass") || import_is(scope->pass, "grpc_pass");
}

/* Where nginx looks whether a script is there before it asks. */
static bool take_script_check(struct import_scope *scope, struct import_yaml *program)
{
    const struct import_node *try = scope->try_files;
    if (try == NULL) {
        return true;
    }
    bool is_check =
        try->word_count == 2 && strcmp(try->words[1], "=404") == 0 &&
        (strcmp(try->words[0], "$uri") == 0 || strcmp(try->words[0], "$fastcgi_script_name") == 0);
    if (!is_check || import_get(program, "root") == NULL) {
        return false;
    }
    import_put_text(arena_of(scope), program, "must_exist", "true");
    return true;
}

static struct import_yaml *program_of(struct import_scope *scope, const char *prefix, bool is_exact)
{
    struct arena *arena = arena_of(scope);
    struct import_yaml *handler = import_map(arena);
    struct import_yaml *program = import_map(arena);
    struct address address = {0};
    const char *host = NULL;
    const char *name = arena_strndup(arena, scope->pass->name, strcspn(scope->pass->name, "_"));
    if (!read_address(scope, &address) ||
        !import_pool(scope, address.host, address.uses_tls, program) ||
        !take_uri(scope, address.uri, prefix, is_exact, handler)) {
        return NULL;
    }
    if (import_get(scope->own, "strip_prefix") != NULL) {
        import_put_text(arena, handler, "strip_prefix", "true");
        import_remove(scope->own, "strip_prefix");
    }
    if (is_http(scope)) {
        import_request_headers(scope, &host);
        put_host(scope, &address, host, program);
    } else if (!import_params(scope, program)) {
        return NULL;
    }
    bool is_script = import_is(scope->pass, "fastcgi_pass");
    if (scope->missing != NULL ||
        (scope->try_files != NULL && !(is_script && take_script_check(scope, program)))) {
        return NULL;
    }
    if (text_equal(import_get_text(scope->fields, "buffering"), "false")) {
        import_remove(scope->fields, "response_cache"); /* nginx keeps only what it takes whole */
    }
    put_pool_fields(scope, address.uses_tls, program);
    put_program(scope, handler, name, program);
    return handler;
}

/* Without a word about who may come all could, and only the host itself can with ours. */
static struct import_yaml *status_of(struct import_scope *scope)
{
    struct arena *arena = arena_of(scope);
    struct import_yaml *handler = import_map(arena);
    import_put(arena, handler, "nginx_status", import_get(scope->own, "nginx_status"));
    import_remove(scope->own, "nginx_status");
    if (import_get(scope->fields, "allow") == NULL && import_get(scope->fields, "deny") == NULL) {
        struct import_yaml *all = import_list(arena);
        import_add_text(arena, all, "all");
        import_put(arena, scope->fields, "allow", all);
    }
    return handler;
}

struct import_yaml *import_handler(struct import_scope *scope, const char *prefix, bool is_exact)
{
    if (scope->answer != NULL) {
        struct import_yaml *handler = import_map(arena_of(scope));
        return import_answer(scope, scope->answer, scope->regex, handler) ? handler : NULL;
    }
    if (import_get(scope->own, "nginx_status") != NULL) {
        return status_of(scope);
    }
    return scope->pass != NULL ? program_of(scope, prefix, is_exact)
                               : import_files_handler(scope, prefix, is_exact);
}

/* ---- Locations ------------------------------------------------------------------------------ */

/* "location ~* x" and "location ~*x": the sign and what it is compared with. */
static const char *split_sign(const struct import_node *node, const char **out_pattern)
{
    static const char *const signs[] = {"=", "^~", "~*", "~", "@"};
    const char *first = import_word(node, 0);
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (text_starts_with(first, signs[i])) {
            bool is_apart = node->word_count == 2 && strcmp(first, signs[i]) == 0;
            *out_pattern = is_apart ? node->words[1] : first + strlen(signs[i]);
            return signs[i];
        }
    }
    *out_pattern = first;
    return "";
}

static void read_inside(struct import_route *route)
{
    struct import_scope *scope = &route->scope;
    for (size_t i = 0; i < scope->nodes->count; i++) {
        const struct import_node *node = scope->nodes->items[i];
        if (!import_is(node, "location")) {
            continue;
        }
        struct import_route *inside =
            scope->is_regex || route->key[0] == '=' ? NULL : import_route_read(scope, node);
        bool is_outside = inside != NULL && inside->key[0] != '~' &&
                          !text_starts_with(location_read(inside->key).pattern, route->key);
        if (inside == NULL || is_outside || strcmp(inside->key, "/") == 0) {
            import_scope_keep(scope, node);
        } else {
            vec_add(arena_of(scope), &route->inside, inside);
        }
    }
}

/* Lists that the location has from around it, where our path around it says them in its own way. */
static void keep_lists(struct import_scope *scope)
{
    const struct import_nodes *lists[] = {&scope->request_headers, &scope->params};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        bool is_own = lists[i]->count > 0 && import_is_own(scope, lists[i]->items[0]);
        for (size_t j = 0; j < lists[i]->count && !is_own; j++) {
            import_scope_keep(scope, lists[i]->items[j]);
        }
    }
}

/* The folder is ours, which nginx takes only once; all else stays in the order in which it was. */
static void keep_whole(struct import_route *route, const struct import_scope *around)
{
    struct arena *arena = arena_of(around);
    struct import_scope *scope = &route->scope;
    const struct import_node *own = import_find(scope->nodes, "root");
    const char *root = import_get_text(scope->fields, "root");
    scope->fields = around->fields;
    scope->own = import_map(arena);
    scope->raw = (struct import_nodes){0};
    scope->sets = (struct import_nodes){0};
    keep_lists(scope);
    for (size_t i = 0; i < scope->nodes->count; i++) {
        if (scope->nodes->items[i] != own) {
            import_scope_keep(scope, scope->nodes->items[i]);
        }
    }
    route->is_whole = true;
    route->handler = import_map(arena);
    import_put_text(arena, route->handler, "root", root == NULL ? import_default_root : root);
}

struct import_route *import_route_read(const struct import_scope *around,
                                       const struct import_node *node)
{
    struct arena *arena = arena_of(around);
    const char *pattern = NULL;
    const char *sign = split_sign(node, &pattern);
    bool is_regex = sign[0] == '~';
    bool is_prefix = sign[0] == '\0' || strcmp(sign, "^~") == 0;
    struct import_route *route = arena_new(arena, struct import_route);
    route->key = is_prefix ? pattern : arena_printf(arena, "%s %s", sign, pattern);
    route->is_first = strcmp(sign, "^~") == 0;
    bool is_odd = node->word_count > (sign[0] == '\0' || pattern != import_word(node, 1) ? 1U : 2U);
    if (is_odd || sign[0] == '@' || strlen(route->key) > YAML_KEY_MAX ||
        !syntax_location.check(route->key)) {
        return NULL;
    }
    route->scope = (struct import_scope){
        .context = around->context,
        .parent = around,
        .place = IMPORT_LOCATION,
        .block = node,
        .nodes = &node->children,
        .host = around->host,
        .uses_tls = around->uses_tls,
        .is_regex = is_regex,
        .regex = is_regex ? pattern : NULL,
    };
    import_scope_read(&route->scope);
    import_access(&route->scope);
    import_response_headers(&route->scope);
    route->handler = import_handler(&route->scope, is_regex ? NULL : pattern, sign[0] == '=');
    if (route->handler != NULL) {
        read_inside(route);
        return route;
    }
    keep_whole(route, around);
    return route->scope.alias == NULL ? route : NULL;
}
