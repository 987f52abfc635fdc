/* Processes beside the loop as event sources. Any of them may be ended at any moment: what they do
 * is made for it. */
#include "watch_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "runner_protocol.h"

enum {
    OUTPUT_MOST = 1024,
    STATUS_SIGNAL = 128,
    STATUS_NOT_RUN = 127,
    US_A_SECOND = 1000000,
    DECIMAL = 10,
};

struct watch_process {
    pid_t pid;  /* of a child; 0: a runner has it, or it has ended */
    int output; /* where it prints to: a pipe, or the runner's socket */
    char text[OUTPUT_MOST];
    size_t length;
    int64_t started_ms;
    sd_event_source *exited;
    sd_event_source *ready;
    sd_event_source *deadline;
    watch_process_done *done;
    void *context;
};

static void release(struct watch_process *process)
{
    (void)sd_event_source_disable_unref(process->exited); /* these return NULL always */
    (void)sd_event_source_disable_unref(process->ready);
    (void)sd_event_source_disable_unref(process->deadline);
    cleanup_fd(&process->output);
    free(process);
}

/* --- what it prints ------------------------------------------------------------------------- */

/* False at the end. What is more than we keep pushes the middle out: the first line and what a
 * runner says last are both there. */
static bool read_some(struct watch_process *process)
{
    char bytes[OUTPUT_MOST / 2];
    ssize_t count = read(process->output, bytes, sizeof(bytes));
    if (count <= 0) {
        return count < 0 && errno == EINTR;
    }
    size_t room = sizeof(process->text) - 1 - process->length;
    if ((size_t)count > room) {
        size_t over = (size_t)count - room;
        size_t kept = sizeof(process->text) / 2;
        size_t tail = process->length > kept + over ? process->length - kept - over : 0;
        memmove(process->text + kept, process->text + process->length - tail, tail);
        process->length = kept + tail;
        room = sizeof(process->text) - 1 - process->length;
    }
    size_t taken = (size_t)count < room ? (size_t)count : room;
    memcpy(process->text + process->length, bytes + ((size_t)count - taken), taken);
    process->length += taken;
    return true;
}

/* What is still in the pipe; a child of the child may hold the other end for longer. */
static void read_rest(struct watch_process *process)
{
    if (fcntl(process->output, F_SETFL, O_NONBLOCK) == 0) {
        while (read_some(process)) {
        }
    }
    process->text[process->length] = '\0';
}

/* What the runner says last, cut off from the rest; without it the program has not ended well. */
static int take_end(struct watch_process *process)
{
    static const char end[] = RUNNER_END;
    const char *at = memmem(process->text, process->length, end, RUNNER_END_SIZE);
    if (at == NULL) {
        return STATUS_SIGNAL + SIGKILL;
    }
    process->length = (size_t)(at - process->text);
    return (int)strtol(at + RUNNER_END_SIZE, NULL, DECIMAL);
}

static void finish(struct watch_process *process, int code)
{
    process->done(process->context, code, process->text);
    release(process);
}

static int output_ready(sd_event_source *source, int fd, uint32_t events, void *context)
{
    struct watch_process *process = context;
    (void)source;
    (void)fd;
    (void)events;
    if (read_some(process)) {
        return 0;
    }
    process->ready = sd_event_source_disable_unref(process->ready);
    if (process->pid == 0) { /* the runner hung up: it has said all */
        process->text[process->length] = '\0';
        finish(process, take_end(process));
    }
    return 0;
}

static int process_exited(sd_event_source *source, const siginfo_t *info, void *context)
{
    struct watch_process *process = context;
    int code = info->si_code == CLD_EXITED ? info->si_status : STATUS_SIGNAL + info->si_status;
    (void)source;
    process->pid = 0;
    read_rest(process);
    finish(process, code);
    return 0;
}

/* --- a child -------------------------------------------------------------------------------- */

/* execv wants pointers that it could write through, and does not. */
static _Noreturn void become_program(const struct watch_program *program, int output)
{
    union {
        const char *const *given;
        char *const *wanted;
    } same = {.given = program->arguments};
    sigset_t none;
    (void)sigemptyset(&none); /* these cannot fail */
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    if (dup2(program->input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0) {
        (void)execv("/proc/self/exe", same.wanted);
    }
    _exit(STATUS_NOT_RUN);
}

static bool spawn(struct watch_process *process, const struct watch_program *program,
                  struct error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return error_errno(err, "start %s", program->arguments[1]);
    }
    process->pid = fork();
    if (process->pid == 0) {
        become_program(program, ends[1]);
    }
    (void)close(ends[1]); /* the child's */
    process->output = ends[0];
    return process->pid > 0 || error_errno(err, "start %s", program->arguments[1]);
}

/* --- a runner ------------------------------------------------------------------------------- */

/* The name of the program, and beside it its standard input (unix(7), SCM_RIGHTS). */
static bool send_name(int fd, const struct watch_program *program)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control = {0};
    union {
        const char *given;
        char *wanted;
    } name = {.given = program->arguments[0]};
    struct iovec part = {.iov_base = name.wanted, .iov_len = strlen(name.given) + 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &program->input, sizeof(int));
    return sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)part.iov_len;
}

static bool send_program(int fd, const struct watch_program *program)
{
    if (!send_name(fd, program)) {
        return false;
    }
    for (const char *const *argument = program->arguments + 1; *argument != NULL; argument++) {
        size_t length = strlen(*argument) + 1;
        if (send(fd, *argument, length, MSG_NOSIGNAL) != (ssize_t)length) {
            return false;
        }
    }
    return shutdown(fd, SHUT_WR) == 0;
}

static bool call_runner(struct watch_process *process, const struct watch_program *program,
                        struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(program->runner) >= sizeof(address.sun_path)) {
        return error_set(err, ERROR_LIMIT, "%s is too long for a socket", program->runner);
    }
    memcpy(address.sun_path, program->runner, strlen(program->runner) + 1);
    process->output = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (process->output < 0 ||
        connect(process->output, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        !send_program(process->output, program)) {
        return error_errno(err, "ask %s to start %s", program->runner, program->arguments[1]);
    }
    return true;
}

/* --- the life of one ------------------------------------------------------------------------ */

static int deadline_passed(sd_event_source *source, uint64_t at, void *context)
{
    struct watch_process *process = context;
    (void)source;
    (void)at;
    if (process->pid > 0) {
        (void)kill(process->pid, SIGKILL); /* ours, and not waited for yet */
    } else {
        watch_process_stop(process);
    }
    return 0;
}

static int follow(struct watch_process *process, sd_event *event, unsigned seconds_most)
{
    int result = 0;
    if (process->pid > 0) {
        result = sd_event_add_child(event, &process->exited, process->pid, WEXITED, process_exited,
                                    process);
    }
    if (result >= 0) {
        result = sd_event_add_io(event, &process->ready, process->output, EPOLLIN, output_ready,
                                 process);
    }
    if (result >= 0) {
        result = sd_event_add_time_relative(event, &process->deadline, CLOCK_MONOTONIC,
                                            (uint64_t)seconds_most * US_A_SECOND, US_A_SECOND,
                                            deadline_passed, process);
    }
    return result;
}

bool watch_process_start(sd_event *event, const struct watch_program *program,
                         watch_process_done *done, void *context,
                         struct watch_process **out_process, struct error *err)
{
    struct watch_process *process = calloc(1, sizeof(*process));
    if (process == NULL) {
        return error_errno(err, "start %s", program->arguments[1]);
    }
    *process = (struct watch_process){
        .output = -1, .started_ms = clock_ms(), .done = done, .context = context};
    bool is_started =
        program->runner == NULL ? spawn(process, program, err) : call_runner(process, program, err);
    if (!is_started) {
        release(process);
        return false;
    }
    int result = follow(process, event, program->seconds_most);
    if (result < 0) {
        watch_process_end(process);
        errno = -result;
        return error_errno(err, "follow %s", program->arguments[1]);
    }
    *out_process = process;
    return true;
}

/* A runner ends the program when nobody listens; what it says then is still read. */
void watch_process_stop(struct watch_process *process)
{
    if (process->pid > 0) {
        (void)kill(process->pid, SIGTERM); /* ours, and not waited for yet */
    } else {
        (void)shutdown(process->output, SHUT_RD); /* it may have hung up by itself */
    }
}

void watch_process_end(struct watch_process *process)
{
    if (process == NULL) {
        return;
    }
    if (process->pid > 0) {
        (void)kill(process->pid, SIGTERM); /* as above */
        (void)waitpid(process->pid, NULL, 0);
    }
    release(process);
}

int64_t watch_process_started_ms(const struct watch_process *process)
{
    return process->started_ms;
}
