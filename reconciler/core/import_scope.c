#include "core/import_scope.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/text.h"
#include "core/import_known.h"
#include "core/import_limits.h"
#include "core/import_table.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum { EXPAND_ROUNDS = 8, EXPANDED_MOST = 4000 };

/* ---- Notes ---------------------------------------------------------------------------------- */

const char *import_place_text(struct arena *arena, const struct import_node *node)
{
    return arena_printf(arena, "%s:%zu", node->file, node->line);
}

void import_note_add(struct import_context *context, const struct import_node *node,
                     const struct message *message)
{
    for (size_t i = 0; i < context->notes.count; i++) {
        const struct import_note *note = &context->notes.items[i];
        if (note->line == node->line && strcmp(note->file, node->file) == 0 &&
            strcmp(note->message->text, message->text) == 0) {
            return;
        }
    }
    vec_add(context->arena, &context->notes, (struct import_note){node->file, node->line, message});
}

/* ---- Variables ------------------------------------------------------------------------------ */

static bool is_name_character(char c)
{
    return isalnum((unsigned char)c) != 0 || c == '_';
}

/* Behind a dollar sign: the name, and how many bytes it takes with its braces. */
static struct str variable_at(const char *text, size_t *out_taken)
{
    bool is_braced = text[0] == '{';
    const char *name = text + is_braced;
    size_t length = 0;
    while (is_name_character(name[length])) {
        length++;
    }
    bool is_closed = !is_braced || name[length] == '}';
    *out_taken = is_closed ? length + 2 * (size_t)is_braced : 0;
    return (struct str){name, is_closed ? length : 0};
}

bool import_has_variable(const char *text)
{
    for (const char *at = strchr(text, '$'); at != NULL; at = strchr(at + 1, '$')) {
        size_t taken = 0;
        if (variable_at(at + 1, &taken).length > 0) {
            return true;
        }
    }
    return false;
}

bool import_mentions(struct str text, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i + 1 + length <= text.length; i++) {
        size_t at = i + 1 + (i + 1 < text.length && text.data[i + 1] == '{');
        if (text.data[i] == '$' && at + length <= text.length &&
            memcmp(text.data + at, name, length) == 0 &&
            (at + length == text.length || !is_name_character(text.data[at + length]))) {
            return true;
        }
    }
    return false;
}

static void count_sets(const struct import_nodes *nodes, struct str name, size_t *count,
                       const struct import_node **out_last)
{
    for (size_t i = 0; i < nodes->count; i++) {
        const struct import_node *node = nodes->items[i];
        const char *first = import_word(node, 0);
        bool is_it =
            import_is(node, "set") && first[0] == '$' && str_equal(str_of(first + 1), name);
        if (is_it) {
            (*count)++;
            *out_last = node;
        }
        if (import_is(node, "if")) {
            count_sets(&node->children, name, count, out_last);
        }
    }
}

/* The value of a variable that is set once, and always, or that is known by itself. */
static const char *constant(const struct import_scope *scope, struct str name)
{
    const struct import_context *context = scope->context;
    const struct import_node *found = NULL;
    size_t count = 0;
    for (; scope != NULL && scope->place != IMPORT_HTTP; scope = scope->parent) {
        count_sets(scope->nodes, name, &count, &found);
        if (count > 0) {
            bool is_here = false;
            for (size_t i = 0; i < scope->nodes->count; i++) {
                is_here |= scope->nodes->items[i] == found;
            }
            return count == 1 && is_here && found->word_count == 2 ? found->words[1] : NULL;
        }
    }
    return import_known_value(context, name);
}

static const char *expand_once(const struct import_scope *scope, const char *text, bool *out_done)
{
    struct text out = text_make(scope->context->arena);
    *out_done = true;
    while (*text != '\0') {
        size_t taken = 0;
        struct str name = *text == '$' ? variable_at(text + 1, &taken) : (struct str){0};
        const char *value = name.length > 0 ? constant(scope, name) : NULL;
        if (value == NULL) {
            text_add_char(&out, *text++);
            continue;
        }
        *out_done = false;
        text_add(&out, value);
        text += 1 + taken;
    }
    return out.data;
}

const char *import_expand(const struct import_scope *scope, const char *text)
{
    bool is_done = false;
    for (size_t i = 0; i < EXPAND_ROUNDS && !is_done && strlen(text) < EXPANDED_MOST; i++) {
        text = expand_once(scope, text, &is_done);
    }
    return text;
}

const struct import_node *import_nearest(const struct import_scope *scope, const char *name)
{
    for (; scope != NULL; scope = scope->parent) {
        const struct import_node *node = import_find(scope->nodes, name);
        if (node != NULL) {
            return node;
        }
    }
    return NULL;
}

/* ---- Units ---------------------------------------------------------------------------------- */

bool import_read_time(const char *text, long long *out_milliseconds)
{
    // clang-format off
    static const struct {
        const char *unit;
        long long milliseconds;
    } units[] = {
        {"ms", 1}, {"s", 1000}, {"m", 60 * 1000LL}, {"h", 3600 * 1000LL}, {"d", 86400 * 1000LL},
        {"w", 7 * 86400 * 1000LL}, {"M", 30 * 86400 * 1000LL}, {"y", 365 * 86400 * 1000LL},
    };
    // clang-format on
    enum { DIGITS_MOST = 9 };
    long long total = 0;
    if (text[0] == '\0') {
        return false;
    }
    while (*text != '\0') {
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > DIGITS_MOST) {
            return false;
        }
        long long number = strtoll(text, NULL, 10);
        text += digits;
        size_t length = strcspn(text, "0123456789");
        long long factor = length == 0 ? 1000 : 0;
        for (size_t i = 0; i < COUNT(units); i++) {
            if (strlen(units[i].unit) == length && strncmp(text, units[i].unit, length) == 0) {
                factor = units[i].milliseconds;
            }
        }
        if (factor == 0) {
            return false;
        }
        total += number * factor;
        text += length;
    }
    *out_milliseconds = total;
    return true;
}

bool import_read_size(const char *text, unsigned long long *out_bytes)
{
    enum { DIGITS_MOST = 10 };
    size_t digits = strspn(text, "0123456789");
    static const char units[] = "kmgKMG";
    static const unsigned shifts[] = {10, 20, 30, 10, 20, 30};
    if (digits == 0 || digits > DIGITS_MOST) {
        return false;
    }
    unsigned long long number = strtoull(text, NULL, 10);
    const char *unit = text[digits] == '\0' ? NULL : strchr(units, text[digits]);
    if (text[digits] != '\0' && (unit == NULL || text[digits + 1] != '\0')) {
        return false;
    }
    *out_bytes = unit == NULL ? number : number << shifts[unit - units];
    return true;
}

/* ---- Reading -------------------------------------------------------------------------------- */

void import_scope_keep(struct import_scope *scope, const struct import_node *node)
{
    vec_add(scope->context->arena, &scope->raw, node);
}

static struct import_yaml *copy(struct arena *arena, const struct import_yaml *map)
{
    struct import_yaml *fresh = import_map(arena);
    for (size_t i = 0; map != NULL && i < map->entries.count; i++) {
        vec_add(arena, &fresh->entries, map->entries.items[i]);
    }
    return fresh;
}

static struct import_nodes list_of(struct import_scope *scope, const char *const *names,
                                   const struct import_nodes *around)
{
    struct import_nodes list = {0};
    for (size_t i = 0; i < scope->nodes->count; i++) {
        for (size_t j = 0; names[j] != NULL; j++) {
            if (import_is(scope->nodes->items[i], names[j])) {
                vec_add(scope->context->arena, &list, scope->nodes->items[i]);
            }
        }
    }
    return list.count == 0 && around != NULL ? *around : list;
}

static void read_lists(struct import_scope *scope)
{
    static const char *const request[] = {"proxy_set_header", "grpc_set_header", NULL};
    static const char *const response[] = {"add_header", NULL};
    static const char *const params[] = {"fastcgi_param", "uwsgi_param", NULL};
    static const char *const access[] = {"allow", "deny", NULL};
    const struct import_scope *around = scope->parent;
    const struct import_scope nothing = {0};
    if (around == NULL) {
        around = &nothing;
    }
    scope->request_headers = list_of(scope, request, &around->request_headers);
    scope->response_headers = list_of(scope, response, &around->response_headers);
    scope->params = list_of(scope, params, &around->params);
    scope->access = list_of(scope, access, &around->access);
}

void import_leave_to_http(struct import_context *context, const struct import_node *node)
{
    import_note_add(context, node,
                    message_make(context->arena,
                                 "\"%s\" belongs to all of http, and no site can say it: keep it "
                                 "in a file below /etc/nginx/conf.d",
                                 node->name));
}

/* What http says holds for sites that are not asked about here, so that none can keep it. */
static void leave(struct import_scope *scope, const struct import_node *node)
{
    if (scope->place != IMPORT_HTTP) {
        import_scope_keep(scope, node);
        return;
    }
    import_leave_to_http(scope->context, node);
}

/* Nothing has to be said of it. The host's own file goes on saying what is the host's. */
static bool needs_nothing(const struct import_scope *scope, const struct import_node *node,
                          const struct import_rule *rule)
{
    bool is_hosts_file = text_equal(node->file, scope->context->main_file);
    return rule != NULL &&
           (rule->said == IMPORT_ALWAYS ||
            (rule->said == IMPORT_HOST && (scope->place != IMPORT_HTTP || is_hosts_file)));
}

static void read_node(struct import_scope *scope, const struct import_node *node)
{
    const struct import_rule *rule = import_rule_find(node->name, scope->place);
    bool is_taken = rule != NULL && rule->said == IMPORT_FIELD
                        ? rule->take == NULL || rule->take(scope, node, rule)
                        : needs_nothing(scope, node, rule);
    if (!is_taken) {
        leave(scope, node);
    }
}

void import_scope_read(struct import_scope *scope)
{
    struct arena *arena = scope->context->arena;
    scope->fields = copy(arena, scope->parent == NULL ? NULL : scope->parent->fields);
    scope->pool = copy(arena, scope->parent == NULL ? NULL : scope->parent->pool);
    scope->own = import_map(arena);
    read_lists(scope);
    for (size_t i = 0; i < scope->nodes->count; i++) {
        read_node(scope, scope->nodes->items[i]);
    }
    import_response_cache(scope);
}
