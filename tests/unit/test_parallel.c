/* Work in several parts: each is done once, and nothing is left out between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/parallel.h"

enum { PARTS = 500 };

struct counts {
    atomic_int done[PARTS];
};

static void count_part(void *context, size_t part)
{
    struct counts *counts = context;
    atomic_fetch_add(&counts->done[part], 1);
}

static void test_parallel_does_each_part_once(void **state)
{
    (void)state;
    for (size_t parts = 0; parts <= PARTS; parts += parts < 10 ? 1 : 98) {
        struct counts counts = {0};
        parallel_run(parts, count_part, &counts);
        for (size_t i = 0; i < PARTS; i++) {
            assert_int_equal(counts.done[i], i < parts ? 1 : 0);
        }
    }
}

static void test_parallel_parts_cover_all(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 99, 100, 101, 12345, 1000000};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        size_t parts = parallel_parts(counts[i], 100);
        assert_true(parts >= 1);
        assert_int_equal(parallel_first(counts[i], parts, 0), 0);
        assert_int_equal(parallel_first(counts[i], parts, parts), counts[i]);
        for (size_t part = 0; part < parts; part++) {
            size_t first = parallel_first(counts[i], parts, part);
            size_t end = parallel_first(counts[i], parts, part + 1);
            assert_true(end >= first && (parts == 1 || end - first >= 100));
        }
    }
}

static void test_parallel_leaves_few_in_one_part(void **state)
{
    (void)state;
    assert_int_equal(parallel_parts(0, 128), 1);
    assert_int_equal(parallel_parts(255, 128), 1);
    assert_int_equal(parallel_parts(256, 128), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parallel_does_each_part_once),
        cmocka_unit_test(test_parallel_parts_cover_all),
        cmocka_unit_test(test_parallel_leaves_few_in_one_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
