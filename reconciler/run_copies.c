/* Copies of pairs are made with everything else of the plan, so that they are there when a unit is
 * started; what an authority signs comes only after that, and is copied then. */
#include "run.h"

#include <string.h>

#include "model/copy_item.h"
#include "providers/certificate_order.h"
#include "providers/providers.h"

/* Whether the pair that it is a copy of was asked for in this run. */
static bool is_of_order(const struct run *run, const struct action *action)
{
    const struct provider *provider = provider_find(ITEM_COPY);
    if (strcmp(action->item->type, ITEM_COPY) != 0 || action->item->wanted == NULL ||
        !action_is_due(action)) {
        return false;
    }
    const char *const *inputs = provider->inputs(action->item, run->arena);
    const struct action *certificate = map_get(&run->plan.by_name, inputs[0]);
    return certificate != NULL && certificate_is_ordered(&run->host, certificate);
}

void run_copy_ordered(struct run *run)
{
    size_t most = run->plan.actions.count;
    const struct action **actions = arena_array(run->arena, most, sizeof(*actions));
    size_t *indices = arena_array(run->arena, most, sizeof(*indices));
    size_t count = 0;
    for (size_t i = 0; i < most; i++) {
        const struct action *action = &run->plan.actions.items[i];
        const struct document *document = action->item->document;
        bool is_blocked = document != NULL && run->is_blocked[document->order];
        if (!is_blocked && is_of_order(run, action)) {
            actions[count] = action;
            indices[count++] = i;
        }
    }
    if (count == 0) {
        return;
    }
    struct outcome *outcomes = arena_array(run->arena, count, sizeof(*outcomes));
    provider_find(ITEM_COPY)->apply(&run->host, actions, count, run->arena, outcomes);
    for (size_t i = 0; i < count; i++) {
        if (outcomes[i].result != OUTCOME_UNCHANGED) {
            run->outcomes[indices[i]] = outcomes[i];
        }
    }
}
