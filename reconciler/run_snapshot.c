/* What a run has seen of its host, for `status -o json` and thus for `plan --against` elsewhere. */
#include "run.h"

#include <string.h>

#include "providers/providers.h"
#include "providers/systemd_bus.h"

/* What we own is looked at once more as if nobody wanted it: that is what another folder may say.
 */
static bool look_at_unwanted(struct run *run, struct snapshot_observations *out)
{
    struct map owned = {0};
    struct item_list items = {0};
    for (size_t i = 0; i < run->owned.count; i++) {
        const struct item item = {.type = run->owned.items[i].type, .id = run->owned.items[i].id};
        (void)map_put(run->arena, &owned, item_name(run->arena, &item), &run->owned.items[i]);
    }
    for (size_t i = 0; i < run->items.count; i++) {
        struct item item = run->items.items[i];
        if (item.wanted != NULL && map_has(&owned, item_name(run->arena, &item))) {
            item.wanted = NULL;
            vec_add(run->arena, &items, item);
        }
    }
    out->items = arena_array(run->arena, items.count, sizeof(*out->items));
    out->count = items.count;
    return run_observe(run, &items, out->items);
}

struct snapshot *run_make_snapshot(struct run *run)
{
    struct snapshot *snapshot = arena_new(run->arena, struct snapshot);
    *snapshot = (struct snapshot){
        .providers = {provider_find, provider_rank},
        .taken_at = run->host.now(&run->host),
        .host = run->host_name,
        .environment = run->environment,
        .mode = settings_mode_word(run->settings),
        .is_all_or_nothing = run->settings->on_error.index == ON_ERROR_ALL_OR_NOTHING,
        .has_manager = systemd_is_managed(&run->host),
        .layout = run->layout,
        .facts = run->facts,
        .generation = run->report.generation_before,
        .owned = run->owned,
        .parts = run->parts,
        .refusals = run->memory_before.refusals,
        .held_inputs = run->memory_before.held_inputs,
        .held_at = run->memory_before.held_at,
        .overrides = run->overrides,
        .left = run->left_before,
        .last_good = run->last_good,
        .foreign = run->foreign,
        .views[SNAPSHOT_AS_WANTED] = {run->observations, run->items.count, run->items.count},
    };
    return snapshot;
}

bool run_take_snapshot(struct run *run)
{
    struct snapshot *snapshot = run_make_snapshot(run);
    if (!look_at_unwanted(run, &snapshot->views[SNAPSHOT_AS_UNWANTED])) {
        return false;
    }
    run->report.snapshot = snapshot;
    return true;
}
