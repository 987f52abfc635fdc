/* What we know from our own doing, in STATE/units: which inputs each running unit has taken up, and
 * which text of its file the manager has loaded. It is a cache: without it times decide, which may
 * cost a restart that was not needed. For providers/ only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/vec.h"
#include "model/host.h"

struct unit_entry {
    const char *name;
    const char *invocation; /* that took up the inputs; "-": runs without one (timer, socket);
                               "": does not run */
    const char *inputs;     /* unit_inputs_digest */
    const char *stamp;      /* unit_inputs_look's stamp */
    const char *loaded;     /* unit_file_digest of what the manager has loaded; "": times tell */
};
VEC(unit_entries, struct unit_entry *);

/* Removed units that the manager may still know: their files go after them. */
struct unit_gone {
    const char *name;
    const char *file;
};
VEC(unit_gone_list, struct unit_gone);

struct unit_record {
    struct arena *arena;
    uint64_t loaded_at; /* the manager's UnitsLoadTimestamp, for which `loaded` holds */
    struct unit_entries entries;
    struct map by_name;
    struct unit_gone_list gone;
};

/* Empty when there is none, or one that is not understood. */
void unit_record_load(const struct host *host, struct arena *arena, struct unit_record *out_record);
bool unit_record_save(const struct host *host, const struct unit_record *record,
                      struct error *err) MUST_CHECK;

/* NULL when there is none. */
const struct unit_entry *unit_record_find(const struct unit_record *record, const char *name);
/* Adds or replaces; the texts must live as long as the record. */
void unit_record_put(struct unit_record *record, const struct unit_entry *entry);
void unit_record_drop(struct unit_record *record, const char *name);
/* After a daemon-reload, ours or not: the manager has loaded what was on disk then. */
void unit_record_forget_loaded(struct unit_record *record);
