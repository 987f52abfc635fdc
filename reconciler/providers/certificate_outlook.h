/* Looks at the orders of a plan, and makes none. */
#pragma once

#include "model/action.h"
#include "model/host.h"
#include "model/order_outlook.h"

/* Of actions of any type. Root alone may look: the ledger is nobody else's, and names are looked at
 * by an account of its own. Nothing is left behind. */
void certificate_look_ahead(struct host *host, const struct action *const *actions, size_t count,
                            struct arena *arena, struct order_outlook *out);
