/* The ledger of orders on disk, STATE/acme-accounts/ledger.json: what model/acme_limits.h counts.
 * Written and synced before an authority hears of an order, so that a crash never spends more than
 * is written down. */
#pragma once

#include "model/acme_limits.h"
#include "model/host.h"

struct acme_book {
    struct host *host;
    struct arena *arena;
    struct acme_ledger ledger;
};

/* A ledger that cannot be read is begun anew. */
struct acme_book acme_book_open(struct host *host, struct arena *arena);
bool acme_book_write(struct acme_book *book, struct error *err) MUST_CHECK;

/* With the registered domains of its names, by the Public Suffix List that Debian keeps. names:
 * NULL-terminated. */
struct acme_order acme_book_order(struct acme_book *book, const char *directory_url,
                                  enum acme_order_type type, const char *const *names);

/* Writes the order down, when the authority's limits leave room for it. False: *out_possible_at is
 * when they will, err says which does not. */
bool acme_book_take(struct acme_book *book, const struct acme_order *order, int64_t now,
                    int64_t *out_possible_at, struct error *err) MUST_CHECK;
