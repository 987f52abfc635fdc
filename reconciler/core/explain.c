/* The rows and codes as text for people: what they may write, and who wrote what they see. */
#include "core/explain.h"

#include <string.h>

#include "core/say.h"
#include "core/topic.h"
#include "core/words.h"

/* A text without arguments: they are shown as dots. */
const char *explain_pattern(struct arena *arena, const char *pattern)
{
    struct text text = text_make(arena);
    while (*pattern != '\0') {
        size_t length = strcspn(pattern, "{");
        text_add_str(&text, (struct str){pattern, length});
        pattern += length;
        size_t skip = strspn(pattern, "{twhy0123456789");
        if (skip > 1 && pattern[skip] == '}') {
            text_add(&text, "…");
            pattern += skip + 1;
        } else if (*pattern != '\0') {
            text_add_char(&text, *pattern++);
        }
    }
    return text.data;
}

/* "NAME: REST" on a line, the name apart from the sentence. */
static void write_pair(struct text *out, enum language language, const char *name, const char *rest)
{
    text_line(out, "%s: %s", say_apart(out->arena, language, name), rest);
}

bool explain_code(const char *number, enum language language, struct text *out)
{
    const struct diagnostic_info *info = diagnostic_find(number);
    if (info == NULL) {
        return false;
    }
    write_pair(out, language, info->number,
               explain_pattern(out->arena, say_text(out->arena, language, info->text)));
    text_line(out, "\n%s", say_text(out->arena, language, info->explanation));
    if (info->help[0] != '\0') {
        text_line(out, "\n%s: %s", say_text(out->arena, language, N_("help")),
                  explain_pattern(out->arena, say_text(out->arena, language, info->help)));
    }
    return true;
}

bool explain_word(const char *word, enum language language, struct text *out)
{
    enum item_state state = ITEM_STATE_IN_SYNC;
    if (item_state_parse(word, &state)) {
        const struct state_word *info = state_word_at(state);
        write_pair(out, language, word, say_text(out->arena, language, info->help));
        if (info->next[0] != '\0') {
            text_line(out, "\n%s", say_text(out->arena, language, info->next));
        }
        return true;
    }
    for (size_t i = 0; i < exit_code_word_count(); i++) {
        const struct exit_code_word *info = exit_code_word_at(i);
        if (strcmp(arena_printf(out->arena, "%d", info->number), word) == 0) {
            write_pair(out, language, word, say_text(out->arena, language, info->words));
            text_line(out, "\n%s", say_text(out->arena, language, info->help));
            return true;
        }
    }
    return false;
}

/* --- fields ---------------------------------------------------------------------------------- */

const char *explain_fallback(struct arena *arena, const struct field *field, enum language language)
{
    if (field->fallback != NULL) {
        const char *shown = field->fallback[0] == '\0' ? "\"\"" : field->fallback;
        return language == LANGUAGE_ENGLISH ? shown : say_apart(arena, language, shown);
    }
    return field->fallback_note == NULL ? NULL : say_text(arena, language, field->fallback_note);
}

static void list_field(const struct field *field, enum language language, struct text *out)
{
    const char *fallback = explain_fallback(out->arena, field, language);
    text_addf(out, "  %-20s %s", field->name,
              say_text(out->arena, language, field_type_text(out->arena, field)));
    if (field->is_required) {
        text_addf(out, "%s%s", say_text(out->arena, language, N_("; ")),
                  say_text(out->arena, language, N_("required")));
    } else if (fallback != NULL) {
        text_addf(out, "%s%s", say_text(out->arena, language, N_("; ")),
                  say_with(out->arena, language, "default %s", fallback));
    }
    text_addf(out, "\n  %-20s %s\n", "", say_text(out->arena, language, field->help));
}

static void explain_schema(const struct schema *schema, enum language language, struct text *out)
{
    write_pair(out, language, schema->name, say_text(out->arena, language, schema->help));
    if (schema->shorthand != NULL) {
        text_line(
            out, "%s",
            say(out->arena, language, "Written as one value it means %s.", schema->shorthand));
    }
    text_add(out, "\n");
    const struct field *field = NULL;
    for (size_t i = 0; (field = topic_field_at(schema, i)) != NULL; i++) {
        list_field(field, language, out);
    }
}

/* Whole lines, two columns in. */
static void add_indented(struct text *out, const char *lines)
{
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n") + 1;
        text_add(out, "  ");
        text_add_str(out, (struct str){lines, length});
        lines += length;
    }
}

static void explain_limits(const struct field *field, enum language language, struct text *out)
{
    const char *least = NULL;
    const char *most = NULL;
    if (!field_limits(out->arena, field, &least, &most)) {
        return;
    }
    text_line(out, "%s",
              most == NULL ? say(out->arena, language, "limits: %s or more", least)
                           : say(out->arena, language, "limits: %s to %s", least, most));
}

static void explain_row(const char *path, const struct field *field, enum language language,
                        struct text *out)
{
    struct arena *arena = out->arena;
    const char *fallback = explain_fallback(out->arena, field, language);
    write_pair(out, language, path, say_text(out->arena, language, field_type_text(arena, field)));
    text_line(out, "\n%s", say_text(out->arena, language, field->help));
    if (field->is_required) {
        text_line(out, "%s", say_text(out->arena, language, N_("required")));
    }
    if (fallback != NULL) {
        text_line(out, "%s", say_with(arena, language, "default: %s", fallback));
    }
    explain_limits(field, language, out);
    if (field->choices != NULL) {
        text_line(out, "%s", say(arena, language, "one of: %s", field_choices_text(arena, field)));
    }
    const char *example = field_example_text(arena, field);
    if (example != NULL) {
        text_line(out, "%s", say_text(out->arena, language, N_("example:")));
        add_indented(out, example);
    }
    if (field->object != NULL) {
        text_add(out, "\n");
        explain_schema(field->object, language, out);
    }
}

static const char *nearest_field(struct arena *arena, const struct schema *schema, const char *word)
{
    struct {
        const char **items;
        size_t count;
        size_t capacity;
    } names = {0};
    const struct field *field = NULL;
    for (size_t i = 0; (field = topic_field_at(schema, i)) != NULL; i++) {
        vec_add(arena, &names, field->name);
    }
    return diagnostic_nearest(word, names.items, names.count);
}

bool explain_field(const char *path, enum language language, struct text *out,
                   const char **out_nearest)
{
    struct arena *arena = out->arena;
    char *copy = arena_strdup(arena, path);
    char *rest = copy;
    const char *word = strsep(&rest, ".");
    const struct schema *schema = topic_find(word);
    if (schema == NULL) {
        *out_nearest = topic_nearest(arena, word);
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
        explain_schema(schema, language, out);
    } else {
        explain_row(path, field, language, out);
    }
    return true;
}
