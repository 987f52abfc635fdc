/* What stood on the host before we took it over, kept below STATE/adopted at its own path. */
#pragma once

#include "model/host.h"

/* Copies the file or link at path (absolute) with its mode and owner, and syncs; what is kept
 * already is never overwritten: a later copy gets ".2", ".3" behind its name. Nothing there is
 * success. out_kept, which may be NULL, gets the absolute path of the copy, or NULL. Called before
 * an apply takes over something that is not in the ledger. */
bool adopted_keep(struct host *host, const char *path, struct arena *arena, const char **out_kept,
                  struct error *err) MUST_CHECK;
