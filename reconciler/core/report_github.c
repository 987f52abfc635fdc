/* The report as workflow commands: a line each, which GitHub shows beside the line of YAML that it
 * names. A message's line ends, and in properties what separates them, are written as %XX; so a
 * line of ours is one command, whatever people wrote. GitHub shows ten of each severity for a step,
 * so what matters comes first. */
#include "base/visible.h"
#include "core/report_line.h"
#include "core/report_problem.h"

static void add_data(struct text *out, const char *data)
{
    for (const char *at = visible_text(out->arena, data); *at != '\0'; at++) {
        if (*at == '%' || *at == '\n' || *at == '\r') {
            text_addf(out, "%%%02X", (unsigned char)*at);
        } else {
            text_add_char(out, *at);
        }
    }
}

static void add_property(struct text *out, const char *name, const char *value, char *separator)
{
    text_addf(out, "%c%s=", *separator, name);
    *separator = ',';
    for (const char *at = visible_text(out->arena, value); *at != '\0'; at++) {
        if (*at == '%' || *at == '\n' || *at == '\r' || *at == ':' || *at == ',') {
            text_addf(out, "%%%02X", (unsigned char)*at);
        } else {
            text_add_char(out, *at);
        }
    }
}

static void add_number(struct text *out, const char *name, size_t number, char *separator)
{
    add_property(out, name, arena_printf(out->arena, "%zu", number), separator);
}

/* GitHub refuses columns where a place spans lines. */
static void add_place(struct text *out, const struct report *report, struct span span,
                      char *separator)
{
    const char *file = report_file(report, span);
    if (file == NULL) {
        return;
    }
    add_property(out, "file", file, separator);
    struct position first = source_position(span.source, span.first);
    struct position end = source_position(span.source, span.end);
    add_number(out, "line", first.line, separator);
    add_number(out, "endLine", end.line, separator);
    if (first.line == end.line) {
        add_number(out, "col", first.column, separator);
        add_number(out, "endColumn", end.column > first.column ? end.column - 1 : first.column,
                   separator);
    }
}

static void begin_command(struct text *out, const char *command, const struct report *report,
                          struct span span, const char *title)
{
    char separator = ' ';
    text_addf(out, "::%s", command);
    add_place(out, report, span, &separator);
    add_property(out, "title", title, &separator);
    text_add(out, "::");
}

static void write_problem(struct text *out, const struct report *report,
                          const struct problem *problem)
{
    static const char *const commands[] = {
        [SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_NOTE] = "notice"};
    const char *title = problem->name == NULL ? problem->rule
                                              : arena_printf(out->arena, "%s %s:%s", problem->rule,
                                                             problem->kind, problem->name);
    begin_command(out, commands[problem->severity], report, problem->span, title);
    add_data(out, problem->message);
    if (report_file(report, problem->span) == NULL && problem->span.source != NULL) {
        add_data(out, arena_printf(out->arena, " (%s)", span_text(out->arena, problem->span)));
    }
    if (problem->second.source != NULL) {
        add_data(out, arena_printf(out->arena, "\nsee %s", span_text(out->arena, problem->second)));
    }
    if (problem->help != NULL) {
        add_data(out, arena_printf(out->arena, "\nhelp: %s", problem->help));
    }
    if (problem->evidence != NULL) {
        add_data(out, arena_printf(out->arena, "\n%s", problem->evidence));
    }
    text_add_char(out, '\n');
}

static void add_documents(struct text *out, const char *word, const struct document_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        add_data(out, arena_printf(out->arena, "%s%s", i == 0 ? "\n" : ", ", i == 0 ? word : ""));
        add_data(out, arena_printf(out->arena, "%s%s", i == 0 ? ": " : "",
                                   document_id(out->arena, list->items[i])));
    }
}

/* --- what a document changes ---------------------------------------------------------------- */

static const struct document *document_of(const struct report_line *line)
{
    return line->document != NULL ? line->document : line->action->item->document;
}

/* All changes of the document of lines->items[first], told once, at its place. */
static void write_document(struct text *out, const struct report *report,
                           const struct report_lines *lines, size_t first)
{
    const struct document *document = document_of(&lines->items[first]);
    for (size_t i = 0; i < first; i++) {
        if (document_of(&lines->items[i]) == document) {
            return;
        }
    }
    begin_command(out, "notice", report, document->span, document_id(out->arena, document));
    const char *separator = "";
    for (size_t i = first; i < lines->count; i++) {
        const struct report_line *line = &lines->items[i];
        if (document_of(line) == document) {
            const char *note = line->note == NULL ? "" : line->note->text;
            add_data(out, arena_printf(out->arena, "%s%c %s%s%s", separator, line->symbol,
                                       line->name, *note == '\0' ? "" : "  ", note));
            separator = "\n";
        }
    }
    text_add_char(out, '\n');
}

static void write_changes(struct text *out, const struct report *report)
{
    struct report_lines lines = {0};
    if (report->plan != NULL) {
        report_collect(report, &lines);
    }
    for (size_t i = 0; i < lines.count; i++) {
        if (document_of(&lines.items[i]) != NULL) {
            write_document(out, report, &lines, i);
        }
    }
}

void report_write_github(const struct report *report, const struct report_style *style,
                         struct text *out)
{
    (void)style; /* a command has no colors */
    struct problem_list problems = {0};
    report_problems(report, &problems);
    begin_command(out, "notice", report, SPAN_NONE, "reconcile");
    add_data(out, report_verdict(report, LANGUAGE_ENGLISH));
    if (report->against != NULL) {
        add_documents(out, "added", &report->against->added);
        add_documents(out, "removed", &report->against->removed);
    }
    text_add_char(out, '\n');
    for (size_t i = 0; i < problems.count; i++) {
        write_problem(out, report, &problems.items[i]);
    }
    write_changes(out, report);
}
