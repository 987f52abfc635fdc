/* Whether a text is HTML as our pages write it: every tag known and closed, every attribute quoted,
 * no character that may not stand. Text of others that became markup breaks this. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

/* NULL when it is; else what is wrong, on the arena. */
const char *markup_check(struct arena *arena, struct str html);
