/* What all formats say the same: the verdict and the exit code. */
#include "core/report.h"

#include <string.h>

#include "core/plan.h"
#include "core/report_line.h"

struct report_counts report_count(const struct report *report)
{
    struct report_counts counts = {0};
    for (size_t i = 0; report->outcomes != NULL && i < report->plan->actions.count; i++) {
        size_t weight = plan_weight(&report->plan->actions.items[i]);
        counts.changed += report->outcomes[i].result == OUTCOME_CHANGED ? weight : 0;
        counts.failed += report->outcomes[i].result == OUTCOME_FAILED ? weight : 0;
        counts.skipped += report->outcomes[i].result == OUTCOME_SKIPPED ? weight : 0;
    }
    return counts;
}

/* --- the verdict ---------------------------------------------------------------------------- */

/* Between two wishes there is no drift. */
static void add_counts(struct text *out, const struct report *report)
{
    const struct plan_counts *counts = &report->plan->counts;
    text_addf(out, "%zu to change", counts->to_change);
    if (report->against == NULL || !report->against->is_revision) {
        text_addf(out, ", %zu drifted", counts->drifted);
    }
    text_addf(out, ", %zu to remove", counts->to_remove);
}

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
    if (report->against != NULL) {
        text_addf(&out, "against %s: ", report->against->name);
    }
    if (counts->to_change + counts->drifted + counts->to_remove + counts->held +
            report->held.count ==
        0) {
        text_addf(&out, "in sync: %zu items as wanted", counts->items);
    } else {
        add_counts(&out, report);
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

static const char *checked_verdict(const struct report *report)
{
    size_t count = report->documents == NULL ? 0 : report->documents->documents.count;
    return arena_printf(report->arena, "%zu %s, no mistakes", count,
                        count == 1 ? "document" : "documents");
}

const char *report_verdict(const struct report *report)
{
    if (report->refused != NULL) {
        struct report healed = *report;
        healed.refused = NULL;
        return arena_printf(report->arena,
                            "refused: the documents have errors; healing from "
                            "generation %lu: %s",
                            report->generation_before, report_verdict(&healed));
    }
    if (report->is_refused) {
        return report->is_check ? "refused: the documents have errors"
                                : "refused: the documents have errors; nothing was changed";
    }
    if (report->failure != NULL) {
        return arena_printf(report->arena, "failed: %s", report->failure);
    }
    if (report->untested != NULL) {
        return arena_printf(report->arena, "not tested: %s", report->untested);
    }
    if (report->is_check) {
        return checked_verdict(report);
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
