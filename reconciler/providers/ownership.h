/* What files and directories have in common: mode and owner in plans. */
#pragma once

#include <sys/types.h>

#include "base/digest.h"
#include "model/action.h"

struct ownership {
    mode_t mode;
    const char *owner; /* NULL: root */
    const char *group;
};

bool ownership_equal(const struct ownership *a, const struct ownership *b);
/* found: NULL where nothing exists. */
void ownership_diff(const struct ownership *wanted, const struct ownership *found,
                    struct arena *arena, struct change_list *out_changes);
/* found: what stands in its place, in words; wanted: "a file", a text of the catalogue. */
void instead_diff(const char *found, const char *wanted, struct arena *arena,
                  struct change_list *out_changes);
void ownership_digest(const struct ownership *wanted, struct digest *digest);
