/* What cannot be seen is made visible, the rest stays as it is. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/visible.h"

static void test_visible_text_keeps_what_can_be_seen(void **state)
{
    static const char *const rows[] = {"", "a b\tc\n", "\xD9\x85\xD8\xB1", "\xF0\x9F\x98\x80",
                                       "\\"};
    struct arena *arena = arena_create();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_ptr_equal(visible_text(arena, rows[i]), rows[i]);
    }
    assert_null(visible_text(arena, NULL));
    arena_destroy(arena);
}

static void test_visible_text_shows_what_cannot(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } rows[] = {
        {"\x1b[31m\x07", "^[[31m^G"},
        {"\x7f\r\n", "^?^M\n"},
        {"\xC2\x9B"
         "1",
         "<U+009B>1"},
        {"a\xE2\x80\xAE"
         "b\xE2\x81\xA6",
         "a<U+202E>b<U+2066>"},
        {"\xFF\xC3(", "<FF><C3>("},
        {"\xED\xA0\x80", "<ED><A0><80>"},
        {"\xEF\xBF\xBF\xEF\xB7\x90", "<U+FFFF><U+FDD0>"},
        {"\xF4\x8F\xBF\xBE", "<U+10FFFE>"},
        {"\xE2\x82", "<E2><82>"},
    };
    struct arena *arena = arena_create();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(visible_text(arena, rows[i].text), rows[i].shown);
    }
    arena_destroy(arena);
}

static void test_visible_add_takes_bytes_with_nul(void **state)
{
    struct arena *arena = arena_create();
    struct text out = text_make(arena);
    visible_add(&out, STR("a\0b"));
    assert_string_equal(out.data, "a^@b");
    arena_destroy(arena);
}

/* Eight bytes are looked at together: wherever one of them cannot be seen, it is found. */
static void test_visible_text_finds_each_byte_anywhere(void **state)
{
    enum { LENGTH = 19, BYTES = 256, DELETE = 0x7f };
    struct arena *arena = arena_create();
    for (size_t at = 0; at < LENGTH; at++) {
        for (int byte = 1; byte < BYTES; byte++) {
            char text[LENGTH + 1] = "~~~~~~~~~          ";
            text[at] = (char)byte;
            bool is_plain = (byte >= ' ' && byte < DELETE) || byte == '\n' || byte == '\t';
            assert_int_equal(strcmp(visible_text(arena, text), text) == 0, is_plain);
        }
    }
    arena_destroy(arena);
}

static void test_visible_line_has_one_line(void **state)
{
    struct arena *arena = arena_create();
    assert_string_equal(visible_line(arena, "a\n\tb\r\n"), "a  b^M ");
    assert_string_equal(visible_line(arena, "plain"), "plain");
    assert_null(visible_line(arena, NULL));
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_visible_text_keeps_what_can_be_seen),
        cmocka_unit_test(test_visible_text_shows_what_cannot),
        cmocka_unit_test(test_visible_add_takes_bytes_with_nul),
        cmocka_unit_test(test_visible_text_finds_each_byte_anywhere),
        cmocka_unit_test(test_visible_line_has_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
