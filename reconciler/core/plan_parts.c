#include "core/plan_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/file_item.h"

void plan_drop_ignored(const struct planning *planning, struct action *action, struct plan *plan)
{
    struct change_list *changes = &action->changes;
    size_t kept = 0;
    for (size_t i = 0; i < changes->count; i++) {
        const struct change *change = &changes->items[i];
        const struct document *document =
            change->document != NULL ? change->document : action->item->document;
        if (!guard_ignores(planning, document, change->field)) {
            changes->items[kept++] = *change;
        } else if (change->thing != NULL) {
            vec_add(
                planning->input->arena, &plan->left,
                (struct left_part){.path = change->thing,
                                   .content = change->from,
                                   .because = message_word(planning->input->arena, N_("ignored")),
                                   .document = change->document,
                                   .is_drift = true});
        }
    }
    changes->count = kept;
}

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

/* Gives a part its cause, and what holds it while others change. */
static void plan_part(const struct planning *planning, const struct action *action,
                      struct change *change)
{
    const struct item part = {.type = ITEM_FILE, .id = change->thing};
    const struct owned_item *owned = map_get(&planning->parts, change->thing);
    change->cause = part_cause(planning, change);
    change->owner = change->to == NULL ? guard_owner(owned) : NULL;
    struct left left = change->owner != NULL
                           ? guard_deletion(planning, &part, owned)
                           : guard_change(planning, &part, "", change->document, change->cause);
    bool is_all_held = action->held_because != NULL;
    change->held_because = is_all_held ? action->held_because : left.because;
    change->is_suspended = is_all_held ? action->is_suspended : left.is_suspended;
}

size_t plan_parts(const struct planning *planning, struct action *action, struct plan *plan)
{
    size_t due = 0;
    for (size_t i = 0; i < action->changes.count; i++) {
        struct change *change = &action->changes.items[i];
        if (change->thing != NULL && change->is_text) {
            plan_part(planning, action, change);
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
