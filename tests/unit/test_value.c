#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schemas/value.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_value_boolean_is_true_or_false_only(void **state)
{
    bool is_true = false;
    assert_true(value_read_boolean("true", &is_true));
    assert_true(is_true);
    assert_true(value_read_boolean("false", &is_true));
    assert_false(is_true);
    static const char *const others[] = {"", "yes", "no", "on", "True", "TRUE", "1", " true"};
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_false(value_read_boolean(others[i], &is_true));
    }
}

static void test_value_integer_has_no_leading_zero_and_no_overflow(void **state)
{
    int64_t number = 7;
    assert_true(value_read_integer("0", &number));
    assert_int_equal(number, 0);
    assert_true(value_read_integer("-12", &number));
    assert_int_equal(number, -12);
    assert_true(value_read_integer("9223372036854775807", &number));
    assert_true(number == INT64_MAX);
    static const char *const others[] = {
        "", "-", "012", "+1", "1_000", "0x10", "1.0", " 1", "1 ", "9223372036854775808", "1e3"};
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_false(value_read_integer(others[i], &number));
    }
    assert_true(number == INT64_MAX); /* a failure leaves the output as it was */
}

static void test_value_size_counts_in_powers_of_1024(void **state)
{
    uint64_t bytes = 0;
    assert_true(value_read_size("16m", &bytes));
    assert_int_equal(bytes, 16 * 1024 * 1024);
    assert_true(value_read_size("1G", &bytes));
    assert_int_equal(bytes, 1024 * 1024 * 1024);
    assert_true(value_read_size("4096", &bytes));
    assert_int_equal(bytes, 4096);
    assert_true(value_read_size("8388607t", &bytes));
    static const char *const others[] = {"",     "m",   "1.5g", "16mb",
                                         "16 m", "-1m", "016m", "8388608t"};
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_false(value_read_size(others[i], &bytes));
    }
}

static void test_value_duration_needs_a_unit(void **state)
{
    int64_t milliseconds = 1;
    assert_true(value_read_duration("0", &milliseconds));
    assert_int_equal(milliseconds, 0);
    assert_true(value_read_duration("500ms", &milliseconds));
    assert_int_equal(milliseconds, 500);
    assert_true(value_read_duration("5m", &milliseconds));
    assert_int_equal(milliseconds, 300000);
    assert_true(value_read_duration("1y", &milliseconds));
    assert_true(milliseconds == INT64_C(365) * 86400 * 1000);
    static const char *const others[] = {"",    "5",    "5 m", "1h30m",
                                         "-5s", "5min", "05s", "292471209y"};
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_false(value_read_duration(others[i], &milliseconds));
    }
}

static void test_value_rate_is_a_count_per_unit(void **state)
{
    uint32_t count = 0;
    uint32_t per_seconds = 0;
    assert_true(value_read_rate("10/s", &count, &per_seconds));
    assert_int_equal(count, 10);
    assert_int_equal(per_seconds, 1);
    assert_true(value_read_rate("100/h", &count, &per_seconds));
    assert_int_equal(per_seconds, 3600);
    static const char *const others[] = {"", "10", "0/s", "10/", "10/d", "10 /s", "4294967296/s"};
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_false(value_read_rate(others[i], &count, &per_seconds));
    }
}

static void test_value_mode_is_octal(void **state)
{
    mode_t mode = 0;
    assert_true(value_read_mode("0640", &mode));
    assert_int_equal(mode, 0640);
    assert_true(value_read_mode("755", &mode));
    assert_int_equal(mode, 0755);
    static const char *const others[] = {"", "64", "0o640", "0680", "06400", "rwx"};
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_false(value_read_mode(others[i], &mode));
    }
}

static void test_value_port_is_one_to_65535(void **state)
{
    uint16_t port = 0;
    assert_true(value_read_port("1", &port));
    assert_true(value_read_port("65535", &port));
    assert_int_equal(port, 65535);
    static const char *const others[] = {"", "0", "65536", "080", "-1", "http", "80 "};
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_false(value_read_port(others[i], &port));
    }
}

static void test_value_written_size_and_duration_read_back(void **state)
{
    struct arena *arena = arena_create();
    assert_string_equal(value_write_size(arena, 0), "0");
    assert_string_equal(value_write_size(arena, 16 << 20), "16m");
    assert_string_equal(value_write_size(arena, 1025), "1025");
    assert_string_equal(value_write_size(arena, UINT64_C(2048) << 40), "2048t");
    assert_string_equal(value_write_duration(arena, 0), "0");
    assert_string_equal(value_write_duration(arena, 90000), "90s");
    assert_string_equal(value_write_duration(arena, 1500), "1500ms");
    assert_string_equal(value_write_duration(arena, INT64_C(86400) * 7000), "7d");
    arena_destroy(arena);
}

static void assert_words(const char *line, const char *const *expected, size_t count)
{
    struct arena *arena = arena_create();
    const char *const *words = NULL;
    size_t found = 0;
    const char *why = NULL;
    assert_true(value_read_argv(arena, line, &words, &found, &why));
    assert_int_equal(found, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(words[i], expected[i]);
    }
    assert_null(words[count]);
    arena_destroy(arena);
}

static void test_value_argv_splits_at_spaces_and_keeps_quoted_words(void **state)
{
    assert_words("  /bin/server   --port 3000 ",
                 (const char *const[]){"/bin/server", "--port", "3000"}, 3);
    assert_words("a 'b  c' \"d \\\" e\" f\\ g", (const char *const[]){"a", "b  c", "d \" e", "f g"},
                 4);
    assert_words("a'b'\"c\"", (const char *const[]){"abc"}, 1);
    assert_words("'' \"\"", (const char *const[]){"", ""}, 2);
    assert_words("'\\n' $HOME *", (const char *const[]){"\\n", "$HOME", "*"}, 3);
}

static void test_value_argv_says_what_is_wrong(void **state)
{
    static const char *const lines[][2] = {
        {"", "it is empty"},
        {"   ", "it is empty"},
        {"a 'b", "a quote is not closed"},
        {"a \"b\\\"", "a quote is not closed"},
        {"a \\", "it ends in a backslash"},
    };
    struct arena *arena = arena_create();
    for (size_t i = 0; i < COUNT(lines); i++) {
        const char *const *words = NULL;
        size_t count = 0;
        const char *why = NULL;
        assert_false(value_read_argv(arena, lines[i][0], &words, &count, &why));
        assert_string_equal(why, lines[i][1]);
    }
    arena_destroy(arena);
}

static void test_value_date_is_utc_unless_it_names_a_zone(void **state)
{
    (void)state;
    int64_t at = -1;
    assert_true(value_read_date("1970-01-02", &at));
    assert_int_equal(at, 86400);
    assert_true(value_read_date("1970-01-01T01:00:00Z", &at));
    assert_int_equal(at, 3600);
    assert_true(value_read_date("1970-01-01T03:00:00+03:00", &at));
    assert_int_equal(at, 0);
    assert_true(value_read_date("1969-12-31T23:30:00-00:30", &at));
    assert_int_equal(at, 0);
    assert_false(value_read_date("1970-13-01", &at));
    assert_false(value_read_date("tomorrow", &at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value_date_is_utc_unless_it_names_a_zone),
        cmocka_unit_test(test_value_boolean_is_true_or_false_only),
        cmocka_unit_test(test_value_integer_has_no_leading_zero_and_no_overflow),
        cmocka_unit_test(test_value_size_counts_in_powers_of_1024),
        cmocka_unit_test(test_value_duration_needs_a_unit),
        cmocka_unit_test(test_value_rate_is_a_count_per_unit),
        cmocka_unit_test(test_value_mode_is_octal),
        cmocka_unit_test(test_value_port_is_one_to_65535),
        cmocka_unit_test(test_value_written_size_and_duration_read_back),
        cmocka_unit_test(test_value_argv_splits_at_spaces_and_keeps_quoted_words),
        cmocka_unit_test(test_value_argv_says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
