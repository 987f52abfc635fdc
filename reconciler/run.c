/* One run, all stages in order. Read this file first. */
#include "run.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "core/decode.h"
#include "core/order.h"
#include "core/resolve.h"
#include "core/say.h"
#include "core/validate.h"
#include "model/nginx_load.h"
#include "model/tree_item.h"
#include "providers/certificate_outlook.h"
#include "providers/fingerprints.h"
#include "providers/nginx.h"
#include "providers/providers.h"
#include "providers/staging.h"
#include "providers/unit.h"

enum { MICROSECONDS_A_SECOND = 1000000, NANOSECONDS_A_MICROSECOND = 1000 };

int64_t run_clock_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * MICROSECONDS_A_SECOND + now.tv_nsec / NANOSECONDS_A_MICROSECOND;
}

void run_progress(struct run *run, const char *format, ...)
{
    if (run->options->progress == NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    run->options->progress(run->options->progress_context,
                           say_list(run->arena, run->options->language, format, arguments));
    va_end(arguments);
}

bool run_fail(struct run *run, const struct error *err)
{
    run->report.failure = message_of_error(run->arena, err);
    return false;
}

static bool refuse_if_errors(struct run *run)
{
    run->report.is_refused = diagnostics_have_errors(&run->diagnostics);
    return !run->report.is_refused;
}

static void copy_files(struct run *run, const struct generation_files *from,
                       struct desired_files *to)
{
    for (size_t i = 0; i < from->count; i++) {
        vec_add(run->arena, to,
                (struct desired_file){from->items[i].path, from->items[i].content,
                                      from->items[i].mode, from->items[i].document});
    }
}

void run_stage_end(struct run *run, const char *name)
{
    int64_t now_us = clock_us();
    size_t bytes = arena_used(run->arena);
    vec_add(run->arena, &run->stages.list,
            (struct run_stage){name, now_us - run->stages.at_us, bytes - run->stages.bytes});
    run->stages.at_us = now_us;
    run->stages.bytes = bytes;
}

/* --- pure: from bytes to items --------------------------------------------------------------- */

static bool build_documents(struct run *run)
{
    struct decode_sources sources = {0};
    for (size_t i = 0; i < run->loaded.files.count; i++) {
        const struct loaded_file *file = &run->loaded.files.items[i];
        vec_add(run->arena, &sources,
                (struct decode_source){.source = file->source, .layer = (size_t)file->layer});
    }
    const struct decode_input input = {.arena = run->arena,
                                       .facts = &run->facts,
                                       .layout = &run->layout,
                                       .sources = &sources,
                                       .diagnostics = &run->diagnostics};
    bool is_incomplete = false;
    decode_documents(&input, &run->documents, &is_incomplete);
    validate_documents(run->arena, &run->facts, &run->layout, &run->documents, &run->diagnostics);
    run_stage_end(run, "decode");
    resolve_documents(run->arena, &run->documents, is_incomplete, &run->diagnostics);
    order_documents(run->arena, &run->documents, &run->diagnostics);
    run_stage_end(run, "resolve");
    return refuse_if_errors(run);
}

/* Going back is exact: where the saved documents would render to other bytes today (a newer
 * program, other facts), the generation's own texts win. */
static bool take_saved_texts(struct run *run)
{
    unsigned long number = run->options->rollback_to != 0 ? run->options->rollback_to
                           : run->healed_at != 0          ? run->healed_at
                                                          : run->memory.held_at;
    struct error err = {0};
    struct generation_files files = {0};
    struct desired_files texts = {0};
    if (number == 0) {
        return true;
    }
    if (!generation_read(&run->host, number, run->arena, &files, &err)) {
        return run_fail(run, &err);
    }
    copy_files(run, &files, &texts);
    desired_take_texts(&run->desired, &run->layout, &texts, run->arena);
    return true;
}

static bool build_desired(struct run *run)
{
    const struct desired_input input = {
        .arena = run->arena,
        .facts = &run->facts,
        .layout = &run->layout,
        .documents = &run->documents,
        .diagnostics = &run->diagnostics,
        .scope = run->scope,
        .keeps_tree = run->owns_tree,
    };
    desired_build(&input, &run->desired);
    run_stage_end(run, "render");
    return refuse_if_errors(run) && take_saved_texts(run);
}

/* --- reading the host ------------------------------------------------------------------------ */

static struct owned_item owned_of(const struct ledger_entry *entry)
{
    return (struct owned_item){.type = entry->type,
                               .id = entry->id,
                               .document = entry->document == NULL ? "" : entry->document,
                               .digest = entry->digest,
                               .is_begun = entry->is_begun,
                               .is_protected = entry->is_protected,
                               .has_data = entry->has_data};
}

/* What we own and remember; the lock is held from here on when the run applies. */
static bool open_state(struct run *run)
{
    struct error err = {0};
    run->ledger = NULL;
    if (run->options->is_offline) {
        return run->options->against == NULL || run_against_open(run);
    }
    if (run->options->applies &&
        (!lock_acquire(&run->host, &run->lock, &err) ||
         !staging_clean(&run->host, run->arena, &err) || !run_saved_clean(run, &err))) {
        run->is_locked_out = err.code == ERROR_LOCKED;
        return run_fail(run, &err);
    }
    if (!run_memory_load(run, &err) || !run_left_load(run, &err) || !run_events_load(run, &err) ||
        !run_flips_load(run, &err)) {
        return run_fail(run, &err);
    }
    run->host.fingerprints = run->options->is_deep ? fingerprints_make(run->arena)
                                                   : fingerprints_load(&run->host, run->arena);
    return true;
}

static void count_owned(struct run *run)
{
    run->owned_count = ledger_count(run->ledger) - ledger_count_of(run->ledger, LEDGER_PART);
    run->owns_tree = ledger_find(run->ledger, ITEM_TREE, run->layout.nginx_tree) != NULL;
}

static bool open_ledger(struct run *run)
{
    struct error err = {0};
    if (run->options->is_offline) {
        return true;
    }
    if (!ledger_load(&run->host, run->arena, &run->ledger, &err)) {
        return run_fail(run, &err);
    }
    count_owned(run);
    return true;
}

static bool is_in_scope(const struct run *run, const char *document)
{
    return run->scope == NULL || (document != NULL && map_has(run->scope, document));
}

static void list_owned(struct run *run)
{
    const struct ledger_entry *const *entries =
        run->options->is_offline ? NULL : ledger_entries(run->ledger, run->arena);
    for (size_t i = 0; entries != NULL && i < ledger_count(run->ledger); i++) {
        bool is_part = strcmp(entries[i]->type, LEDGER_PART) == 0;
        if (is_in_scope(run, entries[i]->document)) {
            vec_add(run->arena, is_part ? &run->parts : &run->owned, owned_of(entries[i]));
        }
    }
}

/* Offline that of the host that is compared with; its files are known already. */
static void take_generation(struct run *run)
{
    if (run->baseline != NULL && run->baseline->snapshot != NULL) {
        run->report.generation_before = run->baseline->snapshot->generation;
        run->report.generation_after = run->baseline->snapshot->generation;
    }
}

static bool read_last_good(struct run *run)
{
    struct error err = {0};
    unsigned long current = 0;
    struct generation_files files = {0};
    if (run->options->is_offline) {
        take_generation(run);
        return true;
    }
    if (run->scope != NULL) {
        return true; /* nothing in it is a part of the tree */
    }
    if (!generation_current(&run->host, &current, &err) ||
        (current != 0 && !generation_read(&run->host, current, run->arena, &files, &err))) {
        return run_fail(run, &err);
    }
    run->report.generation_before = current;
    run->report.generation_after = current;
    copy_files(run, &files, &run->last_good);
    return true;
}

/* Refusals whose wish is still the refused one: their documents stay at their last good state. */
static void take_refusals(struct run *run)
{
    struct refusal_list *holding = arena_new(run->arena, struct refusal_list);
    run->plan_input.refusals = holding;
    for (size_t i = 0; !run->options->retries && i < run->memory.refusals.count; i++) {
        const struct refusal *refusal = &run->memory.refusals.items[i];
        const struct document *document =
            document_find_id(run->arena, &run->documents, refusal->document);
        if (document == NULL ||
            strcmp(plan_document_digest(&run->plan_input, document), refusal->digest) != 0) {
            continue;
        }
        vec_add(run->arena, holding, *refusal);
    }
    run->memory.refusals = *holding;
    for (size_t i = 0; i < holding->count; i++) {
        const struct document *document =
            document_find_id(run->arena, &run->documents, holding->items[i].document);
        run_hold_back(run, document, SPAN_NONE, plan_refused_before(run->arena),
                      holding->items[i].evidence);
    }
}

/* One provider at a time, all of its items at once: they stand side by side in the list. */
bool run_observe(struct run *run, const struct item_list *items, struct observation *out)
{
    const struct item **pointers = arena_array(run->arena, items->count, sizeof(struct item *));
    for (size_t i = 0; i < items->count; i++) {
        pointers[i] = &items->items[i];
        out[i].item = pointers[i];
        run_against_look(run, &out[i]);
    }
    for (size_t first = 0; !run->options->is_offline && first < items->count;) {
        const char *type = pointers[first]->type;
        size_t end = first + 1;
        while (end < items->count && strcmp(pointers[end]->type, type) == 0) {
            end++;
        }
        struct error err = {0};
        if (!provider_find(type)->observe(&run->host, &pointers[first], end - first, run->arena,
                                          &out[first], &err)) {
            return run_fail(run, &err);
        }
        first = end;
    }
    return true;
}

/* Fills run->observations, one per item. */
static bool observe(struct run *run)
{
    run->observations = arena_array(run->arena, run->items.count, sizeof(*run->observations));
    return run_observe(run, &run->items, run->observations);
}

/* Items are collected anew each time, in the same order: what was held back wants other texts. */
static void plan(struct run *run)
{
    run->items = (struct item_list){0};
    plan_collect(&run->plan_input, &run->items);
    for (size_t i = 0; i < run->items.count; i++) {
        run->observations[i].item = &run->items.items[i];
    }
    run_find_taken_over(run);
    run->plan = (struct plan){0};
    plan_build(&run->plan_input, &run->items, run->observations, &run->plan);
    run->plan.counts.items += run->scope == NULL ? 0 : run->owned_count - run->owned.count;
    run->report.plan = &run->plan;
}

/* A suspension is worth telling also where nothing differs. */
static void take_suspensions(struct run *run)
{
    for (size_t i = 0; i < run->documents.documents.count; i++) {
        const struct document *document = run->documents.documents.items[i];
        const struct override *override = plan_suspension(&run->plan_input, document);
        if (override != NULL) {
            vec_add(run->arena, &run->report.suspended,
                    (struct held_document){.document = document,
                                           .because = override_text(run->arena, override)});
        }
    }
    int64_t next_end = override_next_end(&run->overrides);
    if (next_end != 0) {
        fingerprints_due(&run->host, next_end);
    }
}

/* Seconds since the epoch; on another host the time at which it was looked at. */
static int64_t run_now(struct run *run)
{
    const struct snapshot *snapshot = run->baseline == NULL ? NULL : run->baseline->snapshot;
    return snapshot != NULL ? snapshot->taken_at : run->host.now(&run->host);
}

static bool leave_fights_alone(struct run *run)
{
    struct error err = {0};
    bool is_held = false;
    if (!run_flips_hold(run, &is_held, &err)) {
        return run_fail(run, &err);
    }
    if (is_held) {
        plan(run);
    }
    return true;
}

static bool look_at_host(struct run *run)
{
    list_owned(run);
    run->is_blocked = arena_array(run->arena, run->documents.documents.count, sizeof(bool));
    run->waits = arena_array(run->arena, run->documents.documents.count, sizeof(*run->waits));
    run->plan_input = (struct plan_input){
        .arena = run->arena,
        .providers = {provider_find, provider_rank},
        .desired = &run->desired,
        .owned = &run->owned,
        .parts = &run->parts,
        .tombstones = &run->documents.tombstones,
        .overrides = &run->overrides,
        .last_good = &run->last_good,
        .left = &run->left_before,
        .now = run_now(run),
        .mode = (enum mode)run->settings->mode.index,
        .may_adopt = run->options->may_adopt,
        .may_delete_many = run->options->may_delete_many,
    };
    run_against_compare(run);
    take_refusals(run);
    take_suspensions(run);
    run_check_foreign(run);
    run_check_authority(run);
    plan_collect(&run->plan_input, &run->items);
    if (run->options->applies) {
        run_ask_about_certificates(run);
    }
    if (!observe(run)) {
        return false;
    }
    run_stage_end(run, "observe");
    plan(run);
    run_stage_end(run, "plan");
    return leave_fights_alone(run);
}

/* The plan that is shown is the one after the test: what was held back is out of it. */
static bool test(struct run *run)
{
    size_t held = run->report.held.count;
    if (run->options->skips_tests) {
        return true;
    }
    run->stage = "test";
    if (!run_test(run)) {
        return false;
    }
    if (run->report.held.count > held) {
        plan(run);
    }
    run_stage_end(run, "test");
    return true;
}

/* For a plan alone: what a reload would meet. */
static void look_at_nginx(struct run *run)
{
    const struct item tree = {.type = ITEM_TREE, .id = run->layout.nginx_tree};
    const struct action *action = map_get(&run->plan.by_name, item_name(run->arena, &tree));
    bool is_here = !run->options->is_offline && strcmp(run->host.root_path, "/") == 0;
    if (!run->options->applies && is_here && action != NULL && action_is_due(action)) {
        struct nginx_load *load = arena_new(run->arena, struct nginx_load);
        nginx_load_read(&run->host, run->arena, load);
        run->report.load = load;
    }
}

/* For a plan alone: what its orders would meet and cost. */
static void look_at_orders(struct run *run)
{
    const struct action **actions =
        arena_array(run->arena, run->plan.actions.count, sizeof(const struct action *));
    struct order_outlook *outlook = arena_new(run->arena, struct order_outlook);
    if (!run->options->looks_ahead || run->options->is_offline) {
        return;
    }
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        actions[i] = &run->plan.actions.items[i];
    }
    certificate_look_ahead(&run->host, actions, run->plan.actions.count, run->arena, outlook);
    bool is_empty = outlook->notes.count == 0 && outlook->spendings.count == 0;
    run->report.outlook = is_empty ? NULL : outlook;
}

/* on_error: all-or-nothing, and a document is refused before anything was done. */
static bool accept_all(struct run *run)
{
    if (run->settings->on_error.index != ON_ERROR_ALL_OR_NOTHING || run->report.held.count == 0) {
        return true;
    }
    const struct held_document *first = &run->report.held.items[0];
    run->report.failure = message_chain(
        run->arena,
        message_chain(
            run->arena, message_word(run->arena, N_("nothing is done (on_error: all-or-nothing)")),
            MESSAGE_COLON, message_quote(run->arena, document_id(run->arena, first->document))),
        MESSAGE_COLON, first->because);
    return false;
}

/* --- acting ---------------------------------------------------------------------------------- */

static bool has_due_action(const struct run *run)
{
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        if (action_is_due(&run->plan.actions.items[i])) {
            return true;
        }
    }
    return false;
}

/* After a rollback the input that made the former generation is set aside. */
static bool set_aside(struct run *run, struct error *err)
{
    if (run->options->rollback_to == 0 || run->report.failure != NULL) {
        return true;
    }
    run->memory.held_at = run->report.generation_after;
    /* Going back further: the folder stays what was set aside at first. */
    return run->memory.held_inputs != NULL ||
           run_saved_digest(run, run->report.generation_before, &run->memory.held_inputs, err);
}

static void say_differs_again(const struct action *again, struct error *err)
{
    if (again->changes.count > 0) {
        (void)error_set(err, ERROR_REFUSED, "it was changed, but %s differs again",
                        again->changes.items[0].field);
    } else {
        (void)error_set(err, ERROR_REFUSED, "it was changed, but is not as it was wanted");
    }
}

/* What was changed must be found as it was wanted: looks at everything again. True when nothing
 * differs any more, of what was changed or of anything else, and nothing waits. */
static bool verify(struct run *run)
{
    struct plan found = {0};
    run->items = (struct item_list){0};
    plan_collect(&run->plan_input, &run->items);
    if (!observe(run)) {
        return false;
    }
    plan_build(&run->plan_input, &run->items, run->observations, &found);
    bool is_clean = found.counts.held == 0;
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        const char *name = item_name(run->arena, run->plan.actions.items[i].item);
        const struct action *again = map_get(&found.by_name, name);
        if (again == NULL || !action_is_due(again) || again->verb == ACTION_NOTIFY) {
            continue; /* what would notify it was not done, and tells so itself */
        }
        is_clean = false;
        struct outcome *outcome = &run->outcomes[i];
        if (outcome->result == OUTCOME_CHANGED) {
            outcome->result = OUTCOME_FAILED;
            say_differs_again(again, &outcome->error);
        }
    }
    return is_clean;
}

/* Before anything is ours: what a crash in between would not keep any more. */
static bool keep_foreign(struct run *run)
{
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        struct action *action = &run->plan.actions.items[i];
        const struct provider *provider = provider_find(action->item->type);
        struct error err = {0};
        if (action->is_foreign && action_is_due(action) && provider->keep != NULL &&
            !provider->keep(&run->host, action, run->arena, &action->kept, &err)) {
            return run_fail(run, &err);
        }
    }
    return true;
}

/* Carries out what is due; true when the host then is as wanted and nothing is held. */
static bool act(struct run *run)
{
    struct error err = {0};
    bool is_held = run->plan.counts.held > 0 || run->report.held.count > 0;
    if (!has_due_action(run)) {
        return !is_held && (run_keep_up(run, &err) || run_fail(run, &err));
    }
    if (!keep_foreign(run)) {
        return false;
    }
    if (!run_save_ledger(run, true, &err)) {
        return run_fail(run, &err);
    }
    run->stage = "apply";
    run_apply(run);
    return run->report.failure == NULL && verify(run) && !is_held && run->report.held.count == 0;
}

static bool remember_facts(struct run *run, struct error *err)
{
    return run->options->facts_file != NULL || facts_remember(&run->host, run->arena, err);
}

static bool save_fingerprints(struct run *run, struct error *err)
{
    count_owned(run);
    run_remember(run);
    return fingerprints_save(&run->host, run->arena, err);
}

static void apply(struct run *run)
{
    struct error err = {0};
    bool is_clean = act(run);
    run_flips_count(run);
    bool is_asked = run_prove(run, &err);
    run_tell_certificates(run);
    is_clean = is_clean && run->report.unproven.count == 0;
    fingerprints_set_key(run->host.fingerprints, is_clean ? run->key : NULL);
    bool is_saved = is_asked && unit_settle(&run->host, run->arena, &err) &&
                    run_save_ledger(run, false, &err) && set_aside(run, &err) &&
                    run_memory_save(run, &err) && run_left_save(run, &err) &&
                    run_flips_save(run, &err) && save_fingerprints(run, &err) &&
                    generation_prune(&run->host, run->report.generation_after, run->arena, &err) &&
                    run_saved_prune(run, &err) && remember_facts(run, &err);
    if (!is_saved) {
        (void)run_fail(run, &err);
    }
}

bool run_build(struct run *run)
{
    return build_documents(run) && build_desired(run);
}

/* The documents have errors: those of the current generation stand in, so that drift is repaired
 * all the same. The mistakes are kept for the report. */
static bool heal(struct run *run)
{
    struct error err = {0};
    unsigned long current = 0;
    if (!run->options->heals || !run->report.is_refused || run->ledger == NULL ||
        !generation_current(&run->host, &current, &err) || current == 0) {
        return false;
    }
    struct diagnostic_list *refused = arena_new(run->arena, struct diagnostic_list);
    *refused = run->diagnostics;
    run->report.refused = refused;
    run->report.hold = message_make(run->arena,
                                    "the documents have errors: what is on the host stays at "
                                    "generation %lu, and is repaired from it",
                                    current);
    run->report.is_refused = false;
    run->diagnostics = (struct diagnostic_list){0};
    run->documents = (struct document_set){0};
    run->desired = (struct desired){0};
    run->healed_at = current;
    if (!run_saved_read(run, current, &run->loaded, &err)) {
        return run_fail(run, &err);
    }
    run->inputs_digest = loaded_digest(run->arena, &run->loaded);
    return run_build(run);
}

bool run_open(struct run *run, struct arena *arena, const struct run_options *options)
{
    *run = (struct run){.arena = arena, .options = options, .lock = -1};
    run->started_us = run_clock_us();
    run->stages.at_us = clock_us();
    run->report = (struct report){.arena = arena,
                                  .verb = options->verb,
                                  .directory = options->directory,
                                  .is_dry_run = !options->applies,
                                  .facts = &run->facts,
                                  .diagnostics = &run->diagnostics,
                                  .documents = &run->documents};
    return run_read_settings(run);
}

bool run_render(struct run *run, struct arena *arena, const struct run_options *options)
{
    return run_open(run, arena, options) && open_state(run) && open_ledger(run) &&
           run_read_documents(run) && run_build(run);
}

/* What all wishes follow from: the same key means the same plan. */
static const char *input_key(struct run *run)
{
    const char *const parts[] = {
        RECONCILE_VERSION,  run->inputs_digest,
        run->settings_text, facts_write(run->arena, &run->facts),
        run->layout.state,  override_write(run->arena, &run->overrides).data};
    struct digest *digest = digest_begin();
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        digest_add(digest, str_of(parts[i]));
    }
    char *hex = arena_alloc(run->arena, DIGEST_HEX_SIZE);
    digest_end(digest, hex);
    return hex;
}

/* A rollback set this folder aside on the host that is compared with: nothing is done there. */
static bool is_set_aside(struct run *run)
{
    if (run->is_set_aside) {
        run->report.settled_items = run->owned.count;
        take_generation(run);
    }
    return run->is_set_aside;
}

static void end_progress(const struct run_options *options)
{
    if (options->progress != NULL) {
        options->progress(options->progress_context, NULL);
    }
}

void run_once(struct run *run, struct arena *arena, const struct run_options *options)
{
    bool is_open = run_open(run, arena, options) && open_state(run);
    bool is_known = is_open && run_recall(run);
    if (is_known && run_is_settled(run)) {
        run_notify_settled(run);
        return;
    }
    run_stage_end(run, "open");
    bool is_read = is_open && open_ledger(run) && run_read_documents(run);
    run_stage_end(run, "load");
    if (is_read && is_set_aside(run)) {
        return;
    }
    run->key = is_read ? input_key(run) : NULL;
    if (is_read && !is_known && run_is_settled(run)) {
        run_remember_settled(run);
        run_note(run);
        run_notify_settled(run);
        return;
    }
    if (is_read) {
        run_narrow(run);
    }
    bool is_planned = is_read && (run_build(run) || heal(run)) && read_last_good(run) &&
                      look_at_host(run) && run_expect_seen(run) && test(run) &&
                      run_expect_actions(run) && accept_all(run);
    if (is_planned && options->applies) {
        apply(run);
        run_stage_end(run, "apply");
    } else if (is_planned) {
        look_at_nginx(run);
        look_at_orders(run);
    }
    end_progress(options);
    if (options->applies && run->is_open && !run->is_locked_out) {
        if (!is_planned && run->report.plan != NULL) {
            run_tell_certificates(run);
        }
        run_record(run);
        run_note(run);
        run_notify(run);
        run_stage_end(run, "record");
    }
}

void run_end(struct run *run)
{
    lock_release(run->lock);
    if (run->is_open) {
        host_close(&run->host);
    }
}
