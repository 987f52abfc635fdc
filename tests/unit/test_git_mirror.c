#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "input/git_mirror.h"
#include "input/load_git.h"
#include "unit/git_fixture.h"

struct fixture {
    struct test_folder *folder;
    struct arena *arena;
    struct test_repository made;
    struct git_source source;
    const char *directory;
    struct git_fetched fetched;
    struct error err;
};

static int setup(void **state)
{
    void *folder = NULL;
    assert_int_equal(test_folder_setup(&folder), 0);
    struct fixture *fixture = arena_new(((struct test_folder *)folder)->arena, struct fixture);
    fixture->folder = folder;
    fixture->arena = fixture->folder->arena;
    fixture->made = test_repository_make(folder, "origin.git");
    fixture->directory = arena_printf(fixture->arena, "%s/source", fixture->folder->path);
    fixture->source = (struct git_source){.url = fixture->made.path,
                                          .transport = SOURCE_LOCAL,
                                          .branch = "main",
                                          .user = "git",
                                          .timeout_ms = 20000,
                                          .bytes_most = 1 << 20,
                                          .objects_most = 1000};
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    void *folder = fixture->folder;
    test_repository_free(&fixture->made);
    return test_folder_teardown(&folder);
}

/* A process of its own each time, as far as what is remembered goes. */
static bool fetch(struct fixture *fixture)
{
    struct git_mirror *mirror = NULL;
    fixture->err = (struct error){0};
    fixture->fetched = (struct git_fetched){0};
    bool is_done = git_mirror_open(fixture->arena, fixture->directory, &fixture->source, &mirror,
                                   &fixture->err) &&
                   git_mirror_fetch(mirror, &fixture->fetched, &fixture->err);
    git_mirror_close(mirror);
    return is_done;
}

static void assert_fetched(struct fixture *fixture, git_oid commit)
{
    if (!fetch(fixture)) {
        fail_msg("%s", fixture->err.message);
    }
    assert_string_equal(fixture->fetched.commit, test_hex(&fixture->made, commit));
}

static void assert_fails(struct fixture *fixture, const char *words)
{
    assert_false(fetch(fixture));
    if (strstr(fixture->err.message, words) == NULL) {
        fail_msg("%s", fixture->err.message);
    }
}

static void take(struct fixture *fixture, git_oid commit)
{
    struct git_mirror *mirror = NULL;
    assert_true(git_mirror_open(fixture->arena, fixture->directory, &fixture->source, &mirror,
                                &fixture->err));
    assert_true(git_mirror_accept(mirror, test_hex(&fixture->made, commit), NULL, &fixture->err));
    git_mirror_close(mirror);
}

/* The commit's one file, by way of the mirror. */
static const char *content_of(struct fixture *fixture, git_oid commit)
{
    struct diagnostic_list diagnostics = {0};
    struct git_loaded loaded;
    const struct git_revision from = {
        .repository = arena_printf(fixture->arena, "%s/mirror", fixture->directory),
        .revision = test_hex(&fixture->made, commit)};
    if (!load_git(fixture->arena, &from, NULL, NULL, &diagnostics, &loaded, &fixture->err) ||
        diagnostics.count > 0 || loaded.loaded.files.count != 1) {
        return NULL;
    }
    return loaded.loaded.files.items[0].source->content.data;
}

static void test_git_mirror_brings_each_commit_once(void **state)
{
    struct fixture *fixture = *state;
    git_oid first = test_simple_commit(&fixture->made, NULL, "one");
    test_branch(&fixture->made, "main", first);
    test_branch(&fixture->made, "other", test_simple_commit(&fixture->made, NULL, "unseen"));
    assert_fetched(fixture, first);
    assert_true(fixture->fetched.was_cloned);
    assert_int_equal(fixture->fetched.objects, 3);
    assert_string_equal(content_of(fixture, first), "one");
    take(fixture, first);

    assert_fetched(fixture, first);
    assert_false(fixture->fetched.was_cloned);
    assert_int_equal(fixture->fetched.objects, 0);
    git_oid second = test_simple_commit(&fixture->made, &first, "two");
    test_branch(&fixture->made, "main", second);
    assert_fetched(fixture, second);
    assert_int_equal(fixture->fetched.objects, 3);
    assert_false(fixture->fetched.is_rewind);
    assert_string_equal(content_of(fixture, second), "two");
    assert_string_equal(test_folder_list(fixture->folder, "source/mirror/refs/heads"), "main ");
}

static void test_git_mirror_notices_rewritten_history(void **state)
{
    struct fixture *fixture = *state;
    git_oid first = test_simple_commit(&fixture->made, NULL, "one");
    git_oid second = test_simple_commit(&fixture->made, &first, "two");
    git_oid other = test_simple_commit(&fixture->made, &first, "other");
    test_branch(&fixture->made, "main", second);
    assert_fetched(fixture, second);
    take(fixture, second);
    test_branch(&fixture->made, "main", other);
    assert_fetched(fixture, other);
    assert_true(fixture->fetched.is_rewind);
    assert_fetched(fixture, other); /* also when it is here already */
    assert_true(fixture->fetched.is_rewind);
    test_branch(&fixture->made, "main", first);
    assert_fetched(fixture, first);
    assert_true(fixture->fetched.is_rewind);
    git_oid merged = test_simple_commit(&fixture->made, &second, "three");
    test_branch(&fixture->made, "main", merged);
    assert_fetched(fixture, merged);
    assert_false(fixture->fetched.is_rewind);
    /* Another branch was never accepted. */
    test_branch(&fixture->made, "other", other);
    fixture->source.branch = "other";
    assert_fetched(fixture, other);
    assert_false(fixture->fetched.is_rewind);
}

static void test_git_mirror_knows_a_rewind_without_its_mirror(void **state)
{
    struct fixture *fixture = *state;
    git_oid first = test_simple_commit(&fixture->made, NULL, "one");
    test_branch(&fixture->made, "main", first);
    assert_fetched(fixture, first);
    take(fixture, first);
    assert_true(file_remove_all(fixture->folder->fd, "source/mirror", &fixture->err));
    git_oid foreign = test_simple_commit(&fixture->made, NULL, "foreign");
    test_branch(&fixture->made, "main", foreign);
    assert_fetched(fixture, foreign);
    assert_true(fixture->fetched.was_cloned);
    assert_true(fixture->fetched.is_rewind);
}

static void test_git_mirror_says_what_is_missing(void **state)
{
    struct fixture *fixture = *state;
    assert_fails(fixture, "the repository is empty");
    git_oid first = test_simple_commit(&fixture->made, NULL, "one");
    test_branch(&fixture->made, "trunk", first);
    assert_fails(fixture, "there is no branch \"main\"; it has trunk");
    test_branch(&fixture->made, "main", first);
    assert_fetched(fixture, first);
    fixture->source.url = arena_printf(fixture->arena, "%s/absent.git", fixture->folder->path);
    assert_fails(fixture, "absent.git");
    assert_string_equal(content_of(fixture, first), "one");
}

static void test_git_mirror_replaces_a_damaged_one(void **state)
{
    struct fixture *fixture = *state;
    git_oid first = test_simple_commit(&fixture->made, NULL, "one");
    test_branch(&fixture->made, "main", first);
    assert_fetched(fixture, first);
    test_folder_write(fixture->folder, "source/mirror/refs/heads/main", "\001 garbage [");
    assert_fetched(fixture, first);
    assert_true(fixture->fetched.was_cloned);
    assert_string_equal(content_of(fixture, first), "one");
    assert_true(file_remove_all(fixture->folder->fd, "source/mirror/HEAD", &fixture->err));
    assert_fetched(fixture, first);
    assert_true(fixture->fetched.was_cloned);
    assert_true(file_remove_all(fixture->folder->fd, "source/mirror/objects", &fixture->err));
    assert_fetched(fixture, first);
    assert_true(fixture->fetched.was_cloned);
    assert_true(file_remove_all(fixture->folder->fd, "source/mirror/objects/pack", &fixture->err));
    assert_fetched(fixture, first);
    assert_true(fixture->fetched.was_cloned);
    /* With the repository gone as well, nothing can be done, and nothing is made worse. */
    assert_true(file_remove_all(fixture->folder->fd, "source/mirror/objects", &fixture->err));
    fixture->source.url = "/nonexistent/origin.git";
    assert_fails(fixture, "/nonexistent/origin.git");
    assert_string_equal(test_folder_list(fixture->folder, "source"), "lock mirror ");
}

static void test_git_mirror_limits_leave_it_as_it_was(void **state)
{
    struct fixture *fixture = *state;
    git_oid first = test_simple_commit(&fixture->made, NULL, "one");
    test_branch(&fixture->made, "main", first);
    assert_fetched(fixture, first);
    struct str noise = {arena_alloc(fixture->arena, 200000), 200000};
    uint32_t value = 1;
    for (size_t i = 0; i < noise.length; i++) {
        value = value * 1664525 + 1013904223;
        ((char *)(uintptr_t)noise.data)[i] = (char)(value >> 24);
    }
    struct test_entry entry = {"100644", "noise",
                               test_object(&fixture->made, GIT_OBJECT_BLOB, noise)};
    git_oid large =
        test_commit(&fixture->made, test_tree(&fixture->made, &entry, 1), &first, "large");
    test_branch(&fixture->made, "main", large);
    fixture->source.bytes_most = 100000;
    assert_fails(fixture, "more than 100000 bytes");
    assert_int_equal(fixture->err.code, ERROR_LIMIT);
    fixture->source.bytes_most = 1 << 20;
    fixture->source.objects_most = 2;
    assert_fails(fixture, "more than 2 objects");
    assert_string_equal(content_of(fixture, first), "one");
    assert_null(content_of(fixture, large));
    fixture->source.objects_most = 1000;
    assert_fetched(fixture, large);
}

static void test_git_mirror_incomplete_repository_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    git_oid first = test_simple_commit(&fixture->made, NULL, "one");
    test_branch(&fixture->made, "main", first);
    assert_fetched(fixture, first);
    struct test_entry entry = {"100644", "a.yaml", first};
    assert_int_equal(git_oid_fromstr(&entry.id, "0123456789012345678901234567890123456789"), 0);
    git_oid broken = test_commit(&fixture->made, test_tree(&fixture->made, &entry, 1), &first, "x");
    test_branch(&fixture->made, "main", broken);
    assert_fails(fixture, "fetch ");
    assert_string_equal(content_of(fixture, first), "one");
    assert_null(content_of(fixture, broken));
}

static void test_git_mirror_sweeps_what_a_kill_has_left(void **state)
{
    struct fixture *fixture = *state;
    git_oid first = test_simple_commit(&fixture->made, NULL, "one");
    test_branch(&fixture->made, "main", first);
    assert_fetched(fixture, first);
    test_folder_write(fixture->folder, "source/mirror/objects/pack/pack_git2_0123456789abcdef", "");
    test_folder_write(fixture->folder, "source/mirror/objects/pack/pack_git2_0idx.lock", "");
    test_folder_write(fixture->folder, "source/mirror/refs/heads/main.lock", "");
    test_folder_mkdir(fixture->folder, "source/mirror.new");
    git_oid second = test_simple_commit(&fixture->made, &first, "two");
    test_branch(&fixture->made, "main", second);
    assert_fetched(fixture, second);
    assert_false(fixture->fetched.was_cloned);
    assert_null(strstr(test_folder_list(fixture->folder, "source/mirror/objects/pack"), "git2"));
}

static void test_git_mirror_many_packs_become_one(void **state)
{
    struct fixture *fixture = *state;
    git_oid commit = test_simple_commit(&fixture->made, NULL, "0");
    test_branch(&fixture->made, "main", commit);
    for (int i = 1; i <= 53; i++) {
        assert_fetched(fixture, commit);
        commit = test_simple_commit(&fixture->made, &commit, arena_printf(fixture->arena, "%d", i));
        test_branch(&fixture->made, "main", commit);
    }
    const char *packs = test_folder_list(fixture->folder, "source/mirror/objects/pack");
    assert_true(strlen(packs) < sizeof("pack-0123456789012345678901234567890123456789.pack ") * 6);
    assert_fetched(fixture, commit);
    assert_false(fixture->fetched.was_cloned);
    assert_string_equal(content_of(fixture, commit), "53");
    assert_string_equal(test_folder_list(fixture->folder, "source"), "lock mirror ");
}

static void test_git_mirror_silent_server_is_given_up(void **state)
{
    struct fixture *fixture = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server, 4), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&address, &size), 0);
    fixture->source.url = arena_printf(fixture->arena, "git://127.0.0.1:%u/origin.git",
                                       (unsigned)ntohs(address.sin_port));
    fixture->source.transport = SOURCE_PLAIN;
    fixture->source.timeout_ms = 100;
    assert_fails(fixture, "took longer than");
    assert_int_equal(fixture->err.code, ERROR_LIMIT);
    assert_int_equal(close(server), 0);
    assert_fails(fixture, "fetch git://127.0.0.1");
}

static void test_git_mirror_one_fetch_at_a_time(void **state)
{
    struct fixture *fixture = *state;
    test_branch(&fixture->made, "main", test_simple_commit(&fixture->made, NULL, "one"));
    test_folder_mkdir(fixture->folder, "source");
    int held = openat(fixture->folder->fd, "source/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(flock(held, LOCK_EX), 0);
    assert_fails(fixture, "another fetch is under way");
    assert_int_equal(fixture->err.code, ERROR_LOCKED);
    assert_int_equal(close(held), 0);
    assert_true(fetch(fixture));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_git_mirror_##name, setup, teardown)
        TEST(brings_each_commit_once),
        TEST(notices_rewritten_history),
        TEST(knows_a_rewind_without_its_mirror),
        TEST(says_what_is_missing),
        TEST(replaces_a_damaged_one),
        TEST(limits_leave_it_as_it_was),
        TEST(incomplete_repository_changes_nothing),
        TEST(sweeps_what_a_kill_has_left),
        TEST(many_packs_become_one),
        TEST(silent_server_is_given_up),
        TEST(one_fetch_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
