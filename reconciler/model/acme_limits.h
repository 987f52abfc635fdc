/* What the CAs' limits leave of what a ledger says: asked before an order is made, since a refusal
 * would cost days. Pure.
 *
 * Counted as Let's Encrypt counts: each limit is a bucket of tokens, full at first, that gains one
 * token each so often. Ours are played back from the records, and are never fuller than theirs:
 * what was before the records that are kept is taken to have emptied them, and each record to be
 * five minutes later than it says, since an order is written down before the CA counts it. A
 * sliding window would be simpler and stricter, so strict that a certificate of six days, renewed
 * early some times because the CA said so, could expire for it.
 *
 * Others who order for the same registered domain from elsewhere are not known here; then the CA's
 * Retry-After decides (model/renewal.h). */
#pragma once

#include "model/acme_ledger.h"

enum acme_limit {
    ACME_LIMIT_NONE,
    ACME_LIMIT_ORDERS,     /* of the account */
    ACME_LIMIT_DOMAIN,     /* new certificates for names below a registered domain */
    ACME_LIMIT_DUPLICATES, /* certificates for exactly these names */
    ACME_LIMIT_FAILURES,   /* failed validations of a name; kept with every CA, known or not */
    ACME_LIMIT_COUNT
};

struct acme_answer {
    enum acme_limit limit; /* ACME_LIMIT_NONE: the order may be made now */
    const char *subject;   /* the registered domain or the name; NULL: the order as a whole */
    int64_t possible_at;   /* seconds since the epoch; now if it may be made now */
};

/* Of several limits the one that holds longest. The subject is borrowed from the order. */
struct acme_answer acme_limits_ask(const struct acme_ledger *ledger, const struct acme_order *order,
                                   int64_t now);

/* For a plan: what is used of a limit, and what these orders would add. */
struct acme_spending {
    enum acme_limit limit;
    const char *directory;
    const char *subject; /* as in struct acme_answer; of duplicates the names, "a.test, b.test" */
    unsigned most;       /* the limit */
    unsigned used;       /* of it, and not given back yet */
    unsigned added;      /* may be more than what is left: the rest has to wait */
};
VEC(acme_spendings, struct acme_spending);

/* One entry for each limit that holds for one of the orders, in their order; of failures only where
 * there were some. Texts are borrowed from the orders or on the arena. */
void acme_limits_spend(struct arena *arena, const struct acme_ledger *ledger,
                       const struct acme_order *orders, size_t count, int64_t now,
                       struct acme_spendings *out_spendings);

/* Drops what no limit counts any more. A record of the future (the clock was set back) is taken as
 * of now: it counts for its full time from here, no longer. */
void acme_limits_prune(struct acme_ledger *ledger, int64_t now);
