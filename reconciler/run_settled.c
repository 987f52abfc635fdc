/* Whether anything is to be done at all. The same inputs as in a run that left nothing to do, and
 * every path as it was then: nothing, known by one stat for each, and nothing is parsed. Where a
 * few paths differ, a run that only shows looks at what their documents want, and at nothing else:
 * all the rest is as that run left it. */
#include "run.h"

#include "model/file_item.h"
#include "providers/fingerprints.h"
#include "providers/nginx.h"
#include "providers/unit.h"

enum { NARROW_MOST = 100 }; /* paths; with more of them the whole is as quick */

/* What leaves no trace on disk: whether nginx runs what the current generation says, and timers. */
static bool is_running_as_recorded(struct run *run)
{
    struct error err = {0};
    const char *unloaded = NULL;
    return (!run->owns_tree || (nginx_find_unloaded(&run->host, run->report.generation_before,
                                                    run->arena, &unloaded, &err) &&
                                unloaded == NULL)) &&
           unit_timers_run(&run->host, run->arena);
}

static bool asks_only_for_changes(const struct run *run)
{
    const struct run_options *options = run->options;
    return !options->is_offline && !options->is_deep && !options->wants_states &&
           !options->retries && !options->may_adopt &&
           !diagnostics_have_errors(&run->diagnostics) && !run_events_wait(run) &&
           !run->waits_for_window;
}

bool run_is_settled(struct run *run)
{
    struct error err = {0};
    bool narrows = run->options->shows_changes_only && !run->options->applies;
    run->suspects = (struct path_list){0};
    if (!asks_only_for_changes(run) || !run_ledger_is_known(run)) {
        return false;
    }
    enum fingerprints_answer answer =
        fingerprints_hold(&run->host, run->key, run->arena, narrows ? &run->suspects : NULL);
    if (answer == FINGERPRINTS_UNKNOWN || nginx_reload_is_owed(&run->host) ||
        !generation_current(&run->host, &run->report.generation_before, &err) ||
        !is_running_as_recorded(run)) {
        run->suspects = (struct path_list){0};
        return false;
    }
    run->report.generation_after = run->report.generation_before;
    if (answer == FINGERPRINTS_DIFFER) {
        return false;
    }
    run->report.settled_items = run->owned_count;
    return !run->options->applies || run_record_confirmed(run);
}

void run_remember_settled(struct run *run)
{
    struct error err = {0};
    run_remember(run);
    fingerprints_keep_all(run->host.fingerprints);
    if (run->options->applies && !fingerprints_save(&run->host, run->arena, &err)) {
        (void)run_fail(run, &err);
    }
}

void run_narrow(struct run *run)
{
    if (run->suspects.count == 0 || run->suspects.count > NARROW_MOST) {
        return;
    }
    struct map *scope = arena_new(run->arena, struct map);
    for (size_t i = 0; i < run->suspects.count; i++) {
        const struct ledger_entry *entry =
            ledger_find(run->ledger, ITEM_FILE, run->suspects.items[i]);
        if (entry == NULL || entry->document == NULL) {
            return; /* part of the tree, or nothing of ours alone */
        }
        (void)map_put(run->arena, scope, entry->document, run);
    }
    run->scope = scope;
}
