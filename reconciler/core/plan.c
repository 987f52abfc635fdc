/* Compares wish, host and ledger, and decides what would be done and what must not be. Nothing here
 * knows what a file or a unit is: providers say what differs, what a wish amounts to, and whose
 * change an item must take up. */
#include "core/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/kind.h"
#include "model/file_item.h"

/* More than three removed documents, and more than a fifth of all, wait for a word. */
enum { DELETIONS_ALWAYS_FINE = 3, DELETIONS_SHARE = 5 };

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
    return (struct item){.type = owned->type, .id = owned->id, .has_data = owned->has_data};
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

struct planning {
    const struct plan_input *input;
    struct map owned;   /* item_name -> struct owned_item * */
    struct map refused; /* document id -> struct refusal *, those that still hold */
    bool deletes_too_many;
};

static enum mode document_mode(const struct planning *planning, const struct document *document)
{
    if (document != NULL) {
        const struct common_spec *common = document->spec;
        if (common->mode.index >= 0) {
            return (enum mode)common->mode.index;
        }
    }
    return planning->input->mode;
}

/* Why a difference stays; because is NULL when it does not. */
struct left {
    const char *because;
    bool is_suspended;
};

/* What people said over the modes that the documents and the settings name. owner: the document's
 * id where the document itself is gone, or ""; document may be NULL. */
static struct left left_alone(const struct planning *planning, const struct item *item,
                              const char *owner, const struct document *document,
                              enum action_cause cause)
{
    struct arena *arena = planning->input->arena;
    const char *id = document != NULL ? document_id(arena, document) : owner;
    const struct override *override =
        override_find(planning->input->overrides, item_name(arena, item), id, planning->input->now);
    enum mode mode = document_mode(planning, document);
    if (override != NULL && (override->effect != OVERRIDE_HOLD || cause == CAUSE_PENDING)) {
        return (struct left){override_text(arena, override), override->effect == OVERRIDE_SUSPEND};
    }
    if (mode == MODE_OBSERVE) {
        return (struct left){.because = "mode: observe"};
    }
    if (mode == MODE_HOLD && cause == CAUSE_PENDING) {
        return (struct left){.because = "mode: hold takes no new commit"};
    }
    return (struct left){0};
}

static const struct tombstone *find_tombstone(const struct tombstone_list *tombstones,
                                              const char *document)
{
    for (size_t i = 0; i < tombstones->count; i++) {
        const struct tombstone *tombstone = &tombstones->items[i];
        size_t kind = strlen(tombstone->kind);
        if (strncmp(document, tombstone->kind, kind) == 0 && document[kind] == ':' &&
            strcmp(document + kind + 1, tombstone->name) == 0) {
            return tombstone;
        }
    }
    return NULL;
}

/* True from that day on; a day that is not written, or not a day, has always come. */
static bool has_come(const char *day, int64_t now)
{
    int64_t at = 0;
    return day == NULL || !value_read_date(day, &at) || at <= now;
}

static const char *why_deletion_is_held(const struct planning *planning, struct action *action,
                                        const struct owned_item *owned)
{
    const struct plan_input *input = planning->input;
    const struct tombstone *tombstone = find_tombstone(input->tombstones, owned->document);
    struct left left = left_alone(planning, action->item, owned->document, NULL, CAUSE_PENDING);
    action->is_suspended = left.is_suspended;
    if (left.because != NULL) {
        return left.because;
    }
    if (tombstone != NULL) {
        return has_come(tombstone->after, input->now)
                   ? NULL
                   : arena_printf(input->arena, "removed: goes after %s", tombstone->after);
    }
    if (owned->has_data) {
        return "left over: it may hold data and goes away only with an entry under removed:";
    }
    if (owned->is_protected) {
        return "protected: its document said protect: true; it goes away only with an entry under "
               "removed:";
    }
    if (planning->deletes_too_many) {
        return "this would remove unusually much: say --confirm if that is what you want";
    }
    return NULL;
}

static void plan_deletion(const struct planning *planning, struct action *action,
                          const struct owned_item *owned)
{
    if (!action->found->exists) {
        return; /* gone already: the ledger forgets it */
    }
    action->verb = ACTION_DELETE;
    action->cause = CAUSE_PENDING;
    action->held_because = why_deletion_is_held(planning, action, owned);
}

static const char *why_change_is_held(const struct planning *planning, struct action *action,
                                      const struct owned_item *owned)
{
    struct left left =
        left_alone(planning, action->item, "", action->item->document, action->cause);
    action->is_suspended = left.is_suspended;
    if (left.because != NULL) {
        return left.because;
    }
    if (action->found->exists && owned == NULL && !planning->input->may_adopt) {
        return "it exists and is not ours: --adopt takes it over and keeps its first content";
    }
    return NULL;
}

static const struct refusal *refusal_of(const struct planning *planning,
                                        const struct document *document)
{
    if (document == NULL) {
        return NULL;
    }
    return map_get(&planning->refused, document_id(planning->input->arena, document));
}

static bool is_ignored(const struct planning *planning, const struct document *document,
                       const char *field)
{
    if (document == NULL) {
        return false;
    }
    const struct common_spec *common = document->spec;
    const struct ignore_spec *ignored = common->ignore.items;
    for (size_t i = 0; i < common->ignore.count; i++) {
        bool has_ended =
            ignored[i].until.text != NULL && has_come(ignored[i].until.text, planning->input->now);
        if (!has_ended && text_equal(field, ignored[i].field.text)) {
            return true;
        }
    }
    return false;
}

/* Differences that a document says to leave alone, until their day. */
static void drop_ignored(const struct planning *planning, struct action *action, struct plan *plan)
{
    struct change_list *changes = &action->changes;
    size_t kept = 0;
    for (size_t i = 0; i < changes->count; i++) {
        const struct change *change = &changes->items[i];
        const struct document *document =
            change->document != NULL ? change->document : action->item->document;
        if (!is_ignored(planning, document, change->field)) {
            changes->items[kept++] = *change;
        } else if (change->thing != NULL) {
            vec_add(planning->input->arena, &plan->left,
                    (struct left_part){.path = change->thing,
                                       .content = change->from,
                                       .because = "ignored",
                                       .document = change->document,
                                       .is_drift = true});
        }
    }
    changes->count = kept;
}

/* --- parts ---------------------------------------------------------------------------------- */

static int file_compare(const void *key, const void *element)
{
    return strcmp(key, ((const struct desired_file *)element)->path);
}

static bool was_left_drifted(const struct planning *planning, const char *path)
{
    const struct left_parts *left = planning->input->left;
    for (size_t i = 0; i < left->count; i++) {
        if (strcmp(left->items[i].path, path) == 0) {
            return left->items[i].is_drift;
        }
    }
    return false;
}

/* A part that is as we wrote it last differs because the wish is new. One that was left alone
 * became what we wrote when something else changed: it keeps its cause. */
static enum action_cause part_cause(const struct planning *planning, const struct change *change)
{
    const struct desired_files *good = planning->input->last_good;
    const struct desired_file *written =
        good->count == 0
            ? NULL
            : bsearch(change->thing, good->items, good->count, sizeof(*good->items), file_compare);
    bool is_as_written =
        written == NULL ? change->from == NULL
                        : change->from != NULL && str_equal(str_of(change->from), written->content);
    return is_as_written && !was_left_drifted(planning, change->thing) ? CAUSE_PENDING
                                                                       : CAUSE_DRIFT;
}

/* Each part of a tree belongs to a document of its own, which may want to be left alone. Returns
 * how many changes are not held. */
static size_t plan_parts(const struct planning *planning, struct action *action, struct plan *plan)
{
    size_t due = 0;
    for (size_t i = 0; i < action->changes.count; i++) {
        struct change *change = &action->changes.items[i];
        if (change->thing != NULL && change->is_text) {
            const struct item part = {.type = ITEM_FILE, .id = change->thing};
            change->cause = part_cause(planning, change);
            struct left left = left_alone(planning, &part, "", change->document, change->cause);
            bool is_all_held = action->held_because != NULL;
            change->held_because = is_all_held ? action->held_because : left.because;
            change->is_suspended = is_all_held ? action->is_suspended : left.is_suspended;
        }
        if (change->held_because == NULL) {
            due++;
            continue;
        }
        vec_add(planning->input->arena, &plan->left,
                (struct left_part){.path = change->thing,
                                   .content = change->from,
                                   .because = change->held_because,
                                   .document = change->document,
                                   .is_drift = change->cause == CAUSE_DRIFT});
    }
    return due;
}

static void plan_change(const struct planning *planning, struct action *action,
                        const struct owned_item *owned, struct plan *plan)
{
    struct arena *arena = planning->input->arena;
    const struct item *item = action->item;
    const struct provider *provider = planning->input->providers.find(item->type);
    provider->diff(item, action->found, arena, &action->changes);
    if (action->found->exists) {
        drop_ignored(planning, action, plan);
    }
    if (action->found->exists && action->changes.count == 0) {
        return;
    }
    action->verb = action->found->exists ? ACTION_UPDATE : ACTION_CREATE;
    const char *digest = plan_item_digest(&planning->input->providers, item, arena);
    bool is_old_wish = owned != NULL && strcmp(owned->digest, digest) == 0;
    action->cause = is_old_wish ? CAUSE_DRIFT : CAUSE_PENDING;
    const struct refusal *refusal = refusal_of(planning, item->document);
    action->held_because =
        refusal != NULL && action->cause == CAUSE_PENDING
            ? arena_printf(arena, "refused before (%s): change it or say retry", refusal->evidence)
            : why_change_is_held(planning, action, owned);
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
    if (found->has_failed) {
        action.verb = item->wanted == NULL ? ACTION_DELETE : ACTION_UPDATE;
        action.cause = CAUSE_DRIFT;
        action.held_because =
            arena_printf(planning->input->arena, "cannot be looked at: %s", found->error.message);
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

/* --- guards over all ------------------------------------------------------------------------ */

/* Documents that own something, and those of them that are gone. */
static bool deletes_too_many(const struct plan_input *input)
{
    struct map owners = {0};
    struct map present = {0};
    for (size_t i = 0; i < input->desired->items.count; i++) {
        const struct document *document = input->desired->items.items[i].document;
        if (document != NULL) {
            (void)map_put(input->arena, &present, document_id(input->arena, document), NULL);
        }
    }
    size_t gone = 0;
    for (size_t i = 0; i < input->owned->count; i++) {
        const char *owner = input->owned->items[i].document;
        if (owner[0] == '\0' || map_has(&owners, owner)) {
            continue;
        }
        (void)map_put(input->arena, &owners, owner, NULL);
        gone += !map_has(&present, owner);
    }
    return gone > DELETIONS_ALWAYS_FINE && gone * DELETIONS_SHARE > owners.count;
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
        action->reason = arena_printf(planning->input->arena, "%s changes", inputs[i]);
        if (action->verb == ACTION_NONE) {
            action->verb = ACTION_NOTIFY;
            action->cause = input->cause;
            struct left left =
                left_alone(planning, action->item, "", action->item->document, action->cause);
            action->held_because = left.because;
            action->is_suspended = left.is_suspended;
        }
        return;
    }
}

static size_t count_held_parts(const struct action *action)
{
    size_t count = 0;
    for (size_t i = 0; i < action->changes.count; i++) {
        count += action->changes.items[i].held_because != NULL;
    }
    return count;
}

static void count_action(struct plan_counts *counts, const struct action *action)
{
    counts->items++;
    if (action->verb == ACTION_NONE) {
        return;
    }
    size_t parts = count_held_parts(action);
    if (action->held_because != NULL) {
        counts->held += parts > 0 ? parts : 1;
        return;
    }
    counts->held += parts;
    if (action->verb == ACTION_DELETE) {
        counts->to_remove++;
    } else if (action->cause == CAUSE_DRIFT) {
        counts->drifted++;
    } else {
        counts->to_change++;
    }
}

static void prepare(struct planning *planning)
{
    const struct plan_input *input = planning->input;
    for (size_t i = 0; i < input->owned->count; i++) {
        struct owned_item *owned = &input->owned->items[i];
        struct item item = item_of_owned(owned);
        (void)map_put(input->arena, &planning->owned, item_name(input->arena, &item), owned);
    }
    for (size_t i = 0; i < input->refusals->count; i++) {
        struct refusal *refusal = &input->refusals->items[i];
        (void)map_put(input->arena, &planning->refused, refusal->document, refusal);
    }
    planning->deletes_too_many = !input->may_delete_many && deletes_too_many(input);
}

void plan_build(const struct plan_input *input, const struct item_list *items,
                const struct observation *observations, struct plan *out_plan)
{
    struct planning planning = {.input = input};
    prepare(&planning);
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
