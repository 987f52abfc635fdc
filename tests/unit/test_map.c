#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/map.h"

static void test_map_empty_has_nothing(void **state)
{
    (void)state;
    struct map map = {0};
    assert_null(map_get(&map, "a"));
    assert_false(map_has(&map, "a"));
}

static void test_map_keeps_each_of_many(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    struct map map = {0};
    enum { COUNT = 5000 };
    static char values[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        assert_null(map_put(arena, &map, arena_printf(arena, "key%zu", i), &values[i]));
    }
    assert_int_equal(map.count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_ptr_equal(map_get(&map, arena_printf(arena, "key%zu", i)), &values[i]);
    }
    assert_false(map_has(&map, "key5000"));
    arena_destroy(arena);
}

static void test_map_replacing_gives_the_former_value(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    struct map map = {0};
    int first = 1;
    int second = 2;
    assert_null(map_put(arena, &map, "a", &first));
    assert_ptr_equal(map_put(arena, &map, "a", &second), &first);
    assert_ptr_equal(map_get(&map, "a"), &second);
    assert_int_equal(map.count, 1);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map_empty_has_nothing),
        cmocka_unit_test(test_map_keeps_each_of_many),
        cmocka_unit_test(test_map_replacing_gives_the_former_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
