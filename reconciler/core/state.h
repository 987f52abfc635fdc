/* The state of each document, in the seven words, from what the plan found and what came of it.
 * Pure. */
#pragma once

#include "base/state.h"
#include "core/report.h"

struct document_state {
    const struct document *document;
    enum item_state state;
    const struct message *detail; /* why it is not in sync, one line; or NULL */
};
VEC(document_states, struct document_state);

enum item_state action_state(const struct action *action, const struct outcome *outcome);
/* Why an action's item is not in sync, one line; NULL when it is. */
const struct message *action_detail(struct arena *arena, const struct action *action,
                                    const struct outcome *outcome);
/* The same of a part: a change with a name of its own. */
enum item_state part_state(const struct action *action, const struct outcome *outcome,
                           const struct change *change);
const struct message *part_detail(struct arena *arena, const struct action *action,
                                  const struct outcome *outcome, const struct change *change);
/* In the documents' order; held documents of the report count as failed, as do
 * those whose certificates are not shown. */
void document_states_collect(const struct report *report, const struct document_set *documents,
                             struct document_states *out_states);
