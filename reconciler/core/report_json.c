/* The report as one JSON object, for programs. */
#include "core/blast.h"
#include "core/diagnostics_report.h"
#include "core/outlook.h"
#include "core/report_line.h"
#include "core/snapshot.h"
#include "core/state.h"
#include "model/json.h"

/* English: programs read it. */
static json_t *json_words(const struct message *message)
{
    return json_text(message == NULL ? NULL : message->text);
}

static json_t *json_place(struct arena *arena, struct span span)
{
    return span.source == NULL ? json_null() : json_text(span_text(arena, span));
}

static json_t *json_line(const struct report *report, const struct report_line *line)
{
    json_t *details = json_array();
    for (size_t i = 0; i < line->details.count; i++) {
        const char *detail =
            report_detail(report->arena, LANGUAGE_ENGLISH, &line->details.items[i]);
        (void)json_array_append_new(details, json_text(detail));
    }
    const struct action *action = line->action;
    const char *result = line->outcome == NULL ? NULL : report_result_word(line->outcome->result);
    const struct commit *commit = report->commit;
    return json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "item", line->name,
                     "verb", report_verb_word(action->verb), "drifted", line->is_drift, "document",
                     json_text(line->owner), "place", json_text(line->place), "commit",
                     json_text(commit == NULL ? NULL : commit->id), "held",
                     json_words(line->held_because), "result", json_text(result), "note",
                     json_words(line->note), "details", details, "diff", json_text(line->diff));
}

static json_t *json_changes(const struct report *report)
{
    json_t *changes = json_array();
    if (report->plan != NULL) {
        struct report_lines lines = {0};
        report_collect(report, &lines);
        for (size_t i = 0; i < lines.count; i++) {
            (void)json_array_append_new(changes, json_line(report, &lines.items[i]));
        }
    }
    return changes;
}

static json_t *json_findings(const struct report *report)
{
    json_t *findings = json_array();
    for (size_t i = 0; i < report->findings.count; i++) {
        const struct finding *finding = &report->findings.items[i];
        (void)json_array_append_new(
            findings, json_pack("{s:s, s:o, s:o, s:o, s:b}", "tool", finding->tool, "place",
                                json_place(report->arena, finding->span), "document",
                                json_text(finding->document), "message",
                                json_words(finding->message), "is_error", finding->is_error));
    }
    return findings;
}

static json_t *json_held(const struct report *report, const struct held_documents *documents)
{
    json_t *list = json_array();
    for (size_t i = 0; i < documents->count; i++) {
        const struct held_document *held = &documents->items[i];
        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:o, s:s, s:o}", "document",
                      document_id(report->arena, held->document), "place",
                      json_place(report->arena,
                                 held->span.source != NULL ? held->span : held->document->span),
                      "because", held->because->text, "evidence", json_words(held->evidence)));
    }
    return list;
}

/* Seconds since the epoch; null: never. */
static json_t *json_moment(int64_t seconds)
{
    return seconds == 0 ? json_null() : json_integer((json_int_t)seconds);
}

static json_t *json_served(const struct proof *proof)
{
    if (proof == NULL) {
        return json_null();
    }
    bool is_shown = proof->fingerprint != NULL;
    return json_pack("{s:I, s:b, s:o, s:o, s:o, s:o}", "asked_at", (json_int_t)proof->asked_at,
                     "is_wanted", proof_is_well(proof), "fingerprint",
                     json_text(proof->fingerprint), "expires_at",
                     is_shown ? json_moment(proof->expires_at) : json_null(), "asked",
                     json_text(proof->asked), "why", json_text(proof->why));
}

/* What stands on disk, and what handshakes have shown of it. */
static json_t *json_certificates(const struct report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->certificates.count; i++) {
        const struct certificate_state *state = &report->certificates.items[i];
        const struct item *item = state->item;
        (void)json_array_append_new(
            list, json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "certificate", item->id,
                            "document",
                            json_text(item->document == NULL
                                          ? NULL
                                          : document_id(report->arena, item->document)),
                            "fingerprint", state->pair->fingerprint, "expires_at",
                            json_moment(state->pair->expires_at), "proven_at",
                            json_moment(state->proven_at), "served", json_served(state->proof),
                            "alarm", json_text(certificate_alarm_word(state->alarm)), "because",
                            json_words(state->because)));
    }
    return list;
}

static json_t *json_commit(const struct commit *commit)
{
    return commit == NULL
               ? json_null()
               : json_pack("{s:s, s:s, s:s, s:I}", "id", commit->id, "subject", commit->subject,
                           "author", commit->author, "at", (json_int_t)commit->at);
}

static json_t *json_counts(const struct report *report)
{
    struct plan_counts planned = {0};
    struct report_counts done = {0};
    planned.items = report->settled_items;
    if (report->plan != NULL) {
        planned = report->plan->counts;
        done = report_count(report);
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "items", (json_int_t)planned.items,
                     "to_change", (json_int_t)planned.to_change, "drifted",
                     (json_int_t)planned.drifted, "to_remove", (json_int_t)planned.to_remove,
                     "held", (json_int_t)(planned.held + report->held.count), "changed",
                     (json_int_t)done.changed, "failed", (json_int_t)done.failed, "skipped",
                     (json_int_t)done.skipped);
}

static json_t *json_impact(const struct report *report)
{
    json_t *impact = json_array();
    for (size_t i = 0; report->plan != NULL && i < report->plan->actions.count; i++) {
        const struct message *effect = report_impact(&report->plan->actions.items[i]);
        if (effect != NULL) {
            (void)json_array_append_new(impact, json_words(effect));
        }
    }
    return impact;
}

static json_t *json_diagnostics(const struct report *report)
{
    static const struct diagnostic_list none = {0};
    const struct diagnostic_list *list = report->diagnostics;
    return diagnostics_json(report->arena, list == NULL ? &none : list);
}

/* Each with its state, where the host was looked at. */
static json_t *json_documents(const struct report *report)
{
    json_t *list = json_array();
    struct document_states states = {0};
    if (report->documents != NULL) {
        document_states_collect(report, report->documents, &states);
    }
    for (size_t i = 0; i < states.count; i++) {
        const struct document_state *state = &states.items[i];
        const char *word = report->plan == NULL ? NULL : item_state_word(state->state);
        (void)json_array_append_new(
            list, json_pack("{s:o, s:o, s:o, s:o}", "document",
                            json_text(document_id(report->arena, state->document)), "place",
                            json_place(report->arena, state->document->span), "state",
                            json_text(word), "detail", json_words(state->detail)));
    }
    return list;
}

static json_t *json_names(const struct report *report, const struct document_list *list)
{
    json_t *names = json_array();
    for (size_t i = 0; i < list->count; i++) {
        (void)json_array_append_new(names, json_text(document_id(report->arena, list->items[i])));
    }
    return names;
}

static json_t *json_against(const struct report *report)
{
    const struct comparison *against = report->against;
    if (against == NULL) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "name", json_text(against->name), "note",
                     json_words(against->note), "added", json_names(report, &against->added),
                     "removed", json_names(report, &against->removed));
}

void report_write_json(const struct report *report, const struct report_style *style,
                       struct text *out)
{
    AUTO_JSON root =
        json_pack("{s:s, s:i, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, "
                  "s:o, s:o, s:o}",
                  "verdict", report_verdict(report, LANGUAGE_ENGLISH), "exit_code",
                  (int)report_exit_code(report, style->is_detailed), "dry_run", report->is_dry_run,
                  "commit", json_commit(report->commit), "hold", json_words(report->hold),
                  "against", json_against(report), "counts", json_counts(report), "impact",
                  json_impact(report), "reach", blast_json(report), "orders", outlook_json(report),
                  "generation_before", (json_int_t)report->generation_before, "generation_after",
                  (json_int_t)report->generation_after, "documents", json_documents(report),
                  "diagnostics", json_diagnostics(report), "findings", json_findings(report),
                  "held", json_held(report, &report->held), "unproven",
                  json_held(report, &report->unproven), "changes", json_changes(report));
    if (report->certificates.count > 0) {
        (void)json_object_set_new(root, "certificates", json_certificates(report));
    }
    if (report->snapshot != NULL) {
        (void)json_object_set_new(root, "host", snapshot_write(report->arena, report->snapshot));
    }
    CLEANUP(cleanup_free) char *text = json_dumps(root, JSON_INDENT(2));
    if (text != NULL) {
        text_line(out, "%s", text);
    }
}
