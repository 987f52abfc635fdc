#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "input/load.h"

struct fixture {
    struct arena *arena;
    char path[32];
    struct diagnostic_list diagnostics;
    struct loaded loaded;
};

static int setup(void **state)
{
    struct arena *arena = arena_create();
    struct fixture *fixture = arena_new(arena, struct fixture);
    *fixture = (struct fixture){.arena = arena, .path = "/tmp/test-load.XXXXXX"};
    assert_non_null(mkdtemp(fixture->path));
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    assert_true(file_remove_all(AT_FDCWD, fixture->path, &err));
    arena_destroy(fixture->arena);
    return 0;
}

static const char *below(const struct fixture *fixture, const char *name)
{
    return arena_printf(fixture->arena, "%s/%s", fixture->path, name);
}

static void write_text(const struct fixture *fixture, const char *name, struct str content)
{
    struct error err = {0};
    const char *path = below(fixture, name);
    char *parent = arena_strdup(fixture->arena, path);
    *strrchr(parent, '/') = '\0';
    assert_true(file_make_directories(AT_FDCWD, parent, 0755, &err));
    assert_true(
        file_replace(AT_FDCWD, path, content, 0644, FILE_OWNER_NONE, FILE_SYNC_LATER, &err));
}

static void load(struct fixture *fixture, const char *environment, const char *host)
{
    fixture->diagnostics = (struct diagnostic_list){0};
    load_directory(fixture->arena, fixture->path, environment, host, &fixture->diagnostics,
                   &fixture->loaded);
}

static void assert_only(const struct fixture *fixture, enum diagnostic_code code)
{
    assert_int_equal(fixture->diagnostics.count, 1);
    assert_int_equal(fixture->diagnostics.items[0].code, code);
}

static void test_load_directory_reads_yaml_in_a_fixed_order(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "b.yaml", STR("b"));
    write_text(fixture, "sites/z.yml", STR("z"));
    write_text(fixture, "a.yaml", STR("a"));
    write_text(fixture, "README.md", STR("no"));
    write_text(fixture, ".git/config.yaml", STR("no"));
    load(fixture, NULL, NULL);
    static const char *const names[] = {"a.yaml", "b.yaml", "sites/z.yml"};
    assert_int_equal(fixture->diagnostics.count, 0);
    assert_int_equal(fixture->loaded.files.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(fixture->loaded.files.items[i].source->name, names[i]);
    }
}

static void test_load_directory_takes_the_chosen_overlays_only(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "a.yaml", STR("a"));
    write_text(fixture, "environments/production/p.yaml", STR("p"));
    write_text(fixture, "environments/development/d.yaml", STR("d"));
    write_text(fixture, "hosts/web1/h.yaml", STR("h"));
    load(fixture, "production", "web1");
    assert_int_equal(fixture->diagnostics.count, 0);
    assert_int_equal(fixture->loaded.files.count, 3);
    assert_int_equal(fixture->loaded.files.items[1].layer, LOAD_ENVIRONMENT);
    assert_string_equal(fixture->loaded.files.items[1].source->name,
                        "environments/production/p.yaml");
    assert_int_equal(fixture->loaded.files.items[2].layer, LOAD_HOST);
    load(fixture, NULL, "web2");
    assert_int_equal(fixture->diagnostics.count, 0);
    assert_int_equal(fixture->loaded.files.count, 1);
    load(fixture, "produktion", NULL);
    assert_only(fixture, DIAGNOSTIC_UNKNOWN_ENVIRONMENT);
}

static void test_load_directory_empty_and_absent_are_mistakes(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, NULL, NULL);
    assert_only(fixture, DIAGNOSTIC_FOLDER_EMPTY);
    struct diagnostic_list diagnostics = {0};
    load_directory(fixture->arena, below(fixture, "absent"), NULL, NULL, &diagnostics,
                   &fixture->loaded);
    assert_int_equal(diagnostics.count, 1);
    assert_int_equal(diagnostics.items[0].code, DIAGNOSTIC_FILE_UNREADABLE);
}

static void test_load_directory_link_is_a_mistake(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "a.yaml", STR("a"));
    assert_int_equal(symlink("a.yaml", below(fixture, "b.yaml")), 0);
    load(fixture, NULL, NULL);
    assert_only(fixture, DIAGNOSTIC_LINK_NOT_FOLLOWED);
}

static void test_load_directory_large_file_is_a_mistake(void **state)
{
    struct fixture *fixture = *state;
    struct str large = {arena_alloc(fixture->arena, LOAD_FILE_MOST + 1), LOAD_FILE_MOST + 1};
    write_text(fixture, "large.yaml", large);
    load(fixture, NULL, NULL);
    assert_only(fixture, DIAGNOSTIC_FILE_TOO_LARGE);
    large.length = LOAD_FILE_MOST;
    write_text(fixture, "large.yaml", large);
    load(fixture, NULL, NULL);
    assert_int_equal(fixture->diagnostics.count, 0);
}

static void test_load_directory_total_has_a_limit(void **state)
{
    struct fixture *fixture = *state;
    struct str part = {arena_alloc(fixture->arena, LOAD_FILE_MOST), LOAD_FILE_MOST};
    for (int i = 0; i <= LOAD_TOTAL_MOST / LOAD_FILE_MOST; i++) {
        write_text(fixture, arena_printf(fixture->arena, "%d.yaml", i), part);
    }
    load(fixture, NULL, NULL);
    assert_only(fixture, DIAGNOSTIC_INPUT_TOO_LARGE);
}

static void test_load_directory_unreadable_file_is_a_mistake(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "a.yaml", STR("a"));
    assert_int_equal(mkfifo(below(fixture, "pipe.yaml"), 0600), 0);
    load(fixture, NULL, NULL);
    assert_only(fixture, DIAGNOSTIC_FILE_UNREADABLE);
}

static void test_load_directory_takes_a_single_file(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "a.yaml", STR("text"));
    load_directory(fixture->arena, below(fixture, "a.yaml"), NULL, NULL, &fixture->diagnostics,
                   &fixture->loaded);
    assert_int_equal(fixture->loaded.files.count, 1);
    assert_string_equal(fixture->loaded.files.items[0].source->name, "a.yaml");
}

static void test_load_digest_changes_with_content_name_and_layer(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "a.yaml", STR("one"));
    load(fixture, NULL, NULL);
    const char *first = loaded_digest(fixture->arena, &fixture->loaded);
    load(fixture, NULL, NULL);
    assert_string_equal(loaded_digest(fixture->arena, &fixture->loaded), first);
    write_text(fixture, "a.yaml", STR("two"));
    load(fixture, NULL, NULL);
    assert_string_not_equal(loaded_digest(fixture->arena, &fixture->loaded), first);
}

static void test_load_saved_documents_read_back(void **state)
{
    struct fixture *fixture = *state;
    write_text(fixture, "a.yaml", STR("sites:\n  \"\xd9\x85.test\": {}\n"));
    write_text(fixture, "environments/x/b.yaml", STR("b"));
    load(fixture, "x", NULL);
    struct str saved = loaded_write(fixture->arena, &fixture->loaded);
    struct loaded again;
    struct error err = {0};
    assert_true(loaded_read(fixture->arena, saved, &again, &err));
    assert_string_equal(loaded_digest(fixture->arena, &again),
                        loaded_digest(fixture->arena, &fixture->loaded));
    assert_false(loaded_read(fixture->arena, STR("{\"files\": [{}]}"), &again, &err));
    assert_false(loaded_read(fixture->arena, STR("{"), &again, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_load_directory_reads_yaml_in_a_fixed_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_load_directory_takes_the_chosen_overlays_only, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_load_directory_empty_and_absent_are_mistakes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_load_directory_link_is_a_mistake, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load_directory_large_file_is_a_mistake, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_load_directory_total_has_a_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load_directory_unreadable_file_is_a_mistake, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_load_directory_takes_a_single_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load_digest_changes_with_content_name_and_layer, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_load_saved_documents_read_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
