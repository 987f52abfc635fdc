#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/acme_limits.h"

enum {
    MINUTE = 60,
    HOUR = 60 * MINUTE,
    DAY = 24 * HOUR,
    MARGIN = 5 * MINUTE,
    /* Until one more is allowed: */
    ORDER = 36,
    DOMAIN = 202 * MINUTE,
    DUPLICATE = 34 * HOUR,
    FAILURE = 12 * MINUTE,
};

static const int64_t now = INT64_C(1800000000);
static const char letsencrypt[] = "https://acme-v02.api.letsencrypt.org/directory";
static const char staging[] = "https://acme-staging-v02.api.letsencrypt.org/directory";
static const char elsewhere[] = "https://ca.test/directory";

struct fixture {
    struct arena *arena;
    struct acme_ledger ledger;
};

static int setup(void **state)
{
    struct arena *arena = arena_create();
    struct fixture *fixture = arena_new(arena, struct fixture);
    fixture->arena = arena;
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    arena_destroy(((struct fixture *)*state)->arena);
    return 0;
}

/* "x.shop.test" and "y.shop.test" belong to "shop.test". */
static const char *registered(void *context, const char *name)
{
    (void)context;
    const char *shop = strstr(name, "shop.test");
    return shop == NULL ? name : shop;
}

static struct acme_order order_at(struct fixture *fixture, const char *directory,
                                  enum acme_order_type type, const char *name)
{
    const struct acme_domains domains = {.find = registered};
    return acme_order_make(fixture->arena, directory, type, (const char *const[]){name, NULL},
                           &domains);
}

static struct acme_order order_of(struct fixture *fixture, enum acme_order_type type,
                                  const char *name)
{
    return order_at(fixture, letsencrypt, type, name);
}

static void issue(struct fixture *fixture, const struct acme_order *order, int64_t at)
{
    acme_ledger_add_order(fixture->arena, &fixture->ledger, order, at);
    acme_ledger_add_certificate(fixture->arena, &fixture->ledger, order, at);
}

/* New certificates for names of their own below shop.test, one a second. */
static void issue_many(struct fixture *fixture, unsigned count, int64_t at)
{
    for (unsigned i = 0; i < count; i++) {
        const struct acme_order order =
            order_of(fixture, ACME_NEW, arena_printf(fixture->arena, "s%u.shop.test", i));
        issue(fixture, &order, at + i);
    }
}

static void refuse(struct fixture *fixture, const struct acme_order *order, int64_t at)
{
    acme_ledger_add_order(fixture->arena, &fixture->ledger, order, at);
    acme_ledger_add_failure(fixture->arena, &fixture->ledger, order, order->names, at);
}

static void assert_answer(const struct fixture *fixture, const struct acme_order *order,
                          enum acme_limit limit, const char *subject, int64_t possible_at)
{
    const struct acme_answer answer = acme_limits_ask(&fixture->ledger, order, now);
    assert_int_equal(answer.limit, limit);
    assert_true(text_equal(answer.subject, subject));
    assert_int_equal(answer.possible_at, possible_at);
}

static void assert_free(const struct fixture *fixture, const struct acme_order *order)
{
    assert_answer(fixture, order, ACME_LIMIT_NONE, NULL, now);
}

/* ---- Each limit ------------------------------------------------------------------------------ */

static void test_acme_limits_nothing_asked_nothing_held(void **state)
{
    const struct acme_order order = order_of(*state, ACME_NEW, "a.test");
    assert_free(*state, &order);
}

static void test_acme_limits_fifty_new_certificates_for_a_domain(void **state)
{
    const struct acme_order order = order_of(*state, ACME_NEW, "new.shop.test");
    issue_many(*state, 49, now - HOUR);
    assert_free(*state, &order);
    issue_many(*state, 1, now - 2 * HOUR);
    assert_answer(*state, &order, ACME_LIMIT_DOMAIN, "shop.test", now - 2 * HOUR + MARGIN + DOMAIN);
    const struct acme_order other = order_of(*state, ACME_NEW, "a.test");
    assert_free(*state, &other);
}

static void test_acme_limits_more_than_allowed_takes_longer(void **state)
{
    const struct acme_order order = order_of(*state, ACME_NEW, "new.shop.test");
    issue_many(*state, 53, now - 60); /* as where another program orders, too */
    assert_answer(*state, &order, ACME_LIMIT_DOMAIN, "shop.test", now - 60 + MARGIN + 4 * DOMAIN);
}

static void test_acme_limits_one_comes_back_after_the_other(void **state)
{
    struct fixture *fixture = *state;
    int64_t at = now;
    for (unsigned i = 0; i < 200; i++) {
        const struct acme_order order =
            order_of(fixture, ACME_NEW, arena_printf(fixture->arena, "s%u.shop.test", i));
        at = acme_limits_ask(&fixture->ledger, &order, at).possible_at;
        assert_int_equal(acme_limits_ask(&fixture->ledger, &order, at).limit, ACME_LIMIT_NONE);
        issue(fixture, &order, at);
        acme_limits_prune(&fixture->ledger, at);
    }
    /* The first 50 at once; no others come faster than the CA gives them. */
    assert_in_range(at, now + 150 * DOMAIN, now + 151 * DOMAIN);
    assert_true(fixture->ledger.count < 10 * 50);
}

static void test_acme_limits_what_is_forgotten_took_all(void **state)
{
    struct fixture *fixture = *state;
    const struct acme_order order = order_of(fixture, ACME_RENEWAL, "a.test");
    /* As fast as the bucket fills: whether it was full before nobody knows. */
    for (int64_t i = 20; i > 0; i--) {
        issue(fixture, &order, now - MARGIN - i * DUPLICATE + 1);
    }
    assert_answer(fixture, &order, ACME_LIMIT_DUPLICATES, NULL, now + 1);
    for (size_t i = 0; i < fixture->ledger.count; i++) {
        fixture->ledger.items[i].at--;
    }
    assert_free(fixture, &order);
}

static void test_acme_limits_renewals_are_free_of_the_domain(void **state)
{
    struct fixture *fixture = *state;
    issue_many(fixture, 50, now - HOUR);
    const struct acme_order renewal = order_of(fixture, ACME_RENEWAL, "s1.shop.test");
    const struct acme_order replacement = order_of(fixture, ACME_REPLACEMENT, "s1.shop.test");
    assert_free(fixture, &renewal);
    assert_free(fixture, &replacement);
    /* And are not counted for it. */
    fixture->ledger.count = 0;
    for (int i = 0; i < 60; i++) {
        const struct acme_order other =
            order_of(fixture, ACME_RENEWAL, arena_printf(fixture->arena, "s%d.shop.test", i));
        issue(fixture, &other, now);
    }
    const struct acme_order order = order_of(fixture, ACME_NEW, "new.shop.test");
    assert_free(fixture, &order);
}

static void test_acme_limits_five_duplicates(void **state)
{
    struct fixture *fixture = *state;
    const struct acme_order first = order_of(fixture, ACME_NEW, "a.test");
    const struct acme_order renewal = order_of(fixture, ACME_RENEWAL, "a.test");
    const struct acme_order replacement = order_of(fixture, ACME_REPLACEMENT, "a.test");
    issue(fixture, &first, now - DAY);
    for (int64_t i = 0; i < 3; i++) {
        issue(fixture, i == 0 ? &replacement : &renewal, now - HOUR + i);
    }
    assert_free(fixture, &renewal);
    issue(fixture, &renewal, now - 10);
    assert_answer(fixture, &renewal, ACME_LIMIT_DUPLICATES, NULL, now - DAY + MARGIN + DUPLICATE);
    assert_answer(fixture, &first, ACME_LIMIT_DUPLICATES, NULL, now - DAY + MARGIN + DUPLICATE);
    assert_free(fixture, &replacement);
    const struct acme_domains domains = {.find = registered};
    const struct acme_order more =
        acme_order_make(fixture->arena, letsencrypt, ACME_NEW,
                        (const char *const[]){"a.test", "b.test", NULL}, &domains);
    assert_free(fixture, &more);
}

static void test_acme_limits_three_hundred_orders(void **state)
{
    struct fixture *fixture = *state;
    const struct acme_order order = order_of(fixture, ACME_RENEWAL, "a.test");
    for (int i = 0; i < 299; i++) {
        acme_ledger_add_order(fixture->arena, &fixture->ledger, &order, now);
        acme_ledger_settle(&fixture->ledger, &order);
    }
    assert_free(fixture, &order);
    acme_ledger_add_order(fixture->arena, &fixture->ledger, &order, now);
    acme_ledger_settle(&fixture->ledger, &order);
    assert_answer(fixture, &order, ACME_LIMIT_ORDERS, NULL, now + MARGIN + ORDER);
    const struct acme_order replacement = order_of(fixture, ACME_REPLACEMENT, "a.test");
    assert_free(fixture, &replacement);
}

static void test_acme_limits_five_failures_of_a_name(void **state)
{
    struct fixture *fixture = *state;
    const struct acme_order order = order_of(fixture, ACME_NEW, "a.test");
    for (int64_t i = 0; i < 4; i++) {
        refuse(fixture, &order, now - 10 * MINUTE + i);
    }
    assert_free(fixture, &order);
    refuse(fixture, &order, now);
    static const enum acme_order_type types[] = {ACME_NEW, ACME_RENEWAL, ACME_REPLACEMENT};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        const struct acme_order wildcard = order_of(fixture, types[i], "*.a.test");
        assert_answer(fixture, &wildcard, ACME_LIMIT_FAILURES, "a.test",
                      now - 10 * MINUTE + MARGIN + FAILURE);
    }
    const struct acme_order other = order_of(fixture, ACME_NEW, "b.test");
    assert_free(fixture, &other);
}

static void test_acme_limits_records_are_counted_five_minutes_late(void **state)
{
    struct fixture *fixture = *state;
    const struct acme_order order = order_of(fixture, ACME_NEW, "a.test");
    for (int i = 0; i < 5; i++) {
        refuse(fixture, &order, now - FAILURE - MARGIN + 1);
    }
    assert_answer(fixture, &order, ACME_LIMIT_FAILURES, "a.test", now + 1);
    for (size_t i = 0; i < fixture->ledger.count; i++) {
        fixture->ledger.items[i].at--;
    }
    assert_free(fixture, &order);
}

static void test_acme_limits_longest_is_named(void **state)
{
    struct fixture *fixture = *state;
    const struct acme_order order = order_of(fixture, ACME_NEW, "s0.shop.test");
    issue_many(fixture, 50, now);
    for (int i = 0; i < 5; i++) {
        refuse(fixture, &order, now);
    }
    assert_answer(fixture, &order, ACME_LIMIT_DOMAIN, "shop.test", now + MARGIN + DOMAIN);
    for (int i = 0; i < 4; i++) {
        issue(fixture, &order, now);
    }
    assert_answer(fixture, &order, ACME_LIMIT_DUPLICATES, NULL, now + MARGIN + DUPLICATE);
}

/* ---- Open orders ----------------------------------------------------------------------------- */

static void test_acme_limits_open_order_counts_as_a_certificate(void **state)
{
    struct fixture *fixture = *state;
    const struct acme_order order = order_of(fixture, ACME_RENEWAL, "a.test");
    for (int i = 0; i < 5; i++) {
        acme_ledger_add_order(fixture->arena, &fixture->ledger, &order, now - DAY);
    }
    assert_answer(fixture, &order, ACME_LIMIT_DUPLICATES, NULL, now - DAY + MARGIN + DUPLICATE);
    acme_ledger_settle(&fixture->ledger, &order);
    assert_free(fixture, &order);
    acme_ledger_add_certificate(fixture->arena, &fixture->ledger, &order, now);
    assert_free(fixture, &order); /* its order is one of the five */
}

static void test_acme_limits_hundred_at_once_stop_at_fifty(void **state)
{
    struct fixture *fixture = *state;
    unsigned made = 0;
    for (int i = 0; i < 100; i++) {
        const struct acme_order order =
            order_of(fixture, ACME_NEW, arena_printf(fixture->arena, "s%d.shop.test", i));
        if (acme_limits_ask(&fixture->ledger, &order, now).limit == ACME_LIMIT_NONE) {
            acme_ledger_add_order(fixture->arena, &fixture->ledger, &order, now);
            made++;
        }
    }
    assert_int_equal(made, 50);
}

/* ---- Directories ----------------------------------------------------------------------------- */

static void test_acme_limits_directories_are_counted_apart(void **state)
{
    const struct acme_order order = order_at(*state, staging, ACME_NEW, "new.shop.test");
    issue_many(*state, 50, now);
    assert_free(*state, &order);
}

static void test_acme_limits_staging_has_its_own(void **state)
{
    struct fixture *fixture = *state;
    const struct acme_order order = order_at(fixture, staging, ACME_NEW, "a.test");
    for (int i = 0; i < 100; i++) {
        issue(fixture, &order, now);
        refuse(fixture, &order, now);
    }
    assert_free(fixture, &order);
    for (int i = 0; i < 100; i++) {
        refuse(fixture, &order, now);
    }
    assert_answer(fixture, &order, ACME_LIMIT_FAILURES, "a.test", now + MARGIN + 18);
}

static void test_acme_limits_unknown_directory_has_only_failures(void **state)
{
    struct fixture *fixture = *state;
    const struct acme_order order = order_at(fixture, elsewhere, ACME_NEW, "a.test");
    for (int i = 0; i < 500; i++) {
        issue(fixture, &order, now);
    }
    assert_free(fixture, &order);
    for (int i = 0; i < 5; i++) {
        refuse(fixture, &order, now);
    }
    assert_answer(fixture, &order, ACME_LIMIT_FAILURES, "a.test", now + MARGIN + FAILURE);
}

/* ---- Plans ----------------------------------------------------------------------------------- */

static void assert_spending(const struct acme_spendings *spendings, size_t index,
                            const struct acme_spending *wanted)
{
    const struct acme_spending *spending = &spendings->items[index];
    assert_int_equal(spending->limit, wanted->limit);
    assert_string_equal(spending->directory, letsencrypt);
    assert_true(text_equal(spending->subject, wanted->subject));
    assert_int_equal(spending->most, wanted->most);
    assert_int_equal(spending->used, wanted->used);
    assert_int_equal(spending->added, wanted->added);
}

static void test_acme_limits_plan_says_what_it_spends(void **state)
{
    struct fixture *fixture = *state;
    struct acme_spendings spendings = {0};
    const struct acme_order orders[] = {
        order_of(fixture, ACME_NEW, "x.shop.test"),
        order_of(fixture, ACME_NEW, "y.shop.test"),
        order_of(fixture, ACME_RENEWAL, "s1.shop.test"),
        order_of(fixture, ACME_REPLACEMENT, "s2.shop.test"),
    };
    issue_many(fixture, 3, now - MINUTE);
    refuse(fixture, &orders[0], now - MINUTE);
    acme_limits_spend(fixture->arena, &fixture->ledger, orders, 4, now, &spendings);
    const struct acme_spending wanted[] = {
        {.limit = ACME_LIMIT_ORDERS, .most = 300, .used = 4, .added = 3},
        {.limit = ACME_LIMIT_DOMAIN, .subject = "shop.test", .most = 50, .used = 3, .added = 2},
        {.limit = ACME_LIMIT_DUPLICATES, .subject = "x.shop.test", .most = 5, .added = 1},
        {.limit = ACME_LIMIT_FAILURES, .subject = "x.shop.test", .most = 5, .used = 1},
        {.limit = ACME_LIMIT_DUPLICATES, .subject = "y.shop.test", .most = 5, .added = 1},
        {.limit = ACME_LIMIT_DUPLICATES,
         .subject = "s1.shop.test",
         .most = 5,
         .used = 1,
         .added = 1},
    };
    assert_int_equal(spendings.count, sizeof(wanted) / sizeof(wanted[0]));
    for (size_t i = 0; i < spendings.count; i++) {
        assert_spending(&spendings, i, &wanted[i]);
    }
}

static void test_acme_limits_plan_names_a_set_whole(void **state)
{
    struct fixture *fixture = *state;
    struct acme_spendings spendings = {0};
    const struct acme_domains domains = {.find = registered};
    const struct acme_order order =
        acme_order_make(fixture->arena, letsencrypt, ACME_RENEWAL,
                        (const char *const[]){"b.test", "a.test", NULL}, &domains);
    acme_limits_spend(fixture->arena, &fixture->ledger, &order, 1, now, &spendings);
    assert_int_equal(spendings.count, 2);
    assert_string_equal(spendings.items[1].subject, "a.test, b.test");
}

static unsigned duplicates_used(struct fixture *fixture, const struct acme_order *order, int64_t at)
{
    struct acme_spendings spendings = {0};
    acme_limits_spend(fixture->arena, &fixture->ledger, order, 1, at, &spendings);
    assert_int_equal(spendings.items[1].limit, ACME_LIMIT_DUPLICATES);
    return spendings.items[1].used;
}

static void test_acme_limits_plan_and_answer_agree(void **state)
{
    struct fixture *fixture = *state;
    const struct acme_order order = order_of(fixture, ACME_RENEWAL, "a.test");
    int64_t at = now;
    for (int i = 0; i < 60; i++) {
        at = acme_limits_ask(&fixture->ledger, &order, at).possible_at;
        assert_true(duplicates_used(fixture, &order, at) < 5);
        issue(fixture, &order, at);
        int64_t next_at = acme_limits_ask(&fixture->ledger, &order, at).possible_at;
        if (next_at > at) {
            assert_int_equal(duplicates_used(fixture, &order, at), 5);
            assert_int_equal(duplicates_used(fixture, &order, next_at - 1), 5);
            assert_true(duplicates_used(fixture, &order, next_at) < 5);
        }
        at += i * HOUR;
    }
}

static void test_acme_limits_plan_without_orders_spends_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct acme_spendings spendings = {.count = 3};
    acme_limits_spend(fixture->arena, &fixture->ledger, NULL, 0, now, &spendings);
    assert_int_equal(spendings.count, 0);
}

/* ---- Forgetting ------------------------------------------------------------------------------ */

static size_t kept_at(const struct fixture *fixture, int64_t at)
{
    struct acme_ledger ledger = {0};
    for (size_t i = 0; i < fixture->ledger.count; i++) {
        vec_add(fixture->arena, &ledger, fixture->ledger.items[i]);
    }
    acme_limits_prune(&ledger, at);
    return ledger.count;
}

static void test_acme_limits_forgets_what_nothing_counts(void **state)
{
    struct fixture *fixture = *state;
    const struct acme_order order = order_of(fixture, ACME_NEW, "a.test");
    const struct acme_order other = order_at(fixture, elsewhere, ACME_NEW, "a.test");
    /* Four fillings of a bucket each. */
    refuse(fixture, &order, now); /* four hours, order twelve */
    issue(fixture, &order, now);  /* 680 hours, order twelve */
    acme_ledger_add_order(fixture->arena, &fixture->ledger, &order, now); /* open: 680 hours */
    issue(fixture, &other, now);                                          /* never */
    refuse(fixture, &other, now);                                         /* four hours */
    assert_int_equal(kept_at(fixture, now), 6);
    assert_int_equal(kept_at(fixture, now + 4 * HOUR + MARGIN - 1), 6);
    assert_int_equal(kept_at(fixture, now + 4 * HOUR + MARGIN), 4);
    assert_int_equal(kept_at(fixture, now + 12 * HOUR + MARGIN - 1), 4);
    assert_int_equal(kept_at(fixture, now + 12 * HOUR + MARGIN), 2);
    assert_int_equal(kept_at(fixture, now + 680 * HOUR + MARGIN - 1), 2);
    assert_int_equal(kept_at(fixture, now + 680 * HOUR + MARGIN), 0);
}

static void test_acme_limits_record_of_the_future_is_of_now(void **state)
{
    struct fixture *fixture = *state;
    const struct acme_order order = order_of(fixture, ACME_RENEWAL, "a.test");
    for (int i = 0; i < 5; i++) {
        issue(fixture, &order, now + 365 * DAY);
    }
    acme_limits_prune(&fixture->ledger, now);
    assert_answer(fixture, &order, ACME_LIMIT_DUPLICATES, NULL, now + MARGIN + DUPLICATE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_acme_limits_nothing_asked_nothing_held),
        TEST(test_acme_limits_fifty_new_certificates_for_a_domain),
        TEST(test_acme_limits_more_than_allowed_takes_longer),
        TEST(test_acme_limits_one_comes_back_after_the_other),
        TEST(test_acme_limits_what_is_forgotten_took_all),
        TEST(test_acme_limits_renewals_are_free_of_the_domain),
        TEST(test_acme_limits_five_duplicates),
        TEST(test_acme_limits_three_hundred_orders),
        TEST(test_acme_limits_five_failures_of_a_name),
        TEST(test_acme_limits_records_are_counted_five_minutes_late),
        TEST(test_acme_limits_longest_is_named),
        TEST(test_acme_limits_open_order_counts_as_a_certificate),
        TEST(test_acme_limits_hundred_at_once_stop_at_fifty),
        TEST(test_acme_limits_directories_are_counted_apart),
        TEST(test_acme_limits_staging_has_its_own),
        TEST(test_acme_limits_unknown_directory_has_only_failures),
        TEST(test_acme_limits_plan_says_what_it_spends),
        TEST(test_acme_limits_plan_names_a_set_whole),
        TEST(test_acme_limits_plan_and_answer_agree),
        TEST(test_acme_limits_plan_without_orders_spends_nothing),
        TEST(test_acme_limits_forgets_what_nothing_counts),
        TEST(test_acme_limits_record_of_the_future_is_of_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
