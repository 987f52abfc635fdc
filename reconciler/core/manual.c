/* Rows and words as manual pages. */
#include "core/manual.h"

#include <string.h>

#include "core/reference_rows.h"
#include "core/roff.h"
#include "core/topic.h"
#include "core/translate.h"
#include "core/words.h"
#include "schemas/section.h"

/* --- reconcile(1) ----------------------------------------------------------------------------- */

static void add_exit_codes(struct text *page)
{
    roff_section(page, TRANSLATED("EXIT STATUS"));
    for (size_t i = 0; i < exit_code_word_count(); i++) {
        const struct exit_code_word *code = exit_code_word_at(i);
        roff_term(page, arena_printf(page->arena, "%d", code->number));
        roff_text(page, translate(code->help));
    }
}

static void add_states(struct text *page)
{
    roff_section(page, TRANSLATED("STATES"));
    for (int state = 0; state < ITEM_STATE_COUNT; state++) {
        const struct state_word *info = state_word_at((enum item_state)state);
        roff_term(page, item_state_word((enum item_state)state));
        roff_text(page, translate(info->help));
        if (info->next[0] != '\0') {
            roff_text(page, translate(info->next));
        }
    }
}

static void add_list(struct text *page, const char *title, const struct word_list *words)
{
    roff_section(page, title);
    for (size_t i = 0; i < words->count; i++) {
        roff_term(page, words->items[i].word);
        roff_text(page, translate(words->items[i].help));
    }
}

void manual_add_words(struct text *page)
{
    struct word_list formats = {0};
    struct word_list files = {0};
    struct word_list environment = {0};
    struct word_list examples = {0};
    words_add_formats(page->arena, &formats);
    words_add_files(page->arena, &files);
    words_add_environment(page->arena, &environment);
    words_add_examples(page->arena, &examples);
    add_list(page, TRANSLATED("FORMATS"), &formats);
    add_exit_codes(page);
    add_states(page);
    add_list(page, TRANSLATED("FILES"), &files);
    add_list(page, TRANSLATED("ENVIRONMENT"), &environment);
    add_list(page, TRANSLATED("EXAMPLES"), &examples);
}

/* --- reconcile.yaml(5) ------------------------------------------------------------------------ */

/* "Default: 16m" on a line of its own. */
static void add_fact(struct text *page, const char *name, const char *value)
{
    roff_continue(page);
    roff_text(page, arena_printf(page->arena, "%s: %s", name, value));
}

static const char *fallback_text(const struct field *field)
{
    if (field->fallback == NULL) {
        return field->fallback_note == NULL ? NULL : translate(field->fallback_note);
    }
    return field->fallback[0] == '\0' ? "\"\"" : field->fallback;
}

static void add_field(struct text *page, const char *path, const struct field *field)
{
    const char *fallback = fallback_text(field);
    const char *limits = reference_limits(page->arena, field);
    roff_term(page, path);
    roff_text(page, translate(field->help));
    if (field->choices != NULL) {
        add_fact(page, TRANSLATED("One of"), field_choices_text(page->arena, field));
    } else {
        add_fact(page, TRANSLATED("Value"), reference_value_words(page->arena, field));
    }
    if (field->is_required) {
        roff_continue(page);
        roff_text(page, TRANSLATED("Must be written"));
    } else if (fallback != NULL) {
        add_fact(page, TRANSLATED("Default"), fallback);
    }
    if (limits != NULL) {
        add_fact(page, TRANSLATED("Limits"), limits);
    }
}

/* Fields of maps inside by their whole path, but for those that only repeat the topic's own. */
static void add_rows(struct text *page, const struct schema *topic, const struct schema *schema,
                     const char *above)
{
    const struct field *field = NULL;
    for (size_t i = 0; i < schema->field_count; i++) {
        field = &schema->fields[i];
        if (above[0] != '\0' && reference_is_told_above(topic, field)) {
            continue;
        }
        const char *path = arena_printf(page->arena, "%s%s", above, field->name);
        const char *example = above[0] == '\0' ? field_example_text(page->arena, field) : NULL;
        add_field(page, path, field);
        if (example != NULL) {
            roff_term_block(page, example);
        }
        if (field->object != NULL) {
            add_rows(page, topic, field->object, arena_printf(page->arena, "%s.", path));
        }
    }
}

static void add_topic(struct text *page, const struct schema *topic)
{
    roff_section(page, topic->plural == NULL ? topic->name : topic->plural);
    roff_paragraph(page, translate(topic->help));
    if (topic->example != NULL) {
        roff_block(page, reference_small_document(page->arena, topic));
    }
    add_rows(page, topic, topic, "");
}

static void add_sections(struct text *page)
{
    for (size_t i = 0; i < section_count(); i++) {
        const struct section *section = section_at(i);
        if (strcmp(section->name, removal_schema.name) != 0) {
            roff_section(page, section->name);
            roff_paragraph(page, translate(section->help));
            roff_block(page, section->example);
        }
    }
}

void manual_add_documents(struct arena *arena, struct reference_pages *pages)
{
    struct reference_page *entry = vec_new(arena, pages);
    *entry = (struct reference_page){.name = "reconcile.yaml.5", .text = text_make(arena)};
    struct text *page = &entry->text;
    roff_begin(page, "reconcile.yaml", "5", TRANSLATED("File formats"));
    roff_section(page, TRANSLATED("NAME"));
    text_addf(page, "reconcile.yaml \\- ");
    roff_text(page, TRANSLATED("documents and settings of reconcile(1)"));
    roff_section(page, TRANSLATED("DESCRIPTION"));
    roff_paragraph(page, TRANSLATED("Each section below is a map at the top of a file. All *.yaml "
                                    "and *.yml files of a folder are one set, split as people "
                                    "like. `settings` tells the fields of the host's own file, "
                                    "/etc/reconcile/reconcile.yaml, which stand at its top."));
    for (size_t i = 0; i < topic_count(); i++) {
        add_topic(page, topic_at(i));
    }
    add_sections(page);
    roff_section(page, TRANSLATED("SEE ALSO"));
    roff_text(page, "reconcile(1), statusd(1)");
}
