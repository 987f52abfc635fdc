/* Rows to JSON Schema. A value's type is decided by the field that reads it, so that plain words,
 * numbers and booleans of YAML are all taken where a text is; patterns and choices narrow them. */
#include "schemas/json_schema.h"

#include "model/json.h"
#include "schemas/section.h"

static json_t *object_schema(const struct schema *top, const struct schema *schema);

static json_t *text_types(void)
{
    return json_pack("[s, s, s]", "string", "number", "boolean");
}

static json_t *scalar_schema(const struct field *field)
{
    json_t *schema = json_object();
    if (field->type == FIELD_BOOLEAN) {
        (void)json_object_set_new(schema, "type", json_string("boolean"));
    } else if (field->type == FIELD_INTEGER || field->type == FIELD_PORT) {
        (void)json_object_set_new(schema, "type", json_string("integer"));
        if (field->type == FIELD_PORT) {
            (void)json_object_set_new(schema, "minimum", json_integer(1));
            (void)json_object_set_new(schema, "maximum", json_integer(65535));
        } else if (field->least != 0 || field->most != 0) {
            (void)json_object_set_new(schema, "minimum", json_integer(field->least));
            (void)json_object_set_new(schema, "maximum", json_integer(field->most));
        }
    } else if (field->type == FIELD_CHOICE) {
        json_t *choices = json_array();
        for (size_t i = 0; field->choices[i] != NULL; i++) {
            (void)json_array_append_new(choices, json_string(field->choices[i]));
        }
        (void)json_object_set_new(schema, "enum", choices);
    } else {
        (void)json_object_set_new(schema, "type", text_types());
        bool has_pattern =
            field->syntax != NULL && field->syntax->pattern != NULL && field->reference == NULL;
        if (has_pattern) {
            (void)json_object_set_new(schema, "pattern", json_string(field->syntax->pattern));
        }
    }
    return schema;
}

static json_t *any_of(json_t *first, json_t *second)
{
    return json_pack("{s:[o, o]}", "anyOf", first, second);
}

static json_t *list_schema(json_t *element)
{
    return json_pack("{s:s, s:o}", "type", "array", "items", element);
}

static json_t *map_schema(json_t *value)
{
    return json_pack("{s:s, s:o}", "type", "object", "additionalProperties", value);
}

/* What an object may be written as: a map of its fields, or the value of its shorthand. */
static json_t *written_object(const struct schema *top, const struct schema *schema)
{
    json_t *fields = object_schema(top, schema);
    if (schema->shorthand == NULL) {
        return fields;
    }
    json_t *value = json_pack("{s:[s, s, s, s]}", "type", "string", "number", "boolean", "array");
    return any_of(value, fields);
}

static json_t *value_schema(const struct schema *top, const struct field *field)
{
    switch (field->type) {
    case FIELD_ARGV:
    case FIELD_TEXT_LIST:
        return any_of(scalar_schema(field), list_schema(scalar_schema(field)));
    case FIELD_TEXT_MAP:
        return map_schema(any_of(json_pack("{s:s}", "type", "null"), scalar_schema(field)));
    case FIELD_OBJECT:
        return written_object(top, field->object);
    case FIELD_OBJECT_LIST: {
        json_t *whole = field->shape == SHAPE_LIST ? list_schema(written_object(top, field->object))
                                                   : map_schema(written_object(top, field->object));
        if (field->object->shorthand == NULL) {
            return whole;
        }
        return any_of(json_pack("{s:o}", "type", text_types()), whole);
    }
    default:
        return scalar_schema(field);
    }
}

/* A map of objects that may hold itself, as paths hold paths. */
static bool is_tops_own(const struct schema *top, const struct field *field)
{
    const struct field *own = field_find(top, field->name);
    return field->type == FIELD_OBJECT_LIST && own != NULL && own != field &&
           own->type == field->type && own->object == field->object;
}

static void add_field(json_t *properties, const struct schema *top, const struct field *field)
{
    if (is_tops_own(top, field)) {
        json_t *path = json_sprintf("#/definitions/%s/properties/%s", top->name, field->name);
        (void)json_object_set_new(properties, field->name, json_pack("{s:o}", "$ref", path));
        return;
    }
    json_t *schema = any_of(value_schema(top, field), json_pack("{s:s}", "type", "null"));
    (void)json_object_set_new(schema, "description", json_string(field->help));
    if (field->fallback != NULL) {
        (void)json_object_set_new(schema, "default", json_string(field->fallback));
    }
    (void)json_object_set_new(properties, field->name, schema);
}

static json_t *object_schema(const struct schema *top, const struct schema *schema)
{
    json_t *properties = json_object();
    for (const struct schema *at = schema; at != NULL; at = at->base) {
        for (size_t i = 0; i < at->field_count; i++) {
            add_field(properties, top, &at->fields[i]);
        }
    }
    return json_pack("{s:s, s:s, s:o, s:b}", "type", "object", "description", schema->help,
                     "properties", properties, "additionalProperties", 0);
}

static json_t *reference_to(const char *definition)
{
    json_t *path = json_sprintf("#/definitions/%s", definition);
    return json_pack("{s:o}", "$ref", path);
}

/* A map that has these names and no others. */
static json_t *fixed_map(json_t *properties)
{
    return json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
                     "additionalProperties", 0);
}

static void add_section(json_t *properties, const char *name, json_t *schema)
{
    (void)json_object_set_new(schema, "description", json_string(section_find(name)->help));
    (void)json_object_set_new(properties, name, schema);
}

/* Everything of a kind may come from defaults, profiles or a preset, so nothing is required of a
 * single place; `reconcile check` knows the whole. */
void json_schema_write(const struct schema *const *kinds, size_t count, struct text *out)
{
    json_t *definitions = json_object();
    json_t *properties = json_object();
    json_t *defaults = json_object();
    for (size_t i = 0; i < count; i++) {
        (void)json_object_set_new(definitions, kinds[i]->name, object_schema(kinds[i], kinds[i]));
        json_t *entry = any_of(reference_to(kinds[i]->name), json_pack("{s:s}", "type", "null"));
        json_t *section = map_schema(entry);
        (void)json_object_set_new(section, "description", json_string(kinds[i]->help));
        (void)json_object_set_new(properties, kinds[i]->plural, section);
        (void)json_object_set_new(defaults, kinds[i]->plural, reference_to(kinds[i]->name));
    }
    add_section(properties, SECTION_DEFAULTS, fixed_map(defaults));
    add_section(properties, SECTION_PROFILES, map_schema(json_pack("{s:s}", "type", "object")));
    add_section(properties, SECTION_REMOVED,
                map_schema(any_of(object_schema(&removal_schema, &removal_schema),
                                  json_pack("{s:s}", "type", "null"))));
    AUTO_JSON root = json_pack("{s:s, s:s, s:s, s:o, s:b, s:o}", "$schema",
                               "http://json-schema.org/draft-07/schema#", "title",
                               "reconcile documents", "type", "object", "properties", properties,
                               "additionalProperties", 0, "definitions", definitions);
    CLEANUP(cleanup_free) char *text = json_dumps(root, JSON_INDENT(1));
    if (text != NULL) {
        text_line(out, "%s", text);
    }
}
