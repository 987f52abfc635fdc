/* Certificates that an authority signs, when it is asked. */
#pragma once

#include "model/action.h"
#include "model/host.h"

/* The action is due, and an authority has to be asked for it: never from below another root. */
bool certificate_is_ordered(const struct host *host, const struct action *action);
/* It can be asked only when nginx serves what this run has planned: a name is new. */
bool certificate_needs_tree(const struct action *action);
/* Of actions of any type, due or not: when the run began something stood in for a pair that an
 * authority signs, or nothing was there; its sites answer nothing until it has come. */
bool certificate_is_missing(const struct action *action);

/* Orders all of them, several at once, and installs what comes back; nginx owes a reload then. What
 * fails leaves everything as it was, and is tried again later: when, the record beside the pair
 * knows. Outcomes are those of the actions. */
void certificate_order(struct host *host, const struct action *const *actions, size_t count,
                       struct arena *arena, struct outcome *outcomes);
