#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "input/git_blame.h"
#include "unit/git_fixture.h"

struct fixture {
    struct git_fixture git;
    struct git_revision from;
    git_oid first;
    git_oid second;
};

static int setup(void **state)
{
    struct fixture *fixture = git_fixture_make(sizeof(*fixture));
    fixture->first = test_simple_commit(&fixture->git.made, NULL, "one\ntwo\n");
    fixture->second = test_simple_commit(&fixture->git.made, &fixture->first, "one\nother\n");
    fixture->from = (struct git_revision){.repository = fixture->git.made.path,
                                          .revision = test_hex(&fixture->git.made, fixture->second),
                                          .folder = "a.yaml"};
    *state = fixture;
    return 0;
}

static struct git_blamed find(struct fixture *fixture, const char *content, size_t line)
{
    struct error err = {0};
    struct git_blamed blamed = {0};
    struct str text = str_of(content == NULL ? "" : content);
    if (!git_blame_find(fixture->git.folder->arena, &fixture->from, content == NULL ? NULL : &text,
                        line, &blamed, &err)) {
        fail_msg("%s", err.message);
    }
    return blamed;
}

static void test_git_blame_names_the_commit_of_a_line(void **state)
{
    struct fixture *fixture = *state;
    struct git_blamed old = find(fixture, NULL, 1);
    struct git_blamed new = find(fixture, NULL, 2);
    assert_string_equal(old.commit->id, test_hex(&fixture->git.made, fixture->first));
    assert_string_equal(new.commit->id, test_hex(&fixture->git.made, fixture->second));
    assert_string_equal(new.commit->author, "Ada ?[31m"); /* nothing moves a terminal */
    assert_int_equal(new.commit->at, 1700000000);
}

static void test_git_blame_looks_no_further_than_the_revision(void **state)
{
    struct fixture *fixture = *state;
    fixture->from.revision = test_hex(&fixture->git.made, fixture->first);
    assert_string_equal(find(fixture, NULL, 2).commit->id,
                        test_hex(&fixture->git.made, fixture->first));
}

static void test_git_blame_line_without_a_commit(void **state)
{
    struct fixture *fixture = *state;
    const char *const first = test_hex(&fixture->git.made, fixture->first);
    const char *const second = test_hex(&fixture->git.made, fixture->second);
    assert_true(find(fixture, "zero\none\nother\n", 1).is_uncommitted);
    assert_null(find(fixture, "zero\none\nother\n", 1).commit);
    assert_string_equal(find(fixture, "zero\none\nother\n", 2).commit->id, first);
    assert_string_equal(find(fixture, "zero\none\nother\n", 3).commit->id, second);
    assert_true(find(fixture, "one\nmine\n", 2).is_uncommitted);
    assert_string_equal(find(fixture, "other\n", 1).commit->id, second);
    assert_string_equal(find(fixture, "one\n", 1).commit->id, first);
}

static void test_git_blame_unknown_file(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct git_blamed blamed = {0};
    const struct str content = STR("x\n");
    fixture->from.folder = "b.yaml";
    assert_false(
        git_blame_find(fixture->git.folder->arena, &fixture->from, NULL, 1, &blamed, &err));
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
    assert_false(
        git_blame_find(fixture->git.folder->arena, &fixture->from, &content, 1, &blamed, &err));
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_git_blame_names_the_commit_of_a_line, setup,
                                        git_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_git_blame_looks_no_further_than_the_revision, setup,
                                        git_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_git_blame_line_without_a_commit, setup,
                                        git_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_git_blame_unknown_file, setup, git_fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
