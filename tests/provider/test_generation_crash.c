/* Killed at each of its system calls, a switch to the next generation leaves the old one or the new
 * one, whole; and the run after it finishes the work and sweeps up. */

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "base/file.h"
#include "provider/sandbox.h"
#include "providers/generation.h"
#include "providers/nginx.h"

#define STATE "var/lib/reconcile"

enum { CALLS_MAX = 2000, CALLS_STEP = 7, FILES = 3, STATUS_NOT_TRACED = 77 };

/* Every seventh call, or every one if TEST_EVERY_CALL is set. */
static unsigned calls_step(void)
{
    return getenv("TEST_EVERY_CALL") != NULL ? 1 : CALLS_STEP;
}

static int setup(void **state)
{
    struct error err;
    int result = sandbox_setup(state);
    struct sandbox *sandbox = *state;
    sandbox->layout = layout_debian12();
    sandbox->now = 1700000000;
    assert_true(file_make_directories(sandbox->host.root, "etc/nginx", 0755, &err));
    assert_true(file_make_directories(sandbox->host.root, "var/lib", 0755, &err));
    return result;
}

static const char *text_of(struct arena *arena, unsigned long number, int file)
{
    return arena_printf(arena, "# file %d of generation %lu\n", file, number);
}

static struct generation_files files_of(struct sandbox *sandbox, unsigned long number)
{
    struct generation_files files = {0};
    for (int i = 0; i < FILES; i++) {
        const char *path =
            arena_printf(sandbox->arena, "%s/http/sites/%d.conf", sandbox->layout.nginx_tree, i);
        vec_add(
            sandbox->arena, &files,
            (struct generation_file){path, str_of(text_of(sandbox->arena, number, i)), 0644, NULL});
    }
    return files;
}

/* One run: writes the next generation, switches to it, sweeps up. */
static bool run_once(struct sandbox *sandbox)
{
    struct error err;
    unsigned long number = 0;
    if (!generation_next_number(&sandbox->host, &number, &err)) {
        return false;
    }
    struct generation_files files = files_of(sandbox, number);
    return generation_write(&sandbox->host, number, &files, "crash", sandbox->arena, &err) &&
           nginx_switch(&sandbox->host, number, 0, sandbox->arena, &err) &&
           generation_prune(&sandbox->host, 0, sandbox->arena, &err);
}

/* True when the child was killed before its system call of this number; false when it ended. */
static bool run_and_kill(struct sandbox *sandbox, unsigned call)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 || raise(SIGSTOP) != 0) {
            _exit(STATUS_NOT_TRACED);
        }
        _exit(run_once(sandbox) ? 0 : 1);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status)) {
        assert_int_equal(WEXITSTATUS(status), STATUS_NOT_TRACED);
        skip(); /* here nobody may trace */
    }
    /* Each call stops twice, on its way in and on its way out. */
    for (unsigned stops = 0; stops < 2 * call - 1; stops++) {
        assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status)) {
            assert_int_equal(WEXITSTATUS(status), 0);
            return false;
        }
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return true;
}

/* The current generation is whole, in its files and in its manifest. */
static unsigned long expect_whole(struct sandbox *sandbox)
{
    struct error err;
    unsigned long current = 0;
    struct generation_files files = {0};
    if (!generation_current(&sandbox->host, &current, &err)) {
        fail_msg("%s", err.message);
    }
    if (current == 0) {
        return 0;
    }
    if (!generation_read(&sandbox->host, current, sandbox->arena, &files, &err)) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(files.count, FILES);
    for (int i = 0; i < FILES; i++) {
        const char *path =
            arena_printf(sandbox->arena, STATE "/generations/%lu%s", current, files.items[i].path);
        assert_string_equal(files.items[i].content.data, text_of(sandbox->arena, current, i));
        assert_string_equal(test_folder_read(sandbox->folder, path),
                            text_of(sandbox->arena, current, i));
    }
    const char *main = arena_printf(sandbox->arena, STATE "/generations/%lu%s/http/main.conf",
                                    current, sandbox->layout.nginx_tree);
    assert_non_null(strstr(test_folder_read(sandbox->folder, main), "http/sites/2.conf"));
    return current;
}

static void expect_no_leftovers(const struct sandbox *sandbox)
{
    const char *states = test_folder_list(sandbox->folder, STATE);
    const char *generations = test_folder_list(sandbox->folder, STATE "/generations");
    if (strcmp(states, "current generations ") != 0 || strpbrk(generations, ".") != NULL) {
        fail_msg("left over: %s; %s", states, generations);
    }
    assert_string_equal(test_folder_list(sandbox->folder, "etc/nginx"), "reconcile ");
}

static void test_generation_crash_leaves_old_or_new(void **state)
{
    struct sandbox *sandbox = *state;
    unsigned call = 1;
    unsigned long before = 0;
    for (; call < CALLS_MAX && run_and_kill(sandbox, call); call += calls_step()) {
        unsigned long after = expect_whole(sandbox);
        assert_true(after == before || after == before + 1);
        assert_true(run_once(sandbox));
        before = expect_whole(sandbox);
        assert_true(before > after);
        expect_no_leftovers(sandbox);
        sandbox->now += (int64_t)8 * 24 * 60 * 60; /* so that older ones are pruned */
    }
    print_message("killed before %u system calls\n", call / calls_step());
    assert_true(call > 40 && call < CALLS_MAX);
}

/* The first of all, where nothing is there yet. */
static void test_generation_crash_of_the_first_leaves_none_or_one(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err;
    for (unsigned call = 1; call < CALLS_MAX; call += calls_step()) {
        bool is_killed = run_and_kill(sandbox, call);
        unsigned long current = expect_whole(sandbox);
        assert_true(current <= 1);
        assert_true(is_killed || current == 1);
        if (!is_killed) {
            return;
        }
        assert_true(file_remove_all(sandbox->host.root, STATE, &err));
        assert_true(file_remove_all(sandbox->host.root, "etc/nginx/reconcile", &err));
    }
    fail_msg("the run does not end");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, sandbox_teardown)

int main(void)
{
    /* Killing a process needs no disk, and there are hundreds of syncs. */
    if (access("/dev/shm", W_OK) == 0) {
        assert_int_equal(setenv("TMPDIR", "/dev/shm", 1), 0);
    }
    const struct CMUnitTest tests[] = {
        TEST(test_generation_crash_leaves_old_or_new),
        TEST(test_generation_crash_of_the_first_leaves_none_or_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
