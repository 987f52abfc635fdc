/* Variables of maps whose values are known before anybody asks.
 *
 * Our sites take no early data of TLS, so that $ssl_early_data is always empty. What maps make of
 * it follows from their rows: a row counts only where the text that the map looks up can be its
 * key. For that text, what is known stands for itself and every other variable for any text. */

#include "core/import_known.h"

#include <ctype.h>
#include <strings.h>

#include "base/text.h"
#include "core/import_take.h"

enum { DEPTH_MOST = 4, ANY_TEXT = '\1' };

static bool collect(const struct import_context *context, struct str variable, unsigned depth,
                    struct import_values *values);

static void add_value(const struct import_context *context, struct import_values *values,
                      const char *value)
{
    for (size_t i = 0; i < values->count; i++) {
        if (strcmp(values->items[i], value) == 0) {
            return;
        }
    }
    vec_add(context->arena, values, value);
}

/* ---- The text that is looked up ------------------------------------------------------------- */

static size_t name_length(const char *text)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) != 0 || text[length] == '_') {
        length++;
    }
    return length;
}

static const char *only_value(const struct import_context *context, struct str variable,
                              unsigned depth)
{
    struct import_values values = {0};
    bool is_known = collect(context, variable, depth, &values);
    return is_known && values.count == 1 ? values.items[0] : NULL;
}

/* The source of a map, with ANY_TEXT for each variable that may have any value. */
static const char *pattern_of(const struct import_context *context, const char *source,
                              unsigned depth)
{
    struct text out = text_make(context->arena);
    while (*source != '\0') {
        bool is_braced = source[0] == '$' && source[1] == '{';
        const char *name = source + 1 + is_braced;
        size_t length = source[0] == '$' ? name_length(name) : 0;
        if (length == 0) {
            text_add_char(&out, *source++);
            continue;
        }
        const char *value = only_value(context, (struct str){name, length}, depth);
        if (value == NULL) {
            text_add_char(&out, ANY_TEXT);
        } else {
            text_add(&out, value);
        }
        source = name + length + is_braced;
    }
    return out.data;
}

static bool same_character(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Keys that are no regular expressions are compared without regard to case. */
static bool can_be(const char *pattern, const char *key)
{
    for (; *pattern != ANY_TEXT; pattern++, key++) {
        if (*pattern == '\0' || !same_character(*pattern, *key)) {
            return *pattern == *key;
        }
    }
    const char *rest = key + strlen(key);
    while (rest > key && !can_be(pattern + 1, rest)) {
        rest--;
    }
    return can_be(pattern + 1, rest);
}

/* ---- Maps ----------------------------------------------------------------------------------- */

const struct import_node *import_map_find(const struct import_context *context, struct str variable)
{
    for (size_t i = 0; i < context->http.count; i++) {
        const struct import_node *node = context->http.items[i];
        const char *name = import_word(node, 1);
        if (import_is(node, "map") && name[0] == '$' && str_equal(str_of(name + 1), variable)) {
            return node;
        }
    }
    return NULL;
}

static bool is_switch(const struct import_node *row)
{
    return row->word_count == 0 || import_is(row, "include");
}

/* The values of the rows that can be found. */
static bool collect_rows(const struct import_context *context, const struct import_node *map,
                         const char *pattern, struct import_values *values)
{
    bool has_default = false;
    for (size_t i = 0; i < map->children.count; i++) {
        const struct import_node *row = map->children.items[i];
        bool is_default = import_is(row, "default");
        bool is_regex = row->name[0] == '~';
        if (is_switch(row) || import_has_variable(import_word(row, 0))) {
            return false; /* hostnames, volatile; rows in another file; a value from elsewhere */
        }
        has_default |= is_default;
        if (is_default || is_regex || can_be(pattern, row->name + (row->name[0] == '\\'))) {
            add_value(context, values, row->words[0]);
        }
    }
    if (!has_default) {
        add_value(context, values, "");
    }
    return true;
}

static bool collect(const struct import_context *context, struct str variable, unsigned depth,
                    struct import_values *values)
{
    if (str_equal(variable, str_of("ssl_early_data"))) {
        add_value(context, values, "");
        return true;
    }
    const struct import_node *map = depth < DEPTH_MOST ? import_map_find(context, variable) : NULL;
    return map != NULL &&
           collect_rows(context, map, pattern_of(context, import_word(map, 0), depth + 1), values);
}

bool import_known_values(const struct import_context *context, struct str variable,
                         struct import_values *out_values)
{
    struct import_values values = {0};
    bool is_known = collect(context, variable, 0, &values);
    if (is_known) {
        *out_values = values;
    }
    return is_known;
}

const char *import_known_value(const struct import_context *context, struct str variable)
{
    return only_value(context, variable, 0);
}

/* ---- Maps that something needs ----------------------------------------------------------------
 */

static bool mentions(const struct import_node *node, const struct import_node *map)
{
    const char *name = import_word(map, 1);
    bool is_mentioned = name[0] == '$' && import_mentions(node->text, name + 1);
    for (size_t i = 0; i < node->children.count && !is_mentioned; i++) {
        is_mentioned = mentions(node->children.items[i], map);
    }
    return is_mentioned;
}

static void keep_maps(struct import_context *context, const struct import_node *user,
                      unsigned depth)
{
    for (size_t i = 0; i < context->http.count; i++) {
        const struct import_node *map = context->http.items[i];
        if (import_is(map, "map") && map != user && mentions(user, map)) {
            import_leave_to_http(context, map);
            if (depth < DEPTH_MOST) {
                keep_maps(context, map, depth + 1);
            }
        }
    }
}

void import_keep_maps(struct import_context *context, const struct import_node *user)
{
    keep_maps(context, user, 0);
}

/* Sites ask what the map asks; what stays as it is has the map noted when it is written. */
IMPORT_TAKE(import_take_map)
{
    (void)rule;
    const struct import_nodes *http = &scope->context->http;
    for (size_t i = 0; i < http->count; i++) {
        const struct import_node *other = http->items[i];
        bool is_read = import_is(other, "server") || import_is(other, "map");
        if (!is_read && mentions(other, node)) {
            return false;
        }
    }
    return true;
}
