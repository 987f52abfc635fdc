/* What this host asked of certificate authorities (ACME directories), and how it went: kept for as
 * long as a limit of theirs counts it (model/acme_limits.h). Pure; one account per directory.
 *
 * An order is written down before the CA hears of it, and settled by what comes of it. One that
 * stays open (a crash, an answer that never came) may have become a certificate. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

/* What an order is to the CA: the less new, the fewer limits hold. */
enum acme_order_type {
    ACME_NEW,
    ACME_RENEWAL,     /* it issued a certificate for exactly these names before */
    ACME_REPLACEMENT, /* it says which one in "replaces" (RFC 9773 section 5), for the first time,
                         and now lies within the window that the CA suggested for that */
};

struct acme_order {
    const char *directory; /* the directory's URL */
    enum acme_order_type type;
    const char *const *names;   /* NULL-terminated; lower case, sorted, each once */
    const char *const *domains; /* the same of their registered domains */
};

/* The registered domain of a name that is in lower case and without "*.": the public suffix and one
 * label more. NULL: it has none (one label, an IPv4 address, a public suffix), and stands for
 * itself. For an IPv6 address the caller gives its /64. */
struct acme_domains {
    const char *(*find)(void *context, const char *name);
    void *context;
};

/* names: NULL-terminated, in any order and case. Everything is copied to the arena. */
struct acme_order acme_order_make(struct arena *arena, const char *directory,
                                  enum acme_order_type type, const char *const *names,
                                  const struct acme_domains *domains);

enum acme_event {
    ACME_ORDERED,
    ACME_ISSUED,
    ACME_FAILED, /* names could not be validated */
    ACME_EVENT_COUNT
};

struct acme_record {
    int64_t at; /* seconds since the epoch */
    enum acme_event event;
    const char *directory;
    const char *const *names; /* NULL-terminated, sorted; of ACME_FAILED those that failed, without
                                 "*.": the identifiers (RFC 8555 section 7.1.4) */
    const char *const *domains; /* that this counts for: none unless the order was ACME_NEW */
    bool is_open;               /* an order of which nothing has come yet */
};

/* Oldest first. A zeroed struct is an empty ledger. */
VEC(acme_ledger, struct acme_record);

/* Orders are kept by reference. */
void acme_ledger_add_order(struct arena *arena, struct acme_ledger *ledger,
                           const struct acme_order *order, int64_t at);
void acme_ledger_add_certificate(struct arena *arena, struct acme_ledger *ledger,
                                 const struct acme_order *order, int64_t at);
/* The validation of these names failed: NULL-terminated, some of the order's; copied. */
void acme_ledger_add_failure(struct arena *arena, struct acme_ledger *ledger,
                             const struct acme_order *order, const char *const *names, int64_t at);
/* The last open order of these names ended: the two above say it too. Alone: surely without a
 * certificate, as the CA was not reached, or refused it. */
void acme_ledger_settle(struct acme_ledger *ledger, const struct acme_order *order);

/* Of NULL-terminated lists. */
bool acme_names_equal(const char *const *a, const char *const *b);
bool acme_names_have(const char *const *names, const char *name);
/* What the CA calls a wildcard in its authorizations: the name without "*.". */
const char *acme_identifier(const char *name);

/* JSON text and back. What cannot be read (another program's text, half a file, a record of a later
 * version) is left out, and *out_is_whole false: a ledger that is lost costs a refusal by the CA at
 * worst, and must never stop a renewal. Bytes that are no JSON at all give an empty ledger. */
struct str acme_ledger_write(struct arena *arena, const struct acme_ledger *ledger);
void acme_ledger_read(struct arena *arena, struct str json, struct acme_ledger *out_ledger,
                      bool *out_is_whole);
