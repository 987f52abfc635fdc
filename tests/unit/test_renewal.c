#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/renewal.h"

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static const int64_t start = INT64_C(1800000000);
static const int64_t lifetimes[] = {60, HOUR, 6 * HOUR, 6 * DAY, 45 * DAY, 64 * DAY, 90 * DAY};
enum { LIFETIMES = sizeof(lifetimes) / sizeof(lifetimes[0]), SEEDS = 500 };

static struct renewal make(int64_t lifetime, uint64_t seed)
{
    return (struct renewal){.starts_at = start, .expires_at = start + lifetime, .seed = seed};
}

static struct renewal make_with_window(int64_t from, int64_t to, uint64_t seed)
{
    struct renewal renewal = make(90 * DAY, seed);
    renewal.window_start = start + from;
    renewal.window_end = start + to;
    return renewal;
}

/* What some draws gave. */
struct span {
    int64_t first;
    int64_t last;
    int64_t sum;
};

static void span_add(struct span *span, int64_t value)
{
    span->first = span->sum == 0 || value < span->first ? value : span->first;
    span->last = value > span->last ? value : span->last;
    span->sum += value;
}

/* ---- Due ------------------------------------------------------------------------------------- */

static void test_renewal_is_due_at_a_third_or_a_tenth_earlier(void **state)
{
    for (size_t i = 0; i < LIFETIMES; i++) {
        struct span span = {0};
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            struct renewal renewal = make(lifetimes[i], seed);
            span_add(&span, renewal_due_at(&renewal));
        }
        int64_t third_at = start + lifetimes[i] - lifetimes[i] / 3;
        assert_in_range(span.first, third_at - lifetimes[i] / 10, third_at - lifetimes[i] / 11);
        assert_in_range(span.last, third_at - lifetimes[i] / 100, third_at);
        assert_in_range(span.sum / SEEDS, third_at - lifetimes[i] / 10 * 6 / 10 - 1,
                        third_at - lifetimes[i] / 10 * 4 / 10 + 1);
    }
}

static void test_renewal_same_arguments_same_moment(void **state)
{
    struct renewal renewal = make(90 * DAY, 42);
    struct renewal again = make(90 * DAY, 42);
    struct renewal other = make(90 * DAY, 43);
    assert_int_equal(renewal_due_at(&renewal), renewal_due_at(&again));
    assert_int_not_equal(renewal_due_at(&renewal), renewal_due_at(&other));
}

static void test_renewal_without_certificate_is_now(void **state)
{
    struct renewal renewal = {.seed = 7};
    assert_int_equal(renewal_due_at(&renewal), 0);
    assert_int_equal(renewal_try_at(&renewal), 0);
    assert_int_equal(renewal_ask_at(&renewal, start), INT64_MAX);
    assert_int_equal(renewal_alarm_at(&renewal, start), RENEWAL_CALM);
    renewal.window_start = start;
    renewal.window_end = start + DAY;
    assert_int_equal(renewal_due_at(&renewal), 0);
}

static void test_renewal_of_a_certificate_that_ends_before_it_starts_is_due(void **state)
{
    struct renewal renewal = {.starts_at = start, .expires_at = start - DAY, .seed = 7};
    assert_int_equal(renewal_due_at(&renewal), start - DAY);
    assert_int_equal(renewal_alarm_at(&renewal, start), RENEWAL_ERROR);
    renewal.failures = 3;
    renewal.failed_at = start;
    assert_in_range(renewal_try_at(&renewal), start + 3 * MINUTE, start + 4 * MINUTE);
}

/* ---- Windows --------------------------------------------------------------------------------- */

static void test_renewal_moment_lies_anywhere_in_the_window(void **state)
{
    struct span span = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct renewal renewal = make_with_window(50 * DAY, 52 * DAY, seed);
        span_add(&span, renewal_due_at(&renewal) - start);
    }
    assert_in_range(span.first, 50 * DAY, 50 * DAY + HOUR);
    assert_in_range(span.last, 52 * DAY - HOUR, 52 * DAY);
    assert_in_range(span.sum / SEEDS, 51 * DAY - 3 * HOUR, 51 * DAY + 3 * HOUR);
}

static void test_renewal_window_may_be_later_than_a_third(void **state)
{
    struct renewal renewal = make_with_window(70 * DAY, 71 * DAY, 1);
    assert_in_range(renewal_due_at(&renewal), start + 70 * DAY, start + 71 * DAY);
}

static void test_renewal_window_in_the_past_is_now(void **state)
{
    struct renewal renewal = make_with_window(20 * DAY, 21 * DAY, 1);
    assert_true(renewal_due_at(&renewal) <= start + 21 * DAY);
    renewal = make_with_window(-10 * DAY, -9 * DAY, 1);
    /* But not one after the other for a CA that says so of every new one. */
    assert_int_equal(renewal_due_at(&renewal), start + 36 * HOUR);
    renewal.expires_at = start + HOUR;
    assert_int_equal(renewal_due_at(&renewal), start + 15 * MINUTE);
}

static void test_renewal_never_waits_beyond_a_sixth(void **state)
{
    struct renewal renewal = make_with_window(76 * DAY, 80 * DAY, 1);
    assert_int_equal(renewal_due_at(&renewal), start + 75 * DAY);
    struct span span = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        renewal = make_with_window(73 * DAY, 200 * DAY, seed);
        span_add(&span, renewal_due_at(&renewal) - start);
    }
    /* What is cut off does not gather at the edge. */
    assert_in_range(span.last, 75 * DAY - HOUR, 75 * DAY);
    assert_in_range(span.sum / SEEDS, 74 * DAY - 3 * HOUR, 74 * DAY + 3 * HOUR);
}

static void test_renewal_senseless_window_is_ignored(void **state)
{
    struct renewal plain = make(90 * DAY, 5);
    struct renewal reversed = make_with_window(50 * DAY, 49 * DAY, 5);
    struct renewal empty = make_with_window(50 * DAY, 50 * DAY, 5);
    struct renewal beyond = make_with_window(90 * DAY, 91 * DAY, 5);
    assert_int_equal(renewal_due_at(&reversed), renewal_due_at(&plain));
    assert_int_equal(renewal_due_at(&empty), renewal_due_at(&plain));
    assert_int_equal(renewal_due_at(&beyond), renewal_due_at(&plain));
    struct renewal just = make_with_window(90 * DAY - 1, 91 * DAY, 5);
    assert_int_equal(renewal_due_at(&just), start + 75 * DAY);
}

/* ---- Tries ----------------------------------------------------------------------------------- */

static int64_t pause_after(struct renewal renewal, unsigned failures, int64_t failed_at)
{
    renewal.failures = failures;
    renewal.failed_at = failed_at;
    return renewal_try_at(&renewal) - failed_at;
}

static void test_renewal_pause_doubles_from_a_minute_to_a_day(void **state)
{
    int64_t wanted = MINUTE;
    struct renewal renewal = make(90 * DAY, 3);
    assert_int_equal(pause_after(renewal, 1, start + 61 * DAY), MINUTE);
    for (unsigned failures = 2; failures <= 40; failures++) {
        wanted = wanted * 2 < DAY ? wanted * 2 : DAY;
        assert_in_range(pause_after(renewal, failures, start + 61 * DAY), wanted * 4 / 5, wanted);
    }
    assert_in_range(pause_after(renewal, UINT32_MAX, start + 61 * DAY), DAY * 4 / 5, DAY);
}

static void test_renewal_pauses_of_many_differ(void **state)
{
    struct span span = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        span_add(&span, pause_after(make(90 * DAY, seed), 8, start + 61 * DAY));
    }
    assert_in_range(span.first, 128 * MINUTE * 4 / 5, 128 * MINUTE * 82 / 100);
    assert_in_range(span.last, 128 * MINUTE * 98 / 100, 128 * MINUTE);
}

static void test_renewal_pause_is_an_eighth_of_what_is_left_at_most(void **state)
{
    for (size_t i = 0; i < LIFETIMES; i++) {
        int64_t lifetime = lifetimes[i];
        int64_t first = lifetime / 60 < MINUTE ? lifetime / 60 : MINUTE;
        for (int64_t left = lifetime / 3; left > 0; left -= lifetime / 60) {
            int64_t pause = pause_after(make(lifetime, 9), 20, start + lifetime - left);
            assert_in_range(pause, first, left / 8 > first ? left / 8 : first);
        }
    }
}

static void test_renewal_goes_on_after_the_end(void **state)
{
    assert_in_range(pause_after(make(90 * DAY, 9), 20, start + 91 * DAY), DAY * 4 / 5, DAY);
    assert_in_range(pause_after(make(HOUR, 9), 20, start + DAY), 8 * MINUTE, 10 * MINUTE);
    assert_in_range(pause_after(make(60, 9), 20, start + DAY), 8, 10);
}

static void test_renewal_first_issue_pauses_like_any(void **state)
{
    const struct renewal none = {.seed = 4};
    assert_int_equal(pause_after(none, 1, start), MINUTE);
    assert_in_range(pause_after(none, 30, start), DAY * 4 / 5, DAY);
}

static void test_renewal_is_not_tried_before_it_is_due(void **state)
{
    /* What was tried by hand, or for a window that has moved since. */
    struct renewal renewal = make(90 * DAY, 3);
    renewal.failures = 1;
    renewal.failed_at = start + DAY;
    assert_int_equal(renewal_try_at(&renewal), renewal_due_at(&renewal));
}

static void test_renewal_waits_as_long_as_the_authority_says(void **state)
{
    struct renewal renewal = make(90 * DAY, 3);
    renewal.failures = 1;
    renewal.failed_at = start + 61 * DAY;
    renewal.retry_after = renewal.failed_at + 5 * HOUR;
    assert_int_equal(renewal_try_at(&renewal), renewal.retry_after);
    renewal.retry_after = renewal.failed_at + 10;
    assert_int_equal(renewal_try_at(&renewal), renewal.failed_at + MINUTE);
    renewal.retry_after = renewal.failed_at - DAY;
    assert_int_equal(renewal_try_at(&renewal), renewal.failed_at + MINUTE);
}

static void test_renewal_does_not_wait_for_ever(void **state)
{
    struct renewal renewal = make(90 * DAY, 3);
    renewal.failures = 1;
    renewal.failed_at = start + 61 * DAY;
    renewal.retry_after = INT64_MAX;
    assert_int_equal(renewal_try_at(&renewal), renewal.failed_at + DAY);
    renewal.failed_at = start + 90 * DAY - 2 * HOUR;
    assert_int_equal(renewal_try_at(&renewal), renewal.failed_at + HOUR);
    renewal.failed_at = start + 90 * DAY - 10;
    assert_int_equal(renewal_try_at(&renewal), renewal.failed_at + MINUTE);
    renewal.failed_at = start + 90 * DAY;
    assert_int_equal(renewal_try_at(&renewal), renewal.failed_at + DAY);
}

/* ---- Asking for the window ------------------------------------------------------------------- */

static void test_renewal_asks_within_bounds(void **state)
{
    static const struct {
        int64_t said;
        int64_t taken;
    } rows[] = {
        {0, 6 * HOUR},  {1, MINUTE},          {59, MINUTE},       {60, MINUTE},
        {61, 61},       {6 * HOUR, 6 * HOUR}, {DAY - 1, DAY - 1}, {DAY, DAY},
        {DAY + 1, DAY}, {-5, MINUTE},         {INT64_MAX, DAY},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct renewal renewal = make(90 * DAY, 1);
        renewal.window_asked_at = start + HOUR;
        renewal.window_ask_after = rows[i].said;
        assert_int_equal(renewal_ask_at(&renewal, start), start + HOUR + rows[i].taken);
    }
}

static void test_renewal_asks_at_once_and_not_after_the_end(void **state)
{
    struct renewal renewal = make(90 * DAY, 1);
    assert_int_equal(renewal_ask_at(&renewal, start + 5), start + 5);
    assert_int_equal(renewal_ask_at(&renewal, start + 90 * DAY), INT64_MAX);
    renewal.window_asked_at = start + HOUR;
    assert_int_equal(renewal_ask_at(&renewal, start + DAY), start + DAY);
    renewal.window_asked_at = start + 90 * DAY - HOUR;
    assert_int_equal(renewal_ask_at(&renewal, start + 90 * DAY - HOUR), INT64_MAX);
}

/* ---- Alarms ---------------------------------------------------------------------------------- */

static void test_renewal_alarms_at_a_third_and_a_sixth(void **state)
{
    for (size_t i = 0; i < LIFETIMES; i++) {
        struct renewal renewal = make(lifetimes[i], 11);
        int64_t third_at = start + lifetimes[i] - lifetimes[i] / 3;
        int64_t sixth_at = start + lifetimes[i] - lifetimes[i] / 6;
        assert_int_equal(renewal_alarm_at(&renewal, third_at - 1), RENEWAL_CALM);
        assert_int_equal(renewal_alarm_at(&renewal, third_at), RENEWAL_WARNING);
        assert_int_equal(renewal_alarm_at(&renewal, sixth_at - 1), RENEWAL_WARNING);
        assert_int_equal(renewal_alarm_at(&renewal, sixth_at), RENEWAL_ERROR);
        assert_int_equal(renewal_alarm_at(&renewal, start + 2 * lifetimes[i]), RENEWAL_ERROR);
    }
}

static void test_renewal_late_window_is_no_alarm(void **state)
{
    struct renewal renewal = make_with_window(70 * DAY, 71 * DAY, 1);
    assert_int_equal(renewal_alarm_at(&renewal, start + 70 * DAY - 1), RENEWAL_CALM);
    assert_int_equal(renewal_alarm_at(&renewal, start + 71 * DAY), RENEWAL_WARNING);
    assert_int_equal(renewal_alarm_at(&renewal, start + 75 * DAY), RENEWAL_ERROR);
}

static void test_renewal_next_alarm_is_when_the_answer_changes(void **state)
{
    for (size_t i = 0; i < LIFETIMES; i++) {
        struct renewal renewal = make(lifetimes[i], 11);
        int64_t now = start;
        enum renewal_alarm alarm = RENEWAL_CALM;
        for (int64_t next = renewal_alarm_next(&renewal, now); next != 0;
             next = renewal_alarm_next(&renewal, now)) {
            assert_int_equal(renewal_alarm_at(&renewal, next - 1), alarm);
            assert_int_not_equal(renewal_alarm_at(&renewal, next), alarm);
            alarm = renewal_alarm_at(&renewal, next);
            now = next;
        }
        assert_int_equal(alarm, RENEWAL_ERROR);
    }
    const struct renewal none = {0};
    assert_int_equal(renewal_alarm_next(&none, start), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_renewal_is_due_at_a_third_or_a_tenth_earlier),
        cmocka_unit_test(test_renewal_same_arguments_same_moment),
        cmocka_unit_test(test_renewal_without_certificate_is_now),
        cmocka_unit_test(test_renewal_of_a_certificate_that_ends_before_it_starts_is_due),
        cmocka_unit_test(test_renewal_moment_lies_anywhere_in_the_window),
        cmocka_unit_test(test_renewal_window_may_be_later_than_a_third),
        cmocka_unit_test(test_renewal_window_in_the_past_is_now),
        cmocka_unit_test(test_renewal_never_waits_beyond_a_sixth),
        cmocka_unit_test(test_renewal_senseless_window_is_ignored),
        cmocka_unit_test(test_renewal_pause_doubles_from_a_minute_to_a_day),
        cmocka_unit_test(test_renewal_pauses_of_many_differ),
        cmocka_unit_test(test_renewal_pause_is_an_eighth_of_what_is_left_at_most),
        cmocka_unit_test(test_renewal_goes_on_after_the_end),
        cmocka_unit_test(test_renewal_first_issue_pauses_like_any),
        cmocka_unit_test(test_renewal_is_not_tried_before_it_is_due),
        cmocka_unit_test(test_renewal_waits_as_long_as_the_authority_says),
        cmocka_unit_test(test_renewal_does_not_wait_for_ever),
        cmocka_unit_test(test_renewal_asks_within_bounds),
        cmocka_unit_test(test_renewal_asks_at_once_and_not_after_the_end),
        cmocka_unit_test(test_renewal_alarms_at_a_third_and_a_sixth),
        cmocka_unit_test(test_renewal_late_window_is_no_alarm),
        cmocka_unit_test(test_renewal_next_alarm_is_when_the_answer_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
