/* Certificates that an authority signs, when it is asked. */
#pragma once

#include "model/acme_ledger.h"
#include "model/action.h"
#include "model/certificate_item.h"
#include "model/host.h"

/* The action is due, and an authority has to be asked for it: never from below another root. */
bool certificate_is_ordered(const struct host *host, const struct action *action);
/* It can be asked only when nginx serves what this run has planned: a name is new. */
bool certificate_needs_tree(const struct action *action);
/* Of actions of any type, due or not: when the run began something stood in for a pair that an
 * authority signs, or nothing was there; its sites answer nothing until it has come. */
bool certificate_is_missing(const struct action *action);

/* What it is to the authority, when it is for these names: those of the item, or some of them. */
enum acme_order_type certificate_order_type(const struct action *action,
                                            const struct certificate_item *wanted,
                                            struct arena *arena);

/* Orders all of them, several at once, and installs what comes back; nginx owes a reload then. What
 * fails leaves everything as it was, and is tried again later: when, the record beside the pair
 * knows. Outcomes are those of the actions. */
void certificate_order(struct host *host, const struct action *const *actions, size_t count,
                       struct arena *arena, struct outcome *outcomes);
