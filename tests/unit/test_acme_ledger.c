#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/acme_ledger.h"

static const char directory[] = "https://ca.test/directory";

static int setup(void **state)
{
    *state = arena_create();
    return 0;
}

static int teardown(void **state)
{
    arena_destroy(*state);
    return 0;
}

/* The last two labels; what has only one has no registered domain. */
static const char *last_two(void *context, const char *name)
{
    const char *domain = NULL;
    *(size_t *)context += 1;
    for (const char *dot = strchr(name, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        domain = strchr(dot + 1, '.') != NULL ? dot + 1 : domain == NULL ? name : domain;
    }
    return domain;
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct acme_order order_of(struct arena *arena, enum acme_order_type type,
                                  const char *const *names)
{
    size_t calls = 0;
    const struct acme_domains domains = {.find = last_two, .context = &calls};
    struct acme_order order = acme_order_make(arena, directory, type, names, &domains);
    assert_true(calls > 0);
    return order;
}

static void assert_names(const char *const *names, const char *const *wanted)
{
    assert_true(acme_names_equal(names, wanted));
}

/* ---- Orders ---------------------------------------------------------------------------------- */

static void test_acme_ledger_names_are_a_set(void **state)
{
    const struct acme_order order =
        order_of(*state, ACME_NEW, NAMES("WWW.b.test", "a.test", "www.B.test", "b.test"));
    assert_names(order.names, NAMES("a.test", "b.test", "www.b.test"));
    assert_names(order.domains, NAMES("a.test", "b.test"));
    assert_string_equal(order.directory, directory);
}

static void test_acme_ledger_wildcards_belong_to_their_domain(void **state)
{
    const struct acme_order order =
        order_of(*state, ACME_NEW, NAMES("*.a.test", "a.test", "*.x.a.test"));
    assert_names(order.names, NAMES("*.a.test", "*.x.a.test", "a.test"));
    assert_names(order.domains, NAMES("a.test"));
}

static void test_acme_ledger_names_without_a_domain_stand_for_themselves(void **state)
{
    const struct acme_order order = order_of(*state, ACME_NEW, NAMES("Intranet", "192"));
    assert_names(order.domains, NAMES("192", "intranet"));
}

static void test_acme_ledger_lists_are_compared_whole(void **state)
{
    assert_true(acme_names_equal(NAMES("a", "b"), NAMES("a", "b")));
    assert_false(acme_names_equal(NAMES("a", "b"), NAMES("a")));
    assert_false(acme_names_equal(NAMES("a"), NAMES("a", "b")));
    assert_false(acme_names_equal(NAMES("a"), NAMES("b")));
    assert_true(acme_names_have(NAMES("a", "b"), "b"));
    assert_false(acme_names_have(NAMES("a", "b"), "c"));
}

/* ---- Records --------------------------------------------------------------------------------- */

static void test_acme_ledger_certificate_settles_its_order(void **state)
{
    struct acme_ledger ledger = {0};
    const struct acme_order one = order_of(*state, ACME_NEW, NAMES("a.test"));
    const struct acme_order two = order_of(*state, ACME_NEW, NAMES("a.test", "b.test"));
    acme_ledger_add_order(*state, &ledger, &one, 10);
    acme_ledger_add_order(*state, &ledger, &two, 11);
    acme_ledger_add_certificate(*state, &ledger, &one, 12);
    assert_int_equal(ledger.count, 3);
    assert_false(ledger.items[0].is_open);
    assert_true(ledger.items[1].is_open);
    assert_int_equal(ledger.items[2].event, ACME_ISSUED);
    assert_false(ledger.items[2].is_open);
}

static void test_acme_ledger_result_settles_one_order(void **state)
{
    struct acme_ledger ledger = {0};
    const struct acme_order order = order_of(*state, ACME_NEW, NAMES("a.test"));
    acme_ledger_add_order(*state, &ledger, &order, 10); /* a crash: nobody knows */
    acme_ledger_add_order(*state, &ledger, &order, 20);
    acme_ledger_settle(&ledger, &order);
    assert_int_equal(ledger.count, 2);
    assert_true(ledger.items[0].is_open);
    assert_false(ledger.items[1].is_open);
}

static void test_acme_ledger_order_of_another_directory_stays_open(void **state)
{
    struct acme_ledger ledger = {0};
    const struct acme_order order = order_of(*state, ACME_NEW, NAMES("a.test"));
    struct acme_order other = order;
    other.directory = "https://other.test/";
    acme_ledger_add_order(*state, &ledger, &order, 10);
    acme_ledger_add_certificate(*state, &ledger, &other, 20);
    assert_true(ledger.items[0].is_open);
}

static void test_acme_ledger_failure_names_identifiers(void **state)
{
    struct acme_ledger ledger = {0};
    const struct acme_order order =
        order_of(*state, ACME_NEW, NAMES("*.a.test", "a.test", "b.test"));
    acme_ledger_add_order(*state, &ledger, &order, 10);
    acme_ledger_add_failure(*state, &ledger, &order, NAMES("A.test", "*.a.test"), 11);
    assert_names(ledger.items[1].names, NAMES("a.test"));
    assert_null(ledger.items[1].domains[0]);
    assert_int_equal(ledger.items[1].event, ACME_FAILED);
    assert_false(ledger.items[0].is_open);
}

static void test_acme_ledger_renewals_count_for_no_domain(void **state)
{
    struct acme_ledger ledger = {0};
    const struct acme_order first = order_of(*state, ACME_NEW, NAMES("a.test"));
    const struct acme_order renewal = order_of(*state, ACME_RENEWAL, NAMES("a.test"));
    acme_ledger_add_order(*state, &ledger, &first, 10);
    acme_ledger_add_order(*state, &ledger, &renewal, 20);
    acme_ledger_add_certificate(*state, &ledger, &renewal, 21);
    assert_names(ledger.items[0].domains, NAMES("a.test"));
    assert_null(ledger.items[1].domains[0]);
    assert_null(ledger.items[2].domains[0]);
}

static void test_acme_ledger_stays_in_order_when_the_clock_is_set_back(void **state)
{
    struct acme_ledger ledger = {0};
    const struct acme_order order = order_of(*state, ACME_NEW, NAMES("a.test"));
    static const int64_t times[] = {30, 10, 20, 10, 40};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        acme_ledger_add_order(*state, &ledger, &order, times[i]);
    }
    for (size_t i = 1; i < ledger.count; i++) {
        assert_true(ledger.items[i - 1].at <= ledger.items[i].at);
    }
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void test_acme_ledger_reads_what_it_wrote(void **state)
{
    struct acme_ledger ledger = {0};
    struct acme_ledger again = {0};
    bool is_whole = false;
    const struct acme_order order = order_of(*state, ACME_NEW, NAMES("*.a.test", "192.0.2.1"));
    acme_ledger_add_order(*state, &ledger, &order, 10);
    acme_ledger_add_failure(*state, &ledger, &order, NAMES("192.0.2.1"), 11);
    acme_ledger_add_order(*state, &ledger, &order, 12);
    acme_ledger_add_certificate(*state, &ledger, &order, 13);
    acme_ledger_add_order(*state, &ledger, &order, 14);
    const struct str text = acme_ledger_write(*state, &ledger);
    acme_ledger_read(*state, text, &again, &is_whole);
    assert_true(is_whole);
    assert_int_equal(again.count, 5);
    assert_true(again.items[4].is_open);
    assert_false(again.items[2].is_open);
    assert_true(str_equal(text, acme_ledger_write(*state, &again)));
}

static void test_acme_ledger_empty_is_written_and_read(void **state)
{
    struct acme_ledger ledger = {0};
    bool is_whole = false;
    acme_ledger_read(*state, acme_ledger_write(*state, &ledger), &ledger, &is_whole);
    assert_true(is_whole);
    assert_int_equal(ledger.count, 0);
}

static void test_acme_ledger_what_is_no_ledger_is_empty(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "null",
        "[]",
        "7",
        "{}",
        "{\"records\": []}",
        "{\"format\": 1}",
        "{\"format\": 1, \"records\": {}}",
        "{\"format\": 2, \"records\": []}",
        "\xff\xfe",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct acme_ledger ledger = {.count = 7};
        bool is_whole = true;
        acme_ledger_read(*state, str_of(texts[i]), &ledger, &is_whole);
        assert_false(is_whole);
        assert_int_equal(ledger.count, 0);
    }
}

#define RECORD(at_, event_, directory_, names_, domains_)                                          \
    "{\"at\": " at_ ", \"event\": " event_ ", \"directory\": " directory_ ", \"names\": " names_   \
    ", \"domains\": " domains_ ", \"open\": true}"
#define GOOD RECORD("5", "\"ordered\"", "\"https://ca.test/\"", "[\"b\", \"a\"]", "[]")

static void test_acme_ledger_bad_records_are_left_out(void **state)
{
    static const char *const records[] = {
        "null",
        "[]",
        "{}",
        RECORD("\"5\"", "\"ordered\"", "\"https://ca.test/\"", "[\"a\"]", "[]"),
        RECORD("-5", "\"ordered\"", "\"https://ca.test/\"", "[\"a\"]", "[]"),
        RECORD("9223372036854775807", "\"ordered\"", "\"https://ca.test/\"", "[\"a\"]", "[]"),
        RECORD("5.5", "\"ordered\"", "\"https://ca.test/\"", "[\"a\"]", "[]"),
        RECORD("5", "\"revoked\"", "\"https://ca.test/\"", "[\"a\"]", "[]"),
        RECORD("5", "1", "\"https://ca.test/\"", "[\"a\"]", "[]"),
        RECORD("5", "\"ordered\"", "null", "[\"a\"]", "[]"),
        RECORD("5", "\"ordered\"", "\"ca.test\"", "[\"a\"]", "[]"),
        RECORD("5", "\"ordered\"", "\"https://ca.test/\\n\"", "[\"a\"]", "[]"),
        RECORD("5", "\"ordered\"", "\"https://ca.test/\"", "\"a\"", "[]"),
        RECORD("5", "\"ordered\"", "\"https://ca.test/\"", "[1]", "[]"),
        RECORD("5", "\"ordered\"", "\"https://ca.test/\"", "[\"\"]", "[]"),
        RECORD("5", "\"ordered\"", "\"https://ca.test/\"", "[\"A\"]", "[]"),
        RECORD("5", "\"ordered\"", "\"https://ca.test/\"", "[\"a\\u001b[2J\"]", "[]"),
        RECORD("5", "\"ordered\"", "\"https://ca.test/\"", "[\"a\"]", "null"),
    };
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        struct acme_ledger ledger = {0};
        bool is_whole = true;
        const char *text = arena_printf(*state, "{\"format\": 1, \"records\": [%s, %s, %s]}", GOOD,
                                        records[i], GOOD);
        acme_ledger_read(*state, str_of(text), &ledger, &is_whole);
        assert_false(is_whole);
        assert_int_equal(ledger.count, 2);
        assert_names(ledger.items[0].names, NAMES("a", "b"));
        assert_true(ledger.items[0].is_open);
    }
}

static void test_acme_ledger_only_orders_are_open(void **state)
{
    struct acme_ledger ledger = {0};
    bool is_whole = false;
    static const char text[] = "{\"format\": 1, \"records\": [" RECORD(
        "9", "\"issued\"", "\"https://ca.test/\"", "[\"a\"]", "[]") "," GOOD "]}";
    acme_ledger_read(*state, STR(text), &ledger, &is_whole);
    assert_true(is_whole);
    assert_int_equal(ledger.items[0].at, 5);
    assert_false(ledger.items[1].is_open);
}

static void test_acme_ledger_every_cut_is_survived(void **state)
{
    struct acme_ledger ledger = {0};
    const struct acme_order order = order_of(*state, ACME_NEW, NAMES("*.a.test", "b.test"));
    acme_ledger_add_order(*state, &ledger, &order, 10);
    acme_ledger_add_certificate(*state, &ledger, &order, 13);
    struct str text = acme_ledger_write(*state, &ledger);
    for (text.length -= 2; text.length > 0; text.length--) { /* without the newline and the brace */
        bool is_whole = true;
        acme_ledger_read(*state, text, &ledger, &is_whole);
        assert_false(is_whole);
        assert_int_equal(ledger.count, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_acme_ledger_names_are_a_set),
        TEST(test_acme_ledger_wildcards_belong_to_their_domain),
        TEST(test_acme_ledger_names_without_a_domain_stand_for_themselves),
        TEST(test_acme_ledger_lists_are_compared_whole),
        TEST(test_acme_ledger_certificate_settles_its_order),
        TEST(test_acme_ledger_result_settles_one_order),
        TEST(test_acme_ledger_order_of_another_directory_stays_open),
        TEST(test_acme_ledger_failure_names_identifiers),
        TEST(test_acme_ledger_renewals_count_for_no_domain),
        TEST(test_acme_ledger_stays_in_order_when_the_clock_is_set_back),
        TEST(test_acme_ledger_reads_what_it_wrote),
        TEST(test_acme_ledger_empty_is_written_and_read),
        TEST(test_acme_ledger_what_is_no_ledger_is_empty),
        TEST(test_acme_ledger_bad_records_are_left_out),
        TEST(test_acme_ledger_only_orders_are_open),
        TEST(test_acme_ledger_every_cut_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
