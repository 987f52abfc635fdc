/* fork without exec: the child is a copy of the program, which has one thread at this moment. It
 * sends one message through a pipe and ends. */
#include "input/git_child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

struct answer {
    bool is_done;
    struct error err;
    _Alignas(max_align_t) char result[GIT_CHILD_RESULT_MOST];
};

/* --- the child ------------------------------------------------------------------------------- */

static bool limit(int resource, uint64_t most)
{
    struct rlimit now = {0};
    if (getrlimit((__rlimit_resource_t)resource, &now) != 0) {
        return false;
    }
    rlim_t bound = now.rlim_max != RLIM_INFINITY && now.rlim_max < most ? now.rlim_max : most;
    const struct rlimit wanted = {bound, bound};
    return setrlimit((__rlimit_resource_t)resource, &wanted) == 0;
}

/* What root writes into another user's folder, that user could not change any more. */
static bool become(const struct stat *owner)
{
    if (owner == NULL || owner->st_uid == geteuid()) {
        return true;
    }
    return setgroups(0, NULL) == 0 && setresgid(owner->st_gid, owner->st_gid, owner->st_gid) == 0 &&
           setresuid(owner->st_uid, owner->st_uid, owner->st_uid) == 0;
}

static bool confine(const struct git_child *child, pid_t parent)
{
    sigset_t none;
    (void)sigemptyset(&none); /* cannot fail */
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_IGN); /* a connection that is gone, a file that is too large */
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGINT, SIG_DFL);
    if (!become(child->owner) || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
        return false;
    }
#ifndef HAS_SANITIZER /* their shadow memory counts as data */
    if (!limit(RLIMIT_DATA, child->memory_most)) {
        return false;
    }
#endif
    return limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, child->file_size_most) &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static _Noreturn void be_child(const struct git_child *child, pid_t parent, int output)
{
    struct answer message = {0};
    if (!confine(child, parent)) {
        (void)error_errno(&message.err, "confine the fetch"); /* the message says it */
    } else {
        message.is_done = child->work(child->context, message.result, &message.err);
    }
    const char *rest = (const char *)&message;
    size_t left = sizeof(message);
    while (left > 0) {
        ssize_t count = write(output, rest, left);
        if (count < 0 && errno != EINTR) {
            break; /* the parent is gone */
        }
        rest += count < 0 ? 0 : count;
        left -= count < 0 ? 0 : (size_t)count;
    }
    _exit(0);
}

/* --- the parent ------------------------------------------------------------------------------ */

/* Until the message is whole, the child is gone, or time is over (false). */
static bool receive(int input, int64_t deadline_ms, struct answer *message, size_t *out_length)
{
    size_t length = 0;
    for (;;) {
        int64_t left = deadline_ms - clock_ms();
        struct pollfd ready = {.fd = input, .events = POLLIN};
        if (left <= 0 || poll(&ready, 1, left > INT_MAX ? INT_MAX : (int)left) == 0) {
            return false;
        }
        ssize_t count = ready.revents == 0
                            ? -1
                            : read(input, (char *)message + length, sizeof(*message) - length);
        if (count == 0 || (count > 0 && length + (size_t)count == sizeof(*message))) {
            *out_length = length + (size_t)count;
            return true;
        }
        length += count < 0 ? 0 : (size_t)count;
    }
}

static int reap(pid_t pid)
{
    int status = 0;
    pid_t found = -1;
    do {
        found = waitpid(pid, &status, 0);
    } while (found < 0 && errno == EINTR);
    return status;
}

static bool finish(const struct git_child *child, pid_t pid, int input, struct error *err)
{
    struct answer message = {0};
    size_t length = 0;
    bool is_in_time = receive(input, clock_ms() + child->timeout_ms, &message, &length);
    if (!is_in_time) {
        (void)kill(pid, SIGKILL); /* ours, and not waited for yet */
    }
    int status = reap(pid);
    if (!is_in_time) {
        return error_set(err, ERROR_LIMIT, "it took longer than %u seconds",
                         child->timeout_ms / 1000);
    }
    if (length != sizeof(message)) {
        int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        const char *name = sigabbrev_np(number);
        return name == NULL
                   ? error_set(err, ERROR_SYSTEM, "the process that did it was ended")
                   : error_set(err, ERROR_SYSTEM,
                               "the process that did it was ended by the signal SIG%s", name);
    }
    memcpy(child->result, message.result, child->result_size);
    if (!message.is_done && err != NULL) {
        *err = message.err;
    }
    return message.is_done;
}

bool git_child_run(const struct git_child *child, struct error *err)
{
    assert(child->result_size <= GIT_CHILD_RESULT_MOST && child->timeout_ms > 0);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return error_errno(err, "start a process");
    }
    AUTO_FD input = ends[0];
    AUTO_FD output = ends[1];
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        be_child(child, parent, output);
    }
    if (pid < 0) {
        return error_errno(err, "start a process");
    }
    cleanup_fd(&output);
    output = -1;
    return finish(child, pid, input, err);
}
