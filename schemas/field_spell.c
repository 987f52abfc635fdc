/* Writes shorthands out in a tree that is to be merged with others: `run: cmd` is nothing but
 * `run: {start: cmd}`, so laid over {reload: SIGHUP} it must not take that away. */

#include "schemas/field.h"

static const struct node *spell_value(struct arena *arena, const struct field *field,
                                      const struct node *value);

/* {shorthand: node}, at the same place. */
static const struct node *wrap(struct arena *arena, const char *shorthand, const struct node *node)
{
    struct node *key = arena_new(arena, struct node);
    *key = (struct node){
        .type = NODE_SCALAR, .span = node->span, .text = shorthand, .length = strlen(shorthand)};
    struct node *mapping = arena_new(arena, struct node);
    *mapping = (struct node){.type = NODE_MAPPING, .span = node->span, .is_short = true};
    vec_add(arena, &mapping->entries, (struct node_entry){key, node});
    return mapping;
}

/* The mapping with one value changed; a copy is made for the first one. */
static struct node *mapping_set(struct arena *arena, const struct node *mapping, struct node *copy,
                                size_t index, const struct node *value)
{
    if (copy == NULL) {
        copy = arena_new(arena, struct node);
        *copy = *mapping;
        copy->entries = (struct node_entries){0};
        for (size_t i = 0; i < mapping->entries.count; i++) {
            vec_add(arena, &copy->entries, mapping->entries.items[i]);
        }
    }
    copy->entries.items[index].value = value;
    return copy;
}

const struct node *field_spell_out(struct arena *arena, const struct schema *schema,
                                   const struct node *node)
{
    if (node->type != NODE_MAPPING) {
        return schema->shorthand == NULL || node_is_null(node)
                   ? node
                   : field_spell_out(arena, schema, wrap(arena, schema->shorthand, node));
    }
    struct node *copy = NULL;
    for (size_t i = 0; i < node->entries.count; i++) {
        const struct node_entry *entry = &node->entries.items[i];
        const struct field *field = field_find(schema, entry->key->text);
        const struct node *value =
            field == NULL ? entry->value : spell_value(arena, field, entry->value);
        if (value != entry->value) {
            copy = mapping_set(arena, node, copy, i, value);
        }
    }
    return copy == NULL ? node : copy;
}

/* The entries of a map of objects; one value in its place is left to the walker. */
static const struct node *spell_objects(struct arena *arena, const struct field *field,
                                        const struct node *map)
{
    struct node *copy = NULL;
    for (size_t i = 0; map->type == NODE_MAPPING && i < map->entries.count; i++) {
        const struct node *entry = map->entries.items[i].value;
        const struct node *value = field_spell_out(arena, field->object, entry);
        if (value != entry) {
            copy = mapping_set(arena, map, copy, i, value);
        }
    }
    return copy == NULL ? map : copy;
}

static const struct node *spell_value(struct arena *arena, const struct field *field,
                                      const struct node *value)
{
    if (field->type == FIELD_OBJECT) {
        return field_spell_out(arena, field->object, value);
    }
    if (field->type == FIELD_OBJECT_LIST && field->shape == SHAPE_MAP) {
        return spell_objects(arena, field, value);
    }
    return value;
}
