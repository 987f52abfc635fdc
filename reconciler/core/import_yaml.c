#include "core/import_yaml.h"

#include <string.h>

#include "base/str.h"
#include "core/yaml_edit.h"

enum { INDENT = 2, COLUMNS = 96, FLOW_ENTRIES_MOST = 8 };

/* ---- Making --------------------------------------------------------------------------------- */

static struct import_yaml *make(struct arena *arena, enum import_yaml_type type, const char *text)
{
    struct import_yaml *value = arena_new(arena, struct import_yaml);
    *value = (struct import_yaml){.type = type, .text = text};
    return value;
}

struct import_yaml *import_text(struct arena *arena, const char *text)
{
    return make(arena, IMPORT_TEXT, text);
}

struct import_yaml *import_null(struct arena *arena)
{
    return make(arena, IMPORT_NULL, NULL);
}

struct import_yaml *import_list(struct arena *arena)
{
    return make(arena, IMPORT_LIST, NULL);
}

struct import_yaml *import_map(struct arena *arena)
{
    return make(arena, IMPORT_MAP, NULL);
}

static struct import_entry *find(const struct import_yaml *map, const char *key)
{
    for (size_t i = 0; map != NULL && i < map->entries.count; i++) {
        if (text_equal(map->entries.items[i].key, key)) {
            return &map->entries.items[i];
        }
    }
    return NULL;
}

void import_put(struct arena *arena, struct import_yaml *map, const char *key,
                struct import_yaml *value)
{
    struct import_entry *entry = find(map, key);
    if (entry != NULL) {
        entry->value = value;
    } else {
        vec_add(arena, &map->entries, (struct import_entry){key, value});
    }
}

void import_put_text(struct arena *arena, struct import_yaml *map, const char *key,
                     const char *text)
{
    import_put(arena, map, key, import_text(arena, text));
}

void import_add(struct arena *arena, struct import_yaml *list, struct import_yaml *value)
{
    vec_add(arena, &list->entries, (struct import_entry){NULL, value});
}

void import_add_text(struct arena *arena, struct import_yaml *list, const char *text)
{
    import_add(arena, list, import_text(arena, text));
}

void import_comment(struct arena *arena, struct import_yaml *value, const char *line)
{
    value->comment =
        value->comment == NULL ? line : arena_printf(arena, "%s\n%s", value->comment, line);
}

struct import_yaml *import_get(const struct import_yaml *map, const char *key)
{
    const struct import_entry *entry = find(map, key);
    return entry == NULL ? NULL : entry->value;
}

const char *import_get_text(const struct import_yaml *map, const char *key)
{
    const struct import_yaml *value = import_get(map, key);
    return value == NULL || value->type != IMPORT_TEXT ? NULL : value->text;
}

void import_remove(struct import_yaml *map, const char *key)
{
    struct import_entry *entry = find(map, key);
    if (entry == NULL) {
        return;
    }
    struct import_entry *end = map->entries.items + map->entries.count;
    memmove(entry, entry + 1, (size_t)(end - entry - 1) * sizeof(*entry));
    map->entries.count--;
}

void import_put_all(struct arena *arena, const struct import_yaml *map, struct import_yaml *out)
{
    for (size_t i = 0; i < map->entries.count; i++) {
        import_put(arena, out, map->entries.items[i].key, map->entries.items[i].value);
    }
}

bool import_same(const struct import_yaml *a, const struct import_yaml *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    bool is_same =
        a->type == b->type && text_equal(a->text, b->text) && a->entries.count == b->entries.count;
    for (size_t i = 0; is_same && i < a->entries.count; i++) {
        const struct import_entry *left = &a->entries.items[i];
        const struct import_entry *right = &b->entries.items[i];
        is_same = text_equal(left->key, right->key) && import_same(left->value, right->value);
    }
    return is_same;
}

/* ---- On one line ---------------------------------------------------------------------------- */

struct yaml_writer {
    struct text *out;
    struct arena *arena;
};

static bool has_comment(const struct import_yaml *value)
{
    bool has = value->comment != NULL;
    for (size_t i = 0; !has && i < value->entries.count; i++) {
        has = has_comment(value->entries.items[i].value);
    }
    return has;
}

static const char *flow_scalar(struct arena *arena, const char *text)
{
    return yaml_edit_scalar_text(arena, text, YAML_IN_FLOW, false);
}

static void flow_write(struct arena *arena, const struct import_yaml *value, struct text *out)
{
    if (value->type == IMPORT_TEXT || value->type == IMPORT_NULL) {
        text_add(out, value->type == IMPORT_NULL ? "null" : flow_scalar(arena, value->text));
        return;
    }
    bool is_list = value->type == IMPORT_LIST;
    if (value->entries.count == 0) {
        text_add(out, is_list ? "[]" : "{}");
        return;
    }
    text_add(out, is_list ? "[" : "{ ");
    for (size_t i = 0; i < value->entries.count; i++) {
        const struct import_entry *entry = &value->entries.items[i];
        text_add(out, i == 0 ? "" : ", ");
        if (!is_list) {
            text_addf(out, "%s: ", flow_scalar(arena, entry->key));
        }
        flow_write(arena, entry->value, out);
    }
    text_add(out, is_list ? "]" : " }");
}

static size_t depth_of(const struct import_yaml *value)
{
    size_t deepest = 0;
    for (size_t i = 0; i < value->entries.count; i++) {
        size_t depth = 1 + depth_of(value->entries.items[i].value);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}

/* The value in brackets where that is short and has no comments within; else NULL. */
static const char *short_form(struct arena *arena, const struct import_yaml *value, size_t used)
{
    bool is_empty = value->entries.count == 0;
    bool is_simple = depth_of(value) <= 2 && value->entries.count <= FLOW_ENTRIES_MOST;
    for (size_t i = 0; i < value->entries.count; i++) {
        is_simple = is_simple && !has_comment(value->entries.items[i].value);
    }
    if (!is_simple && !is_empty) {
        return NULL;
    }
    struct text line = text_make(arena);
    flow_write(arena, value, &line);
    return is_empty || used + line.length <= COLUMNS ? line.data : NULL;
}

/* ---- Lines ---------------------------------------------------------------------------------- */

static void spaces(struct text *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_add_char(out, ' ');
    }
}

static void comment_write(struct yaml_writer *writer, const char *comment, size_t indent)
{
    for (const char *at = comment; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, "\n");
        spaces(writer->out, indent);
        text_addf(writer->out, "#%s", length > 0 ? " " : "");
        text_add_str(writer->out, (struct str){at, length});
        text_add_char(writer->out, '\n');
        at += length + (at[length] == '\n');
    }
}

/* Lines as they are, behind "|": not where YAML would take them for something else. */
static bool fits_block(const char *text)
{
    size_t length = strlen(text);
    return strchr(text, '\n') != NULL && text[length - 1] == '\n' && text[0] != ' ' &&
           text[0] != '\n' && text[0] != '\t' && strchr(text, '\r') == NULL &&
           (length < 2 || text[length - 2] != '\n');
}

static void block_write(struct yaml_writer *writer, const char *text, size_t indent)
{
    text_add(writer->out, " |\n");
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        if (length > 0) {
            spaces(writer->out, indent);
        }
        text_add_str(writer->out, (struct str){text, length});
        text_add_char(writer->out, '\n');
        text += length + 1;
    }
}

static void map_write(struct yaml_writer *writer, const struct import_yaml *map, size_t indent);
static void list_write(struct yaml_writer *writer, const struct import_yaml *list, size_t indent);

/* Behind a colon or dash; indent is that of what is inside. */
static void value_write(struct yaml_writer *writer, const struct import_yaml *value, size_t indent,
                        size_t used)
{
    if (value->type == IMPORT_TEXT && fits_block(value->text)) {
        block_write(writer, value->text, indent);
        return;
    }
    if (value->type == IMPORT_TEXT) {
        text_line(writer->out, " %s",
                  yaml_edit_scalar_text(writer->arena, value->text, YAML_IN_BLOCK, false));
        return;
    }
    const char *line = short_form(writer->arena, value, used);
    if (value->type == IMPORT_NULL || line != NULL) {
        text_line(writer->out, " %s", value->type == IMPORT_NULL ? "null" : line);
        return;
    }
    text_add_char(writer->out, '\n');
    if (value->type == IMPORT_MAP) {
        map_write(writer, value, indent);
    } else {
        list_write(writer, value, indent);
    }
}

static void map_write(struct yaml_writer *writer, const struct import_yaml *map, size_t indent)
{
    for (size_t i = 0; i < map->entries.count; i++) {
        const struct import_entry *entry = &map->entries.items[i];
        const char *key = yaml_edit_scalar_text(writer->arena, entry->key, YAML_IN_BLOCK, false);
        comment_write(writer, entry->value->comment, indent);
        spaces(writer->out, indent);
        text_addf(writer->out, "%s:", key);
        value_write(writer, entry->value, indent + INDENT, indent + strlen(key) + 2);
    }
}

/* An element that is a map stands in brackets, or with its first entry behind the dash. */
static void list_write(struct yaml_writer *writer, const struct import_yaml *list, size_t indent)
{
    for (size_t i = 0; i < list->entries.count; i++) {
        const struct import_yaml *value = list->entries.items[i].value;
        comment_write(writer, value->comment, indent);
        const char *line =
            value->type == IMPORT_MAP ? short_form(writer->arena, value, indent + 2) : NULL;
        if (value->type != IMPORT_MAP || line != NULL) {
            spaces(writer->out, indent);
            text_add_char(writer->out, '-');
            value_write(writer, value, indent + INDENT, indent + INDENT);
            continue;
        }
        size_t first = writer->out->length;
        map_write(writer, value, indent + INDENT);
        writer->out->data[first + indent] = '-';
    }
}

void import_yaml_write(const struct import_yaml *map, struct text *out)
{
    struct yaml_writer writer = {out, out->arena};
    map_write(&writer, map, 0);
}
