/* Values without rows of their own: scalars, command lines, lists and maps of texts. */

#include <assert.h>
#include <strings.h>

#include "schemas/field_walk.h"

/* ---- Scalars -------------------------------------------------------------------------------- */

static bool is_scalar(const struct place *place, const struct field *field, const struct node *node)
{
    if (node->type != NODE_SCALAR || node_is_null(node)) {
        place_report_type(place, field, node);
        return false;
    }
    return true;
}

static bool is_in_limits(const struct place *place, const struct field *field,
                         const struct node *node, int64_t number)
{
    if ((field->least == 0 && field->most == 0) ||
        (number >= field->least && (field->most == 0 || number <= field->most))) {
        return true;
    }
    const char *least = NULL;
    const char *most = NULL;
    (void)field_limits(place->check->arena, field, &least, &most); /* there are some: see above */
    if (most == NULL) {
        place_report(place, DIAGNOSTIC_TOO_SMALL, node, place_shown(place, node), least);
    } else {
        place_report(place, DIAGNOSTIC_OUT_OF_RANGE, node, place_shown(place, node), least)
            ->arguments[2] = most;
    }
    return false;
}

bool field_has_syntax(const struct place *place, const struct syntax *syntax,
                      const struct node *node)
{
    if (syntax == NULL) {
        syntax = &syntax_line;
    }
    if (syntax->check(node->text)) {
        return true;
    }
    place_report(place, DIAGNOSTIC_BAD_VALUE, node, place_shown(place, node), syntax->name);
    return false;
}

/* Splits "service:shop". False when there is no colon with something on both sides. */
static bool split_reference(struct arena *arena, const char *text, const char **out_kind,
                            const char **out_name)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL || colon == text || colon[1] == '\0') {
        return false;
    }
    *out_kind = arena_strndup(arena, text, (size_t)(colon - text));
    *out_name = colon + 1;
    return true;
}

static void add_reference(const struct place *place, const struct node *node, const char *kind,
                          const char *name)
{
    struct document *document = place->check->document;
    if (document == NULL) {
        return;
    }
    struct reference *reference = vec_new(place->check->arena, &document->references);
    reference->kind = kind;
    reference->name = name;
    reference->span = node->span;
    reference->path = place_path(place);
}

enum relation { RELATION_NONE, RELATION_GOOD, RELATION_BAD };

/* Whether the text is a relation of the row, which is then appended to the document. */
static enum relation read_relation(const struct place *place, const struct field *field,
                                   const struct node *node)
{
    if (field->reference == NULL) {
        return RELATION_NONE;
    }
    struct arena *arena = place->check->arena;
    bool takes_any = strcmp(field->reference, "*") == 0;
    const char *kind = NULL;
    const char *name = NULL;
    bool is_split = split_reference(arena, node->text, &kind, &name);
    bool is_relation = is_split && (takes_any || strcmp(kind, field->reference) == 0);
    if (is_relation && syntax_name.check(name)) {
        add_reference(place, node, kind, name);
        return RELATION_GOOD;
    }
    if (!is_relation && !takes_any && !field->is_reference_only) {
        return RELATION_NONE;
    }
    place_report(place, DIAGNOSTIC_BAD_REFERENCE, node, place_shown(place, node),
                 arena_printf(arena, "%s:NAME", takes_any ? "KIND" : field->reference));
    return RELATION_BAD;
}

static bool read_text(const struct place *place, const struct field *field, const struct node *node,
                      struct text_value *out)
{
    if (!is_scalar(place, field, node)) {
        return false;
    }
    enum relation relation = read_relation(place, field, node);
    if (relation == RELATION_BAD ||
        (relation == RELATION_NONE && !field_has_syntax(place, field->syntax, node))) {
        return false;
    }
    *out = (struct text_value){node->text, place_origin(place, node)};
    return true;
}

static void decode_text(const struct place *place, const struct field *field,
                        const struct node *node, void *member)
{
    (void)read_text(place, field, node, member); /* its own message says why not */
}

static const char *boolean_meant(const char *text)
{
    static const char *const words[][2] = {
        {"yes", "true"},  {"no", "false"},    {"on", "true"},      {"off", "false"},
        {"y", "true"},    {"n", "false"},     {"1", "true"},       {"0", "false"},
        {"true", "true"}, {"false", "false"}, {"enabled", "true"}, {"disabled", "false"},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(words[i][0], text) == 0) {
            return words[i][1];
        }
    }
    return NULL;
}

static void decode_boolean(const struct place *place, const struct field *field,
                           const struct node *node, void *member)
{
    struct boolean_value *value = member;
    if (!is_scalar(place, field, node)) {
        return;
    }
    bool is_true = false;
    if (!value_read_boolean(node->text, &is_true)) {
        struct diagnostic *diagnostic =
            place_report(place, DIAGNOSTIC_BAD_VALUE, node, place_shown(place, node),
                         field_type_text(place->check->arena, field));
        diagnostic->suggestion = boolean_meant(node->text);
        return;
    }
    if (node->is_quoted) {
        place_report(place, DIAGNOSTIC_QUOTED_BOOLEAN, node, node->text, NULL);
        return;
    }
    *value = (struct boolean_value){is_true, place_origin(place, node)};
}

/* Reports a text that the type's reader did not take. */
static bool was_read(const struct place *place, const struct field *field, const struct node *node,
                     bool is_good)
{
    if (!is_good) {
        place_report(place, DIAGNOSTIC_BAD_VALUE, node, place_shown(place, node),
                     field_type_text(place->check->arena, field));
    }
    return is_good;
}

static void decode_integer(const struct place *place, const struct field *field,
                           const struct node *node, void *member)
{
    struct integer_value value = {.node = place_origin(place, node)};
    if (is_scalar(place, field, node) &&
        was_read(place, field, node, value_read_integer(node->text, &value.number)) &&
        is_in_limits(place, field, node, value.number)) {
        *(struct integer_value *)member = value;
    }
}

static void decode_port(const struct place *place, const struct field *field,
                        const struct node *node, void *member)
{
    struct port_value value = {.node = place_origin(place, node)};
    if (is_scalar(place, field, node) &&
        was_read(place, field, node, value_read_port(node->text, &value.number)) &&
        is_in_limits(place, field, node, value.number)) {
        *(struct port_value *)member = value;
    }
}

static void decode_size(const struct place *place, const struct field *field,
                        const struct node *node, void *member)
{
    struct size_value value = {.node = place_origin(place, node)};
    if (is_scalar(place, field, node) &&
        was_read(place, field, node, value_read_size(node->text, &value.bytes)) &&
        is_in_limits(place, field, node, (int64_t)value.bytes)) {
        *(struct size_value *)member = value;
    }
}

static void decode_duration(const struct place *place, const struct field *field,
                            const struct node *node, void *member)
{
    struct duration_value value = {.node = place_origin(place, node)};
    if (is_scalar(place, field, node) &&
        was_read(place, field, node, value_read_duration(node->text, &value.milliseconds)) &&
        is_in_limits(place, field, node, value.milliseconds)) {
        *(struct duration_value *)member = value;
    }
}

static void decode_rate(const struct place *place, const struct field *field,
                        const struct node *node, void *member)
{
    struct rate_value value = {.node = place_origin(place, node)};
    if (is_scalar(place, field, node) &&
        was_read(place, field, node,
                 value_read_rate(node->text, &value.count, &value.per_seconds)) &&
        is_in_limits(place, field, node, value.count)) {
        *(struct rate_value *)member = value;
    }
}

static void decode_mode(const struct place *place, const struct field *field,
                        const struct node *node, void *member)
{
    struct mode_value value = {.node = place_origin(place, node)};
    if (!is_scalar(place, field, node) ||
        !was_read(place, field, node, value_read_mode(node->text, &value.bits))) {
        return;
    }
    if (!node->is_quoted && !place->is_fallback) {
        place_report(place, DIAGNOSTIC_UNQUOTED_MODE, node, node->text, NULL);
        return;
    }
    *(struct mode_value *)member = value;
}

static void decode_choice(const struct place *place, const struct field *field,
                          const struct node *node, void *member)
{
    struct choice_value *value = member;
    if (!is_scalar(place, field, node)) {
        return;
    }
    size_t count = 0;
    for (; field->choices[count] != NULL; count++) {
        if (strcmp(field->choices[count], node->text) == 0) {
            *value = (struct choice_value){(int)count, place_origin(place, node)};
            return;
        }
    }
    place_report(place, DIAGNOSTIC_UNKNOWN_CHOICE, node, place_shown(place, node),
                 field_choices_text(place->check->arena, field))
        ->suggestion = diagnostic_nearest(node->text, field->choices, count);
}

/* ---- Lists and maps ------------------------------------------------------------------------- */

bool field_count_is_allowed(const struct place *place, const struct field *field,
                            const struct node *node, size_t count)
{
    size_t most = field->count_most == 0 ? FIELD_COUNT_MOST : field->count_most;
    if (count <= most) {
        return true;
    }
    struct arena *arena = place->check->arena;
    place_report(place, DIAGNOSTIC_TOO_MANY_ENTRIES, node, arena_printf(arena, "%zu", count),
                 arena_printf(arena, "%zu", most));
    return false;
}

struct node_elements field_elements(struct arena *arena, const struct node *node)
{
    if (node->type == NODE_LIST) {
        return node->elements;
    }
    struct node_elements elements = {0};
    vec_add(arena, &elements, node);
    return elements;
}

static void read_argv_line(const struct place *place, const struct field *field,
                           const struct node *node, struct argv_value *value)
{
    struct arena *arena = place->check->arena;
    const char *why = NULL;
    struct argv_value argv = {.node = place_origin(place, node)};
    if (!value_read_argv(arena, node->text, &argv.words, &argv.count, &why)) {
        place_report(place, DIAGNOSTIC_BAD_COMMAND, node, why, NULL);
    } else if (field_count_is_allowed(place, field, node, argv.count)) {
        *value = argv;
    }
}

static void decode_argv(const struct place *place, const struct field *field,
                        const struct node *node, void *member)
{
    struct arena *arena = place->check->arena;
    if (node->type == NODE_SCALAR && !node_is_null(node)) {
        if (field_has_syntax(place, field->syntax, node)) {
            read_argv_line(place, field, node, member);
        }
        return;
    }
    if (node->type != NODE_LIST) {
        place_report_type(place, field, node);
        return;
    }
    if (node->elements.count == 0) {
        place_report(place, DIAGNOSTIC_BAD_COMMAND, node, "it is empty", NULL);
        return;
    }
    if (!field_count_is_allowed(place, field, node, node->elements.count)) {
        return;
    }
    VEC(, const char *) words = {0};
    static const struct field word_row = {.type = FIELD_TEXT};
    for (size_t i = 0; i < node->elements.count; i++) {
        const struct node *element = node->elements.items[i];
        if (is_scalar(place, &word_row, element) &&
            field_has_syntax(place, field->syntax, element)) {
            vec_add(arena, &words, element->text);
        }
    }
    if (words.count == node->elements.count) {
        vec_add(arena, &words, NULL);
        *(struct argv_value *)member =
            (struct argv_value){words.items, words.count - 1, place_origin(place, node)};
    }
}

static void decode_text_list(const struct place *place, const struct field *field,
                             const struct node *node, void *member)
{
    if (node->type == NODE_MAPPING || node_is_null(node)) {
        place_report_type(place, field, node);
        return;
    }
    struct arena *arena = place->check->arena;
    struct node_elements elements = field_elements(arena, node);
    if (!field_count_is_allowed(place, field, node, elements.count)) {
        return;
    }
    struct field row = *field;
    row.type = FIELD_TEXT; /* for messages about one element */
    struct text_value *items = arena_array(arena, elements.count, sizeof(*items));
    size_t count = 0;
    for (size_t i = 0; i < elements.count; i++) {
        if (read_text(place, &row, elements.items[i], &items[count])) {
            count++;
        }
    }
    *(struct text_list *)member = (struct text_list){items, count, place_origin(place, node)};
}

static void decode_text_map(const struct place *place, const struct field *field,
                            const struct node *node, void *member)
{
    if (node->type != NODE_MAPPING) {
        place_report_type(place, field, node);
        return;
    }
    if (!field_count_is_allowed(place, field, node, node->entries.count)) {
        return;
    }
    struct arena *arena = place->check->arena;
    const struct syntax *key_syntax = field->key_syntax == NULL ? &syntax_name : field->key_syntax;
    struct field row = *field;
    row.type = FIELD_TEXT;
    struct text_pair *items = arena_array(arena, node->entries.count, sizeof(*items));
    size_t count = 0;
    for (size_t i = 0; i < node->entries.count; i++) {
        const struct node_entry *entry = &node->entries.items[i];
        if (node_is_null(entry->value)) {
            continue;
        }
        struct place below = place_below(place, entry->key->text);
        if (field_has_syntax(&below, key_syntax, entry->key) &&
            read_text(&below, &row, entry->value, &items[count].value)) {
            items[count].key =
                (struct text_value){entry->key->text, place_origin(place, entry->key)};
            count++;
        }
    }
    *(struct text_map *)member = (struct text_map){items, count, place_origin(place, node)};
}

/* ---- The table ------------------------------------------------------------------------------ */

void field_decode_value(const struct place *place, const struct field *field,
                        const struct node *node, void *member)
{
    static void (*const decoders[FIELD_TYPE_COUNT])(const struct place *place,
                                                    const struct field *field,
                                                    const struct node *node, void *member) = {
        [FIELD_TEXT] = decode_text,           [FIELD_BOOLEAN] = decode_boolean,
        [FIELD_INTEGER] = decode_integer,     [FIELD_PORT] = decode_port,
        [FIELD_SIZE] = decode_size,           [FIELD_DURATION] = decode_duration,
        [FIELD_RATE] = decode_rate,           [FIELD_MODE] = decode_mode,
        [FIELD_CHOICE] = decode_choice,       [FIELD_ARGV] = decode_argv,
        [FIELD_TEXT_LIST] = decode_text_list, [FIELD_TEXT_MAP] = decode_text_map,
    };
    assert(decoders[field->type] != NULL); /* objects are the walker's own */
    decoders[field->type](place, field, node, member);
}
