/* Looks at units: their links first, which anybody may read and which cost microseconds, then one
 * question to the manager about those whose links or files are not as they were when we last knew
 * them well. Changes nothing. */
#include "providers/unit_parts.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "providers/unit_inputs.h"
#include "providers/unit_links.h"

struct look {
    const struct item *item;
    const struct unit_item *wanted; /* unit_wanted */
    struct unit_invocation invocation;
    struct unit_inputs inputs;
    bool is_enabled;
    bool is_linked;   /* of one to be removed: some target wants it */
    bool is_packaged; /* a package or a generator brings a unit of this name */
    bool asks;        /* the manager must say */
    struct systemd_unit_state state;
    bool is_stale;
    const char *outdated;
};

const struct unit_item *unit_wanted(const struct host *host, const struct item *item,
                                    struct arena *arena)
{
    if (item->wanted != NULL) {
        return item->wanted;
    }
    struct unit_item *unit = arena_new(arena, struct unit_item);
    unit->file = arena_printf(arena, "%s/%s", host->layout->units, item->id);
    return unit;
}

/* ---- words --------------------------------------------------------------------------------- */

static const struct state_words {
    const char *active;
    const char *sub; /* NULL: any */
    const char *words;
} state_words[] = {
    {"active", NULL, N_("running")},
    {"reloading", NULL, N_("running")},
    {"activating", "auto-restart", N_("restarting after a failure")},
    {"activating", NULL, N_("starting")},
    {"deactivating", NULL, N_("stopping")},
    {"failed", NULL, N_("failed")},
    {"inactive", NULL, N_("stopped")},
};

const char *unit_state_words(const struct systemd_unit_state *state, bool *out_is_running)
{
    const char *words = state->active;
    for (size_t i = 0; i < sizeof(state_words) / sizeof(state_words[0]); i++) {
        const struct state_words *row = &state_words[i];
        if (text_equal(row->active, state->active) &&
            (row->sub == NULL || text_equal(row->sub, state->sub))) {
            words = row->words;
            break;
        }
    }
    *out_is_running = strcmp(words, "running") == 0;
    return text_equal(state->load, "masked") ? N_("masked") : words;
}

/* ---- without the manager ------------------------------------------------------------------- */

static bool is_packaged(const struct host *host, const char *name, struct arena *arena)
{
    static const char *const folders[] = {"usr/lib/systemd/system", "usr/local/lib/systemd/system",
                                          "run/systemd/system", "run/systemd/generator",
                                          "run/systemd/transient"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        const char *path = arena_printf(arena, "%s/%s", folders[i], name);
        if (faccessat(host->root, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            return true;
        }
    }
    return false;
}

static bool must_ask(struct host *host, const struct look *look, const struct unit_record *record,
                     struct arena *arena)
{
    if (look->item->wanted == NULL) {
        return look->inputs.has_file && !look->invocation.exists; /* a timer runs without link */
    }
    if (look->wanted->is_running) {
        return look->invocation.exists
                   ? !unit_invocation_is_known(host, look->item->id, &look->invocation,
                                               look->inputs.stamp, arena)
                   : look->inputs.has_file;
    }
    const struct unit_entry *entry = unit_record_find(record, look->item->id);
    return look->inputs.has_file &&
           (entry == NULL || strcmp(entry->stamp, look->inputs.stamp) != 0);
}

static bool look_closer(struct host *host, struct look *look, bool is_managed,
                        const struct unit_record *record, struct arena *arena, struct error *err)
{
    const char *name = look->item->id;
    if (!unit_name_is_safe(name)) {
        return error_set(err, ERROR_FORMAT, "\"%s\" is not a unit's name", name);
    }
    look->inputs = unit_inputs_look(host, look->wanted, arena);
    if (look->item->wanted == NULL) {
        if (!unit_is_linked_anywhere(host, name, arena, &look->is_linked, err)) {
            return false;
        }
    } else {
        look->is_enabled = unit_is_enabled(host, name, look->wanted, arena);
        look->is_packaged = !look->inputs.has_file && is_packaged(host, name, arena);
    }
    if (is_managed) {
        look->invocation = unit_invocation_look(host, name, arena);
        look->asks = must_ask(host, look, record, arena);
        if (look->item->wanted != NULL && look->wanted->is_running) {
            unit_inputs_remember(host, look->wanted);
        }
    }
    return true;
}

/* ---- with the manager ---------------------------------------------------------------------- */

bool unit_is_stale(const struct host *host, const char *name, const struct unit_item *unit,
                   const struct unit_record *record, uint64_t loaded_at, struct arena *arena)
{
    const struct unit_entry *entry = unit_record_find(record, name);
    if (entry != NULL && entry->loaded[0] != '\0' && record->loaded_at == loaded_at) {
        return strcmp(entry->loaded, unit_file_digest(host, unit, arena)) != 0;
    }
    /* Somebody else made it load, or we do not remember. NeedDaemonReload is no help: on version
     * 252 it misses a file that was replaced by one with an older mtime. */
    struct unit_inputs inputs = unit_inputs_look(host, unit, arena);
    return inputs.has_file && inputs.file_us + CLOCK_TICK_US >= (int64_t)loaded_at;
}

/* The input that the running unit has not taken up; NULL when it has them all. */
static bool find_outdated(struct systemd_bus *bus, struct host *host, struct look *look,
                          const struct unit_record *record, struct arena *arena, struct error *err)
{
    const struct unit_entry *entry = unit_record_find(record, look->item->id);
    const char *invocation = look->invocation.exists ? look->invocation.id : "-";
    if (entry != NULL && strcmp(entry->invocation, invocation) == 0) {
        bool has_all = strcmp(entry->inputs, unit_inputs_digest(host, look->wanted, arena)) == 0;
        look->outdated = has_all ? NULL : look->inputs.newest;
        return true;
    }
    uint64_t started_us = 0;
    if (!systemd_bus_number(bus, look->item->id, "Unit", "InactiveExitTimestamp", 't', &started_us,
                            err)) {
        return false;
    }
    bool is_newer = look->inputs.newest_us + CLOCK_TICK_US >= (int64_t)started_us;
    look->outdated = is_newer ? look->inputs.newest : NULL;
    return true;
}

static bool judge(struct systemd_bus *bus, struct host *host, struct look *look,
                  const struct unit_record *record, uint64_t loaded_at, struct arena *arena,
                  struct error *err)
{
    bool is_running = false;
    (void)unit_state_words(&look->state, &is_running);
    look->is_stale = look->item->wanted != NULL && look->inputs.has_file &&
                     unit_is_stale(host, look->item->id, look->wanted, record, loaded_at, arena);
    if (look->item->wanted == NULL || !is_running || !look->wanted->is_running) {
        return true;
    }
    if (look->is_stale) {
        look->outdated = look->wanted->file;
    } else if (!find_outdated(bus, host, look, record, arena, err)) {
        return false;
    }
    if (look->outdated == NULL) {
        unit_invocation_remember(host, look->item->id, &look->invocation, look->inputs.stamp,
                                 arena);
    }
    return true;
}

static bool ask_manager(struct systemd_bus *bus, const char *const *names, size_t count,
                        struct arena *arena, struct systemd_unit_state *out_states,
                        uint64_t *out_loaded_at, struct error *err)
{
    return systemd_bus_open(bus, err) && systemd_bus_loaded_at(bus, out_loaded_at, err) &&
           systemd_bus_list(bus, names, count, arena, out_states, err);
}

/* One question about all that must be asked for. */
static void ask(struct host *host, struct look *looks, size_t count,
                const struct unit_record *record, struct arena *arena, struct observation *out)
{
    const char **names = arena_array(arena, count, sizeof(*names));
    struct systemd_unit_state *states = arena_array(arena, count, sizeof(*states));
    size_t asked = 0;
    for (size_t i = 0; i < count; i++) {
        if (looks[i].asks) {
            names[asked++] = looks[i].item->id;
        }
    }
    if (asked == 0) {
        return;
    }
    AUTO_SYSTEMD_BUS bus = {0};
    uint64_t loaded_at = 0;
    struct error err = {0};
    bool is_answered = ask_manager(&bus, names, asked, arena, states, &loaded_at, &err);
    for (size_t i = 0; i < count; i++) {
        if (!looks[i].asks) {
            continue;
        }
        if (!is_answered) {
            out[i].trouble = message_of_error(arena, &err);
            continue;
        }
        looks[i].state = *states++;
        struct error reason = {0};
        if (!judge(&bus, host, &looks[i], record, loaded_at, arena, &reason)) {
            out[i].trouble = message_of_error(arena, &reason);
        }
    }
}

/* ---- the result ---------------------------------------------------------------------------- */

static const struct unit_item *found_of(const struct look *look, bool is_managed,
                                        struct arena *arena)
{
    struct unit_item *found = arena_new(arena, struct unit_item);
    *found = *look->wanted;
    found->is_enabled = look->is_enabled;
    found->is_managed = is_managed;
    found->is_stale = look->is_stale;
    found->outdated = look->outdated;
    found->inputs = look->inputs.newest_first;
    found->is_running = false;
    found->state = NULL;
    if (look->asks) {
        found->state = unit_state_words(&look->state, &found->is_running);
    } else if (is_managed) {
        found->is_running = look->invocation.exists;
        found->state = look->invocation.exists ? "running" : "stopped";
    }
    return found;
}

static bool unit_exists(const struct look *look, const struct unit_item *found)
{
    bool is_instance = strchr(look->item->id, '@') != NULL; /* of a file that others may need */
    if (look->item->wanted == NULL) {
        return found->is_running || look->is_linked || (look->inputs.has_file && !is_instance);
    }
    return found->is_running || look->inputs.has_file || look->is_packaged;
}

static void observation_fill(struct observation *observation, const struct look *look,
                             bool is_managed, struct arena *arena)
{
    const struct unit_item *found = found_of(look, is_managed, arena);
    observation->exists = unit_exists(look, found);
    observation->found = observation->exists ? found : NULL;
    if (!is_managed && look->item->wanted != NULL && look->wanted->is_running) {
        observation->note = message_word(arena, UNIT_NOT_MANAGED);
    }
}

bool unit_observe(struct host *host, const struct item *const *items, size_t count,
                  struct arena *arena, struct observation *out, struct error *err)
{
    (void)err; /* trouble is told with the unit that it concerns */
    bool is_managed = systemd_is_managed(host);
    struct unit_record record;
    struct look *looks = arena_array(arena, count, sizeof(*looks));
    unit_record_load(host, arena, &record);
    for (size_t i = 0; i < count; i++) {
        looks[i] = (struct look){.item = items[i], .wanted = unit_wanted(host, items[i], arena)};
        out[i] = (struct observation){.item = items[i]};
        struct error reason = {0};
        if (!look_closer(host, &looks[i], is_managed, &record, arena, &reason)) {
            out[i].trouble = message_of_error(arena, &reason);
        }
    }
    ask(host, looks, count, &record, arena, out);
    for (size_t i = 0; i < count; i++) {
        if (out[i].trouble == NULL) {
            observation_fill(&out[i], &looks[i], is_managed, arena);
        }
    }
    return true;
}
