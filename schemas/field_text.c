/* What the rows say in words: types, limits, choices. Used by messages, `explain` and the JSON
 * Schema. */

#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "schemas/field.h"

static const char *const type_texts[FIELD_TYPE_COUNT] = {
    [FIELD_TEXT] = N_("a text"),
    [FIELD_BOOLEAN] = N_("true or false"),
    [FIELD_INTEGER] = N_("a whole number"),
    [FIELD_PORT] = N_("a port from 1 to 65535"),
    [FIELD_SIZE] = N_("a size such as 16m"),
    [FIELD_DURATION] = N_("a duration such as 30s"),
    [FIELD_RATE] = N_("a rate such as 10/s"),
    [FIELD_MODE] = N_("a file mode such as \"0640\""),
    [FIELD_CHOICE] = N_("a word of a fixed list"),
    [FIELD_ARGV] = N_("a command line, or a list of its words"),
    [FIELD_TEXT_LIST] = N_("a list of texts"),
    [FIELD_TEXT_MAP] = N_("a map of texts"),
    [FIELD_OBJECT] = N_("a map"),
    [FIELD_OBJECT_LIST] = N_("a list of maps"),
};

const char *field_type_text(struct arena *arena, const struct field *field)
{
    (void)arena; /* every text is fixed so far, and so has a translation */
    if (field->type == FIELD_TEXT && field->syntax != NULL) {
        return field->syntax->name;
    }
    if (field->type == FIELD_OBJECT_LIST && field->shape == SHAPE_MAP) {
        return N_("a map of maps");
    }
    return type_texts[field->type];
}

static const char *number_text(struct arena *arena, const struct field *field, int64_t number)
{
    switch (field->type) {
    case FIELD_SIZE:
        return value_write_size(arena, (uint64_t)number);
    case FIELD_DURATION:
        return value_write_duration(arena, number);
    case FIELD_MODE:
        return arena_printf(arena, "%04llo", (unsigned long long)number);
    default:
        return arena_printf(arena, "%lld", (long long)number);
    }
}

bool field_limits(struct arena *arena, const struct field *field, const char **out_least,
                  const char **out_most)
{
    if (field->least == 0 && field->most == 0) {
        return false;
    }
    *out_least = number_text(arena, field, field->least);
    *out_most = field->most == 0 ? NULL : number_text(arena, field, field->most);
    return true;
}

const char *field_choices_text(struct arena *arena, const struct field *field)
{
    struct text text = text_make(arena);
    for (size_t i = 0; field->choices[i] != NULL; i++) {
        text_addf(&text, "%s%s", i == 0 ? "" : ", ", field->choices[i]);
    }
    return text.data;
}

/* --- examples -------------------------------------------------------------------------------- */

/* Plain where YAML reads it as it is, else quoted. No example of ours holds a quote. */
static const char *written(struct arena *arena, const char *value)
{
    bool is_plain = (isalnum((unsigned char)value[0]) != 0 || strchr("/$_", value[0]) != NULL) &&
                    strstr(value, ": ") == NULL && strpbrk(value, "#\"\\,") == NULL;
    return is_plain ? value : arena_printf(arena, "\"%s\"", value);
}

static const char *first_other_choice(const struct field *field)
{
    for (size_t i = 0; field->choices[i] != NULL; i++) {
        if (!text_equal(field->choices[i], field->fallback)) {
            return field->choices[i];
        }
    }
    return field->choices[0];
}

static const char *syntax_example(const struct field *field)
{
    /* The forms whose example says nothing of what it is for. */
    const struct syntax *const general[] = {NULL, &syntax_any, &syntax_line, &syntax_name,
                                            &syntax_path};
    for (size_t i = 0; i < sizeof(general) / sizeof(general[0]); i++) {
        if (field->syntax == general[i]) {
            return NULL;
        }
    }
    return field->syntax->example;
}

const char *field_example_text(struct arena *arena, const struct field *field)
{
    const char *value = NULL;
    if (field->example != NULL) {
        return arena_printf(arena, "%s\n", field->example);
    }
    switch (field->type) {
    case FIELD_BOOLEAN:
        value = text_equal(field->fallback, "true") ? "false" : "true";
        break;
    case FIELD_CHOICE:
        value = first_other_choice(field);
        break;
    case FIELD_TEXT:
        value = syntax_example(field);
        break;
    case FIELD_TEXT_LIST:
        value = syntax_example(field);
        return value == NULL
                   ? NULL
                   : arena_printf(arena, "%s: [%s]\n", field->name, written(arena, value));
    default:
        break;
    }
    return value == NULL ? NULL
                         : arena_printf(arena, "%s: %s\n", field->name, written(arena, value));
}
