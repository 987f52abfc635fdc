/* What a run leaves behind besides its work: the ledger, without which nothing would ever be
 * removed, and the store, from which the status pages read. */
#include "run.h"

#include <string.h>

#include "base/log.h"
#include "core/diagnostics_report.h"
#include "core/report_line.h"
#include "core/state.h"
#include "model/certificate_item.h"
#include "model/file_item.h"
#include "model/tree_item.h"
#include "providers/providers.h"
#include "store/store.h"

/* --- the ledger ----------------------------------------------------------------------------- */

/* With the digest of before, if there is one. */
static struct ledger_entry entry_for(struct run *run, const char *type, const char *id,
                                     const struct document *document)
{
    struct ledger_entry entry = {.type = type, .id = id};
    if (document != NULL) {
        const struct common_spec *common = document->spec;
        entry.document = document_id(run->arena, document);
        entry.is_protected = common->protect.is_true;
    }
    const struct ledger_entry *before = ledger_find(run->ledger, type, id);
    if (before != NULL) {
        memcpy(entry.digest, before->digest, sizeof(entry.digest));
    }
    return entry;
}

static struct ledger_entry entry_of(struct run *run, const struct item *item)
{
    struct ledger_entry entry = entry_for(run, item->type, item->id, item->document);
    entry.has_data = item->has_data;
    return entry;
}

static const char *member_path(struct run *run, const struct tree_member *member)
{
    return arena_printf(run->arena, "%s/%s", run->layout.nginx_tree, member->path);
}

/* Whose the members of the tree are, and which are protected: a member outlives its document where
 * a guard keeps it. */
static void put_parts(struct run *run, bool is_intent)
{
    struct map present = {0};
    const struct tree_item *tree = run->desired.tree;
    for (size_t i = 0; tree != NULL && i < tree->members.count; i++) {
        const struct tree_member *member = &tree->members.items[i];
        const char *path = member_path(run, member);
        struct ledger_entry entry = entry_for(run, LEDGER_PART, path, member->document);
        (void)ledger_put(run->ledger, &entry);
        (void)map_put(run->arena, &present, path, NULL);
    }
    for (size_t i = 0; i < run->plan.left.count; i++) {
        (void)map_put(run->arena, &present, run->plan.left.items[i].path, NULL);
    }
    for (size_t i = 0; !is_intent && i < run->parts.count; i++) {
        if (!map_has(&present, run->parts.items[i].id)) {
            (void)ledger_remove(run->ledger, LEDGER_PART, run->parts.items[i].id);
        }
    }
}

/* Before apply: what is about to be made is ours from now on, whatever happens; and where we are
 * ended in the middle, what we changed is no drift. The tree is switched as a whole. */
static void put_intent(struct run *run)
{
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        const struct action *action = &run->plan.actions.items[i];
        if (action->item->wanted != NULL && action_is_due(action)) {
            bool is_tree = strcmp(action->item->type, ITEM_TREE) == 0;
            struct ledger_entry entry = entry_of(run, action->item);
            entry.is_begun = !is_tree && action->cause == CAUSE_PENDING;
            (void)ledger_put(run->ledger, &entry);
            if (is_tree) {
                put_parts(run, true);
            }
        }
    }
}

static bool is_as_wanted(const struct run *run, size_t index)
{
    const struct action *action = &run->plan.actions.items[index];
    if (action->verb == ACTION_NONE) {
        bool is_ours = ledger_find(run->ledger, action->item->type, action->item->id) != NULL;
        const struct document *document = action->item->document;
        const struct common_spec *common = document == NULL ? NULL : document->spec;
        return is_ours || run->options->may_adopt || (common != NULL && common->adopt.is_true);
    }
    return run->outcomes != NULL && run->outcomes[index].result == OUTCOME_CHANGED;
}

/* False while the tree could not be brought to what is wanted. */
static bool is_tree_settled(const struct run *run)
{
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        if (strcmp(run->plan.actions.items[i].item->type, ITEM_TREE) == 0) {
            return is_as_wanted(run, i);
        }
    }
    return false;
}

static bool is_gone(const struct run *run, size_t index)
{
    const struct action *action = &run->plan.actions.items[index];
    bool was_deleted = run->outcomes != NULL && action->verb == ACTION_DELETE &&
                       run->outcomes[index].result == OUTCOME_CHANGED;
    bool was_absent =
        action->item->wanted == NULL && !action->found->exists && action->found->trouble == NULL;
    bool was_taken_back = run->outcomes != NULL && action->verb == ACTION_CREATE &&
                          run->outcomes[index].result == OUTCOME_SKIPPED;
    return was_deleted || was_absent || was_taken_back;
}

static void put_result(struct run *run)
{
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        const struct item *item = run->plan.actions.items[i].item;
        if (is_gone(run, i)) {
            (void)ledger_remove(run->ledger, item->type, item->id);
        } else if (item->wanted != NULL && is_as_wanted(run, i)) {
            struct ledger_entry entry = entry_of(run, item);
            const char *digest = plan_item_digest(&run->plan_input.providers, item, run->arena);
            memcpy(entry.digest, digest, sizeof(entry.digest));
            (void)ledger_put(run->ledger, &entry);
        } else if (item->wanted != NULL && action_is_due(&run->plan.actions.items[i])) {
            struct ledger_entry entry = entry_of(run, item); /* failed or skipped: it has ended */
            (void)ledger_put(run->ledger, &entry);
        }
    }
    if (is_tree_settled(run)) {
        put_parts(run, false);
    }
}

bool run_save_ledger(struct run *run, bool is_intent, struct error *err)
{
    if (is_intent) {
        put_intent(run);
    } else {
        put_result(run);
    }
    return ledger_save(&run->host, run->ledger, err);
}

/* --- the store ------------------------------------------------------------------------------ */

/* Texts are recorded in English, whoever runs the program: many read them, in their languages. */

VEC(action_records, struct action_record);
VEC(item_records, struct item_record);
VEC(document_records, struct document_record);
VEC(certificate_records, struct certificate_record);

static void collect_actions(struct run *run, struct action_records *out)
{
    struct report_lines lines = {0};
    report_collect(&run->report, &lines);
    for (size_t i = 0; i < lines.count; i++) {
        const struct report_line *line = &lines.items[i];
        const struct item *item = line->action->item;
        const struct document *document = line->document != NULL ? line->document : item->document;
        const struct outcome *outcome = line->outcome;
        vec_add(run->arena, out,
                (struct action_record){
                    .verb = report_verb_word(line->action->verb),
                    .cause = line->is_drift ? "drift" : "pending",
                    .result = outcome == NULL ? "unchanged" : report_result_word(outcome->result),
                    .type = strcmp(line->id, item->id) == 0 ? item->type : ITEM_FILE,
                    .id = line->id,
                    .kind = document == NULL ? NULL : document->kind_name,
                    .name = document == NULL ? NULL : document->name,
                    .place = line->place,
                    .diff = line->diff,
                    .reason = line->note == NULL ? NULL : line->note->text,
                    .error = outcome == NULL || outcome->error.message[0] == '\0'
                                 ? NULL
                                 : outcome->error.message,
                    .evidence = line->evidence,
                    .took_us = outcome == NULL ? 0 : outcome->took_us,
                });
    }
}

static void add_item(struct run *run, struct item_records *out, struct item_record record,
                     const struct document *document, const struct message *detail)
{
    record.kind = document == NULL ? record.kind : document->kind_name;
    record.name = document == NULL ? record.name : document->name;
    record.detail = detail == NULL || record.state == ITEM_STATE_IN_SYNC ? NULL : detail->text;
    vec_add(run->arena, out, record);
}

/* "site:shop" of a document that is gone, as kind and name. */
static void take_owner(struct arena *arena, struct item_record *record, const char *owner)
{
    const char *colon = owner == NULL ? NULL : strchr(owner, ':');
    if (colon != NULL) {
        record->kind = arena_strndup(arena, owner, (size_t)(colon - owner));
        record->name = colon + 1;
    }
}

bool run_concerns_all(const struct action *action, const struct outcome *outcome)
{
    bool is_whole = action->found->trouble != NULL ||
                    (outcome != NULL && outcome->result == OUTCOME_FAILED) ||
                    (action->held_because != NULL && action->verb == ACTION_CREATE);
    for (size_t i = 0; i < action->changes.count; i++) {
        is_whole |= action->changes.items[i].thing == NULL;
    }
    return is_whole;
}

/* The files of the tree, each of its own document. */
static void collect_members(struct run *run, const struct action *action,
                            const struct outcome *outcome, struct item_records *out)
{
    struct map changes = {0};
    bool is_whole = run_concerns_all(action, outcome);
    for (size_t i = 0; i < action->changes.count; i++) {
        struct change *change = &action->changes.items[i];
        if (change->thing != NULL) {
            (void)map_put(run->arena, &changes, change->thing, change);
        }
        if (change->thing != NULL && change->to == NULL && change->held_because != NULL) {
            struct item_record record = {.type = ITEM_FILE,
                                         .id = change->thing,
                                         .state = part_state(action, outcome, change)};
            take_owner(run->arena, &record, change->owner);
            add_item(run, out, record, NULL, part_detail(run->arena, action, outcome, change));
        }
    }
    const struct tree_item *tree = action->item->wanted;
    for (size_t i = 0; tree != NULL && i < tree->members.count; i++) {
        const struct tree_member *member = &tree->members.items[i];
        const struct document *document = member->document;
        const char *path = member_path(run, member);
        const struct change *change = map_get(&changes, path);
        struct item_record record = {
            .type = ITEM_FILE,
            .id = path,
            .place = document == NULL ? NULL : span_text(run->arena, document->span),
            .state = change != NULL ? part_state(action, outcome, change)
                     : is_whole     ? action_state(action, outcome)
                                    : ITEM_STATE_IN_SYNC};
        add_item(run, out, record, document,
                 change != NULL ? part_detail(run->arena, action, outcome, change)
                                : action_detail(run->arena, action, outcome));
    }
}

static void collect_items(struct run *run, struct item_records *out)
{
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        const struct action *action = &run->plan.actions.items[i];
        const struct item *item = action->item;
        if (item->wanted == NULL && is_gone(run, i)) {
            continue;
        }
        const struct outcome *outcome = run->outcomes == NULL ? NULL : &run->outcomes[i];
        struct item_record record = {
            .type = item->type,
            .id = item->id,
            .place = item->span.source == NULL ? NULL : span_text(run->arena, item->span),
            .state = action_state(action, outcome),
        };
        take_owner(run->arena, &record, action->owner);
        if (strcmp(item->type, ITEM_TREE) == 0) {
            collect_members(run, action, outcome, out);
            record.state = run_concerns_all(action, outcome) ? record.state : ITEM_STATE_IN_SYNC;
        }
        add_item(run, out, record, item->document, action_detail(run->arena, action, outcome));
    }
}

static void collect_documents(struct run *run, struct document_records *out)
{
    struct document_states states = {0};
    document_states_collect(&run->report, &run->documents, &states);
    for (size_t i = 0; i < states.count; i++) {
        const struct document *document = states.items[i].document;
        const struct common_spec *common = document->spec;
        const struct message *detail = states.items[i].detail;
        vec_add(run->arena, out,
                (struct document_record){
                    .kind = document->kind_name,
                    .name = document->name,
                    .place = span_text(run->arena, document->span),
                    .description = common->description.text,
                    .state = states.items[i].state,
                    .detail = detail == NULL ? NULL : detail->text,
                });
    }
}

static const char *join_names(struct arena *arena, const struct certificate_item *wanted)
{
    struct text out = text_make(arena);
    for (size_t i = 0; i < wanted->name_count; i++) {
        text_addf(&out, "%s%s", i == 0 ? "" : " ", wanted->names[i]);
    }
    return out.data;
}

enum { MICROSECONDS = 1000000 };

static void take_proof(struct run *run, const struct proof *proof,
                       struct certificate_record *record)
{
    record->asked_at = proof->asked_at * MICROSECONDS;
    record->served_not_after = proof->expires_at * MICROSECONDS;
    if (!proof_is_well(proof)) {
        record->served_instead = proof_text(run->arena, proof)->text;
    }
}

static void collect_certificates(struct run *run, struct certificate_records *out)
{
    for (size_t i = 0; i < run->report.certificates.count; i++) {
        const struct certificate_state *state = &run->report.certificates.items[i];
        const struct item *item = state->item;
        int64_t lifetime = state->pair->expires_at - state->pair->starts_at;
        struct certificate_record record = {
            .name = item->id,
            .names = join_names(run->arena, item->wanted),
            .issuer = state->pair->issued_by,
            .kind = item->document == NULL ? NULL : item->document->kind_name,
            .document = item->document == NULL ? NULL : item->document->name,
            .not_before = state->pair->starts_at * MICROSECONDS,
            .not_after = state->pair->expires_at * MICROSECONDS,
            .renews_at = (state->pair->expires_at - lifetime / 3) * MICROSECONDS,
            .alarm = certificate_alarm_word(state->alarm),
            .because = state->because == NULL ? NULL : state->because->text,
            .proven_at = state->proven_at * MICROSECONDS,
        };
        if (state->proof != NULL) {
            take_proof(run, state->proof, &record);
        }
        vec_add(run->arena, out, record);
    }
}

static enum run_verdict verdict_of(const struct run *run)
{
    switch (report_exit_code(&run->report, false)) {
    case EXIT_CODE_SUCCESS:
        return report_count(&run->report).changed > 0 ? RUN_VERDICT_CHANGED : RUN_VERDICT_SUCCESS;
    case EXIT_CODE_PARTLY:
        return RUN_VERDICT_PARTLY;
    default:
        return RUN_VERDICT_FAILED;
    }
}

static struct run_counts counts_of(const struct run *run)
{
    struct run_counts counts = {0};
    if (run->report.plan == NULL) {
        return counts;
    }
    struct report_counts done = report_count(&run->report);
    counts.changed = (int64_t)done.changed;
    counts.failed = (int64_t)done.failed;
    counts.skipped = (int64_t)done.skipped;
    counts.unchanged =
        (int64_t)(run->plan.actions.count - done.changed - done.failed - done.skipped);
    counts.pending = (int64_t)run->plan.counts.to_change;
    counts.drifted = (int64_t)run->plan.counts.drifted;
    counts.removed = (int64_t)run->plan.counts.to_remove;
    return counts;
}

/* The verdict, and below it what stands in the way: mistakes of the documents, and those that stay
 * as they were. Pages show the first line in lists. */
static const char *message_of(struct run *run)
{
    struct text out = text_make(run->arena);
    const struct report_style style = {.language = LANGUAGE_ENGLISH};
    text_line(&out, "%s", report_verdict(&run->report, LANGUAGE_ENGLISH));
    if (run->report.refused != NULL) {
        diagnostics_write_text(run->report.refused, LANGUAGE_ENGLISH, false, &out);
    }
    if (run->report.is_refused) {
        diagnostics_write_text(&run->diagnostics, LANGUAGE_ENGLISH, false, &out);
    }
    if (run->report.plan != NULL) {
        report_write_problems(&run->report, &style, &out);
    }
    return out.data;
}

static struct run_record record_of(struct run *run)
{
    return (struct run_record){
        .started_at = run->started_us,
        .ended_at = run_clock_us(),
        .trigger = run->options->trigger,
        .mode = settings_mode_word(run->settings),
        .version = RECONCILE_VERSION,
        .host = run->host_name,
        .environment = run->environment,
        .source = run->source_name != NULL ? run->source_name : run->folder,
        .commit = run->commit == NULL ? NULL : run->commit->id,
        .commit_subject = run->commit == NULL ? NULL : run->commit->subject,
        .commit_author = run->commit == NULL ? NULL : run->commit->author,
        .commit_at = run->commit == NULL ? 0 : run->commit->at * MICROSECONDS,
        .desired_digest = run->key,
        .document_count = (int64_t)run->documents.documents.count,
        .generation_before = (int64_t)run->report.generation_before,
        .generation_after = (int64_t)run->report.generation_after,
        .verdict = verdict_of(run),
        .exit_code = (int64_t)report_exit_code(&run->report, false),
        .counts = counts_of(run),
        .message = message_of(run),
    };
}

static bool write_record(struct run *run, struct store *store, struct error *err)
{
    struct action_records actions = {0};
    struct item_records items = {0};
    struct document_records documents = {0};
    struct certificate_records certificates = {0};
    bool was_looked_at = run->report.plan != NULL;
    if (was_looked_at) {
        collect_actions(run, &actions);
        collect_items(run, &items);
        collect_documents(run, &documents);
        collect_certificates(run, &certificates);
    }
    const struct run_report report = {
        .run = record_of(run),
        .actions = actions.items,
        .action_count = actions.count,
        .state = was_looked_at ? RUN_STATE_REPLACED : RUN_STATE_KEPT,
        .items = items.items,
        .item_count = items.count,
        .documents = documents.items,
        .document_count = documents.count,
        .certificates = certificates.items,
        .certificate_count = certificates.count,
        .drifts = run_drift_records(run),
        .drift_count = run->drift_events.count,
        .delivery = run_delivery_record(run),
        .audits = run_audit_records(run),
        .audit_count = run->audit_entries.count,
        .notifications = run_notification_records(run),
        .notification_count = run->notify_results.count,
    };
    int64_t number = 0;
    return store_record_run(store, &report, &number, err);
}

static void complain(const struct run *run, const struct error *err)
{
    log_event(LOG_LEVEL_WARNING, "the run could not be recorded", "store", run->store_path, "error",
              err->message, NULL);
}

void run_record(struct run *run)
{
    struct store *store = NULL;
    struct error err = {0};
    bool is_done = store_open(run->store_path, run->store_group, &store, &err) &&
                   write_record(run, store, &err) && run_events_settle(run, &err);
    store_close(store);
    if (!is_done) {
        complain(run, &err);
    }
}

bool run_record_confirmed(struct run *run)
{
    struct store *store = NULL;
    struct error err = {0};
    bool is_done = store_open(run->store_path, run->store_group, &store, &err);
    if (is_done && !store_is_settled(store, run->key)) {
        store_close(store);
        return false;
    }
    /* A folder that is as it was has its row; a commit may be a new one all the same. */
    const struct run_report report = {
        .run = record_of(run),
        .state = RUN_STATE_CONFIRMED,
        .delivery = run->commit == NULL ? NULL : run_delivery_record(run),
        .notifications = run_notification_records(run),
        .notification_count = run->notify_results.count,
    };
    int64_t number = 0;
    is_done = is_done && store_record_run(store, &report, &number, &err) &&
              notify_results_settle(&run->host, &run->notify_results, run->arena, &err);
    store_close(store);
    if (!is_done) {
        complain(run, &err); /* the disk is the truth: nothing is to be done all the same */
    }
    return true;
}
