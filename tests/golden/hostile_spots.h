/* Every place of a document where people write text, found by walking the field rows: each comes
 * with a document that has a harmless text there, taken from the examples that the rows show. A new
 * field, or a new kind, is found by itself. */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "core/kind.h"
#include "core/topic.h"
#include "core/yaml.h"

/* A tree with one node left out: where it stood, and what is around it. */
struct hole {
    const struct hole *outer; /* NULL: the container is the document */
    const struct node *container;
    size_t index;
    bool is_key;
};

struct spot {
    const char *name; /* "site.paths./api/.root" */
    const struct kind *kind;
    const struct field *field; /* NULL: the document's name */
    const struct node *leaf;   /* the harmless text */
    const struct hole *hole;   /* of the leaf; NULL: the document's name */
    const struct node *document;
};
VEC(spot_list, struct spot);

/* How a document is taken. */
enum spot_answer { SPOT_REFUSED, SPOT_WARNED, SPOT_TAKEN };

struct spot_walk {
    struct arena *arena;
    const struct kind *kind;
    struct spot_list *spots;
    enum spot_answer (*ask)(struct arena *arena, const struct kind *kind,
                            const struct node *document);
    size_t failures; /* rows of which no document can be made; told */
};

/* ---- Trees, never changed after they are made ------------------------------------------------ */

static inline const struct node *spot_scalar(struct arena *arena, const char *text, bool is_quoted)
{
    struct node *node = arena_new(arena, struct node);
    *node = (struct node){.text = text, .length = strlen(text), .is_quoted = is_quoted};
    return node;
}

static inline const struct node *spot_list_of(struct arena *arena, const struct node *element)
{
    struct node *list = arena_new(arena, struct node);
    list->type = NODE_LIST;
    vec_add(arena, &list->elements, element);
    return list;
}

/* The mapping with this entry, in its old place or at the end. */
static inline const struct node *spot_with(struct arena *arena, const struct node *mapping,
                                           const struct node *key, const struct node *value)
{
    struct node *copy = arena_new(arena, struct node);
    bool is_set = false;
    copy->type = NODE_MAPPING;
    for (size_t i = 0; mapping != NULL && i < mapping->entries.count; i++) {
        struct node_entry entry = mapping->entries.items[i];
        if (strcmp(entry.key->text, key->text) == 0) {
            entry.value = value;
            is_set = true;
        }
        vec_add(arena, &copy->entries, entry);
    }
    if (!is_set) {
        vec_add(arena, &copy->entries, (struct node_entry){key, value});
    }
    return copy;
}

/* The document with this node in the hole. */
static inline const struct node *spot_fill(struct arena *arena, const struct hole *hole,
                                           const struct node *node)
{
    for (; hole != NULL; hole = hole->outer) {
        struct node *copy = arena_new(arena, struct node);
        *copy = *hole->container;
        copy->entries = (struct node_entries){0};
        copy->elements = (struct node_elements){0};
        for (size_t i = 0; i < hole->container->entries.count; i++) {
            struct node_entry entry = hole->container->entries.items[i];
            if (i == hole->index && hole->is_key) {
                entry.key = node;
            } else if (i == hole->index) {
                entry.value = node;
            }
            vec_add(arena, &copy->entries, entry);
        }
        for (size_t i = 0; i < hole->container->elements.count; i++) {
            vec_add(arena, &copy->elements,
                    i == hole->index ? node : hole->container->elements.items[i]);
        }
        node = copy;
    }
    return node;
}

static inline const struct node *spot_parse(struct arena *arena, const char *yaml)
{
    struct diagnostic_list diagnostics = {0};
    const struct node *root =
        yaml_parse(arena, source_make(arena, "example", str_of(yaml)), &diagnostics).root;
    assert(diagnostics.count == 0 && root != NULL); /* examples are well formed */
    return root;
}

/* ---- A harmless value of every row ------------------------------------------------------------
 */

static inline const struct node *spot_object(struct arena *arena, const struct schema *schema);

static inline const char *spot_text(struct arena *arena, const struct field *field)
{
    if (field->reference != NULL && (field->is_reference_only || field->syntax == NULL)) {
        const char *kind = strcmp(field->reference, "*") == 0 ? "service" : field->reference;
        return arena_printf(arena, "%s:helper", kind);
    }
    return field->syntax == NULL ? "word" : field->syntax->example;
}

static inline const struct node *spot_number(struct arena *arena, const struct field *field)
{
    int64_t least = field->least > 0 ? field->least : 1;
    switch (field->type) {
    case FIELD_SIZE:
        return spot_scalar(arena, value_write_size(arena, (uint64_t)least), false);
    case FIELD_DURATION:
        return spot_scalar(arena, value_write_duration(arena, least), false);
    case FIELD_RATE:
        return spot_scalar(arena, "10/s", false);
    case FIELD_MODE:
        return spot_scalar(arena, "0640", true);
    default:
        return spot_scalar(arena, arena_printf(arena, "%lld", (long long)least), false);
    }
}

static inline const struct node *spot_value(struct arena *arena, const struct field *field)
{
    const char *example = field_example_text(arena, field);
    if (example != NULL) {
        return node_get(spot_parse(arena, example), field->name);
    }
    const struct node *key =
        spot_scalar(arena, field->key_syntax == NULL ? "word" : field->key_syntax->example, true);
    switch (field->type) {
    case FIELD_TEXT:
        return spot_scalar(arena, spot_text(arena, field), true);
    case FIELD_TEXT_LIST:
        return spot_list_of(arena, spot_scalar(arena, spot_text(arena, field), true));
    case FIELD_TEXT_MAP:
        return spot_with(arena, NULL, key, spot_scalar(arena, spot_text(arena, field), true));
    case FIELD_ARGV:
        return spot_scalar(arena, "/bin/program word", true);
    case FIELD_BOOLEAN:
        return spot_scalar(arena, "true", false);
    case FIELD_CHOICE:
        return spot_scalar(arena, field->choices[0], true);
    case FIELD_OBJECT:
        return spot_object(arena, field->object);
    case FIELD_OBJECT_LIST:
        return field->shape == SHAPE_LIST
                   ? spot_list_of(arena, spot_object(arena, field->object))
                   : spot_with(arena, NULL, key, spot_object(arena, field->object));
    default:
        return spot_number(arena, field);
    }
}

/* Only what must be there. */
static inline const struct node *spot_object(struct arena *arena, const struct schema *schema)
{
    struct node *object = arena_new(arena, struct node);
    object->type = NODE_MAPPING;
    const struct field *field = NULL;
    for (size_t i = 0; (field = topic_field_at(schema, i)) != NULL; i++) {
        if (field->is_required) {
            vec_add(arena, &object->entries,
                    (struct node_entry){spot_scalar(arena, field->name, false),
                                        spot_value(arena, field)});
        }
    }
    return object;
}

/* ---- The walk -------------------------------------------------------------------------------- */

static inline void spot_walk_object(struct spot_walk *walk, const struct schema *schema,
                                    const struct node *mapping, const struct hole *hole,
                                    const char *path);

static inline void spot_add(struct spot_walk *walk, const struct field *field,
                            const struct node *leaf, const struct hole *hole, const char *path)
{
    vec_add(walk->arena, walk->spots,
            (struct spot){.name = path,
                          .kind = walk->kind,
                          .field = field,
                          .leaf = leaf,
                          .hole = hole,
                          .document = spot_fill(walk->arena, hole, leaf)});
}

static inline const struct hole *spot_hole(struct spot_walk *walk, const struct hole *outer,
                                           const struct node *container, size_t index, bool is_key)
{
    struct hole *hole = arena_new(walk->arena, struct hole);
    *hole = (struct hole){outer, container, index, is_key};
    return hole;
}

/* The first entry of a list or map of objects; a single value in its place is walked as a text. */
static inline void spot_walk_objects(struct spot_walk *walk, const struct field *field,
                                     const struct node *value, const struct hole *hole,
                                     const char *path)
{
    struct arena *arena = walk->arena;
    bool is_map = value->type == NODE_MAPPING;
    if (value->type == NODE_SCALAR) {
        spot_add(walk, field, value, hole, path);
        return;
    }
    const struct node *first = is_map ? value->entries.items[0].value : value->elements.items[0];
    const char *below = arena_printf(arena, "%s.1", path);
    if (is_map) {
        const struct node *key = value->entries.items[0].key;
        below = arena_printf(arena, "%s.%s", path, key->text);
        spot_add(walk, field, key, spot_hole(walk, hole, value, 0, true),
                 arena_printf(arena, "%s (key)", below));
    }
    spot_walk_object(walk, field->object, field_spell_out(arena, field->object, first),
                     spot_hole(walk, hole, value, 0, false), below);
}

static inline void spot_walk_value(struct spot_walk *walk, const struct field *field,
                                   const struct node *value, const struct hole *hole,
                                   const char *path)
{
    struct arena *arena = walk->arena;
    switch (field->type) {
    case FIELD_OBJECT:
        spot_walk_object(walk, field->object, field_spell_out(arena, field->object, value), hole,
                         path);
        break;
    case FIELD_OBJECT_LIST:
        spot_walk_objects(walk, field, value, hole, path);
        break;
    case FIELD_ARGV: {
        const struct node *word = spot_scalar(arena, "word", true);
        struct node *words = arena_new(arena, struct node);
        *words = *spot_list_of(arena, spot_scalar(arena, "/bin/program", true));
        vec_add(arena, &words->elements, word);
        spot_add(walk, field, value->type == NODE_SCALAR ? value : word, hole, path);
        spot_add(walk, field, word, spot_hole(walk, hole, words, 1, false),
                 arena_printf(arena, "%s.2", path));
        break;
    }
    default:
        if (value->type == NODE_LIST) {
            spot_add(walk, field, value->elements.items[0], spot_hole(walk, hole, value, 0, false),
                     arena_printf(arena, "%s.1", path));
        } else if (value->type == NODE_MAPPING) {
            spot_add(walk, field, value->entries.items[0].key,
                     spot_hole(walk, hole, value, 0, true), arena_printf(arena, "%s (key)", path));
            spot_add(walk, field, value->entries.items[0].value,
                     spot_hole(walk, hole, value, 0, false),
                     arena_printf(arena, "%s.%s", path, value->entries.items[0].key->text));
        } else {
            spot_add(walk, field, value, hole, path);
        }
    }
}

static inline size_t spot_index(const struct node *mapping, const char *key)
{
    size_t i = 0;
    while (strcmp(mapping->entries.items[i].key->text, key) != 0) {
        i++;
    }
    return i;
}

/* What stands in the hole: the first of these that is taken without a word, else the first that is
 * taken; NULL: none is. A warning tells that the text changes nothing there. */
static inline const struct node *spot_choose(const struct spot_walk *walk, const struct hole *hole,
                                             const struct node *const *nodes, size_t count)
{
    const struct node *chosen = NULL;
    enum spot_answer best = SPOT_REFUSED;
    for (size_t i = 0; i < count && best != SPOT_TAKEN; i++) {
        enum spot_answer answer =
            walk->ask(walk->arena, walk->kind, spot_fill(walk->arena, hole, nodes[i]));
        if (answer > best) {
            best = answer;
            chosen = nodes[i];
        }
    }
    return chosen;
}

/* Beside what the example says; where that does not go together, beside what must be there, or as
 * the row's own example has it. */
static inline void spot_walk_field(struct spot_walk *walk, const struct schema *schema,
                                   const struct field *field, const struct node *mapping,
                                   const struct hole *hole, const char *path)
{
    struct arena *arena = walk->arena;
    const struct node *written = node_get(mapping, field->name);
    const struct node *value = written != NULL ? written : spot_value(arena, field);
    const struct node *key = spot_scalar(arena, field->name, false);
    const struct node *nodes[] = {
        spot_with(arena, mapping, key, value),
        spot_with(arena, spot_object(arena, schema), key, value),
        field->example == NULL ? NULL : spot_parse(arena, field->example),
    };
    const struct node *both = spot_choose(walk, hole, nodes, field->example == NULL ? 2 : 3);
    if (both == NULL) {
        (void)fprintf(stderr, "%s: no document shows it; its row wants an example\n", path);
        walk->failures++;
        return;
    }
    spot_walk_value(walk, field, node_get(both, field->name),
                    spot_hole(walk, hole, both, spot_index(both, field->name), false), path);
}

static inline void spot_walk_object(struct spot_walk *walk, const struct schema *schema,
                                    const struct node *mapping, const struct hole *hole,
                                    const char *path)
{
    const struct field *field = NULL;
    for (size_t i = 0; (field = topic_field_at(schema, i)) != NULL; i++) {
        bool is_walked = field->object == schema; /* paths inside of paths have the same rows */
        if (!field->is_raw && !is_walked) {
            spot_walk_field(walk, schema, field, mapping, hole,
                            arena_printf(walk->arena, "%s.%s", path, field->name));
        }
    }
}

/* A document's own field: in its example, alone or laid over the kind's. */
static inline void spot_walk_row(struct spot_walk *walk, const struct field *field,
                                 const struct node *small)
{
    struct arena *arena = walk->arena;
    const char *example = field_example_text(arena, field);
    const char *path = arena_printf(arena, "%s.%s", walk->kind->schema->name, field->name);
    if (example == NULL) {
        (void)fprintf(stderr, "%s: its row wants an example\n", path);
        walk->failures++;
        return;
    }
    const struct node *alone = spot_parse(arena, example);
    const struct node *over = small;
    for (size_t i = 0; i < alone->entries.count; i++) {
        over = spot_with(arena, over, alone->entries.items[i].key, alone->entries.items[i].value);
    }
    const struct node *document =
        spot_choose(walk, NULL, (const struct node *const[]){alone, over}, 2);
    if (document == NULL) {
        (void)fprintf(stderr, "%s: its example has mistakes\n", path);
        walk->failures++;
        return;
    }
    spot_walk_value(walk, field, node_get(document, field->name),
                    spot_hole(walk, NULL, document, spot_index(document, field->name), false),
                    path);
}

static inline void spots_find(struct spot_walk *walk)
{
    for (size_t i = 0; i < kind_count(); i++) {
        const struct schema *schema = kind_at(i)->schema;
        const struct node *small = spot_parse(walk->arena, schema->example);
        const struct field *field = NULL;
        walk->kind = kind_at(i);
        vec_add(walk->arena, walk->spots,
                (struct spot){.name = arena_printf(walk->arena, "%s (name)", schema->name),
                              .kind = walk->kind,
                              .leaf = spot_scalar(walk->arena, schema->example_name, true),
                              .document = small});
        for (size_t k = 0; (field = topic_field_at(schema, k)) != NULL; k++) {
            if (!field->is_raw) { /* nginx's own language, where the host allows it */
                spot_walk_row(walk, field, small);
            }
        }
    }
}
