/* The parts of the provider of copies, for each other. */
#pragma once

#include "model/copy_item.h"
#include "model/provider.h"
#include "providers/accounts.h"
#include "providers/place.h"

/* One pass over many copies. */
struct copy_work {
    struct host *host;
    struct arena *arena;
    struct accounts *accounts;
    struct places places;
};

/* copy_units.c: units that read copies. Whether the unit has not taken up what stands in the folder
 * yet. */
bool copy_is_owed(const struct copy_work *work, const char *folder);
/* Before the switch, so that a crash after it cannot lose the reload. */
bool copy_owe(const struct copy_work *work, const char *folder, const struct copy_item *wanted,
              struct error *err) MUST_CHECK;
/* Tells those to whom it is owed, each once; what did not succeed goes on to be owed. */
void copy_tell_owed(struct copy_work *work, const struct action *const *actions, size_t count,
                    struct outcome *outcomes);
