/* A folder of its own for one test: cmocka setup and teardown, and short ways to fill and question
 * it. Every call fails the running test when it does not succeed. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"

struct test_folder {
    int fd;
    const char *path;
    struct arena *arena; /* for whatever the test needs */
};

/* *state becomes a struct test_folder *. */
int test_folder_setup(void **state);
int test_folder_teardown(void **state);

void test_folder_write(const struct test_folder *folder, const char *path, const char *content);
void test_folder_mkdir(const struct test_folder *folder, const char *path);
void test_folder_link(const struct test_folder *folder, const char *path, const char *target);
/* The content of a file, or the target of a link; NULL when it does not exist. */
const char *test_folder_read(const struct test_folder *folder, const char *path);
bool test_folder_exists(const struct test_folder *folder, const char *path);
/* Type and permission bits. */
mode_t test_folder_mode(const struct test_folder *folder, const char *path);
/* Names in a directory, sorted, each followed by a space. */
const char *test_folder_list(const struct test_folder *folder, const char *path);
