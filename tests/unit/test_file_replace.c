/* Replacing: old or new, the right mode and owner, no link followed, nothing left behind. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "support/folder.h"

static bool replace(const struct test_folder *folder, const char *path, struct str content,
                    mode_t mode, struct error *err)
{
    return file_replace(folder->fd, path, content, mode, FILE_OWNER_NONE, FILE_SYNC_NOW, err);
}

static void test_file_replace_creates_and_replaces(void **state)
{
    const struct test_folder *folder = *state;
    struct error err;
    assert_true(replace(folder, "file", STR("one"), 0644, &err));
    assert_string_equal(test_folder_read(folder, "file"), "one");
    assert_true(replace(folder, "file", STR("two"), 0640, &err));
    assert_string_equal(test_folder_read(folder, "file"), "two");
    assert_int_equal(test_folder_mode(folder, "file"), S_IFREG | 0640);
    assert_true(replace(folder, "file", STR(""), 0640, &err));
    assert_string_equal(test_folder_read(folder, "file"), "");
    assert_string_equal(test_folder_list(folder, "."), "file ");
}

static void test_file_replace_gives_the_mode_whatever_the_umask(void **state)
{
    const struct test_folder *folder = *state;
    mode_t before = umask(0077);
    bool is_done = replace(folder, "open", STR("x"), 0666, NULL);
    (void)umask(before);
    assert_true(is_done);
    assert_int_equal(test_folder_mode(folder, "open"), S_IFREG | 0666);
}

static void test_file_replace_leaves_the_other_names_of_a_file_alone(void **state)
{
    const struct test_folder *folder = *state;
    test_folder_write(folder, "kept", "old");
    assert_int_equal(linkat(folder->fd, "kept", folder->fd, "file", 0), 0);
    assert_true(replace(folder, "file", STR("new"), 0600, NULL));
    assert_string_equal(test_folder_read(folder, "kept"), "old");
}

static void test_file_replace_replaces_a_link_itself(void **state)
{
    const struct test_folder *folder = *state;
    test_folder_write(folder, "target", "untouched");
    test_folder_link(folder, "link", "target");
    assert_true(replace(folder, "link", STR("new"), 0600, NULL));
    assert_string_equal(test_folder_read(folder, "target"), "untouched");
    assert_int_equal(test_folder_mode(folder, "link"), S_IFREG | 0600);
}

static void test_file_replace_follows_no_link_on_the_way(void **state)
{
    const struct test_folder *folder = *state;
    struct error err;
    test_folder_mkdir(folder, "real");
    test_folder_link(folder, "link", "real");
    assert_false(replace(folder, "link/file", STR("x"), 0600, &err));
    assert_int_equal(err.number, ELOOP);
    assert_false(replace(folder, "../file", STR("x"), 0600, &err));
    assert_int_equal(err.number, EXDEV);
    assert_string_equal(test_folder_list(folder, "real"), "");
}

static void test_file_replace_takes_any_name_that_a_file_can_have(void **state)
{
    const struct test_folder *folder = *state;
    char name[256] = {0};
    memset(name, 'n', 255);
    assert_true(replace(folder, name, STR("x"), 0600, NULL));
    assert_string_equal(test_folder_read(folder, name), "x");
}

static void test_file_replace_that_fails_leaves_nothing(void **state)
{
    const struct test_folder *folder = *state;
    struct error err;
    test_folder_mkdir(folder, "taken");
    test_folder_write(folder, "taken/inside", "x");
    assert_false(replace(folder, "taken", STR("x"), 0600, &err));
    assert_int_equal(err.number, EISDIR);
    assert_string_equal(test_folder_list(folder, "."), "taken ");
    assert_false(replace(folder, "absent/file", STR("x"), 0600, &err));
    assert_int_equal(err.number, ENOENT);
}

/* A full disk, played by a limit on the size of files, in a child of its own. */
static void test_file_replace_keeps_the_old_content_when_the_disk_is_full(void **state)
{
    const struct test_folder *folder = *state;
    test_folder_write(folder, "file", "old");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct error err = {0};
        (void)signal(SIGXFSZ, SIG_IGN); /* write then fails with EFBIG */
        bool is_limited = setrlimit(RLIMIT_FSIZE, &(struct rlimit){2, 2}) == 0;
        bool is_done = replace(folder, "file", STR("new content"), 0600, &err);
        _exit(is_limited && !is_done && err.number == EFBIG ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_string_equal(test_folder_read(folder, "file"), "old");
    assert_string_equal(test_folder_list(folder, "."), "file ");
}

static void test_file_replace_sets_the_owner(void **state)
{
    const struct test_folder *folder = *state;
    struct file_owner owner = {12345, 54321};
    if (geteuid() != 0) {
        skip();
    }
    assert_true(file_replace(folder->fd, "file", STR("x"), 04755, owner, FILE_SYNC_LATER, NULL));
    struct stat status;
    assert_int_equal(fstatat(folder->fd, "file", &status, 0), 0);
    assert_int_equal(status.st_uid, 12345);
    assert_int_equal(status.st_gid, 54321);
    assert_int_equal(status.st_mode, S_IFREG | 04755);
}

static void test_file_replace_link_switches_the_target(void **state)
{
    const struct test_folder *folder = *state;
    assert_true(file_replace_link(folder->fd, "current", "generations/1", FILE_SYNC_NOW, NULL));
    assert_string_equal(test_folder_read(folder, "current"), "generations/1");
    assert_true(file_replace_link(folder->fd, "current", "generations/2", FILE_SYNC_NOW, NULL));
    assert_string_equal(test_folder_read(folder, "current"), "generations/2");
    assert_string_equal(test_folder_list(folder, "."), "current ");
}

static void test_file_make_directories_makes_what_is_missing(void **state)
{
    const struct test_folder *folder = *state;
    test_folder_mkdir(folder, "a");
    assert_int_equal(fchmodat(folder->fd, "a", 0711, 0), 0);
    mode_t before = umask(0077);
    bool is_done = file_make_directories(folder->fd, "a/b/./c/", 0750, NULL);
    (void)umask(before);
    assert_true(is_done);
    assert_int_equal(test_folder_mode(folder, "a"), S_IFDIR | 0711);
    assert_int_equal(test_folder_mode(folder, "a/b"), S_IFDIR | 0750);
    assert_int_equal(test_folder_mode(folder, "a/b/c"), S_IFDIR | 0750);
    assert_true(file_make_directories(folder->fd, "a/b/c", 0700, NULL));
    assert_int_equal(test_folder_mode(folder, "a/b/c"), S_IFDIR | 0750);
    assert_true(file_make_directories(folder->fd, ".", 0700, NULL));
}

static void test_file_make_directories_stays_beneath(void **state)
{
    const struct test_folder *folder = *state;
    struct error err;
    test_folder_mkdir(folder, "real");
    test_folder_link(folder, "link", "real");
    test_folder_write(folder, "file", "x");
    assert_false(file_make_directories(folder->fd, "link/x", 0700, &err));
    assert_string_equal(test_folder_list(folder, "real"), "");
    assert_false(file_make_directories(folder->fd, "real/../../x", 0700, &err));
    assert_int_equal(err.number, EXDEV);
    assert_false(file_make_directories(folder->fd, "/absolute", 0700, &err));
    assert_int_equal(err.number, EXDEV);
    assert_false(file_make_directories(folder->fd, "file/x", 0700, &err));
    assert_int_equal(err.number, ENOTDIR);
}

static void test_file_make_directories_takes_the_users_own_paths(void **state)
{
    const struct test_folder *folder = *state;
    test_folder_mkdir(folder, "real");
    test_folder_link(folder, "link", "real");
    const char *path = arena_printf(folder->arena, "%s/link/made", folder->path);
    assert_true(file_make_directories(AT_FDCWD, path, 0700, NULL));
    assert_true(test_folder_exists(folder, "real/made"));
}

static void test_file_sync_reaches_the_disk_or_says_so(void **state)
{
    const struct test_folder *folder = *state;
    struct error err;
    test_folder_write(folder, "file", "x");
    assert_true(file_sync_parent(folder->fd, "file", &err));
    assert_true(file_sync_all(folder->fd, &err));
    assert_false(file_sync_parent(folder->fd, "absent/file", &err));
    assert_int_equal(err.number, ENOENT);
    assert_false(file_sync_all(-1, &err));
}

#define WITH_FOLDER(test)                                                                          \
    cmocka_unit_test_setup_teardown(test, test_folder_setup, test_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_file_replace_creates_and_replaces),
        WITH_FOLDER(test_file_replace_gives_the_mode_whatever_the_umask),
        WITH_FOLDER(test_file_replace_leaves_the_other_names_of_a_file_alone),
        WITH_FOLDER(test_file_replace_replaces_a_link_itself),
        WITH_FOLDER(test_file_replace_follows_no_link_on_the_way),
        WITH_FOLDER(test_file_replace_takes_any_name_that_a_file_can_have),
        WITH_FOLDER(test_file_replace_that_fails_leaves_nothing),
        WITH_FOLDER(test_file_replace_keeps_the_old_content_when_the_disk_is_full),
        WITH_FOLDER(test_file_replace_sets_the_owner),
        WITH_FOLDER(test_file_replace_link_switches_the_target),
        WITH_FOLDER(test_file_make_directories_makes_what_is_missing),
        WITH_FOLDER(test_file_make_directories_stays_beneath),
        WITH_FOLDER(test_file_make_directories_takes_the_users_own_paths),
        WITH_FOLDER(test_file_sync_reaches_the_disk_or_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
