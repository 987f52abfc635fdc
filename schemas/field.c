/* The one walker that fills a spec struct from a node, row by row. It goes on after a mistake, so
 * that one run reports them all; a member whose value was wrong keeps its zero. */

#include "schemas/field.h"

#include "model/layout.h"
#include "schemas/field_walk.h"

/* ---- Objects -------------------------------------------------------------------------------- */

static void decode_written(const struct place *place, const struct schema *schema,
                           const struct node *mapping, void *spec);
static const void *defaults_of(const struct place *place, const struct schema *schema);

static const char *const *field_names(struct arena *arena, const struct schema *schema,
                                      size_t *out_count)
{
    VEC(, const char *) names = {0};
    for (const struct schema *at = schema; at != NULL; at = at->base) {
        for (size_t i = 0; i < at->field_count; i++) {
            vec_add(arena, &names, at->fields[i].name);
        }
    }
    *out_count = names.count;
    return names.items;
}

static void report_unknown(const struct place *place, const struct schema *schema,
                           const struct node *mapping)
{
    for (size_t i = 0; i < mapping->entries.count; i++) {
        const struct node *key = mapping->entries.items[i].key;
        if (field_find(schema, key->text) == NULL) {
            size_t count = 0;
            const char *const *names = field_names(place->check->arena, schema, &count);
            struct diagnostic *diagnostic =
                place_report(place, DIAGNOSTIC_UNKNOWN_FIELD, key, key->text, NULL);
            diagnostic->suggestion = diagnostic_nearest(key->text, names, count);
        }
    }
}

/* Fills an object from a mapping, or from the shorthand of its schema. */
static void decode_fields(const struct place *place, const struct schema *schema,
                          const struct node *node, void *spec)
{
    if (node->type == NODE_MAPPING) {
        decode_written(place, schema, node, spec);
        report_unknown(place, schema, node);
        return;
    }
    if (schema->shorthand == NULL || node_is_null(node)) {
        place_report(place, DIAGNOSTIC_WRONG_TYPE, node, N_("a map"), node_words(node));
        return;
    }
    decode_written(place, schema, field_spell_out(place->check->arena, schema, node), spec);
}

/* The struct is the member itself, or what it points to. */
static bool is_pointed_to(const struct field *field)
{
    return field->type == FIELD_OBJECT && field->size == sizeof(const void *);
}

static void decode_object(const struct place *place, const struct field *field,
                          const struct node *node, void *member)
{
    struct object *object = member;
    if (is_pointed_to(field)) {
        object = arena_alloc(place->check->arena, field->object->size);
        memcpy(member, &object, sizeof(object));
    }
    decode_fields(place, field->object, node, object);
    object->node = place_origin(place, node);
}

static void decode_list_of_objects(const struct place *place, const struct field *field,
                                   const struct node *node, struct object_list *out)
{
    struct arena *arena = place->check->arena;
    struct node_elements elements = field_elements(arena, node);
    if (!field_count_is_allowed(place, field, node, elements.count)) {
        return;
    }
    size_t size = field->object->size;
    char *items = arena_array(arena, elements.count, size);
    for (size_t i = 0; i < elements.count; i++) {
        const struct node *element = elements.items[i];
        struct object *object = (void *)(items + i * size);
        struct place below = place_below(place, arena_printf(arena, "%zu", i + 1));
        decode_fields(node->type == NODE_LIST ? &below : place, field->object, element, object);
        object->node = place_origin(place, element);
    }
    *out = (struct object_list){items, elements.count, place_origin(place, node)};
}

static void decode_map_of_objects(const struct place *place, const struct field *field,
                                  const struct node *node, struct object_list *out)
{
    if (!field_count_is_allowed(place, field, node, node->entries.count)) {
        return;
    }
    size_t size = field->object->size;
    const struct syntax *key_syntax = field->key_syntax == NULL ? &syntax_name : field->key_syntax;
    char *items = arena_array(place->check->arena, node->entries.count, size);
    size_t count = 0;
    for (size_t i = 0; i < node->entries.count; i++) {
        const struct node_entry *entry = &node->entries.items[i];
        if (node_is_null(entry->value)) {
            continue;
        }
        struct object *object = (void *)(items + count * size);
        struct place below = place_below(place, entry->key->text);
        (void)field_has_syntax(&below, key_syntax, entry->key); /* goes on to find more mistakes */
        decode_fields(&below, field->object, entry->value, object);
        object->node = place_origin(place, entry->value);
        object->key = place_origin(place, entry->key);
        count++;
    }
    *out = (struct object_list){items, count, place_origin(place, node)};
}

static void decode_object_list(const struct place *place, const struct field *field,
                               const struct node *node, void *member)
{
    bool is_single =
        node->type == NODE_SCALAR && !node_is_null(node) && field->object->shorthand != NULL;
    if (field->shape == SHAPE_MAP && node->type == NODE_MAPPING) {
        decode_map_of_objects(place, field, node, member);
    } else if (is_single || (field->shape == SHAPE_LIST && node->type == NODE_LIST)) {
        decode_list_of_objects(place, field, node, member);
    } else {
        place_report_type(place, field, node);
    }
}

/* ---- Rows ----------------------------------------------------------------------------------- */

static void decode_member(const struct place *place, const struct field *field,
                          const struct node *node, void *member)
{
    switch (field->type) {
    case FIELD_OBJECT:
        decode_object(place, field, node, member);
        break;
    case FIELD_OBJECT_LIST:
        decode_object_list(place, field, node, member);
        break;
    default:
        field_decode_value(place, field, node, member);
        break;
    }
}

static void fill_default(const struct place *place, const struct field *field, void *member)
{
    struct place below = place_below(place, field->name);
    below.is_fallback = true;
    if (field->type == FIELD_CHOICE) {
        ((struct choice_value *)member)->index = -1;
    }
    if (field->fallback == NULL && field->type == FIELD_OBJECT) {
        const void *defaults = defaults_of(&below, field->object);
        if (is_pointed_to(field)) {
            memcpy(member, &defaults, sizeof(defaults));
        } else {
            memcpy(member, defaults, field->object->size);
        }
    }
    if (field->fallback == NULL) {
        return;
    }
    if (strchr("[{\"", *field->fallback) != NULL) {
        const struct node *node = field_fallback(place->check->arena, field);
        decode_member(&below, field, node, member);
        return;
    }
    /* The common case costs no memory: a document has some hundred defaults. */
    struct node scalar = {
        .type = NODE_SCALAR, .text = field->fallback, .length = strlen(field->fallback)};
    decode_member(&below, field, &scalar, member);
}

static void fill_rows(const struct place *place, const struct schema *schema, void *spec)
{
    if (schema->base != NULL) {
        fill_rows(place, schema->base, spec);
    }
    for (size_t i = 0; i < schema->field_count; i++) {
        fill_default(place, &schema->fields[i], (char *)spec + schema->fields[i].offset);
    }
}

/* They are the same for all objects of a schema: read once, then copied or pointed to. */
static const void *defaults_of(const struct place *place, const struct schema *schema)
{
    struct field_defaults *known = place->check->defaults;
    for (size_t i = 0; known != NULL && i < known->count; i++) {
        if (known->items[i].schema == schema) {
            return known->items[i].spec;
        }
    }
    void *spec = arena_alloc(place->check->arena, schema->size);
    fill_rows(place, schema, spec);
    if (known != NULL) {
        vec_add(place->check->arena, known, (struct schema_defaults){schema, spec});
    }
    return spec;
}

static bool is_raw_allowed(const struct place *place)
{
    const struct layout *layout = place->check->layout;
    return layout == NULL || layout->allows_raw;
}

static void fill_written(const struct place *place, const struct field *field,
                         const struct node *node, void *member)
{
    if (field->is_raw && !is_raw_allowed(place)) {
        place_report(place, DIAGNOSTIC_RAW_NOT_ALLOWED, node, NULL, NULL);
        return;
    }
    memset(member, 0, field->size);
    if (field->type == FIELD_CHOICE) {
        ((struct choice_value *)member)->index = -1;
    }
    decode_member(place, field, node, member);
}

/* What a missing field is reported at: the key of a document, else its braces or lines. */
static void report_missing(const struct place *place, const struct field *field,
                           const struct node *node)
{
    struct node at = *node;
    const struct document *document = place->check->document;
    if (place->name == NULL && document != NULL) {
        at.span = document->span;
    }
    place_report(place, DIAGNOSTIC_MISSING_FIELD, &at, field->name, NULL);
}

static void decode_rows(const struct place *place, const struct schema *schema,
                        const struct node *mapping, void *spec)
{
    if (schema->base != NULL) {
        decode_rows(place, schema->base, mapping, spec);
    }
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct field *field = &schema->fields[i];
        const struct node *node = node_get(mapping, field->name);
        if (node != NULL && !node_is_null(node)) {
            struct place below = place_below(place, field->name);
            struct place here = *place; /* messages call a shorthand by the object's name */
            here.hides_source = below.hides_source |= field->hides_source;
            fill_written(mapping->is_short ? &here : &below, field, node,
                         (char *)spec + field->offset);
        } else if (field->is_required && !place->is_fallback) {
            report_missing(place, field, mapping);
        }
    }
}

static void decode_written(const struct place *place, const struct schema *schema,
                           const struct node *mapping, void *spec)
{
    memcpy(spec, defaults_of(place, schema), schema->size);
    decode_rows(place, schema, mapping, spec);
}

/* ---- Public --------------------------------------------------------------------------------- */

void field_decode(struct check *check, const struct schema *schema, const struct node *mapping,
                  void *spec)
{
    struct place place = {.check = check};
    if (mapping == NULL) {
        memcpy(spec, defaults_of(&place, schema), schema->size);
    } else {
        decode_fields(&place, schema, mapping, spec);
    }
}

const struct node *field_origin(const struct field *field, const void *spec)
{
    static const size_t offsets[FIELD_TYPE_COUNT] = {
        [FIELD_TEXT] = offsetof(struct text_value, node),
        [FIELD_BOOLEAN] = offsetof(struct boolean_value, node),
        [FIELD_INTEGER] = offsetof(struct integer_value, node),
        [FIELD_PORT] = offsetof(struct port_value, node),
        [FIELD_SIZE] = offsetof(struct size_value, node),
        [FIELD_DURATION] = offsetof(struct duration_value, node),
        [FIELD_RATE] = offsetof(struct rate_value, node),
        [FIELD_MODE] = offsetof(struct mode_value, node),
        [FIELD_CHOICE] = offsetof(struct choice_value, node),
        [FIELD_ARGV] = offsetof(struct argv_value, node),
        [FIELD_TEXT_LIST] = offsetof(struct text_list, node),
        [FIELD_TEXT_MAP] = offsetof(struct text_map, node),
        [FIELD_OBJECT] = offsetof(struct object, node),
        [FIELD_OBJECT_LIST] = offsetof(struct object_list, node),
    };
    const char *member = (const char *)spec + field->offset;
    const struct object *object = NULL;
    const struct node *node = NULL;
    if (is_pointed_to(field)) {
        memcpy(&object, member, sizeof(object));
        return object->node;
    }
    memcpy(&node, member + offsets[field->type], sizeof(node));
    return node;
}

const struct field *field_find(const struct schema *schema, const char *name)
{
    for (const struct schema *at = schema; at != NULL; at = at->base) {
        for (size_t i = 0; i < at->field_count; i++) {
            const char *own = at->fields[i].name;
            if (*own == *name && strcmp(own, name) == 0) {
                return &at->fields[i];
            }
        }
    }
    return NULL;
}

void claim_add(struct arena *arena, struct claim_list *claims, const struct document *document,
               const char *what, const char *text, const struct node *node)
{
    vec_add(arena, claims,
            (struct claim){what, text, document, node != NULL ? node->span : document->span});
}
