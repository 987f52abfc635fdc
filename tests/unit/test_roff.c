/* Manual pages show a text as it is: nothing in it becomes a request or an escape. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/roff.h"

static void assert_written(void (*write)(struct text *out, const char *text), const char *text,
                           const char *want)
{
    AUTO_ARENA arena = arena_create();
    struct text out = text_make(arena);
    write(&out, text);
    assert_string_equal(out.data, want);
}

static void test_roff_text_is_shown_as_it_is(void **state)
{
    assert_written(roff_text, "a\\b", "a\\eb\n");
    assert_written(roff_text, "--out \"x\" 'y'", "\\-\\-out \\(dqx\\(dq \\(aqy\\(aq\n");
    assert_written(roff_text, "~ ^", "\\(ti \\(ha\n");
    assert_written(roff_text, "one\ntwo", "one two\n");
}

static void test_roff_text_begins_no_request(void **state)
{
    assert_written(roff_text, ".so /etc/shadow", "\\&.so /etc/shadow\n");
    assert_written(roff_text, "'br", "\\(aqbr\n");
}

static void test_roff_code_is_bold(void **state)
{
    assert_written(roff_text, "say `retry` then", "say \\fBretry\\fP then\n");
    assert_written(roff_text, "one ` alone", "one \\(ga alone\n");
}

static void test_roff_term_keeps_its_argument_together(void **state)
{
    assert_written(roff_term, "-o, --output \"F\"", ".TP\n.B \"\\-o, \\-\\-output \\(dqF\\(dq\"\n");
}

static void test_roff_block_keeps_its_lines(void **state)
{
    assert_written(roff_block, "a:\n  .b: 1\n", ".PP\n.in +4n\n.EX\na:\n  .b: 1\n.EE\n.in\n");
    assert_written(roff_block, ".b: 1\n", ".PP\n.in +4n\n.EX\n\\&.b: 1\n.EE\n.in\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roff_text_is_shown_as_it_is),
        cmocka_unit_test(test_roff_text_begins_no_request),
        cmocka_unit_test(test_roff_code_is_bold),
        cmocka_unit_test(test_roff_term_keeps_its_argument_together),
        cmocka_unit_test(test_roff_block_keeps_its_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
