#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/blame.h"
#include "core/kind.h"
#include "core/yaml.h"
#include "model/file_item.h"
#include "model/layout.h"

struct fixture {
    struct arena *arena;
    struct layout layout;
    const struct source *source;
    struct document document;
    struct mapped_text today;
    struct mapped_text before;
};

static const char yaml[] = "sites:\n  a.test:\n    root: /srv/a\n    index: x.html\n";

/* Two lines: the second one is asked for by line 3. */
static struct mapped_text text_of(struct fixture *fixture, const char *content)
{
    struct span *lines = arena_array(fixture->arena, 2, sizeof(*lines));
    lines[1] = (struct span){fixture->source, 27, 33};
    return (struct mapped_text){str_of(content), lines, 2};
}

static int setup(void **state)
{
    struct arena *arena = arena_create();
    struct fixture *fixture = arena_new(arena, struct fixture);
    struct diagnostic_list diagnostics = {0};
    fixture->arena = arena;
    fixture->layout = layout_debian12();
    fixture->source = source_make(arena, "site.yaml", str_of(yaml));
    const struct yaml read = yaml_parse(arena, fixture->source, &diagnostics);
    const struct node *site = read.root->entries.items[0].value;
    fixture->document = (struct document){.kind = kind_find("site"),
                                          .kind_name = "site",
                                          .name = "a.test",
                                          .span = site->entries.items[0].key->span,
                                          .node = site->entries.items[0].value};
    fixture->today = text_of(fixture, "server {\n    root /srv/a;\n");
    fixture->before = text_of(fixture, "server {\n    root /srv/b;\n");
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    arena_destroy(((struct fixture *)*state)->arena);
    return 0;
}

static bool find(struct fixture *fixture, const char *content, size_t line, bool has_record,
                 struct blame *out)
{
    struct str text = str_of(content == NULL ? "" : content);
    const struct blame_input input = {
        .arena = fixture->arena,
        .place = {.path = "/x.conf"},
        .line = line,
        .content = content == NULL ? NULL : &text,
        .today = {&fixture->today, &fixture->document},
        .recorded = {has_record ? &fixture->before : NULL, has_record ? &fixture->document : NULL},
    };
    return blame_find(&input, out);
}

static void assert_basis(struct fixture *fixture, const char *content, enum blame_basis basis)
{
    struct blame blame = {0};
    assert_true(find(fixture, content, 2, true, &blame));
    assert_int_equal(blame.basis, basis);
    assert_string_equal(span_text(fixture->arena, blame.span), "site.yaml:3:11");
}

static void test_blame_says_whose_answer_it_is(void **state)
{
    assert_basis(*state, "server {\n    root /srv/a;\n", BLAME_DOCUMENTS);
    assert_basis(*state, "server {\n    root /srv/b;\n", BLAME_GENERATION);
    assert_basis(*state, "server { #\n    root /srv/b;\n", BLAME_LINE);
    assert_basis(*state, "server { #\n    root /srv/a;\n", BLAME_LINE);
    assert_basis(*state, "server {\n    root /srv/c;\n", BLAME_WANTED);
    assert_basis(*state, NULL, BLAME_UNREAD);
}

static void test_blame_default_is_the_document(void **state)
{
    struct blame blame = {0};
    assert_true(find(*state, "server {\n    root /srv/a;\n", 1, false, &blame));
    assert_true(blame.is_default);
    assert_string_equal(blame.document, "site:a.test");
    assert_string_equal(span_text(((struct fixture *)*state)->arena, blame.span), "site.yaml:2:3");
}

static void test_blame_line_that_nobody_has(void **state)
{
    struct blame blame = {0};
    assert_false(find(*state, "server {\n    root /srv/a;\n", 3, true, &blame));
    assert_true(find(*state, "server {\n    root /srv/a;\n# by hand\n", 3, true, &blame));
    assert_int_equal(blame.basis, BLAME_WANTED);
    assert_false(blame.is_default);
}

static void test_blame_words_and_json(void **state)
{
    struct fixture *fixture = *state;
    struct blame blame = {0};
    struct text out = text_make(fixture->arena);
    const struct commit commit = {"0123456789abcdef0123456789abcdef01234567", "Say \"hi\"", "Ada",
                                  1700000000};
    assert_true(find(fixture, "server {\n    root /srv/\033c;\n", 2, true, &blame));
    blame.commit = &commit;
    blame_write_text(&blame, LANGUAGE_ENGLISH, &out);
    assert_string_equal(out.data,
                        "/x.conf:2\n"
                        "   2 |     root /srv/?c;\n"
                        "wanted:     root /srv/b;\n"
                        "  --> site.yaml:3:11 (site:a.test)\n"
                        "   3 |     root: /srv/a\n"
                        "     |           ^^^^^^\n"
                        "commit: 0123456789, Ada, 2023-11-14: Say \"hi\"\n"
                        "note: this line is not what the documents make: it was changed by hand, "
                        "or they have changed since\n");
    struct str json = blame_write_json(&blame, fixture->arena);
    assert_non_null(strstr(json.data, "\"basis\": \"wanted\""));
    assert_non_null(strstr(json.data, "\"wanted\": \"    root /srv/b;\""));
    assert_non_null(strstr(json.data, "\"author\": \"Ada\""));
}

static void test_blame_splits_file_and_line(void **state)
{
    struct fixture *fixture = *state;
    const char *file = NULL;
    size_t line = 0;
    assert_true(blame_split(fixture->arena, "/a:b/c.conf:12", &file, &line));
    assert_string_equal(file, "/a:b/c.conf");
    assert_int_equal(line, 12);
    const char *const wrong[] = {"", "x", ":3", "x:", "x:0", "x:1a", "x:99999999999999999999"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(blame_split(fixture->arena, wrong[i], &file, &line));
    }
}

static void test_blame_finds_the_file_of_a_host(void **state)
{
    struct fixture *fixture = *state;
    struct blame_place place = {0};
    const char *state_folder = fixture->layout.state;
    assert_true(blame_place_on_host(fixture->arena, &fixture->layout,
                                    "/etc/nginx/reconcile/http/sites/a.conf", &place));
    assert_true(place.is_live);
    const char *path = arena_printf(fixture->arena, "%s/generations/12/etc/x.conf", state_folder);
    assert_true(blame_place_on_host(fixture->arena, &fixture->layout, path, &place));
    assert_string_equal(place.path, "/etc/x.conf");
    assert_int_equal(place.generation, 12);
    path = arena_printf(fixture->arena, "%s/current/etc/x.conf", state_folder);
    assert_true(blame_place_on_host(fixture->arena, &fixture->layout, path, &place));
    assert_true(place.is_live);
    assert_string_equal(place.path, "/etc/x.conf");
    path = arena_printf(fixture->arena, "%s/generations/x/etc/x.conf", state_folder);
    assert_false(blame_place_on_host(fixture->arena, &fixture->layout, path, &place));
    assert_false(blame_place_on_host(fixture->arena, &fixture->layout, "/etc/nginxx/y", &place));
}

static void test_blame_finds_a_copy(void **state)
{
    struct fixture *fixture = *state;
    struct desired desired = {0};
    struct blame_place place = {0};
    const struct file_item file = {.text = fixture->today, .mode = 0644};
    struct item *item =
        item_add(fixture->arena, &desired.items, ITEM_FILE, "/etc/x.conf", NULL, SPAN_NONE, &file);
    (void)map_put(fixture->arena, &desired.by_name, item_name(fixture->arena, item), item);
    assert_true(
        blame_place_copy(&desired, &fixture->layout, fixture->arena, "/tmp/o/etc/x.conf", &place));
    assert_string_equal(place.path, "/etc/x.conf");
    assert_true(place.is_copy);
    assert_false(
        blame_place_copy(&desired, &fixture->layout, fixture->arena, "/tmp/o/etc/y.conf", &place));
    assert_ptr_equal(blame_side_of(&desired, &fixture->layout, fixture->arena, "/etc/x.conf").text,
                     &file.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_blame_says_whose_answer_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blame_default_is_the_document, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blame_line_that_nobody_has, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blame_words_and_json, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blame_splits_file_and_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blame_finds_the_file_of_a_host, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blame_finds_a_copy, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
