/* Markdown shows a text as it is. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/markdown.h"

static void assert_written(void (*write)(struct text *out, const char *text), const char *text,
                           const char *want)
{
    AUTO_ARENA arena = arena_create();
    struct text out = text_make(arena);
    write(&out, text);
    assert_string_equal(out.data, want);
}

static void test_markdown_text_is_shown_as_it_is(void **state)
{
    assert_written(markdown_text, "*.example.com and <b>", "\\*.example.com and \\<b\\>");
    assert_written(markdown_text, "[a](b) \\", "\\[a\\](b) \\\\");
    assert_written(markdown_text, "on_change, a|b", "on_change, a|b");
}

static void test_markdown_text_keeps_code(void **state)
{
    assert_written(markdown_text, "`*.a` and *", "`*.a` and \\*");
    assert_written(markdown_text, "one ` alone *", "one ` alone \\*");
}

static void test_markdown_cell_never_ends_early(void **state)
{
    assert_written(markdown_cell, "a|b\nc", "a\\|b c");
    assert_written(markdown_cell_code, "a|b", "`a\\|b`");
}

static void test_markdown_code_may_hold_backticks(void **state)
{
    assert_written(markdown_code, "a*b", "`a*b`");
    assert_written(markdown_code, "a`b", "`` a`b ``");
}

static void test_markdown_paragraph_breaks_between_words(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct text long_text = text_make(arena);
    struct text out = text_make(arena);
    for (int i = 0; i < 40; i++) {
        text_add(&long_text, i % 2 == 0 ? "word " : "- ");
    }
    markdown_paragraph(&out, long_text.data);
    size_t lines = 0;
    for (const char *line = out.data; *line != '\n'; line += strcspn(line, "\n") + 1) {
        assert_true(strcspn(line, "\n") <= 110);
        assert_true(line[0] == 'w'); /* a hyphen would begin a list */
        lines++;
    }
    assert_true(lines > 1);
}

static void test_markdown_block_is_fenced(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct text out = text_make(arena);
    markdown_block(&out, "yaml", "a: 1\n");
    assert_string_equal(out.data, "```yaml\na: 1\n```\n\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_markdown_text_is_shown_as_it_is),
        cmocka_unit_test(test_markdown_text_keeps_code),
        cmocka_unit_test(test_markdown_cell_never_ends_early),
        cmocka_unit_test(test_markdown_code_may_hold_backticks),
        cmocka_unit_test(test_markdown_paragraph_breaks_between_words),
        cmocka_unit_test(test_markdown_block_is_fenced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
