/* The limits of the CAs as a table, and counting against it. */
#include "model/acme_limits.h"

#include <string.h>

#include "base/map.h"
#include "base/text.h"

enum {
    MINUTE = 60,
    HOUR = 60 * MINUTE,
    MARGIN = 5 * MINUTE, /* from writing an order down to its end at the CA */
    FILLINGS = 4,        /* of a bucket: so long records are kept */
};

struct allowance {
    unsigned most;  /* 0: there is no such limit */
    int64_t refill; /* seconds until one is given back */
};

struct directory_limits {
    const char *directory;
    struct allowance allowances[ACME_LIMIT_COUNT];
};

/* https://letsencrypt.org/docs/rate-limits/ (June 2025; the same in August 2026): the spans there
 * are rounded up, as are these. https://letsencrypt.org/docs/staging-environment/ (May 2025) has
 * the numbers of staging: 30,000 certificates a second for a registered domain, where we stay at
 * 30,000 a week, as it was before. Left out are limits that nobody gets to who keeps these: 20
 * requests a second, 10 accounts in three hours, and 1,152 failed validations of a name without a
 * success between, of which one is forgotten each day (the pauses of core/renewal.c make some
 * seventy until the certificate ends, then one a day). */
static const struct directory_limits known[] = {
    {.directory = "https://acme-v02.api.letsencrypt.org/directory",
     .allowances = {[ACME_LIMIT_ORDERS] = {300, 36},
                    [ACME_LIMIT_DOMAIN] = {50, 202 * MINUTE},
                    [ACME_LIMIT_DUPLICATES] = {5, 34 * HOUR},
                    [ACME_LIMIT_FAILURES] = {5, 12 * MINUTE}}},
    {.directory = "https://acme-staging-v02.api.letsencrypt.org/directory",
     .allowances = {[ACME_LIMIT_ORDERS] = {1500, 8},
                    [ACME_LIMIT_DOMAIN] = {30000, 21},
                    [ACME_LIMIT_DUPLICATES] = {30000, 21},
                    [ACME_LIMIT_FAILURES] = {200, 18}}},
};
static const struct directory_limits unknown = {
    .allowances = {[ACME_LIMIT_FAILURES] = {5, 12 * MINUTE}}};

/* Same page, "Limit Exemptions for Renewals". Let's Encrypt exempts a renewal from the limit on
 * orders too, and a replacement from all: we count orders of any type, and go on being patient with
 * a name that cannot be validated. */
static const bool holds_for[][ACME_LIMIT_COUNT] = {
    [ACME_NEW] = {[ACME_LIMIT_ORDERS] = true,
                  [ACME_LIMIT_DOMAIN] = true,
                  [ACME_LIMIT_DUPLICATES] = true,
                  [ACME_LIMIT_FAILURES] = true},
    [ACME_RENEWAL] =
        {[ACME_LIMIT_ORDERS] = true, [ACME_LIMIT_DUPLICATES] = true, [ACME_LIMIT_FAILURES] = true},
    [ACME_REPLACEMENT] = {[ACME_LIMIT_FAILURES] = true},
};

static struct allowance allowance_of(const char *directory, enum acme_limit limit)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i].directory, directory) == 0) {
            return known[i].allowances[limit];
        }
    }
    return unknown.allowances[limit];
}

/* ---- Counting -------------------------------------------------------------------------------- */

/* One limit, and what of an order it is counted for: from {.order = order} on by meter_next. */
struct meter {
    const struct acme_order *order;
    enum acme_limit limit;
    struct allowance allowance;
    const char *subject;
    const char *const *rest; /* the subjects that follow */
};

/* What a crash left open may be one. */
static bool is_certificate(const struct acme_record *record)
{
    return record->event == ACME_ISSUED || record->is_open;
}

static bool is_counted(const struct meter *meter, const struct acme_record *record)
{
    if (strcmp(record->directory, meter->order->directory) != 0) {
        return false;
    }
    switch (meter->limit) {
    case ACME_LIMIT_ORDERS:
        return record->event == ACME_ORDERED;
    case ACME_LIMIT_DOMAIN:
        return is_certificate(record) && acme_names_have(record->domains, meter->subject);
    case ACME_LIMIT_DUPLICATES:
        return is_certificate(record) && acme_names_equal(record->names, meter->order->names);
    case ACME_LIMIT_FAILURES:
        return record->event == ACME_FAILED && acme_names_have(record->names, meter->subject);
    case ACME_LIMIT_NONE:
    case ACME_LIMIT_COUNT:
        break;
    }
    return false;
}

/* A record has to be known for so long. */
static int64_t kept_for(struct allowance allowance)
{
    return FILLINGS * allowance.most * allowance.refill + MARGIN;
}

/* From *index on to the next older record that is counted; false: there is none that is kept. */
static bool older(const struct acme_ledger *ledger, const struct meter *meter, int64_t now,
                  size_t *index)
{
    int64_t kept = kept_for(meter->allowance);
    while (*index > 0 && ledger->items[*index - 1].at + kept > now) {
        *index -= 1;
        if (is_counted(meter, &ledger->items[*index])) {
            return true;
        }
    }
    return false;
}

/* How many tokens must have come since the oldest of the newest n records for there to be one now:
 * they took n, and the bucket held no more than its limit before. Where they are as many as came
 * since the records begin, it may have been empty then. */
static int64_t wanted_since(const struct allowance *allowance, unsigned n)
{
    if (n == FILLINGS * allowance->most) {
        return n;
    }
    return n < allowance->most ? 0 : n - allowance->most + 1;
}

/* When there is a token for one more; 0: there is one now. */
static int64_t free_at(const struct acme_ledger *ledger, const struct meter *meter, int64_t now)
{
    const struct allowance *allowance = &meter->allowance;
    int64_t latest = 0;
    size_t index = ledger->count;
    for (unsigned n = 1; n <= FILLINGS * allowance->most; n++) {
        if (!older(ledger, meter, now, &index)) {
            break;
        }
        int64_t wanted = wanted_since(allowance, n);
        int64_t at = ledger->items[index].at + MARGIN + wanted * allowance->refill;
        latest = wanted > 0 && at > latest ? at : latest;
    }
    return latest > now ? latest : 0;
}

/* How many are gone: less than the limit where there is a token now. */
static unsigned used(const struct acme_ledger *ledger, const struct meter *meter, int64_t now)
{
    const struct allowance *allowance = &meter->allowance;
    int64_t most = 0;
    size_t index = ledger->count;
    for (unsigned n = 1; n <= FILLINGS * allowance->most; n++) {
        if (!older(ledger, meter, now, &index)) {
            break;
        }
        int64_t since = now - ledger->items[index].at - MARGIN;
        int64_t gained = since > 0 ? since / allowance->refill : 0;
        int64_t gained_most = (FILLINGS - 1) * (int64_t)allowance->most; /* where it was empty */
        int64_t gone = n - (gained < gained_most ? gained : gained_most);
        most = gone > most ? gone : most;
    }
    return (unsigned)most;
}

/* A limit counts each registered domain, each name, or the order as a whole. */
static const char *const *subjects_of(const struct acme_order *order, enum acme_limit limit)
{
    static const char *const whole[] = {"", NULL};
    if (limit == ACME_LIMIT_DOMAIN) {
        return order->domains;
    }
    return limit == ACME_LIMIT_FAILURES ? order->names : whole;
}

static bool meter_next(struct meter *meter)
{
    while (meter->rest == NULL || *meter->rest == NULL) {
        if (++meter->limit == ACME_LIMIT_COUNT) {
            return false;
        }
        meter->allowance = allowance_of(meter->order->directory, meter->limit);
        bool holds = holds_for[meter->order->type][meter->limit] && meter->allowance.most != 0;
        meter->rest = holds ? subjects_of(meter->order, meter->limit) : NULL;
    }
    meter->subject = acme_identifier(*meter->rest++);
    return true;
}

static bool is_of_whole(enum acme_limit limit)
{
    return limit == ACME_LIMIT_ORDERS || limit == ACME_LIMIT_DUPLICATES;
}

struct acme_answer acme_limits_ask(const struct acme_ledger *ledger, const struct acme_order *order,
                                   int64_t now)
{
    struct acme_answer answer = {.possible_at = now};
    struct meter meter = {.order = order};
    while (meter_next(&meter)) {
        int64_t at = free_at(ledger, &meter, now);
        if (at > answer.possible_at) {
            answer = (struct acme_answer){
                .limit = meter.limit,
                .subject = is_of_whole(meter.limit) ? NULL : meter.subject,
                .possible_at = at,
            };
        }
    }
    return answer;
}

/* ---- Plans ----------------------------------------------------------------------------------- */

static const char *join(struct arena *arena, const char *const *names)
{
    struct text text = text_make(arena);
    for (size_t i = 0; names[i] != NULL; i++) {
        text_addf(&text, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    return text.data;
}

static const char *spending_subject(struct arena *arena, const struct meter *meter)
{
    if (meter->limit == ACME_LIMIT_DUPLICATES) {
        return join(arena, meter->order->names);
    }
    return meter->limit == ACME_LIMIT_ORDERS ? NULL : meter->subject;
}

/* indexes: what is counted -> where it is in the list, a size_t *. */
static void spend(struct arena *arena, const struct acme_ledger *ledger, const struct meter *meter,
                  int64_t now, struct map *indexes, struct acme_spendings *out)
{
    const char *subject = spending_subject(arena, meter);
    const char *key = arena_printf(arena, "%d %s %s", (int)meter->limit, meter->order->directory,
                                   subject == NULL ? "" : subject);
    const size_t *known_index = map_get(indexes, key);
    unsigned adds = meter->limit == ACME_LIMIT_FAILURES ? 0 : 1;
    if (known_index != NULL) {
        out->items[*known_index].added += adds;
        return;
    }
    struct acme_spending spending = {
        .limit = meter->limit,
        .directory = meter->order->directory,
        .subject = subject,
        .most = meter->allowance.most,
        .used = used(ledger, meter, now),
        .added = adds,
    };
    if (spending.used + spending.added > 0) {
        size_t *index = arena_new(arena, size_t);
        *index = out->count;
        (void)map_put(arena, indexes, key, index);
        vec_add(arena, out, spending);
    }
}

void acme_limits_spend(struct arena *arena, const struct acme_ledger *ledger,
                       const struct acme_order *orders, size_t count, int64_t now,
                       struct acme_spendings *out_spendings)
{
    struct acme_spendings spendings = {0};
    struct map indexes = {0};
    for (size_t i = 0; i < count; i++) {
        struct meter meter = {.order = &orders[i]};
        while (meter_next(&meter)) {
            spend(arena, ledger, &meter, now, &indexes, &spendings);
        }
    }
    *out_spendings = spendings;
}

/* ---- Forgetting ------------------------------------------------------------------------------ */

static bool is_needed(const struct acme_record *record, int64_t now)
{
    const bool counts[ACME_LIMIT_COUNT] = {
        [ACME_LIMIT_ORDERS] = record->event == ACME_ORDERED,
        [ACME_LIMIT_DOMAIN] = is_certificate(record) && record->domains[0] != NULL,
        [ACME_LIMIT_DUPLICATES] = is_certificate(record),
        [ACME_LIMIT_FAILURES] = record->event == ACME_FAILED,
    };
    for (enum acme_limit limit = ACME_LIMIT_NONE; limit < ACME_LIMIT_COUNT; limit++) {
        struct allowance allowance = allowance_of(record->directory, limit);
        if (counts[limit] && allowance.most != 0 && record->at + kept_for(allowance) > now) {
            return true;
        }
    }
    return false;
}

void acme_limits_prune(struct acme_ledger *ledger, int64_t now)
{
    size_t kept = 0;
    for (size_t i = 0; i < ledger->count; i++) {
        struct acme_record record = ledger->items[i];
        record.at = record.at > now ? now : record.at;
        if (is_needed(&record, now)) {
            ledger->items[kept++] = record;
        }
    }
    ledger->count = kept;
}
