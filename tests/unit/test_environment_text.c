/* Environment files: what is written, and that every value reads back. That the real systemd hands
 * exactly these bytes to a process is shown by tests/system. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "renderers/environment_text.h"

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

static struct text_pair pair_of(const char *name, const char *value, const struct node *node)
{
    return (struct text_pair){.key = {name, NULL}, .value = {value, node}};
}

static const char *write_one(struct arena *arena, const char *value)
{
    struct text_pair pair = pair_of("A", value, NULL);
    struct text_map map = {.items = &pair, .count = 1};
    return environment_text(arena, &map).content.data;
}

static void test_environment_text_quotes_each_value(void **state)
{
    assert_string_equal(write_one(*state, ""), "A=\"\"\n");
    assert_string_equal(write_one(*state, "1"), "A=\"1\"\n");
    assert_string_equal(write_one(*state, " a=b #c; 'd' 100% \xd8\xb9 "),
                        "A=\" a=b #c; 'd' 100% \xd8\xb9 \"\n");
    assert_string_equal(write_one(*state, "\"$HOME\" `id` \\"),
                        "A=\"\\\"\\$HOME\\\" \\`id\\` \\\\\"\n");
    assert_string_equal(write_one(*state, "one\n\ttwo\nB=c"), "A=\"one\n\ttwo\nB=c\"\n");
}

static void test_environment_text_lines_know_their_place(void **state)
{
    struct source source = {.name = "services.yaml"};
    struct node one = {.span = {&source, 1, 2}};
    struct node two = {.span = {&source, 3, 4}};
    struct text_pair pairs[] = {
        pair_of("A", "x\ny", &one),
        pair_of("B", "z", &two),
        pair_of("C", "from a default", NULL),
    };
    struct text_map map = {.items = pairs, .count = 3};
    struct mapped_text text = environment_text(*state, &map);
    assert_string_equal(text.content.data, "A=\"x\ny\"\nB=\"z\"\nC=\"from a default\"\n");
    assert_int_equal(text.line_count, 4);
    assert_int_equal(text.lines[0].first, 1);
    assert_int_equal(text.lines[1].first, 1);
    assert_int_equal(text.lines[2].first, 3);
    assert_null(text.lines[3].source);
}

static void test_environment_text_every_value_reads_back(void **state)
{
    static const char *const pieces[] = {
        "",  "a", " ", "\"", "'",  "\\", "\n", "\t", "`",        "$",
        "%", "#", ";", "=",  "B=", "\r", "\\", "${", "\xc3\xa9", "}",
    };
    enum { PIECES = sizeof(pieces) / sizeof(pieces[0]) };
    for (size_t i = 0; i < PIECES * PIECES * PIECES; i++) {
        /* Each asserts by itself that it reads back. */
        (void)write_one(*state,
                        arena_printf(*state, "%s%s%s", pieces[i % PIECES],
                                     pieces[i / PIECES % PIECES], pieces[i / PIECES / PIECES]));
    }
}

static void test_environment_text_parse_refuses_the_rest(void **state)
{
    static const char *const refused[] = {
        "A",      "A=",        "A=b\n",        "=\"\"\n",      "A=\"b",        "A=\"b\"",
        "A=b",    "A=\"\" \n", "A=\"\\q\"\n",  "A =\"b\"\n",   "A=\"b\"c\n",   "\n",
        "#A=b\n", "A=\"b\\",   "\"A\"=\"\"\n", "A=\"\"\nB=\n", "A\nB=\"c\"\n",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct environment_variables found = {0};
        size_t line = 0;
        assert_false(environment_parse(*state, str_of(refused[i]), &found, &line));
        assert_int_equal(line, text_starts_with(refused[i], "A=\"\"\nB") ? 2 : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_environment_text_quotes_each_value, setup, teardown),
        cmocka_unit_test_setup_teardown(test_environment_text_lines_know_their_place, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_environment_text_every_value_reads_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_environment_text_parse_refuses_the_rest, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
