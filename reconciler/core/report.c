/* A plan and its outcome in words: the verdict first, then what differs with its place and diff,
 * nothing for what is unchanged. */
#include "core/report.h"

#include <string.h>

#include "core/diff.h"
#include "core/plan.h"
#include "core/report_line.h"

static const char *const color_of_symbol[] = {
    ['+'] = "\033[32m",
    ['~'] = "\033[33m",
    ['-'] = "\033[31m",
    ['!'] = "\033[1;31m",
};

struct report_counts report_count(const struct report *report)
{
    struct report_counts counts = {0};
    for (size_t i = 0; report->outcomes != NULL && i < report->plan->actions.count; i++) {
        counts.changed += report->outcomes[i].result == OUTCOME_CHANGED;
        counts.failed += report->outcomes[i].result == OUTCOME_FAILED;
        counts.skipped += report->outcomes[i].result == OUTCOME_SKIPPED;
    }
    return counts;
}

/* --- the verdict ---------------------------------------------------------------------------- */

/* "; reload nginx, restart shop": each effect once, in the order of the actions. */
static void add_impact(struct text *out, const struct report *report)
{
    struct map seen = {0};
    const char *separator = "; ";
    for (size_t i = 0; i < report->plan->actions.count; i++) {
        const struct action *action = &report->plan->actions.items[i];
        const char *impact = report_impact(action);
        if (impact == NULL || map_has(&seen, impact)) {
            continue;
        }
        (void)map_put(report->arena, &seen, impact, NULL);
        text_addf(out, "%s%s", separator, impact);
        separator = ", ";
    }
}

static void add_held(struct text *out, const struct report *report)
{
    size_t held = report->plan->counts.held + report->held.count;
    if (held > 0) {
        text_addf(out, ", %zu held", held);
    }
}

static const char *planned_verdict(const struct report *report)
{
    const struct plan_counts *counts = &report->plan->counts;
    struct text out = text_make(report->arena);
    if (counts->to_change + counts->drifted + counts->to_remove + counts->held +
            report->held.count ==
        0) {
        text_addf(&out, "in sync: %zu items as wanted", counts->items);
    } else {
        text_addf(&out, "%zu to change, %zu drifted, %zu to remove", counts->to_change,
                  counts->drifted, counts->to_remove);
        add_held(&out, report);
        add_impact(&out, report);
    }
    if (report->facts->is_assumed) {
        text_add(&out, " (facts assumed: Debian 12, nginx 1.22.1, systemd 252)");
    }
    return out.data;
}

static const char *applied_verdict(const struct report *report)
{
    struct report_counts counts = report_count(report);
    struct text out = text_make(report->arena);
    if (counts.changed + counts.failed + counts.skipped + report->held.count +
            report->plan->counts.held ==
        0) {
        text_addf(&out, "in sync: %zu items as wanted", report->plan->counts.items);
        return out.data;
    }
    text_addf(&out, "%zu changed, %zu failed, %zu skipped", counts.changed, counts.failed,
              counts.skipped);
    add_held(&out, report);
    if (report->generation_after != report->generation_before) {
        text_addf(&out, "; generation %lu", report->generation_after);
    }
    return out.data;
}

const char *report_verdict(const struct report *report)
{
    if (report->is_refused) {
        return "refused: the documents have errors; nothing was changed";
    }
    if (report->failure != NULL) {
        return arena_printf(report->arena, "failed: %s", report->failure);
    }
    if (report->untested != NULL) {
        return arena_printf(report->arena, "not tested: %s", report->untested);
    }
    if (report->plan == NULL) {
        return arena_printf(report->arena, "in sync: %zu items as wanted", report->settled_items);
    }
    return report->is_dry_run ? planned_verdict(report) : applied_verdict(report);
}

static bool has_error_finding(const struct report *report)
{
    for (size_t i = 0; i < report->findings.count; i++) {
        if (report->findings.items[i].is_error) {
            return true;
        }
    }
    return false;
}

enum exit_code report_exit_code(const struct report *report, bool is_detailed)
{
    if (report->is_refused || report->failure != NULL || report->untested != NULL) {
        return EXIT_CODE_FAILED;
    }
    struct report_counts counts = report_count(report);
    bool has_trouble = report->refused != NULL || counts.failed > 0 || report->held.count > 0 ||
                       has_error_finding(report);
    if (has_trouble) {
        return report->is_dry_run ? EXIT_CODE_FAILED : EXIT_CODE_PARTLY;
    }
    if (report->plan == NULL) {
        return EXIT_CODE_SUCCESS;
    }
    const struct plan_counts *planned = &report->plan->counts;
    bool differs = planned->to_change + planned->drifted + planned->to_remove > 0;
    return is_detailed && differs ? EXIT_CODE_PENDING : EXIT_CODE_SUCCESS;
}

/* --- text ----------------------------------------------------------------------------------- */

static void add_colored(struct text *out, const struct report_style *style, char symbol,
                        const char *line)
{
    if (style->has_color) {
        text_addf(out, "%s%s\033[0m\n", color_of_symbol[(unsigned char)symbol], line);
    } else {
        text_line(out, "%s", line);
    }
}

/* Each line of a text four columns in; in color where it is a diff. */
static void add_indented(struct text *out, const struct report_style *style, const char *text)
{
    while (*text != '\0') {
        const char *end = strchrnul(text, '\n');
        char first = *text;
        bool is_marked = style->has_color && (first == '+' || first == '-');
        text_addf(out, "    %s%.*s%s\n", is_marked ? color_of_symbol[(unsigned char)first] : "",
                  (int)(end - text), text, is_marked ? "\033[0m" : "");
        text = *end == '\n' ? end + 1 : end;
    }
}

static void write_line(const struct report_line *line, const struct report_style *style,
                       struct text *out)
{
    struct text head = text_make(out->arena);
    text_addf(&head, "%c %s", line->symbol, line->name);
    if (line->place != NULL) {
        text_addf(&head, "  (%s)", line->place);
    }
    if (line->note != NULL) {
        text_addf(&head, "  %s", line->note);
    }
    add_colored(out, style, line->symbol, head.data);
    for (size_t i = 0; i < line->details.count; i++) {
        text_line(out, "    %s", line->details.items[i]);
    }
    if (line->diff != NULL) {
        add_indented(out, style, line->diff);
    }
    if (line->evidence != NULL) {
        add_indented(out, style, line->evidence);
    }
}

static void write_findings(const struct report *report, const struct report_style *style,
                           struct text *out)
{
    for (size_t i = 0; i < report->findings.count; i++) {
        const struct finding *finding = &report->findings.items[i];
        const char *place = finding->span.source == NULL
                                ? (finding->document == NULL ? "" : finding->document)
                                : span_text(out->arena, finding->span);
        const char *head = arena_printf(out->arena, "! %s%s%s: %s", place, *place ? ": " : "",
                                        finding->tool, finding->message);
        if (finding->is_error) {
            add_colored(out, style, '!', head);
        } else {
            text_line(out, "%s", head);
        }
    }
}

static void write_held(const struct report *report, const struct report_style *style,
                       struct text *out)
{
    for (size_t i = 0; i < report->held.count; i++) {
        const struct held_document *held = &report->held.items[i];
        struct span span = held->span.source == NULL ? held->document->span : held->span;
        add_colored(out, style, '!',
                    arena_printf(out->arena, "! %s  (%s)  stays as it was: %s",
                                 document_id(out->arena, held->document),
                                 span_text(out->arena, span), held->because));
        if (held->evidence != NULL) {
            add_indented(out, style, held->evidence);
        }
    }
}

void report_write_text(const struct report *report, const struct report_style *style,
                       struct text *out)
{
    if (!style->hides_verdict) {
        text_line(out, "%s", report_verdict(report));
    }
    if (report->hold != NULL) {
        text_line(out, "! %s", report->hold);
    }
    if (style->is_quiet || report->plan == NULL) {
        return;
    }
    write_findings(report, style, out);
    write_held(report, style, out);
    struct report_lines lines = {0};
    report_collect(report, &lines);
    for (size_t i = 0; i < lines.count; i++) {
        if (!style->only_drift || lines.items[i].is_drift) {
            write_line(&lines.items[i], style, out);
        }
    }
}
