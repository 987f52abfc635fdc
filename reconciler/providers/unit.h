/* What the run asks of units beyond the provider's table. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "model/host.h"

/* After the files of removed units are gone: makes the manager forget them, with at most one
 * daemon-reload. Called at the end of every run that applies; costs one read when there is none. */
bool unit_settle(struct host *host, struct arena *arena, struct error *err) MUST_CHECK;

/* Timers, sockets and the like have no processes, so that no file on disk tells when one was
 * stopped. A run whose fingerprints hold asks this too: whether all of ours still run, by one
 * question to the manager, if there are any. */
bool unit_timers_run(struct host *host, struct arena *arena);
