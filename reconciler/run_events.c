/* What happened beside the run and is recorded with it: changes that the loop saw, what became of
 * this version of the documents, and who did what. */
#include "run.h"

#include <string.h>

#include "core/diagnostics_report.h"
#include "core/diff.h"
#include "core/meaning.h"
#include "store/store.h"

enum { MICROSECONDS = 1000000 };

bool run_events_load(struct run *run, struct error *err)
{
    return drift_log_read(&run->host, run->arena, &run->drift_events, err) &&
           audit_log_read(&run->host, run->arena, &run->audit_entries, err);
}

bool run_events_wait(const struct run *run)
{
    return run->drift_events.count > 0 || run->audit_entries.count > 0;
}

bool run_events_settle(struct run *run, struct error *err)
{
    return drift_log_settle(&run->host, &run->drift_events, run->arena, err) &&
           (run->audit_entries.count == 0 || audit_log_clear(&run->host, run->arena, err));
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

/* --- deliveries ----------------------------------------------------------------------------- */

static const char *mistakes_text(struct run *run, const struct diagnostic_list *diagnostics)
{
    struct text out = text_make(run->arena);
    diagnostics_write_text(diagnostics, LANGUAGE_ENGLISH, false, &out);
    return out.length == 0 ? NULL : out.data;
}

/* What kept documents back, one a paragraph. */
static const char *held_text(struct run *run)
{
    struct text out = text_make(run->arena);
    for (size_t i = 0; i < run->report.held.count; i++) {
        const struct held_document *held = &run->report.held.items[i];
        text_line(&out, "%s: %s", document_id(run->arena, held->document), held->because->text);
        if (held->evidence != NULL) {
            text_line(&out, "%s", held->evidence->text);
        }
    }
    return out.length == 0 ? NULL : out.data;
}

static void take_fate(struct run *run, struct delivery_record *delivery)
{
    const struct report *report = &run->report;
    if (report->refused != NULL || report->is_refused) {
        delivery->fate = DELIVERY_REFUSED;
        delivery->evidence =
            mistakes_text(run, report->refused != NULL ? report->refused : &run->diagnostics);
    } else if (report->hold != NULL) {
        delivery->fate = DELIVERY_WAITING;
        delivery->evidence = report->hold->text;
    } else if (report->failure != NULL || report->untested != NULL) {
        delivery->fate = DELIVERY_REFUSED;
        const struct message *why = report->failure != NULL ? report->failure : report->untested;
        delivery->evidence = why->text;
    } else {
        bool is_partly = report->held.count > 0 || report_count(report).failed > 0;
        delivery->fate = is_partly ? DELIVERY_PARTLY : DELIVERY_APPLIED;
        delivery->evidence = held_text(run);
        delivery->generation = (int64_t)report->generation_after;
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
