/* One run at a time. The lock is the kernel's (flock on STATE/lock): it ends with its process,
 * however that ends, and nothing is written to take it. Who holds it is asked of /proc. */
#pragma once

#include "model/host.h"

/* Makes the state directory if it is missing. The descriptor is given back with lock_release. When
 * another run holds it: ERROR_LOCKED, and the message says which process, since when. */
bool lock_acquire(struct host *host, int *out_lock, struct error *err) MUST_CHECK;
/* Accepts -1. */
void lock_release(int lock);
