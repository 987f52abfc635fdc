/* One document, value by value, each with the place that set it. */
#include "base/utf8.h"
#include "core/excerpt.h"
#include "core/explain.h"
#include "core/kind.h"

enum { VALUE_MOST = 70 }; /* columns, about; longer values are cut */

/* The rows that the nodes below belong to, as far as there are any. */
struct rows {
    const struct schema *fields;  /* of a map's keys */
    const struct schema *objects; /* of the entries of a map of objects, whose keys are names */
    bool hides_source;
};

/* A value on one line, with nothing in it that moves a terminal. */
static void add_value(struct text *text, struct str value)
{
    for (size_t offset = 0; offset < value.length;) {
        uint32_t code = 0;
        size_t length = utf8_decode(value, offset, &code);
        if (offset >= VALUE_MOST) {
            text_add(text, "…");
            return;
        }
        if (code == '\n' || code == '\t') {
            text_add(text, code == '\n' ? "\\n" : "\\t");
        } else {
            text_add_str(text, (struct str){value.data + offset, length});
        }
        offset += length;
    }
}

/* Nobody's secret stands in a preset. */
static bool is_hidden(struct arena *arena, const char *key, const struct node *node,
                      const struct rows *rows)
{
    bool is_ours =
        node->span.source != NULL && text_starts_with(node->span.source->name, "preset ");
    const char *line = arena_printf(arena, "%s: %s", key, node->text);
    return !is_ours && (rows->hides_source || excerpt_may_hold_secret(str_of(line)));
}

static const char *scalar_text(struct arena *arena, const char *key, const struct node *node,
                               const struct rows *rows)
{
    if (node_is_null(node)) {
        return "(removed)";
    }
    if (is_hidden(arena, key, node, rows)) {
        return "(not shown)";
    }
    struct text text = text_make(arena);
    add_value(&text, (struct str){node->text, node->length});
    return node->length == 0 ? "\"\"" : text.data;
}

static void write_value(struct text *out, const char *path, const char *value, const char *place)
{
    text_line(out, "  %-28s %-30s %s", path, value, place);
}

static struct rows rows_below(const struct rows *rows, const char *key)
{
    if (rows->objects != NULL) {
        return (struct rows){.fields = rows->objects, .hides_source = rows->hides_source};
    }
    const struct field *field = rows->fields == NULL ? NULL : field_find(rows->fields, key);
    struct rows below = {.hides_source = rows->hides_source};
    if (field != NULL) {
        bool is_map = field->type == FIELD_OBJECT_LIST && field->shape == SHAPE_MAP;
        below.fields = is_map ? NULL : field->object;
        below.objects = is_map ? field->object : NULL;
        below.hides_source |= field->hides_source;
    }
    return below;
}

static bool is_list_of_scalars(const struct node *node)
{
    for (size_t i = 0; i < node->elements.count; i++) {
        if (node->elements.items[i]->type != NODE_SCALAR) {
            return false;
        }
    }
    return node->type == NODE_LIST;
}

static void explain_node(struct text *out, const char *path, const char *key,
                         const struct node *node, const struct rows *rows);

/* On one line: lists replace each other as a whole, so all of it has one origin. */
static void explain_scalars(struct text *out, const char *path, const char *key,
                            const struct node *list, const struct rows *rows)
{
    struct text text = text_make(out->arena);
    text_add_char(&text, '[');
    for (size_t i = 0; i < list->elements.count && text.length < VALUE_MOST; i++) {
        text_addf(&text, "%s%s", i == 0 ? "" : ", ",
                  scalar_text(out->arena, key, list->elements.items[i], rows));
    }
    text_add(&text, text.length < VALUE_MOST ? "]" : ", …]");
    write_value(out, path, text.data, span_text(out->arena, list->span));
}

static void explain_entries(struct text *out, const char *path, const struct node *mapping,
                            const struct rows *rows)
{
    const char *separator = path[0] == '\0' ? "" : ".";
    for (size_t i = 0; i < mapping->entries.count; i++) {
        const struct node_entry *entry = &mapping->entries.items[i];
        const char *key = entry->key->text;
        struct rows below = rows_below(rows, key);
        explain_node(out, arena_printf(out->arena, "%s%s%s", path, separator, key), key,
                     entry->value, &below);
    }
}

/* Depth is bounded by the front end. */
static void explain_node(struct text *out, const char *path, const char *key,
                         const struct node *node, const struct rows *rows)
{
    const char *place = span_text(out->arena, node->span);
    if (node->type == NODE_SCALAR) {
        write_value(out, path, scalar_text(out->arena, key, node, rows), place);
    } else if (is_list_of_scalars(node)) {
        explain_scalars(out, path, key, node, rows);
    } else if (node->type == NODE_LIST) {
        for (size_t i = 0; i < node->elements.count; i++) {
            explain_node(out, arena_printf(out->arena, "%s.%zu", path, i + 1), key,
                         node->elements.items[i], rows);
        }
    } else if (node->entries.count == 0) {
        write_value(out, path, "{}", place);
    } else {
        explain_entries(out, path, node, rows);
    }
}

/* The fields that nobody wrote, or that somebody removed again. */
static void explain_defaults(struct text *out, const struct document *document)
{
    for (const struct schema *at = document->kind->schema; at != NULL; at = at->base) {
        for (size_t i = 0; i < at->field_count; i++) {
            const struct field *field = &at->fields[i];
            const char *fallback = field->fallback != NULL ? field->fallback : field->fallback_note;
            const struct node *written = node_get(document->node, field->name);
            if (fallback != NULL && (written == NULL || node_is_null(written))) {
                write_value(out, field->name, fallback[0] == '\0' ? "\"\"" : fallback, "default");
            }
        }
    }
}

void explain_document(struct arena *arena, const struct document *document, struct text *out)
{
    struct rows rows = {.fields = document->kind->schema};
    text_line(out, "%s  (%s)", document_id(arena, document), span_text(arena, document->span));
    explain_entries(out, "", document->node, &rows);
    explain_defaults(out, document);
}
