/* What the certificate provider is made of, besides pairs and where they are stored. */
#pragma once

#include "model/provider.h"
#include "providers/pair.h"

/* certificate_diff.c: the pure members of the provider. */
void certificate_diff(const struct item *item, const struct observation *found, struct arena *arena,
                      struct change_list *out_changes);
void certificate_digest(const struct item *item, struct digest *digest);
extern const struct shape certificate_shape;
const void *certificate_fulfilled(const struct item *item, struct arena *arena);

/* certificate_source.c. "2026-12-31", UTC. */
const char *certificate_date(int64_t seconds, struct arena *arena);
/* The pair of issuer file. NULL with err filled; the caller releases it. */
struct pair *certificate_read_source(struct host *host, const struct certificate_item *wanted,
                                     struct arena *arena, struct error *err);
/* NULL: a pair that can be served for all the names. Else why not. */
const struct message *certificate_why_unfit(const struct certificate_pair *pair,
                                            const struct certificate_item *wanted, int64_t now,
                                            struct arena *arena);
/* NULL: what is offered may take the place of what is installed (NULL: nothing). Else why not: it
 * is unfit, or an earlier issue of what can still be served. */
const struct message *certificate_why_not_taken(const struct certificate_pair *offered,
                                                const struct certificate_pair *installed,
                                                const struct certificate_item *wanted, int64_t now,
                                                struct arena *arena);
