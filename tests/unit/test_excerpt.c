#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/excerpt.h"

static void assert_excerpt(const char *content, size_t first, size_t end, const char *line,
                           const char *mark)
{
    struct arena *arena = arena_create();
    const struct source *source = source_make(arena, "in.yaml", str_of(content));
    struct excerpt excerpt = excerpt_make(arena, (struct span){source, first, end});
    assert_string_equal(excerpt.line, line);
    assert_string_equal(excerpt.mark, mark);
    arena_destroy(arena);
}

static void test_excerpt_marks_the_span_on_its_line(void **state)
{
    assert_excerpt("a: b\nc: def\n", 8, 11, "c: def", "   ^^^");
    assert_excerpt("a: b\nc: def\n", 0, 8, "a: b", "^^^^"); /* over two lines: the first */
    assert_excerpt("a: b\r\n", 3, 4, "a: b", "   ^");
    assert_excerpt("a: b", 4, 4, "a: b", "    ^"); /* the end of the file */
    assert_excerpt("a: b\n", 4, 5, "a: b", "    ^");
    assert_excerpt("a:\n\nb:\n", 3, 3, "", "^");
}

static void test_excerpt_counts_columns_and_not_bytes(void **state)
{
    assert_excerpt("\xC3\xA9\xC3\xA9: b", 6, 7, "\xC3\xA9\xC3\xA9: b", "    ^");
    assert_excerpt("\xE4\xB8\xAD\xE6\x96\x87: b", 8, 9, "\xE4\xB8\xAD\xE6\x96\x87: b", "      ^");
    assert_excerpt("e\xCC\x81: b", 5, 6, "e\xCC\x81: b", "   ^");
    assert_excerpt("\ta\tb", 3, 4, "    a    b", "         ^");
    assert_excerpt("a: \xF0\x9F\x98\x80", 3, 7, "a: \xF0\x9F\x98\x80", "   ^^");
}

static void test_excerpt_makes_characters_harmless(void **state)
{
    assert_excerpt("a: \x1b[31m\n", 3, 4, "a: ?[31m", "   ^");
    assert_excerpt("a: \xE2\x80\xAEx\n", 3, 6, "a: ?x", "   ^");
    assert_excerpt("a: \xFF\xFEx\n", 4, 5, "a: ??x", "    ^");
    assert_excerpt("a\rb\n", 1, 2, "a?b", " ^");
}

static void test_excerpt_cuts_long_lines_around_the_mark(void **state)
{
    struct arena *arena = arena_create();
    char content[301];
    for (size_t i = 0; i < 300; i++) {
        content[i] = (char)('a' + i % 26);
    }
    content[300] = '\0';
    const struct source *source = source_make(arena, "in.yaml", str_of(content));
    struct excerpt excerpt = excerpt_make(arena, (struct span){source, 200, 203});
    size_t left = strlen("…");
    assert_memory_equal(excerpt.line, "…", left);
    assert_true(text_ends_with(excerpt.line, "…"));
    assert_int_equal(strlen(excerpt.mark), 41 + 3);
    assert_memory_equal(excerpt.line + left + 40, content + 200, 3);
    excerpt = excerpt_make(arena, (struct span){source, 0, 300});
    assert_int_equal(strlen(excerpt.mark), 100);
    arena_destroy(arena);
}

static void test_excerpt_knows_lines_that_may_hold_a_secret(void **state)
{
    static const char *const secret[] = {
        "password: x",           "  DB_PASSWORD: x",         "api_token: x",
        "env: { API_KEY: x }",   "'Client-Secret' : x",      "run: a --password=x",
        "url: http://u:p@host/", "DATABASE_URL: pg://u:p@h",
    };
    static const char *const open[] = {
        "proxy: service:shop",     "secrets: [stripe-key]", "needs: [secret:stripe-key]",
        "url: http://host:80/a@b", "email: a@b.example",    "proxy_pass: x",
    };
    for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
        assert_true(excerpt_may_hold_secret(str_of(secret[i])));
    }
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        assert_false(excerpt_may_hold_secret(str_of(open[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_excerpt_marks_the_span_on_its_line),
        cmocka_unit_test(test_excerpt_counts_columns_and_not_bytes),
        cmocka_unit_test(test_excerpt_makes_characters_harmless),
        cmocka_unit_test(test_excerpt_cuts_long_lines_around_the_mark),
        cmocka_unit_test(test_excerpt_knows_lines_that_may_hold_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
