/* What the writer quotes is read back as it was given, by us here and by nginx in
 * tests/system/test-nginx-text. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "renderers/nginx_text.h"

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

static const char *const hostile_texts[] = {
    "",
    " ",
    "plain",
    "two words",
    "a;b",
    "{",
    "}",
    "};",
    "#",
    "# comment",
    "\"",
    "'",
    "\\",
    "ends in \\",
    "\\\\",
    "\\n",
    "\\r\\n",
    "\\\"",
    "line\nbreak",
    "tab\tand\rreturn",
    "$",
    "$host",
    "${host}",
    "${",
    "$$",
    "%n %s %00",
    "\"; return 200 stolen; #",
    "'}\nserver { listen 81; }",
    "\xd8\xa7\xd9\x84\xd8\xb9\xd8\xb1\xd8\xa8\xd9\x8a\xd8\xa9",
    "\x7f\x01",
    ")",
    "(",
    "~^/a$",
};

enum { HOSTILE_COUNT = sizeof(hostile_texts) / sizeof(hostile_texts[0]) };

static struct nginx_directives parse(struct arena *arena, struct str text)
{
    struct nginx_directives directives = {0};
    size_t line = 0;
    assert_true(nginx_parse(arena, text, &directives, &line));
    return directives;
}

/* The text with the dollar variable put back, as nginx would evaluate it. */
static const char *evaluate(struct arena *arena, const char *text)
{
    static const char variable[] = "${" NGINX_DOLLAR "}";
    struct text out = text_make(arena);
    for (const char *c = text; *c != '\0'; c++) {
        if (text_starts_with(c, variable)) {
            text_add_char(&out, '$');
            c += sizeof(variable) - 2;
        } else {
            text_add_char(&out, *c);
        }
    }
    return out.data;
}

static const char *written_and_read(struct arena *arena, enum nginx_context context,
                                    const char *text)
{
    struct nginx_text *nginx = nginx_text_make(arena, arena);
    nginx_begin(nginx, "directive");
    nginx_value(nginx, context, text);
    nginx_end(nginx);
    nginx_line(nginx, "next", NULL);
    struct mapped_text mapped = nginx_text_finish(nginx);
    assert_int_equal(mapped.line_count, 2);
    struct nginx_directives directives = parse(arena, mapped.content);
    assert_int_equal(directives.count, 2);
    assert_int_equal(directives.items[0].argument_count, 1);
    return directives.items[0].arguments[0];
}

static void test_nginx_text_literal_reads_back(void **state)
{
    for (size_t i = 0; i < HOSTILE_COUNT; i++) {
        assert_string_equal(written_and_read(*state, NGINX_LITERAL, hostile_texts[i]),
                            hostile_texts[i]);
    }
}

static void test_nginx_text_evaluated_reads_back(void **state)
{
    for (size_t i = 0; i < HOSTILE_COUNT; i++) {
        const char *read = written_and_read(*state, NGINX_EVALUATED, hostile_texts[i]);
        assert_string_equal(evaluate(*state, read), hostile_texts[i]);
        for (const char *c = strchr(read, '$'); c != NULL; c = strchr(c + 1, '$')) {
            assert_true(text_starts_with(c, "${" NGINX_DOLLAR "}"));
        }
    }
}

static void test_nginx_text_static_reads_back(void **state)
{
    for (size_t i = 0; i < HOSTILE_COUNT; i++) {
        if (strchr(hostile_texts[i], '$') == NULL) {
            assert_string_equal(written_and_read(*state, NGINX_STATIC, hostile_texts[i]),
                                hostile_texts[i]);
        }
    }
}

static void test_nginx_text_joins_parts_to_one_argument(void **state)
{
    struct nginx_text *nginx = nginx_text_make(*state, *state);
    nginx_begin(nginx, "return");
    nginx_number(nginx, 308, "");
    nginx_open(nginx);
    nginx_word(nginx, "https://");
    nginx_value(nginx, NGINX_EVALUATED, "a b$");
    nginx_word(nginx, "$request_uri");
    nginx_close(nginx);
    nginx_end(nginx);
    struct mapped_text mapped = nginx_text_finish(nginx);
    assert_string_equal(mapped.content.data,
                        "return 308 \"https://a b${rc_dollar}$request_uri\";\n");
}

/* The text of a template between two variables, with its dollars doubled, comes back as it was. */
static void test_nginx_text_templates_read_back(void **state)
{
    for (size_t i = 0; i < HOSTILE_COUNT; i++) {
        struct text written = text_make(*state);
        text_add(&written, "$host/");
        for (const char *c = hostile_texts[i]; *c != '\0'; c++) {
            text_add(&written, *c == '$' ? "$$" : (const char[]){*c, '\0'});
        }
        text_add(&written, "$1");
        struct template_part_list parts;
        const char *unknown = NULL;
        assert_true(template_read(*state, TEMPLATE_TARGET, written.data, &parts, &unknown));
        struct nginx_text *nginx = nginx_text_make(*state, *state);
        nginx_begin(nginx, "return");
        nginx_open(nginx);
        nginx_template(nginx, &parts, "kept_");
        nginx_close(nginx);
        nginx_end(nginx);
        struct nginx_directives directives = parse(*state, nginx_text_finish(nginx).content);
        assert_int_equal(directives.count, 1);
        const char *read = directives.items[0].arguments[0];
        assert_true(text_starts_with(read, "${host}/"));
        assert_true(text_ends_with(read, "${kept_1}"));
        size_t length = strlen(read) - strlen("${host}/") - strlen("${kept_1}");
        const char *middle = arena_strndup(*state, read + strlen("${host}/"), length);
        assert_string_equal(evaluate(*state, middle), hostile_texts[i]);
    }
}

static void test_templates_know_a_closed_list(void **state)
{
    static const char *const unknown[][2] = {
        {"$word", "word"},   {"a$", ""},        {"$0", "0"},    {"${host}", ""},
        {"$hostx", "hostx"}, {"$Host", "Host"}, {"$ host", ""}, {"$http_cookie", "http_cookie"},
        {"$$$", ""},
    };
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        struct template_part_list parts;
        const char *found = NULL;
        assert_false(template_read(*state, TEMPLATE_TARGET, unknown[i][0], &parts, &found));
        assert_string_equal(found, unknown[i][1]);
    }
}

static void test_templates_count_groups(void **state)
{
    (void)state;
    static const struct {
        const char *regex;
        unsigned count;
    } cases[] = {
        {"", 0},
        {"a", 0},
        {"(a)(b)", 2},
        {"(?:a)(?i)(b)", 1},
        {"\\((a)", 1},
        {"[(](a)", 1},
        {"[]()](a)", 1},
        {"[^](](a)", 1},
        {"(?<n>a)(?P<m>b)(?<=c)(?<!d)(?=e)", 2},
        {"\\", 0},
        {"[", 0},
        {"((a))", 2},
        {"(*UTF8)(a)", 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(regex_group_count(cases[i].regex), cases[i].count);
    }
}

static void test_nginx_text_indents_blocks(void **state)
{
    struct nginx_text *nginx = nginx_text_make(*state, *state);
    nginx_begin(nginx, "server");
    nginx_block(nginx);
    nginx_begin(nginx, "location");
    nginx_value(nginx, NGINX_LITERAL, "/a b");
    nginx_block(nginx);
    nginx_line(nginx, "return", "204", NULL);
    nginx_block_end(nginx);
    nginx_comment(nginx, "one\nline");
    nginx_block_end(nginx);
    struct mapped_text mapped = nginx_text_finish(nginx);
    assert_string_equal(mapped.content.data, "server {\n"
                                             "    location \"/a b\" {\n"
                                             "        return 204;\n"
                                             "    }\n"
                                             "    # one line\n"
                                             "}\n");
    struct nginx_directives directives = parse(*state, mapped.content);
    assert_int_equal(directives.count, 3);
    assert_string_equal(directives.items[1].arguments[0], "/a b");
    assert_true(directives.items[1].opens_block);
    assert_int_equal(directives.items[2].depth, 2);
    assert_int_equal(directives.items[2].line, 3);
}

static void test_nginx_text_maps_lines_to_their_origin(void **state)
{
    const struct source *source = source_make(*state, "a.yaml", STR("one\ntwo\n"));
    struct nginx_text *nginx = nginx_text_make(*state, *state);
    nginx_line(nginx, "first", NULL);
    nginx_at(nginx, (struct span){source, 4, 7});
    nginx_line(nginx, "second", NULL);
    struct mapped_text mapped = nginx_text_finish(nginx);
    assert_int_equal(mapped.line_count, 2);
    assert_null(mapped.lines[0].source);
    assert_ptr_equal(mapped.lines[1].source, source);
    assert_int_equal(mapped.lines[1].first, 4);
}

static void test_nginx_text_maps_raw_lines_one_by_one(void **state)
{
    static const char yaml[] = "raw: |\n  gzip off;\n  bad line;\n";
    const struct source *source = source_make(*state, "a.yaml", str_of(yaml));
    struct nginx_text *nginx = nginx_text_make(*state, *state);
    nginx_raw(nginx, "gzip off;\nbad line;\n", (struct span){source, 5, sizeof(yaml) - 1});
    struct mapped_text mapped = nginx_text_finish(nginx);
    assert_string_equal(mapped.content.data, "gzip off;\nbad line;\n");
    assert_int_equal(mapped.line_count, 2);
    assert_string_equal(span_text(*state, mapped.lines[0]), "a.yaml:2:3");
    assert_string_equal(span_text(*state, mapped.lines[1]), "a.yaml:3:3");
}

static void test_nginx_text_raw_in_quotes_maps_to_the_whole_value(void **state)
{
    static const char yaml[] = "raw: \"gzip off;\\nbad line;\"\n";
    const struct source *source = source_make(*state, "a.yaml", str_of(yaml));
    struct nginx_text *nginx = nginx_text_make(*state, *state);
    nginx_raw(nginx, "gzip off;\nbad line;", (struct span){source, 5, sizeof(yaml) - 2});
    struct mapped_text mapped = nginx_text_finish(nginx);
    assert_string_equal(mapped.content.data, "gzip off;\nbad line;\n");
    assert_string_equal(span_text(*state, mapped.lines[1]), "a.yaml:1:6");
}

static void test_nginx_parse_reads_what_people_write(void **state)
{
    struct nginx_directives directives = parse(*state, STR("# comment { ; }\n"
                                                           "set $x 'a;b' \"c\\td\" e\\;f;\n"
                                                           "if ($x = \"a\") { return ${x}1; }\n"
                                                           "map $a $b{default x#y;}"));
    assert_int_equal(directives.count, 5);
    assert_int_equal(directives.items[0].argument_count, 4);
    assert_string_equal(directives.items[0].arguments[1], "a;b");
    assert_string_equal(directives.items[0].arguments[2], "c\td");
    assert_string_equal(directives.items[0].arguments[3], "e\\;f");
    assert_null(directives.items[0].arguments[4]);
    assert_int_equal(directives.items[1].argument_count, 4);
    assert_string_equal(directives.items[1].arguments[3], ")");
    assert_string_equal(directives.items[2].arguments[0], "${x}1");
    assert_int_equal(directives.items[3].line, 4);
    assert_string_equal(directives.items[4].arguments[0], "x#y");
}

static void test_nginx_parse_refuses_what_is_not_well_formed(void **state)
{
    static const struct {
        const char *text;
        size_t line;
    } cases[] = {
        {"gzip on", 1},
        {"gzip\non\n", 3},
        {"server {\n", 2},
        {"}\n", 1},
        {"gzip on }\n", 1},
        {";", 1},
        {"{ }", 1},
        {"a \"b", 1},
        {"a 'b\nc", 2},
        {"a \"b\"c;", 1},
        {"gzip off; }\na {", 1},
        {"a b\\", 1},
        {"a; # }\n} server {", 2},
        {"a \"b\\\";", 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct nginx_directives directives = {0};
        size_t line = 0;
        assert_false(nginx_parse(*state, str_of(cases[i].text), &directives, &line));
        assert_int_equal(line, cases[i].line);
    }
}

static void test_nginx_parse_refuses_a_nul(void **state)
{
    struct nginx_directives directives;
    size_t line = 0;
    assert_false(nginx_parse(*state, STR("a;\nb \"c\0d\";\n"), &directives, &line));
    assert_int_equal(line, 2);
}

static void test_nginx_parse_refuses_arguments_that_nginx_would(void **state)
{
    struct text text = text_make(*state);
    text_add(&text, "a ");
    for (size_t i = 0; i < NGINX_ARGUMENT_MAX; i++) {
        text_add_char(&text, 'x');
    }
    struct text longer = text_make(*state);
    text_add_str(&longer, text_str(&text));
    text_add(&text, ";");
    text_add(&longer, "x;");
    (void)parse(*state, text_str(&text));
    struct nginx_directives directives;
    size_t line = 0;
    assert_false(nginx_parse(*state, text_str(&longer), &directives, &line));
}

/* nginx refuses a comment of more bytes than its buffer has. */
static void test_nginx_text_long_comment_goes_on_in_another_line(void **state)
{
    struct nginx_text *nginx = nginx_text_make(*state, *state);
    struct text text = text_make(*state);
    for (size_t i = 0; i < 5000; i++) {
        text_add(&text, i % 2 == 0 ? "\xd8\xb9" : "x");
    }
    nginx_comment(nginx, text.data);
    struct str out = nginx_text_finish(nginx).content;
    size_t marks = 0;
    for (const char *at = out.data; *at != '\0'; at = strchr(at, '\n') + 1) {
        assert_true(strncmp(at, "# ", 2) == 0);
        assert_true(strchr(at, '\n') - at < 1100);
        assert_true(((unsigned char)at[2] & 0xC0) != 0x80);
        marks++;
    }
    assert_int_equal(out.length - 3 * marks, text.length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nginx_text_literal_reads_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nginx_text_long_comment_goes_on_in_another_line, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_nginx_text_evaluated_reads_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nginx_text_static_reads_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nginx_text_joins_parts_to_one_argument, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_nginx_text_templates_read_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_templates_know_a_closed_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_templates_count_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nginx_text_indents_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nginx_text_maps_lines_to_their_origin, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_nginx_text_maps_raw_lines_one_by_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nginx_text_raw_in_quotes_maps_to_the_whole_value,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_nginx_parse_reads_what_people_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nginx_parse_refuses_what_is_not_well_formed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_nginx_parse_refuses_a_nul, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nginx_parse_refuses_arguments_that_nginx_would, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
