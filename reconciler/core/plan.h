/* Wish, host and ledger become actions in order. Pure: calls nothing of the providers but diff,
 * digest and inputs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"
#include "core/desired.h"
#include "model/action.h"
#include "model/override.h"
#include "model/provider.h"
#include "schemas/common.h"

/* One thing that we own, as the ledger tells it. */
struct owned_item {
    const char *type;
    const char *id;
    const char *document; /* "site:shop"; "" for what the engine itself needs */
    const char *digest;   /* of the wish that was last applied */
    bool is_begun;        /* a later one was begun, and nobody knows how far it came */
    bool is_protected;    /* the document said protect; outlives its block */
    bool has_data;
    struct span span; /* where it was written, if that is known: SPAN_NONE */
};
VEC(owned_items, struct owned_item);

/* What the host has refused: the document keeps its last good state until its wish changes. */
struct refusal {
    const char *document; /* "site:shop" */
    const char *digest;   /* of the refused wish: plan_document_digest */
    const struct message *evidence;
};
VEC(refusal_list, struct refusal);

/* The providers, as a table that is handed in. */
struct provider_table {
    const struct provider *(*find)(const char *type);
    size_t (*rank)(const char *type); /* the order of applying */
};

/* A part of an item (a member of the nginx tree) that stays as it is although the item is wanted
 * otherwise: a switch must not overwrite it. STATE/left.json keeps them between runs. */
struct left_part {
    const char *path;    /* absolute */
    const char *content; /* as it was found; NULL: absent */
    const struct message *because;
    const struct document *document; /* who wants the part; may be NULL */
    bool is_drift;                   /* the host changed; else we want something new */
};
VEC(left_parts, struct left_part);

struct plan_input {
    struct arena *arena;
    struct provider_table providers;
    const struct desired *desired;
    const struct owned_items *owned;
    const struct owned_items *parts; /* members of the tree; id: the absolute path */
    const struct tombstone_list *tombstones;
    const struct refusal_list *refusals;   /* those that hold: the wish is still the refused one */
    const struct override_list *overrides; /* what people said beside the documents */
    const struct desired_files *last_good; /* of the current generation, sorted by path */
    const struct left_parts *left;         /* of the last run */
    int64_t now;                           /* seconds since the epoch, for what ends on a day */
    enum mode mode;                        /* of the host; a document's own mode goes before it */
    bool may_adopt;                        /* --adopt: what exists and is not ours is taken over */
    bool may_delete_many;                  /* --confirm: the deletion guard is answered */
};

/* Everything to look at: wanted items and owned ones that nobody wants any more (wanted NULL), in
 * the order of applying. */
void plan_collect(const struct plan_input *input, struct item_list *out_items);

struct plan_counts {
    size_t items;     /* looked at */
    size_t to_change; /* created, updated, notified because we want something new */
    size_t drifted;
    size_t to_remove;
    size_t held; /* differs, but a guard, a mode or a refusal keeps it */
};

struct plan {
    struct action_list actions; /* one per collected item: changes in the order of applying, then
                                   removals in the opposite one */
    struct plan_counts counts;
    struct left_parts left; /* parts that stay as they are */
    struct map by_name;     /* item_name -> struct action * */
};

/* items and observations: what plan_collect gave and what the providers saw, side by side. */
void plan_build(const struct plan_input *input, const struct item_list *items,
                const struct observation *observations, struct plan *out_plan);

/* Why a wish that the host has refused is not tried again. */
const struct message *plan_refused_before(struct arena *arena);
/* True when carrying out the action would write: not held, and not each of its parts either. */
bool action_is_due(const struct action *action);

/* As how many changes a due action counts: its parts that are not held one by one, and what
 * concerns the whole as one. */
size_t plan_weight(const struct action *action);

/* Digest of everything that one document wants of the host; "" when it wants nothing. */
const char *plan_document_digest(const struct plan_input *input, const struct document *document);
/* True when somebody said to leave the document alone. */
const struct override *plan_suspension(const struct plan_input *input,
                                       const struct document *document);
/* Digest of one item's wish. */
const char *plan_item_digest(const struct provider_table *providers, const struct item *item,
                             struct arena *arena);
