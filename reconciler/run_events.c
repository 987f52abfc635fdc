/* What happened beside the run and is recorded with it: changes that the loop saw, what became of
 * this version of the documents, and who did what. */
#include "run.h"

#include <string.h>

#include "core/diagnostics_report.h"
#include "core/diff.h"
#include "core/meaning.h"
#include "store/store.h"

enum { MICROSECONDS = 1000000 };

/* Others never have anything to read. */
static bool has_channels(const struct run *run)
{
    return run->settings->notify.count > 0 || run->settings->source.status.object.node != NULL;
}

bool run_events_load(struct run *run, struct error *err)
{
    return drift_log_read(&run->host, run->arena, &run->drift_events, err) &&
           audit_log_read(&run->host, run->arena, &run->audit_entries, err) &&
           (!has_channels(run) ||
            notify_results_read(&run->host, run->arena, &run->notify_results, err));
}

bool run_events_wait(const struct run *run)
{
    return run->drift_events.count > 0 || run->audit_entries.count > 0;
}

bool run_events_settle(struct run *run, struct error *err)
{
    return drift_log_settle(&run->host, &run->drift_events, run->arena, err) &&
           (run->audit_entries.count == 0 || audit_log_clear(&run->host, run->arena, err)) &&
           notify_results_settle(&run->host, &run->notify_results, run->arena, err);
}

/* --- drift ---------------------------------------------------------------------------------- */

static const char *desired_text(const struct run *run, const char *path)
{
    for (size_t i = 0; i < run->last_good.count; i++) {
        if (strcmp(run->last_good.items[i].path, path) == 0) {
            return run->last_good.items[i].content.data;
        }
    }
    return NULL;
}

static const char *parents_of(struct arena *arena, const struct file_writer *writer)
{
    struct text out = text_make(arena);
    for (size_t i = 0; i < writer->ancestor_count; i++) {
        const char *program = writer->ancestors[i].program;
        text_addf(&out, "%s%s", i == 0 ? "" : " < ", program == NULL ? "?" : program);
    }
    return out.length == 0 ? NULL : out.data;
}

static void take_writer(struct arena *arena, const struct file_writer *writer,
                        struct drift_record *drift)
{
    if (writer == NULL || !writer->is_known) {
        return;
    }
    drift->program = writer->program;
    drift->command = writer->command;
    drift->pid = writer->pid;
    drift->parents = parents_of(arena, writer);
    drift->user = writer->user_name;
    drift->login = writer->login_user_name;
    drift->unit = writer->unit;
}

/* From what was found to what is desired; a file that was not kept has no diff. */
static void take_diff(struct run *run, const struct drift_event *event, struct drift_record *drift)
{
    struct str found = {0};
    const char *desired = desired_text(run, event->path);
    bool has_found = drift_log_replaced(&run->host, event, run->arena, &found);
    bool was_removed = strcmp(event->what, "removed") == 0;
    if (desired == NULL || (!has_found && !was_removed)) {
        return;
    }
    drift->diff = diff_unified(run->arena, event->path, has_found ? found.data : NULL, desired);
    drift->is_cosmetic =
        has_found && meaning_is_same(run->arena, event->path, found, str_of(desired));
}

static void split_document(struct arena *arena, const char *document, struct drift_record *drift)
{
    const char *colon = document == NULL ? NULL : strchr(document, ':');
    if (colon != NULL) {
        drift->kind = arena_strndup(arena, document, (size_t)(colon - document));
        drift->name = colon + 1;
    }
}

const struct drift_record *run_drift_records(struct run *run)
{
    struct drift_record *records =
        arena_array(run->arena, run->drift_events.count, sizeof(*records));
    for (size_t i = 0; i < run->drift_events.count; i++) {
        const struct drift_event *event = &run->drift_events.items[i];
        records[i] = (struct drift_record){
            .at = event->at_us,
            .path = event->path,
            .what = event->what,
            .answer = drift_answer_word(event->answer),
            .reason = event->because,
            .took_us = event->took_us,
            .package = event->package,
            .replaced = event->replaced == NULL ? NULL
                                                : arena_printf(run->arena, "%s/drift/%s",
                                                               run->layout.state, event->replaced),
        };
        split_document(run->arena, event->document, &records[i]);
        take_writer(run->arena, event->writer, &records[i]);
        take_diff(run, event, &records[i]);
    }
    return records;
}

/* --- audit ---------------------------------------------------------------------------------- */

const struct audit_record *run_audit_records(struct run *run)
{
    struct audit_record *records =
        arena_array(run->arena, run->audit_entries.count, sizeof(*records));
    for (size_t i = 0; i < run->audit_entries.count; i++) {
        const struct audit_entry *entry = &run->audit_entries.items[i];
        records[i] = (struct audit_record){
            .at = entry->at_us,
            .who = entry->who,
            .from = entry->from,
            .action = entry->action,
            .target = entry->target,
            .detail = entry->detail,
            .commit = run->commit == NULL ? NULL : run->commit->id,
        };
    }
    return records;
}

/* --- notifications -------------------------------------------------------------------------- */

const struct notification_record *run_notification_records(struct run *run)
{
    struct notification_record *records =
        arena_array(run->arena, run->notify_results.count, sizeof(*records));
    for (size_t i = 0; i < run->notify_results.count; i++) {
        const struct notify_result *result = &run->notify_results.items[i];
        records[i] = (struct notification_record){
            .at = result->at_us,
            .message = result->message,
            .channel = result->channel,
            .subject = result->subject,
            .result = result->result,
            .attempt = result->attempt,
            .answer = result->answer,
        };
    }
    return records;
}

/* --- deliveries ----------------------------------------------------------------------------- */

static const char *mistakes_text(struct run *run, const struct diagnostic_list *diagnostics)
{
    struct text out = text_make(run->arena);
    diagnostics_write_text(diagnostics, LANGUAGE_ENGLISH, false, &out);
    return out.length == 0 ? NULL : out.data;
}

/* What kept documents back, one a paragraph. */
static void add_held(struct run *run, struct text *out, struct delivery_record *delivery)
{
    for (size_t i = 0; i < run->report.held.count; i++) {
        const struct held_document *held = &run->report.held.items[i];
        text_line(out, "%s: %s", document_id(run->arena, held->document), held->because->text);
        if (held->evidence != NULL) {
            text_line(out, "%s", held->evidence->text);
        }
        delivery->stage = held->stage != NULL ? held->stage : delivery->stage;
    }
}

/* What this version asks for and a mode, a guard or somebody keeps from being done. False: nothing
 * is kept back so. */
static bool add_kept_back(struct run *run, struct text *out)
{
    bool has_any = false;
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        const struct action *action = &run->plan.actions.items[i];
        if (action->verb != ACTION_NONE && action->cause == CAUSE_PENDING &&
            action->held_because != NULL) {
            text_line(out, "%s: %s", item_name(run->arena, action->item),
                      action->held_because->text);
            has_any = true;
        }
    }
    return has_any;
}

/* True when what runs was made from this very version. */
static bool is_in_use(struct run *run)
{
    const char *digest = NULL;
    struct error err = {0};
    unsigned long generation = run->report.generation_after;
    return generation != 0 && run_saved_digest(run, generation, &digest, &err) &&
           strcmp(digest, run->source_digest) == 0;
}

static void take_applied(struct run *run, struct delivery_record *delivery)
{
    const struct report *report = &run->report;
    bool was_looked_at = report->plan != NULL;
    const struct report_counts counts =
        was_looked_at ? report_count(report) : (struct report_counts){0};
    struct text evidence = text_make(run->arena);
    add_held(run, &evidence, delivery);
    bool is_kept_back = was_looked_at && add_kept_back(run, &evidence);
    delivery->generation = (int64_t)report->generation_after;
    delivery->evidence = evidence.length == 0 ? NULL : evidence.data;
    if (report->held.count > 0 || counts.failed > 0) {
        delivery->fate = DELIVERY_PARTLY;
        delivery->stage = delivery->stage == NULL && counts.failed > 0 ? "apply" : delivery->stage;
    } else if (is_kept_back && counts.changed == 0 && !is_in_use(run)) {
        delivery->fate = DELIVERY_WAITING;
        delivery->stage = "mode";
        delivery->generation = 0;
    } else if (is_kept_back) {
        delivery->fate = DELIVERY_PARTLY;
        delivery->stage = "mode";
    } else if (counts.changed > 0 || report->generation_before != report->generation_after) {
        delivery->fate = DELIVERY_APPLIED;
    } else {
        delivery->fate = DELIVERY_UNCHANGED;
    }
}

static const char *waiting_stage(const struct run *run)
{
    return run->memory.held_inputs != NULL                  ? "rollback"
           : run->settings->deliver.index == DELIVER_MANUAL ? "manual"
                                                            : "window";
}

static void take_fate(struct run *run, struct delivery_record *delivery)
{
    const struct report *report = &run->report;
    if (report->refused != NULL || report->is_refused) {
        delivery->fate = DELIVERY_REFUSED;
        delivery->stage = "check";
        delivery->evidence =
            mistakes_text(run, report->refused != NULL ? report->refused : &run->diagnostics);
    } else if (report->hold != NULL) {
        delivery->fate = DELIVERY_WAITING;
        delivery->stage = waiting_stage(run);
        delivery->evidence = report->hold->text;
    } else if (report->failure != NULL || report->untested != NULL) {
        delivery->fate = DELIVERY_REFUSED;
        delivery->stage = run->stage;
        const struct message *why = report->failure != NULL ? report->failure : report->untested;
        delivery->evidence = why->text;
    } else {
        take_applied(run, delivery);
    }
}

const struct delivery_record *run_delivery_record(struct run *run)
{
    if (run->source_digest == NULL || run->options->rollback_to != 0) {
        return NULL; /* nothing was read, or it was read before */
    }
    struct delivery_record *delivery = arena_new(run->arena, struct delivery_record);
    *delivery = (struct delivery_record){.version = run->source_digest,
                                         .source = run->source_name != NULL ? run->source_name
                                                                            : run->folder};
    if (run->commit != NULL) {
        delivery->version = run->commit->id;
        delivery->commit = run->commit->id;
        delivery->subject = run->commit->subject;
        delivery->author = run->commit->author;
        delivery->commit_at = run->commit->at * MICROSECONDS;
    }
    take_fate(run, delivery);
    return delivery;
}
