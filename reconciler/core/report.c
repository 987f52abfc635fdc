/* What all formats say the same: the verdict and the exit code. */
#include "core/report.h"

#include <string.h>

#include "core/plan.h"
#include "core/report_line.h"
#include "core/say.h"

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

/* Words of a line that follow each other: the language, and what stands between them. */
struct verdict {
    const struct report *report;
    enum language language;
    struct text text;
    bool has_counts;
};

static struct verdict verdict_begin(const struct report *report, enum language language)
{
    return (struct verdict){
        .report = report, .language = language, .text = text_make(report->arena)};
}

static void add_count(struct verdict *verdict, size_t count, const char *one, const char *many)
{
    if (verdict->has_counts) {
        text_add(&verdict->text, say_text(verdict->text.arena, verdict->language, N_(", ")));
    }
    verdict->has_counts = true;
    text_add(&verdict->text,
             say_number(verdict->report->arena, verdict->language, count, one, many));
}

/* Between two wishes there is no drift. */
static void add_counts(struct verdict *verdict)
{
    const struct report *report = verdict->report;
    const struct plan_counts *counts = &report->plan->counts;
    add_count(verdict, counts->to_change, N_("%zu to change"), N_("%zu to change"));
    if (report->against == NULL || !report->against->is_revision) {
        add_count(verdict, counts->drifted, N_("%zu drifted"), N_("%zu drifted"));
    }
    add_count(verdict, counts->to_remove, N_("%zu to remove"), N_("%zu to remove"));
}

VEC(impact_list, const struct message *);

/* Each effect once, in the order of the actions. */
static struct impact_list collect_impacts(const struct report *report)
{
    struct map seen = {0};
    struct impact_list impacts = {0};
    for (size_t i = 0; i < report->plan->actions.count; i++) {
        const struct message *impact = report_impact(&report->plan->actions.items[i]);
        if (impact != NULL && !map_has(&seen, impact->text)) {
            (void)map_put(report->arena, &seen, impact->text, NULL);
            vec_add(report->arena, &impacts, impact);
        }
    }
    return impacts;
}

/* "; start shop, reload nginx". Of many the middle is only counted: nginx comes last. */
static void add_impact(struct verdict *verdict)
{
    enum { SHOWN_MOST = 12 };
    struct arena *arena = verdict->report->arena;
    const struct impact_list impacts = collect_impacts(verdict->report);
    size_t left_out = impacts.count > SHOWN_MOST ? impacts.count - SHOWN_MOST : 0;
    const char *separator = say_text(arena, verdict->language, N_("; "));
    for (size_t i = 0; i < impacts.count; i++) {
        if (left_out > 0 && i == SHOWN_MOST - 1) {
            text_addf(
                &verdict->text, "%s%s", separator,
                say_number(arena, verdict->language, left_out, N_("%zu more"), N_("%zu more")));
            i += left_out;
        }
        text_addf(&verdict->text, "%s%s", separator,
                  say_message(arena, verdict->language, impacts.items[i]));
        separator = say_text(verdict->text.arena, verdict->language, N_(", "));
    }
}

static void add_held(struct verdict *verdict)
{
    size_t held = verdict->report->plan->counts.held + verdict->report->held.count;
    if (held > 0) {
        add_count(verdict, held, N_("%zu held"), N_("%zu held"));
    }
}

static void add_unproven(struct verdict *verdict)
{
    size_t count = verdict->report->unproven.count;
    if (count > 0) {
        add_count(verdict, count, N_("%zu not proven"), N_("%zu not proven"));
    }
}

static const char *in_sync(const struct report *report, enum language language, size_t items)
{
    return say_number(report->arena, language, items, N_("in sync: %zu item as wanted"),
                      N_("in sync: %zu items as wanted"));
}

static const char *planned_verdict(const struct report *report, enum language language)
{
    const struct plan_counts *counts = &report->plan->counts;
    struct verdict verdict = verdict_begin(report, language);
    if (report->against != NULL) {
        text_addf(&verdict.text,
                  "%s: ", say(report->arena, language, "against %s", report->against->name));
    }
    if (counts->to_change + counts->drifted + counts->to_remove + counts->held +
            report->held.count + report->unproven.count ==
        0) {
        text_add(&verdict.text, in_sync(report, language, counts->items));
    } else {
        add_counts(&verdict);
        add_held(&verdict);
        add_unproven(&verdict);
        add_impact(&verdict);
    }
    if (report->facts->is_assumed) {
        text_addf(&verdict.text, " (%s)",
                  say_text(report->arena, language,
                           N_("facts assumed: Debian 12, nginx 1.22.1, systemd 252")));
    }
    return verdict.text.data;
}

static const char *applied_verdict(const struct report *report, enum language language)
{
    struct report_counts counts = report_count(report);
    struct verdict verdict = verdict_begin(report, language);
    if (counts.changed + counts.failed + counts.skipped + report->held.count +
            report->unproven.count + report->plan->counts.held ==
        0) {
        return in_sync(report, language, report->plan->counts.items);
    }
    add_count(&verdict, counts.changed, N_("%zu changed"), N_("%zu changed"));
    add_count(&verdict, counts.failed, N_("%zu failed"), N_("%zu failed"));
    add_count(&verdict, counts.skipped, N_("%zu skipped"), N_("%zu skipped"));
    add_held(&verdict);
    add_unproven(&verdict);
    if (report->generation_after != report->generation_before) {
        text_addf(&verdict.text, "%s%s", say_text(report->arena, language, N_("; ")),
                  say(report->arena, language, "generation %lu", report->generation_after));
    }
    return verdict.text.data;
}

static const char *checked_verdict(const struct report *report, enum language language)
{
    size_t count = report->documents == NULL ? 0 : report->documents->documents.count;
    return say_number(report->arena, language, count, N_("%zu document, no mistakes"),
                      N_("%zu documents, no mistakes"));
}

static const char *verdict_because(const struct report *report, enum language language,
                                   const char *word, const struct message *because)
{
    const struct message *message =
        message_chain(report->arena, message_word(report->arena, word), MESSAGE_COLON, because);
    return say_message(report->arena, language, message);
}

static const char *refused_verdict(const struct report *report, enum language language)
{
    return say_text(report->arena, language,
                    report->is_check
                        ? N_("refused: the documents have errors")
                        : N_("refused: the documents have errors; nothing was changed"));
}

const char *report_verdict(const struct report *report, enum language language)
{
    if (report->refused != NULL) {
        struct report healed = *report;
        healed.refused = NULL;
        return arena_printf(report->arena, "%s: %s",
                            say(report->arena, language,
                                "refused: the documents have errors; healing from generation %lu",
                                report->generation_before),
                            report_verdict(&healed, language));
    }
    if (report->is_refused) {
        return refused_verdict(report, language);
    }
    if (report->failure != NULL) {
        return verdict_because(report, language, N_("failed"), report->failure);
    }
    if (report->untested != NULL) {
        return verdict_because(report, language, N_("not tested"), report->untested);
    }
    if (report->is_check) {
        return checked_verdict(report, language);
    }
    if (report->plan == NULL) {
        return in_sync(report, language, report->settled_items);
    }
    return report->is_dry_run ? planned_verdict(report, language)
                              : applied_verdict(report, language);
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
                       report->unproven.count > 0 || has_error_finding(report);
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
