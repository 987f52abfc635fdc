/* What became of a commit on each host, as a Git note of the commit in a repository of this host:
 * refs/notes/reconcile, one line for each host. `git log --notes=reconcile` shows it. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

struct commit_note {
    const char *repository; /* path or file:// URL */
    const char *commit;     /* full object name */
    const char *host;       /* who says it; other hosts' lines stay */
    const char *text;       /* what; shown on one line */
};

/* Written as the user whose the repository is. */
bool commit_note_write(const struct commit_note *note, struct error *err) MUST_CHECK;
