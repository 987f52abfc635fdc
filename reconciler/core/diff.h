/* Unified diff of two texts, as Git shows it. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

/* "--- a/PATH\n+++ b/PATH\n@@ ...": "" when they are equal. An absent side is /dev/null. Texts that
 * are not text (NUL bytes) give one line that says so. */
const char *diff_unified(struct arena *arena, const char *path, const char *from, const char *to);
