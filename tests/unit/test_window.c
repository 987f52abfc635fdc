/* Windows of the week. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schemas/window.h"

/* 2026-11-23 was a Monday. */
static int64_t at(const char *text)
{
    int64_t seconds = 0;
    assert_true(value_read_date(text, &seconds));
    return seconds;
}

static bool is_open(const char *text, const char *when)
{
    struct window window;
    assert_true(window_read(text, &window));
    return window_is_open(&window, at(when));
}

static int64_t next(const char *text, const char *when)
{
    struct window window;
    assert_true(window_read(text, &window));
    return window_next_open(&window, at(when));
}

static void test_window_is_open_on_its_days_and_hours(void **state)
{
    (void)state;
    assert_true(is_open("mon-fri 09:00-17:00", "2026-11-23T09:00:00Z"));
    assert_true(is_open("mon-fri 09:00-17:00", "2026-11-27T16:59:59Z"));
    assert_false(is_open("mon-fri 09:00-17:00", "2026-11-27T17:00:00Z"));
    assert_false(is_open("mon-fri 09:00-17:00", "2026-11-28T12:00:00Z"));
    assert_true(is_open("sat,sun 00:00-24:00", "2026-11-29T23:59:59Z"));
    assert_false(is_open("sat,sun 00:00-24:00", "2026-11-30T00:00:00Z"));
    assert_true(is_open("daily 02:00-04:00", "2026-11-25T03:00:00Z"));
    assert_true(is_open("sun-tue 01:00-02:00", "2026-11-23T01:30:00Z"));
    assert_false(is_open("sun-tue 01:00-02:00", "2026-11-25T01:30:00Z"));
}

static void test_window_goes_on_after_midnight(void **state)
{
    (void)state;
    assert_true(is_open("fri 22:00-02:00", "2026-11-27T22:00:00Z"));
    assert_true(is_open("fri 22:00-02:00", "2026-11-28T01:59:59Z"));
    assert_false(is_open("fri 22:00-02:00", "2026-11-28T02:00:00Z"));
    assert_false(is_open("fri 22:00-02:00", "2026-11-27T01:00:00Z"));
}

static void test_window_knows_when_it_opens_next(void **state)
{
    (void)state;
    assert_int_equal(next("mon-fri 09:00-17:00", "2026-11-27T18:00:00Z"),
                     at("2026-11-30T09:00:00Z"));
    assert_int_equal(next("mon 09:00-10:00", "2026-11-23T10:00:00Z"), at("2026-11-30T09:00:00Z"));
    assert_int_equal(next("mon 09:00-10:00", "2026-11-23T09:30:00Z"), at("2026-11-23T09:30:00Z"));
    assert_int_equal(next("daily 02:00-04:00", "2026-11-23T05:00:00Z"), at("2026-11-24T02:00:00Z"));
}

static void test_window_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "daily",
        "daily 9:00-10:00",
        "mon 09:00-09:00",
        "mon 25:00-26:00",
        "mon 09:60-10:00",
        "day 09:00-10:00",
        "mon 09:00-10:00 ",
        "mon- 09:00-10:00",
        "mon,  09:00-10:00",
        "mon 24:00-01:00",
    };
    struct window window;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_false(window_read(wrong[i], &window));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window_is_open_on_its_days_and_hours),
        cmocka_unit_test(test_window_goes_on_after_midnight),
        cmocka_unit_test(test_window_knows_when_it_opens_next),
        cmocka_unit_test(test_window_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
