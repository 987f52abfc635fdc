/* What an error says after it was set, wrapped, or grew too long. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void test_error_set_holds_code_and_message(void **state)
{
    struct error err = {.number = 99};
    assert_false(error_set(&err, ERROR_LIMIT, "%s is %d bytes", "x", 3));
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_int_equal(err.number, 0);
    assert_string_equal(err.message, "x is 3 bytes");
}

static void test_error_errno_adds_what_the_system_says(void **state)
{
    struct error err;
    errno = EACCES;
    assert_false(error_errno(&err, "open %s", "/x"));
    assert_int_equal(err.code, ERROR_SYSTEM);
    assert_int_equal(err.number, EACCES);
    assert_string_equal(err.message, "open /x: Permission denied");
    errno = 4000;
    assert_false(error_errno(&err, "open"));
    assert_string_equal(err.message, "open: error 4000");
}

static void test_error_wrap_puts_context_first_and_keeps_the_rest(void **state)
{
    struct error err;
    errno = ENOENT;
    assert_false(error_errno(&err, "open %s", "/x"));
    assert_false(error_wrap(&err, "read %s", "settings"));
    assert_string_equal(err.message, "read settings: open /x: No such file or directory");
    assert_int_equal(err.code, ERROR_SYSTEM);
    assert_int_equal(err.number, ENOENT);
}

static void test_error_may_quote_its_own_message(void **state)
{
    struct error err;
    assert_false(error_set(&err, ERROR_FORMAT, "inner"));
    assert_false(error_set(&err, ERROR_REFUSED, "outer (%s)", err.message));
    assert_string_equal(err.message, "outer (inner)");
}

static void test_error_long_messages_end_in_dots(void **state)
{
    struct error err;
    assert_false(error_set(&err, ERROR_SYSTEM, "begin %*d", 3000, 1));
    assert_int_equal(strlen(err.message), ERROR_MESSAGE_MAX - 1);
    assert_memory_equal(err.message, "begin ", 6);
    assert_string_equal(err.message + ERROR_MESSAGE_MAX - 4, "...");
    assert_false(error_wrap(&err, "outer"));
    assert_memory_equal(err.message, "outer: begin", 12);
    assert_string_equal(err.message + strlen(err.message) - 3, "...");
}

static void test_error_is_not_cut_inside_a_character(void **state)
{
    char long_text[3000];
    for (size_t offset = 0; offset < 2; offset++) {
        memset(long_text, 0, sizeof(long_text));
        memset(long_text, 'x', offset);
        for (size_t i = offset; i + 2 < sizeof(long_text); i += 2) {
            memcpy(long_text + i, "\xC3\xA9", 2);
        }
        struct error err;
        assert_false(error_set(&err, ERROR_SYSTEM, "%s", long_text));
        size_t end = strlen(err.message) - 3;
        assert_string_equal(err.message + end, "...");
        assert_int_equal((unsigned char)err.message[end - 1], 0xA9);
    }
}

static void test_error_accepts_no_receiver(void **state)
{
    assert_false(error_set(NULL, ERROR_LIMIT, "x"));
    assert_false(error_errno(NULL, "x"));
    assert_false(error_wrap(NULL, "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_set_holds_code_and_message),
        cmocka_unit_test(test_error_errno_adds_what_the_system_says),
        cmocka_unit_test(test_error_wrap_puts_context_first_and_keeps_the_rest),
        cmocka_unit_test(test_error_may_quote_its_own_message),
        cmocka_unit_test(test_error_long_messages_end_in_dots),
        cmocka_unit_test(test_error_is_not_cut_inside_a_character),
        cmocka_unit_test(test_error_accepts_no_receiver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
