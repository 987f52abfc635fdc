/* What a program sees in a private view, as told by small programs that run in one. */

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
#include <unistd.h>

#include <cmocka.h>

#include "support/folder.h"

static struct view *make(const struct test_folder *folder)
{
    return view_make(folder->arena, STR("the pair\n"));
}

static const char *path_of(const struct test_folder *folder, const char *name)
{
    return arena_printf(folder->arena, "%s/%s", folder->path, name);
}

/* The program's status; what it printed is in *out_output. */
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
        .prepare = view_enter,
        .prepare_context = view,
    };
    assert_true(view_open(view, &err));
    if (!process_run(&options, folder->arena, &result, &err)) {
        fail_msg("%s", err.message);
    }
    const struct view_report report = *view_report(view);
    view_close(view);
    if (report.step != NULL) {
        fail_msg("%s %s: errno %d", report.step, report.path, report.number);
    }
    *out_output = arena_printf(folder->arena, "%s%s", result.output.data, result.errors.data);
    return result.status;
}
#define RUN(...) run(folder, view, (const char *const[]){__VA_ARGS__, NULL}, &output)

static void test_view_shows_what_is_placed_over_what_is_there(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    const char *output = NULL;
    test_folder_write(folder, "a", "real\n");
    view_file(view, path_of(folder, "a"), STR("placed\n"));
    view_file(view, path_of(folder, "a"), STR("too late\n"));
    assert_int_equal(RUN("cat", path_of(folder, "a")), 0);
    assert_string_equal(output, "placed\n");
    assert_string_equal(test_folder_read(folder, "a"), "real\n");
}

static void test_view_makes_what_is_not_there(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    const char *output = NULL;
    test_folder_write(folder, "beside", "real\n");
    test_folder_link(folder, "link", "beside");
    test_folder_mkdir(folder, "directory");
    test_folder_write(folder, "directory/inside", "deep\n");
    view_file(view, path_of(folder, "new/deep/a"), STR("placed\n"));
    view_pair(view, path_of(folder, "new/deep/b"));
    assert_int_equal(RUN("cat", path_of(folder, "new/deep/a"), path_of(folder, "new/deep/b"),
                         path_of(folder, "link"), path_of(folder, "directory/inside")),
                     0);
    assert_string_equal(output, "placed\nthe pair\nreal\ndeep\n");
    assert_string_equal(test_folder_list(folder, "."), "beside directory link ");
}

static void test_view_binds_a_directory_to_another_path(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    const char *output = NULL;
    test_folder_mkdir(folder, "source");
    test_folder_write(folder, "source/a", "from the source\n");
    test_folder_link(folder, "dangling", "/nowhere");
    view_bind(view, path_of(folder, "dangling"), path_of(folder, "source"));
    view_bind(view, "/etc/of-a-test", path_of(folder, "source"));
    assert_int_equal(RUN("cat", path_of(folder, "dangling/a"), "/etc/of-a-test/a"), 0);
    assert_string_equal(output, "from the source\nfrom the source\n");
    assert_int_not_equal(access("/etc/of-a-test", F_OK), 0);
}

static void test_view_source_may_lie_in_what_is_hidden(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    const char *output = NULL;
    test_folder_mkdir(folder, "source");
    test_folder_write(folder, "source/a", "seen\n");
    view_empty(view, folder->path);
    view_bind(view, "/etc/of-a-test", path_of(folder, "source"));
    assert_int_equal(RUN("ls", folder->path), 0);
    assert_string_equal(output, "");
    assert_int_equal(RUN("cat", "/etc/of-a-test/a"), 0);
    assert_string_equal(output, "seen\n");
}

static void test_view_lets_nothing_of_the_machine_be_written(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    const char *output = NULL;
    test_folder_write(folder, "a", "real\n");
    assert_int_not_equal(RUN("cp", "/dev/null", path_of(folder, "a")), 0);
    assert_non_null(strstr(output, "Read-only file system"));
    assert_int_not_equal(RUN("touch", path_of(folder, "new")), 0);
    assert_int_not_equal(RUN("cp", "/dev/null", "/proc/sys/kernel/core_pattern"), 0);
    assert_int_not_equal(RUN("mount", "-o", "remount,bind,rw", "/"), 0);
    assert_int_not_equal(RUN("umount", "/run"), 0);
    assert_string_equal(test_folder_read(folder, "a"), "real\n");
    assert_string_equal(test_folder_list(folder, "."), "a ");
}

static void test_view_lets_empty_directories_be_written(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    const char *output = NULL;
    test_folder_mkdir(folder, "log");
    view_empty(view, path_of(folder, "log"));
    assert_int_equal(RUN("mkdir", path_of(folder, "log/a"), "/run/a", "/dev/shm/a"), 0);
    assert_string_equal(test_folder_list(folder, "log"), "");
    assert_int_not_equal(access("/run/a", F_OK), 0);
}

static void test_view_has_devices_that_do_no_harm(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    const char *output = NULL;
    assert_int_equal(RUN("head", "-c", "4", "/dev/urandom"), 0);
    assert_int_equal(RUN("cp", "/dev/null", "/dev/stdout"), 0);
    assert_int_equal(RUN("ls", "/dev"), 0);
    assert_string_equal(output,
                        "fd\nfull\nnull\nrandom\nshm\nstderr\nstdin\nstdout\nurandom\nzero\n");
}

static void test_view_has_no_other_processes_and_nobody_to_reach(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    const char *output = NULL;
    assert_int_not_equal(RUN("kill", "-0", arena_printf(folder->arena, "%d", (int)getpid())), 0);
    assert_int_equal(RUN("cat", "/proc/net/dev"), 0);
    assert_null(strstr(output, "eth"));
    assert_non_null(strstr(output, "lo:"));
}

static void test_view_keeps_status_and_tells_signals(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    const char *output = NULL;
    assert_int_equal(RUN("false"), 1);
    assert_int_equal(RUN("timeout", "-s", "KILL", "0.1", "sleep", "9"), 128 + 9);
}

static void test_view_says_what_it_cannot_place(void **state)
{
    struct test_folder *folder = *state;
    struct view *view = make(folder);
    struct error err;
    struct process_result result;
    const struct process_options options = {
        .argv = (const char *const[]){"true", NULL},
        .timeout_ms = 10000,
        .output_limit = 65536,
        .directory = AT_FDCWD,
        .prepare = view_enter,
        .prepare_context = view,
    };
    view_bind(view, "/etc/of-a-test", path_of(folder, "nowhere"));
    assert_true(view_open(view, &err));
    assert_true(process_run(&options, folder->arena, &result, &err));
    assert_int_not_equal(result.status, 0);
    assert_string_equal(view_report(view)->step, "open");
    assert_string_equal(view_report(view)->path, path_of(folder, "nowhere"));
    assert_int_equal(view_report(view)->number, ENOENT);
    view_close(view);
}

static void test_view_ends_with_its_time(void **state)
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
        .prepare = view_enter,
        .prepare_context = view,
    };
    assert_true(view_open(view, &err));
    assert_false(process_run(&options, folder->arena, &result, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    view_close(view);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, test_folder_setup, test_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_view_shows_what_is_placed_over_what_is_there),
        TEST(test_view_makes_what_is_not_there),
        TEST(test_view_binds_a_directory_to_another_path),
        TEST(test_view_source_may_lie_in_what_is_hidden),
        TEST(test_view_lets_nothing_of_the_machine_be_written),
        TEST(test_view_lets_empty_directories_be_written),
        TEST(test_view_has_devices_that_do_no_harm),
        TEST(test_view_has_no_other_processes_and_nobody_to_reach),
        TEST(test_view_keeps_status_and_tells_signals),
        TEST(test_view_says_what_it_cannot_place),
        TEST(test_view_ends_with_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
