/* A plan in a file: what it was made from, thing by thing, as digests, and what it would do. It is
 * carried out only while all of that is as it was. Nothing in it is a text of the host or of a
 * document, and nothing is secret. Pure. */
#pragma once

#include "base/message.h"
#include "core/plan.h"
#include "model/facts.h"
#include "model/json.h"

/* A document's file, an item, or an action, and the digest of what was seen of it. */
struct saved_part {
    const char *name;
    const char *digest;
};
VEC(saved_parts, struct saved_part);

struct saved_plan {
    const char *program; /* the version that made it */
    int64_t made_at;     /* seconds since the epoch */
    const char *verdict; /* what it said */

    /* How it was made, and is to be carried out. Paths are absolute. */
    const char *folder; /* NULL: the settings' source */
    const char *config; /* NULL: the usual one */
    const char *root;
    const char *state; /* NULL: the settings', as the next */
    const char *environment;
    const char *host;
    const char *facts_file;
    bool may_adopt;
    bool may_delete_many;
    bool skips_nginx_test;

    /* What it was made from. */
    const char *settings; /* digests */
    const char *facts;
    const char *memory; /* ledger, refusals, suspensions, and what others serve */
    unsigned long generation;
    struct saved_parts inputs;
    struct saved_parts objects;
    struct saved_parts actions;
};

/* True for the beginning of such a file, of whatever version. */
bool saved_plan_is(struct str bytes);
struct str saved_plan_write(struct arena *arena, const struct saved_plan *plan);
/* Refuses what is no plan, of another version, or not as it was written. */
bool saved_plan_read(struct arena *arena, struct str bytes, struct saved_plan *out_plan,
                     struct error *err) MUST_CHECK;

VEC(message_list, const struct message *);
/* What is not any more as the plan saw it: inputs and objects, or what it would do now. */
void saved_plan_compare(struct arena *arena, const struct saved_plan *then,
                        const struct saved_plan *now, struct message_list *out_changes);
void saved_plan_compare_actions(struct arena *arena, const struct saved_plan *then,
                                const struct saved_plan *now, struct message_list *out_changes);

/* Digests of what the parts are made of. */
const char *saved_digest_json(struct arena *arena, const json_t *json);
const char *saved_digest_action(struct arena *arena, const struct provider_table *providers,
                                const struct action *action);
