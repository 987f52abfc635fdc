/* Staging: nothing is left behind by a run that was cut off, wherever it wrote. */

#include "provider/sandbox.h"

#include <sys/wait.h>

#include "providers/staging.h"

#define STATE "var/lib/reconcile"

static void test_staging_clean_removes_what_a_killed_run_left(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, "etc/a");
    sandbox_mkdirs(sandbox, "etc/b/.sub.ABCDEF.reconcile");
    static const char *const directories[] = {"/etc/a", "/etc/b", "/gone", ""};
    struct error err;
    assert_true(staging_begin(&sandbox->host, directories, 4, sandbox->arena, &err));
    test_folder_write(sandbox->folder, "etc/a/.x.ABCDEF.reconcile", "x");
    test_folder_write(sandbox->folder, "etc/a/x", "x");
    test_folder_write(sandbox->folder, ".top.ABCDEF.reconcile", "x");
    test_folder_write(sandbox->folder, STATE "/.ledger.ABCDEF.reconcile", "x");
    test_folder_link(sandbox->folder, "etc/b/.y.ABCDEF.reconcile", "/etc/passwd");
    test_folder_write(sandbox->folder, "etc/b/.sub.ABCDEF.reconcile/z", "x");
    assert_true(staging_clean(&sandbox->host, sandbox->arena, &err));
    assert_string_equal(test_folder_list(sandbox->folder, "etc/a"), "x ");
    assert_string_equal(test_folder_list(sandbox->folder, "etc/b"), "");
    assert_string_equal(test_folder_list(sandbox->folder, "."), "etc var ");
    assert_string_equal(test_folder_list(sandbox->folder, STATE), "");
}

static void test_staging_clean_has_nothing_to_do_on_a_new_host(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err;
    assert_true(staging_clean(&sandbox->host, sandbox->arena, &err));
    assert_string_equal(test_folder_list(sandbox->folder, "."), "");
}

static void test_staging_begin_cleans_up_after_an_earlier_one(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, "etc/a");
    static const char *const first[] = {"/etc/a"};
    static const char *const second[] = {"/var"};
    assert_true(staging_begin(&sandbox->host, first, 1, sandbox->arena, NULL));
    test_folder_write(sandbox->folder, "etc/a/.x.ABCDEF.reconcile", "x");
    assert_true(staging_begin(&sandbox->host, second, 1, sandbox->arena, NULL));
    assert_string_equal(test_folder_list(sandbox->folder, "etc/a"), "");
    staging_end(&sandbox->host);
    assert_string_equal(test_folder_list(sandbox->folder, STATE), "");
}

static void test_staging_follows_no_link_that_took_a_directory(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, "etc/b");
    static const char *const directories[] = {"/etc/a"};
    assert_true(staging_begin(&sandbox->host, directories, 1, sandbox->arena, NULL));
    test_folder_link(sandbox->folder, "etc/a", "b");
    test_folder_write(sandbox->folder, "etc/b/.x.ABCDEF.reconcile", "x");
    assert_true(staging_clean(&sandbox->host, sandbox->arena, NULL));
    assert_true(test_folder_exists(sandbox->folder, "etc/b/.x.ABCDEF.reconcile"));
}

static void test_staging_deletes_and_writes_in_one_go(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, "etc");
    test_folder_write(sandbox->folder, "etc/old", "x");
    struct staged_file files[] = {
        {.verb = STAGED_DELETE, .path = "/etc/old"},
        {.verb = STAGED_DELETE, .path = "/etc/never"},
        {.verb = STAGED_DELETE, .path = "/nowhere/never"},
        {.path = "/etc/new", .content = STR("y"), .mode = 0600, .owner = FILE_OWNER_NONE},
    };
    staging_apply(&sandbox->host, files, 4, sandbox->arena);
    for (size_t i = 0; i < 4; i++) {
        assert_false(files[i].has_failed);
    }
    assert_string_equal(test_folder_list(sandbox->folder, "etc"), "new ");
}

static void test_staging_without_a_place_for_its_journal_touches_nothing(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, "var", "a file");
    struct staged_file file = {
        .path = "/etc/new", .content = STR("y"), .mode = 0600, .owner = FILE_OWNER_NONE};
    staging_apply(&sandbox->host, &file, 1, sandbox->arena);
    assert_true(file.has_failed);
    assert_string_equal(test_folder_list(sandbox->folder, "."), "var ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SANDBOX_TEST(test_staging_clean_removes_what_a_killed_run_left),
        SANDBOX_TEST(test_staging_clean_has_nothing_to_do_on_a_new_host),
        SANDBOX_TEST(test_staging_begin_cleans_up_after_an_earlier_one),
        SANDBOX_TEST(test_staging_follows_no_link_that_took_a_directory),
        SANDBOX_TEST(test_staging_deletes_and_writes_in_one_go),
        SANDBOX_TEST(test_staging_without_a_place_for_its_journal_touches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
