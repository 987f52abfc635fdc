/* A look at a process is of that process or of none: also when it ends, or runs another program, or
 * when its number has another owner. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "providers/process_snapshot.h"

static struct process_watcher *watcher;

static int setup(void **state)
{
    watcher = process_watcher_open();
    return watcher == NULL;
}

static int teardown(void **state)
{
    process_watcher_close(watcher);
    return 0;
}

/* A process that does what is written to its standard input: "e" becomes sleep, "x" ends. */
struct child {
    pid_t pid;
    int pidfd;
    int orders;
};

static struct child start(void)
{
    int orders[2];
    struct child child = {0};
    assert_int_equal(pipe2(orders, O_CLOEXEC), 0);
    child.pid = fork();
    assert_true(child.pid >= 0);
    if (child.pid == 0) {
        char order = 'x';
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(orders[0], STDIN_FILENO);
        if (read(STDIN_FILENO, &order, 1) == 1 && order == 'e') {
            (void)execlp("sleep", "sleep", "60", "0", (char *)NULL);
        }
        _exit(0);
    }
    (void)close(orders[0]);
    child.orders = orders[1];
    child.pidfd = pidfd_open(child.pid, 0);
    assert_true(child.pidfd >= 0);
    return child;
}

static void order(const struct child *child, char what)
{
    assert_int_equal(write(child->orders, &what, 1), 1);
}

static void wait_for_end(const struct child *child)
{
    struct pollfd wait = {.fd = child->pidfd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 10000), 1);
}

static void wait_for_program(const struct child *child, const char *name)
{
    char path[64];
    char target[256];
    (void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)child->pid);
    for (int i = 0; i < 1000; i++) {
        ssize_t length = readlink(path, target, sizeof(target) - 1);
        target[length > 0 ? length : 0] = '\0';
        if (text_ends_with(target, name)) {
            return;
        }
        (void)usleep(10000);
    }
    fail_msg("it never became %s", name);
}

static void finish(struct child *child)
{
    (void)kill(child->pid, SIGKILL);
    (void)waitpid(child->pid, NULL, 0);
    (void)close(child->pidfd);
    (void)close(child->orders);
}

static const struct process_snapshot *look(const struct child *child)
{
    process_watcher_begin_batch(watcher);
    return process_watcher_look(watcher, child->pid, child->pidfd, true);
}

/* ---- Looks ----------------------------------------------------------------------------------- */

static void test_look_knows_a_process(void **state)
{
    struct child child = start();
    order(&child, 'e');
    wait_for_program(&child, "/sleep");
    const struct process_snapshot *snapshot = look(&child);
    assert_true(snapshot->is_known);
    assert_false(snapshot->is_partial);
    assert_true(snapshot->is_own);
    assert_false(snapshot->is_kernel_thread);
    assert_int_equal(snapshot->pid, child.pid);
    assert_int_equal(snapshot->user, geteuid());
    assert_true(text_ends_with(snapshot->program, "/sleep"));
    assert_string_equal(snapshot->name, "sleep");
    static const char command[] = "sleep\00060\0000";
    assert_int_equal(snapshot->command_length, sizeof(command));
    assert_memory_equal(snapshot->command, command, sizeof(command));
    assert_int_equal(snapshot->ancestor_count, 1);
    assert_int_equal(snapshot->ancestors[0].pid, getpid());
    assert_non_null(strstr(snapshot->ancestors[0].program, "test_process_snapshot"));
    finish(&child);
}

static void test_look_is_remembered_and_sees_another_program(void **state)
{
    struct child child = start();
    uint64_t first = look(&child)->serial;
    assert_int_equal(look(&child)->serial, first);
    order(&child, 'e');
    wait_for_program(&child, "/sleep");
    const struct process_snapshot *snapshot = look(&child);
    assert_int_not_equal(snapshot->serial, first);
    assert_true(text_ends_with(snapshot->program, "/sleep"));
    finish(&child);
}

static void test_look_at_one_that_ended_is_partial(void **state)
{
    struct child child = start();
    order(&child, 'x');
    wait_for_end(&child); /* and is not reaped */
    const struct process_snapshot *snapshot = look(&child);
    assert_true(snapshot->is_known);
    assert_true(snapshot->is_partial);
    assert_string_equal(snapshot->program, "");
    assert_true(text_starts_with(snapshot->name, "provider_test_p"));
    assert_int_equal(snapshot->user, geteuid());
    finish(&child);
}

static void test_look_at_one_that_ended_after_the_last_is_the_last(void **state)
{
    struct child child = start();
    uint64_t first = look(&child)->serial;
    order(&child, 'x');
    wait_for_end(&child);
    assert_int_equal(look(&child)->serial, first);
    finish(&child);
}

static void test_look_at_one_that_is_gone_is_unknown(void **state)
{
    struct child child = start();
    order(&child, 'x');
    assert_int_equal(waitpid(child.pid, NULL, 0), child.pid);
    const struct process_snapshot *snapshot = look(&child);
    assert_false(snapshot->is_known);
    assert_int_equal(snapshot->pid, child.pid);
    assert_string_equal(snapshot->program, "");
    assert_int_equal(snapshot->user, (uid_t)-1);
    assert_int_equal(snapshot->login_user, (uid_t)-1);
    assert_int_equal(snapshot->ancestor_count, 0);
    process_watcher_begin_batch(watcher);
    assert_false(process_watcher_look(watcher, child.pid, -1, true)->is_known);
    assert_false(process_watcher_look(watcher, 0, -1, true)->is_known);
    finish(&child);
}

/* The number of a running process, and the descriptor of another that is gone: what happens when a
 * number is used again. */
static void test_look_does_not_take_the_next_owner_of_a_number(void **state)
{
    struct child gone = start();
    struct child other = start();
    order(&gone, 'x');
    assert_int_equal(waitpid(gone.pid, NULL, 0), gone.pid);
    process_watcher_begin_batch(watcher);
    const struct process_snapshot *snapshot =
        process_watcher_look(watcher, other.pid, gone.pidfd, true);
    assert_false(snapshot->is_known);
    assert_string_equal(snapshot->name, "");
    finish(&gone);
    finish(&other);
}

/* Seen, gone a moment later, and asked for again, with its descriptor or without. */
static bool holds(bool has_descriptor, bool is_prompt, unsigned wait_us)
{
    struct child child = start();
    uint64_t first = look(&child)->serial;
    order(&child, 'x');
    assert_int_equal(waitpid(child.pid, NULL, 0), child.pid);
    (void)usleep(wait_us);
    process_watcher_begin_batch(watcher);
    const struct process_snapshot *snapshot =
        process_watcher_look(watcher, child.pid, has_descriptor ? child.pidfd : -1, is_prompt);
    bool is_first = snapshot->serial == first;
    assert_int_equal(snapshot->is_known, is_first);
    finish(&child);
    return is_first;
}

static void test_what_was_seen_holds_for_a_moment(void **state)
{
    bool is_held[2] = {false, false};
    for (int i = 0; i < 50; i++) { /* a moment is short where the machine is slow */
        is_held[0] = is_held[0] || holds(true, true, 0);
        is_held[1] = is_held[1] || holds(false, true, 0);
    }
    assert_true(is_held[0] && is_held[1]);
    assert_false(holds(true, true, 60000));
    assert_false(holds(false, true, 60000));
    /* Where somebody else may have kept us from looking. */
    assert_false(holds(true, false, 0));
    assert_false(holds(false, false, 0));
}

static void test_look_follows_ancestors(void **state)
{
    int told[2];
    pid_t grandchild = 0;
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        pid_t below = fork();
        if (below == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            (void)pause();
            _exit(0);
        }
        (void)!write(told[1], &below, sizeof(below));
        (void)pause();
        _exit(0);
    }
    assert_int_equal(read(told[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
    AUTO_FD pidfd = pidfd_open(grandchild, 0);
    for (int i = 0; i < 2; i++) { /* anew, and from memory */
        process_watcher_begin_batch(watcher);
        const struct process_snapshot *snapshot = process_watcher_look(
            watcher, i == 0 ? grandchild : pid, i == 0 ? pidfd : pidfd_open(pid, 0), true);
        assert_true(snapshot->is_own);
        assert_int_equal(snapshot->ancestor_count, i == 0 ? 2 : 1);
        assert_int_equal(snapshot->ancestors[0].pid, i == 0 ? pid : getpid());
    }
    /* Its parent ends, and another becomes it: no longer one of ours. */
    assert_int_equal(kill(pid, SIGSTOP), 0);
    (void)close(told[0]);
    (void)close(told[1]);
    assert_int_equal(kill(grandchild, SIGKILL), 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_look_at_a_thread_of_the_kernel(void **state)
{
    char name[32] = "";
    AUTO_FD fd = open("/proc/2/comm", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, name, sizeof(name) - 1) <= 0 || strcmp(name, "kthreadd\n") != 0) {
        print_message("NOT RUN: process 2 is not the kernel's here\n");
        return;
    }
    AUTO_FD pidfd = pidfd_open(2, 0);
    process_watcher_begin_batch(watcher);
    const struct process_snapshot *snapshot = process_watcher_look(watcher, 2, pidfd, true);
    assert_true(snapshot->is_known);
    if (geteuid() == 0) { /* others are not told that it has no program */
        assert_true(snapshot->is_kernel_thread);
        assert_false(snapshot->is_partial);
    }
    assert_string_equal(snapshot->name, "kthreadd");
    assert_string_equal(snapshot->unit, "");
    assert_false(snapshot->is_own);
}

static void test_more_processes_than_are_remembered(void **state)
{
    enum { MANY = 60 };
    struct child children[MANY];
    for (size_t i = 0; i < MANY; i++) {
        children[i] = start();
    }
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < MANY; i++) {
            const struct process_snapshot *snapshot = look(&children[i]);
            assert_true(snapshot->is_known);
            assert_int_equal(snapshot->pid, children[i].pid);
        }
    }
    for (size_t i = 0; i < MANY; i++) {
        finish(&children[i]);
    }
}

/* ---- Units ----------------------------------------------------------------------------------- */

static void test_unit_of_a_group(void **state)
{
    static const struct {
        const char *cgroup;
        const char *unit;
    } cases[] = {
        {"0::/system.slice/nginx.service\n", "nginx.service"},
        {"0::/system.slice/system-getty.slice/getty@tty1.service\n", "getty@tty1.service"},
        {"0::/user.slice/user-1000.slice/session-3.scope\n", "session-3.scope"},
        {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.service\n",
         "user@1000.service"},
        {"0::/system.slice/app.service/supervised.scope/below\n", "app.service"},
        {"0::/machine.slice/libpod-0a1b.scope/container/system.slice/nginx.service\n",
         "libpod-0a1b.scope"},
        {"0::/docker/0a1b2c/system.slice/nginx.service\n", "nginx.service"},
        {"0::/init.scope\n", "init.scope"},
        {"0::/system.slice/_notify.service\n", "notify.service"},
        {"0::/system.slice/var-lib-x.mount\n", "var-lib-x.mount"},
        {"0::/system.slice\n", ""},
        {"0::/\n", ""},
        {"0::/.service\n", ""},
        {"", ""},
        {"\n\n0::\n", ""},
        {"0::/system.slice/nginx.service", "nginx.service"},
        {"9:name=systemd:/system.slice/cron.service\n1:cpu:/other.service\n0::/\n", "cron.service"},
        {"1:name=systemd:/system.slice/old.service\n0::/system.slice/new.service\n", "new.service"},
        {"1:cpu:/x.service\n", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char unit[SNAPSHOT_UNIT_SIZE];
        process_unit(cases[i].cgroup, unit);
        assert_string_equal(unit, cases[i].unit);
    }
}

static void test_unit_with_a_name_too_long_is_none(void **state)
{
    char cgroup[1024] = "0::/";
    char unit[SNAPSHOT_UNIT_SIZE];
    memset(cgroup + 4, 'x', 300);
    memcpy(cgroup + 304, ".service\n", 10);
    process_unit(cgroup, unit);
    assert_string_equal(unit, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_look_knows_a_process, setup, teardown),
        cmocka_unit_test_setup_teardown(test_look_is_remembered_and_sees_another_program, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_look_at_one_that_ended_is_partial, setup, teardown),
        cmocka_unit_test_setup_teardown(test_look_at_one_that_ended_after_the_last_is_the_last,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_look_at_one_that_is_gone_is_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(test_look_does_not_take_the_next_owner_of_a_number, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_what_was_seen_holds_for_a_moment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_look_follows_ancestors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_look_at_a_thread_of_the_kernel, setup, teardown),
        cmocka_unit_test_setup_teardown(test_more_processes_than_are_remembered, setup, teardown),
        cmocka_unit_test(test_unit_of_a_group),
        cmocka_unit_test(test_unit_with_a_name_too_long_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
