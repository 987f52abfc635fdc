/* Compares wish, host and ledger, and decides what would be done and what must not be. Nothing here
 * knows what a file or a unit is: providers say what differs, what a wish amounts to, and whose
 * change an item must take up. */
#include "core/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/kind.h"
#include "core/plan_guard.h"
#include "core/plan_parts.h"

const char *plan_item_digest(const struct provider_table *providers, const struct item *item,
                             struct arena *arena)
{
    struct digest *digest = digest_begin();
    digest_add(digest, str_of(item->type));
    digest_add(digest, str_of(item->id));
    providers->find(item->type)->digest(item, digest);
    char *hex = arena_alloc(arena, DIGEST_HEX_SIZE);
    digest_end(digest, hex);
    return hex;
}

/* --- what to look at ------------------------------------------------------------------------ */

struct ranked_item {
    struct item item;
    size_t rank;
    size_t order; /* keeps the documents' order within a rank */
};

static int ranked_compare(const void *a, const void *b)
{
    const struct ranked_item *left = a;
    const struct ranked_item *right = b;
    if (left->rank != right->rank) {
        return left->rank < right->rank ? -1 : 1;
    }
    return left->order < right->order ? -1 : left->order > right->order;
}

static struct item item_of_owned(const struct owned_item *owned)
{
    return (struct item){
        .type = owned->type, .id = owned->id, .has_data = owned->has_data, .span = owned->span};
}

void plan_collect(const struct plan_input *input, struct item_list *out_items)
{
    struct arena *arena = input->arena;
    const struct item_list *wanted = &input->desired->items;
    size_t most = wanted->count + input->owned->count;
    struct ranked_item *ranked = arena_array(arena, most, sizeof(*ranked));
    size_t count = 0;
    for (size_t i = 0; i < wanted->count; i++) {
        ranked[count] = (struct ranked_item){wanted->items[i],
                                             input->providers.rank(wanted->items[i].type), count};
        count++;
    }
    for (size_t i = 0; i < input->owned->count; i++) {
        struct item item = item_of_owned(&input->owned->items[i]);
        if (!map_has(&input->desired->by_name, item_name(arena, &item))) {
            ranked[count] = (struct ranked_item){item, input->providers.rank(item.type), count};
            count++;
        }
    }
    if (count > 1) {
        qsort(ranked, count, sizeof(*ranked), ranked_compare);
    }
    for (size_t i = 0; i < count; i++) {
        vec_add(arena, out_items, ranked[i].item);
    }
}

/* --- one action ----------------------------------------------------------------------------- */

static void plan_deletion(const struct planning *planning, struct action *action,
                          const struct owned_item *owned)
{
    if (!action->found->exists) {
        return; /* gone already: the ledger forgets it */
    }
    action->verb = ACTION_DELETE;
    action->cause = CAUSE_PENDING;
    action->owner = guard_owner(owned);
    struct left left = guard_deletion(planning, action->item, owned);
    action->held_because = left.because;
    action->is_suspended = left.is_suspended;
}

static bool may_adopt(const struct planning *planning, const struct document *document)
{
    const struct common_spec *common = document == NULL ? NULL : document->spec;
    return planning->input->may_adopt || (common != NULL && common->adopt.is_true);
}

static const struct message *why_change_is_held(const struct planning *planning,
                                                struct action *action,
                                                const struct owned_item *owned)
{
    struct left left =
        guard_change(planning, action->item, "", action->item->document, action->cause);
    action->is_suspended = left.is_suspended;
    if (left.because != NULL) {
        return left.because;
    }
    action->is_foreign = action->found->exists && owned == NULL;
    if (action->is_foreign && !may_adopt(planning, action->item->document)) {
        return message_word(planning->input->arena,
                            N_("it exists and is not ours: --adopt, or adopt: true, takes it over "
                               "and keeps its first content"));
    }
    return NULL;
}

const struct message *plan_refused_before(struct arena *arena)
{
    return message_word(arena, N_("refused before: change it, or say retry"));
}

static const struct refusal *refusal_of(const struct planning *planning,
                                        const struct document *document)
{
    if (document == NULL) {
        return NULL;
    }
    return map_get(&planning->refused, document_id(planning->input->arena, document));
}

static void plan_change(const struct planning *planning, struct action *action,
                        const struct owned_item *owned, struct plan *plan)
{
    struct arena *arena = planning->input->arena;
    const struct item *item = action->item;
    const struct provider *provider = planning->input->providers.find(item->type);
    provider->diff(item, action->found, arena, &action->changes);
    if (action->found->exists) {
        plan_drop_ignored(planning, action, plan);
    }
    if (action->found->exists && action->changes.count == 0) {
        return;
    }
    action->verb = action->found->exists ? ACTION_UPDATE : ACTION_CREATE;
    bool is_old_wish =
        owned != NULL && !owned->is_begun &&
        strcmp(owned->digest, plan_item_digest(&planning->input->providers, item, arena)) == 0;
    action->cause = !is_old_wish ? CAUSE_PENDING : action->found->is_due ? CAUSE_DUE : CAUSE_DRIFT;
    const struct refusal *refusal = refusal_of(planning, item->document);
    action->held_because =
        refusal != NULL && action->cause == CAUSE_PENDING
            ? message_chain(arena, plan_refused_before(arena), MESSAGE_ASIDE, refusal->evidence)
            : why_change_is_held(planning, action, owned);
    if (action->held_because == NULL) {
        action->held_because = action->found->wait;
    }
    size_t due = plan_parts(planning, action, plan);
    if (action->held_because == NULL && due == 0 && action->changes.count > 0) {
        action->held_because = action->changes.items[0].held_because;
        action->is_suspended = action->changes.items[0].is_suspended;
    }
}

static struct action plan_item(const struct planning *planning, const struct item *item,
                               const struct observation *found, struct plan *plan)
{
    struct action action = {.item = item, .found = found};
    const struct owned_item *owned =
        map_get(&planning->owned, item_name(planning->input->arena, item));
    if (found->trouble != NULL) {
        action.verb = item->wanted == NULL ? ACTION_DELETE : ACTION_UPDATE;
        action.cause = CAUSE_DRIFT;
        struct arena *arena = planning->input->arena;
        action.held_because = message_chain(arena, message_word(arena, N_("cannot be looked at")),
                                            MESSAGE_COLON, found->trouble);
    } else if (item->wanted == NULL) {
        plan_deletion(planning, &action, owned);
    } else {
        plan_change(planning, &action, owned, plan);
    }
    return action;
}

const struct override *plan_suspension(const struct plan_input *input,
                                       const struct document *document)
{
    const char *id = document_id(input->arena, document);
    const struct override *override = override_find(input->overrides, id, id, input->now);
    return override != NULL && override->effect == OVERRIDE_SUSPEND ? override : NULL;
}

const char *plan_document_digest(const struct plan_input *input, const struct document *document)
{
    struct digest *digest = digest_begin();
    bool wants_something = false;
    for (size_t i = 0; i < input->desired->items.count; i++) {
        const struct item *item = &input->desired->items.items[i];
        if (item->document == document) {
            digest_add(digest, str_of(plan_item_digest(&input->providers, item, input->arena)));
            wants_something = true;
        }
    }
    const struct tree_item *tree = input->desired->tree;
    for (size_t i = 0; tree != NULL && i < tree->members.count; i++) {
        if (tree->members.items[i].document == document) {
            digest_add(digest, str_of(tree->members.items[i].path));
            digest_add(digest, tree->members.items[i].text.content);
            wants_something = true;
        }
    }
    char *hex = arena_alloc(input->arena, DIGEST_HEX_SIZE);
    digest_end(digest, hex);
    return wants_something ? hex : "";
}

/* --- who takes up whose change -------------------------------------------------------------- */

bool action_is_due(const struct action *action)
{
    return action->verb != ACTION_NONE && action->held_because == NULL;
}

/* Where something that a document wants is somebody else's, the rest of it waits, too: half of it
 * would be of no use. */
static void wait_for_foreign(const struct planning *planning, struct plan *plan)
{
    struct arena *arena = planning->input->arena;
    struct map foreign = {0};
    for (size_t i = 0; i < plan->actions.count; i++) {
        struct action *action = &plan->actions.items[i];
        const struct document *document = action->item->document;
        if (action->is_foreign && action->held_because != NULL && document != NULL &&
            !map_has(&foreign, document_id(arena, document))) {
            (void)map_put(arena, &foreign, document_id(arena, document), action);
        }
    }
    for (size_t i = 0; foreign.count > 0 && i < plan->actions.count; i++) {
        struct action *action = &plan->actions.items[i];
        const struct document *document = action->item->document;
        if (document == NULL || action->cause != CAUSE_PENDING || !action_is_due(action)) {
            continue;
        }
        const struct action *other = map_get(&foreign, document_id(arena, document));
        if (other != NULL) {
            action->held_because = message_make(arena, "it waits for %s, which is not ours",
                                                item_name(arena, other->item));
        }
    }
}

static void notify(const struct planning *planning, struct plan *plan, struct action *action)
{
    const struct provider *provider = planning->input->providers.find(action->item->type);
    if (provider->inputs == NULL || action->item->wanted == NULL || action->verb == ACTION_CREATE) {
        return;
    }
    const char *const *inputs = provider->inputs(action->item, planning->input->arena);
    for (size_t i = 0; inputs != NULL && inputs[i] != NULL; i++) {
        const struct action *input = map_get(&plan->by_name, inputs[i]);
        if (input == NULL || !action_is_due(input)) {
            continue;
        }
        action->asks_notification = true;
        action->reason = message_make(planning->input->arena, "%s changes", inputs[i]);
        if (action->verb == ACTION_NONE) {
            action->verb = ACTION_NOTIFY;
            action->cause = input->cause;
            struct left left =
                guard_change(planning, action->item, "", action->item->document, action->cause);
            action->held_because = left.because;
            action->is_suspended = left.is_suspended;
        }
        return;
    }
}

size_t plan_weight(const struct action *action)
{
    size_t parts = 0;
    size_t held = 0;
    for (size_t i = 0; i < action->changes.count; i++) {
        parts += action->changes.items[i].thing != NULL;
        held += action->changes.items[i].held_because != NULL;
    }
    return parts - held + (parts == 0 || parts < action->changes.count);
}

static void count_one(struct plan_counts *counts, bool is_held, bool is_deletion,
                      enum action_cause cause)
{
    if (is_held) {
        counts->held++;
    } else if (is_deletion) {
        counts->to_remove++;
    } else if (cause == CAUSE_DRIFT) {
        counts->drifted++;
    } else {
        counts->to_change++;
    }
}

/* Parts count one by one, and so does what concerns the item as a whole. */
static void count_action(struct plan_counts *counts, const struct action *action)
{
    counts->items++;
    if (action->verb == ACTION_NONE) {
        return;
    }
    bool is_held = action->held_because != NULL;
    bool is_deletion = action->verb == ACTION_DELETE;
    size_t parts = 0;
    for (size_t i = 0; i < action->changes.count; i++) {
        const struct change *change = &action->changes.items[i];
        if (change->thing != NULL) {
            count_one(counts, is_held || change->held_because != NULL,
                      is_deletion || change->to == NULL,
                      change->cause == CAUSE_NONE ? action->cause : change->cause);
            parts++;
        }
    }
    if (parts == 0 || parts < action->changes.count) {
        count_one(counts, is_held, is_deletion, action->cause);
    }
}

void plan_build(const struct plan_input *input, const struct item_list *items,
                const struct observation *observations, struct plan *out_plan)
{
    const struct planning planning = planning_make(input);
    *out_plan = (struct plan){0};
    for (size_t i = 0; i < items->count; i++) {
        if (items->items[i].wanted != NULL) {
            vec_add(input->arena, &out_plan->actions,
                    plan_item(&planning, &items->items[i], &observations[i], out_plan));
        }
    }
    for (size_t i = items->count; i > 0; i--) {
        if (items->items[i - 1].wanted == NULL) {
            vec_add(input->arena, &out_plan->actions,
                    plan_item(&planning, &items->items[i - 1], &observations[i - 1], out_plan));
        }
    }
    for (size_t i = 0; i < out_plan->actions.count; i++) {
        struct action *action = &out_plan->actions.items[i];
        (void)map_put(input->arena, &out_plan->by_name, item_name(input->arena, action->item),
                      action);
    }
    wait_for_foreign(&planning, out_plan);
    for (size_t i = 0; i < out_plan->actions.count; i++) {
        struct action *action = &out_plan->actions.items[i];
        const struct provider *provider = input->providers.find(action->item->type);
        notify(&planning, out_plan, action);
        if (provider->impact != NULL && action_is_due(action)) {
            action->impact = provider->impact(action, input->arena);
        }
        count_action(&out_plan->counts, action);
    }
}
