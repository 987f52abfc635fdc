/* Removing: whole trees, but nothing that a link in them points at. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/file.h"
#include "support/folder.h"

static void test_file_remove_takes_files_links_and_trees(void **state)
{
    const struct test_folder *folder = *state;
    test_folder_write(folder, "file", "x");
    test_folder_link(folder, "link", "file");
    test_folder_mkdir(folder, "tree");
    test_folder_mkdir(folder, "tree/inner");
    test_folder_write(folder, "tree/inner/file", "x");
    test_folder_write(folder, "tree/.hidden", "x");
    assert_true(file_remove_all(folder->fd, "link", NULL));
    assert_string_equal(test_folder_list(folder, "."), "file tree ");
    assert_true(file_remove_all(folder->fd, "tree", NULL));
    assert_true(file_remove_all(folder->fd, "file", NULL));
    assert_string_equal(test_folder_list(folder, "."), "");
}

static void test_file_remove_of_nothing_is_success(void **state)
{
    const struct test_folder *folder = *state;
    test_folder_write(folder, "file", "x");
    assert_true(file_remove_all(folder->fd, "absent", NULL));
    assert_true(file_remove_all(folder->fd, "absent/inside", NULL));
    assert_true(file_remove_all(folder->fd, "file/inside", NULL));
    assert_true(test_folder_exists(folder, "file"));
}

static void test_file_remove_follows_no_link(void **state)
{
    const struct test_folder *folder = *state;
    struct error err;
    test_folder_mkdir(folder, "kept");
    test_folder_write(folder, "kept/file", "x");
    test_folder_mkdir(folder, "tree");
    test_folder_link(folder, "tree/link", "../kept");
    assert_true(file_remove_all(folder->fd, "tree", &err));
    assert_string_equal(test_folder_list(folder, "kept"), "file ");
    test_folder_link(folder, "link", "kept");
    assert_false(file_remove_all(folder->fd, "link/file", &err));
    assert_int_equal(err.number, ELOOP);
    assert_false(file_remove_all(folder->fd, "../kept", &err));
    assert_int_equal(err.number, EXDEV);
    assert_string_equal(test_folder_list(folder, "kept"), "file ");
}

static void test_file_remove_takes_many_files(void **state)
{
    const struct test_folder *folder = *state;
    test_folder_mkdir(folder, "many");
    for (int i = 0; i < 3000; i++) {
        test_folder_write(folder, arena_printf(folder->arena, "many/%d", i), "");
    }
    assert_true(file_remove_all(folder->fd, "many", NULL));
    assert_string_equal(test_folder_list(folder, "."), "");
}

static void test_file_remove_stops_at_absurd_depth(void **state)
{
    const struct test_folder *folder = *state;
    struct error err;
    const char *path = "d";
    for (int depth = 0; depth < 250; depth++) {
        test_folder_mkdir(folder, path);
        path = arena_printf(folder->arena, "%s/d", path);
    }
    assert_false(file_remove_all(folder->fd, "d", &err));
    assert_int_equal(err.number, EMFILE);
}

static void test_file_remove_temporary_takes_only_what_replacing_left(void **state)
{
    const struct test_folder *folder = *state;
    test_folder_write(folder, ".shop.conf.Ab3-_z.reconcile", "x");
    test_folder_write(folder, "shop.conf", "x");
    test_folder_write(folder, ".reconcile", "x");
    test_folder_write(folder, ".mine.reconcile", "x");
    assert_true(file_remove_temporary(folder->fd, ".", NULL));
    assert_string_equal(test_folder_list(folder, "."), ".mine.reconcile .reconcile shop.conf ");
}

static void test_file_name_is_temporary_knows_the_pattern(void **state)
{
    assert_true(file_name_is_temporary(".a.123456.reconcile"));
    assert_true(file_name_is_temporary(".shop.conf.Ab3-_z.reconcile"));
    assert_false(file_name_is_temporary("a.123456.reconcile"));
    assert_false(file_name_is_temporary(".123456.reconcile"));
    assert_false(file_name_is_temporary(".a.12345.reconcile"));
    assert_false(file_name_is_temporary(".a.123456.reconcil"));
    assert_false(file_name_is_temporary(""));
}

#define WITH_FOLDER(test)                                                                          \
    cmocka_unit_test_setup_teardown(test, test_folder_setup, test_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_file_remove_takes_files_links_and_trees),
        WITH_FOLDER(test_file_remove_of_nothing_is_success),
        WITH_FOLDER(test_file_remove_follows_no_link),
        WITH_FOLDER(test_file_remove_takes_many_files),
        WITH_FOLDER(test_file_remove_stops_at_absurd_depth),
        WITH_FOLDER(test_file_remove_temporary_takes_only_what_replacing_left),
        cmocka_unit_test(test_file_name_is_temporary_knows_the_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
