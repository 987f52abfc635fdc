/* The rows and codes as text for people: what they may write, and who wrote what they see. */
#include "core/explain.h"

#include <string.h>

#include "core/kind.h"
#include "core/translate.h"
#include "schemas/settings.h"

/* A text without arguments: they are shown as dots. */
static const char *general(struct arena *arena, const char *pattern)
{
    struct text text = text_make(arena);
    while (*pattern != '\0') {
        size_t length = strcspn(pattern, "{");
        text_add_str(&text, (struct str){pattern, length});
        pattern += length;
        size_t skip = strspn(pattern, "{t0123456789");
        if (skip > 1 && pattern[skip] == '}') {
            text_add(&text, "…");
            pattern += skip + 1;
        } else if (*pattern != '\0') {
            text_add_char(&text, *pattern++);
        }
    }
    return text.data;
}

bool explain_code(const char *number, struct text *out)
{
    const struct diagnostic_info *info = diagnostic_find(number);
    if (info == NULL) {
        return false;
    }
    text_line(out, "%s: %s", info->number, general(out->arena, translate(info->text)));
    text_line(out, "\n%s", translate(info->explanation));
    if (info->help[0] != '\0') {
        text_line(out, "\n%s: %s", TRANSLATED("help"), general(out->arena, translate(info->help)));
    }
    return true;
}

/* --- fields ---------------------------------------------------------------------------------- */

/* Calls visit for the schema's rows and those it shares. */
static void visit_fields(const struct schema *schema,
                         void (*visit)(const struct field *field, void *context), void *context)
{
    for (const struct schema *at = schema; at != NULL; at = at->base) {
        for (size_t i = 0; i < at->field_count; i++) {
            visit(&at->fields[i], context);
        }
    }
}

struct listing {
    struct arena *arena;
    struct text *out;
};

static void list_field(const struct field *field, void *context)
{
    const struct listing *listing = context;
    const char *fallback = field->fallback != NULL ? field->fallback : field->fallback_note;
    text_addf(listing->out, "  %-20s %s", field->name, field_type_text(listing->arena, field));
    if (field->is_required) {
        text_add(listing->out, "; required");
    } else if (fallback != NULL) {
        text_addf(listing->out, "; default %s", fallback[0] == '\0' ? "\"\"" : fallback);
    }
    text_addf(listing->out, "\n  %-20s %s\n", "", field->help);
}

static void explain_schema(struct arena *arena, const struct schema *schema, struct text *out)
{
    struct listing listing = {arena, out};
    text_line(out, "%s: %s", schema->name, schema->help);
    if (schema->shorthand != NULL) {
        text_line(out, "Written as one value it means %s.", schema->shorthand);
    }
    text_add(out, "\n");
    visit_fields(schema, list_field, &listing);
}

static void explain_row(struct arena *arena, const char *path, const struct field *field,
                        struct text *out)
{
    const char *limits = field_limits_text(arena, field);
    text_line(out, "%s: %s", path, field_type_text(arena, field));
    text_line(out, "\n%s", field->help);
    if (field->is_required) {
        text_line(out, "required");
    }
    if (field->fallback != NULL) {
        text_line(out, "default: %s", field->fallback[0] == '\0' ? "\"\"" : field->fallback);
    } else if (field->fallback_note != NULL) {
        text_line(out, "default: %s", field->fallback_note);
    }
    if (limits != NULL) {
        text_line(out, "limits: %s", limits);
    }
    if (field->choices != NULL) {
        text_line(out, "one of: %s", field_choices_text(arena, field));
    }
    bool takes_any = field->syntax == &syntax_any || field->syntax == &syntax_line;
    if (field->syntax != NULL && field->syntax->example != NULL && !takes_any) {
        text_line(out, "example: %s", field->syntax->example);
    }
    if (field->object != NULL) {
        text_add(out, "\n");
        explain_schema(arena, field->object, out);
    }
}

struct names {
    struct arena *arena;
    struct {
        const char **items;
        size_t count;
        size_t capacity;
    } list;
};

static void collect_name(const struct field *field, void *context)
{
    struct names *names = context;
    vec_add(names->arena, &names->list, field->name);
}

static const char *nearest_field(struct arena *arena, const struct schema *schema, const char *word)
{
    struct names names = {.arena = arena};
    visit_fields(schema, collect_name, &names);
    return diagnostic_nearest(word, names.list.items, names.list.count);
}

static const struct schema *find_schema(const char *name)
{
    const struct kind *kind = kind_find(name);
    if (kind != NULL) {
        return kind->schema;
    }
    return strcmp(name, settings_schema.name) == 0 ? &settings_schema : NULL;
}

static const char *nearest_schema(struct arena *arena, const char *word)
{
    const char **names = arena_array(arena, kind_count() + 1, sizeof(*names));
    for (size_t i = 0; i < kind_count(); i++) {
        names[i] = kind_at(i)->schema->name;
    }
    names[kind_count()] = settings_schema.name;
    return diagnostic_nearest(word, names, kind_count() + 1);
}

bool explain_field(struct arena *arena, const char *path, struct text *out,
                   const char **out_nearest)
{
    char *copy = arena_strdup(arena, path);
    char *rest = copy;
    const char *word = strsep(&rest, ".");
    const struct schema *schema = find_schema(word);
    if (schema == NULL) {
        *out_nearest = nearest_schema(arena, word);
        return false;
    }
    const struct field *field = NULL;
    while ((word = strsep(&rest, ".")) != NULL) {
        const struct schema *inside = field == NULL ? schema : field->object;
        const struct field *found = inside == NULL ? NULL : field_find(inside, word);
        if (found == NULL) {
            const char *nearest = inside == NULL ? NULL : nearest_field(arena, inside, word);
            size_t before = (size_t)(word - copy);
            *out_nearest =
                nearest == NULL ? NULL : arena_printf(arena, "%.*s%s", (int)before, path, nearest);
            return false;
        }
        field = found;
    }
    if (field == NULL) {
        explain_schema(arena, schema, out);
    } else {
        explain_row(arena, path, field, out);
    }
    return true;
}
