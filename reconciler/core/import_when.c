/* if and rewrite: requests that are answered in another way. Both are carried out in written order,
 * so that one that cannot be said keeps all of its block as they are. */

#include "base/text.h"
#include "core/import_cors.h"
#include "core/import_missing.h"
#include "core/import_route.h"
#include "core/import_take.h"
#include "core/yaml.h"
#include "schemas/site_syntax.h"
#include "schemas/template.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct arena *arena_of(const struct import_scope *scope)
{
    return scope->context->arena;
}

/* ---- Order ---------------------------------------------------------------------------------- */

static bool is_rule(const struct import_node *node)
{
    return import_is(node, "if") || import_is(node, "rewrite") || import_is(node, "break");
}

static bool has_kept_rule(const struct import_scope *scope)
{
    for (size_t i = 0; i < scope->raw.count; i++) {
        if (is_rule(scope->raw.items[i])) {
            return true;
        }
    }
    return false;
}

/* Those before this one are taken back. */
static void keep_earlier(struct import_scope *scope, const struct import_node *node)
{
    if (has_kept_rule(scope)) {
        return;
    }
    import_remove(scope->own, "when");
    import_remove(scope->own, "rewrite");
    import_remove(scope->own, "cors");
    scope->missing = NULL;
    for (size_t i = 0; i < scope->nodes->count && scope->nodes->items[i] != node; i++) {
        if (is_rule(scope->nodes->items[i])) {
            import_scope_keep(scope, scope->nodes->items[i]);
        }
    }
}

static void add_when(struct import_scope *scope, struct import_yaml *entry)
{
    struct import_yaml *list = import_get(scope->own, "when");
    if (list == NULL) {
        list = import_list(arena_of(scope));
        import_put(arena_of(scope), scope->own, "when", list);
    }
    import_add(arena_of(scope), list, entry);
}

/* ---- What is done --------------------------------------------------------------------------- */

static bool matches_all(const char *regex)
{
    return strcmp(regex, "^") == 0 || strcmp(regex, ".*") == 0 || strcmp(regex, "^.*$") == 0 ||
           strcmp(regex, "^.*") == 0;
}

static bool leads_outside(const struct import_node *node)
{
    const char *target = import_word(node, 1);
    const char *flag = import_word(node, 2);
    return strcmp(flag, "permanent") == 0 || strcmp(flag, "redirect") == 0 ||
           text_starts_with(target, "http://") || text_starts_with(target, "https://") ||
           text_starts_with(target, "$scheme");
}

/* The query of the request follows the target, unless that ends in a question mark. */
static const char *outside_target(struct import_scope *scope, const struct import_node *node,
                                  const char *regex)
{
    struct arena *arena = arena_of(scope);
    const char *target = import_word(node, 1);
    size_t length = strlen(target);
    bool drops_query = length > 0 && target[length - 1] == '?';
    if (drops_query) {
        target = arena_strndup(arena, target, length - 1);
    } else if (strchr(target, '?') != NULL || strstr(target, "$request_uri") != NULL) {
        return NULL;
    } else {
        target = arena_printf(arena, "%s$is_args$args", target);
    }
    return import_target(scope, target, regex);
}

static bool put_redirect(struct import_scope *scope, const struct import_node *node,
                         const char *regex, struct import_yaml *entry)
{
    struct arena *arena = arena_of(scope);
    const char *target = outside_target(scope, node, regex);
    bool is_permanent = strcmp(import_word(node, 2), "permanent") == 0;
    if (target == NULL) {
        return false;
    }
    struct import_yaml *redirect = import_map(arena);
    import_put_text(arena, redirect, "to", target);
    import_put_text(arena, redirect, "status", is_permanent ? "301" : "302");
    import_put(arena, entry, "redirect", redirect);
    return true;
}

const char *import_rewrite_target(struct import_scope *scope, const struct import_node *node,
                                  const char *regex)
{
    const char *target = import_expand(scope, import_word(node, 1));
    struct template_part_list parts;
    const char *unknown = NULL;
    if (!syntax_rewrite_target.check(target) ||
        !template_read(arena_of(scope), TEMPLATE_TARGET, target, &parts, &unknown)) {
        return NULL;
    }
    for (size_t i = 0; i < parts.count; i++) {
        const struct template_part *part = &parts.items[i];
        bool is_lost = part->kind == TEMPLATE_CAPTURE &&
                       (regex == NULL || part->number > regex_group_count(regex));
        bool is_decoded = part->kind == TEMPLATE_VARIABLE && part->is_decoded;
        if (is_lost || is_decoded) {
            return NULL;
        }
    }
    return target;
}

/* rewrite within an if, or behind one: an entry of when. */
static bool put_rewrite(struct import_scope *scope, const struct import_node *node,
                        struct import_yaml *entry)
{
    struct arena *arena = arena_of(scope);
    const char *regex = import_word(node, 0);
    bool is_all = matches_all(regex);
    if (!is_all && (import_get(entry, "path") != NULL || !syntax_regex.check(regex))) {
        return false;
    }
    if (!is_all) {
        import_put_text(arena, entry, "path", regex);
    }
    if (leads_outside(node)) {
        return put_redirect(scope, node, is_all ? NULL : regex, entry);
    }
    bool is_last = strcmp(import_word(node, 2), "last") == 0;
    bool ends =
        is_last || (scope->place == IMPORT_SERVER && strcmp(import_word(node, 2), "break") == 0);
    const char *target = import_rewrite_target(scope, node, is_all ? NULL : regex);
    if (!ends || target == NULL) {
        return false;
    }
    import_put_text(arena, entry, "rewrite", target);
    return true;
}

static bool put_action(struct import_scope *scope, const struct import_node *node,
                       struct import_yaml *entry)
{
    if (node->children.count != 1) {
        return false;
    }
    const struct import_node *action = node->children.items[0];
    const char *path = import_get_text(entry, "path");
    if (import_is(action, "return")) {
        return import_answer(scope, action, path, entry);
    }
    return import_is(action, "rewrite") && put_rewrite(scope, action, entry);
}

IMPORT_TAKE(import_take_if)
{
    (void)rule;
    struct arena *arena = arena_of(scope);
    struct import_yaml *entry = import_map(arena);
    struct import_yaml *conditions = import_map(arena);
    bool is_negated = false;
    if (scope->answer != NULL || import_never_holds(scope, node)) {
        return true; /* it is never reached */
    }
    if (!has_kept_rule(scope) &&
        (import_take_missing(scope, node) || import_take_preflight(scope, node))) {
        return true;
    }
    bool is_said = !has_kept_rule(scope) && import_condition(scope, node, conditions, &is_negated);
    if (is_said && is_negated) {
        import_put(arena, entry, "not", conditions);
    } else if (is_said) {
        entry = conditions;
    }
    if (!is_said || !put_action(scope, node, entry)) {
        keep_earlier(scope, node);
        return false;
    }
    add_when(scope, entry);
    return true;
}

/* ---- rewrite -------------------------------------------------------------------------------- */

/* rewrite ^/api/(.*)$ /$1 break in "location /api/": the program sees the path without it. */
static bool is_strip(const struct import_scope *scope, const struct import_node *node)
{
    struct arena *arena = arena_of(scope);
    const char *prefix = scope->block == NULL || scope->place != IMPORT_LOCATION || scope->is_regex
                             ? NULL
                             : import_word(scope->block, scope->block->word_count - 1);
    if (prefix == NULL || !text_ends_with(prefix, "/") || scope->block->word_count > 1 ||
        strcmp(import_word(node, 2), "break") != 0 || strcmp(import_word(node, 1), "/$1") != 0) {
        return false;
    }
    const char *regex = import_word(node, 0);
    return strcmp(regex, arena_printf(arena, "^%s(.*)$", prefix)) == 0 ||
           strcmp(regex, arena_printf(arena, "^%s(.*)", prefix)) == 0;
}

/* The whole of it leads elsewhere: rewrite ^ https://$host$request_uri? permanent. */
static bool take_whole(struct import_scope *scope, const struct import_node *node)
{
    struct arena *arena = arena_of(scope);
    const char *target = import_word(node, 1);
    size_t length = strlen(target);
    if (!matches_all(import_word(node, 0)) || !text_ends_with(target, "$request_uri?") ||
        import_get(scope->own, "when") != NULL) {
        return false;
    }
    const char **words = arena_array(arena, 3, sizeof(*words));
    words[0] = strcmp(import_word(node, 2), "permanent") == 0 ? "301" : "302";
    words[1] = arena_strndup(arena, target, length - 1);
    struct import_node *answer = arena_new(arena, struct import_node);
    *answer = *node;
    answer->name = "return";
    answer->words = words;
    answer->word_count = 2;
    scope->answer = answer;
    return true;
}

/* Rules before any condition are carried out as such; behind one they are entries of when, which
 * keep their order. */
static bool put_rule(struct import_scope *scope, const struct import_node *node)
{
    struct arena *arena = arena_of(scope);
    const char *regex = import_word(node, 0);
    const char *flag = import_word(node, 2);
    bool is_inside = !leads_outside(node) && import_get(scope->own, "when") == NULL;
    bool ends =
        strcmp(flag, "last") == 0 || (scope->place == IMPORT_SERVER && strcmp(flag, "break") == 0);
    if (!is_inside) {
        struct import_yaml *entry = import_map(arena);
        bool is_conditional = !matches_all(regex);
        bool is_said = is_conditional && put_rewrite(scope, node, entry);
        if (is_said) {
            add_when(scope, entry);
        }
        return is_said;
    }
    const char *target = import_rewrite_target(scope, node, regex);
    if (!ends || target == NULL || strlen(regex) > YAML_KEY_MAX || !syntax_regex.check(regex)) {
        return false;
    }
    struct import_yaml *map = import_get(scope->own, "rewrite");
    if (map == NULL) {
        map = import_map(arena);
        import_put(arena, scope->own, "rewrite", map);
    }
    import_put_text(arena, map, regex, target);
    return true;
}

IMPORT_TAKE(import_take_rewrite)
{
    (void)rule;
    if (scope->answer != NULL) {
        return true; /* it is never reached */
    }
    if (is_strip(scope, node) && !has_kept_rule(scope)) {
        import_put_text(arena_of(scope), scope->own, "strip_prefix", "true");
        return true;
    }
    if (node->word_count < 2 || has_kept_rule(scope) ||
        !(take_whole(scope, node) || put_rule(scope, node))) {
        keep_earlier(scope, node);
        return false;
    }
    return true;
}
