/* The escaping writer: whatever a text holds, it stays text. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "statusd/html.h"

static void assert_written(const char *text, const char *want)
{
    AUTO_ARENA arena = arena_create();
    struct html html = html_make(arena);
    html_text(&html, text);
    assert_string_equal(html.text.data, want);
}

static void test_html_escapes_what_markup_is_made_of(void **state)
{
    assert_written("a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#39;");
    assert_written("", "");
    assert_written(NULL, "");
    assert_written("a\n\tb", "a\n\tb");
}

static void test_html_keeps_other_scripts(void **state)
{
    assert_written("مرحبا 世界 é", "مرحبا 世界 é");
}

static void test_html_shows_what_may_not_stand(void **state)
{
    assert_written("a\x01z", "a\xef\xbf\xbdz");
    assert_written("a\x7fz", "a\xef\xbf\xbdz");
    assert_written("a\xffz", "a\xef\xbf\xbdz");
    assert_written("a\xc3", "a\xef\xbf\xbd");
    assert_written("\xc0\xbc", "\xef\xbf\xbd\xef\xbf\xbd"); /* an overlong '<' */
    assert_written("a\xe2\x80\xaez", "a\xef\xbf\xbdz");     /* turns the reading direction */
}

static void test_html_put_escapes_arguments_only(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct html html = html_make(arena);
    html_put(&html, "<a title=\"%s\">%d %u %zu %lld %%</a>", "\"><b>", -1, 2u, (size_t)3, 4ll);
    assert_string_equal(html.text.data, "<a title=\"&quot;&gt;&lt;b&gt;\">-1 2 3 4 %</a>");
}

static void test_html_fill_escapes_the_sentence_and_joins_the_pieces(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct html html = html_make(arena);
    struct html one = html_piece(arena, "<b>%s</b>", "<1>");
    struct html two = html_piece(arena, "<i>2</i>");
    html_fill(&html, "{1} < {0} {9} {x} {", &one, &two, NULL);
    assert_string_equal(html.text.data, "<i>2</i> &lt; <b>&lt;1&gt;</b> {9} {x} {");
}

static void test_html_fill_finds_no_pieces_in_pieces(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct html html = html_make(arena);
    struct html one = html_piece(arena, "%s", "{0} {1}");
    html_fill(&html, "{0}", &one, NULL);
    assert_string_equal(html.text.data, "{0} {1}");
}

static void test_html_url_part_leaves_only_plain_characters(void **state)
{
    AUTO_ARENA arena = arena_create();
    assert_string_equal(url_part(arena, "shop.example.com"), "shop.example.com");
    assert_string_equal(url_part(arena, "a/b?c&d=\"<\xff"), "a%2Fb%3Fc%26d%3D%22%3C%FF");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_html_escapes_what_markup_is_made_of),
        cmocka_unit_test(test_html_keeps_other_scripts),
        cmocka_unit_test(test_html_shows_what_may_not_stand),
        cmocka_unit_test(test_html_put_escapes_arguments_only),
        cmocka_unit_test(test_html_fill_escapes_the_sentence_and_joins_the_pieces),
        cmocka_unit_test(test_html_fill_finds_no_pieces_in_pieces),
        cmocka_unit_test(test_html_url_part_leaves_only_plain_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
