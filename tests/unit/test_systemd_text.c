/* Unit text: what is written, and that everything reads back as it was meant. That the real
 * systemd reads it in the same way is shown by tests/system. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "renderers/systemd_text.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

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

static struct systemd_text *service_begin(struct arena *arena)
{
    struct systemd_text *systemd = systemd_text_make(arena, arena);
    systemd_section(systemd, "Service");
    return systemd;
}

/* The text behind "[Service]\n". */
static const char *service_finish(struct systemd_text *systemd)
{
    struct mapped_text text = systemd_text_finish(systemd);
    assert_memory_equal(text.content.data, "[Service]\n", 10);
    return text.content.data + 10;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static void test_systemd_text_sections_are_apart(void **state)
{
    struct systemd_text *systemd = systemd_text_make(*state, *state);
    systemd_comment(systemd, "made for a test");
    systemd_section(systemd, "Unit");
    systemd_line(systemd, "After", "network.target");
    systemd_section(systemd, "Service");
    systemd_linef(systemd, "TimeoutStopSec", "%d", 30);
    struct mapped_text text = systemd_text_finish(systemd);
    assert_string_equal(text.content.data, "# made for a test\n"
                                           "[Unit]\n"
                                           "After=network.target\n"
                                           "\n"
                                           "[Service]\n"
                                           "TimeoutStopSec=30\n");
    assert_int_equal(text.line_count, 6);
}

static void test_systemd_text_lines_know_their_place(void **state)
{
    struct source source = {.name = "services.yaml"};
    struct span span = {&source, 5, 9};
    struct systemd_text *systemd = systemd_text_make(*state, *state);
    systemd_section(systemd, "Unit");
    systemd_line(systemd, "After", "network.target");
    systemd_at(systemd, span);
    systemd_section(systemd, "Service");
    systemd_value(systemd, "User", "shop");
    struct mapped_text text = systemd_text_finish(systemd);
    assert_int_equal(text.line_count, 5);
    for (size_t i = 0; i < 4; i++) {
        assert_null(text.lines[i].source);
    }
    assert_ptr_equal(text.lines[4].source, &source);
    assert_int_equal(text.lines[4].first, 5);
}

static void test_systemd_text_value_doubles_percent_only(void **state)
{
    struct systemd_text *systemd = service_begin(*state);
    systemd_value(systemd, "WorkingDirectory", "/srv/50%/$HOME \"a\" \\b");
    assert_string_equal(service_finish(systemd), "WorkingDirectory=/srv/50%%/$HOME \"a\" \\b\n");
}

static void test_systemd_text_command_quotes_what_needs_it(void **state)
{
    struct systemd_text *systemd = service_begin(*state);
    systemd_command(systemd, "ExecStart", "",
                    WORDS("/bin/my app", "--port=3000", "", "a b", "100%", "$HOME", "${A}", ";",
                          "#x", "'", "\"", "end\\", "line\nbreak", "tab\t", "\xd8\xb9"));
    assert_string_equal(service_finish(systemd),
                        "ExecStart=\"/bin/my app\" --port=3000 \"\" \"a b\" 100%% $$HOME "
                        "\"$${A}\" \";\" \"#x\" \"'\" \"\\\"\" \"end\\\\\" \"line\\nbreak\" "
                        "\"tab\\t\" \"\xd8\xb9\"\n");
}

static void test_systemd_text_command_keeps_its_prefix_outside(void **state)
{
    struct systemd_text *systemd = service_begin(*state);
    systemd_command(systemd, "ExecStartPre", "-+", WORDS("/bin/a b", "-x"));
    assert_string_equal(service_finish(systemd), "ExecStartPre=-+\"/bin/a b\" -x\n");
}

static void test_systemd_text_words_keep_dollars(void **state)
{
    struct systemd_text *systemd = service_begin(*state);
    systemd_words(systemd, "ReadWritePaths", WORDS("/a", "/b c", "/$d%", "/e\\"));
    assert_string_equal(service_finish(systemd), "ReadWritePaths=/a \"/b c\" /$d%% \"/e\\\\\"\n");
}

/* Quoted and doubled, it would name a unit that is none. */
static void test_systemd_text_unit_names_keep_backslashes(void **state)
{
    struct systemd_text *systemd = service_begin(*state);
    systemd_units(systemd, "After", WORDS("srv-my\\x2ddata.mount", "a@b:c.service"));
    assert_string_equal(service_finish(systemd), "After=srv-my\\x2ddata.mount a@b:c.service\n");
}

static void test_systemd_text_empty_list_resets(void **state)
{
    struct systemd_text *systemd = service_begin(*state);
    systemd_words(systemd, "CapabilityBoundingSet", (const char *const[]){NULL});
    systemd_line(systemd, "AmbientCapabilities", "");
    assert_string_equal(service_finish(systemd), "CapabilityBoundingSet=\nAmbientCapabilities=\n");
}

/* Each text of up to three pieces from those that could break out of their place. */
static void test_systemd_text_every_text_reads_back(void **state)
{
    static const char *const pieces[] = {
        "",  "a",   " ", "\"", "'", "\\", "\n", "\t", "%", "%i", "$", "$$",       "${X}",
        ";", "\\n", "#", "[",  "]", "=",  "-",  "@",  ":", "*",  "~", "\xc3\xa9",
    };
    enum { PIECES = sizeof(pieces) / sizeof(pieces[0]) };
    struct arena *arena = *state;
    struct systemd_text *systemd = service_begin(arena);
    for (size_t i = 0; i < PIECES * PIECES * PIECES; i++) {
        const char *text = arena_printf(arena, "%s%s%s", pieces[i % PIECES],
                                        pieces[i / PIECES % PIECES], pieces[i / PIECES / PIECES]);
        systemd_command(systemd, "ExecStart", "", WORDS("/bin/true", text, "-x", text));
        if (systemd_can_hold(text)) {
            systemd_value(systemd, "Description", text);
            systemd_words(systemd, "ReadWritePaths", WORDS(text, "/b"));
        }
        systemd_line(systemd, "User", "shop"); /* what a trailing backslash would swallow */
    }
    struct mapped_text text = systemd_text_finish(systemd); /* asserts */
    assert_true(text.line_count > (size_t)PIECES * PIECES * PIECES * 2);
}

/* ---- Reading --------------------------------------------------------------------------------- */

static struct systemd_settings parse(struct arena *arena, const char *text)
{
    struct systemd_settings settings = {0};
    size_t line = 0;
    assert_true(systemd_parse(arena, str_of(text), &settings, &line));
    return settings;
}

static size_t parse_fails_at(struct arena *arena, const char *text)
{
    struct systemd_settings settings = {0};
    size_t line = 0;
    assert_false(systemd_parse(arena, str_of(text), &settings, &line));
    return line;
}

static void test_systemd_text_parse_joins_lines(void **state)
{
    struct systemd_settings settings = parse(*state, "; first\n"
                                                     "[Service]\n"
                                                     "Description = one \\\n"
                                                     "# between\n"
                                                     "  two\\\\\n"
                                                     "\n"
                                                     "User=shop");
    assert_int_equal(settings.count, 2);
    assert_string_equal(settings.items[0].key, "Description");
    assert_string_equal(settings.items[0].value, "one    two\\\\");
    assert_int_equal(settings.items[0].line, 3);
    assert_string_equal(settings.items[1].section, "Service");
    assert_string_equal(settings.items[1].value, "shop");
    assert_int_equal(settings.items[1].line, 7);
}

static void test_systemd_text_parse_sees_a_swallowed_line(void **state)
{
    struct systemd_settings settings =
        parse(*state, "[Service]\nEnvironment=A=b\\\nUser=shop\nGroup=shop\n");
    assert_int_equal(settings.count, 2);
    assert_string_equal(settings.items[0].value, "A=b User=shop");
    assert_string_equal(settings.items[1].key, "Group");
}

static void test_systemd_text_parse_refuses_what_systemd_ignores(void **state)
{
    assert_int_equal(parse_fails_at(*state, "User=shop\n"), 1);
    assert_int_equal(parse_fails_at(*state, "[Service]\nUser\n"), 2);
    assert_int_equal(parse_fails_at(*state, "[Service]\n\n=x\n"), 3);
    assert_int_equal(parse_fails_at(*state, "[Service\nUser=x\n"), 1);
    assert_int_equal(parse_fails_at(*state, "[]\n"), 1);
}

static void assert_unquotes(struct arena *arena, const char *value, bool is_command,
                            const char *const *wanted)
{
    const char *const *words = NULL;
    size_t count = 0;
    assert_true(systemd_unquote(arena, value, is_command, &words, &count));
    size_t wanted_count = 0;
    while (wanted[wanted_count] != NULL) {
        wanted_count++;
    }
    assert_int_equal(count, wanted_count);
    for (size_t i = 0; i < wanted_count; i++) {
        assert_string_equal(words[i], wanted[i]);
    }
    assert_null(words[count]);
}

static void test_systemd_text_unquote_takes_words_apart(void **state)
{
    assert_unquotes(*state, "", false, (const char *const[]){NULL});
    assert_unquotes(*state, "  a   b ", false, WORDS("a", "b"));
    assert_unquotes(*state, "\"a b\"'c d'e '' \\s\\\\", false, WORDS("a bc de", "", " \\"));
    assert_unquotes(*state, "100%% $x", false, WORDS("100%", "$x"));
    assert_unquotes(*state, "$$x ';' a;", true, WORDS("$x", ";", "a;"));
}

static void test_systemd_text_unquote_refuses_what_is_not_a_users_text(void **state)
{
    static const char *const refused[] = {
        "\"a", "'a", "a\\", "\\q", "%i", "100%", "a ; b", "$HOME", "${HOME}", ";",
    };
    const char *const *words = NULL;
    size_t count = 0;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_false(systemd_unquote(*state, refused[i], true, &words, &count));
    }
}

static void test_systemd_text_can_hold_only_what_comes_back(void **state)
{
    assert_true(systemd_can_hold(""));
    assert_true(systemd_can_hold("a \\b\" %$;#"));
    assert_true(systemd_can_hold("\xd8\xb9"));
    assert_false(systemd_can_hold("a\\"));
    assert_false(systemd_can_hold("a\\\\"));
    assert_false(systemd_can_hold(" a"));
    assert_false(systemd_can_hold("a "));
    assert_false(systemd_can_hold("a\nUser=root"));
    assert_false(systemd_can_hold("a\tb"));
    assert_false(systemd_can_hold("a\xc2\x85"));
    assert_false(systemd_can_hold("\xff"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_systemd_text_sections_are_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_text_lines_know_their_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_text_value_doubles_percent_only, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_systemd_text_command_quotes_what_needs_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_systemd_text_command_keeps_its_prefix_outside, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_systemd_text_words_keep_dollars, setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_text_unit_names_keep_backslashes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_systemd_text_empty_list_resets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_text_every_text_reads_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_text_parse_joins_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_text_parse_sees_a_swallowed_line, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_systemd_text_parse_refuses_what_systemd_ignores, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_systemd_text_unquote_takes_words_apart, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_systemd_text_unquote_refuses_what_is_not_a_users_text,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_text_can_hold_only_what_comes_back, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
