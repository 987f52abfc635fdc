/* Stands between a program and the kernel where there are no namespaces: opens what the program
 * wants to open, at the place where the view has it, and hands over the descriptor. Nothing of the
 * machine is opened for writing.
 *
 * Runs in the child of a fork: system calls and nothing else. */

#include "providers/view_parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
    STATUS_FAILED = 125,
    STATUS_SIGNAL = 128,
    NOTICE_MAX = 512, /* the kernel's structs may be longer than those of our headers */
    ARGUMENT_NONE = -1,
};

/* One call that waits for its answer. */
struct call {
    struct view *view;
    int listener;
    pid_t pid;
    const struct seccomp_notif *notice;
    const char *path;   /* as the program wrote it, absolute and tidied; NULL: none, or relative */
    const char *target; /* where it really is; NULL: there */
    struct seccomp_notif_resp *answer;
};

/* ---- The program's memory -------------------------------------------------------------------- */

/* A text that may end right before memory that is not there, so page by page. */
static bool text_get(pid_t pid, uint64_t address, char *out_text, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t length = 0;
    while (length < size) {
        size_t part = page - (address + length) % page;
        part = part < size - length ? part : size - length;
        struct iovec local = {out_text + length, part};
        struct iovec remote = {(void *)(uintptr_t)(address + length), part};
        ssize_t count = process_vm_readv(pid, &local, 1, &remote, 1, 0);
        if (count <= 0) {
            return false;
        }
        if (memchr(out_text + length, '\0', (size_t)count) != NULL) {
            return true;
        }
        length += (size_t)count;
    }
    return false;
}

static bool bytes_get(pid_t pid, uint64_t address, void *out_bytes, size_t size)
{
    struct iovec local = {out_bytes, size};
    struct iovec remote = {(void *)(uintptr_t)address, size};
    return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static bool bytes_put(pid_t pid, uint64_t address, void *bytes, size_t size)
{
    struct iovec local = {bytes, size};
    struct iovec remote = {(void *)(uintptr_t)address, size};
    return process_vm_writev(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

/* Drops what makes one path look like another: "//" and "/./". */
static void path_tidy(char *path)
{
    char *out = path;
    for (const char *at = path; *at != '\0';) {
        if (at[0] == '/' && at[1] == '/') {
            at++;
        } else if (at[0] == '/' && at[1] == '.' && at[2] == '/') {
            at += 2;
        } else {
            *out++ = *at++;
        }
    }
    *out = '\0';
}

/* ---- Answers --------------------------------------------------------------------------------- */

static void answer_continue(const struct call *call)
{
    call->answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
}

static void answer_error(const struct call *call, int number)
{
    call->answer->error = -number;
}

static void answer_result(const struct call *call, int result)
{
    if (result != 0) {
        answer_error(call, errno);
    }
}

static int argument(const struct call *call, int index)
{
    return index == ARGUMENT_NONE ? 0 : (int)call->notice->data.args[index];
}

/* The ways out that every program has. */
static bool is_harmless_device(const char *path)
{
    static const char *const paths[] = {"/dev/null", "/dev/zero",   "/dev/full",
                                        "/dev/tty",  "/dev/stdout", "/dev/stderr"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (strcmp(path, paths[i]) == 0) {
            return true;
        }
    }
    return text_starts_with(path, "/dev/fd/") || text_starts_with(path, "/proc/self/fd/");
}

static bool wants_to_write(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0 ||
           (flags & O_TMPFILE) == O_TMPFILE;
}

static void descriptor_give(const struct call *call, int fd, int flags)
{
    struct seccomp_notif_addfd given = {
        .id = call->notice->id,
        .srcfd = (unsigned)fd,
        .newfd_flags = (unsigned)flags & O_CLOEXEC,
    };
    int number = ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &given);
    if (number < 0) {
        answer_error(call, errno);
    } else {
        call->answer->val = number;
    }
}

static void open_answer(const struct call *call, int flags, int mode)
{
    if (call->target == NULL) {
        if (wants_to_write(flags) && (call->path == NULL || !is_harmless_device(call->path))) {
            answer_error(call, EROFS);
        } else {
            answer_continue(call);
        }
        return;
    }
    AUTO_FD fd = open(call->target, flags | O_CLOEXEC, (mode_t)mode);
    if (fd < 0) {
        answer_error(call, errno);
    } else {
        descriptor_give(call, fd, flags);
    }
}

/* ---- One for each kind of call --------------------------------------------------------------- */

/* Which arguments of a call are what; ARGUMENT_NONE: it has no such. */
struct shape {
    unsigned call;
    void (*answer)(const struct call *call, const struct shape *shape);
    int path;
    int first;  /* flags, mode, or where the result goes */
    int second; /* the same */
};

static void on_open(const struct call *call, const struct shape *shape)
{
    open_answer(call, argument(call, shape->first), argument(call, shape->second));
}

/* first: the result, second: flags. */
static void on_stat(const struct call *call, const struct shape *shape)
{
    struct stat status;
    if (call->target == NULL) {
        answer_continue(call);
    } else if (fstatat(AT_FDCWD, call->target, &status, argument(call, shape->second)) != 0) {
        answer_error(call, errno);
    } else if (!bytes_put(call->pid, call->notice->data.args[shape->first], &status,
                          sizeof(status))) {
        answer_error(call, EFAULT);
    }
}

#ifdef __NR_lstat
static void on_lstat(const struct call *call, const struct shape *shape)
{
    struct stat status;
    if (call->target == NULL) {
        answer_continue(call);
    } else if (lstat(call->target, &status) != 0) {
        answer_error(call, errno);
    } else if (!bytes_put(call->pid, call->notice->data.args[shape->first], &status,
                          sizeof(status))) {
        answer_error(call, EFAULT);
    }
}
#endif

/* first: flags, second: mask; the result is the last argument. */
static void on_statx(const struct call *call, const struct shape *shape)
{
    struct statx status;
    if (call->target == NULL) {
        answer_continue(call);
    } else if (statx(AT_FDCWD, call->target, argument(call, shape->first),
                     (unsigned)argument(call, shape->second), &status) != 0) {
        answer_error(call, errno);
    } else if (!bytes_put(call->pid, call->notice->data.args[4], &status, sizeof(status))) {
        answer_error(call, EFAULT);
    }
}

/* first: mode. */
static void on_access(const struct call *call, const struct shape *shape)
{
    if (call->target == NULL) {
        answer_continue(call);
    } else {
        answer_result(call, access(call->target, argument(call, shape->first)));
    }
}

/* first: mode. A directory that is there already is told so by the kernel itself. */
static void on_mkdir(const struct call *call, const struct shape *shape)
{
    struct stat status;
    if (call->target != NULL) {
        answer_result(call, mkdir(call->target, (mode_t)argument(call, shape->first)));
    } else if (call->path != NULL && lstat(call->path, &status) == 0) {
        answer_error(call, EEXIST);
    } else {
        answer_error(call, EROFS);
    }
}

static void on_unlink(const struct call *call, const struct shape *shape)
{
    (void)shape; /* the path is all */
    if (call->target == NULL) {
        answer_error(call, EROFS);
    } else {
        answer_result(call, unlink(call->target));
    }
}

/* Said to have worked for what reaches others. A netlink socket that is not bound would never get
 * its answer. */
static void on_bind(const struct call *call, const struct shape *shape)
{
    sa_family_t family = AF_UNSPEC;
    (void)shape; /* the address is the second argument */
    if (!bytes_get(call->pid, call->notice->data.args[1], &family, sizeof(family)) ||
        (family != AF_INET && family != AF_INET6 && family != AF_UNIX)) {
        answer_continue(call);
    }
}

static const struct shape shapes[] = {
    // clang-format off
    {__NR_openat,     on_open,   1,             2, 3},
    {__NR_newfstatat, on_stat,   1,             2, 3},
    {__NR_statx,      on_statx,  1,             2, 3},
    {__NR_faccessat,  on_access, 1,             2, ARGUMENT_NONE},
    {__NR_faccessat2, on_access, 1,             2, ARGUMENT_NONE},
    {__NR_mkdirat,    on_mkdir,  1,             2, ARGUMENT_NONE},
    {__NR_unlinkat,   on_unlink, 1,             2, ARGUMENT_NONE},
    {__NR_bind,       on_bind,   ARGUMENT_NONE, 1, ARGUMENT_NONE},
#ifdef __NR_open
    {__NR_open,       on_open,   0,             1, 2},
    {__NR_stat,       on_stat,   0,             1, ARGUMENT_NONE},
    {__NR_lstat,      on_lstat,  0,             1, ARGUMENT_NONE},
    {__NR_access,     on_access, 0,             1, ARGUMENT_NONE},
    {__NR_mkdir,      on_mkdir,  0,             1, ARGUMENT_NONE},
    {__NR_unlink,     on_unlink, 0,             ARGUMENT_NONE, ARGUMENT_NONE},
#endif
    // clang-format on
};

/* ---- The supervisor -------------------------------------------------------------------------- */

static void call_answer(struct call *call, const struct shape *shape)
{
    char path[PATH_MAX];
    char target[PATH_MAX];
    if (shape->path != ARGUMENT_NONE) {
        if (!text_get(call->pid, call->notice->data.args[shape->path], path, sizeof(path))) {
            answer_error(call, EFAULT);
            return;
        }
        path_tidy(path);
        call->path = path[0] == '/' ? path : NULL;
    }
    if (call->path != NULL && view_shadow_find(call->view, path, target)) {
        call->target = target;
    }
    shape->answer(call, shape);
}

static void notice_answer(struct view *view, int listener, pid_t pid,
                          const struct seccomp_notif *notice, struct seccomp_notif_resp *answer)
{
    struct call call = {
        .view = view, .listener = listener, .pid = pid, .notice = notice, .answer = answer};
    answer->id = notice->id;
    answer_continue(&call);
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (shapes[i].call == (unsigned)notice->data.nr) {
            answer->flags = 0;
            call.pid = (pid_t)notice->pid;
            call_answer(&call, &shapes[i]);
            return;
        }
    }
}

/* Until the program has ended. False with errno when the kernel does not go along. */
static bool serve(struct view *view, int listener, pid_t pid)
{
    struct seccomp_notif_sizes sizes;
    union {
        struct seccomp_notif notice;
        char room[NOTICE_MAX];
    } in;
    union {
        struct seccomp_notif_resp answer;
        char room[NOTICE_MAX];
    } out;
    AUTO_FD ended = pidfd_open(pid, 0);
    struct pollfd polled[] = {{.fd = listener, .events = POLLIN}, {.fd = ended, .events = POLLIN}};
    if (ended < 0 || syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0 ||
        sizes.seccomp_notif > sizeof(in) || sizes.seccomp_notif_resp > sizeof(out)) {
        return false;
    }
    for (;;) {
        if (poll(polled, 2, -1) < 0) {
            if (errno != EINTR) {
                return false;
            }
            continue;
        }
        if (polled[1].revents != 0) {
            return true;
        }
        memset(&in, 0, sizeof(in));
        memset(&out, 0, sizeof(out));
        if ((polled[0].revents & POLLIN) == 0 ||
            ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &in.notice) != 0) {
            continue; /* the call was given up meanwhile */
        }
        notice_answer(view, listener, pid, &in.notice, &out.answer);
        (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &out.answer); /* given up: nobody waits */
    }
}

/* ---- Two processes --------------------------------------------------------------------------- */

static bool descriptor_send(int channel, int fd)
{
    char byte = 0;
    struct iovec data = {&byte, 1};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    return sendmsg(channel, &message, 0) == 1;
}

static int descriptor_receive(int channel)
{
    int fd = -1;
    char byte = 0;
    struct iovec data = {&byte, 1};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != 1) {
        return -1;
    }
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_type == SCM_RIGHTS) {
        memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    }
    return fd;
}

static _Noreturn void stay_outside(struct view *view, pid_t pid, int channel)
{
    int status = 0;
    int listener = descriptor_receive(channel);
    if (listener >= 0 && !serve(view, listener, pid)) {
        (void)view_fail(view, "supervise", NULL);
        (void)kill(pid, SIGKILL); /* our child, not yet waited for */
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    _exit(WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status));
}

static int go_inside(struct view *view, int channel)
{
    (void)umask(S_IWGRP | S_IWOTH); /* returns the old one */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || chdir("/") != 0) {
        (void)view_fail(view, "begin", NULL);
        return STATUS_FAILED;
    }
    int listener = view_filter_install();
    if (listener < 0 || !descriptor_send(channel, listener)) {
        (void)view_fail(view, "install a filter of system calls", NULL);
        return STATUS_FAILED;
    }
    (void)close(listener); /* the supervisor's, else its end would never come */
    (void)close(channel);
    return 0;
}

int view_supervise(void *context)
{
    struct view *view = context;
    int ends[2];
    assert(view->report != NULL && view->shadow != NULL);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        (void)view_fail(view, "make a channel", NULL);
        return STATUS_FAILED;
    }
    pid_t pid = fork();
    if (pid < 0) {
        (void)view_fail(view, "fork", NULL);
        return STATUS_FAILED;
    }
    if (pid > 0) {
        (void)close(ends[0]); /* the program's */
        stay_outside(view, pid, ends[1]);
    }
    (void)close(ends[1]); /* the supervisor's */
    return go_inside(view, ends[0]);
}
