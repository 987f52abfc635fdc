/* Whether two texts of a managed file say the same to the program that reads it: other comments,
 * spacing or quotes are a difference to people only. Pure. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/* By the path's ending: nginx configuration and systemd units. False for other files, and for texts
 * that are not well formed. */
bool meaning_is_same(struct arena *arena, const char *path, struct str a, struct str b);
