/* Parts of an item: the files of the nginx tree switch together, but each belongs to a document of
 * its own, which may want to be left alone, and may be gone. Pure. */
#pragma once

#include "core/plan_guard.h"

/* Drops differences that a document says to leave alone, until their day; parts stay as they are
 * (plan->left). */
void plan_drop_ignored(const struct planning *planning, struct action *action, struct plan *plan);
/* Gives each part its cause and what holds it; what is held stays as it is (plan->left). Returns
 * how many changes are not held. */
size_t plan_parts(const struct planning *planning, struct action *action, struct plan *plan);
