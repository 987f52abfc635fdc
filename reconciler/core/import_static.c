/* Locations that serve files: root, alias, index and try_files. */

#include "core/import_lists.h"
#include "core/import_missing.h"
#include "core/import_route.h"
#include "schemas/site_syntax.h"

const char import_default_root[] = "/usr/share/nginx/html";

static struct arena *arena_of(const struct import_scope *scope)
{
    return scope->context->arena;
}

static bool is_default_index(const struct import_yaml *index)
{
    return index == NULL || (index->entries.count == 1 &&
                             strcmp(index->entries.items[0].value->text, "index.html") == 0);
}

/* "$uri $uri/ =404" is what is done without try_files. */
static bool is_plain_try(const struct import_node *try)
{
    return try->word_count == 3 && strcmp(try->words[0], "$uri") == 0 &&
           strcmp(try->words[1], "$uri/") == 0 && strcmp(try->words[2], "=404") == 0;
}

/* Another location may answer for this path, to which try_files leads and spa does not. */
static bool is_taken(const struct import_scope *scope, const char *path)
{
    const struct import_scope *server = scope->place == IMPORT_SERVER ? scope : scope->parent;
    for (size_t i = 0; i < server->nodes->count; i++) {
        const struct import_node *node = server->nodes->items[i];
        const char *sign = import_word(node, 0);
        bool is_exact =
            sign[0] == '=' && strcmp(import_word(node, node->word_count - 1), path) == 0;
        if (import_is(node, "location") && (sign[0] == '~' || is_exact)) {
            return true;
        }
    }
    return false;
}

static bool is_application(const struct import_scope *scope, const char *prefix,
                           const struct import_node *try)
{
    const struct import_yaml *index = import_get(scope->fields, "index");
    const char *file = index == NULL ? "index.html" : index->entries.items[0].value->text;
    return !is_taken(scope, try->words[try->word_count - 1]) && prefix != NULL &&
           strcmp(prefix, "/") == 0 && try->word_count == 2 && strcmp(try->words[0], "$uri") == 0 &&
           try->words[1][0] == '/' && strcmp(try->words[1] + 1, file) == 0;
}

static const char *step_of(const struct import_scope *scope, const char *word, bool is_last)
{
    struct arena *arena = arena_of(scope);
    static const char *const queries[] = {"$is_args$args", "?$query_string", "?$args"};
    const char *step = import_expand(scope, word);
    for (size_t i = 0; is_last && i < 3; i++) {
        size_t length = strlen(step);
        if (text_ends_with(step, queries[i]) && step[0] == '/') {
            step = arena_printf(arena, "%.*s?$args", (int)(length - strlen(queries[i])), step);
            break;
        }
    }
    bool ends_in_file = is_last && step[0] == '$';
    return !ends_in_file && syntax_try_step.check(step) ? step : NULL;
}

/* What is there is found by the first of these. */
static bool finds_all(const struct import_node *try)
{
    return try->word_count > 2 && strcmp(try->words[0], "$uri") == 0 &&
           strcmp(try->words[1], "$uri/") == 0;
}

/* What is looked for before the rewrites of an if. */
static bool take_missing(struct import_scope *scope, struct import_yaml *handler)
{
    struct arena *arena = arena_of(scope);
    import_put(arena, handler, "rewrite_missing", scope->missing);
    if (text_equal(scope->looked_for, "$uri")) {
        struct import_yaml *steps = import_list(arena);
        import_add_text(arena, steps, "$uri");
        import_put(arena, handler, "try", steps);
    }
    return scope->alias == NULL &&
           (scope->looked_for == NULL || scope->try_files == NULL || finds_all(scope->try_files));
}

static bool take_try(struct import_scope *scope, const char *prefix, struct import_yaml *handler)
{
    struct arena *arena = arena_of(scope);
    const struct import_node *try = scope->try_files;
    if (scope->missing != NULL) {
        return take_missing(scope, handler);
    }
    if (try == NULL || is_plain_try(try)) {
        return true;
    }
    if (is_application(scope, prefix, try)) {
        import_put_text(arena, handler, "spa", "true");
        return true;
    }
    struct import_yaml *steps = import_list(arena);
    for (size_t i = 0; i < try->word_count; i++) {
        const char *step = step_of(scope, try->words[i], i + 1 == try->word_count);
        if (step == NULL || (scope->alias != NULL && step[0] == '/')) {
            return false;
        }
        import_add_text(arena, steps, step);
    }
    import_put(arena, handler, "try", steps);
    return true;
}

/* alias takes the place of the prefix: a folder for a folder, or a file of the same name. */
static bool take_alias(struct import_scope *scope, const char *prefix, bool is_exact,
                       struct import_yaml *handler)
{
    struct arena *arena = arena_of(scope);
    const char *path = import_expand(scope, scope->alias->words[0]);
    size_t length = strlen(path);
    if (prefix == NULL || length < 2 || import_has_variable(path)) {
        return false;
    }
    bool ends_in_slash = path[length - 1] == '/';
    if (is_exact) {
        const char *slash = strrchr(path, '/');
        bool is_same = slash != NULL && slash != path && strcmp(slash, prefix) == 0;
        const char *folder = is_same ? arena_strndup(arena, path, (size_t)(slash - path)) : "";
        import_put_text(arena, handler, "root", folder);
        return is_same && syntax_static_folder.check(folder);
    }
    const char *folder = ends_in_slash ? arena_strndup(arena, path, length - 1) : path;
    if (ends_in_slash != text_ends_with(prefix, "/") || !syntax_static_folder.check(folder)) {
        return false;
    }
    import_put_text(arena, handler, "root", folder);
    if (strcmp(prefix, "/") != 0) {
        import_put_text(arena, handler, "strip_prefix", "true");
    }
    return true;
}

static bool denies_all(const struct import_scope *scope)
{
    return scope->access.count == 1 && import_is(scope->access.items[0], "deny") &&
           import_says(scope->access.items[0], "all") &&
           import_is_own(scope, scope->access.items[0]);
}

struct import_yaml *import_files_handler(struct import_scope *scope, const char *prefix,
                                         bool is_exact)
{
    struct arena *arena = arena_of(scope);
    struct import_yaml *handler = import_map(arena);
    if (denies_all(scope)) {
        import_put_text(arena, handler, "respond", "403");
        import_remove(scope->fields, "deny");
        return handler;
    }
    if (import_leads_to_name(scope)) {
        handler = import_named_handler(scope);
        if (handler == NULL || scope->missing == NULL) {
            return handler;
        }
    }
    const char *root = import_get_text(scope->fields, "root");
    if (scope->alias != NULL) {
        if (!take_alias(scope, prefix, is_exact, handler)) {
            return NULL;
        }
    } else {
        import_put_text(arena, handler, "root", root == NULL ? import_default_root : root);
    }
    if (!take_try(scope, prefix, handler)) {
        return NULL;
    }
    struct import_yaml *index = import_get(scope->fields, "index");
    if (!is_default_index(index)) {
        import_put(arena, handler, "index", index);
    }
    if (text_equal(import_get_text(scope->fields, "autoindex"), "true")) {
        import_put_text(arena, handler, "autoindex", "true");
    }
    return handler;
}
