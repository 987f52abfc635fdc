/* STATE/overrides.json: what somebody said about the host beside the documents. Whoever changes it
 * holds the lock of a run. */
#pragma once

#include "model/host.h"
#include "model/override.h"

#define OVERRIDES_NAME "overrides.json"

/* An absent file is an empty list; what has ended is left out. A damaged one is an error: what was
 * to be left alone must not be touched by mistake. */
bool overrides_load(struct host *host, struct arena *arena, struct override_list *out_list,
                    struct error *err) MUST_CHECK;
/* At once and synced; an empty list removes the file. */
bool overrides_save(struct host *host, struct arena *arena, const struct override_list *list,
                    struct error *err) MUST_CHECK;
