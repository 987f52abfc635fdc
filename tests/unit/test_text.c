/* The text builder: joining, growth at every length, bytes that are NUL. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"

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

static void test_text_is_empty_at_first(void **state)
{
    struct text text = text_make(*state);
    assert_string_equal(text.data, "");
    assert_int_equal(text_str(&text).length, 0);
}

static void test_text_joins_what_is_added(void **state)
{
    struct text text = text_make(*state);
    text_add(&text, "a");
    text_add_char(&text, '-');
    text_add_str(&text, (struct str){"bcd", 2});
    text_add_str(&text, (struct str){NULL, 0});
    text_addf(&text, "%d%%", 7);
    text_line(&text, "%s", "!");
    assert_string_equal(text.data, "a-bc7%!\n");
    assert_int_equal(text.length, 8);
}

static void test_text_keeps_nul_bytes_of_added_strings(void **state)
{
    struct text text = text_make(*state);
    text_add_str(&text, (struct str){"a\0b", 3});
    assert_int_equal(text.length, 3);
    assert_memory_equal(text.data, "a\0b", 4);
}

/* Every length around the first capacity, by each way of adding. */
static void test_text_grows_at_every_length(void **state)
{
    for (int length = 0; length < 300; length++) {
        struct text formatted = text_make(*state);
        text_addf(&formatted, "%*s", length, "");
        struct text added = text_make(*state);
        for (int i = 0; i < length; i++) {
            text_add_char(&added, ' ');
        }
        assert_int_equal(formatted.length, length);
        assert_string_equal(formatted.data, added.data);
        assert_int_equal(formatted.data[length], '\0');
    }
}

static void test_text_can_be_added_to_itself(void **state)
{
    struct text text = text_make(*state);
    text_add(&text, "0123456789abcdef");
    for (int i = 0; i < 4; i++) {
        text_add_str(&text, text_str(&text));
    }
    assert_int_equal(text.length, 256);
    assert_memory_equal(text.data + 240, "0123456789abcdef", 17);
}

static void test_text_truncate_shortens(void **state)
{
    struct text text = text_make(*state);
    text_add(&text, "one, two, ");
    text_truncate(&text, 8);
    assert_string_equal(text.data, "one, two");
    text_add(&text, ".");
    assert_string_equal(text.data, "one, two.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_text_is_empty_at_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text_joins_what_is_added, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text_keeps_nul_bytes_of_added_strings, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_text_grows_at_every_length, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text_can_be_added_to_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text_truncate_shortens, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
