/* Asks authorities for the certificates that they sign: after everything else that the plan has
 * changed, since it takes long and others decide what comes of it. Names that nginx serves already
 * can be asked for before the tree switches, so that one reload takes up both; new ones only after
 * it. What fails costs nothing else: the document stays as it was planned, and its sites say that
 * they wait. */
#include "run.h"

#include "providers/certificate_order.h"
#include "providers/certificate_renewal.h"
#include "providers/nginx.h"

/* Of which the authority is asked now. */
static size_t collect(const struct run *run, bool is_served, const struct action **actions,
                      size_t *indices)
{
    size_t count = 0;
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        const struct action *action = &run->plan.actions.items[i];
        bool is_blocked =
            action->item->document != NULL && run->is_blocked[action->item->document->order];
        if (certificate_is_ordered(&run->host, action) && !is_blocked &&
            run->outcomes[i].result != OUTCOME_FAILED &&
            certificate_needs_tree(action) == is_served) {
            actions[count] = action;
            indices[count++] = i;
        }
    }
    return count;
}

void run_find_waiting(struct run *run)
{
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        const struct action *action = &run->plan.actions.items[i];
        if (action->item->document != NULL && certificate_is_missing(action)) {
            run->waits[action->item->document->order] = RUN_WAITS;
        }
    }
}

static void take_outcome(struct run *run, size_t index, const struct outcome *outcome)
{
    const struct document *document = run->plan.actions.items[index].item->document;
    run->outcomes[index] = *outcome;
    if (outcome->result == OUTCOME_CHANGED && document != NULL &&
        run->waits[document->order] == RUN_WAITS) {
        run->waits[document->order] = RUN_WAIT_OVER;
    }
}

static bool order(struct run *run, bool is_served)
{
    size_t most = run->plan.actions.count;
    const struct action **actions = arena_array(run->arena, most, sizeof(*actions));
    size_t *indices = arena_array(run->arena, most, sizeof(*indices));
    size_t count = collect(run, is_served, actions, indices);
    struct outcome *outcomes = arena_array(run->arena, count, sizeof(*outcomes));
    bool has_changed = false;
    if (count == 0) {
        return false;
    }
    run_progress(run, "ordering certificates: %zu", count);
    certificate_order(&run->host, actions, count, run->arena, outcomes);
    for (size_t i = 0; i < count; i++) {
        take_outcome(run, indices[i], &outcomes[i]);
        has_changed |= outcomes[i].result == OUTCOME_CHANGED;
    }
    return has_changed;
}

void run_ask_about_certificates(struct run *run)
{
    certificate_try_dropped(&run->host, &run->items, run->arena);
    certificate_ask_windows(&run->host, &run->items, run->arena);
}

void run_order_served(struct run *run)
{
    (void)order(run, false); /* the switch reloads nginx, or nothing has changed */
}

bool run_order_new(struct run *run, struct error *err)
{
    return !order(run, true) ||
           nginx_reload(&run->host, run->report.generation_after, run->test_us, run->arena, err);
}

enum run_wait run_wait_of(const struct run *run, const struct document *document)
{
    enum run_wait wait = run->waits[document->order];
    for (size_t i = 0; i < document->references.count; i++) {
        const struct document *target = document->references.items[i].target;
        if (target != NULL && run->waits[target->order] > wait) {
            wait = run->waits[target->order];
        }
    }
    return wait;
}
