/* Field rows as pages: first a table of all fields, then each with what it takes and an example.
 * Fields of maps inside stand in one table below theirs, by their whole path. */
#include "core/reference_rows.h"

#include <string.h>

#include "core/kind.h"
#include "core/markdown.h"
#include "core/topic.h"
#include "core/translate.h"
#include "model/facts.h"
#include "schemas/common.h"
#include "schemas/section.h"

#define PAGE_OF_ALL "document.md"

/* --- cells ------------------------------------------------------------------------------------ */

/* The relation that a text may be: "service:NAME"; NULL when it is none, or when the form that the
 * text has besides says so itself. */
static const char *relation_words(struct arena *arena, const struct field *field)
{
    if (field->reference == NULL) {
        return NULL;
    }
    bool is_any = strcmp(field->reference, "*") == 0;
    const char *words = arena_printf(arena, "%s:NAME", is_any ? "KIND" : field->reference);
    bool is_said = field->syntax != NULL && strstr(field->syntax->name, words) != NULL;
    return is_said ? NULL : words;
}

/* What the texts of a field are, or each of them in a list; NULL: any text. */
static const char *text_words(struct arena *arena, const struct field *field)
{
    const char *relation = relation_words(arena, field);
    const char *words = field->syntax == NULL ? NULL : translate(field->syntax->name);
    if (relation == NULL || words == NULL) {
        return relation == NULL ? words : relation;
    }
    return arena_printf(arena, "%s, %s %s", relation, TRANSLATED("or"), words);
}

const char *reference_value_words(struct arena *arena, const struct field *field)
{
    const char *words = translate(field_type_text(arena, field));
    const char *texts = text_words(arena, field);
    if (field->type == FIELD_TEXT && texts != NULL) {
        return texts;
    }
    if (field->type == FIELD_TEXT_LIST && texts != NULL) {
        return arena_printf(arena, "%s: %s", words, texts);
    }
    if (field->object != NULL && field->object->shorthand != NULL) {
        const struct field *one = field_find(field->object, field->object->shorthand);
        return arena_printf(arena, "%s, %s %s", reference_value_words(arena, one), TRANSLATED("or"),
                            words);
    }
    return words;
}

static void add_choices_cell(struct text *page, const struct field *field)
{
    for (size_t i = 0; field->choices[i] != NULL; i++) {
        text_add(page, i == 0 ? "" : ", ");
        markdown_cell_code(page, field->choices[i]);
    }
}

static void add_value_cell(struct text *page, const struct field *field)
{
    if (field->choices != NULL) {
        add_choices_cell(page, field);
    } else {
        markdown_cell(page, reference_value_words(page->arena, field));
    }
}

/* The default as somebody would write it, or how it is found; "required" where there is none and
 * must be. */
static void add_default_cell(struct text *page, const struct field *field)
{
    if (field->is_required) {
        text_add(page, TRANSLATED("required"));
    } else if (field->fallback != NULL) {
        markdown_cell_code(page, field->fallback[0] == '\0' ? "\"\"" : field->fallback);
    } else if (field->fallback_note != NULL) {
        markdown_cell(page, translate(field->fallback_note));
    }
}

static void add_link(struct text *page, const char *file, const char *name)
{
    text_addf(page, "[`%s`](%s#%s)", name, file, name);
}

/* --- fields of maps inside -------------------------------------------------------------------- */

/* What stands around the rows of a table. */
struct nesting {
    struct text *page;
    const struct schema *topic;
    const char *path; /* of the field above: "run.before" */
};

bool reference_is_told_above(const struct schema *topic, const struct field *field)
{
    const struct field *above = field_find(topic, field->name);
    return above != NULL && above->object == field->object && strcmp(above->help, field->help) == 0;
}

static void add_nested_rows(const struct nesting *nesting, const struct schema *object)
{
    struct text *page = nesting->page;
    const struct field *field = NULL;
    for (size_t i = 0; (field = topic_field_at(object, i)) != NULL; i++) {
        const char *path = arena_printf(page->arena, "%s.%s", nesting->path, field->name);
        bool is_told = reference_is_told_above(nesting->topic, field);
        text_addf(page, "| `%s` | ", path);
        add_value_cell(page, field);
        text_add(page, " | ");
        add_default_cell(page, field);
        text_add(page, " | ");
        if (is_told) {
            text_addf(page, "%s ", TRANSLATED("as"));
            add_link(page, "", field->name);
        } else {
            markdown_cell(page, translate(field->help));
        }
        text_add(page, " |\n");
        if (field->object != NULL && !is_told) {
            const struct nesting below = {page, nesting->topic, path};
            add_nested_rows(&below, field->object);
        }
    }
}

/* Says the same as the field that holds it, or only the beginning of that. */
static bool is_repetition(const char *help, const char *above)
{
    return strncmp(help, above, strlen(help) - 1) == 0;
}

static void add_nested(const struct nesting *nesting, const struct schema *object,
                       const char *help_above)
{
    struct text *page = nesting->page;
    if (!is_repetition(object->help, help_above)) {
        markdown_paragraph(page, translate(object->help));
    }
    if (object->shorthand != NULL) {
        text_addf(page, "%s ", TRANSLATED("Written as one value instead of a map it means"));
        markdown_code(page, arena_printf(page->arena, "%s.%s", nesting->path, object->shorthand));
        text_add(page, ".\n\n");
    }
    text_line(page, "| %s | %s | %s | %s |\n| --- | --- | --- | --- |", TRANSLATED("field"),
              TRANSLATED("value"), TRANSLATED("default"), TRANSLATED("meaning"));
    add_nested_rows(nesting, object);
    text_add_char(page, '\n');
}

/* --- one field -------------------------------------------------------------------------------- */

static void begin_fact(struct text *page, const char *name)
{
    text_addf(page, "- **%s:** ", name);
}

static void add_choices(struct text *page, const struct field *field)
{
    begin_fact(page, TRANSLATED("One of"));
    add_choices_cell(page, field);
    text_add_char(page, '\n');
}

static void add_value(struct text *page, const struct field *field)
{
    begin_fact(page, TRANSLATED("Value"));
    markdown_text(page, reference_value_words(page->arena, field));
    text_add_char(page, '\n');
    if (field->key_syntax != NULL) {
        begin_fact(page, TRANSLATED("Each key"));
        markdown_text(page, translate(field->key_syntax->name));
        text_add_char(page, '\n');
    }
    if (field->type == FIELD_TEXT_MAP && field->syntax != NULL) {
        begin_fact(page, TRANSLATED("Each value"));
        markdown_text(page, translate(field->syntax->name));
        text_add_char(page, '\n');
    }
}

const char *reference_limits(struct arena *arena, const struct field *field)
{
    const char *least = NULL;
    const char *most = NULL;
    if (!field_limits(arena, field, &least, &most)) {
        return NULL;
    }
    return most == NULL ? arena_printf(arena, "%s %s", least, TRANSLATED("or more"))
                        : arena_printf(arena, "%s %s %s", least, TRANSLATED("to"), most);
}

/* Whatever narrows the value beyond its type. */
static void add_limits(struct text *page, const struct field *field)
{
    const char *limits = reference_limits(page->arena, field);
    if (limits != NULL) {
        begin_fact(page, TRANSLATED("Limits"));
        text_line(page, "%s", limits);
    }
    if (field->count_most != 0) {
        begin_fact(page, TRANSLATED("Entries at most"));
        text_line(page, "%zu", field->count_most);
    }
    if (field->is_raw) {
        begin_fact(page, TRANSLATED("Needs"));
        text_add(page, "[`allow_raw`](settings.md#allow_raw)\n");
    }
}

static void add_facts(struct text *page, const struct field *field)
{
    if (field->choices != NULL) {
        add_choices(page, field);
    } else {
        add_value(page, field);
    }
    if (field->is_required) {
        text_line(page, "- %s", TRANSLATED("Must be written"));
    } else if (field->fallback != NULL || field->fallback_note != NULL) {
        begin_fact(page, TRANSLATED("Default"));
        add_default_cell(page, field);
        text_add_char(page, '\n');
    }
    add_limits(page, field);
    text_add_char(page, '\n');
}

static void add_field(struct text *page, const struct schema *topic, const struct field *field)
{
    const char *example = field_example_text(page->arena, field);
    text_line(page, "### %s\n", field->name);
    markdown_paragraph(page, translate(field->help));
    add_facts(page, field);
    if (example != NULL) {
        reference_block(page, "yaml", example);
    }
    if (field->object != NULL) {
        const struct nesting nesting = {page, topic, field->name};
        add_nested(&nesting, field->object, field->help);
    }
}

/* --- pages ------------------------------------------------------------------------------------ */

static void add_overview(struct text *page, const struct schema *topic)
{
    text_line(page, "## %s\n", TRANSLATED("Fields"));
    text_line(page, "| %s | %s | %s |\n| --- | --- | --- |", TRANSLATED("field"),
              TRANSLATED("value"), TRANSLATED("default"));
    for (size_t i = 0; i < topic->field_count; i++) {
        text_add(page, "| ");
        add_link(page, "", topic->fields[i].name);
        text_add(page, " | ");
        add_value_cell(page, &topic->fields[i]);
        text_add(page, " | ");
        add_default_cell(page, &topic->fields[i]);
        text_add(page, " |\n");
    }
    text_add_char(page, '\n');
}

static void add_fields(struct text *page, const struct schema *topic)
{
    add_overview(page, topic);
    for (size_t i = 0; i < topic->field_count; i++) {
        add_field(page, topic, &topic->fields[i]);
    }
}

/* The rows that it shares stand on a page of their own. */
static void add_shared(struct text *page, const struct schema *topic)
{
    if (topic->base == NULL) {
        return;
    }
    text_line(page, "## %s\n", TRANSLATED("Fields of every document"));
    for (size_t i = 0; i < topic->base->field_count; i++) {
        text_add(page, i == 0 ? "" : ", ");
        add_link(page, PAGE_OF_ALL, topic->base->fields[i].name);
    }
    text_add(page, "\n\n");
}

/* What each preset fills in; counts of CPUs are those of an assumed host. */
static void add_presets(struct text *page, const struct schema *topic)
{
    const struct facts facts = facts_debian12();
    if (topic->preset == NULL) {
        return;
    }
    text_line(page, "## %s\n", TRANSLATED("Presets"));
    markdown_paragraph(page, TRANSLATED("What each preset fills in, below everything that is "
                                        "written, on a host with two CPUs."));
    for (size_t i = 0; topic->preset_names[i] != NULL; i++) {
        text_line(page, "### %s %s\n", TRANSLATED("Preset"), topic->preset_names[i]);
        reference_block(page, "yaml", topic->preset(topic->preset_names[i], &facts, page->arena));
    }
}

const char *reference_small_document(struct arena *arena, const struct schema *topic)
{
    struct text out = text_make(arena);
    if (topic->plural == NULL) {
        text_line(&out, "%s", topic->example);
        return out.data;
    }
    text_line(&out, "%s:\n  %s:", topic->plural, topic->example_name);
    for (const char *line = topic->example; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        text_line(&out, "    %.*s", (int)length, line);
        line += length + (line[length] == '\n');
    }
    return out.data;
}

static void add_beginning(struct text *page, const struct schema *topic)
{
    if (topic->plural != NULL) {
        markdown_paragraph(page, arena_printf(page->arena, "%s `%s:`. %s: %s.",
                                              TRANSLATED("Written below"), topic->plural,
                                              TRANSLATED("The key is the name"),
                                              translate(topic->key_syntax->name)));
    }
    if (topic->example != NULL) {
        reference_block(page, "yaml", reference_small_document(page->arena, topic));
    }
}

static void add_sections(struct text *page)
{
    text_line(page, "## %s\n", TRANSLATED("Sections"));
    markdown_paragraph(page, TRANSLATED("At the top of a file stand the kinds, in the plural, and "
                                        "these sections. All files of the folder are one set."));
    for (size_t i = 0; i < section_count(); i++) {
        const struct section *section = section_at(i);
        text_line(page, "### %s\n", section->name);
        markdown_paragraph(page, translate(section->help));
        reference_block(page, "yaml", section->example);
        if (strcmp(section->name, removal_schema.name) == 0) {
            const struct nesting nesting = {page, &common_schema, section->name};
            add_nested(&nesting, &removal_schema, removal_schema.help);
        }
    }
}

static void add_topic(struct arena *arena, struct reference_pages *pages,
                      const struct schema *topic)
{
    struct text *page = reference_begin(arena, pages, arena_printf(arena, "%s.md", topic->name),
                                        topic->name, translate(topic->help));
    add_beginning(page, topic);
    add_fields(page, topic);
    add_presets(page, topic);
    add_shared(page, topic);
    if (topic == &common_schema) {
        add_sections(page);
    }
    reference_end(page);
}

void reference_add_topics(struct arena *arena, struct reference_pages *pages)
{
    for (size_t i = 0; i < topic_count(); i++) {
        if (topic_at(i) != &removal_schema) {
            add_topic(arena, pages, topic_at(i));
        }
    }
}
