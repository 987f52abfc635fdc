/* runner: started by the service manager for one connection of the loop, which is its standard
 * input. Runs what the loop asks for, where the loop's own sandbox would be in the way, and ends it
 * when the loop hangs up. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "runner_protocol.h"
#include "verbs/verb.h"

enum { STATUS_SIGNAL = 128, STATUS_NOT_RUN = 127, PIPE_BYTES = 4096 };

/* What the loop needs, and nothing else. */
static const char *const allowed_verbs[] = {"apply", "fetch", "notify"};

/* --- the question --------------------------------------------------------------------------- */

struct question {
    const char *const *arguments;
    int input; /* of the program; -1: none came */
};

static bool is_allowed(const char *verb)
{
    for (size_t i = 0; verb != NULL && i < sizeof(allowed_verbs) / sizeof(*allowed_verbs); i++) {
        if (strcmp(verb, allowed_verbs[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* As read(); a file that comes beside the bytes is *input, which is ours then. */
static ssize_t receive(char *bytes, size_t size, int *input)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control = {0};
    struct iovec part = {.iov_base = bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    ssize_t count = recvmsg(STDIN_FILENO, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = count > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int))) {
        cleanup_fd(input);
        memcpy(input, CMSG_DATA(header), sizeof(int));
    }
    return count;
}

/* Everything until the other side has said all. */
static bool read_question(struct arena *arena, struct str *out_bytes, int *out_input,
                          struct error *err)
{
    char *bytes = arena_alloc(arena, RUNNER_BYTES_MOST);
    size_t length = 0;
    for (;;) {
        ssize_t count = receive(bytes + length, RUNNER_BYTES_MOST - length, out_input);
        if (count == 0) {
            break;
        }
        if (count < 0 && errno != EINTR) {
            return error_errno(err, "read what to run");
        }
        length += count > 0 ? (size_t)count : 0;
        if (length == RUNNER_BYTES_MOST) {
            return error_set(err, ERROR_LIMIT, "what to run is too long");
        }
    }
    if (length == 0 || bytes[length - 1] != '\0') {
        return error_set(err, ERROR_FORMAT, "what to run was cut off");
    }
    *out_bytes = (struct str){bytes, length};
    return true;
}

static bool split_question(struct arena *arena, struct str bytes, const char *const **out_arguments,
                           struct error *err)
{
    const char **arguments = arena_array(arena, RUNNER_ARGUMENTS_MOST + 1, sizeof(*arguments));
    size_t count = 0;
    for (size_t at = 0; at < bytes.length; at += strlen(bytes.data + at) + 1) {
        if (count == RUNNER_ARGUMENTS_MOST) {
            return error_set(err, ERROR_LIMIT, "what to run has too many words");
        }
        arguments[count++] = bytes.data + at;
    }
    if (!is_allowed(arguments[1])) {
        return error_set(err, ERROR_REFUSED, "the loop may not run this");
    }
    *out_arguments = arguments;
    return true;
}

static bool is_asked_by_us(struct error *err)
{
    struct ucred peer = {0};
    socklen_t size = sizeof(peer);
    if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return error_errno(err,
                           "this verb is for the service manager: standard input is no socket");
    }
    return peer.uid == geteuid() ||
           error_set(err, ERROR_REFUSED, "user %u may run nothing here", (unsigned)peer.uid);
}

/* --- the program ---------------------------------------------------------------------------- */

static _Noreturn void become_program(const struct question *question, int output)
{
    union {
        const char *const *given;
        char *const *wanted;
    } same = {.given = question->arguments};
    int input = question->input < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : question->input;
    if (input >= 0 && dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0) {
        (void)execv("/proc/self/exe", same.wanted);
    }
    _exit(STATUS_NOT_RUN);
}

/* True while there is more to come. */
static bool pass_on(int from)
{
    char bytes[PIPE_BYTES];
    ssize_t count = read(from, bytes, sizeof(bytes));
    if (count <= 0) {
        return count < 0 && errno == EINTR;
    }
    (void)send(STDIN_FILENO, bytes, (size_t)count, MSG_NOSIGNAL); /* nobody may listen any more */
    return true;
}

/* Until the program has ended. A loop that hangs up wants it ended. */
static void attend(pid_t pid, int pidfd, int output)
{
    enum { ENDED, PRINTED, HUNG_UP, WAITED_FOR };
    struct pollfd waits[WAITED_FOR] = {
        [ENDED] = {.fd = pidfd, .events = POLLIN},
        [PRINTED] = {.fd = output, .events = POLLIN},
        [HUNG_UP] = {.fd = STDIN_FILENO, .events = 0}, /* POLLHUP comes unasked */
    };
    while (waits[ENDED].revents == 0) {
        if (poll(waits, WAITED_FOR, -1) < 0 && errno != EINTR) {
            break;
        }
        if (waits[PRINTED].revents != 0 && !pass_on(output)) {
            waits[PRINTED].fd = -1;
        }
        if ((waits[HUNG_UP].revents & (POLLHUP | POLLERR)) != 0) {
            (void)kill(pid, SIGTERM); /* ours, and not waited for yet */
            waits[HUNG_UP].fd = -1;
        }
    }
}

static int exit_code(pid_t pid)
{
    int status = 0;
    if (waitpid(pid, &status, 0) != pid) {
        return STATUS_NOT_RUN;
    }
    return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool run_program(const struct question *question, int *out_code, struct error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return error_errno(err, "start %s", question->arguments[1]);
    }
    AUTO_FD output = ends[0];
    pid_t pid = fork();
    if (pid == 0) {
        become_program(question, ends[1]);
    }
    (void)close(ends[1]); /* the child's */
    AUTO_FD pidfd = pid < 0 ? -1 : pidfd_open(pid, 0);
    if (pidfd < 0) {
        return error_errno(err, "start %s", question->arguments[1]);
    }
    attend(pid, pidfd, output);
    if (fcntl(output, F_SETFL, O_NONBLOCK) == 0) {
        while (pass_on(output)) {
        }
    }
    *out_code = exit_code(pid);
    return true;
}

static void say_end(struct arena *arena, int code)
{
    const char *number = arena_printf(arena, "%d", code);
    (void)send(STDIN_FILENO, RUNNER_END, RUNNER_END_SIZE, MSG_NOSIGNAL); /* nobody may listen */
    (void)send(STDIN_FILENO, number, strlen(number), MSG_NOSIGNAL);
}

int verb_runner(struct command *command)
{
    struct error err = {0};
    struct str bytes = {0};
    static const char *const nothing[] = {"reconcile", "", NULL};
    struct question question = {.arguments = nothing, .input = -1};
    int code = EXIT_CODE_FAILED;
    bool has_run = is_asked_by_us(&err) &&
                   read_question(command->arena, &bytes, &question.input, &err) &&
                   split_question(command->arena, bytes, &question.arguments, &err) &&
                   run_program(&question, &code, &err);
    cleanup_fd(&question.input);
    if (!has_run) {
        return output_error(command, &err);
    }
    say_end(command->arena, code);
    return EXIT_CODE_SUCCESS;
}
