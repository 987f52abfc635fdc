/* The view without namespaces, as told by small programs that run under the supervisor. */

#include "base/process.h"
#include "providers/view.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/folder.h"

static const char *path_of(const struct test_folder *folder, const char *name)
{
    return arena_printf(folder->arena, "%s/%s", folder->path, name);
}

static int run(const struct test_folder *folder, struct view *view, const char *const *argv,
               const char **out_output)
{
    struct error err;
    struct process_result result;
    const struct process_options options = {
        .argv = argv,
        .timeout_ms = 10000,
        .output_limit = 65536,
        .directory = AT_FDCWD,
        .prepare = view_supervise,
        .prepare_context = view,
    };
    if (!view_open(view, &err) || !view_shadow(view, &err) ||
        !process_run(&options, folder->arena, &result, &err)) {
        fail_msg("%s", err.message);
    }
    const struct view_report report = *view_report(view);
    view_close(view);
    if (report.step != NULL) {
        fail_msg("%s: errno %d", report.step, report.number);
    }
    *out_output = arena_printf(folder->arena, "%s%s", result.output.data, result.errors.data);
    return result.status;
}
#define RUN(...) run(folder, view, (const char *const[]){__VA_ARGS__, NULL}, &output)

static struct view *make(const struct test_folder *folder)
{
    return view_make(folder->arena, STR("the pair\n"));
}

static void test_view_supervised_shows_what_is_placed(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    const char *output = NULL;
    test_folder_write(folder, "a", "real\n");
    test_folder_mkdir(folder, "source");
    test_folder_write(folder, "source/c", "from the source\n");
    view_file(view, path_of(folder, "a"), STR("placed\n"));
    view_pair(view, path_of(folder, "new/b"));
    view_bind(view, path_of(folder, "bound"), path_of(folder, "source"));
    assert_int_equal(RUN("cat", path_of(folder, "a"), path_of(folder, "new/b"),
                         path_of(folder, "bound//./c"), path_of(folder, "source/c")),
                     0);
    assert_string_equal(output, "placed\nthe pair\nfrom the source\nfrom the source\n");
    assert_string_equal(test_folder_read(folder, "a"), "real\n");
    assert_string_equal(test_folder_list(folder, "."), "a source ");
}

static void test_view_supervised_listings_show_it_too(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    const char *output = NULL;
    test_folder_write(folder, "a", "real\n");
    view_file(view, path_of(folder, "b"), STR("placed\n"));
    assert_int_equal(RUN("ls", folder->path), 0);
    assert_string_equal(output, "a\nb\n");
    assert_int_equal(RUN("cat", path_of(folder, "a"), path_of(folder, "b")), 0);
    assert_string_equal(output, "real\nplaced\n");
    view_empty(view, folder->path);
    assert_int_equal(RUN("ls", folder->path), 0);
    assert_string_equal(output, "b\n");
}

static void test_view_supervised_lets_nothing_of_the_machine_be_written(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    const char *output = NULL;
    test_folder_write(folder, "a", "real\n");
    assert_int_not_equal(RUN("cp", "/dev/null", path_of(folder, "a")), 0);
    assert_non_null(strstr(output, "Read-only file system"));
    assert_int_not_equal(RUN("touch", path_of(folder, "new")), 0);
    assert_int_not_equal(RUN("mkdir", path_of(folder, "new")), 0);
    assert_int_not_equal(RUN("rm", "-f", path_of(folder, "a")), 0);
    assert_int_not_equal(RUN("mv", path_of(folder, "a"), path_of(folder, "b")), 0);
    assert_int_not_equal(RUN("ln", path_of(folder, "a"), path_of(folder, "b")), 0);
    assert_int_not_equal(RUN("ln", "-s", path_of(folder, "a"), path_of(folder, "b")), 0);
    assert_int_not_equal(RUN("truncate", "-s", "0", path_of(folder, "a")), 0);
    (void)RUN("chmod", "000", path_of(folder, "a"));
    assert_int_equal(test_folder_mode(folder, "a") & 07777, 0644);
    assert_string_equal(test_folder_read(folder, "a"), "real\n");
    assert_string_equal(test_folder_list(folder, "."), "a ");
}

static void test_view_supervised_lets_empty_directories_be_written(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    const char *output = NULL;
    test_folder_mkdir(folder, "log");
    view_empty(view, path_of(folder, "log"));
    assert_int_equal(RUN("mkdir", path_of(folder, "log/a"), "/run/of-a-test"), 0);
    assert_int_equal(RUN("cp", "/dev/null", path_of(folder, "log/b")), 0);
    assert_string_equal(test_folder_list(folder, "log"), "");
    assert_int_not_equal(access("/run/of-a-test", F_OK), 0);
}

static void test_view_supervised_harms_nobody(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    const char *output = NULL;
    assert_int_not_equal(RUN("/bin/kill", "-0", arena_printf(folder->arena, "%d", (int)getpid())),
                         0);
    assert_int_equal(RUN("cp", "/dev/null", "/dev/stdout"), 0);
}

static void test_view_supervised_keeps_status_and_leaves_no_folder(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    const char *output = NULL;
    test_folder_mkdir(folder, "tmp");
    assert_int_equal(setenv("TMPDIR", path_of(folder, "tmp"), 1), 0);
    assert_int_equal(RUN("false"), 1);
    assert_int_equal(unsetenv("TMPDIR"), 0);
    assert_string_equal(test_folder_list(folder, "tmp"), "");
}

static void test_view_supervised_ends_with_its_time(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    struct error err;
    struct process_result result;
    const struct process_options options = {
        .argv = (const char *const[]){"sleep", "60", NULL},
        .timeout_ms = 300,
        .output_limit = 65536,
        .directory = AT_FDCWD,
        .prepare = view_supervise,
        .prepare_context = view,
    };
    assert_true(view_open(view, &err));
    assert_true(view_shadow(view, &err));
    assert_false(process_run(&options, folder->arena, &result, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    view_close(view);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, test_folder_setup, test_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_view_supervised_shows_what_is_placed),
        TEST(test_view_supervised_listings_show_it_too),
        TEST(test_view_supervised_lets_nothing_of_the_machine_be_written),
        TEST(test_view_supervised_lets_empty_directories_be_written),
        TEST(test_view_supervised_harms_nobody),
        TEST(test_view_supervised_keeps_status_and_leaves_no_folder),
        TEST(test_view_supervised_ends_with_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
