/* The switch: writes the next generation, lets the tree's provider name it current, reload nginx
 * and prove it, and asks the changed sites for an answer. A site that does not give one goes back
 * to its last good text in a further generation. */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "model/file_item.h"
#include "model/tree_item.h"
#include "providers/nginx.h"
#include "providers/providers.h"

/* Every round takes at least one site back, so this bounds the reloads of one run. */
enum { ROUNDS_MOST = 8 };

/* --- the next generation -------------------------------------------------------------------- */

static int file_compare(const void *a, const void *b)
{
    return strcmp(((const struct desired_file *)a)->path, ((const struct desired_file *)b)->path);
}

const struct desired_file *run_last_good(const struct run *run, const char *path)
{
    const struct desired_file key = {.path = path};
    const struct desired_files *good = &run->last_good;
    return good->count == 0 ? NULL
                            : bsearch(&key, good->items, good->count, sizeof(key), file_compare);
}

/* A file that was to be written but was not stays in the generation as it was in the last one. */
static bool is_on_host(struct run *run, const char *path)
{
    const struct item item = {.type = ITEM_FILE, .id = path};
    const struct action *action = map_get(&run->plan.by_name, item_name(run->arena, &item));
    if (action == NULL || action->verb == ACTION_NONE) {
        return true;
    }
    size_t index = (size_t)(action - run->plan.actions.items);
    return run->outcomes[index].result == OUTCOME_CHANGED;
}

static void list_files(struct run *run, struct generation_files *out_files)
{
    struct desired_files wanted = {0};
    run_list_files(run, &wanted);
    for (size_t i = 0; i < wanted.count; i++) {
        const struct desired_file *file = &wanted.items[i];
        if (!is_on_host(run, file->path)) {
            file = run_last_good(run, file->path);
        }
        if (file != NULL) {
            vec_add(
                run->arena, out_files,
                (struct generation_file){file->path, file->content, file->mode, file->document});
        }
    }
}

/* The same files as in the generation before; both lists are sorted by path. */
static bool is_as_before(const struct run *run, const struct generation_files *files)
{
    const struct desired_files *before = &run->last_good;
    bool is_same = files->count == before->count;
    for (size_t i = 0; is_same && i < files->count; i++) {
        const struct generation_file *file = &files->items[i];
        const struct desired_file *old = &before->items[i];
        is_same = strcmp(file->path, old->path) == 0 && file->mode == old->mode &&
                  str_equal(file->content, old->content);
    }
    return is_same;
}

/* What `history` tells of a generation. */
static const char *summary_of(struct run *run)
{
    const char *summary = report_summary(&run->report);
    return run->options->rollback_to == 0 ? summary
                                          : arena_printf(run->arena, "back to generation %lu: %s",
                                                         run->options->rollback_to, summary);
}

static bool write_generation(struct run *run, const char *summary, struct error *err)
{
    struct generation_files files = {0};
    list_files(run, &files);
    return generation_next_number(&run->host, &run->next_generation, err) &&
           generation_write(&run->host, run->next_generation, &files, summary, run->arena, err);
}

/* --- probes --------------------------------------------------------------------------------- */

/* True when the site's own text differs from the one that nginx ran before. action: of the tree;
 * may be NULL. */
static bool is_changed(const struct action *action, const struct document *document)
{
    for (size_t i = 0; action != NULL && i < action->changes.count; i++) {
        const struct change *change = &action->changes.items[i];
        if (change->document == document && change->held_because == NULL) {
            return true;
        }
    }
    return false;
}

/* True when this run has changed something for the document outside the tree. */
static bool has_changed_for(const struct run *run, const struct document *document)
{
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        if (run->outcomes[i].result == OUTCOME_CHANGED &&
            run->plan.actions.items[i].item->document == document) {
            return true;
        }
    }
    return false;
}

VEC(needed_list, const struct document *);

/* What the document needs, near or far, and this run has changed. */
static void collect_needed(const struct run *run, const struct document *document,
                           struct needed_list *out_needed)
{
    for (size_t i = 0; i < document->references.count; i++) {
        const struct document *target = document->references.items[i].target;
        if (target == NULL) {
            continue;
        }
        if (!run->is_blocked[target->order] && has_changed_for(run, target)) {
            vec_add(run->arena, out_needed, target);
        }
        collect_needed(run, target, out_needed); /* there are no circles */
    }
}

/* The site goes back, and what it needs goes back with it: nobody can tell which of them it was. */
static void take_back(struct run *run, const struct probe *probe, bool is_own_change,
                      const struct needed_list *needed, const struct message *because,
                      const char *evidence)
{
    const struct message *seen = evidence == NULL ? NULL : message_quote(run->arena, evidence);
    const char *site = document_id(run->arena, probe->document);
    for (size_t i = 0; i < needed->count; i++) {
        const struct document *document = needed->items[i];
        if (!run->is_blocked[document->order]) {
            const struct message *why = message_chain(
                run->arena, message_make(run->arena, "%s needs it", site), MESSAGE_COLON, because);
            run_progress(run, "taking %s back", document_id(run->arena, document));
            run_undo_document(run, document);
            run_refuse(run, document, why);
            run_hold_back(run, document, SPAN_NONE, why, NULL);
        }
    }
    if (is_own_change) {
        run_refuse(run, probe->document, because);
    }
    run_hold_back(run, probe->document, probe->span, because, seen);
}

/* Asks each site that was changed, that needs something that was, or that has got its certificate;
 * those that fail are held back.
 * True when all answered well. */
static bool probe_all(struct run *run, const struct action *action)
{
    static const struct probe_list none = {0};
    const struct probe_list *probes =
        run->desired.tree == NULL ? &none : &run->desired.tree->probes;
    struct probe *copy = arena_array(run->arena, probes->count, sizeof(*copy));
    size_t count = strcmp(run->host.root_path, "/") == 0 ? probes->count : 0;
    const char *stage = run->stage;
    run->stage = "probe";
    if (count > 0) {
        memcpy(copy, probes->items, count * sizeof(*copy)); /* the list shrinks below */
    }
    bool is_well = true;
    for (size_t i = 0; i < count; i++) {
        struct error err = {0};
        const char *evidence = NULL;
        struct needed_list needed = {0};
        enum run_wait wait = run_wait_of(run, copy[i].document);
        bool is_own_change = is_changed(action, copy[i].document) || wait == RUN_WAIT_OVER;
        collect_needed(run, copy[i].document, &needed);
        bool is_back = run->is_blocked[copy[i].document->order]; /* another probe of it failed */
        if (is_back || (!is_own_change && needed.count == 0) || wait == RUN_WAITS) {
            continue;
        }
        run_progress(run, "asking %s for %s", copy[i].host, copy[i].path);
        if (!nginx_probe(&run->host, &copy[i], run->arena, &evidence, &err)) {
            is_well = false;
            take_back(run, &copy[i], is_own_change, &needed,
                      message_chain(run->arena, message_make(run->arena, "probe %s", copy[i].path),
                                    MESSAGE_COLON, message_of_error(run->arena, &err)),
                      evidence);
        }
    }
    if (!is_well && run->settings->on_error.index == ON_ERROR_ALL_OR_NOTHING) {
        run_undo_all(run);
    }
    run->stage = stage;
    return is_well;
}

static const struct message *why_taken_back(struct run *run, const struct document *document)
{
    const struct message *what = message_word(run->arena, N_("taken back"));
    for (size_t i = 0; i < run->report.held.count; i++) {
        if (run->report.held.items[i].document == document) {
            return message_chain(run->arena, what, MESSAGE_COLON,
                                 run->report.held.items[i].because);
        }
    }
    return what;
}

/* Parts that were taken back are no changes any more. */
static void tell_taken_back(struct run *run, const struct action *planned)
{
    struct action *action = &run->plan.actions.items[planned - run->plan.actions.items];
    for (size_t i = 0; i < action->changes.count; i++) {
        struct change *change = &action->changes.items[i];
        if (change->document != NULL && change->held_because == NULL &&
            run->is_blocked[change->document->order]) {
            change->held_because = why_taken_back(run, change->document);
        }
    }
}

/* --- the switch ----------------------------------------------------------------------------- */

static bool fail(struct outcome *outcome, const struct error *err)
{
    outcome->result = OUTCOME_FAILED;
    outcome->error = *err;
    return false;
}

/* The tree as it is now against what was observed: after documents were held back less may differ
 * than was planned. */
static bool still_differs(struct run *run, struct action *action)
{
    action->changes = (struct change_list){0};
    provider_find(ITEM_TREE)->diff(action->item, action->found, run->arena, &action->changes);
    return action->changes.count > 0 || action->asks_notification;
}

static bool switch_once(struct run *run, const struct action *planned, int round,
                        struct outcome *outcome)
{
    struct error err = {0};
    if (!run->is_tested && !run->options->skips_nginx_test && !run_test(run)) {
        (void)error_set_message(&err, ERROR_REFUSED,
                                run->report.failure != NULL ? run->report.failure
                                                            : run->report.untested);
        return fail(outcome, &err);
    }
    if (!write_generation(run, summary_of(run), &err)) {
        return fail(outcome, &err);
    }
    struct action action = *planned;
    /* After the first round nginx runs what a probe refused: what was observed is out of date. */
    if (!still_differs(run, &action) && round == 0) {
        *outcome = (struct outcome){.result = OUTCOME_UNCHANGED};
        return generation_switch(&run->host, run->next_generation, &err) || fail(outcome, &err);
    }
    const char *tree = generation_tree_path(run->arena, &run->layout, run->next_generation);
    if (!nginx_check_ports(&run->host, tree, run->arena, &err)) {
        return fail(outcome, &err);
    }
    run->desired.tree->generation = run->next_generation;
    run->desired.tree->test_us = run->test_us;
    const struct action *pointer = &action;
    run_progress(run, "switching to generation %lu", run->next_generation);
    *outcome = (struct outcome){0};
    provider_find(ITEM_TREE)->apply(&run->host, &pointer, 1, run->arena, outcome);
    return outcome->result != OUTCOME_FAILED;
}

/* A generation that was refused, or that a further round replaced, is nothing to go back to. */
static void drop_generation(struct run *run, unsigned long number, struct outcome *outcome)
{
    struct error err = {0};
    if (number != 0 && !generation_remove(&run->host, number, &err) &&
        outcome->result != OUTCOME_FAILED) {
        (void)fail(outcome, &err);
    }
}

/* Rounds until every changed site answers well. */
static void switch_tree(struct run *run, const struct action *action, struct outcome *outcome)
{
    for (int round = 0; round < ROUNDS_MOST; round++) {
        unsigned long refused = round == 0 ? 0 : run->report.generation_after;
        run->next_generation = 0;
        if (!switch_once(run, action, round, outcome)) {
            drop_generation(run, run->next_generation, outcome);
            return;
        }
        run->report.generation_after = run->next_generation;
        drop_generation(run, refused, outcome);
        struct error err = {0};
        if (round == 0 && !run_order_new(run, &err)) {
            (void)fail(outcome, &err);
            return;
        }
        if (probe_all(run, action)) {
            return;
        }
    }
    struct error err = {0};
    (void)error_set(&err, ERROR_REFUSED, "sites still fail their probes after %d rounds",
                    ROUNDS_MOST);
    (void)fail(outcome, &err);
}

/* Something changed beside the tree that a generation tells: its files, or the documents that made
 * them. A unit that is started again is no news. */
static bool wants_generation(struct run *run)
{
    struct generation_files files = {0};
    const char *digest = NULL;
    list_files(run, &files);
    return run->report.generation_before == 0 || !is_as_before(run, &files) ||
           !run_saved_digest(run, run->report.generation_before, &digest, NULL) ||
           strcmp(digest, run->inputs_digest) != 0;
}

static bool has_changed_anything(const struct run *run)
{
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        if (run->outcomes[i].result == OUTCOME_CHANGED) {
            return true;
        }
    }
    return false;
}

void run_switch(struct run *run, const struct action *action, struct outcome *outcome)
{
    struct error err = {0};
    unsigned long before = run->report.generation_after;
    if (action != NULL && action->verb == ACTION_NOTIFY && !has_changed_anything(run)) {
        /* Told of a certificate that did not come, it has nothing to take up. */
        run->plan.actions.items[action - run->plan.actions.items].verb = ACTION_NONE;
    }
    if (action != NULL && action_is_due(action)) {
        switch_tree(run, action, outcome);
        tell_taken_back(run, action);
    } else if (!run_order_new(run, &err)) {
        (void)run_fail(run, &err);
        return;
    } else if (has_changed_anything(run) && (probe_all(run, NULL) || has_changed_anything(run)) &&
               wants_generation(run)) {
        if (!write_generation(run, summary_of(run), &err) ||
            !generation_switch(&run->host, run->next_generation, &err)) {
            (void)run_fail(run, &err);
            return;
        }
        run->report.generation_after = run->next_generation;
    }
    if (run->report.generation_after != before &&
        !run_saved_write(run, run->report.generation_after, &err)) {
        (void)run_fail(run, &err);
    }
}

/* --- what was taken over from the host ------------------------------------------------------- */

void run_find_taken_over(struct run *run)
{
    const struct tree_item *wanted = run->desired.tree;
    bool is_taken_over = false;
    for (size_t i = 0; wanted != NULL && i < wanted->members.count; i++) {
        const struct tree_member *member = &wanted->members.items[i];
        const struct desired_file *good = run_last_good(
            run, arena_printf(run->arena, "%s/%s", run->layout.nginx_tree, member->path));
        is_taken_over |= good != NULL && !str_equal(good->content, member->text.content);
    }
    for (size_t i = 0; i < run->items.count; i++) {
        struct observation *seen = &run->observations[i];
        if (!seen->exists || strcmp(run->items.items[i].type, ITEM_TREE) != 0) {
            continue;
        }
        const struct tree_item *before = seen->found;
        if (before->is_taken_over != is_taken_over) {
            struct tree_item *found = arena_new(run->arena, struct tree_item);
            *found = *before;
            found->is_taken_over = is_taken_over; /* where it is then found as it is wanted */
            seen->found = found;
        }
    }
}

bool run_keep_up(struct run *run, struct error *err)
{
    struct generation_files files = {0};
    list_files(run, &files);
    if (run->report.generation_before == 0 || is_as_before(run, &files)) {
        return true;
    }
    if (!write_generation(run, "taken over from the host", err) ||
        !generation_switch(&run->host, run->next_generation, err)) {
        return false;
    }
    run->report.generation_after = run->next_generation;
    return run_saved_write(run, run->next_generation, err);
}
