#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "core/yaml.h"
#include "core/yaml_mistake.h"

struct fixture {
    struct arena *arena;
    struct diagnostic_list diagnostics;
};

static int setup(void **state)
{
    struct arena *arena = arena_create();
    struct fixture *fixture = arena_new(arena, struct fixture);
    fixture->arena = arena;
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    arena_destroy(((struct fixture *)*state)->arena);
    return 0;
}

static struct yaml parse_bytes(struct fixture *fixture, const char *bytes, size_t length)
{
    fixture->diagnostics.count = 0;
    /* Exactly as long as the input, so that the sanitizer sees a read behind it. */
    char *copy = arena_alloc(fixture->arena, length);
    memcpy(copy, bytes, length);
    const struct source *source =
        source_make(fixture->arena, "in.yaml", (struct str){copy, length});
    return yaml_parse(fixture->arena, source, &fixture->diagnostics);
}

/* The tree as one line: {a: "b", c: [d, {}]}; quoted scalars in quotes. */
static void add_tree(struct text *text, const struct node *node)
{
    switch (node->type) {
    case NODE_SCALAR:
        assert_int_equal(strlen(node->text), node->length);
        text_addf(text, node->is_quoted ? "\"%s\"" : "%s", node->text);
        break;
    case NODE_LIST:
        text_add_char(text, '[');
        for (size_t i = 0; i < node->elements.count; i++) {
            text_add(text, i > 0 ? ", " : "");
            add_tree(text, node->elements.items[i]);
        }
        text_add_char(text, ']');
        break;
    case NODE_MAPPING:
        text_add_char(text, '{');
        for (size_t i = 0; i < node->entries.count; i++) {
            text_add(text, i > 0 ? ", " : "");
            add_tree(text, node->entries.items[i].key);
            text_add(text, ": ");
            add_tree(text, node->entries.items[i].value);
        }
        text_add_char(text, '}');
        break;
    }
}

/* "R029 2:1(a) R012 3:4": number, place and first argument of each diagnostic. */
static const char *diagnostics_text(struct fixture *fixture)
{
    struct text text = text_make(fixture->arena);
    for (size_t i = 0; i < fixture->diagnostics.count; i++) {
        const struct diagnostic *diagnostic = &fixture->diagnostics.items[i];
        struct position position = source_position(diagnostic->span.source, diagnostic->span.first);
        text_addf(&text, "%s%s %zu:%zu", i > 0 ? " " : "",
                  diagnostic_info(diagnostic->code)->number, position.line, position.column);
        if (diagnostic->arguments[0] != NULL) {
            text_addf(&text, "(%s)", diagnostic->arguments[0]);
        }
    }
    return text.data;
}

struct example {
    const char *yaml;
    const char *tree;        /* NULL: nothing */
    const char *diagnostics; /* "": none, and the file is complete */
};

static void assert_examples(struct fixture *fixture, const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct example *example = &examples[i];
        struct yaml yaml = parse_bytes(fixture, example->yaml, strlen(example->yaml));
        struct text text = text_make(fixture->arena);
        if (yaml.root != NULL) {
            add_tree(&text, yaml.root);
        }
        const char *found = diagnostics_text(fixture);
        if (strcmp(found, example->diagnostics) != 0) {
            fail_msg("%s\ngives the messages  %s\ninstead of          %s", example->yaml, found,
                     example->diagnostics);
        }
        if (strcmp(text.data, example->tree == NULL ? "" : example->tree) != 0) {
            fail_msg("%s\ngives the tree  %s\ninstead of      %s", example->yaml, text.data,
                     example->tree);
        }
    }
}

#define ASSERT_EXAMPLES(state, examples)                                                           \
    assert_examples(*(state), examples, sizeof(examples) / sizeof((examples)[0]))

static void test_yaml_scalars_keep_their_text(void **state)
{
    static const struct example examples[] = {
        {"", NULL, ""},
        {"# only a comment\n", NULL, ""},
        {"---\n", NULL, ""},
        {"a: b\n", "{a: b}", ""},
        {"---\na: b\n...\n", "{a: b}", ""},
        {"a: no\nb: 012\nc: 1.10\nd: 5:30\ne: ~\nf:\ng: null\nh: 0x10\ni: 2026-12-31\n",
         "{a: no, b: 012, c: 1.10, d: 5:30, e: ~, f: , g: null, h: 0x10, i: 2026-12-31}", ""},
        {"a: 'it''s'\nb: \"x\\ty\\u00e9\"\nc: \"\"\n",
         "{a: \"it's\", b: \"x\ty\xC3\xA9\", c: \"\"}", ""},
        {"a: |\n  x\n   y\n\nb: >-\n  x\n  y\n", "{a: \"x\n y\n\", b: \"x y\"}", ""},
        {"a: x\n  y\n", "{a: x y}", ""},
        {"a: [b, 'c', [d], {e: f}, ]\n", "{a: [b, \"c\", [d], {e: f}]}", ""},
        {"a: {b: c, \"d\":e, f: }\n", "{a: {b: c, \"d\": e, f: }}", ""},
        {"a:\r\n  b: c\r\n", "{a: {b: c}}", ""},
        {"service: service:shop\npath: /a?b=c#d\nurl: http://x:80/ # comment\n",
         "{service: service:shop, path: /a?b=c#d, url: http://x:80/}", ""},
        {"\"1\": a\n~: b\nnull: c\n", "{\"1\": a, ~: b, null: c}", ""},
        {"\xD9\x85: \xD8\xB1\n", "{\xD9\x85: \xD8\xB1}", ""},
        {"- a\n", NULL, "R011 1:1(the file)"},
        {"a\n", NULL, "R011 1:1(the file)"},
    };
    ASSERT_EXAMPLES(state, examples);
}

static void test_yaml_features_that_copy_or_type_are_refused(void **state)
{
    static const struct example examples[] = {
        {"s:\n  a: &x b\n", "{s: {a: b}}", "R030 2:6(x)"},
        {"s:\n  a: {b: &x c}\n  d: *x\n  e: f\n", "{s: {a: {b: c}, e: f}}",
         "R030 2:10(x) R031 3:6(x)"},
        {"s:\n  a:\n    <<: {b: c}\n  d: e\n", "{s: {d: e}}", "R032 3:5"},
        {"s:\n  a: {\"<<\": b}\n", "{s: {a: {\"<<\": b}}}", ""},
        {"s:\n  a: !!str b\n", "{s: {a: b}}", "R033 2:6(tag:yaml.org,2002:str)"},
        {"s:\n  a: ! b\n", "{s: {a: b}}", "R033 2:6(!)"},
        {"s:\n  a: !x!y b\n  c: d\n", "{s: {}}", "R033 2:6(!x!y)"},
        {"%YAML 1.2\n---\na: b\n", "{a: b}", "R034 1:1"},
        {"%TAG ! x:\n---\na: b\n", "{a: b}", "R034 1:1"},
        {"%FOO\n---\na: b\n", NULL, "R034 1:1"},
        {"%YAML 3.0\n---\na: b\n", NULL, "R034 1:1"},
        {"a: b\n---\nc: d\n", "{a: b}", "R035 2:1"},
        {"a:\n  b: c\n...\nd: e\n", "{a: {}}", "R035 4:1"},
        {"s:\n  ? [a]\n  : b\n  c: d\n", "{s: {c: d}}", "R036 2:5(a list)"},
        {"s:\n  {a: b}: c\n", "{s: {}}", "R036 2:3(a map)"},
        {"s:\n  '': a\n  c: d\n", "{s: {c: d}}", "R037 2:3"},
        {"s:\n  : a\n", "{}", "R037 2:3"},
    };
    ASSERT_EXAMPLES(state, examples);
}

static void test_yaml_duplicate_keys_show_both_places(void **state)
{
    struct fixture *fixture = *state;
    static const struct example examples[] = {
        {"a: b\nc: d\na: e\n", "{a: b, c: d}", "R029 3:1(a)"},
        {"a: b\n'a': e\n", "{a: b}", "R029 2:1(a)"},
        {"a: {b: 1, b: [2]}\n", "{a: {b: 1}}", "R029 1:11(b)"},
        {"a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf: 6\ng: 7\nh: 8\ni: 9\nj: 10\na: 11\nj: 12\n",
         "{a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i: 9, j: 10}",
         "R029 11:1(a) R029 12:1(j)"},
    };
    ASSERT_EXAMPLES(state, examples);
    struct position position = source_position(fixture->diagnostics.items[1].second.source,
                                               fixture->diagnostics.items[1].second.first);
    assert_int_equal(position.line, 10);
}

static void test_yaml_forbidden_characters_are_found(void **state)
{
    static const struct example examples[] = {
        {"s:\n  a: b\x01"
         "c\n  d: e\n",
         "{s: {d: e}}", "R022 2:7(U+0001)"},
        {"s:\n  a: b\x7F\n", "{s: {}}", "R022 2:7(U+007F)"},
        {"s:\n  a: b\xC2\x9B\n", "{s: {}}", "R022 2:7(U+009B)"},
        {"s:\n  a: b\xEF\xBB\xBF\n", "{s: {}}", "R022 2:7(U+FEFF)"},
        {"s:\n  a: b\xEF\xBF\xBE\n", "{s: {}}", "R022 2:7(U+FFFE)"},
        {"s:\n  a: b # \xE2\x80\xAE\n", "{s: {}}", "R023 2:10(U+202E)"},
        {"s:\n  a: b\xE2\x80\x8F\n", "{s: {}}", "R023 2:7(U+200F)"},
        {"s:\n  a: # x\r  b: c\n", "{s: {}}", "R024 2:9(CR)"},
        {"s:\n  a: # x\xC2\x85  b: c\n", "{s: {}}", "R024 2:9(U+0085)"},
        {"s:\n  a: # x\xE2\x80\xA8  b: c\n", "{s: {}}", "R024 2:9(U+2028)"},
        {"s:\n  a: # x\xE2\x80\xA9  b: c\n", "{s: {}}", "R024 2:9(U+2029)"},
        {"\xEF\xBB\xBFs:\n  a: b\n", "{s: {a: b}}", "R025 1:1"},
        {"s:\n  a: \xFF\n", "{s: {}}", "R021 2:6(0xFF)"},
        {"s:\n  a: \xC0\xAF\n", "{s: {}}", "R021 2:6(0xC0) R021 2:7(0xAF)"},
        {"s:\n  a: \xED\xA0\x80\n", "{s: {}}", "R021 2:6(0xED) R021 2:7(0xA0) R021 2:7(0x80)"},
        {"s:\n  a: \"\\0\"\n  b: \"\\u202e\"\n  c: \"\\r\"\n  d: \"\\P\"\n  e: \"\\n\\t\"\n",
         "{s: {e: \"\n\t\"}}",
         "R022 2:6(U+0000) R023 3:6(U+202E) R022 4:6(U+000D) R024 5:6(U+2029)"},
    };
    ASSERT_EXAMPLES(state, examples);
}

static void test_yaml_nul_and_utf16_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct yaml yaml = parse_bytes(fixture, "s:\n  a: b\0c\n  d: e\n", 19);
    assert_string_equal(diagnostics_text(fixture), "R022 2:7(U+0000)");
    assert_true(yaml.is_incomplete);
    static const char utf16[] = "\xFF\xFE"
                                "a\0:\0 \0b\0\n\0";
    yaml = parse_bytes(fixture, utf16, sizeof(utf16) - 1);
    assert_true(yaml.is_incomplete);
    assert_int_equal(fixture->diagnostics.items[0].code, DIAGNOSTIC_NOT_UTF8);
}

static void test_yaml_mistakes_get_the_place_to_change(void **state)
{
    static const struct example examples[] = {
        {"s:\n  a:\n    b: *.example.com\n  c: d\n", "{s: {c: d}}", "R039 3:8(*.example.com)"},
        {"s:\n  a: [*.x, b]\n", "{s: {}}", "R039 2:7(*.x)"},
        {"s:\n  a: &.x\n", "{s: {}}", "R040 2:6(&)"},
        {"s:\n  a: @x\n  b: `y`\n  c: %z\n", "{s: {}}", "R040 2:6(@) R040 3:6(`) R040 4:6(%)"},
        {"s:\n\ta: b\n", "{}", "R038 2:1"},
        {"s: |\n\t a\n", "{}", "R038 2:1"},
        {"s:\n  a: b: c\n  d: e\n", "{s: {d: e}}", "R041 2:7"},
        {"s:\n  a\n  b: c\n", "{}", "R042 2:3"},
        {"s:\n  a: 1\n   b: 2\n  c: 3\n", "{s: {c: 3}}", "R046 3:4"},
        {"s:\n  a:\n    b: 1\n   c: 2\n", "{s: {}}", "R046 4:4"},
        {"s:\n  a:\n  - b\n - c\n", "{s: {}}", "R046 4:2"},
        {"s:\n  a: 'b\nc: d\n", "{s: {}}", "R043 2:6"},
        {"s:\n  a: \"b\nc: d\n", "{s: {}}", "R043 2:6"},
        {"s:\n  a: \"\\q\"\n  b: '\\q'\n", "{s: {b: \"\\q\"}}", "R044 2:7"},
        {"s:\n  a: \"\\xzz\"\n", "{s: {}}", "R044 2:7"},
        {"s:\n  a: \"b\\ud800\"\n", "{s: {}}", "R044 2:8"},
        {"s:\n  a: |x\n    b\n", "{s: {}}", "R045 2:6"},
        {"s:\n  a: >0\n    b\n", "{s: {}}", "R045 2:6"},
        {"s:\n  a: [b\n  c: d\n", "{s: {}}", "R047 2:6([)"},
        {"s:\n  a: {b: 1 c: 2}\n", "{s: {}}", "R047 2:6({)"},
        {"s:\n  a: [b,\n", "{s: {}}", "R047 2:6([)"},
        {"s:\n  a: ]\n", "{s: {}}", "R102 2:6(])"},
        {"s:\n  a: {b:1}\n  c: {d}\n  e: {f: }\n", "{s: {e: {f: }}}", "R048 2:7(b:1) R048 3:7(d)"},
        {"s:\n  a: b\n\n    c\n", "{s: {}}", "R049 2:6"},
        {"s:\n  a: b\tc\n", "{s: {}}", "R049 2:6"},
        {"s:\n  a: \"b\" c\n  d: e\n", "{s: {}}", "R100 2:10"},
        {"s:\n  a: 'it's'\n", "{s: {}}", "R100 2:10"},
        {"s:\n  a: - b\n  c: d\n", "{s: {c: d}}", "R101 2:6"},
        {"s:\n  x: y\n  a: @b\n  a: [@c, @d\n", "{s: {x: y}}",
         "R040 3:6(@) R040 4:7(@) R040 4:11(@) R029 4:3(a) R047 4:6([)"},
        {"s:\n  a: *.x\n  b: @y\n  a: c\n", "{s: {}}", "R039 2:6(*.x) R040 3:6(@) R029 4:3(a)"},
    };
    ASSERT_EXAMPLES(state, examples);
}

static const char *repeat(struct fixture *fixture, const char *before, const char *word,
                          size_t count, const char *after)
{
    struct text text = text_make(fixture->arena);
    text_add(&text, before);
    for (size_t i = 0; i < count; i++) {
        text_add(&text, word);
    }
    text_add(&text, after);
    return text.data;
}

static void assert_limit(struct fixture *fixture, const char *yaml, const char *diagnostics)
{
    (void)parse_bytes(fixture, yaml, strlen(yaml));
    assert_string_equal(diagnostics_text(fixture), diagnostics);
}

static void test_yaml_limits_stand_where_they_are_said_to(void **state)
{
    struct fixture *fixture = *state;
    assert_limit(fixture, repeat(fixture, "a: ", "[", 63, repeat(fixture, "", "]", 63, "\n")), "");
    assert_limit(fixture, repeat(fixture, "a: ", "[", 64, repeat(fixture, "", "]", 64, "\n")),
                 "R026 1:67(64)");
    assert_limit(fixture, repeat(fixture, "a: ", "[", 1000000, ""), "R026 1:67(64)");
    assert_limit(fixture, repeat(fixture, "", "- ", 500000, ""), "R026 1:129(64)");
    const char *keys = repeat(fixture, "", "? ", 500000, "");
    (void)parse_bytes(fixture, keys, strlen(keys));
    assert_int_equal(vec_last(&fixture->diagnostics)->code, DIAGNOSTIC_TOO_DEEP);
    assert_limit(fixture, repeat(fixture, "a: ", "b", 65536, "\n"), "");
    assert_limit(fixture, repeat(fixture, "a: ", "b", 65537, "\n"), "R027 1:4(64 KiB)");
    assert_limit(fixture, repeat(fixture, "", "b", 256, ": a\n"), "");
    assert_limit(fixture, repeat(fixture, "", "b", 257, ": a\n"), "R028 1:1(256)");
    assert_limit(fixture, repeat(fixture, "", "b", 2000, ": a\n"), "R028 1:1(256)");
    assert_limit(fixture, repeat(fixture, "a: [", "b,", 199996, "]\n"), "");
    assert_limit(fixture, repeat(fixture, "a: [", "b,", 200001, "]\n"), "R103 1:400001(200,000)");
}

static void test_yaml_mistakes_without_end_are_cut(void **state)
{
    struct fixture *fixture = *state;
    const char *yaml = repeat(fixture, "a:\n", "- @x\n", 1000, "");
    (void)parse_bytes(fixture, yaml, strlen(yaml));
    assert_int_equal(fixture->diagnostics.count, 20);
    yaml = repeat(fixture, "a: ", "\x01", 1000, "\n");
    (void)parse_bytes(fixture, yaml, strlen(yaml));
    assert_int_equal(fixture->diagnostics.count, 20);
}

/* Of another libyaml: its own words, at its place. */
static void test_yaml_unknown_complaint_is_passed_on(void **state)
{
    struct fixture *fixture = *state;
    const struct yaml_complaint complaint = {.problem = "found something new",
                                             .context = "while scanning",
                                             .problem_at = 3,
                                             .open_bracket = SIZE_MAX};
    struct yaml_mistake mistake = yaml_mistake_of(fixture->arena, STR("a: \xC3\xA9"), &complaint);
    assert_int_equal(mistake.code, DIAGNOSTIC_YAML_SYNTAX);
    assert_string_equal(mistake.argument, "found something new");
    assert_int_equal(mistake.first, 3);
    assert_int_equal(mistake.end, 5);
    assert_int_equal(mistake.replace_length, 0);
}

static void test_yaml_spans_are_byte_offsets(void **state)
{
    struct fixture *fixture = *state;
    static const char yaml[] = "\xC3\xA9: {\xC3\xBC: 'a\xC3\xA9', b: c}\r\nd: [e, f]\n";
    struct yaml result = parse_bytes(fixture, yaml, sizeof(yaml) - 1);
    const struct node *map = node_get(result.root, "\xC3\xA9");
    const struct node *quoted = node_get(map, "\xC3\xBC");
    assert_int_equal(map->span.first, 4);
    assert_int_equal(quoted->span.first, 9);
    assert_int_equal(quoted->span.end, 14);
    assert_int_equal(node_get(map, "b")->span.first, 19);
    const struct node *list = node_get(result.root, "d");
    assert_int_equal(list->elements.items[1]->span.first, (size_t)(strstr(yaml, "f]") - yaml));
    assert_int_equal(list->span.end, sizeof(yaml) - 2);
}

static void test_yaml_complete_file_is_complete(void **state)
{
    struct fixture *fixture = *state;
    assert_false(parse_bytes(fixture, "a: b\n", 5).is_incomplete);
    assert_true(parse_bytes(fixture, "a: @\n", 5).is_incomplete);
    /* A duplicate leaves everything in place that could be missed. */
    assert_false(parse_bytes(fixture, "a: b\na: c\n", 10).is_incomplete);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_yaml_scalars_keep_their_text),
        TEST(test_yaml_features_that_copy_or_type_are_refused),
        TEST(test_yaml_duplicate_keys_show_both_places),
        TEST(test_yaml_forbidden_characters_are_found),
        TEST(test_yaml_nul_and_utf16_are_refused),
        TEST(test_yaml_mistakes_get_the_place_to_change),
        TEST(test_yaml_limits_stand_where_they_are_said_to),
        TEST(test_yaml_mistakes_without_end_are_cut),
        TEST(test_yaml_unknown_complaint_is_passed_on),
        TEST(test_yaml_spans_are_byte_offsets),
        TEST(test_yaml_complete_file_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
