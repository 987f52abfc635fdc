/* The frame of the pages, and those of codes and words; the pages of rows are in reference_rows.c.
 */
#include "core/reference.h"

#include <string.h>

#include "core/explain.h"
#include "core/markdown.h"
#include "core/reference_rows.h"
#include "core/translate.h"
#include "core/words.h"
#include "model/diagnostic.h"

/* --- the frame -------------------------------------------------------------------------------- */

/* The catalogue of a language that is written from right to left translates it by "rtl". */
static bool is_right_to_left(void)
{
    return strcmp(TRANSLATED("ltr"), "rtl") == 0;
}

struct text *reference_begin(struct arena *arena, struct reference_pages *pages, const char *name,
                             const char *title, const char *summary)
{
    struct reference_page *page = vec_new(arena, pages);
    *page = (struct reference_page){name, title, summary, text_make(arena)};
    text_line(&page->text,
              "<!-- Made by `reconcile explain --out`; edit what it is made from. -->");
    text_add(&page->text, is_right_to_left() ? "<div dir=\"rtl\">\n\n" : "\n");
    text_line(&page->text, "# %s\n", title);
    markdown_paragraph(&page->text, summary);
    return &page->text;
}

void reference_end(struct text *page)
{
    while (text_ends_with(page->data, "\n\n")) {
        text_truncate(page, page->length - 1);
    }
    if (is_right_to_left()) {
        text_add(page, "\n</div>\n");
    }
}

void reference_block(struct text *page, const char *language, const char *content)
{
    bool is_turned = is_right_to_left();
    text_add(page, is_turned ? "<div dir=\"ltr\">\n\n" : "");
    markdown_block(page, language, content);
    text_add(page, is_turned ? "</div>\n\n" : "");
}

void reference_add_index(struct arena *arena, struct reference_pages *pages)
{
    struct text list = text_make(arena);
    for (size_t i = 0; i < pages->count; i++) {
        const struct reference_page *page = &pages->items[i];
        text_addf(&list, "- [%s](%s): ", page->title, page->name);
        markdown_text(&list, page->summary);
        text_add_char(&list, '\n');
    }
    struct text *page = reference_begin(
        arena, pages, "README.md", TRANSLATED("Reference"),
        TRANSLATED("Made from the same tables as the program itself, so that it says what the "
                   "program does. `reconcile explain` tells the same on the command line."));
    text_add_str(page, text_str(&list));
    reference_end(page);
}

/* --- codes ------------------------------------------------------------------------------------ */

static const char *severity_word(enum severity severity)
{
    static const char *const words[] = {
        [SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_NOTE] = "note"};
    return translate(words[severity]);
}

static void add_code(struct text *page, const struct diagnostic_info *info)
{
    text_line(page, "## %s\n", info->number);
    text_addf(page, "**%s:** ", severity_word(info->severity));
    markdown_paragraph(page, explain_pattern(page->arena, translate(info->text)));
    markdown_paragraph(page, translate(info->explanation));
    if (info->help[0] != '\0') {
        text_addf(page, "**%s:** ", TRANSLATED("help"));
        markdown_paragraph(page, explain_pattern(page->arena, translate(info->help)));
    }
}

static void add_codes(struct arena *arena, struct reference_pages *pages)
{
    struct text *page = reference_begin(
        arena, pages, "errors.md", TRANSLATED("Error codes"),
        TRANSLATED("What the program says about documents. Each message has a code; the dots stand "
                   "for names and values of the document that it speaks of."));
    for (int code = 0; code < DIAGNOSTIC_COUNT; code++) {
        add_code(page, diagnostic_info((enum diagnostic_code)code));
    }
    reference_end(page);
}

/* --- words ------------------------------------------------------------------------------------ */

static void add_words(struct arena *arena, struct reference_pages *pages)
{
    struct text *page = reference_begin(
        arena, pages, "results.md", TRANSLATED("Exit codes and states"),
        TRANSLATED("How a run ends, and how a document or a thing on the host is."));
    text_line(page, "## %s\n", TRANSLATED("Exit codes"));
    text_line(page, "| %s | %s | |\n| --- | --- | --- |", TRANSLATED("code"),
              TRANSLATED("meaning"));
    for (size_t i = 0; i < exit_code_word_count(); i++) {
        const struct exit_code_word *code = exit_code_word_at(i);
        text_addf(page, "| `%d` | ", code->number);
        markdown_cell(page, translate(code->words));
        text_add(page, " | ");
        markdown_cell(page, translate(code->help));
        text_add(page, " |\n");
    }
    text_line(page, "\n## %s\n", TRANSLATED("States"));
    markdown_paragraph(page,
                       TRANSLATED("The same seven words stand in the command line, the status "
                                  "pages, the API and the metrics, here by how much attention "
                                  "they ask for. A document is as its worst part is."));
    text_line(page, "| %s | %s | %s |\n| --- | --- | --- |", TRANSLATED("state"),
              TRANSLATED("meaning"), TRANSLATED("what to do"));
    for (int state = 0; state < ITEM_STATE_COUNT; state++) {
        const struct state_word *info = state_word_at((enum item_state)state);
        text_addf(page, "| `%s` | ", item_state_word((enum item_state)state));
        markdown_cell(page, translate(info->help));
        text_add(page, " | ");
        markdown_cell(page, translate(info->next));
        text_add(page, " |\n");
    }
    reference_end(page);
}

static void add_list(struct text *page, const char *title, const char *first_column,
                     const struct word_list *words)
{
    text_line(page, "\n## %s\n", title);
    text_line(page, "| %s | %s |\n| --- | --- |", first_column, TRANSLATED("meaning"));
    for (size_t i = 0; i < words->count; i++) {
        text_add(page, "| ");
        markdown_cell_code(page, words->items[i].word);
        text_add(page, " | ");
        markdown_cell(page, translate(words->items[i].help));
        text_add(page, " |\n");
    }
}

void reference_add_words(struct text *page)
{
    struct word_list formats = {0};
    struct word_list files = {0};
    struct word_list environment = {0};
    struct word_list examples = {0};
    words_add_formats(page->arena, &formats);
    words_add_files(page->arena, &files);
    words_add_environment(page->arena, &environment);
    words_add_examples(page->arena, &examples);
    add_list(page, TRANSLATED("Formats"), "-o", &formats);
    add_list(page, TRANSLATED("Files"), TRANSLATED("path"), &files);
    add_list(page, TRANSLATED("Environment"), TRANSLATED("variable"), &environment);
    add_list(page, TRANSLATED("Examples"), TRANSLATED("command"), &examples);
}

void reference_collect(struct arena *arena, struct reference_pages *out_pages)
{
    reference_add_topics(arena, out_pages);
    add_codes(arena, out_pages);
    add_words(arena, out_pages);
}
