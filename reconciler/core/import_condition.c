/* What an if asks: one test of a variable, or whether a file is there. */

#include <ctype.h>

#include "base/text.h"
#include "core/import_known.h"
#include "core/import_take.h"
#include "schemas/site_syntax.h"
#include "schemas/template.h"
#include "schemas/value.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

struct condition {
    const char *variable; /* "$host", "-f" */
    const char *sign;     /* "=", "~", "~*"; "": whether it is anything but empty or 0, or a file */
    const char *value;    /* NULL: none is compared */
    bool is_negated;
    bool minds_case; /* the expression says itself where it does */
};

/* What stands between the parentheses. */
static bool read_condition(struct import_scope *scope, const struct import_node *node,
                           struct condition *out)
{
    struct arena *arena = scope->context->arena;
    VEC(word_list, const char *) words = {0};
    for (size_t i = 0; i < node->word_count; i++) {
        const char *word = node->words[i];
        size_t length = strlen(word);
        bool is_last = i + 1 == node->word_count;
        size_t first = i == 0 && word[0] == '(' ? 1 : 0;
        size_t end = is_last && length > first && word[length - 1] == ')' ? length - 1 : length;
        if (end > first || (!is_last && i > 0)) {
            vec_add(arena, &words, arena_strndup(arena, word + first, end - first));
        }
    }
    *out = (struct condition){0};
    if (words.count == 2) {
        out->is_negated = words.items[0][0] == '!';
        out->variable = words.items[0] + out->is_negated;
        out->sign = "";
        out->value = words.items[1];
        return out->variable[0] == '-';
    }
    if (words.count == 1) {
        out->variable = words.items[0];
        out->sign = "";
        return out->variable[0] == '$';
    }
    if (words.count != 3) {
        return false;
    }
    out->is_negated = words.items[1][0] == '!';
    out->variable = words.items[0];
    out->sign = words.items[1] + out->is_negated;
    out->value = import_expand(scope, words.items[2]);
    bool is_regex = out->sign[0] == '~';
    return is_regex || (strcmp(out->sign, "=") == 0 && !import_has_variable(out->value));
}

/* The condition as a regular expression; usual: how ours treats case by itself. */
static const char *regex_of(struct arena *arena, const struct condition *condition, bool ignores)
{
    if (condition->minds_case) {
        return condition->value;
    }
    if (strcmp(condition->sign, "=") == 0) {
        return arena_printf(arena, "%s^%s$", ignores ? "(?-i)" : "",
                            regex_escape(arena, condition->value));
    }
    bool wants_any_case = strcmp(condition->sign, "~*") == 0;
    const char *mode = wants_any_case == ignores ? "" : ignores ? "(?-i)" : "(?i)";
    return arena_printf(arena, "%s%s", mode, condition->value);
}

/* "^(GET|HEAD)$", as most write it. */
static struct import_yaml *methods_of(struct arena *arena, const struct condition *condition)
{
    static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    struct import_yaml *list = import_list(arena);
    const char *at = condition->value;
    size_t length = strlen(at);
    bool is_regex = condition->sign[0] == '~';
    bool is_whole = text_starts_with(at, "^(") && length > 4 && text_ends_with(at, ")$");
    if (is_regex && !is_whole) {
        return NULL;
    }
    const char *end = at + length - (is_regex ? 2 : 0);
    for (at += is_regex ? 2 : 0; at < end; at++) {
        size_t count = strspn(at, capitals);
        if (count == 0 || (at + count != end && at[count] != '|')) {
            return NULL;
        }
        import_add_text(arena, list, arena_strndup(arena, at, count));
        at += count;
    }
    return list->entries.count > 0 ? list : NULL;
}

static void put_list(struct arena *arena, struct import_yaml *map, const char *key,
                     const char *value)
{
    struct import_yaml *list = import_list(arena);
    import_add_text(arena, list, value);
    import_put(arena, map, key, list);
}

static char header_character(char c, bool begins)
{
    return c == '_' ? '-' : begins ? (char)toupper((unsigned char)c) : c;
}

/* "$http_x_forwarded_proto" -> X-Forwarded-Proto */
static const char *header_name(struct arena *arena, const char *variable)
{
    struct text out = text_make(arena);
    bool begins = true;
    for (const char *c = variable; *c != '\0'; c++) {
        text_add_char(&out, header_character(*c, begins));
        begins = *c == '_';
    }
    return out.data;
}

static bool put_named(struct arena *arena, const struct condition *condition, const char *field,
                      const char *name, struct import_yaml *map)
{
    const char *regex = regex_of(arena, condition, false);
    struct import_yaml *names = import_map(arena);
    import_put_text(arena, names, name, regex);
    import_put(arena, map, field, names);
    const struct syntax *syntax =
        strcmp(field, "header") == 0 ? &syntax_plain_header : &syntax_parameter;
    return syntax->check(name) && syntax_regex.check(regex);
}

/* Variables that have a condition of their own. */
static bool put_known(struct arena *arena, const struct condition *condition,
                      struct import_yaml *map)
{
    const char *variable = condition->variable;
    const char *value = condition->value;
    bool is_equal = strcmp(condition->sign, "=") == 0;
    if (strcmp(variable, "$request_method") == 0) {
        struct import_yaml *methods = methods_of(arena, condition);
        import_put(arena, map, "method", methods);
        return methods != NULL && strcmp(condition->sign, "~*") != 0;
    }
    if (strcmp(variable, "$host") == 0 || strcmp(variable, "$http_host") == 0) {
        put_list(arena, map, "host", value);
        return is_equal && syntax_server_name.check(value);
    }
    if (strcmp(variable, "$remote_addr") == 0) {
        put_list(arena, map, "remote", value);
        return is_equal && syntax_network.check(value);
    }
    if (strcmp(variable, "$scheme") == 0) {
        import_put_text(arena, map, "scheme", value);
        return is_equal && (strcmp(value, "http") == 0 || strcmp(value, "https") == 0);
    }
    if (strcmp(variable, "-f") == 0) {
        import_put_text(arena, map, "file_exists", value);
        return syntax_static_folder.check(value);
    }
    if (strcmp(variable, "$uri") == 0 || strcmp(variable, "$document_uri") == 0) {
        import_put_text(arena, map, "path", regex_of(arena, condition, false));
        return syntax_regex.check(value);
    }
    return false;
}

/* ---- Maps ----------------------------------------------------------------------------------- */

static bool row_holds(const struct import_node *row, const struct condition *condition)
{
    const char *value = import_word(row, 0);
    return condition->value == NULL ? value[0] != '\0' && strcmp(value, "0") != 0
                                    : strcmp(value, condition->value) == 0;
}

/* The key as a regular expression: "~x" minds case, "~*x" does not, nor does a plain text. */
static const char *row_regex(struct arena *arena, const struct import_node *row)
{
    const char *key = row->name;
    if (key[0] == '~') {
        return key[1] == '*' ? arena_printf(arena, "(?i:%s)", key + 2)
                             : arena_printf(arena, "(?-i:%s)", key + 1);
    }
    return arena_printf(arena, "(?i:^%s$)", regex_escape(arena, key + (key[0] == '\\')));
}

/* A variable of a map that tells whether another one matches any of its rows: asked of that one
 * itself. False: the map says more than that. */
static bool ask_source(struct import_scope *scope, const struct import_node *map,
                       struct condition *condition)
{
    struct arena *arena = scope->context->arena;
    const char *source = import_word(map, 0);
    struct text regex = text_make(arena);
    bool is_one = source[0] == '$' && strcspn(source + 1, "${:/ ") == strlen(source + 1);
    for (size_t i = 0; is_one && i < map->children.count; i++) {
        const struct import_node *row = map->children.items[i];
        bool is_default = import_is(row, "default");
        if (row->word_count == 0 || import_is(row, "include") ||
            import_has_variable(import_word(row, 0)) || is_default == row_holds(row, condition)) {
            return false;
        }
        if (!is_default) {
            text_addf(&regex, "%s%s", regex.length == 0 ? "" : "|", row_regex(arena, row));
        }
    }
    condition->variable = source;
    condition->sign = "~";
    condition->minds_case = true;
    condition->value = regex.data;
    return is_one && regex.length > 0;
}

static bool resolve_map(struct import_scope *scope, struct condition *condition)
{
    const struct import_node *map =
        condition->variable[0] == '$'
            ? import_map_find(scope->context, str_of(condition->variable + 1))
            : NULL;
    bool is_comparison = condition->sign[0] == '\0' || strcmp(condition->sign, "=") == 0;
    if (map != NULL) {
        return is_comparison && ask_source(scope, map, condition);
    }
    return condition->value != NULL;
}

static bool put_condition(struct arena *arena, const struct condition *condition,
                          struct import_yaml *map)
{
    // clang-format off
    static const struct {
        const char *prefix;
        const char *field;
    } named[] = {
        {"$cookie_", "cookie"},
        {"$arg_",    "query"},
        {"$http_",   "header"},
    };
    // clang-format on
    const char *variable = condition->variable;
    bool is_agent = strcmp(variable, "$http_user_agent") == 0;
    bool is_referer = strcmp(variable, "$http_referer") == 0;
    if (is_agent || is_referer) {
        bool is_none = is_referer && condition->value[0] == '\0';
        const char *regex = is_none ? "none" : regex_of(arena, condition, true);
        import_put_text(arena, map, is_agent ? "user_agent" : "referer", regex);
        return syntax_regex.check(regex);
    }
    for (size_t i = 0; i < COUNT(named); i++) {
        if (text_starts_with(variable, named[i].prefix) && strcmp(variable, "$http_host") != 0) {
            const char *name = variable + strlen(named[i].prefix);
            return put_named(arena, condition, named[i].field,
                             i == 2 ? header_name(arena, name) : name, map);
        }
    }
    return put_known(arena, condition, map);
}

bool import_condition(struct import_scope *scope, const struct import_node *node,
                      struct import_yaml *out, bool *out_is_negated)
{
    struct condition condition;
    bool is_said = read_condition(scope, node, &condition) && resolve_map(scope, &condition) &&
                   put_condition(scope->context->arena, &condition, out);
    *out_is_negated = is_said && condition.is_negated;
    return is_said;
}

bool import_never_holds(struct import_scope *scope, const struct import_node *node)
{
    struct condition condition;
    struct import_values values;
    if (!read_condition(scope, node, &condition) || condition.variable[0] != '$' ||
        condition.is_negated || strcmp(condition.sign, "=") != 0 ||
        !import_known_values(scope->context, str_of(condition.variable + 1), &values)) {
        return false;
    }
    for (size_t i = 0; i < values.count; i++) {
        if (strcmp(values.items[i], condition.value) == 0) {
            return false;
        }
    }
    return true;
}
