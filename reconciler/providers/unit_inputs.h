/* What a running unit has read: its unit file, environment files, secrets, a release of its
 * program. For providers/ only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/digest.h"
#include "model/host.h"
#include "model/unit_item.h"

struct unit_inputs {
    bool has_file;                   /* the unit file is there */
    int64_t file_us;                 /* when it was changed last (ctime), us since the epoch */
    int64_t newest_us;               /* the same of the newest input */
    const char *newest;              /* its path; NULL: none exists */
    const char *const *newest_first; /* all that exist, NULL-terminated */
    char stamp[DIGEST_HEX_SIZE];     /* of what stat says of all: equal while nothing was touched */
};

/* One or two stats for each input. */
struct unit_inputs unit_inputs_look(const struct host *host, const struct unit_item *unit,
                                    struct arena *arena);
/* Has the next run look at those that no other provider looks after: secrets, releases. */
void unit_inputs_remember(struct host *host, const struct unit_item *unit);
/* Digest of what stands in them: equal when they were touched, or changed and put back. Secrets and
 * what is large count by what stat says. */
const char *unit_inputs_digest(const struct host *host, const struct unit_item *unit,
                               struct arena *arena);
/* The same for the unit file alone; "" when it cannot be read. */
const char *unit_file_digest(const struct host *host, const struct unit_item *unit,
                             struct arena *arena);
