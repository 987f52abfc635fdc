/* Moments as text, always UTC. */
#pragma once

#include <stdint.h>

#include "base/arena.h"

/* "2026-11-23T14:03:09Z"; times are microseconds since the epoch. */
const char *moment_iso(struct arena *arena, int64_t at);
/* "2026-11-23 14:03:09 UTC" */
const char *moment_full(struct arena *arena, int64_t at);
/* "11-23 14:03" */
const char *moment_short(struct arena *arena, int64_t at);
