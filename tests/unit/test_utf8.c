/* Decoding: every length, every way to be invalid, and what must not be shown. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"

static void test_utf8_decode_reads_every_length(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        uint32_t code;
    } rows[] = {
        {"A", 1, 0x41},
        {"\xC2\x80", 2, 0x80},
        {"\xDF\xBF", 2, 0x7FF},
        {"\xE0\xA0\x80", 3, 0x800},
        {"\xEF\xBF\xBF", 3, 0xFFFF},
        {"\xED\x9F\xBF", 3, 0xD7FF},
        {"\xF0\x90\x80\x80", 4, 0x10000},
        {"\xF4\x8F\xBF\xBF", 4, 0x10FFFF},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t code = 0;
        assert_int_equal(utf8_decode(str_of(rows[i].text), 0, &code), rows[i].length);
        assert_int_equal(code, rows[i].code);
    }
}

static void test_utf8_decode_refuses_what_is_not_valid(void **state)
{
    static const char *const rows[] = {
        "\x80",             /* continuation without lead */
        "\xC3",             /* ends too early */
        "\xE2\x82",         /* ends too early */
        "\xC3(",            /* no continuation */
        "\xC0\x80",         /* overlong NUL */
        "\xC1\xBF",         /* overlong */
        "\xE0\x9F\xBF",     /* overlong */
        "\xF0\x8F\xBF\xBF", /* overlong */
        "\xED\xA0\x80",     /* surrogate */
        "\xED\xBF\xBF",     /* surrogate */
        "\xF4\x90\x80\x80", /* above U+10FFFF */
        "\xF8\x88\x80\x80\x80",
        "\xFF",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t code = 77;
        assert_int_equal(utf8_decode(str_of(rows[i]), 0, &code), 0);
        assert_int_equal(code, 77);
    }
}

static void test_utf8_decode_reads_at_an_offset_and_not_behind_the_end(void **state)
{
    uint32_t code = 0;
    struct str bytes = {"ab\xC3\xA9", 4};
    assert_int_equal(utf8_decode(bytes, 2, &code), 2);
    assert_int_equal(code, 0xE9);
    bytes.length = 3;
    assert_int_equal(utf8_decode(bytes, 2, &code), 0);
}

static void test_utf8_knows_what_must_not_be_shown(void **state)
{
    assert_true(utf8_is_control(0));
    assert_true(utf8_is_control('\n'));
    assert_true(utf8_is_control(0x1F));
    assert_false(utf8_is_control(' '));
    assert_false(utf8_is_control('~'));
    assert_true(utf8_is_control(0x7F));
    assert_true(utf8_is_control(0x9F));
    assert_false(utf8_is_control(0xA0));
    static const uint32_t bidi[] = {0x061C, 0x200E, 0x200F, 0x202A, 0x202E, 0x2066, 0x2069};
    for (size_t i = 0; i < sizeof(bidi) / sizeof(bidi[0]); i++) {
        assert_true(utf8_is_bidi_control(bidi[i]));
    }
    assert_false(utf8_is_bidi_control(0x0627)); /* an Arabic letter */
    assert_false(utf8_is_bidi_control(0x200D)); /* joins letters, reorders nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_decode_reads_every_length),
        cmocka_unit_test(test_utf8_decode_refuses_what_is_not_valid),
        cmocka_unit_test(test_utf8_decode_reads_at_an_offset_and_not_behind_the_end),
        cmocka_unit_test(test_utf8_knows_what_must_not_be_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
