/* The typed array: order, growth, zeroed elements. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/vec.h"

VEC(number_list, int);

struct pair {
    int a;
    int b;
};
VEC(pair_list, struct pair);

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

static void test_vec_keeps_order_over_growth(void **state)
{
    struct number_list list = {0};
    for (int i = 0; i < 1000; i++) {
        vec_add(*state, &list, i);
    }
    assert_int_equal(list.count, 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(list.items[i], i);
    }
    assert_int_equal(*vec_last(&list), 999);
}

static void test_vec_new_elements_are_zero(void **state)
{
    struct pair_list list = {0};
    for (int i = 0; i < 100; i++) {
        struct pair *pair = vec_new(*state, &list);
        assert_int_equal(pair->a, 0);
        assert_int_equal(pair->b, 0);
        pair->a = i;
        pair->b = -1;
    }
    assert_int_equal(list.items[42].a, 42);
}

static void test_vec_takes_a_braced_value(void **state)
{
    struct pair_list list = {0};
    vec_add(*state, &list, (struct pair){.a = 1, .b = 2});
    assert_int_equal(list.items[0].b, 2);
}

static void test_vec_grows_by_doubling(void **state)
{
    struct number_list list = {0};
    int changes = 0;
    for (int i = 0; i < 10000; i++) {
        int *before = list.items;
        vec_add(*state, &list, i);
        changes += list.items != before;
    }
    assert_in_range(changes, 1, 16);
}

static void test_vec_reserves_what_is_known(void **state)
{
    struct number_list list = {0};
    vec_reserve(*state, &list, 3);
    const int *before = list.items;
    for (int i = 0; i < 3; i++) {
        vec_add(*state, &list, i);
    }
    assert_ptr_equal(list.items, before);
    assert_int_equal(list.capacity, 3);
    vec_reserve(*state, &list, 2);
    assert_int_equal(list.capacity, 5);
    vec_reserve(*state, &list, 1); /* is there */
    assert_int_equal(list.capacity, 5);
    assert_int_equal(list.items[2], 2);
    assert_int_equal(*vec_new(*state, &list), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_vec_keeps_order_over_growth, setup, teardown),
        cmocka_unit_test_setup_teardown(test_vec_new_elements_are_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(test_vec_takes_a_braced_value, setup, teardown),
        cmocka_unit_test_setup_teardown(test_vec_grows_by_doubling, setup, teardown),
        cmocka_unit_test_setup_teardown(test_vec_reserves_what_is_known, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
