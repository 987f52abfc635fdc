/* Repairs that do not last. What drifted and was repaired three times within an hour, and drifts
 * again, has another writer: it is left alone for an hour and reported as a fight. Files are put
 * back by the loop, which counts those itself; this counts what its runs repair: units, links,
 * accounts, folders. STATE/flips.json keeps the times; losing it only means that counting begins
 * anew. Runs that somebody starts by hand are not counted: they know what they do. */
#include "run.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "model/json.h"
#include "model/tree_item.h"
#include "providers/overrides.h"

enum { FLIPS_LIMIT = 4 << 20, FLIPS_MODE = 0600 };

static const char *flips_path(const struct run *run)
{
    return host_path(arena_printf(run->arena, "%s/flips.json", run->layout.state));
}

static bool counts(const struct run *run)
{
    return run->options->applies && run->options->heals;
}

/* --- on disk -------------------------------------------------------------------------------- */

static void read_times(struct run *run, struct flips *flips, const json_t *times)
{
    size_t index = 0;
    const json_t *time = NULL;
    int64_t now = run->host.now(&run->host);
    json_array_foreach(times, index, time)
    {
        int64_t at = json_integer_value(time);
        if (at <= now && now - at < OVERRIDE_FIGHT_SECONDS) {
            vec_add(run->arena, &flips->times, at);
        }
    }
}

bool run_flips_load(struct run *run, struct error *err)
{
    struct str content = {0};
    struct error why = {0};
    if (!counts(run)) {
        return true;
    }
    if (!file_read(run->host.root, flips_path(run), FLIPS_LIMIT, run->arena, &content, &why)) {
        return why.number == ENOENT || error_copy(err, &why);
    }
    AUTO_JSON root = json_loadb(content.data, content.length, 0, NULL);
    const char *name = NULL;
    const json_t *times = NULL;
    json_object_foreach((json_t *)root, name, times)
    {
        struct flips flips = {.item = arena_strdup(run->arena, name)};
        read_times(run, &flips, times);
        if (flips.times.count > 0) {
            vec_add(run->arena, &run->flips, flips);
        }
    }
    return true;
}

bool run_flips_save(struct run *run, struct error *err)
{
    if (!counts(run)) {
        return true;
    }
    if (run->flips.count == 0) {
        return file_remove_all(run->host.root, flips_path(run), err);
    }
    AUTO_JSON root = json_object();
    for (size_t i = 0; i < run->flips.count; i++) {
        const struct flips *flips = &run->flips.items[i];
        json_t *times = json_array();
        for (size_t t = 0; t < flips->times.count; t++) {
            (void)json_array_append_new(times, json_integer((json_int_t)flips->times.items[t]));
        }
        (void)json_object_set_new(root, flips->item, times);
    }
    CLEANUP(cleanup_free) char *text = json_dumps(root, JSON_INDENT(1));
    if (text == NULL) {
        return error_set(err, ERROR_FORMAT, "flips.json: text that is not UTF-8");
    }
    return file_replace(run->host.root, flips_path(run), str_of(text), FLIPS_MODE, FILE_OWNER_NONE,
                        FILE_SYNC_NOW, err);
}

/* --- counting ------------------------------------------------------------------------------- */

/* Members of the tree are files, which the loop looks after. */
static bool is_repair(const struct action *action)
{
    return action->cause == CAUSE_DRIFT && action_is_due(action) &&
           strcmp(action->item->type, ITEM_TREE) != 0;
}

static struct flips *find_flips(struct run *run, const struct item *item)
{
    const char *name = item_name(run->arena, item);
    for (size_t i = 0; i < run->flips.count; i++) {
        if (strcmp(run->flips.items[i].item, name) == 0) {
            return &run->flips.items[i];
        }
    }
    return NULL;
}

static void leave_alone(struct run *run, struct flips *flips)
{
    const char *why =
        arena_printf(run->arena, "it was repaired %d times within an hour and drifts again",
                     OVERRIDE_FIGHT_REPAIRS);
    const struct override override = override_fight(flips->item, why, run->host.now(&run->host));
    override_put(run->arena, &run->overrides, &override);
    fingerprints_due(&run->host, override.until);
    flips->times = (struct flip_times){0}; /* who says resume gets as many tries again */
}

bool run_flips_hold(struct run *run, bool *out_held, struct error *err)
{
    *out_held = false;
    for (size_t i = 0; counts(run) && i < run->plan.actions.count; i++) {
        const struct action *action = &run->plan.actions.items[i];
        struct flips *flips = is_repair(action) ? find_flips(run, action->item) : NULL;
        if (flips != NULL && flips->times.count >= OVERRIDE_FIGHT_REPAIRS) {
            leave_alone(run, flips);
            *out_held = true;
        }
    }
    return !*out_held || overrides_save(&run->host, run->arena, &run->overrides, err);
}

void run_flips_count(struct run *run)
{
    for (size_t i = 0; counts(run) && run->outcomes != NULL && i < run->plan.actions.count; i++) {
        const struct action *action = &run->plan.actions.items[i];
        if (!is_repair(action) || run->outcomes[i].result != OUTCOME_CHANGED) {
            continue;
        }
        struct flips *flips = find_flips(run, action->item);
        if (flips == NULL) {
            vec_add(run->arena, &run->flips,
                    (struct flips){.item = item_name(run->arena, action->item)});
            flips = vec_last(&run->flips);
        }
        vec_add(run->arena, &flips->times, run->host.now(&run->host));
    }
}
