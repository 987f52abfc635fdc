/* The defaults of the rows are written as people write values. This reads the small part of YAML
 * that rows use: plain and "quoted" scalars, [a, b] and {a: b}. The rows are ours, so a text that
 * cannot be read is a bug. */

#include <assert.h>

#include "schemas/field.h"

struct reader {
    struct arena *arena;
    const char *at;
};

static void skip_spaces(struct reader *reader)
{
    while (*reader->at == ' ') {
        reader->at++;
    }
}

static struct node *make_node(struct reader *reader, enum node_type type)
{
    struct node *node = arena_new(reader->arena, struct node);
    node->type = type;
    return node;
}

/* Up to a byte of stop, or up to the closing quote. */
static const struct node *read_scalar(struct reader *reader, const char *stop)
{
    struct node *node = make_node(reader, NODE_SCALAR);
    node->is_quoted = *reader->at == '"';
    if (node->is_quoted) {
        reader->at++;
    }
    size_t length = strcspn(reader->at, node->is_quoted ? "\"" : stop);
    const char *text = reader->at;
    reader->at += length;
    if (node->is_quoted) {
        assert(*reader->at == '"');
        reader->at++;
    }
    while (!node->is_quoted && length > 0 && text[length - 1] == ' ') {
        length--;
    }
    node->text = arena_strndup(reader->arena, text, length);
    node->length = length;
    return node;
}

/* Behind an entry: the comma before the next one, or the closing bracket. */
static bool read_comma(struct reader *reader, char close)
{
    skip_spaces(reader);
    assert(*reader->at == ',' || *reader->at == close);
    bool has_more = *reader->at == ',';
    reader->at++;
    skip_spaces(reader);
    return has_more;
}

static const struct node *read_list(struct reader *reader)
{
    struct node *node = make_node(reader, NODE_LIST);
    reader->at++;
    skip_spaces(reader);
    if (*reader->at == ']') {
        return node;
    }
    do {
        vec_add(reader->arena, &node->elements, read_scalar(reader, ",]"));
    } while (read_comma(reader, ']'));
    return node;
}

static const struct node *read_mapping(struct reader *reader)
{
    struct node *node = make_node(reader, NODE_MAPPING);
    reader->at++;
    skip_spaces(reader);
    if (*reader->at == '}') {
        return node;
    }
    do {
        struct node_entry entry = {.key = read_scalar(reader, ":")};
        assert(reader->at[0] == ':' && reader->at[1] == ' ');
        reader->at += 2;
        skip_spaces(reader);
        entry.value = read_scalar(reader, ",}");
        vec_add(reader->arena, &node->entries, entry);
    } while (read_comma(reader, '}'));
    return node;
}

const struct node *field_fallback(struct arena *arena, const struct field *field)
{
    if (field->fallback == NULL) {
        return NULL;
    }
    struct reader reader = {arena, field->fallback};
    switch (*field->fallback) {
    case '[':
        return read_list(&reader);
    case '{':
        return read_mapping(&reader);
    default:
        return read_scalar(&reader, "");
    }
}
