/* A temporary folder per test. Uses plain calls, not base/file, which is itself under test. */

#include "support/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/text.h"

int test_folder_setup(void **state)
{
    struct arena *arena = arena_create();
    const char *parent = getenv("TMPDIR");
    char *path = arena_printf(arena, "%s/reconcile-test-XXXXXX", parent != NULL ? parent : "/tmp");
    assert_non_null(mkdtemp(path));
    struct test_folder *folder = arena_new(arena, struct test_folder);
    folder->arena = arena;
    folder->path = path;
    folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder->fd >= 0);
    *state = folder;
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where; /* depth first: a directory is empty when it is met */
    return remove(path);
}

int test_folder_teardown(void **state)
{
    struct test_folder *folder = *state;
    int result = nftw(folder->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    (void)close(folder->fd); /* reading only */
    arena_destroy(folder->arena);
    return result;
}

void test_folder_write(const struct test_folder *folder, const char *path, const char *content)
{
    int fd = openat(folder->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    assert_int_equal(close(fd), 0);
}

void test_folder_mkdir(const struct test_folder *folder, const char *path)
{
    assert_int_equal(mkdirat(folder->fd, path, 0755), 0);
}

void test_folder_link(const struct test_folder *folder, const char *path, const char *target)
{
    assert_int_equal(symlinkat(target, folder->fd, path), 0);
}

const char *test_folder_read(const struct test_folder *folder, const char *path)
{
    struct stat status;
    if (fstatat(folder->fd, path, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return NULL;
    }
    size_t size = (size_t)status.st_size;
    char *content = arena_alloc(folder->arena, size + 1);
    if (S_ISLNK(status.st_mode)) {
        assert_int_equal(readlinkat(folder->fd, path, content, size), size);
        return content;
    }
    AUTO_FD fd = openat(folder->fd, path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, content, size), size);
    return content;
}

bool test_folder_exists(const struct test_folder *folder, const char *path)
{
    struct stat status;
    return fstatat(folder->fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

mode_t test_folder_mode(const struct test_folder *folder, const char *path)
{
    struct stat status;
    assert_int_equal(fstatat(folder->fd, path, &status, AT_SYMLINK_NOFOLLOW), 0);
    return status.st_mode;
}

const char *test_folder_list(const struct test_folder *folder, const char *path)
{
    struct dirent **entries = NULL;
    int count = scandirat(folder->fd, path, &entries, NULL, alphasort);
    assert_true(count >= 0);
    struct text names = text_make(folder->arena);
    for (int i = 0; i < count; i++) {
        if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0) {
            text_addf(&names, "%s ", entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    return names.data;
}
