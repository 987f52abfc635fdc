/* Carries a plan out: batch by batch in the plan's order, each batch to the provider of its type.
 * What fails costs its own document and those that depend on it; what was already changed for that
 * document is taken back, so that the host keeps its last good state. */
#include "run.h"

#include <string.h>

#include "model/tree_item.h"
#include "providers/providers.h"

/* --- who depends on whom -------------------------------------------------------------------- */

static bool depends_on_blocked(const struct run *run, const struct document *document)
{
    for (size_t i = 0; i < document->references.count; i++) {
        const struct document *target = document->references.items[i].target;
        if (target != NULL && run->is_blocked[target->order]) {
            return true;
        }
    }
    return false;
}

static void add_held(struct run *run, const struct document *document, struct span span,
                     const struct message *because, const struct message *evidence)
{
    run->is_blocked[document->order] = true;
    desired_hold_back(&run->desired, &run->layout, &run->last_good, document, run->arena);
    run->is_tested = false;
    vec_add(run->arena, &run->report.held,
            (struct held_document){document, span, because, evidence, run->stage});
}

void run_hold_back(struct run *run, const struct document *document, struct span span,
                   const struct message *because, const struct message *evidence)
{
    if (run->is_blocked[document->order]) {
        return;
    }
    add_held(run, document, span, because, evidence);
    for (size_t i = document->order + 1; i < run->documents.documents.count; i++) {
        const struct document *later = run->documents.documents.items[i];
        if (!run->is_blocked[i] && depends_on_blocked(run, later)) {
            add_held(run, later, SPAN_NONE,
                     message_make(run->arena, "it needs %s", document_id(run->arena, document)),
                     NULL);
        }
    }
}

static bool is_blocked(const struct run *run, const struct action *action)
{
    const struct document *document = action->item->document;
    return document != NULL && run->is_blocked[document->order];
}

/* How many relations stand between a document and the first that it needs: what has the same level
 * does not depend on each other and may be started together. */
static size_t *document_levels(struct run *run)
{
    size_t count = run->documents.documents.count;
    size_t *levels = arena_array(run->arena, count, sizeof(*levels));
    for (size_t i = 0; i < count; i++) {
        const struct document *document = run->documents.documents.items[i];
        for (size_t r = 0; r < document->references.count; r++) {
            const struct document *target = document->references.items[r].target;
            if (target != NULL && levels[target->order] >= levels[i]) {
                levels[i] = levels[target->order] + 1;
            }
        }
    }
    return levels;
}

/* --- taking back ---------------------------------------------------------------------------- */

struct undo {
    struct item item;
    struct observation now;
    struct action action;
};

/* The observed state as the wish: the same provider code puts the earlier state back. */
static struct undo *undo_make(struct run *run, const struct action *done)
{
    struct undo *undo = arena_new(run->arena, struct undo);
    undo->item = *done->item;
    undo->item.wanted = done->found->exists ? done->found->found : NULL;
    undo->now = (struct observation){
        .item = &undo->item, .exists = done->verb != ACTION_DELETE, .found = done->item->wanted};
    undo->action = (struct action){.item = &undo->item, .found = &undo->now, .cause = done->cause};
    if (undo->item.wanted == NULL) {
        undo->action.verb = ACTION_DELETE;
    } else {
        undo->action.verb = done->verb == ACTION_DELETE ? ACTION_CREATE : ACTION_UPDATE;
        undo->action.asks_notification = true;
    }
    return undo;
}

static void undo_action(struct run *run, size_t index)
{
    const struct action *done = &run->plan.actions.items[index];
    const struct undo *undo = undo_make(run, done);
    const struct action *pointer = &undo->action;
    struct outcome outcome = {0};
    provider_find(done->item->type)->apply(&run->host, &pointer, 1, run->arena, &outcome);
    struct outcome *told = &run->outcomes[index];
    if (outcome.result == OUTCOME_FAILED) {
        told->result = OUTCOME_FAILED;
        (void)error_wrap_other(&told->error, &outcome.error, "taking it back failed");
    } else if (told->result == OUTCOME_CHANGED) {
        told->result = OUTCOME_SKIPPED;
        (void)error_set(&told->error, ERROR_REFUSED, "taken back");
    }
}

/* Three passes: stop what was started anew, put the things it reads back, start the former again.
 * Items that take up others' changes (units) are the first and the last; what may hold data stays.
 */
enum undo_pass { UNDO_STOP, UNDO_RESTORE, UNDO_START, UNDO_PASS_COUNT };

static bool belongs_to_pass(const struct run *run, size_t index, enum undo_pass pass)
{
    const struct action *action = &run->plan.actions.items[index];
    bool takes_up = provider_find(action->item->type)->inputs != NULL;
    bool was_tried = run->outcomes[index].result == OUTCOME_CHANGED ||
                     (takes_up && run->outcomes[index].result == OUTCOME_FAILED);
    if (!was_tried || action->item->has_data) {
        return false;
    }
    bool is_new = action->verb == ACTION_CREATE;
    return pass == UNDO_RESTORE ? !takes_up : takes_up && (is_new == (pass == UNDO_STOP));
}

void run_undo_document(struct run *run, const struct document *document)
{
    for (enum undo_pass pass = UNDO_STOP; pass < UNDO_PASS_COUNT; pass++) {
        for (size_t i = 0; i < run->plan.actions.count; i++) {
            const struct action *action = &run->plan.actions.items[i];
            if (action->item->document == document && action->item->wanted != NULL &&
                strcmp(action->item->type, ITEM_TREE) != 0 && belongs_to_pass(run, i, pass)) {
                undo_action(run, i);
            }
        }
    }
}

/* --- batches -------------------------------------------------------------------------------- */

static void skip(struct run *run, size_t index)
{
    struct outcome *outcome = &run->outcomes[index];
    outcome->result = OUTCOME_SKIPPED;
    (void)error_set(&outcome->error, ERROR_REFUSED, "something it needs failed");
}

static void take_failure(struct run *run, size_t index)
{
    const struct action *action = &run->plan.actions.items[index];
    const struct outcome *outcome = &run->outcomes[index];
    const struct document *document = action->item->document;
    if (document == NULL || provider_find(action->item->type)->costs_only_itself) {
        return;
    }
    const struct message *because =
        message_chain(run->arena, message_quote(run->arena, item_name(run->arena, action->item)),
                      MESSAGE_COLON, message_of_error(run->arena, &outcome->error));
    const struct message *evidence =
        outcome->evidence == NULL ? NULL : message_quote(run->arena, outcome->evidence);
    if (provider_find(action->item->type)->inputs != NULL && action->cause == CAUSE_PENDING) {
        run_refuse(run, document, because);
    }
    run_hold_back(run, document, action->item->span, because, evidence);
    run_undo_document(run, document);
}

/* A batch: actions of one type, none of which depends on another. */
static void apply_batch(struct run *run, const size_t *indices, size_t count)
{
    const struct action **actions = arena_array(run->arena, count, sizeof(struct action *));
    struct outcome *outcomes = arena_array(run->arena, count, sizeof(*outcomes));
    for (size_t i = 0; i < count; i++) {
        actions[i] = &run->plan.actions.items[indices[i]];
    }
    const struct item *first = actions[0]->item;
    run_progress(run, "changing %s: %zu", first->type, count);
    provider_find(first->type)->apply(&run->host, actions, count, run->arena, outcomes);
    for (size_t i = 0; i < count; i++) {
        run->outcomes[indices[i]] = outcomes[i];
    }
    for (size_t i = 0; i < count; i++) {
        if (outcomes[i].result == OUTCOME_FAILED) {
            take_failure(run, indices[i]);
        }
    }
}

static bool fits_batch(const struct run *run, const size_t *levels, size_t first, size_t other)
{
    const struct action *a = &run->plan.actions.items[first];
    const struct action *b = &run->plan.actions.items[other];
    bool is_deletion = a->verb == ACTION_DELETE;
    if (strcmp(a->item->type, b->item->type) != 0 ||
        (a->item->wanted == NULL) != (b->item->wanted == NULL) ||
        is_deletion != (b->verb == ACTION_DELETE)) {
        return false;
    }
    size_t level_a = a->item->document == NULL ? 0 : levels[a->item->document->order];
    size_t level_b = b->item->document == NULL ? 0 : levels[b->item->document->order];
    return is_deletion || level_a == level_b;
}

static void apply_from(struct run *run, const size_t *levels, size_t *next)
{
    size_t first = *next;
    size_t *indices = arena_array(run->arena, run->plan.actions.count - first, sizeof(*indices));
    size_t count = 0;
    size_t i = first;
    for (; i < run->plan.actions.count && fits_batch(run, levels, first, i); i++) {
        const struct action *action = &run->plan.actions.items[i];
        if (!action_is_due(action)) {
            continue;
        }
        if (is_blocked(run, action)) {
            skip(run, i);
        } else {
            indices[count++] = i;
        }
    }
    if (count > 0) {
        apply_batch(run, indices, count);
    }
    *next = i;
}

static bool has_failure(const struct run *run)
{
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        if (run->outcomes[i].result == OUTCOME_FAILED) {
            return true;
        }
    }
    return false;
}

void run_undo_all(struct run *run)
{
    for (size_t i = 0; i < run->documents.documents.count; i++) {
        const struct document *document = run->documents.documents.items[i];
        if (!run->is_blocked[i]) {
            run_hold_back(run, document, SPAN_NONE,
                          message_word(run->arena, N_("on_error: all-or-nothing")), NULL);
            run_undo_document(run, document);
        }
    }
}

/* Changes first, then the switch, then removals: what is about to go is not needed any more. */
void run_apply(struct run *run)
{
    run->outcomes = arena_array(run->arena, run->plan.actions.count, sizeof(*run->outcomes));
    run->report.outcomes = run->outcomes;
    run_find_waiting(run);
    const size_t *levels = document_levels(run);
    const struct action *tree = NULL;
    struct outcome *tree_outcome = NULL;
    size_t i = 0;
    while (i < run->plan.actions.count && run->plan.actions.items[i].item->wanted != NULL) {
        if (strcmp(run->plan.actions.items[i].item->type, ITEM_TREE) == 0) {
            tree = &run->plan.actions.items[i];
            tree_outcome = &run->outcomes[i];
            i++;
        } else {
            apply_from(run, levels, &i);
        }
    }
    if (run->settings->on_error.index == ON_ERROR_ALL_OR_NOTHING && has_failure(run)) {
        run_undo_all(run);
    }
    run_order_served(run);
    run_switch(run, tree, tree_outcome);
    run_copy_ordered(run);
    while (i < run->plan.actions.count) {
        apply_from(run, levels, &i);
    }
}
