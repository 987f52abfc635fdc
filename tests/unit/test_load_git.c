#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "input/load_git.h"
#include "unit/git_fixture.h"

#include <fcntl.h>

struct fixture {
    struct git_fixture git;
    struct diagnostic_list diagnostics;
    struct git_loaded loaded;
};

static int setup(void **state)
{
    struct fixture *fixture = git_fixture_make(sizeof(*fixture));
    *state = fixture;
    return 0;
}

static void load_as(struct fixture *fixture, git_oid tree, const char *folder,
                    const char *environment, const char *host)
{
    struct error err = {0};
    git_oid commit = test_commit(&fixture->git.made, tree, NULL, "First\nline\n\nMore\n");
    const struct git_revision from = {.repository = fixture->git.made.path,
                                      .revision = test_hex(&fixture->git.made, commit),
                                      .folder = folder};
    fixture->diagnostics = (struct diagnostic_list){0};
    if (!load_git(fixture->git.folder->arena, &from, environment, host, &fixture->diagnostics,
                  &fixture->loaded, &err)) {
        fail_msg("%s", err.message);
    }
}

static void load(struct fixture *fixture, git_oid tree)
{
    load_as(fixture, tree, NULL, NULL, NULL);
}

static const char *file_names(const struct fixture *fixture)
{
    struct text out = text_make(fixture->git.folder->arena);
    for (size_t i = 0; i < fixture->loaded.loaded.files.count; i++) {
        text_addf(&out, "%s ", fixture->loaded.loaded.files.items[i].source->name);
    }
    return out.data;
}

static void assert_only(const struct fixture *fixture, enum diagnostic_code code)
{
    assert_int_equal(fixture->diagnostics.count, 1);
    assert_string_equal(diagnostic_info(fixture->diagnostics.items[0].code)->number,
                        diagnostic_info(code)->number);
}

/* A tree of one entry. */
static git_oid one(const struct fixture *fixture, const char *mode, const char *name, git_oid id)
{
    const struct test_entry entry = {mode, name, id};
    return test_tree(&fixture->git.made, &entry, 1);
}

static void test_load_git_reads_as_a_folder_is_read(void **state)
{
    struct fixture *fixture = *state;
    git_oid a = test_blob(&fixture->git.made, "a");
    git_oid production = one(fixture, "40000", "production", one(fixture, "100644", "p.yaml", a));
    git_oid hosts = one(fixture, "40000", "web1", one(fixture, "100755", "h.yml", a));
    const struct test_entry entries[] = {
        {"100644", ".hidden.yaml", a}, {"100644", "README.md", a},
        {"100644", "b.yaml", a},       {"40000", "environments", production},
        {"40000", "hosts", hosts},     {"40000", "sites", one(fixture, "100644", "a.yaml", a)},
    };
    git_oid tree = test_tree(&fixture->git.made, entries, 6);
    load_as(fixture, tree, NULL, "production", "web1");
    assert_int_equal(fixture->diagnostics.count, 0);
    assert_string_equal(file_names(fixture),
                        "b.yaml sites/a.yaml environments/production/p.yaml hosts/web1/h.yml ");
    assert_int_equal(fixture->loaded.loaded.files.items[3].layer, LOAD_HOST);
    load_as(fixture, tree, NULL, "produktion", NULL);
    assert_only(fixture, DIAGNOSTIC_UNKNOWN_ENVIRONMENT);
    load_as(fixture, tree, "sites/", NULL, NULL);
    assert_string_equal(file_names(fixture), "a.yaml ");
    load_as(fixture, tree, "sites/a.yaml", NULL, NULL);
    assert_int_equal(fixture->diagnostics.count, 0);
    assert_string_equal(file_names(fixture), "a.yaml ");
    load_as(fixture, tree, "absent/folder", NULL, NULL);
    assert_only(fixture, DIAGNOSTIC_FILE_UNREADABLE);
}

static void test_load_git_tells_about_the_commit(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, one(fixture, "100644", "a.yaml", test_blob(&fixture->git.made, "a")));
    assert_int_equal(strlen(fixture->loaded.commit.id), 40);
    assert_string_equal(fixture->loaded.commit.subject, "First line");
    assert_string_equal(fixture->loaded.commit.author, "Ada ?[31m");
    assert_int_equal(fixture->loaded.commit.at, 1700000100);
}

static void test_load_git_empty_is_a_mistake(void **state)
{
    struct fixture *fixture = *state;
    load(fixture, test_tree(&fixture->git.made, NULL, 0));
    assert_only(fixture, DIAGNOSTIC_FOLDER_EMPTY);
}

static void test_load_git_links_and_submodules_are_mistakes(void **state)
{
    struct fixture *fixture = *state;
    git_oid a = test_blob(&fixture->git.made, "a");
    load(fixture, one(fixture, "120000", "a.yaml", test_blob(&fixture->git.made, "/etc/passwd")));
    assert_only(fixture, DIAGNOSTIC_LINK_NOT_FOLLOWED);
    load(fixture, one(fixture, "160000", "vendor", a));
    assert_only(fixture, DIAGNOSTIC_SUBMODULE);
    static const char *const leading[] = {"/etc", "..", "sites", "./sites/../sites", "inner", ""};
    for (size_t i = 0; i < sizeof(leading) / sizeof(leading[0]); i++) {
        const struct test_entry entries[] = {
            {"100644", "a.yaml", a},
            {"120000", "inner", test_blob(&fixture->git.made, "sites")},
            {"120000", "link", test_blob(&fixture->git.made, leading[i])},
            {"40000", "sites", one(fixture, "100644", "b.yaml", a)},
        };
        load(fixture, test_tree(&fixture->git.made, entries, 4));
        assert_int_equal(fixture->diagnostics.count, 2); /* inner is one too */
    }
    const struct test_entry harmless[] = {
        {"100644", "README.md", a},
        {"120000", "READ", test_blob(&fixture->git.made, "README.md")},
        {"100644", "a.yaml", a},
    };
    load(fixture, test_tree(&fixture->git.made, harmless, 3));
    assert_int_equal(fixture->diagnostics.count, 0);
}

static void test_load_git_bad_names_are_mistakes(void **state)
{
    struct fixture *fixture = *state;
    git_oid a = test_blob(&fixture->git.made, "a");
    static const char rtl[] = "\xe2\x80\xaelmay.yaml";
    static const char *const names[] = {
        ".git", ".GIT",        ".gi\xe2\x80\x8ct", "git~1",        ".git. ",   ".git::$DATA", "..",
        ".",    "a/../b.yaml", "a\\b.yaml",        "\033[2J.yaml", "a\n.yaml", "\xff.yaml",   rtl,
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        load(fixture, one(fixture, "100644", names[i], a));
        assert_only(fixture, DIAGNOSTIC_BAD_FILE_NAME);
        assert_int_equal(fixture->loaded.loaded.files.count, 0);
        load(fixture, one(fixture, "40000", names[i], one(fixture, "100644", "a.yaml", a)));
        assert_only(fixture, DIAGNOSTIC_BAD_FILE_NAME);
        assert_int_equal(fixture->loaded.loaded.files.count, 0);
    }
    const struct test_entry twice[] = {{"100644", "a.yaml", a}, {"100644", "a.yaml", a}};
    load(fixture, test_tree(&fixture->git.made, twice, 2));
    assert_only(fixture, DIAGNOSTIC_BAD_FILE_NAME);
}

static void test_load_git_sizes_have_limits(void **state)
{
    struct fixture *fixture = *state;
    struct str large = {arena_alloc(fixture->git.folder->arena, LOAD_FILE_MOST + 1),
                        LOAD_FILE_MOST + 1};
    git_oid blob = test_object(&fixture->git.made, GIT_OBJECT_BLOB, large);
    load(fixture, one(fixture, "100644", "a.yaml", blob));
    assert_only(fixture, DIAGNOSTIC_FILE_TOO_LARGE);
    large.length = LOAD_FILE_MOST;
    blob = test_object(&fixture->git.made, GIT_OBJECT_BLOB, large);
    load(fixture, one(fixture, "100644", "a.yaml", blob));
    assert_int_equal(fixture->diagnostics.count, 0);
    struct test_entry entries[20];
    for (size_t i = 0; i < 20; i++) {
        entries[i] = (struct test_entry){
            "100644", arena_printf(fixture->git.folder->arena, "%c.yaml", (char)('a' + i)), blob};
    }
    load(fixture, test_tree(&fixture->git.made, entries, 20));
    assert_only(fixture, DIAGNOSTIC_INPUT_TOO_LARGE);
}

static void test_load_git_depth_and_breadth_have_limits(void **state)
{
    struct fixture *fixture = *state;
    git_oid tree = one(fixture, "100644", "a.yaml", test_blob(&fixture->git.made, "a"));
    for (int i = 0; i < LOAD_DEPTH_MOST; i++) {
        tree = one(fixture, "40000", "d", tree);
    }
    load(fixture, tree);
    assert_int_equal(fixture->diagnostics.count, 0);
    load(fixture, one(fixture, "40000", "d", tree));
    assert_only(fixture, DIAGNOSTIC_FOLDER_TOO_DEEP);
    /* Ten to the tenth folders, from eleven objects. */
    tree = one(fixture, "100644", "README", test_blob(&fixture->git.made, "a"));
    for (int level = 0; level < 10; level++) {
        struct test_entry entries[10];
        for (size_t i = 0; i < 10; i++) {
            entries[i] = (struct test_entry){
                "40000", arena_printf(fixture->git.folder->arena, "%zu", i), tree};
        }
        tree = test_tree(&fixture->git.made, entries, 10);
    }
    load(fixture, tree);
    assert_only(fixture, DIAGNOSTIC_TOO_MANY_ENTRIES_BELOW);
}

static void test_load_git_types_must_agree(void **state)
{
    struct fixture *fixture = *state;
    git_oid a = test_blob(&fixture->git.made, "a");
    git_oid tree = one(fixture, "100644", "a.yaml", a);
    load(fixture, one(fixture, "100644", "b.yaml", tree));
    assert_only(fixture, DIAGNOSTIC_FILE_UNREADABLE);
    load(fixture, one(fixture, "40000", "sites", a));
    assert_only(fixture, DIAGNOSTIC_FILE_UNREADABLE);
    assert_false(fixture->loaded.is_damaged);
}

static void test_load_git_missing_object_is_damage(void **state)
{
    struct fixture *fixture = *state;
    git_oid absent;
    assert_int_equal(git_oid_fromstr(&absent, "0123456789012345678901234567890123456789"), 0);
    const struct test_entry entries[] = {
        {"100644", "a.yaml", test_blob(&fixture->git.made, "a")},
        {"100644", "b.yaml", absent},
    };
    load(fixture, test_tree(&fixture->git.made, entries, 2));
    assert_only(fixture, DIAGNOSTIC_FILE_UNREADABLE);
    assert_true(fixture->loaded.is_damaged);
}

static void test_load_git_unknown_revisions_are_errors(void **state)
{
    struct fixture *fixture = *state;
    static const char *const revisions[] = {
        "main", "0123456789012345678901234567890123456789", "HEAD~1", "", "..", ":/x"};
    for (size_t i = 0; i < sizeof(revisions) / sizeof(revisions[0]); i++) {
        struct error err = {0};
        const struct git_revision from = {.repository = fixture->git.made.path,
                                          .revision = revisions[i]};
        assert_false(load_git(fixture->git.folder->arena, &from, NULL, NULL, &fixture->diagnostics,
                              &fixture->loaded, &err));
        assert_true(err.message[0] != '\0');
    }
    git_oid blob = test_blob(&fixture->git.made, "a");
    struct error err = {0};
    const struct git_revision from = {.repository = fixture->git.made.path,
                                      .revision = test_hex(&fixture->git.made, blob)};
    assert_false(load_git(fixture->git.folder->arena, &from, NULL, NULL, &fixture->diagnostics,
                          &fixture->loaded, &err));
}

static void test_load_git_finds_the_repository_of_a_folder(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    git_repository *repository = NULL;
    const char *work =
        arena_printf(fixture->git.folder->arena, "%s/work", fixture->git.folder->path);
    assert_int_equal(git_repository_init(&repository, work, 0), 0);
    git_repository_free(repository);
    test_folder_mkdir(fixture->git.folder, "work/conf");
    test_folder_write(fixture->git.folder, "work/conf/a.yaml", "a");
    struct git_revision place;
    const char *inside = arena_printf(fixture->git.folder->arena, "%s/conf", work);
    assert_true(load_git_discover(fixture->git.folder->arena, inside, &place, &err));
    assert_string_equal(place.folder, "conf");
    inside = arena_printf(fixture->git.folder->arena, "%s/conf/a.yaml", work);
    assert_true(load_git_discover(fixture->git.folder->arena, inside, &place, &err));
    assert_string_equal(place.folder, "conf/a.yaml");
    assert_true(load_git_discover(fixture->git.folder->arena, work, &place, &err));
    assert_null(place.folder);
    assert_false(load_git_discover(fixture->git.folder->arena, "/proc", &place, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(test_load_git_##name, setup, git_fixture_teardown)
        TEST(reads_as_a_folder_is_read),
        TEST(tells_about_the_commit),
        TEST(empty_is_a_mistake),
        TEST(links_and_submodules_are_mistakes),
        TEST(bad_names_are_mistakes),
        TEST(sizes_have_limits),
        TEST(depth_and_breadth_have_limits),
        TEST(types_must_agree),
        TEST(missing_object_is_damage),
        TEST(unknown_revisions_are_errors),
        TEST(finds_the_repository_of_a_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
