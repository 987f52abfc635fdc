#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acme/base64url.h"

/* RFC 4648, section 10, without padding, and bytes that need the two letters of its section 5. */
static const struct {
    const char *bytes;
    size_t length;
    const char *text;
} cases[] = {
    {"", 0, ""},
    {"f", 1, "Zg"},
    {"fo", 2, "Zm8"},
    {"foo", 3, "Zm9v"},
    {"foob", 4, "Zm9vYg"},
    {"fooba", 5, "Zm9vYmE"},
    {"foobar", 6, "Zm9vYmFy"},
    {"\xfb\xff", 2, "-_8"},
    {"\0\0\0", 3, "AAAA"},
};

static void test_base64url_there_and_back(void **state)
{
    AUTO_ARENA arena = arena_create();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct str bytes = {0};
        assert_string_equal(base64url(arena, (struct str){cases[i].bytes, cases[i].length}),
                            cases[i].text);
        assert_true(base64url_read(arena, cases[i].text, &bytes));
        assert_int_equal(bytes.length, cases[i].length);
        assert_memory_equal(bytes.data, cases[i].bytes, bytes.length);
    }
}

static void test_base64url_padding_and_nonsense(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct str bytes = {0};
    assert_true(base64url_read(arena, "Zg==", &bytes));
    assert_int_equal(bytes.length, 1);
    assert_false(base64url_read(arena, "Zg==x", &bytes));
    assert_false(base64url_read(arena, "Zm9+", &bytes));
    assert_false(base64url_read(arena, "Z", &bytes));
    assert_true(base64url_is("aZ09-_"));
    assert_false(base64url_is(""));
    assert_false(base64url_is("../a"));
    assert_false(base64url_is("a/b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64url_there_and_back),
        cmocka_unit_test(test_base64url_padding_and_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
