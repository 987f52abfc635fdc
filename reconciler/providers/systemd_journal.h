/* What a unit and the manager said about it, for the evidence of a failure. For providers/ only. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "model/host.h"

/* Waits, at most two seconds, until the journal holds what was logged so far. */
void systemd_journal_settle(struct host *host, struct arena *arena);
/* The last lines of the unit's journal since a time in us since the epoch (0: all of it); "" when
 * there are none. */
const char *systemd_journal_since(struct host *host, const char *unit, unsigned lines,
                                  uint64_t since_us, struct arena *arena);
