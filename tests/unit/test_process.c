/* Running programs: what they say, how they end, and that they do end. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "support/folder.h"

#define SHELL(script) ((const char *const[]){"/bin/sh", "-c", (script), NULL})

static struct process_options options_of(const char *const *argv)
{
    return (struct process_options){.argv = argv, .timeout_ms = 20000, .output_limit = 100000};
}

static struct process_result run(const struct test_folder *folder, const char *const *argv)
{
    struct process_options options = options_of(argv);
    struct process_result result = {.status = -1};
    struct error err = {0};
    if (!process_run(&options, folder->arena, &result, &err)) {
        fail_msg("%s", err.message);
    }
    return result;
}

static void test_process_collects_both_streams_and_the_status(void **state)
{
    struct process_result result = run(*state, SHELL("echo out; echo err >&2; exit 7"));
    assert_int_equal(result.status, 7);
    assert_string_equal(result.output.data, "out\n");
    assert_string_equal(result.errors.data, "err\n");
    assert_false(result.truncated);
}

static void test_process_reports_a_signal_as_shells_do(void **state)
{
    assert_int_equal(run(*state, SHELL("kill -TERM $$")).status, 128 + SIGTERM);
}

static void test_process_passes_arguments_as_they_are(void **state)
{
    const char *const argv[] = {"printf", "%s|", "a b", "$HOME", "'\"\\", "", NULL};
    assert_string_equal(run(*state, argv).output.data, "a b|$HOME|'\"\\||");
}

static void test_process_that_does_not_exist_is_unavailable(void **state)
{
    const struct test_folder *folder = *state;
    static const char *const absent[] = {"no-such-program-here", "/no/such/program"};
    for (size_t i = 0; i < 2; i++) {
        const char *const argv[] = {absent[i], NULL};
        struct process_options options = options_of(argv);
        struct process_result result = {.status = 42};
        struct error err;
        assert_false(process_run(&options, folder->arena, &result, &err));
        assert_int_equal(err.code, ERROR_UNAVAILABLE);
        assert_non_null(strstr(err.message, absent[i]));
        assert_int_equal(result.status, 42);
    }
}

static void test_process_that_may_not_run_says_why(void **state)
{
    const struct test_folder *folder = *state;
    test_folder_write(folder, "plain", "not a program");
    const char *const argv[] = {arena_printf(folder->arena, "%s/plain", folder->path), NULL};
    struct process_options options = options_of(argv);
    struct process_result result;
    struct error err;
    assert_false(process_run(&options, folder->arena, &result, &err));
    assert_int_equal(err.code, ERROR_SYSTEM);
    assert_int_equal(err.number, EACCES);
}

static void test_process_gets_a_clean_environment(void **state)
{
    assert_int_equal(setenv("SECRET_OF_OURS", "x", 1), 0);
    const char *const argv[] = {"env", NULL};
    const char *text = run(*state, argv).output.data;
    assert_null(strstr(text, "SECRET_OF_OURS"));
    assert_non_null(strstr(text, "LC_ALL=C.UTF-8\n"));
    assert_non_null(strstr(text, "PATH="));
}

static void test_process_takes_the_environment_given(void **state)
{
    const struct test_folder *folder = *state;
    const char *const environment[] = {"ONLY=this", NULL};
    const char *const argv[] = {"env", NULL};
    struct process_options options = options_of(argv);
    options.environment = environment;
    struct process_result result;
    assert_true(process_run(&options, folder->arena, &result, NULL));
    assert_string_equal(result.output.data, "ONLY=this\n");
}

static void test_process_reads_its_input(void **state)
{
    const struct test_folder *folder = *state;
    enum { SIZE = 90000 };
    char *input = arena_alloc(folder->arena, SIZE);
    memset(input, 'i', SIZE);
    const char *const argv[] = {"cat", NULL};
    struct process_options options = options_of(argv);
    options.input = (struct str){input, SIZE};
    struct process_result result;
    assert_true(process_run(&options, folder->arena, &result, NULL));
    assert_int_equal(result.output.length, SIZE);
    assert_memory_equal(result.output.data, input, SIZE);
    assert_int_equal(run(folder, argv).output.length, 0);
}

static void test_process_output_stops_at_the_limit_and_the_program_goes_on(void **state)
{
    const struct test_folder *folder = *state;
    const char *const *argv = SHELL("head -c 1000000 /dev/zero | tr '\\0' x; echo done >&2");
    struct process_options options = options_of(argv);
    options.output_limit = 1000;
    struct process_result result;
    assert_true(process_run(&options, folder->arena, &result, NULL));
    assert_true(result.truncated);
    assert_int_equal(result.output.length, 1000);
    assert_string_equal(result.errors.data, "done\n");
    assert_int_equal(result.status, 0);
}

static void test_process_keeps_what_was_said_just_before_the_end(void **state)
{
    for (int i = 0; i < 20; i++) {
        struct process_result result = run(*state, SHELL("printf %60000s end"));
        assert_int_equal(result.output.length, 60000);
    }
}

/* True once every process of the group is gone. */
static bool group_is_gone(pid_t group)
{
    for (int i = 0; i < 500; i++) {
        if (kill(-group, 0) != 0 && errno == ESRCH) {
            return true;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return false;
}

static void test_process_that_takes_too_long_is_killed_with_its_group(void **state)
{
    const struct test_folder *folder = *state;
    const char *script = arena_printf(
        folder->arena, "echo $$ > %s/group; trap '' TERM; sleep 600 & sleep 600", folder->path);
    struct process_options options = options_of(SHELL(script));
    options.timeout_ms = 300;
    struct process_result result;
    struct error err;
    assert_false(process_run(&options, folder->arena, &result, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_string_equal(err.message, "/bin/sh did not end within 300 ms");
    long group = strtol(test_folder_read(folder, "group"), NULL, 10);
    assert_true(group > 1);
    assert_true(group_is_gone((pid_t)group));
}

static void test_process_in_the_background_is_not_waited_for(void **state)
{
    const struct test_folder *folder = *state;
    struct process_result result = run(folder, SHELL("sleep 600 & echo $!"));
    long pid = strtol(result.output.data, NULL, 10);
    assert_true(pid > 1);
    assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
}

static void test_process_dies_with_us(void **state)
{
    const struct test_folder *folder = *state;
    const char *script =
        arena_printf(folder->arena, "echo $$ > %s/group; exec sleep 600", folder->path);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)run(folder, SHELL(script));
        _exit(1);
    }
    long group = 0;
    for (int i = 0; i < 500 && group == 0; i++) {
        const char *text = test_folder_read(folder, "group");
        group = text == NULL ? 0 : strtol(text, NULL, 10);
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_true(group > 1);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(group_is_gone((pid_t)group));
}

static void test_process_has_no_descriptor_but_its_three(void **state)
{
    const struct test_folder *folder = *state;
    test_folder_write(folder, "file", "x");
    AUTO_FD inherited = openat(folder->fd, "file", O_RDONLY); // NOLINT: without close-on-exec
    assert_true(inherited >= 0);
    struct process_result result = run(folder, SHELL("ls /proc/$$/fd"));
    assert_string_equal(result.output.data, "0\n1\n2\n");
}

static void test_process_has_no_terminal_and_default_signals(void **state)
{
    const struct test_folder *folder = *state;
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    struct process_result result =
        run(folder, SHELL("grep -E '^Sig(Blk|Ign)' /proc/self/status; : < /dev/tty"));
    (void)signal(SIGPIPE, before);
    assert_string_equal(result.output.data,
                        "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    assert_int_not_equal(result.status, 0);
}

static void test_process_starts_in_its_directory(void **state)
{
    const struct test_folder *folder = *state;
    test_folder_write(folder, "here", "x");
    struct process_options options = options_of(SHELL("ls"));
    options.directory = folder->fd;
    struct process_result result;
    assert_true(process_run(&options, folder->arena, &result, NULL));
    assert_string_equal(result.output.data, "here\n");
}

static int prepare(void *context)
{
    const int *status = context;
    return write(STDOUT_FILENO, "prepared ", 9) == 9 ? *status : -1;
}

static void test_process_is_prepared_in_the_child(void **state)
{
    const struct test_folder *folder = *state;
    int status = 0;
    struct process_options options = options_of(SHELL("echo run"));
    options.prepare = prepare;
    options.prepare_context = &status;
    struct process_result result;
    assert_true(process_run(&options, folder->arena, &result, NULL));
    assert_string_equal(result.output.data, "prepared run\n");
    status = 9;
    assert_true(process_run(&options, folder->arena, &result, NULL));
    assert_string_equal(result.output.data, "prepared ");
    assert_int_equal(result.status, 9);
}

static void test_process_works_when_we_have_no_streams(void **state)
{
    const struct test_folder *folder = *state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(STDIN_FILENO);
        (void)close(STDOUT_FILENO);
        (void)close(STDERR_FILENO);
        struct process_options options = options_of(SHELL("cat; echo err >&2"));
        options.input = STR("in");
        struct process_result result;
        bool is_done = process_run(&options, folder->arena, &result, NULL);
        _exit(is_done && strcmp(result.output.data, "in") == 0 &&
                      strcmp(result.errors.data, "err\n") == 0
                  ? 0
                  : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

#define WITH_FOLDER(test)                                                                          \
    cmocka_unit_test_setup_teardown(test, test_folder_setup, test_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_process_collects_both_streams_and_the_status),
        WITH_FOLDER(test_process_reports_a_signal_as_shells_do),
        WITH_FOLDER(test_process_passes_arguments_as_they_are),
        WITH_FOLDER(test_process_that_does_not_exist_is_unavailable),
        WITH_FOLDER(test_process_that_may_not_run_says_why),
        WITH_FOLDER(test_process_gets_a_clean_environment),
        WITH_FOLDER(test_process_takes_the_environment_given),
        WITH_FOLDER(test_process_reads_its_input),
        WITH_FOLDER(test_process_output_stops_at_the_limit_and_the_program_goes_on),
        WITH_FOLDER(test_process_keeps_what_was_said_just_before_the_end),
        WITH_FOLDER(test_process_that_takes_too_long_is_killed_with_its_group),
        WITH_FOLDER(test_process_in_the_background_is_not_waited_for),
        WITH_FOLDER(test_process_dies_with_us),
        WITH_FOLDER(test_process_has_no_descriptor_but_its_three),
        WITH_FOLDER(test_process_has_no_terminal_and_default_signals),
        WITH_FOLDER(test_process_starts_in_its_directory),
        WITH_FOLDER(test_process_is_prepared_in_the_child),
        WITH_FOLDER(test_process_works_when_we_have_no_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
