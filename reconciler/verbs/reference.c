/* The whole reference below a folder (explain --out): the pages of core, one for verbs and options,
 * and their list. */
#include <argp.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "core/markdown.h"
#include "core/reference.h"
#include "core/translate.h"
#include "verbs/verb.h"

enum { DIRECTORY_MODE = 0755, FILE_MODE = 0644 };

/* --- verbs and options ------------------------------------------------------------------------ */

static void add_verb(struct text *page, const struct verb *verb)
{
    const char *space = verb->arguments[0] == '\0' ? "" : " ";
    text_line(page, "### %s\n", verb->name);
    markdown_paragraph(page, translate(verb->help));
    reference_block(
        page, "",
        arena_printf(page->arena, "reconcile %s%s%s\n", verb->name, space, verb->arguments));
    if (verb->more[0] != '\0') {
        markdown_paragraph(page, translate(verb->more));
    }
}

/* "-o, --output FORMAT[=FILE]" */
static const char *spelling(struct arena *arena, const struct argp_option *option)
{
    struct text out = text_make(arena);
    if (isprint(option->key) != 0) {
        text_addf(&out, "-%c, ", option->key);
    }
    text_addf(&out, "--%s", option->name);
    if (option->arg != NULL) {
        text_addf(&out, " %s", option->arg);
    }
    return out.data;
}

static void add_option(struct text *page, const struct argp_option *option)
{
    text_add(page, "| ");
    markdown_cell_code(page, spelling(page->arena, option));
    text_add(page, " | ");
    markdown_cell(page, translate(option->doc));
    text_add(page, " |\n");
}

/* A row without a name is the title of its group, whose members may stand anywhere. */
static void add_group(struct text *page, const struct argp_option *options,
                      const struct argp_option *title)
{
    text_line(page, "\n%s\n", translate(title->doc));
    text_line(page, "| %s | %s |\n| --- | --- |", TRANSLATED("option"), TRANSLATED("meaning"));
    for (const struct argp_option *option = options; option->doc != NULL; option++) {
        bool is_hidden = (option->flags & OPTION_HIDDEN) != 0;
        if (option->group == title->group && option->name != NULL && !is_hidden) {
            add_option(page, option);
        }
    }
}

static void add_commands(const struct command *command, struct reference_pages *pages)
{
    struct text *page = reference_begin(
        command->arena, pages, "commands.md", TRANSLATED("Commands"),
        TRANSLATED("The verbs and options of the program. Without a verb it applies; FOLDER is the "
                   "folder of documents, or a single file."));
    text_line(page, "## %s\n", TRANSLATED("Verbs"));
    for (size_t i = 0; i < verb_count(); i++) {
        add_verb(page, verb_at(i));
    }
    text_line(page, "## %s", TRANSLATED("Options"));
    for (const struct argp_option *option = command->options; option->doc != NULL; option++) {
        if (option->name == NULL) {
            add_group(page, command->options, option);
        }
    }
    reference_end(page);
}

/* --- files ------------------------------------------------------------------------------------ */

static bool write_pages(const char *folder, const struct reference_pages *pages, struct error *err)
{
    if (!file_make_directories(AT_FDCWD, folder, DIRECTORY_MODE, err)) {
        return false;
    }
    AUTO_FD directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return error_errno(err, "open %s", folder);
    }
    for (size_t i = 0; i < pages->count; i++) {
        const struct reference_page *page = &pages->items[i];
        if (!file_replace(directory, page->name, text_str(&page->text), FILE_MODE, FILE_OWNER_NONE,
                          FILE_SYNC_LATER, err)) {
            return error_wrap(err, "write below %s", folder);
        }
    }
    return true;
}

int write_reference(struct command *command)
{
    struct error err = {0};
    struct reference_pages pages = {0};
    reference_collect(command->arena, &pages);
    add_commands(command, &pages);
    reference_add_index(command->arena, &pages);
    if (!write_pages(command->out_directory, &pages, &err)) {
        return output_failure("%s", err.message);
    }
    return printf("%zu files\n", pages.count) < 0 ? EXIT_CODE_FAILED : EXIT_CODE_SUCCESS;
}
