/* Which commit brought a line of a file, as `git blame` has it. */
#pragma once

#include <stddef.h>

#include "base/str.h"
#include "input/load_git.h"

struct git_blamed {
    bool is_uncommitted;         /* no commit has the line yet */
    const struct commit *commit; /* NULL when it is in none; its time is the author's */
};

/* from: the repository, the file in it, and the newest commit that counts (revision; NULL: HEAD).
 * content: of the file as it stands on disk, where that may differ from the commit; NULL: the
 * commit's. Line from 1. False when the file is not known there. */
bool git_blame_find(struct arena *arena, const struct git_revision *from, const struct str *content,
                    size_t line, struct git_blamed *out_blamed, struct error *err) MUST_CHECK;
