/* The strip: what it draws, and that the table beside it says the same. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "statusd/chart.h"

enum { SLOTS = 6, WIDTH = 60 };

static size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

/* Slots of a minute: nothing, a change, nothing, a failure, nothing, nothing. */
static const char *strip_of(struct arena *arena, int64_t stale_after)
{
    static struct history_slot slots[SLOTS];
    memset(slots, 0, sizeof(slots));
    for (size_t i = 0; i < SLOTS; i++) {
        slots[i].starts_at = (int64_t)(1000 + i * WIDTH) * 1000000;
    }
    slots[1].runs = slots[1].of[RUN_VERDICT_CHANGED] = 2;
    slots[3].runs = 2;
    slots[3].of[RUN_VERDICT_SUCCESS] = slots[3].of[RUN_VERDICT_FAILED] = 1;
    struct request request = {.arena = arena};
    struct html html = html_make(arena);
    struct history_chart chart = {
        .slots = slots,
        .count = SLOTS,
        .width = (int64_t)WIDTH * 1000000,
        .stale_after = stale_after,
        .label = "Runs & <more>",
    };
    chart_history(&request, &html, &chart);
    return html.text.data;
}

static void test_chart_draws_every_slot_and_the_worst_of_each(void **state)
{
    AUTO_ARENA arena = arena_create();
    const char *strip = strip_of(arena, INT64_C(3600) * 1000000);
    assert_int_equal(occurrences(strip, "<rect "), SLOTS);
    assert_int_equal(occurrences(strip, "class=\"none\""), 1);
    assert_int_equal(occurrences(strip, "class=\"changed\""), 2); /* its slot, and the one behind */
    assert_int_equal(occurrences(strip, "class=\"bad\""), 3);
    assert_int_equal(occurrences(strip, "class=\"well\""), 0);
}

static void test_chart_carries_nothing_on_beyond_its_proof(void **state)
{
    AUTO_ARENA arena = arena_create();
    const char *strip = strip_of(arena, (int64_t)WIDTH * 1000000);
    assert_int_equal(occurrences(strip, "class=\"changed\""), 1);
    assert_int_equal(occurrences(strip, "class=\"bad\""), 1);
    assert_int_equal(occurrences(strip, "class=\"none\""), 4);
}

static void test_chart_has_a_table_with_the_slots_that_have_runs(void **state)
{
    AUTO_ARENA arena = arena_create();
    const char *strip = strip_of(arena, 0);
    assert_int_equal(occurrences(strip, "<th scope=\"row\">"), 2);
    assert_non_null(strstr(strip, "1970-01-01T00:17:40Z")); /* the first one that has runs */
    assert_non_null(strstr(strip, "aria-label=\"Runs &amp; &lt;more&gt;\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chart_draws_every_slot_and_the_worst_of_each),
        cmocka_unit_test(test_chart_carries_nothing_on_beyond_its_proof),
        cmocka_unit_test(test_chart_has_a_table_with_the_slots_that_have_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
