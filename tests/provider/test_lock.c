/* The lock: one holder, named to whoever comes second, gone with its process. */

#include "provider/sandbox.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "providers/lock.h"

/* A process that takes the lock, says so, and waits. */
static pid_t start_holder(struct sandbox *sandbox)
{
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int lock = -1;
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        bool has_lock = lock_acquire(&sandbox->host, &lock, NULL);
        (void)!write(ready[1], has_lock ? "y" : "n", 1);
        for (;;) {
            (void)pause();
        }
    }
    char answer = '?';
    assert_int_equal(read(ready[0], &answer, 1), 1);
    assert_int_equal(answer, 'y');
    (void)close(ready[0]);
    (void)close(ready[1]);
    return child;
}

static void stop_holder(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_lock_makes_the_state_directory(void **state)
{
    struct sandbox *sandbox = *state;
    int lock = -1;
    struct error err;
    assert_true(lock_acquire(&sandbox->host, &lock, &err));
    assert_true(test_folder_exists(sandbox->folder, "var/lib/reconcile/lock"));
    lock_release(lock);
    assert_true(lock_acquire(&sandbox->host, &lock, &err));
    lock_release(lock);
    lock_release(-1);
}

static void test_lock_names_its_holder(void **state)
{
    struct sandbox *sandbox = *state;
    pid_t child = start_holder(sandbox);
    int lock = -1;
    struct error err = {0};
    assert_false(lock_acquire(&sandbox->host, &lock, &err));
    assert_int_equal(lock, -1);
    assert_int_equal(err.code, ERROR_LOCKED);
    assert_non_null(strstr(err.message, arena_printf(sandbox->arena, "process %d", (int)child)));
    assert_non_null(strstr(err.message, "provider_test_lock"));
    assert_non_null(strstr(err.message, " UTC"));
    int64_t now = time(NULL);
    struct tm utc;
    assert_non_null(gmtime_r(&now, &utc));
    assert_non_null(
        strstr(err.message, arena_printf(sandbox->arena, "since %04d-%02d-%02d ",
                                         utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday)));
    stop_holder(child);
}

static void test_lock_ends_with_a_killed_holder(void **state)
{
    struct sandbox *sandbox = *state;
    stop_holder(start_holder(sandbox));
    int lock = -1;
    assert_true(lock_acquire(&sandbox->host, &lock, NULL));
    lock_release(lock);
}

static void test_lock_writes_nothing_into_its_file(void **state)
{
    struct sandbox *sandbox = *state;
    int lock = -1;
    assert_true(lock_acquire(&sandbox->host, &lock, NULL));
    assert_string_equal(test_folder_read(sandbox->folder, "var/lib/reconcile/lock"), "");
    lock_release(lock);
}

static void test_lock_through_a_link_is_refused(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_mkdir(sandbox->folder, "var");
    test_folder_link(sandbox->folder, "var/lib", "/tmp");
    int lock = -1;
    struct error err = {0};
    assert_false(lock_acquire(&sandbox->host, &lock, &err));
    assert_int_equal(err.code, ERROR_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SANDBOX_TEST(test_lock_makes_the_state_directory),
        SANDBOX_TEST(test_lock_names_its_holder),
        SANDBOX_TEST(test_lock_ends_with_a_killed_holder),
        SANDBOX_TEST(test_lock_writes_nothing_into_its_file),
        SANDBOX_TEST(test_lock_through_a_link_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
