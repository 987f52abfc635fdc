/* The report as JUnit XML: a test case for each document, one for each file with a mistake outside
 * of documents, and one for the run as a whole. */
#include <string.h>

#include "base/map.h"
#include "base/visible.h"
#include "core/report_line.h"
#include "core/report_problem.h"

#define CLASS_RUN  "reconcile"
#define CLASS_FILE "file"

struct test_case {
    const char *class_name; /* the document's kind */
    const char *name;
    struct span span;
    struct text failures; /* a line or more for each error */
    struct text notes;    /* warnings, and what is changed */
    const char *rule;     /* of the first error; NULL: passed */
    const char *message;
};
VEC(test_case_list, struct test_case);

struct suite {
    const struct report *report;
    struct test_case_list cases;
    struct map by_name; /* "CLASS NAME" -> index + 1 in cases, as a pointer */
};

/* --- quoting -------------------------------------------------------------------------------- */

/* Line ends in attributes would be read as spaces. */
static void add_escaped(struct text *out, const char *text)
{
    for (const char *at = visible_text(out->arena, text); *at != '\0'; at++) {
        if (*at == '<' || *at == '>' || *at == '&' || *at == '"' || *at == '\'' || *at == '\n' ||
            *at == '\t') {
            text_addf(out, "&#%d;", *at);
        } else {
            text_add_char(out, *at);
        }
    }
}

/* Between tags line ends and tabs stay as they are. */
static void add_content(struct text *out, const char *text)
{
    for (const char *at = visible_text(out->arena, text); *at != '\0'; at++) {
        if (*at == '<' || *at == '>' || *at == '&') {
            text_addf(out, "&#%d;", *at);
        } else {
            text_add_char(out, *at);
        }
    }
}

static void add_attribute(struct text *out, const char *name, const char *value)
{
    text_addf(out, " %s=\"", name);
    add_escaped(out, value);
    text_add_char(out, '"');
}

/* --- cases ---------------------------------------------------------------------------------- */

static struct test_case *suite_case(struct suite *suite, const char *class_name, const char *name,
                                    struct span span)
{
    struct arena *arena = suite->report->arena;
    const char *key = arena_printf(arena, "%s %s", class_name, name);
    const size_t *index = map_get(&suite->by_name, key);
    if (index != NULL) {
        return &suite->cases.items[*index];
    }
    size_t *added = arena_new(arena, size_t);
    *added = suite->cases.count;
    (void)map_put(arena, &suite->by_name, key, added);
    vec_add(arena, &suite->cases,
            (struct test_case){.class_name = class_name,
                               .name = name,
                               .span = span,
                               .failures = text_make(arena),
                               .notes = text_make(arena)});
    return vec_last(&suite->cases);
}

static struct test_case *case_of(struct suite *suite, const struct problem *problem)
{
    if (problem->name != NULL) {
        return suite_case(suite, problem->kind, problem->name, problem->span);
    }
    if (problem->span.source != NULL) {
        return suite_case(suite, CLASS_FILE, problem->span.source->name, problem->span);
    }
    return &suite->cases.items[0]; /* the run's */
}

static void take_problem(struct suite *suite, const struct problem *problem)
{
    struct test_case *found = case_of(suite, problem);
    struct text *out = problem->severity == SEVERITY_ERROR ? &found->failures : &found->notes;
    text_addf(out, "%s[%s]: %s\n", problem_severity_word(problem->severity), problem->rule,
              problem->message);
    if (problem->span.source != NULL) {
        text_line(out, "  --> %s", span_text(out->arena, problem->span));
    }
    if (problem->help != NULL) {
        text_line(out, "help: %s", problem->help);
    }
    if (problem->evidence != NULL) {
        text_line(out, "%s", problem->evidence);
    }
    if (problem->severity == SEVERITY_ERROR && found->rule == NULL) {
        found->rule = problem->rule;
        found->message = problem->message;
    }
}

static void take_line(struct suite *suite, const struct report_line *line)
{
    const struct document *document =
        line->document != NULL ? line->document : line->action->item->document;
    struct test_case *found =
        document == NULL ? &suite->cases.items[0]
                         : suite_case(suite, document->kind_name, document->name, document->span);
    text_addf(&found->notes, "%c %s", line->symbol, line->name);
    if (line->place != NULL) {
        text_addf(&found->notes, "  (%s)", line->written);
    }
    if (line->note != NULL) {
        text_addf(&found->notes, "  %s", line->note->text);
    }
    text_add_char(&found->notes, '\n');
}

static void collect(struct suite *suite)
{
    const struct report *report = suite->report;
    struct problem_list problems = {0};
    struct report_lines lines = {0};
    (void)suite_case(suite, CLASS_RUN, report->verb == NULL ? "run" : report->verb, SPAN_NONE);
    for (size_t i = 0; report->documents != NULL && i < report->documents->documents.count; i++) {
        const struct document *document = report->documents->documents.items[i];
        (void)suite_case(suite, document->kind_name, document->name, document->span);
    }
    report_problems(report, &problems);
    for (size_t i = 0; i < problems.count; i++) {
        take_problem(suite, &problems.items[i]);
    }
    if (report->plan != NULL) {
        report_collect(report, &lines);
    }
    for (size_t i = 0; i < lines.count; i++) {
        take_line(suite, &lines.items[i]);
    }
    text_line(&suite->cases.items[0].notes, "%s", report_verdict(report, LANGUAGE_ENGLISH));
    for (size_t i = 0; report->against != NULL && i < report->against->removed.count; i++) {
        text_line(&suite->cases.items[0].notes, "- %s",
                  document_id(report->arena, report->against->removed.items[i]));
    }
}

/* --- writing -------------------------------------------------------------------------------- */

static void write_element(struct text *out, const char *tag, const char *content)
{
    if (*content != '\0') {
        text_addf(out, "      <%s>", tag);
        add_content(out, content);
        text_line(out, "</%s>", tag);
    }
}

static void write_case(struct text *out, const struct report *report, const struct test_case *test)
{
    text_add(out, "    <testcase");
    add_attribute(out, "classname", test->class_name);
    add_attribute(out, "name", test->name);
    const char *file = report_file(report, test->span);
    if (file != NULL) {
        add_attribute(out, "file", file);
    }
    text_add(out, " time=\"0\">\n");
    if (test->rule != NULL) {
        text_add(out, "      <failure");
        add_attribute(out, "type", test->rule);
        add_attribute(out, "message", test->message);
        text_add_char(out, '>');
        add_content(out, test->failures.data);
        text_add(out, "</failure>\n");
    }
    write_element(out, "system-out", test->notes.data);
    text_add(out, "    </testcase>\n");
}

static size_t count_failures(const struct suite *suite)
{
    size_t count = 0;
    for (size_t i = 0; i < suite->cases.count; i++) {
        count += suite->cases.items[i].rule != NULL;
    }
    return count;
}

void report_write_junit(const struct report *report, const struct report_style *style,
                        struct text *out)
{
    (void)style; /* XML has no colors */
    struct suite suite = {.report = report};
    collect(&suite);
    const char *counts =
        arena_printf(out->arena, "tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\"",
                     suite.cases.count, count_failures(&suite));
    text_line(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    text_line(out, "<testsuites name=\"reconcile\" %s time=\"0\">", counts);
    text_line(out, "  <testsuite name=\"reconcile\" %s time=\"0\">", counts);
    for (size_t i = 0; i < suite.cases.count; i++) {
        write_case(out, report, &suite.cases.items[i]);
    }
    text_add(out, "  </testsuite>\n</testsuites>\n");
}
