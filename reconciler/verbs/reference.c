/* The whole reference below a folder (explain --out): the pages of core, one for verbs and options,
 * their list, and the manual pages. */
#include <argp.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "core/manual.h"
#include "core/markdown.h"
#include "core/reference.h"
#include "core/roff.h"
#include "core/translate.h"
#include "verbs/verb.h"

enum { DIRECTORY_MODE = 0755, FILE_MODE = 0644 };

/* --- verbs and options ------------------------------------------------------------------------ */

/* "apply [FOLDER]" */
static const char *verb_spelling(struct arena *arena, const struct verb *verb)
{
    const char *space = verb->arguments[0] == '\0' ? "" : " ";
    return arena_printf(arena, "%s%s%s", verb->name, space, verb->arguments);
}

static void add_verb(struct text *page, const struct verb *verb)
{
    text_line(page, "### %s\n", verb->name);
    markdown_paragraph(page, translate(verb->help));
    reference_block(page, "",
                    arena_printf(page->arena, "reconcile %s\n", verb_spelling(page->arena, verb)));
    if (verb->more[0] != '\0') {
        markdown_paragraph(page, translate(verb->more));
    }
}

/* "-o, --output FORMAT[=FILE]" */
static const char *option_spelling(struct arena *arena, const struct argp_option *option)
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
    markdown_cell_code(page, option_spelling(page->arena, option));
    text_add(page, " | ");
    markdown_cell(page, translate(option->doc));
    text_add(page, " |\n");
}

/* A row without a name is the title of its group, whose members may stand anywhere. */
static bool is_member(const struct argp_option *option, const struct argp_option *title)
{
    bool is_hidden = (option->flags & OPTION_HIDDEN) != 0;
    return option->group == title->group && option->name != NULL && !is_hidden;
}

static void add_group(struct text *page, const struct argp_option *options,
                      const struct argp_option *title)
{
    text_line(page, "\n%s\n", translate(title->doc));
    text_line(page, "| %s | %s |\n| --- | --- |", TRANSLATED("option"), TRANSLATED("meaning"));
    for (const struct argp_option *option = options; option->doc != NULL; option++) {
        if (is_member(option, title)) {
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
    reference_add_words(page);
    reference_end(page);
}

/* --- the manual page -------------------------------------------------------------------------- */

static void manual_verbs(struct text *page)
{
    roff_section(page, TRANSLATED("VERBS"));
    for (size_t i = 0; i < verb_count(); i++) {
        const struct verb *verb = verb_at(i);
        roff_term(page, verb_spelling(page->arena, verb));
        roff_text(page, translate(verb->help));
        if (verb->more[0] != '\0') {
            roff_text(page, translate(verb->more));
        }
    }
}

static void manual_options(struct text *page, const struct argp_option *options)
{
    roff_section(page, TRANSLATED("OPTIONS"));
    for (const struct argp_option *title = options; title->doc != NULL; title++) {
        if (title->name != NULL) {
            continue;
        }
        roff_subsection(page, translate(title->doc));
        for (const struct argp_option *option = options; option->doc != NULL; option++) {
            if (is_member(option, title)) {
                roff_term(page, option_spelling(page->arena, option));
                roff_text(page, translate(option->doc));
            }
        }
    }
}

static void add_manual(const struct command *command, struct reference_pages *pages)
{
    struct reference_page *entry = vec_new(command->arena, pages);
    *entry = (struct reference_page){.name = "reconcile.1", .text = text_make(command->arena)};
    struct text *page = &entry->text;
    roff_begin(page, "reconcile", "1", TRANSLATED("User commands"));
    roff_section(page, TRANSLATED("NAME"));
    text_add(page, "reconcile \\- ");
    roff_text(page, TRANSLATED("keep a host as its YAML says"));
    roff_section(page, TRANSLATED("SYNOPSIS"));
    roff_paragraph(page, "`reconcile` [VERB] [OPTION...] [FOLDER]");
    roff_section(page, TRANSLATED("DESCRIPTION"));
    roff_paragraph(
        page,
        TRANSLATED(
            "A folder of YAML files, usually in Git, describes what a host shall serve: web sites "
            "by "
            "nginx, certificates, and programs as systemd services. `reconcile` shows exactly what "
            "would change, changes only what differs, proves that it runs, and takes a change back "
            "that does not."));
    roff_paragraph(
        page,
        TRANSLATED(
            "Every candidate passes the real nginx and systemd checks before anything is switched. "
            "The "
            "nginx configuration is switched as a whole, by one rename; nginx must prove that its "
            "new "
            "workers run it; sites that fail their probe and services that do not start go back to "
            "what ran before. What is refused is remembered until it changes, or until `retry`."));
    roff_paragraph(
        page,
        TRANSLATED(
            "Without a verb it applies. FOLDER may be a single file; without it the source of the "
            "host's settings is taken. One run at a time is under way."));
    manual_verbs(page);
    manual_options(page, command->options);
    manual_add_words(page);
    roff_section(page, TRANSLATED("SEE ALSO"));
    roff_text(page, "reconcile.yaml(5), statusd(1), nginx(8), systemd(1)");
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
    manual_add_documents(command->arena, &pages);
    add_manual(command, &pages);
    if (!write_pages(command->out_directory, &pages, &err)) {
        return output_error(command, &err);
    }
    return output_files(command, pages.count);
}
