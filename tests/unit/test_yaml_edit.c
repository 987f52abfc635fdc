/* What an edit changes in a file, and that it leaves everything else as it was, byte for byte. */

#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "core/yaml.h"
#include "core/yaml_edit.h"

enum operation { SET_TEXT, SET_VALUE, ADD_ENTRY, ADD_ELEMENT, REMOVE };

struct edit_case {
    const char *before;
    const char *path; /* keys and places, separated by "|" */
    enum operation operation;
    const char *key;   /* of ADD_ENTRY */
    const char *value; /* of all but REMOVE */
    size_t index;      /* of ADD_ELEMENT */
    const char *after; /* NULL: the form cannot take it */
};

static const struct node *parse(struct arena *arena, const char *text)
{
    struct diagnostic_list diagnostics = {0};
    const struct source *source = source_make(arena, "x.yaml", str_of(arena_strdup(arena, text)));
    struct yaml yaml = yaml_parse(arena, source, &diagnostics);
    if (diagnostics.count > 0) {
        fail_msg("not read: %s", text);
    }
    assert_non_null(yaml.root);
    return yaml.root;
}

/* The node of the path, what it stands in, and its place there. */
static const struct node *find(struct arena *arena, const struct node *at, const char *path,
                               const struct node **out_holder, size_t *out_index)
{
    for (size_t length = 0; path[0] != '\0'; path += length + (path[length] == '|')) {
        length = strcspn(path, "|");
        const char *word = arena_strndup(arena, path, length);
        *out_holder = at;
        if (at->type == NODE_LIST) {
            *out_index = (size_t)(word[0] - '0');
            at = at->elements.items[*out_index];
            continue;
        }
        assert_int_equal(at->type, NODE_MAPPING);
        for (*out_index = 0; strcmp(at->entries.items[*out_index].key->text, word) != 0;) {
            ++*out_index;
            assert_true(*out_index < at->entries.count);
        }
        at = at->entries.items[*out_index].value;
    }
    return at;
}

static bool make_edit(struct arena *arena, const struct edit_case *c, struct yaml_edit *out)
{
    const struct node *holder = NULL;
    size_t index = 0;
    const struct node *node = find(arena, parse(arena, c->before), c->path, &holder, &index);
    switch (c->operation) {
    case SET_TEXT:
        return yaml_edit_set_text(arena, holder, node, c->value, out);
    case SET_VALUE:
        return yaml_edit_set_value(arena, node, c->value, out);
    case ADD_ENTRY:
        return yaml_edit_add_entry(arena, node, c->key, c->value, out);
    case ADD_ELEMENT:
        return yaml_edit_add_element(arena, node, c->index, c->value, out);
    case REMOVE:
        return yaml_edit_remove(holder, index, out);
    }
    return false;
}

static void check(const struct edit_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        AUTO_ARENA arena = arena_create();
        const struct edit_case *c = &cases[i];
        struct yaml_edit edit = {0};
        if (!make_edit(arena, c, &edit)) {
            assert_null(c->after);
            continue;
        }
        struct str after = yaml_edit_apply(arena, str_of(c->before), &edit);
        if (c->after == NULL) {
            fail_msg("case %zu should have been refused: %s", i, after.data);
        }
        assert_string_equal(after.data, c->after);
        (void)parse(arena, after.data);
    }
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

static void test_yaml_edit_set_text_keeps_quotes_comments_and_line_ends(void **state)
{
    static const struct edit_case cases[] = {
        {"a: 1m\nb: 2\n", "a", SET_TEXT, .value = "20m", .after = "a: 20m\nb: 2\n"},
        {"a: 1m # why\r\nb: 2\r\n", "a", SET_TEXT, .value = "2m",
         .after = "a: 2m # why\r\nb: 2\r\n"},
        {"a:   'it''s'   # c\n", "a", SET_TEXT, .value = "it's \"x\"",
         .after = "a:   'it''s \"x\"'   # c\n"},
        {"a: \"x\\ty\"\n", "a", SET_TEXT, .value = "q\"\\", .after = "a: \"q\\\"\\\\\"\n"},
        {"a: x\n", "a", SET_TEXT, .value = "y: z", .after = "a: \"y: z\"\n"},
        {"a: x\n", "a", SET_TEXT, .value = "a #b", .after = "a: \"a #b\"\n"},
        {"a: x\n", "a", SET_TEXT, .value = "null", .after = "a: \"null\"\n"},
        {"a: x\n", "a", SET_TEXT, .value = "*.example.com", .after = "a: \"*.example.com\"\n"},
        {"a: x\n", "a", SET_TEXT, .value = "-x", .after = "a: -x\n"},
        {"a: x\n", "a", SET_TEXT, .value = "[::1]:80", .after = "a: \"[::1]:80\"\n"},
        {"a: x\n", "a", SET_TEXT, .value = "say \"no\"", .after = "a: say \"no\"\n"},
        {"a: { b: x, c: y }\n", "a|b", SET_TEXT, .value = "1, 2",
         .after = "a: { b: \"1, 2\", c: y }\n"},
        {"a: x", "a", SET_TEXT, .value = "y", .after = "a: y"},
        {"a:\nb: 1\n", "a", SET_TEXT, .value = "y", .after = "a: y\nb: 1\n"},
        {"a: # c\nb: 1\n", "a", SET_TEXT, .value = "y", .after = "a: y # c\nb: 1\n"},
        {"ä: é # ü\n", "ä", SET_TEXT, .value = "ö", .after = "ä: ö # ü\n"},
        {"l:\n  - a # one\n  - b\n", "l|1", SET_TEXT, .value = "c",
         .after = "l:\n  - a # one\n  - c\n"},
        {"r: |\n  one\n\n  two\n# c\nb: 1\n", "r", SET_TEXT, .value = "one\n\nthree\n",
         .after = "r: |\n  one\n\n  three\n# c\nb: 1\n"},
        {"r: |-\r\n    one\r\n    two", "r", SET_TEXT, .value = "one\n2",
         .after = "r: |-\r\n    one\r\n    2"},
        {"r: |\n  one\n", "r", SET_TEXT, .value = "two", .after = NULL},
        {"r: >\n  one\n  two\n", "r", SET_TEXT, .value = "two\n", .after = NULL},
        {"r: [a]\n", "r", SET_TEXT, .value = "two", .after = NULL},
    };
    CHECK(cases);
}

static void test_yaml_edit_set_value_replaces_what_stands_on_one_line(void **state)
{
    static const struct edit_case cases[] = {
        {"m: 512m # c\n", "m", SET_VALUE, .value = "{ max: 512m, high: 1g }",
         .after = "m: { max: 512m, high: 1g } # c\n"},
        {"m: ~\n", "m", SET_VALUE, .value = "1", .after = "m: 1\n"},
        {"m: {a: 1}\n", "m", SET_VALUE, .value = "[x]", .after = "m: [x]\n"},
        {"m: {a:  }\n", "m|a", SET_VALUE, .value = "1", .after = "m: {a:  1}\n"},
        {"m: {a: , b: 1}\n", "m|a", SET_VALUE, .value = "1", .after = "m: {a: 1, b: 1}\n"},
        {"m:\n  a: 1\n", "m", SET_VALUE, .value = "x", .after = NULL},
        {"m: |\n  x\n", "m", SET_VALUE, .value = "x", .after = NULL},
    };
    CHECK(cases);
}

static void test_yaml_edit_add_entry_takes_the_indentation_of_its_neighbours(void **state)
{
    static const struct edit_case cases[] = {
        {"s:\n    x:\n        a: 1 # c\n    y: {}\n", "s|x", ADD_ENTRY, .key = "b", .value = "2",
         .after = "s:\n    x:\n        a: 1 # c\n        b: 2\n    y: {}\n"},
        {"s:\r\n  x:\r\n    a: 1\r\n", "s|x", ADD_ENTRY, .key = "b", .value = "2",
         .after = "s:\r\n  x:\r\n    a: 1\r\n    b: 2\r\n"},
        {"s:\n  x:\n    a: 1", "s|x", ADD_ENTRY, .key = "b", .value = "2",
         .after = "s:\n  x:\n    a: 1\n    b: 2"},
        {"s:\n  x:\n    a: 1\n\n  # of y\n  y: {}\n", "s|x", ADD_ENTRY, .key = "b", .value = "2",
         .after = "s:\n  x:\n    a: 1\n    b: 2\n\n  # of y\n  y: {}\n"},
        {"s:\n  x:\n    p:\n      /a: { b: 1 }\n  y: {}\n", "s|x", ADD_ENTRY, .key = "b",
         .value = "2", .after = "s:\n  x:\n    p:\n      /a: { b: 1 }\n    b: 2\n  y: {}\n"},
        {"s:\n  x:\n    r: |\n      t\n\n  y: {}\n", "s|x", ADD_ENTRY, .key = "b", .value = "2",
         .after = "s:\n  x:\n    r: |\n      t\n    b: 2\n\n  y: {}\n"},
        {"s:\n  x:\n    l:\n    - 1\n    - 2\n  y: {}\n", "s|x", ADD_ENTRY, .key = "b",
         .value = "2", .after = "s:\n  x:\n    l:\n    - 1\n    - 2\n    b: 2\n  y: {}\n"},
        {"s:\n  x:\n    a:\n  y: {}\n", "s|x", ADD_ENTRY, .key = "b", .value = "2",
         .after = "s:\n  x:\n    a:\n    b: 2\n  y: {}\n"},
        {"l:\n  - a: 1\n  - c: 1\n", "l|0", ADD_ENTRY, .key = "b", .value = "2",
         .after = "l:\n  - a: 1\n    b: 2\n  - c: 1\n"},
        {"x: { a: 1 } # c\n", "x", ADD_ENTRY, .key = "b", .value = "2",
         .after = "x: { a: 1, b: 2 } # c\n"},
        {"x: {a: 1,}\n", "x", ADD_ENTRY, .key = "b", .value = "2", .after = "x: {a: 1, b: 2,}\n"},
        {"x: {\n  a: 1, # one\n  c: 3 # three\n}\n", "x", ADD_ENTRY, .key = "b", .value = "2",
         .after = "x: {\n  a: 1, # one\n  c: 3, b: 2 # three\n}\n"},
        {"x: {}\n", "x", ADD_ENTRY, .key = "b", .value = "2", .after = "x: { b: 2 }\n"},
        {"x: y\n", "x", ADD_ENTRY, .key = "b", .value = "2", .after = NULL},
    };
    CHECK(cases);
}

static void test_yaml_edit_add_element_keeps_the_form_of_the_list(void **state)
{
    static const struct edit_case cases[] = {
        {"l: [a, b] # c\n", "l", ADD_ELEMENT, .value = "x", .index = 2,
         .after = "l: [a, b, x] # c\n"},
        {"l: [a, b]\n", "l", ADD_ELEMENT, .value = "x", .index = 0, .after = "l: [x, a, b]\n"},
        {"l: []\n", "l", ADD_ELEMENT, .value = "x", .index = 0, .after = "l: [x]\n"},
        {"l:\n  - a # c\n  - b\nm: 1\n", "l", ADD_ELEMENT, .value = "x", .index = 1,
         .after = "l:\n  - a # c\n  - x\n  - b\nm: 1\n"},
        {"l:\n- a\n- b", "l", ADD_ELEMENT, .value = "x", .index = 2, .after = "l:\n- a\n- b\n- x"},
        {"l:\n  - a\n", "l", ADD_ELEMENT, .value = "x", .index = 0, .after = "l:\n  - x\n  - a\n"},
    };
    CHECK(cases);
}

static void test_yaml_edit_remove_takes_the_whole_entry_and_no_more(void **state)
{
    static const struct edit_case cases[] = {
        {"# top\na: 1\n# of b\nb: 2 # two\n\nc: 3\n", "b", REMOVE,
         .after = "# top\na: 1\n# of b\n\nc: 3\n"},
        {"x:\r\n  a: 1\r\n  b:\r\n    c: 2\r\n  d: 4\r\n", "x|b", REMOVE,
         .after = "x:\r\n  a: 1\r\n  d: 4\r\n"},
        {"x: { a: 1, b: 2, c: 3 }\n", "x|a", REMOVE, .after = "x: { b: 2, c: 3 }\n"},
        {"x: { a: 1, b: 2, c: 3 }\n", "x|c", REMOVE, .after = "x: { a: 1, b: 2 }\n"},
        {"x: { a: 1 }\n", "x|a", REMOVE, .after = "x: {}\n"},
        {"x: { a: 1, # one\n b: 2 }\n", "x|a", REMOVE, .after = NULL},
        {"l: [a, b]\n", "l|0", REMOVE, .after = "l: [b]\n"},
        {"l:\n  - a\n  - b # c\n", "l|1", REMOVE, .after = "l:\n  - a\n"},
        {"l:\n  - a: 1\n    b: 2\n", "l|0|a", REMOVE, .after = "l:\n  - b: 2\n"},
        {"l:\n  - a: 1\n    # of b\n    b: 2\n", "l|0|a", REMOVE, .after = NULL},
        {"x:\n  a: 1\n", "x|a", REMOVE, .after = NULL},
    };
    CHECK(cases);
}

static void test_yaml_edit_scalar_text_is_read_back(void **state)
{
    static const char *const texts[] = {
        "x",
        "",
        "~",
        "a b",
        " a",
        "a ",
        "a:",
        "a: b",
        "#x",
        "x #y",
        "-",
        "- a",
        "-a",
        "?",
        "'q'",
        "\"q\"",
        "it's",
        "a\\b",
        "a,b",
        "{x}",
        "[x]",
        "&a",
        "*a",
        "!t",
        "|",
        ">",
        "%x",
        "@x",
        "`x",
        "null",
        "NULL",
        "x\ny",
        "x\ty",
        "::1",
        ":80",
        "a:b",
        "true",
        "1.10",
        "é",
        "<<x",
        "=",
        "a\"'b",
        "\\x41",
        "/a, b",
        "{",
        "\"",
        "'",
        "a]",
        "%%",
        "...x",
        "2001:db8::/32",
        "a::b",
        "fe80::",
        "--x",
        "http://[::1]:80",
        "a:,b",
        "$x",
        "~x",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (int is_quoted = 0; is_quoted < 2; is_quoted++) {
            AUTO_ARENA arena = arena_create();
            const char *block =
                yaml_edit_scalar_text(arena, texts[i], YAML_IN_BLOCK, is_quoted != 0);
            const char *flow = yaml_edit_scalar_text(arena, texts[i], YAML_IN_FLOW, is_quoted != 0);
            const struct node *root =
                parse(arena, arena_printf(arena, "a: %s\nb: [%s, { c: %s }]\n", block, flow, flow));
            const struct node *list = node_get(root, "b");
            const struct node *const found[] = {node_get(root, "a"), list->elements.items[0],
                                                node_get(list->elements.items[1], "c")};
            for (size_t k = 0; k < 3; k++) {
                assert_string_equal(found[k]->text, texts[i]);
                assert_false(node_is_null(found[k]));
            }
        }
    }
}

/* ---- Every place of real files -------------------------------------------------------------- */

/* Equal but for the node `but`, whose text is the given one, or which is one entry longer or
 * shorter. */
static bool is_same_tree(const struct node *a, const struct node *b, const struct node *but,
                         const char *text)
{
    if (a == but && text != NULL) {
        return b->type == NODE_SCALAR && strcmp(b->text, text) == 0;
    }
    bool is_counted = a != but;
    if (a->type != b->type || (is_counted && a->entries.count != b->entries.count) ||
        (is_counted && a->elements.count != b->elements.count) ||
        (a->type == NODE_SCALAR &&
         (strcmp(a->text, b->text) != 0 || a->is_quoted != b->is_quoted))) {
        return false;
    }
    for (size_t i = 0; is_counted && i < a->elements.count; i++) {
        if (!is_same_tree(a->elements.items[i], b->elements.items[i], but, text)) {
            return false;
        }
    }
    for (size_t i = 0; i < a->entries.count; i++) {
        const struct node *other = node_get(b, a->entries.items[i].key->text);
        bool is_gone = other == NULL && a == but;
        if (!is_gone &&
            (other == NULL || !is_same_tree(a->entries.items[i].value, other, but, text))) {
            return false;
        }
    }
    return true;
}

static void check_edit(const struct node *root, const struct node *but, const char *text,
                       const struct yaml_edit *edit)
{
    AUTO_ARENA arena = arena_create();
    struct str after = yaml_edit_apply(arena, root->span.source->content, edit);
    if (!is_same_tree(root, parse(arena, after.data), but, text)) {
        fail_msg("%s: something else changed:\n%s", root->span.source->name, after.data);
    }
}

static void edit_everywhere(struct arena *arena, const struct node *root, const struct node *holder,
                            const struct node *node)
{
    static const char text[] = "it's: \"x\" #1";
    struct yaml_edit edit;
    if (node->type == NODE_SCALAR && yaml_edit_set_text(arena, holder, node, text, &edit)) {
        check_edit(root, node, text, &edit);
    }
    for (size_t i = 0; i < node->entries.count; i++) {
        if (yaml_edit_remove(node, i, &edit)) {
            check_edit(root, node, NULL, &edit);
        }
        edit_everywhere(arena, root, node, node->entries.items[i].value);
    }
    for (size_t i = 0; i < node->elements.count; i++) {
        if (yaml_edit_remove(node, i, &edit)) {
            check_edit(root, node, NULL, &edit);
        }
        edit_everywhere(arena, root, node, node->elements.items[i]);
    }
    if (yaml_edit_add_entry(arena, node, "new_key", "1", &edit)) {
        check_edit(root, node, NULL, &edit);
    }
    for (size_t i = 0; i <= node->elements.count; i++) {
        if (yaml_edit_add_element(arena, node, i, "x", &edit)) {
            check_edit(root, node, NULL, &edit);
        }
    }
}

static void test_yaml_edit_leaves_the_rest_of_real_files(void **state)
{
    glob_t found;
    static const char *const patterns[] = {
        TEST_SOURCE_DIR "/examples/*.yaml", TEST_SOURCE_DIR "/examples/*/*.yaml",
        TEST_SOURCE_DIR "/examples/*/*/*/*.yaml", TEST_SOURCE_DIR "/tests/golden/*/full/in.yaml"};
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        assert_int_equal(glob(patterns[i], i == 0 ? 0 : GLOB_APPEND, NULL, &found), 0);
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        AUTO_ARENA arena = arena_create();
        struct str content;
        struct error err;
        assert_true(file_read(AT_FDCWD, found.gl_pathv[i], 1 << 20, arena, &content, &err));
        const struct node *root = parse(arena, content.data);
        edit_everywhere(arena, root, NULL, root);
    }
    assert_true(found.gl_pathc > 10);
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yaml_edit_set_text_keeps_quotes_comments_and_line_ends),
        cmocka_unit_test(test_yaml_edit_set_value_replaces_what_stands_on_one_line),
        cmocka_unit_test(test_yaml_edit_add_entry_takes_the_indentation_of_its_neighbours),
        cmocka_unit_test(test_yaml_edit_add_element_keeps_the_form_of_the_list),
        cmocka_unit_test(test_yaml_edit_remove_takes_the_whole_entry_and_no_more),
        cmocka_unit_test(test_yaml_edit_scalar_text_is_read_back),
        cmocka_unit_test(test_yaml_edit_leaves_the_rest_of_real_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
