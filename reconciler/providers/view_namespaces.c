/* The processes of a private view: one that stays outside and waits, and one that goes into
 * namespaces of its own and becomes the program. An ordinary user keeps his number there, and with
 * it his permissions; root keeps his sight of every file, but loses what could undo the view.
 *
 * Runs in the child of a fork: system calls and nothing else. */

#include "providers/view_parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STATUS_FAILED = 125,
    STATUS_SIGNAL = 128,
    DIGITS_MAX = 20,
    CAPABILITIES_MAX = 64, /* bits of a set; the kernel may know more than our headers */
};

/* ---- Inside ---------------------------------------------------------------------------------- */

/* Any address is local, and any port may be had by an ordinary user: in this network, which has
 * nobody else in it. */
static bool network_open(struct view *view)
{
    static const struct {
        const char *path;
        struct str value;
        bool is_optional;
    } settings[] = {
        {"/proc/sys/net/ipv4/ip_nonlocal_bind", {"1", 1}, false},
        {"/proc/sys/net/ipv4/ip_unprivileged_port_start", {"0", 1}, false},
        {"/proc/sys/net/ipv6/ip_nonlocal_bind", {"1", 1}, true}, /* absent without IPv6 */
    };
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (!view_file_put(settings[i].path, 0, settings[i].value) &&
            !(settings[i].is_optional && errno == ENOENT)) {
            return view_fail(view, "set", settings[i].path);
        }
    }
    return true;
}

/* Root sees files of everybody and may give away what it creates; it can undo no mount, load no
 * module and reach no device. An ordinary user's program starts without any capability. */
static bool privileges_drop(struct view *view)
{
    static const unsigned kept[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
                                    CAP_NET_BIND_SERVICE};
    for (unsigned capability = 0; capability < CAPABILITIES_MAX; capability++) {
        bool is_kept = false;
        for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
            is_kept = is_kept || kept[i] == capability;
        }
        /* EINVAL: a capability that this kernel does not know */
        if (!is_kept && prctl(PR_CAPBSET_DROP, capability) != 0 && errno != EINVAL) {
            return view_fail(view, "drop privileges", NULL);
        }
    }
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 || view_fail(view, "drop privileges", NULL);
}

/* ---- Around the child ------------------------------------------------------------------------ */

static char *put(char *at, const char *word)
{
    while (*word != '\0') {
        *at++ = *word++;
    }
    return at;
}

/* "/proc/PID/NAME" */
static void child_path(pid_t pid, const char *name, char *out_path)
{
    char digits[DIGITS_MAX];
    size_t count = 0;
    for (long left = pid; left > 0; left /= 10) {
        digits[count++] = (char)('0' + left % 10);
    }
    out_path = put(out_path, "/proc/");
    while (count > 0) {
        *out_path++ = digits[--count];
    }
    *put(out_path, name) = '\0';
}

/* Only from outside a namespace can more than one's own number be mapped into it. */
static bool numbers_map(struct view *view, pid_t pid)
{
    char path[PATH_MAX];
    if (!view->is_root) { /* else an ordinary user could leave a group that he is locked into */
        child_path(pid, "/setgroups", path);
        if (!view_file_put(path, 0, STR("deny"))) {
            return view_fail(view, "give up groups", NULL);
        }
    }
    child_path(pid, "/uid_map", path);
    if (!view_file_put(path, 0, view->users)) {
        return view_fail(view, "map users", NULL);
    }
    child_path(pid, "/gid_map", path);
    return view_file_put(path, 0, view->groups) || view_fail(view, "map groups", NULL);
}

/* The process that process_run knows stays outside and waits; its end is the other's. */
static _Noreturn void stay_outside(struct view *view, pid_t pid, int go)
{
    int status = 0;
    if (!numbers_map(view, pid) || write(go, "", 1) != 1) {
        (void)kill(pid, SIGKILL); /* our child, not yet waited for */
    }
    (void)close(go); /* the child sees the end where the byte is missing */
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    _exit(WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status));
}

static bool go_inside(struct view *view, int ready)
{
    char byte = 0;
    (void)umask(S_IWGRP | S_IWOTH); /* returns the old one */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || read(ready, &byte, 1) != 1) {
        return view_fail(view, "begin", NULL);
    }
    return network_open(view) && view_mounts_make(view) && privileges_drop(view) &&
           (chdir("/") == 0 || view_fail(view, "enter", "/"));
}

int view_enter(void *context)
{
    struct view *view = context;
    int ends[2];
    assert(view->report != NULL);
    if (pipe2(ends, O_CLOEXEC) != 0) {
        (void)view_fail(view, "make a pipe", NULL);
        return STATUS_FAILED;
    }
    unsigned long flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC;
    /* fork(), but into namespaces of its own; there it is the first process, and when it ends,
     * nothing that it started is left. */
    long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    if (pid < 0) {
        (void)view_fail(view, "make namespaces", NULL);
        return STATUS_FAILED;
    }
    if (pid > 0) {
        (void)close(ends[0]); /* the child's */
        stay_outside(view, (pid_t)pid, ends[1]);
    }
    (void)close(ends[1]); /* the parent's */
    return go_inside(view, ends[0]) ? 0 : STATUS_FAILED;
}
