/* The verdict: green only for what is proven, fresh and complete. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "statusd/verdict.h"

static struct store_overview overview_of(enum item_state state, int64_t count)
{
    struct store_overview overview = {.has_run = true, .has_state = true};
    overview.last.number = overview.state.number = 3;
    overview.documents.of[ITEM_STATE_IN_SYNC] = 5;
    overview.documents.of[state] += count;
    overview.documents.total = 5 + count;
    return overview;
}

static void assert_verdict(const struct store_overview *overview, enum verdict_word word,
                           enum verdict_tone tone, int64_t count)
{
    struct verdict verdict = verdict_of(overview);
    assert_int_equal(verdict.word, word);
    assert_int_equal(verdict.tone, tone);
    assert_int_equal(verdict.count, count);
}

static void test_verdict_is_well_only_when_everything_is_in_sync(void **state)
{
    struct store_overview overview = overview_of(ITEM_STATE_IN_SYNC, 0);
    assert_verdict(&overview, VERDICT_IN_SYNC, TONE_WELL, 5);
    for (int i = ITEM_STATE_IN_SYNC + 1; i < ITEM_STATE_COUNT; i++) {
        overview = overview_of((enum item_state)i, 1);
        assert_int_not_equal(verdict_of(&overview).tone, TONE_WELL);
    }
}

static void test_verdict_says_the_worst(void **state)
{
    struct store_overview overview = overview_of(ITEM_STATE_DRIFTED, 2);
    overview.documents.of[ITEM_STATE_PENDING] = 4;
    assert_verdict(&overview, VERDICT_DRIFTED, TONE_WARNING, 2);
    overview.documents.of[ITEM_STATE_FAILED] = 1;
    assert_verdict(&overview, VERDICT_FAILED, TONE_BAD, 1);
}

static void test_verdict_counts_items_of_the_engine(void **state)
{
    struct store_overview overview = overview_of(ITEM_STATE_IN_SYNC, 0);
    overview.own_items.of[ITEM_STATE_FAILED] = 1;
    assert_verdict(&overview, VERDICT_FAILED, TONE_BAD, 1);
}

static void test_verdict_is_unknown_without_a_look(void **state)
{
    struct store_overview overview = {0};
    assert_verdict(NULL, VERDICT_NOTHING_RECORDED, TONE_UNKNOWN, 0);
    assert_verdict(&overview, VERDICT_NOTHING_RECORDED, TONE_UNKNOWN, 0);
    overview.has_run = true;
    assert_verdict(&overview, VERDICT_NEVER_LOOKED, TONE_UNKNOWN, 0);
}

static void test_verdict_is_never_well_when_stale(void **state)
{
    struct store_overview overview = overview_of(ITEM_STATE_IN_SYNC, 0);
    overview.is_stale = true;
    assert_verdict(&overview, VERDICT_STALE, TONE_UNKNOWN, 5);
}

static void test_verdict_tells_a_refused_change(void **state)
{
    struct store_overview overview = overview_of(ITEM_STATE_IN_SYNC, 0);
    overview.last.number = 4;
    overview.last.verdict = RUN_VERDICT_FAILED;
    assert_verdict(&overview, VERDICT_REFUSED, TONE_WARNING, 0);
}

static void test_verdict_of_nothing_described_is_not_green(void **state)
{
    struct store_overview overview = {.has_run = true, .has_state = true};
    assert_verdict(&overview, VERDICT_EMPTY, TONE_CALM, 0);
}

static void test_verdict_token_changes_with_run_and_word(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct store_overview overview = overview_of(ITEM_STATE_IN_SYNC, 0);
    assert_string_equal(verdict_token(arena, &overview), "3-in-sync");
    overview.is_stale = true;
    assert_string_equal(verdict_token(arena, &overview), "3-stale");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdict_is_well_only_when_everything_is_in_sync),
        cmocka_unit_test(test_verdict_says_the_worst),
        cmocka_unit_test(test_verdict_counts_items_of_the_engine),
        cmocka_unit_test(test_verdict_is_unknown_without_a_look),
        cmocka_unit_test(test_verdict_is_never_well_when_stale),
        cmocka_unit_test(test_verdict_tells_a_refused_change),
        cmocka_unit_test(test_verdict_of_nothing_described_is_not_green),
        cmocka_unit_test(test_verdict_token_changes_with_run_and_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
