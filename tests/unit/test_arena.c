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

static void test_arena_grows_what_was_asked_for_last(void **state)
{
    unsigned char *bytes = arena_alloc(*state, 100);
    memset(bytes, 'a', 100);
    for (size_t size = 100; size < 100000; size *= 2) {
        bytes = arena_grow(*state, bytes, size, size * 2);
        for (size_t i = 0; i < size * 2; i++) {
            assert_int_equal(bytes[i], i < size ? 'a' : 0);
        }
        memset(bytes, 'a', size * 2);
    }
}

static void test_arena_growing_leaves_others_alone(void **state)
{
    unsigned char *first = arena_alloc(*state, 100);
    unsigned char *second = arena_alloc(*state, 100);
    memset(first, 'a', 100);
    memset(second, 'b', 100);
    unsigned char *grown = arena_grow(*state, first, 100, 300);
    memset(grown + 100, 'c', 200);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(grown[i], i < 100 ? 'a' : 'c');
        assert_true(i >= 100 || second[i] == 'b');
    }
}

static void test_arena_replaces_what_nobody_else_has(void **state)
{
    unsigned char *bytes = arena_alloc(*state, 10);
    memset(bytes, 'a', 10);
    for (size_t size = 10; size < 4000000; size = size * 3 / 2 + 1) {
        bytes = arena_replace(*state, bytes, size, size * 3 / 2 + 1);
        assert_int_equal(bytes[0], 'a');
        assert_int_equal(bytes[size - 1], 'a');
        for (size_t i = size; i < size * 3 / 2 + 1; i++) {
            assert_int_equal(bytes[i], 0);
        }
        memset(bytes, 'a', size * 3 / 2 + 1);
        memset(arena_alloc(*state, 100), 0xFF, 100); /* others stand between */
    }
}

/* A scratch arena is emptied again and again: what is handed out is zero each time. */
static void test_arena_rewinds_to_a_mark(void **state)
{
    static const size_t sizes[] = {1, 1000, 16384, 16385, 60000, 100000, 1048576, 3000000};
    static const unsigned char zero[3000000];
    unsigned char *kept = NULL;
    for (int round = 0; round < 4; round++) {
        struct arena_mark mark = arena_mark(*state);
        size_t used = arena_used(*state);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            for (size_t k = 0; k < 8; k++) {
                unsigned char *bytes = arena_alloc(*state, sizes[i]);
                assert_memory_equal(bytes, zero, sizes[i]);
                memset(bytes, 0xFF, sizes[i]);
            }
            struct arena_mark inner = arena_mark(*state);
            memset(arena_alloc(*state, 5000), 0xFF, 5000);
            arena_rewind(*state, inner);
        }
        arena_rewind(*state, mark);
        assert_int_equal(arena_used(*state), used);
        if (round == 1) { /* the first two begin with nothing, the others behind something */
            kept = arena_alloc(*state, 2000);
            assert_memory_equal(kept, zero, 2000);
            memset(kept, 0x55, 2000);
        }
    }
    for (size_t i = 0; kept != NULL && i < 2000; i++) {
        assert_int_equal(kept[i], 0x55);
    }
}

static void test_arena_gives_more_than_a_block_of_blocks(void **state)
{
    static const unsigned char zero[10000];
    for (int i = 0; i < 2000; i++) { /* 20 MB: large blocks too */
        unsigned char *bytes = arena_alloc(*state, 10000);
        assert_memory_equal(bytes, zero, 10000);
        memset(bytes, 0xFF, 10000);
    }
}

static void test_arena_adopts_what_is_on_another(void **state)
{
    struct arena *arena = *state;
    struct arena *other = arena_create();
    char *own = arena_strdup(arena, "own");
    char *small = arena_strdup(other, "small");
    char *large = arena_alloc(other, 100000);
    size_t used = arena_used(arena) + arena_used(other);
    arena_adopt(arena, other);
    assert_int_equal(arena_used(arena), used);
    (void)arena_alloc(arena, 100);
    large[99999] = 'x';
    assert_string_equal(own, "own");
    assert_string_equal(small, "small");
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
        cmocka_unit_test_setup_teardown(test_arena_grows_what_was_asked_for_last, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arena_growing_leaves_others_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arena_replaces_what_nobody_else_has, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arena_rewinds_to_a_mark, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arena_gives_more_than_a_block_of_blocks, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_arena_adopts_what_is_on_another, setup, teardown),
        cmocka_unit_test(test_arena_destroy_accepts_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
