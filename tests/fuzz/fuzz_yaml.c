/* Any bytes through the YAML front end: what comes out keeps every promise of model/node.h. */

#include <stdint.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/utf8.h"
#include "core/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static void check_span(const struct source *source, struct span span)
{
    require(span.source == source);
    require(span.first <= span.end && span.end <= source->content.length);
    struct position position = source_position(source, span.first);
    (void)source_line(source, position.line);
}

static void check_text(const struct node *node)
{
    struct str text = {node->text, node->length};
    require(strlen(node->text) == node->length);
    for (size_t offset = 0; offset < text.length;) {
        uint32_t code = 0;
        size_t length = utf8_decode(text, offset, &code);
        require(length > 0);
        bool is_break = code == '\n' || code == '\t';
        require(is_break ? node->is_quoted : !utf8_is_control(code));
        require(!utf8_is_bidi_control(code));
        offset += length;
    }
}

static void check_node(struct arena *arena, const struct source *source, const struct node *node,
                       size_t depth)
{
    require(depth <= YAML_DEPTH_MAX);
    check_span(source, node->span);
    if (node->type == NODE_SCALAR) {
        require(node->length <= YAML_SCALAR_MAX);
        check_text(node);
        return;
    }
    for (size_t i = 0; i < node->elements.count; i++) {
        check_node(arena, source, node->elements.items[i], depth + 1);
    }
    struct map keys = {0};
    for (size_t i = 0; i < node->entries.count; i++) {
        const struct node_entry *entry = &node->entries.items[i];
        require(entry->key->type == NODE_SCALAR && entry->key->length > 0);
        require(entry->key->length <= YAML_KEY_MAX);
        check_node(arena, source, entry->key, depth);
        check_node(arena, source, entry->value, depth + 1);
        require(map_put(arena, &keys, entry->key->text, &keys) == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    struct str content = {(const char *)data, size};
    const struct source *source = source_make(arena, "in.yaml", content);
    struct diagnostic_list diagnostics = {0};
    struct yaml yaml = yaml_parse(arena, source, &diagnostics);
    if (yaml.root != NULL) {
        require(yaml.root->type == NODE_MAPPING);
        check_node(arena, source, yaml.root, 1);
    }
    require(!yaml.is_incomplete || diagnostics_have_errors(&diagnostics));
    for (size_t i = 0; i < diagnostics.count; i++) {
        check_span(source, diagnostics.items[i].span);
    }
    arena_destroy(arena);
    return 0;
}
