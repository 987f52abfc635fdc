/* One document, value by value, each with the place that set it. */
#include "base/utf8.h"
#include "core/excerpt.h"
#include "core/explain.h"
#include "core/kind.h"
#include "core/say.h"

enum { VALUE_MOST = 70 }; /* columns, about; longer values are cut */

/* The rows that the nodes below belong to, as far as there are any. */
struct rows {
    const struct schema *fields;  /* of a map's keys */
    const struct schema *objects; /* of the entries of a map of objects, whose keys are names */
    bool hides_source;
};

struct page {
    struct text *out;
    enum language language;
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

static const char *scalar_text(const struct page *page, const char *key, const struct node *node,
                               const struct rows *rows)
{
    struct arena *arena = page->out->arena;
    if (node_is_null(node)) {
        return say_text(page->out->arena, page->language, N_("(removed)"));
    }
    if (is_hidden(arena, key, node, rows)) {
        return say_text(page->out->arena, page->language, N_("(not shown)"));
    }
    struct text text = text_make(arena);
    add_value(&text, (struct str){node->text, node->length});
    return node->length == 0 ? "\"\"" : text.data;
}

static void write_value(const struct page *page, const char *path, const char *value,
                        const char *place)
{
    enum { PATH_COLUMNS = 28, VALUE_COLUMNS = 30 };
    struct arena *arena = page->out->arena;
    text_line(page->out, "  %s %s %s", excerpt_pad(arena, path, PATH_COLUMNS),
              excerpt_pad(arena, value, VALUE_COLUMNS), place);
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

static void explain_node(const struct page *page, const char *path, const char *key,
                         const struct node *node, const struct rows *rows);

/* On one line: lists replace each other as a whole, so all of it has one origin. */
static void explain_scalars(const struct page *page, const char *path, const char *key,
                            const struct node *list, const struct rows *rows)
{
    struct text text = text_make(page->out->arena);
    text_add_char(&text, '[');
    for (size_t i = 0; i < list->elements.count && text.length < VALUE_MOST; i++) {
        text_addf(&text, "%s%s", i == 0 ? "" : ", ",
                  scalar_text(page, key, list->elements.items[i], rows));
    }
    text_add(&text, text.length < VALUE_MOST ? "]" : ", …]");
    write_value(page, path, text.data, span_text(page->out->arena, list->span));
}

static void explain_entries(const struct page *page, const char *path, const struct node *mapping,
                            const struct rows *rows)
{
    const char *separator = path[0] == '\0' ? "" : ".";
    for (size_t i = 0; i < mapping->entries.count; i++) {
        const struct node_entry *entry = &mapping->entries.items[i];
        const char *key = entry->key->text;
        struct rows below = rows_below(rows, key);
        explain_node(page, arena_printf(page->out->arena, "%s%s%s", path, separator, key), key,
                     entry->value, &below);
    }
}

/* Depth is bounded by the front end. */
static void explain_node(const struct page *page, const char *path, const char *key,
                         const struct node *node, const struct rows *rows)
{
    const char *place = span_text(page->out->arena, node->span);
    if (node->type == NODE_SCALAR) {
        write_value(page, path, scalar_text(page, key, node, rows), place);
    } else if (is_list_of_scalars(node)) {
        explain_scalars(page, path, key, node, rows);
    } else if (node->type == NODE_LIST) {
        for (size_t i = 0; i < node->elements.count; i++) {
            explain_node(page, arena_printf(page->out->arena, "%s.%zu", path, i + 1), key,
                         node->elements.items[i], rows);
        }
    } else if (node->entries.count == 0) {
        write_value(page, path, "{}", place);
    } else {
        explain_entries(page, path, node, rows);
    }
}

/* The fields that nobody wrote, or that somebody removed again. */
static void explain_defaults(const struct page *page, const struct document *document)
{
    for (const struct schema *at = document->kind->schema; at != NULL; at = at->base) {
        for (size_t i = 0; i < at->field_count; i++) {
            const struct field *field = &at->fields[i];
            const char *fallback = explain_fallback(page->out->arena, field, page->language);
            const struct node *written = node_get(document->node, field->name);
            if (fallback != NULL && (written == NULL || node_is_null(written))) {
                write_value(page, field->name, fallback,
                            say_text(page->out->arena, page->language, N_("default")));
            }
        }
    }
}

void explain_document(const struct document *document, enum language language, struct text *out)
{
    const struct page page = {out, language};
    struct rows rows = {.fields = document->kind->schema};
    text_line(out, "%s  (%s)", document_id(out->arena, document),
              span_text(out->arena, document->span));
    explain_entries(&page, "", document->node, &rows);
    explain_defaults(&page, document);
}

/* --- what is never shown ---------------------------------------------------------------------- */

static bool stands_at(const struct node *node, struct span span)
{
    return node->span.source == span.source && node->span.first <= span.first &&
           span.first < node->span.end;
}

/* Depth is bounded by the front end. */
static bool hides_at(const struct node *node, const struct rows *rows, struct span span)
{
    if (rows->hides_source && stands_at(node, span)) {
        return true;
    }
    for (size_t i = 0; i < node->entries.count; i++) {
        const struct node_entry *entry = &node->entries.items[i];
        struct rows below = rows_below(rows, entry->key->text);
        if ((below.hides_source && stands_at(entry->key, span)) ||
            hides_at(entry->value, &below, span)) {
            return true;
        }
    }
    for (size_t i = 0; i < node->elements.count; i++) {
        if (hides_at(node->elements.items[i], rows, span)) {
            return true;
        }
    }
    return false;
}

bool explain_hides_source(const struct document *document, struct span span)
{
    const struct rows rows = {.fields = document->kind->schema};
    return hides_at(document->node, &rows, span);
}
