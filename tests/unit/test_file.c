/* Opening and reading: nothing leaves the folder, nothing but regular files, never too much. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "support/folder.h"

static int errno_of_open(const struct test_folder *folder, const char *path)
{
    struct error err = {0};
    AUTO_FD fd = file_open_beneath(folder->fd, path, O_RDONLY, 0, &err);
    return fd >= 0 ? 0 : err.number;
}

static void test_file_open_stays_beneath_and_follows_no_link(void **state)
{
    const struct test_folder *folder = *state;
    test_folder_mkdir(folder, "real");
    test_folder_write(folder, "real/file", "x");
    test_folder_link(folder, "link", "real");
    test_folder_link(folder, "real/alias", "file");
    assert_int_equal(errno_of_open(folder, "real/file"), 0);
    assert_int_equal(errno_of_open(folder, "real/../real/file"), 0);
    assert_int_equal(errno_of_open(folder, "link/file"), ELOOP);
    assert_int_equal(errno_of_open(folder, "real/alias"), ELOOP);
    assert_int_equal(errno_of_open(folder, "../x"), EXDEV);
    assert_int_equal(errno_of_open(folder, "real/../../x"), EXDEV);
    assert_int_equal(errno_of_open(folder, "/etc/passwd"), EXDEV);
    assert_int_equal(errno_of_open(folder, "absent"), ENOENT);
}

static void test_file_open_says_what_is_wrong(void **state)
{
    const struct test_folder *folder = *state;
    struct error err;
    test_folder_link(folder, "link", "absent");
    assert_int_equal(file_open_beneath(folder->fd, "link", O_RDONLY, 0, &err), -1);
    assert_string_equal(err.message, "open link: a symbolic link is in the way");
    assert_int_equal(file_open_beneath(folder->fd, "../x", O_RDONLY, 0, &err), -1);
    assert_string_equal(err.message, "open ../x: leads out of its folder");
}

static void test_file_open_is_close_on_exec(void **state)
{
    const struct test_folder *folder = *state;
    AUTO_FD fd = file_open_beneath(folder->fd, "new", O_WRONLY | O_CREAT | O_EXCL, 0600, NULL);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static void test_file_open_parent_gives_the_last_name(void **state)
{
    const struct test_folder *folder = *state;
    const char *name = NULL;
    struct error err;
    test_folder_mkdir(folder, "a");
    AUTO_FD inner = file_open_parent(folder->fd, "a/b", &name, &err);
    assert_true(inner >= 0);
    assert_string_equal(name, "b");
    AUTO_FD self = file_open_parent(folder->fd, "a", &name, &err);
    assert_true(self >= 0);
    assert_string_equal(name, "a");
    AUTO_FD root = file_open_parent(AT_FDCWD, "/x", &name, &err);
    assert_true(root >= 0);
    assert_string_equal(name, "x");
    static const char *const nameless[] = {"", "a/", "a/.", "..", "a/.."};
    for (size_t i = 0; i < sizeof(nameless) / sizeof(nameless[0]); i++) {
        assert_int_equal(file_open_parent(folder->fd, nameless[i], &name, &err), -1);
        assert_int_equal(err.code, ERROR_FORMAT);
    }
}

static void test_file_read_gives_content_and_a_nul(void **state)
{
    const struct test_folder *folder = *state;
    struct str content;
    test_folder_write(folder, "file", "some text\n");
    assert_true(file_read(folder->fd, "file", 100, folder->arena, &content, NULL));
    assert_int_equal(content.length, 10);
    assert_string_equal(content.data, "some text\n");
    test_folder_write(folder, "empty", "");
    assert_true(file_read(folder->fd, "empty", 0, folder->arena, &content, NULL));
    assert_int_equal(content.length, 0);
    assert_string_equal(content.data, "");
}

static void test_file_read_knows_its_limit(void **state)
{
    const struct test_folder *folder = *state;
    struct str content = STR("before");
    struct error err;
    test_folder_write(folder, "file", "12345");
    assert_true(file_read(folder->fd, "file", 5, folder->arena, &content, &err));
    content = STR("before");
    assert_false(file_read(folder->fd, "file", 4, folder->arena, &content, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_string_equal(err.message, "file is larger than 4 bytes");
    assert_string_equal(content.data, "before");
}

static void test_file_read_takes_files_that_do_not_tell_their_size(void **state)
{
    const struct test_folder *folder = *state;
    struct str content;
    struct error err;
    assert_true(file_read(AT_FDCWD, "/proc/self/maps", 1 << 20, folder->arena, &content, &err));
    assert_true(content.length > 100);
    assert_false(file_read(AT_FDCWD, "/proc/self/maps", 100, folder->arena, &content, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
}

static void test_file_read_refuses_what_is_not_a_file(void **state)
{
    const struct test_folder *folder = *state;
    struct str content;
    struct error err;
    test_folder_mkdir(folder, "directory");
    assert_false(file_read(folder->fd, "directory", 100, folder->arena, &content, &err));
    assert_int_equal(err.code, ERROR_FORMAT);
    assert_int_equal(mkfifoat(folder->fd, "fifo", 0600), 0);
    assert_false(file_read(folder->fd, "fifo", 100, folder->arena, &content, &err));
    assert_int_equal(err.code, ERROR_FORMAT);
    assert_string_equal(err.message, "fifo is not a regular file");
    test_folder_write(folder, "file", "x");
    test_folder_link(folder, "link", "file");
    assert_false(file_read(folder->fd, "link", 100, folder->arena, &content, &err));
    assert_int_equal(err.number, ELOOP);
    assert_false(file_read(folder->fd, "absent", 100, folder->arena, &content, &err));
    assert_int_equal(err.number, ENOENT);
}

static void test_file_read_gives_large_files_in_full(void **state)
{
    const struct test_folder *folder = *state;
    enum { SIZE = 300000 };
    char *big = arena_alloc(folder->arena, SIZE + 1);
    for (size_t i = 0; i < SIZE; i++) {
        big[i] = (char)('a' + i % 26);
    }
    test_folder_write(folder, "big", big);
    struct str content;
    assert_true(file_read(folder->fd, "big", SIZE, folder->arena, &content, NULL));
    assert_int_equal(content.length, SIZE);
    assert_memory_equal(content.data, big, SIZE);
}

static struct file_fingerprint fingerprint(const struct test_folder *folder, const char *path)
{
    struct stat status;
    assert_int_equal(fstatat(folder->fd, path, &status, AT_SYMLINK_NOFOLLOW), 0);
    return file_fingerprint_of(&status);
}

static void test_file_fingerprint_tells_changes(void **state)
{
    const struct test_folder *folder = *state;
    test_folder_write(folder, "file", "x");
    struct file_fingerprint first = fingerprint(folder, "file");
    struct file_fingerprint same = fingerprint(folder, "file");
    assert_true(file_fingerprint_equal(&first, &same));
    assert_int_equal(fchmodat(folder->fd, "file", 0600, 0), 0);
    struct file_fingerprint mode = fingerprint(folder, "file");
    assert_false(file_fingerprint_equal(&first, &mode));
    assert_int_equal(first.size, 1);
    assert_true(S_ISREG(first.mode));
}

static void test_file_fingerprint_settles_after_the_clock_tick(void **state)
{
    struct file_fingerprint seen = {.ctime_ns = 5000000000};
    assert_false(file_fingerprint_is_settled(&seen, 5000000000));
    assert_false(file_fingerprint_is_settled(&seen, 5010000000));
    assert_true(file_fingerprint_is_settled(&seen, 5010000001));
    assert_false(file_fingerprint_is_settled(&seen, 4000000000)); /* the clock was set back */
}

static void test_file_clock_is_the_one_of_time_stamps(void **state)
{
    const struct test_folder *folder = *state;
    int64_t before = file_clock_coarse_ns();
    test_folder_write(folder, "file", "x");
    struct file_fingerprint seen = fingerprint(folder, "file");
    assert_true(seen.ctime_ns >= before);
    assert_true(seen.ctime_ns - before < INT64_C(60000000000));
}

#define WITH_FOLDER(test)                                                                          \
    cmocka_unit_test_setup_teardown(test, test_folder_setup, test_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_file_open_stays_beneath_and_follows_no_link),
        WITH_FOLDER(test_file_open_says_what_is_wrong),
        WITH_FOLDER(test_file_open_is_close_on_exec),
        WITH_FOLDER(test_file_open_parent_gives_the_last_name),
        WITH_FOLDER(test_file_read_gives_content_and_a_nul),
        WITH_FOLDER(test_file_read_knows_its_limit),
        WITH_FOLDER(test_file_read_takes_files_that_do_not_tell_their_size),
        WITH_FOLDER(test_file_read_refuses_what_is_not_a_file),
        WITH_FOLDER(test_file_read_gives_large_files_in_full),
        WITH_FOLDER(test_file_fingerprint_tells_changes),
        cmocka_unit_test(test_file_fingerprint_settles_after_the_clock_tick),
        WITH_FOLDER(test_file_clock_is_the_one_of_time_stamps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
