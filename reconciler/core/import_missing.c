/* What is done where no file is found. */

#include "core/import_missing.h"

#include "base/text.h"
#include "core/import_lists.h"
#include "core/import_take.h"
#include "core/yaml.h"
#include "schemas/site_syntax.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct arena *arena_of(const struct import_scope *scope)
{
    return scope->context->arena;
}

/* ---- Named locations ------------------------------------------------------------------------ */

static const struct import_scope *server_of(const struct import_scope *scope)
{
    while (scope->place == IMPORT_LOCATION) {
        scope = scope->parent;
    }
    return scope;
}

static const char *end_of(const struct import_scope *scope)
{
    const struct import_node *try = scope->try_files;
    return try == NULL ? "" : try->words[try->word_count - 1];
}

bool import_leads_to_name(const struct import_scope *scope)
{
    return end_of(scope)[0] == '@';
}

static const struct import_node *find_named(const struct import_scope *server, const char *name)
{
    for (size_t i = 0; i < server->nodes->count; i++) {
        const struct import_node *node = server->nodes->items[i];
        if (import_is(node, "location") && import_says(node, name)) {
            return node;
        }
    }
    return NULL;
}

/* It says nothing but what is of the program, so that all else is as in the location that leads
 * here. */
static bool is_of_program(const struct import_node *node)
{
    static const char *const prefixes[] = {"proxy_", "fastcgi_", "uwsgi_", "grpc_"};
    for (size_t i = 0; i < COUNT(prefixes); i++) {
        if (text_starts_with(node->name, prefixes[i])) {
            return true;
        }
    }
    return import_is(node, "client_max_body_size");
}

static bool has_program_only(const struct import_nodes *nodes)
{
    for (size_t i = 0; i < nodes->count; i++) {
        if (!is_of_program(nodes->items[i])) {
            return false;
        }
    }
    return true;
}

static void take_fields(struct import_scope *scope, const struct import_scope *named)
{
    static const char *const fields[] = {
        "timeout", "buffering", "request_headers",  "hide_headers", "response_cache",
        "cookies", "redirects", "intercept_errors", "body_max",
    };
    for (size_t i = 0; i < COUNT(fields); i++) {
        struct import_yaml *value = import_get(named->fields, fields[i]);
        if (value != NULL) {
            import_put(arena_of(scope), scope->fields, fields[i], value);
        } else {
            import_remove(scope->fields, fields[i]);
        }
    }
}

static struct import_yaml *program_of(struct import_scope *scope, const struct import_node *node)
{
    struct arena *arena = arena_of(scope);
    const struct import_scope *server = server_of(scope);
    struct import_scope named = {
        .context = scope->context,
        .parent = server,
        .place = IMPORT_LOCATION,
        .block = node,
        .nodes = &node->children,
        .host = server->host,
        .uses_tls = server->uses_tls,
    };
    const char *root = import_get_text(scope->fields, "root");
    if (!has_program_only(&node->children) || scope->alias != NULL || root == NULL) {
        return NULL;
    }
    import_scope_read(&named);
    struct import_yaml *program = named.pass == NULL ? NULL : import_handler(&named, NULL, false);
    if (program == NULL || named.raw.count > 0 || import_get(program, "strip_prefix") != NULL) {
        return NULL;
    }
    take_fields(scope, &named);
    import_put_text(arena, program, "files", root);
    return program;
}

/* ---- Rewrites ------------------------------------------------------------------------------- */

/* Without a flag the last one leads to another location, too. */
static bool add_rewrite(struct import_scope *scope, const struct import_node *node, bool is_last,
                        struct import_yaml *map)
{
    const char *regex = import_word(node, 0);
    const char *flag = import_word(node, 2);
    bool ends = strcmp(flag, "last") == 0 || (flag[0] == '\0' && is_last);
    const char *target = import_rewrite_target(scope, node, regex);
    if (!import_is(node, "rewrite") || !ends || target == NULL ||
        text_starts_with(import_word(node, 1), "http") || strlen(regex) > YAML_KEY_MAX ||
        !syntax_regex.check(regex) || import_get(map, regex) != NULL) {
        return false;
    }
    import_put_text(arena_of(scope), map, regex, target);
    return true;
}

/* NULL when there is anything but rewrites. Many write break behind them, which is never reached:
 * they have led elsewhere, or matched nothing. */
static struct import_yaml *rewrites_of(struct import_scope *scope, const struct import_nodes *nodes)
{
    struct import_yaml *map = import_map(arena_of(scope));
    size_t count = nodes->count;
    bool has_break = count > 1 && import_is(nodes->items[count - 1], "break") &&
                     strcmp(import_word(nodes->items[count - 2], 2), "last") == 0;
    count -= has_break;
    for (size_t i = 0; i < count; i++) {
        if (!add_rewrite(scope, nodes->items[i], i + 1 == count, map)) {
            return NULL;
        }
    }
    return map->entries.count > 0 ? map : NULL;
}

bool import_take_missing(struct import_scope *scope, const struct import_node *node)
{
    static const char *const tests[][2] = {{"(!-e", "$uri $uri/"}, {"(!-f", "$uri"}};
    const char *file = import_word(node, 1);
    bool is_file = strcmp(file, "$request_filename)") == 0 ||
                   strcmp(file, "$document_root$uri)") == 0 ||
                   strcmp(file, "$document_root$fastcgi_script_name)") == 0;
    struct import_yaml *map = rewrites_of(scope, &node->children);
    if (scope->place != IMPORT_LOCATION || node->word_count != 2 || !is_file || map == NULL ||
        scope->missing != NULL) {
        return false;
    }
    for (size_t i = 0; i < COUNT(tests); i++) {
        if (strcmp(import_word(node, 0), tests[i][0]) == 0) {
            scope->missing = map;
            scope->looked_for = tests[i][1];
        }
    }
    return scope->missing != NULL;
}

/* ---- Both ----------------------------------------------------------------------------------- */

struct import_yaml *import_named_handler(struct import_scope *scope)
{
    struct arena *arena = arena_of(scope);
    const struct import_node *try = scope->try_files;
    const struct import_node *node = find_named(server_of(scope), end_of(scope));
    if (node == NULL) {
        return NULL;
    }
    struct import_yaml *rewrites = rewrites_of(scope, &node->children);
    struct import_yaml *handler = rewrites == NULL ? program_of(scope, node) : import_map(arena);
    if (handler == NULL || !import_put_steps(scope, try->words, try->word_count - 1,
                                             rewrites == NULL ? "$uri" : "$uri $uri/", handler)) {
        return NULL;
    }
    if (rewrites != NULL) {
        scope->missing = rewrites;
    }
    return handler;
}

bool import_put_steps(struct import_scope *scope, const char *const *words, size_t count,
                      const char *usual, struct import_yaml *handler)
{
    struct arena *arena = arena_of(scope);
    struct import_yaml *steps = import_list(arena);
    struct text written = text_make(arena);
    for (size_t i = 0; i < count; i++) {
        if (words[i][0] != '$' || !syntax_try_step.check(words[i])) {
            return false;
        }
        text_addf(&written, "%s%s", i == 0 ? "" : " ", words[i]);
        import_add_text(arena, steps, words[i]);
    }
    if (strcmp(written.data, usual) != 0) {
        import_put(arena, handler, "try", steps);
    }
    return true;
}

/* ---- Raw ------------------------------------------------------------------------------------ */

static bool contains(const struct import_node *node, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i + length <= node->text.length; i++) {
        if (memcmp(node->text.data + i, name, length) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < node->children.count; i++) {
        if (contains(node->children.items[i], name)) {
            return true;
        }
    }
    return false;
}

static bool leads_to(const struct import_nodes *raw, const struct import_node *location,
                     const char *name)
{
    for (size_t i = 0; i < raw->count; i++) {
        if (raw->items[i] != location && contains(raw->items[i], name)) {
            return true;
        }
    }
    return false;
}

static bool routes_lead_to(const struct import_routes *routes, const struct import_node *location,
                           const char *name)
{
    for (size_t i = 0; i < routes->count; i++) {
        const struct import_route *route = routes->items[i];
        bool is_itself = route->scope.block == location;
        if ((!is_itself && leads_to(&route->scope.raw, location, name)) ||
            routes_lead_to(&route->inside, location, name)) {
            return true;
        }
    }
    return false;
}

void import_drop_names(struct import_context *context, const struct import_routes *routes,
                       struct import_nodes *raw)
{
    struct import_nodes kept = {0};
    for (size_t i = 0; i < raw->count; i++) {
        const struct import_node *node = raw->items[i];
        bool is_named = import_is(node, "location") && import_word(node, 0)[0] == '@';
        if (!is_named || leads_to(raw, node, import_word(node, 0)) ||
            routes_lead_to(routes, node, import_word(node, 0))) {
            vec_add(context->arena, &kept, node);
        }
    }
    *raw = kept;
}

/* What nobody but nginx got, nobody gets. */
static void close_route(const struct import_scope *server, struct import_route *route)
{
    struct arena *arena = arena_of(server);
    route->scope.fields = server->fields;
    route->scope.own = import_map(arena);
    route->scope.raw = (struct import_nodes){0};
    route->scope.sets = (struct import_nodes){0};
    route->handler = import_map(arena);
    import_put_text(arena, route->handler, "respond", "404");
}

void import_close_asked(const struct import_scope *server, const struct import_routes *routes,
                        const struct import_nodes *raw)
{
    for (size_t i = 0; i < routes->count; i++) {
        const struct import_node *block = routes->items[i]->scope.block;
        const char *path = import_word(block, block->word_count - 1);
        bool is_asked = import_find(&block->children, "internal") != NULL &&
                        import_is_asked(server->nodes, path);
        if (is_asked && !leads_to(raw, block, path) && !routes_lead_to(routes, block, path)) {
            close_route(server, routes->items[i]);
        }
    }
}
