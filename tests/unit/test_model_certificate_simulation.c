/* Years of certificates on a virtual clock, from event to event: what core/renewal.c and
 * core/acme_limits.c decide, against a CA that is away at random, sends senseless windows and
 * counts its limits by itself, on hosts that are down at random.
 *
 *     TEST_HOST_YEARS=N    host-years to go through, over lifetimes of 6, 45, 64 and 90 days
 *     TEST_SEED=N          another course of events
 *
 * An expiry is forced unless there was a chance: in the last sixth of the lifetime a stretch in
 * which host, CA and validation were well for longer than the rules let a certificate wait. They
 * let it wait for half of what is left at most (a Retry-After), or for the first pause, a sixtieth
 * of the lifetime and no more than a minute; after many failed validations for four hours; and for
 * a day and a half where an answer was lost, which takes one of the five that a week has. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/acme_limits.h"
#include "model/renewal.h"
#include "unit/simulated_authority.h"
#include "unit/simulated_trouble.h"

enum {
    MINUTE = 60,
    HOUR = 60 * MINUTE,
    DAY = 24 * HOUR,
    YEAR = 365 * DAY,
    DEFAULT_HOST_YEARS = 100,
    VALIDATION_WAIT = 4 * HOUR + 5 * MINUTE, /* four fillings of the limit on failures */
    VALIDATION_LIMIT = 5,
    DUPLICATE_WAIT = 34 * HOUR + 5 * MINUTE,
};

static const int64_t start = INT64_C(1800000000);
static const char letsencrypt[] = "https://acme-v02.api.letsencrypt.org/directory";
static const char elsewhere[] = "https://ca.test/directory";

VEC(times, int64_t);

struct host {
    struct intervals down;
    struct intervals hidden; /* up, but the CA cannot validate its names */
    struct acme_ledger ledger;
};
VEC(hosts, struct host *);

/* A certificate that is wanted. */
struct subject {
    struct host *host;
    struct renewal renewal;
    struct acme_order order;
    struct request request;
    int64_t wanted_from;
    int64_t blocked_until; /* by a limit */
    bool has_issued;
    bool is_replaced;      /* by one that the host never saw */
    struct times mishaps;  /* tries that went wrong by chance, of the installed certificate */
    unsigned losses;       /* of these, how many took a certificate from the CA */
    struct times failures; /* of validations */
    int64_t next_at;       /* its next event */
};
VEC(subjects, struct subject *);

/* What came of it all. */
struct tally {
    uint64_t random;
    uint64_t seed;
    int64_t host_seconds;
    uint64_t tries;
    uint64_t issued;
    uint64_t waits; /* for a limit */
    uint64_t forced;
    uint64_t unforced;
    uint64_t never_issued;
    uint64_t refusals;
};

/* Hosts that share a registered domain and an account. */
struct world {
    struct arena *arena;
    struct tally *tally;
    struct authority authority;
    int64_t authority_clock;
    struct intervals outages;
    struct hosts hosts;
    struct subjects subjects;
    const char *directory;
    const char *domain;
    int64_t lifetime;
    int64_t end;
    bool has_windows;
    bool is_hasty; /* the CA wants every other certificate renewed at once, and hosts die often */
};

/* ---- Chance ---------------------------------------------------------------------------------- */

/* From a few seconds (of 6 days: half a minute) to half a lifetime, short ones more often. */
static int64_t chance_span(const struct world *world)
{
    int64_t span = world->lifetime / 16384 + 1;
    while (span < world->lifetime / 4 && !one_in(&world->tally->random, 6)) {
        span *= 2;
    }
    return span + chance(&world->tally->random, span);
}

static struct intervals chance_intervals(const struct world *world, int64_t gap)
{
    struct intervals intervals = {0};
    int64_t at = start + chance(&world->tally->random, gap);
    while (at < world->end) {
        const struct interval interval = {.from = at, .to = at + chance_span(world)};
        vec_add(world->arena, &intervals, interval);
        at = interval.to + 1 + chance(&world->tally->random, 2 * gap);
    }
    return intervals;
}

/* ---- Was there a chance? --------------------------------------------------------------------- */

static int64_t max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t longest_order(const struct world *world)
{
    return min(20, world->lifetime / 60);
}

/* How long a stretch that begins then has to be: an order that fails may have begun before it, and
 * the one that succeeds takes its time. */
static int64_t wait_from(const struct world *world, const struct subject *subject, int64_t at)
{
    int64_t left = subject->renewal.expires_at - at;
    int64_t pause = max(1, min(world->lifetime / 60, MINUTE));
    int64_t failures = 0;
    for (size_t i = 0; i < subject->failures.count; i++) {
        int64_t failed_at = subject->failures.items[i];
        failures += failed_at <= at + longest_order(world) && failed_at > at - VALIDATION_WAIT;
    }
    int64_t wait = max(left / 2, pause) + 2 * longest_order(world);
    wait = failures >= VALIDATION_LIMIT ? max(wait, VALIDATION_WAIT) : wait;
    return subject->losses > 0 ? max(wait, DUPLICATE_WAIT) : wait;
}

/* The next moment from `at` on at which something goes wrong, and the first after that. */
static struct interval trouble_after(const struct world *world, const struct subject *subject,
                                     int64_t at)
{
    const struct intervals *const lists[] = {&world->outages, &subject->host->down,
                                             &subject->host->hidden};
    struct interval first = {.from = INT64_MAX, .to = INT64_MAX};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        const struct interval *interval = interval_after(lists[i], at);
        if (interval != NULL && interval->from < first.from) {
            first = *interval;
        }
    }
    for (size_t i = 0; i < subject->mishaps.count; i++) {
        int64_t mishap_at = subject->mishaps.items[i];
        if (mishap_at >= at && mishap_at < first.from) {
            first = (struct interval){.from = mishap_at, .to = mishap_at + 1};
        }
    }
    return first;
}

static bool had_chance(const struct world *world, const struct subject *subject)
{
    int64_t end = subject->renewal.expires_at;
    int64_t at = end - world->lifetime / 6;
    while (at < end) {
        const struct interval trouble = trouble_after(world, subject, at);
        if (min(trouble.from, end) - at > wait_from(world, subject, at)) {
            return true;
        }
        at = trouble.to;
    }
    return false;
}

static void count_expiry(const struct world *world, const struct subject *subject)
{
    if (!had_chance(world, subject)) {
        world->tally->forced++;
        return;
    }
    world->tally->unforced++;
    print_error("seed %" PRIu64 ": a certificate of %" PRId64 " s expired without need at %" PRId64
                ", failures %u\n",
                world->tally->seed, world->lifetime, subject->renewal.expires_at - start,
                subject->renewal.failures);
}

/* ---- What happens ---------------------------------------------------------------------------- */

static bool has_certificate(const struct subject *subject)
{
    return subject->renewal.expires_at != 0;
}

/* When something is to be done for it next, by a host that is up then. */
static void schedule(const struct world *world, struct subject *subject, int64_t now)
{
    int64_t try_at = max(renewal_try_at(&subject->renewal), subject->blocked_until);
    int64_t ask_at = world->has_windows ? renewal_ask_at(&subject->renewal, now) : INT64_MAX;
    int64_t at = max(min(try_at, ask_at), now);
    const struct interval *down = interval_after(&subject->host->down, at);
    subject->next_at = down != NULL && down->from <= at ? down->to : at;
}

/* What the CA suggests: mostly sense; else too late, too early, beyond the end, or reversed. */
static void suggest(const struct world *world, struct subject *subject)
{
    struct renewal *renewal = &subject->renewal;
    int64_t lifetime = world->lifetime;
    int64_t length = lifetime / 30 + 1;
    int64_t from = lifetime / 2 + chance(&world->tally->random, lifetime / 6);
    switch (chance(&world->tally->random, world->is_hasty ? 1 : 15)) {
    case 0:
        from = -lifetime / 2;
        break;
    case 1:
        break;
    case 2:
        from = lifetime * 4 / 5 + chance(&world->tally->random, lifetime / 5);
        break;
    case 3:
        from = lifetime + chance(&world->tally->random, lifetime);
        break;
    case 4:
        length = -length;
        break;
    default:
        break;
    }
    renewal->window_start = renewal->starts_at + from;
    renewal->window_end = renewal->window_start + length;
}

static void ask(const struct world *world, struct subject *subject, int64_t now)
{
    static const int64_t spans[] = {0, 1, 6 * HOUR, DAY, INT64_C(1000000000)};
    bool is_first = subject->renewal.window_asked_at == 0;
    subject->renewal.window_asked_at = now;
    subject->renewal.window_ask_after = 0;
    if (!is_within(&world->outages, now)) {
        subject->renewal.window_ask_after = spans[chance(&world->tally->random, 4)];
        if (is_first || one_in(&world->tally->random, 20)) {
            suggest(world, subject);
        }
    }
}

static void fail_try(struct subject *subject, int64_t at, int64_t retry_after)
{
    subject->renewal.failures++;
    subject->renewal.failed_at = at;
    subject->renewal.retry_after = retry_after;
}

/* 503: with a sensible Retry-After, a senseless one, or none. */
static void meet_outage(const struct world *world, struct subject *subject, int64_t at)
{
    const struct interval *outage = interval_after(&world->outages, at);
    int64_t retry_after = 0;
    acme_ledger_settle(&subject->host->ledger, &subject->order);
    if (one_in(&world->tally->random, 2)) {
        retry_after = one_in(&world->tally->random, 10)
                          ? at + 30 * DAY
                          : at + chance(&world->tally->random, outage->to - at);
    }
    fail_try(subject, at, retry_after);
}

/* The CA issued, the host died: it comes back with the ledger that it wrote. */
static void lose(const struct world *world, struct subject *subject, int64_t at)
{
    struct acme_ledger *ledger = &subject->host->ledger;
    bool is_whole = false;
    acme_ledger_read(world->arena, acme_ledger_write(world->arena, ledger), ledger, &is_whole);
    assert_true(is_whole);
    subject->losses++;
    subject->is_replaced = true;
    fail_try(subject, at, 0);
}

static void install(const struct world *world, struct subject *subject, int64_t at)
{
    if (has_certificate(subject) && subject->renewal.expires_at < at) {
        count_expiry(world, subject);
    }
    int64_t starts_at = at - (world->lifetime > DAY ? HOUR : 0); /* as Let's Encrypt does */
    subject->renewal = (struct renewal){
        .starts_at = starts_at,
        .expires_at = starts_at + world->lifetime,
        .seed = (uint64_t)chance(&world->tally->random, INT64_MAX - 1),
    };
    subject->has_issued = true;
    subject->is_replaced = false;
    subject->blocked_until = 0;
    subject->mishaps.count = 0;
    subject->losses = 0;
    world->tally->issued++;
}

static enum acme_order_type type_of(const struct world *world, const struct subject *subject,
                                    int64_t now)
{
    const struct renewal *renewal = &subject->renewal;
    if (!subject->has_issued) {
        return ACME_NEW;
    }
    /* Not every client can say what it replaces. */
    return subject->host == world->hosts.items[0] && !subject->is_replaced &&
                   now >= renewal->window_start && now <= renewal->window_end
               ? ACME_REPLACEMENT
               : ACME_RENEWAL;
}

/* What comes of an order that the CA took. Returns when. */
static int64_t finish(struct world *world, struct subject *subject, int64_t at)
{
    struct host *host = subject->host;
    int64_t done_at = at + chance(&world->tally->random, longest_order(world));
    world->authority_clock = max(world->authority_clock, done_at);
    if (is_within(&host->hidden, at)) {
        authority_fail(&world->authority, &subject->request, world->authority_clock);
        acme_ledger_add_failure(world->arena, &host->ledger, &subject->order, subject->order.names,
                                done_at);
        vec_add(world->arena, &subject->failures, done_at);
        fail_try(subject, done_at, 0);
    } else if (one_in(&world->tally->random, 30)) { /* a bad nonce, garbage */
        acme_ledger_settle(&host->ledger, &subject->order);
        vec_add(world->arena, &subject->mishaps, at);
        fail_try(subject, done_at, 0);
    } else {
        authority_issue(&world->authority, &subject->request, world->authority_clock);
        if (one_in(&world->tally->random, world->is_hasty ? 10 : 100)) {
            vec_add(world->arena, &subject->mishaps, at);
            lose(world, subject, done_at);
        } else {
            acme_ledger_add_certificate(world->arena, &host->ledger, &subject->order, done_at);
            install(world, subject, done_at);
        }
    }
    return done_at;
}

/* Returns when it is over. */
static int64_t try_once(struct world *world, struct subject *subject, int64_t now)
{
    struct acme_ledger *ledger = &subject->host->ledger;
    subject->order.type = type_of(world, subject, now);
    subject->request.is_replacement = subject->order.type == ACME_REPLACEMENT;
    acme_limits_prune(ledger, now);
    const struct acme_answer answer = acme_limits_ask(ledger, &subject->order, now);
    if (answer.limit != ACME_LIMIT_NONE) {
        assert_true(answer.possible_at > now);
        subject->blocked_until = answer.possible_at;
        world->tally->waits++;
        return now;
    }
    world->tally->tries++;
    acme_ledger_add_order(world->arena, ledger, &subject->order, now);
    if (is_within(&world->outages, now)) {
        meet_outage(world, subject, now);
        return now;
    }
    world->authority_clock = max(world->authority_clock, now);
    if (!authority_order(&world->authority, &subject->request, world->authority_clock)) {
        acme_ledger_settle(ledger, &subject->order);
        fail_try(subject, now, now + HOUR);
        return now;
    }
    return finish(world, subject, now);
}

/* ---- Worlds ---------------------------------------------------------------------------------- */

static const char *registered(void *context, const char *name)
{
    (void)name;
    return context;
}

static void add_subject(struct world *world, struct host *host, int64_t wanted_from)
{
    struct subject *subject = arena_new(world->arena, struct subject);
    union { /* the callback's context is not const */
        const char *text;
        void *context;
    } domain = {.text = world->domain};
    const struct acme_domains domains = {.find = registered, .context = domain.context};
    const char *name = arena_printf(world->arena, "s%zu.%s", world->subjects.count, world->domain);
    const char *other = arena_printf(world->arena, "www.%s", name);
    *subject = (struct subject){
        .host = host,
        .order = acme_order_make(world->arena, world->directory, ACME_NEW,
                                 (const char *const[]){name, other, NULL}, &domains),
        .wanted_from = wanted_from,
        .next_at = wanted_from,
    };
    subject->request =
        (struct request){.set = name, .domain = world->domain, .names = subject->order.names};
    subject->renewal.seed = (uint64_t)chance(&world->tally->random, INT64_MAX - 1);
    vec_add(world->arena, &world->subjects, subject);
}

/* More at once than the limit of the registered domain allows. */
static void add_crowd(struct world *world, struct host *host)
{
    int64_t waves = 1 + chance(&world->tally->random, 2);
    for (int64_t wave = 0; wave < waves; wave++) {
        int64_t at = start + chance(&world->tally->random, (world->end - start) / 2);
        int64_t count = 30 + chance(&world->tally->random, 40);
        for (int64_t i = 0; i < count; i++) {
            add_subject(world, host, at);
        }
    }
}

static void add_host(struct world *world, bool is_crowded)
{
    struct host *host = arena_new(world->arena, struct host);
    host->down = chance_intervals(world, 2 * world->lifetime);
    if (one_in(&world->tally->random, 2)) {
        host->hidden = chance_intervals(world, 3 * world->lifetime);
    }
    vec_add(world->arena, &world->hosts, host);
    if (is_crowded) {
        add_crowd(world, host);
        return;
    }
    int64_t count = 1 + chance(&world->tally->random, 2);
    for (int64_t i = 0; i < count; i++) {
        add_subject(world, host, start + chance(&world->tally->random, (world->end - start) / 4));
    }
}

static struct subject *next_subject(const struct world *world)
{
    struct subject *next = world->subjects.items[0];
    for (size_t i = 1; i < world->subjects.count; i++) {
        struct subject *subject = world->subjects.items[i];
        next = subject->next_at < next->next_at ? subject : next;
    }
    return next;
}

static void go_through(struct world *world)
{
    for (;;) {
        struct subject *subject = next_subject(world);
        int64_t now = subject->next_at;
        if (now >= world->end) {
            return;
        }
        int64_t done_at = now;
        if (max(renewal_try_at(&subject->renewal), subject->blocked_until) <= now) {
            done_at = try_once(world, subject, now);
        } else {
            ask(world, subject, now);
        }
        schedule(world, subject, done_at);
    }
}

static void count_rest(const struct world *world)
{
    for (size_t i = 0; i < world->subjects.count; i++) {
        const struct subject *subject = world->subjects.items[i];
        if (has_certificate(subject) && subject->renewal.expires_at < world->end) {
            count_expiry(world, subject);
        }
        bool had_time = subject->wanted_from + 3 * DAY < world->end;
        world->tally->never_issued += had_time && !subject->has_issued ? 1 : 0;
    }
    world->tally->refusals += world->authority.refusals;
}

static void run_world(struct tally *tally, int64_t lifetime, int64_t duration, bool is_crowded)
{
    AUTO_ARENA arena = arena_create();
    bool is_public = lifetime >= 6 * DAY;
    struct world world = {
        .arena = arena,
        .tally = tally,
        .authority = authority_make(arena, is_public),
        .directory = is_public ? letsencrypt : elsewhere,
        .domain = "shop.test",
        .lifetime = lifetime,
        .end = start + duration,
        .has_windows = one_in(&tally->random, 2),
        .is_hasty = one_in(&tally->random, 5),
    };
    int64_t hosts = is_crowded ? 1 : 1 + chance(&tally->random, 2);
    world.outages = chance_intervals(&world, lifetime);
    for (int64_t i = 0; i < hosts; i++) {
        add_host(&world, is_crowded);
    }
    go_through(&world);
    count_rest(&world);
    tally->host_seconds += hosts * duration;
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static int simulate(void **state)
{
    static const int64_t lifetimes[] = {6 * DAY, 45 * DAY, 64 * DAY, 90 * DAY};
    struct tally *tally = calloc(1, sizeof(*tally));
    assert_non_null(tally);
    int64_t seconds = (int64_t)number_from("TEST_HOST_YEARS", DEFAULT_HOST_YEARS) * YEAR;
    tally->seed = number_from("TEST_SEED", 1);
    tally->random = tally->seed;
    for (size_t i = 0; tally->host_seconds < seconds; i++) {
        run_world(tally, lifetimes[i % 4], YEAR, i % 10 == 9);
    }
    for (int i = 0; i < 10; i++) {
        run_world(tally, MINUTE, 6 * HOUR, false);
        run_world(tally, HOUR, 10 * DAY, false);
    }
    print_message("seed %" PRIu64 ", %" PRId64 " host-years: %" PRIu64 " certificates, %" PRIu64
                  " tries, %" PRIu64 " waits for a limit, %" PRIu64 " expiries forced\n",
                  tally->seed, tally->host_seconds / YEAR, tally->issued, tally->tries,
                  tally->waits, tally->forced);
    *state = tally;
    return 0;
}

static int finish_simulation(void **state)
{
    free(*state);
    return 0;
}

/* ---- What has to hold ------------------------------------------------------------------------ */

static void test_certificate_simulation_only_outages_let_one_expire(void **state)
{
    const struct tally *tally = *state;
    assert_int_equal(tally->unforced, 0);
}

static void test_certificate_simulation_limits_are_never_exceeded(void **state)
{
    const struct tally *tally = *state;
    assert_int_equal(tally->refusals, 0);
}

static void test_certificate_simulation_every_name_gets_its_certificate(void **state)
{
    const struct tally *tally = *state;
    assert_int_equal(tally->never_issued, 0);
}

/* Nothing is shown where outages never last, or limits never bind. */
static void test_certificate_simulation_is_hard_enough(void **state)
{
    const struct tally *tally = *state;
    assert_true(tally->forced > 0);
    assert_true(tally->waits > 0);
    assert_true(tally->tries > tally->issued);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificate_simulation_only_outages_let_one_expire),
        cmocka_unit_test(test_certificate_simulation_limits_are_never_exceeded),
        cmocka_unit_test(test_certificate_simulation_every_name_gets_its_certificate),
        cmocka_unit_test(test_certificate_simulation_is_hard_enough),
    };
    return cmocka_run_group_tests(tests, simulate, finish_simulation);
}
