/* Lays one tree over another: maps merge, lists and scalars replace, and a plain null stands where
 * it was written, so that whoever reads the value takes it for removed. Every node keeps its own
 * span. Pure. */
#pragma once

#include "base/arena.h"
#include "model/node.h"

/* Either may be NULL: the other one then is the result. Keys of low come first, in its order. */
const struct node *overlay_merge(struct arena *arena, const struct node *low,
                                 const struct node *high);
