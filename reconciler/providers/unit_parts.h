/* The parts of the unit provider, for each other. */
#pragma once

#include "model/provider.h"
#include "model/unit_item.h"
#include "providers/systemd_bus.h"
#include "providers/unit_record.h"

/* Said of units that are written but cannot be started here. */
#define UNIT_NOT_MANAGED N_("written, not started: systemd does not run here")

enum { CLOCK_TICK_US = 10 * 1000 }; /* a file's time may lag this far behind (facts of file.h) */

bool unit_observe(struct host *host, const struct item *const *items, size_t count,
                  struct arena *arena, struct observation *out, struct error *err);
void unit_apply(struct host *host, const struct action *const *actions, size_t count,
                struct arena *arena, struct outcome *outcomes);

/* What is wanted of an item, or, of one to be removed, where its file would be. */
const struct unit_item *unit_wanted(const struct host *host, const struct item *item,
                                    struct arena *arena);
/* "running", "stopped", ... of what systemd says; *out_is_running is true only for the first. */
const char *unit_state_words(const struct systemd_unit_state *state, bool *out_is_running);
/* True when the manager has not loaded the unit file's text of now. */
bool unit_is_stale(const struct host *host, const char *name, const struct unit_item *unit,
                   const struct unit_record *record, uint64_t loaded_at, struct arena *arena);

/* Why a unit is not running: "its program ended with status 3"; "" when systemd does not say. */
const struct message *unit_failure_words(struct systemd_bus *bus, const char *name,
                                         struct arena *arena);

/* One action under way. */
struct unit_work {
    const struct action *action;
    const char *name;
    const struct unit_item *wanted; /* unit_wanted */
    struct outcome *outcome;
    struct systemd_unit_state before; /* what the manager said before we did anything */
    bool was_running;
    bool is_stale;      /* the manager must load its file */
    const char *inputs; /* unit_inputs_digest, taken before it is started */
    const char *loaded; /* unit_file_digest of what the manager will have loaded */
    const char *stamp;
    const char *verb; /* of the job to run; NULL: none is needed */
};

struct unit_work_list {
    struct host *host;
    struct arena *arena;
    struct systemd_bus *bus;
    struct unit_record *record;
    struct unit_work *items;
    size_t count;
};

static inline bool unit_work_has_failed(const struct unit_work *work)
{
    return work->outcome->result == OUTCOME_FAILED;
}

/* Starts, restarts or reloads what needs it, all at once, and waits until each works or has failed;
 * outcomes and the record tell. */
void unit_start_all(struct unit_work_list *works);
