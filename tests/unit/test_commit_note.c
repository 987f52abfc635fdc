#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "input/commit_note.h"
#include "unit/git_fixture.h"

struct fixture {
    struct git_fixture git;
    git_oid commit;
};

static int setup(void **state)
{
    struct fixture *fixture = git_fixture_make(sizeof(*fixture));
    fixture->commit = test_simple_commit(&fixture->git.made, NULL, "one");
    test_branch(&fixture->git.made, "main", fixture->commit);
    *state = fixture;
    return 0;
}

static void write_as(const struct fixture *fixture, const char *host, const char *text)
{
    struct error err = {0};
    const struct commit_note note = {fixture->git.made.path,
                                     test_hex(&fixture->git.made, fixture->commit), host, text};
    if (!commit_note_write(&note, &err)) {
        fail_msg("%s", err.message);
    }
}

static const char *read_note(const struct fixture *fixture)
{
    git_note *note = NULL;
    assert_int_equal(git_note_read(&note, fixture->git.made.repository, "refs/notes/reconcile",
                                   &fixture->commit),
                     0);
    const char *text = arena_strdup(fixture->git.folder->arena, git_note_message(note));
    git_note_free(note);
    return text;
}

static void test_commit_note_has_a_line_for_each_host(void **state)
{
    struct fixture *fixture = *state;
    write_as(fixture, "web1", "waiting");
    write_as(fixture, "web10", "applied, generation 3");
    write_as(fixture, "web1", "refused: a.yaml:1:2\n\033[31mlong");
    assert_string_equal(read_note(fixture),
                        "web10: applied, generation 3\nweb1: refused: a.yaml:1:2 ?[31mlong\n");
}

static void test_commit_note_same_text_writes_nothing(void **state)
{
    struct fixture *fixture = *state;
    write_as(fixture, "web1", "applied");
    const char *before = test_folder_read(fixture->git.folder, "repo.git/refs/notes/reconcile");
    write_as(fixture, "web1", "applied");
    assert_string_equal(test_folder_read(fixture->git.folder, "repo.git/refs/notes/reconcile"),
                        before);
}

static void test_commit_note_needs_its_commit_and_repository(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct commit_note note = {"/nonexistent", test_hex(&fixture->git.made, fixture->commit), "h",
                               "t"};
    assert_false(commit_note_write(&note, &err));
    note.repository = fixture->git.folder->path;
    assert_false(commit_note_write(&note, &err));
}

static void own(const struct fixture *fixture, const char *path)
{
    const char *name =
        arena_printf(fixture->git.folder->arena, "%s/%s", fixture->git.folder->path, path);
    assert_int_equal(chown(name, 65534, 65534), 0);
}

static void test_commit_note_is_written_as_the_owner(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;
    if (geteuid() != 0) {
        skip(); /* only root could write as somebody else */
    }
    static const char *const paths[] = {"repo.git", "repo.git/refs", "repo.git/objects"};
    assert_int_equal(chmod(fixture->git.folder->path, 0755), 0);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        own(fixture, paths[i]);
    }
    write_as(fixture, "web1", "applied");
    const char *note =
        arena_printf(fixture->git.folder->arena, "%s/refs/notes/reconcile", fixture->git.made.path);
    assert_int_equal(stat(note, &status), 0);
    assert_int_equal(status.st_uid, 65534);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(test_commit_note_##name, setup, git_fixture_teardown)
        TEST(has_a_line_for_each_host),
        TEST(same_text_writes_nothing),
        TEST(needs_its_commit_and_repository),
        TEST(is_written_as_the_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
