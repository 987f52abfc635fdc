/* The walker's place in a document, and the messages about it. */

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "schemas/field_walk.h"

struct place place_below(const struct place *above, const char *name)
{
    return (struct place){
        .check = above->check,
        .above = above,
        .name = name,
        .hides_source = above->hides_source,
        .is_fallback = above->is_fallback,
    };
}

static void add_place(struct text *text, const struct place *place)
{
    if (place == NULL || place->name == NULL) {
        return;
    }
    add_place(text, place->above);
    if (text->length > 0) {
        text_add_char(text, '.');
    }
    text_add(text, place->name);
}

const char *place_path(const struct place *place)
{
    struct text text = text_make(place->check->arena);
    add_place(&text, place);
    return text.data;
}

/* "site shop: proxy"; the field alone outside of documents. */
static const char *document_path(const struct check *check, const char *field)
{
    const struct document *document = check->document;
    if (document == NULL) {
        return field;
    }
    bool has_name = document->name[0] != '\0'; /* the host's settings have none */
    const char *name = arena_printf(check->arena, "%s%s%s", document->kind_name,
                                    has_name ? " " : "", document->name);
    return field == NULL || *field == '\0' ? name
                                           : arena_printf(check->arena, "%s: %s", name, field);
}

struct diagnostic *place_report(const struct place *place, enum diagnostic_code code,
                                const struct node *node, const char *first, const char *second)
{
    struct check *check = place->check;
    assert(!place->is_fallback); /* a row's own default must be right */
    struct diagnostic *diagnostic =
        diagnostic_add(check->arena, check->diagnostics, code, node->span, first, second, NULL);
    diagnostic->path = document_path(check, place_path(place));
    diagnostic->hides_source = place->hides_source;
    return diagnostic;
}

void place_report_type(const struct place *place, const struct field *field,
                       const struct node *node)
{
    place_report(place, DIAGNOSTIC_WRONG_TYPE, node, field_type_text(place->check->arena, field),
                 node_words(node));
}

const char *place_shown(const struct place *place, const struct node *node)
{
    return place->hides_source ? "..." : node->text;
}

const struct node *place_origin(const struct place *place, const struct node *node)
{
    return place->is_fallback ? NULL : node;
}

const char *field_below(struct check *check, const char *field, const char *name)
{
    size_t length = strlen(field);
    if (length == 0) {
        return name;
    }
    size_t name_size = strlen(name) + 1;
    char *out = arena_alloc(check->arena, length + 1 + name_size);
    memcpy(out, field, length);
    out[length] = '.';
    memcpy(out + length + 1, name, name_size);
    return out;
}

struct diagnostic *check_add(struct check *check, enum diagnostic_code code,
                             const struct node *node, const char *field, const char *argument,
                             const char *second_argument)
{
    struct span span = SPAN_NONE;
    if (node != NULL) {
        span = node->span;
    } else if (check->document != NULL) {
        span = check->document->span;
    }
    struct diagnostic *diagnostic = diagnostic_add(check->arena, check->diagnostics, code, span,
                                                   argument, second_argument, NULL);
    diagnostic->path = document_path(check, field);
    return diagnostic;
}
