/* Memory of a run: zeroed, aligned, apart from each other. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

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

static void test_arena_gives_zeroed_memory(void **state)
{
    static const size_t sizes[] = {1, 15, 16, 17, 4096, 16384, 16385, 65536, 1000000};
    static const unsigned char zero[1000000];
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        unsigned char *bytes = arena_alloc(*state, sizes[i]);
        assert_memory_equal(bytes, zero, sizes[i]);
        memset(bytes, 0xFF, sizes[i]); /* must not show in what comes next */
    }
}

static void test_arena_aligns_for_any_type(void **state)
{
    for (size_t size = 1; size < 100; size++) {
        uintptr_t address = (uintptr_t)arena_alloc(*state, size);
        assert_int_equal(address % _Alignof(max_align_t), 0);
    }
}

static void test_arena_keeps_requests_apart(void **state)
{
    enum { COUNT = 20000 };
    uint32_t **numbers = arena_array(*state, COUNT, sizeof(*numbers));
    for (uint32_t i = 0; i < COUNT; i++) {
        numbers[i] = arena_new(*state, uint32_t);
        *numbers[i] = i;
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(*numbers[i], i);
    }
}

static void test_arena_size_zero_is_a_pointer_of_its_own(void **state)
{
    void *a = arena_alloc(*state, 0);
    void *b = arena_alloc(*state, 0);
    assert_non_null(a);
    assert_ptr_not_equal(a, b);
}

static void test_arena_copies_end_in_nul(void **state)
{
    char source[] = {'a', 'b', 'c', 'd'};
    char *copy = arena_strndup(*state, source, 3);
    source[0] = 'x';
    assert_string_equal(copy, "abc");
    assert_string_equal(arena_strndup(*state, NULL, 0), "");
    assert_string_equal(arena_strdup(*state, "text"), "text");
}

static void test_arena_prints_any_length(void **state)
{
    assert_string_equal(arena_printf(*state, "%s-%d", "a", 7), "a-7");
    assert_int_equal(strlen(arena_printf(*state, "%50000s", "end")), 50000);
}

static void test_arena_counts_what_was_asked_for(void **state)
{
    assert_int_equal(arena_used(*state), 0);
    (void)arena_alloc(*state, 10);
    (void)arena_alloc(*state, 100000);
    assert_int_equal(arena_used(*state), 100010);
}

static void test_arena_destroy_accepts_null(void **state)
{
    arena_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_arena_gives_zeroed_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arena_aligns_for_any_type, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arena_keeps_requests_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arena_size_zero_is_a_pointer_of_its_own, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_arena_copies_end_in_nul, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arena_prints_any_length, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arena_counts_what_was_asked_for, setup, teardown),
        cmocka_unit_test(test_arena_destroy_accepts_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
