/* What a host tells of itself in `status -o json`, under "host": everything that a plan of it
 * depends on, so that `plan --against` gives elsewhere what a plan would give there. What was found
 * stands whole in it, for the diffs; of what is secret only that it is there. Pure. */
#pragma once

#include "core/plan.h"
#include "model/facts.h"
#include "model/json.h"
#include "model/layout.h"

/* A host name that other nginx configuration serves. */
struct snapshot_claim {
    const char *text;
    const char *file;
    size_t line;
};
VEC(snapshot_claims, struct snapshot_claim);

/* One for each item that was looked at; its item has type, id and is_secret. */
VEC(snapshot_observations, struct observation);

enum snapshot_view {
    SNAPSHOT_AS_WANTED,   /* as the folder of then wants it */
    SNAPSHOT_AS_UNWANTED, /* as it looks to somebody who does not want it any more */
    SNAPSHOT_VIEW_COUNT
};

struct snapshot {
    struct provider_table providers;
    int64_t taken_at; /* seconds since the epoch */
    const char *host; /* the overlay's names; may be NULL */
    const char *environment;
    const char *mode; /* "enforce" */
    bool is_all_or_nothing;
    bool has_manager; /* systemd runs there, and units are its business */
    struct layout layout;
    struct facts facts;
    unsigned long generation;
    struct owned_items owned;
    struct owned_items parts; /* of the nginx tree */
    struct refusal_list refusals;
    const char *held_inputs; /* digest of the inputs that a rollback set aside; NULL: no hold */
    unsigned long held_at;
    struct override_list overrides;
    struct left_parts left;
    struct desired_files last_good; /* of the current generation, sorted by path */
    struct snapshot_claims foreign;
    struct snapshot_observations views[SNAPSHOT_VIEW_COUNT]; /* the second for what we own only */
};

/* Owned by the caller. */
json_t *snapshot_write(struct arena *arena, const struct snapshot *snapshot);
/* One observation alone, and what is remembered of the host, without what was found: for telling
 * whether they are still the same. Owned by the caller. */
json_t *snapshot_write_view(const struct provider_table *providers,
                            const struct observation *observation);
json_t *snapshot_write_memory(struct arena *arena, const struct snapshot *snapshot);
/* json: what `status -o json` printed. Nothing in it is trusted to be what it should be. */
bool snapshot_read(struct arena *arena, struct str json, const struct provider_table *providers,
                   struct snapshot *out_snapshot, struct error *err) MUST_CHECK;
