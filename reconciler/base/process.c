/* Runs a program and collects what it says. The program gets its own session (it can neither ask on
 * our terminal nor be stopped by it), default signals, no descriptor but its three, and an end:
 * the time limit kills its group, our death kills it. */

#include "base/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

enum {
    STATUS_SIGNAL = 128,  /* added to the number of a signal, as shells do */
    STATUS_NOT_RUN = 127, /* of a child that could not become the program */
    READ_SIZE = 16 * 1024,
};
static const int64_t NS_PER_MS = 1000000;
static const int64_t MS_PER_SECOND = 1000;

/* What the child needs, all made before fork: after it only async-signal-safe calls are allowed. */
struct launch {
    const struct process_options *options;
    const char *program;
    const char *const *environment;
    int input;
    int output;
    int errors;
    int report; /* errno of a start that failed; closed by exec */
    pid_t parent;
};

/* ---- In the child ---- */

static void reset_signals(void)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) {
        (void)sigaction(number, &standard, NULL); /* SIGKILL and SIGSTOP refuse */
    }
    sigset_t none;
    (void)sigemptyset(&none); /* cannot fail */
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Ours may be among 0, 1 and 2 when the program was started without them: all are moved up before
 * the first is replaced. */
static bool set_streams(const struct launch *launch)
{
    int input = fcntl(launch->input, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int output = fcntl(launch->output, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int errors = fcntl(launch->errors, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return input >= 0 && output >= 0 && errors >= 0 && dup2(input, STDIN_FILENO) >= 0 &&
           dup2(output, STDOUT_FILENO) >= 0 && dup2(errors, STDERR_FILENO) >= 0;
}

static bool enter(const struct launch *launch)
{
    if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        return false;
    }
    if (getppid() != launch->parent) { /* it died before the line above */
        _exit(STATUS_NOT_RUN);
    }
    int directory = launch->options->directory;
    return set_streams(launch) && (directory <= 0 || fchdir(directory) == 0) &&
           close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0;
}

/* execve wants pointers that it could write through, and does not. */
static char *const *exec_list(const char *const *list)
{
    union {
        const char *const *given;
        char *const *wanted;
    } same = {.given = list};
    return same.wanted;
}

static _Noreturn void become_program(struct launch *launch)
{
    const struct process_options *options = launch->options;
    launch->report = fcntl(launch->report, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    reset_signals();
    if (enter(launch)) {
        int status = options->prepare == NULL ? 0 : options->prepare(options->prepare_context);
        if (status != 0) {
            _exit(status);
        }
        (void)execve(launch->program, exec_list(options->argv), exec_list(launch->environment));
    }
    int number = errno;
    if (write(launch->report, &number, sizeof(number)) < 0) {
        _exit(STATUS_NOT_RUN); /* the parent is gone */
    }
    _exit(STATUS_NOT_RUN);
}

/* ---- In the parent ---- */

static int64_t monotonic_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* fails only for an unknown clock */
    return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / NS_PER_MS;
}

/* An ordinary user's PATH often lacks the folders where nginx and its like live. */
static char *search_path(struct arena *arena)
{
    const char *path = getenv("PATH");
    return arena_printf(arena, "%s:/usr/sbin:/sbin", path != NULL ? path : "/usr/bin:/bin");
}

static const char *find_program(const char *name, struct arena *arena)
{
    if (strchr(name, '/') != NULL) {
        return name;
    }
    char *rest = NULL;
    for (char *folder = strtok_r(search_path(arena), ":", &rest); folder != NULL;
         folder = strtok_r(NULL, ":", &rest)) {
        const char *path = arena_printf(arena, "%s/%s", folder, name);
        if (folder[0] == '/' && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0) {
            return path;
        }
    }
    return NULL;
}

static const char *const *default_environment(struct arena *arena)
{
    const char **list = arena_array(arena, 3, sizeof(*list));
    list[0] = arena_printf(arena, "PATH=%s", search_path(arena));
    list[1] = "LC_ALL=C.UTF-8";
    return list;
}

/* Input from a file in memory: nothing to feed while the program runs, and no SIGPIPE. */
static int open_input(struct str input)
{
    if (input.length == 0) {
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    return file_in_memory("input", input);
}

/* Our reading end never blocks, the program's writing end does. */
static bool open_pipe(int *out_read, int *out_write)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    *out_read = ends[0];
    *out_write = ends[1];
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

struct stream {
    int fd; /* -1 at its end */
    struct text text;
    size_t limit;
    bool is_truncated;
};

enum { STREAM_OUTPUT, STREAM_ERRORS, STREAM_REPORT, STREAM_COUNT };

struct child {
    pid_t pid;
    int pidfd;
    struct stream streams[STREAM_COUNT];
};

static void cleanup_child(struct child *child)
{
    cleanup_fd(&child->pidfd);
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        cleanup_fd(&child->streams[i].fd);
    }
}

static void stream_read(struct stream *stream)
{
    char bytes[READ_SIZE];
    ssize_t count = read(stream->fd, bytes, sizeof(bytes));
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (count <= 0) {
        cleanup_fd(&stream->fd);
        stream->fd = -1;
        return;
    }
    size_t room = stream->limit - stream->text.length;
    size_t kept = (size_t)count < room ? (size_t)count : room;
    text_add_str(&stream->text, (struct str){bytes, kept});
    stream->is_truncated = stream->is_truncated || kept < (size_t)count;
}

/* What is still in the pipe of a program that has ended. Others may hold its other end open, and
 * even write: those are not waited for. */
static void stream_drain(struct stream *stream)
{
    struct pollfd ready = {.fd = stream->fd, .events = POLLIN};
    while (stream->fd >= 0 && !stream->is_truncated && poll(&ready, 1, 0) > 0) {
        stream_read(stream);
    }
}

/* 1: the program has ended, 0: time is over, -1: errno. */
static int child_wait(struct child *child, int64_t deadline_ms)
{
    struct pollfd polled[STREAM_COUNT + 1];
    for (;;) {
        int64_t left = deadline_ms - monotonic_ms();
        if (left <= 0) {
            return 0;
        }
        for (size_t i = 0; i < STREAM_COUNT; i++) {
            polled[i] = (struct pollfd){.fd = child->streams[i].fd, .events = POLLIN};
        }
        polled[STREAM_COUNT] = (struct pollfd){.fd = child->pidfd, .events = POLLIN};
        if (poll(polled, STREAM_COUNT + 1, left > INT_MAX ? INT_MAX : (int)left) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return -1;
        }
        for (size_t i = 0; i < STREAM_COUNT; i++) {
            if (polled[i].revents != 0) {
                stream_read(&child->streams[i]);
            }
        }
        if (polled[STREAM_COUNT].revents != 0) {
            return 1;
        }
    }
}

static void child_kill(const struct child *child)
{
    /* The group is there once the child has called setsid; before, there is only the child. */
    if (kill(-child->pid, SIGKILL) != 0) {
        (void)kill(child->pid, SIGKILL); /* it is ours and not yet waited for */
    }
}

/* False when the status is lost, because SIGCHLD is ignored. */
static bool child_reap(const struct child *child, int *out_status)
{
    int status = 0;
    pid_t pid = -1;
    do {
        pid = waitpid(child->pid, &status, 0);
    } while (pid < 0 && errno == EINTR);
    if (pid < 0) {
        return false;
    }
    *out_status = WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
    return true;
}

/* No handler of ours may run in the child before its signals are reset. */
static pid_t fork_quietly(struct launch *launch)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all); /* cannot fail */
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    launch->parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        become_program(launch);
    }
    int number = errno;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    errno = number;
    return pid;
}

static bool child_start(struct child *child, struct launch *launch)
{
    AUTO_FD input = open_input(launch->options->input);
    AUTO_FD output = -1;
    AUTO_FD errors = -1;
    AUTO_FD report = -1;
    if (input < 0 || !open_pipe(&child->streams[STREAM_OUTPUT].fd, &output) ||
        !open_pipe(&child->streams[STREAM_ERRORS].fd, &errors) ||
        !open_pipe(&child->streams[STREAM_REPORT].fd, &report)) {
        return false;
    }
    launch->input = input;
    launch->output = output;
    launch->errors = errors;
    launch->report = report;
    child->pid = fork_quietly(launch);
    if (child->pid < 0) {
        return false;
    }
    child->pidfd = pidfd_open(child->pid, 0);
    if (child->pidfd < 0) {
        int number = errno;
        int status = 0;
        child_kill(child);
        (void)child_reap(child, &status); /* killed: its status tells nothing */
        errno = number;
        return false;
    }
    return true;
}

/* Set when the child did not become the program. */
static bool start_has_failed(const struct child *child, const char *name, struct error *err)
{
    struct text report = child->streams[STREAM_REPORT].text;
    int number = 0;
    if (report.length != sizeof(number)) {
        return false;
    }
    memcpy(&number, report.data, sizeof(number));
    errno = number;
    (void)error_errno(err, "run %s", name); /* the caller returns false */
    if (err != NULL && number == ENOENT) {
        err->code = ERROR_UNAVAILABLE;
    }
    return true;
}

static bool child_finish(struct child *child, const struct process_options *options,
                         struct process_result *out_result, struct error *err)
{
    const char *name = options->argv[0];
    int ended = child_wait(child, monotonic_ms() + options->timeout_ms);
    int number = errno;
    if (ended != 1) {
        child_kill(child);
    }
    int status = 0;
    bool has_status = child_reap(child, &status);
    if (ended < 0) {
        errno = number;
    }
    if (ended < 0 || !has_status) {
        return error_errno(err, "wait for %s", name);
    }
    if (ended == 0) {
        return error_set(err, ERROR_LIMIT, "%s did not end within %u ms", name,
                         options->timeout_ms);
    }
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        stream_drain(&child->streams[i]);
    }
    if (start_has_failed(child, name, err)) {
        return false;
    }
    const struct stream *output = &child->streams[STREAM_OUTPUT];
    const struct stream *errors = &child->streams[STREAM_ERRORS];
    *out_result = (struct process_result){
        .status = status,
        .truncated = output->is_truncated || errors->is_truncated,
        .output = text_str(&output->text),
        .errors = text_str(&errors->text),
    };
    return true;
}

bool process_run(const struct process_options *options, struct arena *arena,
                 struct process_result *out_result, struct error *err)
{
    assert(options->timeout_ms > 0);
    struct launch launch = {
        .options = options,
        .program = find_program(options->argv[0], arena),
        .environment = options->environment,
    };
    if (launch.program == NULL) {
        return error_set(err, ERROR_UNAVAILABLE, "%s is not installed", options->argv[0]);
    }
    if (launch.environment == NULL) {
        launch.environment = default_environment(arena);
    }
    CLEANUP(cleanup_child) struct child child = {.pidfd = -1};
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        size_t limit = i == STREAM_REPORT ? sizeof(int) : options->output_limit;
        child.streams[i] = (struct stream){.fd = -1, .text = text_make(arena), .limit = limit};
    }
    if (!child_start(&child, &launch)) {
        return error_errno(err, "start %s", options->argv[0]);
    }
    return child_finish(&child, options, out_result, err);
}
