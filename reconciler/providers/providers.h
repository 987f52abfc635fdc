/* The table of providers, made from providers.def, in the order in which items are applied
 * (removal goes the other way). */
#pragma once

#include "model/provider.h"

#define PROVIDER(type) extern const struct provider type##_provider;
#include "providers/providers.def"
#undef PROVIDER

size_t provider_count(void);
const struct provider *provider_at(size_t index);
const struct provider *provider_find(const char *type);
/* Place in the order, for sorting actions. */
size_t provider_rank(const char *type);

/* The real host: runs programs, reads the clock. root_path "/" or the DIR of --root. */
bool host_open(const char *root_path, const struct layout *layout, const struct facts *facts,
               struct host *out_host, struct error *err) MUST_CHECK;
void host_close(struct host *host);
/* Gathers the facts of this machine. */
bool facts_gather(struct host *host, struct arena *arena, struct facts *out_facts,
                  struct error *err) MUST_CHECK;
/* Keeps in STATE what installed programs said, so that the next run need not ask them: for a run
 * that may write. Nothing is written when it is kept already. */
bool facts_remember(struct host *host, struct arena *arena, struct error *err) MUST_CHECK;
