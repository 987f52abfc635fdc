#include "core/accept_place.h"

#include <string.h>

#include "core/kind.h"

struct walk {
    struct arena *arena;
    struct accept_places *out;
};

/* Where the walk is. */
struct spot {
    struct accept_path path;
    const struct node *entry_key;
    const struct node *entry;
    const char *name;
};

static void walk_object(const struct walk *walk, const struct spot *spot,
                        const struct schema *schema, const struct node *node);

static struct spot step_down(const struct walk *walk, const struct spot *from,
                             const struct accept_step *step)
{
    size_t count = from->path.count;
    struct accept_step *steps = arena_array(walk->arena, count + 1, sizeof(*steps));
    if (count > 0) {
        memcpy(steps, from->path.steps, count * sizeof(*steps));
    }
    steps[count] = *step;
    const char *name =
        step->type == STEP_INDEX ? arena_printf(walk->arena, "%zu", step->index + 1) : step->name;
    return (struct spot){
        .path = {steps, count + 1},
        .entry_key = from->entry_key,
        .entry = from->entry,
        .name = from->name[0] == '\0' ? name : arena_printf(walk->arena, "%s.%s", from->name, name),
    };
}

static void add_place(const struct walk *walk, const struct spot *spot, enum accept_place_type type,
                      const struct field *field, const struct node *node, const struct node *owner)
{
    vec_add(walk->arena, walk->out,
            (struct accept_place){.type = type,
                                  .field = field,
                                  .path = spot->path,
                                  .node = node,
                                  .owner = owner,
                                  .entry_key = spot->entry_key,
                                  .entry = spot->entry,
                                  .name = spot->name});
}

static const struct node *written(const struct node *node)
{
    return node == NULL || node_is_null(node) ? NULL : node;
}

static struct spot spot_at(const struct walk *walk, const struct spot *spot, size_t index)
{
    const struct accept_step step = {.type = STEP_INDEX, .index = index};
    return step_down(walk, spot, &step);
}

static struct spot spot_of(const struct walk *walk, const struct spot *spot, const char *key)
{
    const struct accept_step step = {.type = STEP_KEY, .name = key};
    return step_down(walk, spot, &step);
}

/* ---- Rows ----------------------------------------------------------------------------------- */

static void walk_list(const struct walk *walk, const struct spot *spot, const struct field *field,
                      const struct node *node)
{
    add_place(walk, spot, PLACE_LIST, field, node, NULL);
    for (size_t i = 0; node != NULL && node->type == NODE_LIST && i < node->elements.count; i++) {
        struct spot below = spot_at(walk, spot, i);
        add_place(walk, &below, PLACE_VALUE, field, node->elements.items[i], node);
    }
    if (node != NULL && node->type == NODE_SCALAR) {
        add_place(walk, spot, PLACE_VALUE, field, node, NULL);
    }
}

static void walk_map(const struct walk *walk, const struct spot *spot, const struct field *field,
                     const struct node *node)
{
    add_place(walk, spot, PLACE_MAP, field, node, NULL);
    for (size_t i = 0; node != NULL && i < node->entries.count; i++) {
        const struct node_entry *entry = &node->entries.items[i];
        struct spot below = spot_of(walk, spot, entry->key->text);
        add_place(walk, &below, PLACE_VALUE, field, written(entry->value), node);
        add_place(walk, &below, PLACE_KEY, field, entry->key, node);
    }
}

static void walk_objects(const struct walk *walk, const struct spot *spot,
                         const struct field *field, const struct node *node)
{
    bool is_map = field->shape == SHAPE_MAP;
    if (node == NULL || node->type == NODE_SCALAR) {
        /* One object may stand for the map or list where it has a shorthand. */
        if (field->object->shorthand != NULL) {
            walk_object(walk, spot, field->object, node);
        }
        return;
    }
    for (size_t i = 0; is_map && i < node->entries.count; i++) {
        const struct node_entry *entry = &node->entries.items[i];
        struct spot below = spot_of(walk, spot, entry->key->text);
        below.entry_key = entry->key;
        below.entry = entry->value;
        if (written(entry->value) != NULL) {
            add_place(walk, &below, PLACE_OBJECT, field, entry->value, node);
            add_place(walk, &below, PLACE_KEY, field, entry->key, node);
            walk_object(walk, &below, field->object, entry->value);
        }
    }
    for (size_t i = 0; !is_map && i < node->elements.count; i++) {
        struct spot below = spot_at(walk, spot, i);
        add_place(walk, &below, PLACE_OBJECT, field, node->elements.items[i], node);
        walk_object(walk, &below, field->object, node->elements.items[i]);
    }
}

static void walk_field(const struct walk *walk, const struct spot *spot, const struct field *field,
                       const struct node *node)
{
    switch (field->type) {
    case FIELD_OBJECT:
        if (node != NULL) {
            add_place(walk, spot, PLACE_OBJECT, field, node, NULL);
        }
        walk_object(walk, spot, field->object, node);
        break;
    case FIELD_OBJECT_LIST:
        if (node != NULL) {
            add_place(walk, spot, PLACE_OBJECT, field, node, NULL);
        }
        walk_objects(walk, spot, field, node);
        break;
    case FIELD_TEXT_LIST:
        walk_list(walk, spot, field, node);
        break;
    case FIELD_TEXT_MAP:
        walk_map(walk, spot, field, node);
        break;
    case FIELD_ARGV:
        if (node != NULL && node->type == NODE_LIST) {
            walk_list(walk, spot, field, node);
            break;
        }
        add_place(walk, spot, PLACE_VALUE, field, node, NULL);
        break;
    default:
        add_place(walk, spot, PLACE_VALUE, field, node, NULL);
        break;
    }
}

/* node: the object's map, what stands for it by its shorthand, or NULL. */
static void walk_object(const struct walk *walk, const struct spot *spot,
                        const struct schema *schema, const struct node *node)
{
    for (const struct schema *at = schema; at != NULL; at = at->base) {
        for (size_t i = 0; i < at->field_count; i++) {
            const struct field *field = &at->fields[i];
            const struct node *value = NULL;
            if (node != NULL && node->type == NODE_MAPPING) {
                value = written(node_get(node, field->name));
            } else if (schema->shorthand != NULL && strcmp(schema->shorthand, field->name) == 0) {
                value = node;
            }
            const struct accept_step step = {
                .type = STEP_FIELD, .name = field->name, .schema = schema};
            struct spot below = step_down(walk, spot, &step);
            walk_field(walk, &below, field, value);
        }
    }
}

void accept_places_list(struct arena *arena, const struct document *document,
                        struct accept_places *out)
{
    const struct walk walk = {arena, out};
    const struct spot top = {.name = ""};
    *out = (struct accept_places){0};
    walk_object(&walk, &top, document->kind->schema, document->node);
}
