/* One run at a time. The lock is the kernel's (flock on STATE/lock), so it ends with its process,
 * however that ends; the text in the file only tells people who holds it. */
#pragma once

#include "model/host.h"

/* Makes the state directory if it is missing. purpose: "apply". The descriptor is given back with
 * lock_release. When another run holds it: ERROR_LOCKED, and the message names it. */
bool lock_acquire(struct host *host, const char *purpose, int *out_lock,
                  struct error *err) MUST_CHECK;
/* Accepts -1. */
void lock_release(int lock);
