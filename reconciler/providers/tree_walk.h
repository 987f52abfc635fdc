/* What files a tree on disk has. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

VEC(tree_paths, const char *);

/* Everything below the open directory that is not a directory itself, as paths from there, sorted.
 * Links are named, never followed. */
bool tree_walk(int directory, struct arena *arena, struct tree_paths *out_paths,
               struct error *err) MUST_CHECK;
/* One of the three files that know their generation's number: they are written at apply and left
 * out of every comparison. */
bool tree_path_is_numbered(const char *path);
