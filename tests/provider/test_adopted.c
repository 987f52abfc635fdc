/* What we take over is kept as it was, and never overwritten by a later copy. */

#include "provider/sandbox.h"

#include "providers/adopted.h"

#define KEPT "var/lib/reconcile/adopted"

static const char *keep(struct sandbox *sandbox, const char *path)
{
    const char *kept = "?";
    struct error err;
    if (!adopted_keep(&sandbox->host, path, sandbox->arena, &kept, &err)) {
        fail_msg("%s", err.message);
    }
    return kept;
}

static void test_adopted_file_is_kept_with_its_mode(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, "etc/app");
    test_folder_write(sandbox->folder, "etc/app/conf", "by hand");
    assert_int_equal(fchmodat(sandbox->host.root, "etc/app/conf", 0604, 0), 0);
    assert_string_equal(keep(sandbox, "/etc/app/conf"), "/" KEPT "/etc/app/conf");
    assert_string_equal(test_folder_read(sandbox->folder, KEPT "/etc/app/conf"), "by hand");
    assert_int_equal(test_folder_mode(sandbox->folder, KEPT "/etc/app/conf"), S_IFREG | 0604);
    assert_int_equal(test_folder_mode(sandbox->folder, KEPT), S_IFDIR | 0700);
}

static void test_adopted_first_content_is_never_overwritten(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, "a", "first");
    (void)keep(sandbox, "/a");
    test_folder_write(sandbox->folder, "a", "second");
    assert_string_equal(keep(sandbox, "/a"), "/" KEPT "/a.2");
    (void)keep(sandbox, "/a");
    assert_string_equal(test_folder_list(sandbox->folder, KEPT), "a a.2 a.3 ");
    assert_string_equal(test_folder_read(sandbox->folder, KEPT "/a"), "first");
}

static void test_adopted_link_is_kept_as_a_link(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_link(sandbox->folder, "link", "/etc/shadow");
    (void)keep(sandbox, "/link");
    assert_int_equal(test_folder_mode(sandbox->folder, KEPT "/link") & S_IFMT, S_IFLNK);
    assert_string_equal(test_folder_read(sandbox->folder, KEPT "/link"), "/etc/shadow");
}

static void test_adopted_nothing_and_directories_leave_no_copy(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, "etc/app");
    assert_null(keep(sandbox, "/etc/none"));
    assert_null(keep(sandbox, "/none/none"));
    assert_null(keep(sandbox, "/etc/app"));
    assert_false(test_folder_exists(sandbox->folder, KEPT));
    assert_true(adopted_keep(&sandbox->host, "/etc/app", sandbox->arena, NULL, NULL));
}

static void test_adopted_path_through_a_link_is_refused(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    test_folder_link(sandbox->folder, "etc", "/etc");
    assert_false(adopted_keep(&sandbox->host, "/etc/passwd", sandbox->arena, NULL, &err));
    assert_false(adopted_keep(&sandbox->host, "/../x", sandbox->arena, NULL, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SANDBOX_TEST(test_adopted_file_is_kept_with_its_mode),
        SANDBOX_TEST(test_adopted_first_content_is_never_overwritten),
        SANDBOX_TEST(test_adopted_link_is_kept_as_a_link),
        SANDBOX_TEST(test_adopted_nothing_and_directories_leave_no_copy),
        SANDBOX_TEST(test_adopted_path_through_a_link_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
