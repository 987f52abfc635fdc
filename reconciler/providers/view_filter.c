/* The system calls of a supervised program: a table, and the filter that the kernel runs over it.
 * Most calls pass. Those that look at paths or ask for addresses are answered by the supervisor;
 * those that would change something outside are refused, or are said to have worked where nginx -t
 * insists on them. */

#include "providers/view_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define FILTER_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FILTER_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define FILTER_ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

#ifdef FILTER_ARCHITECTURE

#define ASK         SECCOMP_RET_USER_NOTIF
#define SAY(number) (SECCOMP_RET_ERRNO | (number))

/* x86-64 has a second numbering, which would lead around the table. */
enum { SECOND_NUMBERING = 0x40000000 };

static const struct rule {
    unsigned call;
    unsigned answer;
} rules[] = {
    // clang-format off
    {__NR_openat,            ASK},
    {__NR_newfstatat,        ASK},
    {__NR_statx,             ASK},
    {__NR_faccessat,         ASK},
    {__NR_faccessat2,        ASK},
    {__NR_mkdirat,           ASK},
    {__NR_unlinkat,          ASK},
    {__NR_bind,              ASK},
    {__NR_listen,            SAY(0)},
    {__NR_fchmod,            SAY(0)},
    {__NR_fchmodat,          SAY(0)},
    {__NR_fchown,            SAY(0)},
    {__NR_fchownat,          SAY(0)},
    {__NR_connect,           SAY(ENETUNREACH)},
    {__NR_openat2,           SAY(ENOSYS)},
    {__NR_open_by_handle_at, SAY(ENOSYS)},
    {__NR_io_uring_setup,    SAY(ENOSYS)},
    {__NR_renameat2,         SAY(EROFS)},
    {__NR_linkat,            SAY(EROFS)},
    {__NR_symlinkat,         SAY(EROFS)},
    {__NR_mknodat,           SAY(EROFS)},
    {__NR_truncate,          SAY(EROFS)},
    {__NR_utimensat,         SAY(EROFS)},
    {__NR_setxattr,          SAY(EROFS)},
    {__NR_lsetxattr,         SAY(EROFS)},
    {__NR_removexattr,       SAY(EROFS)},
    {__NR_lremovexattr,      SAY(EROFS)},
    {__NR_kill,              SAY(EPERM)},
    {__NR_ptrace,            SAY(EPERM)},
    {__NR_mount,             SAY(EPERM)},
    {__NR_umount2,           SAY(EPERM)},
#ifdef __NR_renameat
    {__NR_renameat,          SAY(EROFS)},
#endif
#ifdef __NR_open /* the older ones, which not every architecture has */
    {__NR_open,              ASK},
    {__NR_stat,              ASK},
    {__NR_lstat,             ASK},
    {__NR_access,            ASK},
    {__NR_mkdir,             ASK},
    {__NR_unlink,            ASK},
    {__NR_chmod,             SAY(0)},
    {__NR_chown,             SAY(0)},
    {__NR_lchown,            SAY(0)},
    {__NR_creat,             SAY(EROFS)},
    {__NR_rename,            SAY(EROFS)},
    {__NR_link,              SAY(EROFS)},
    {__NR_symlink,           SAY(EROFS)},
    {__NR_mknod,             SAY(EROFS)},
    {__NR_rmdir,             SAY(EROFS)},
    {__NR_utime,             SAY(EROFS)},
    {__NR_utimes,            SAY(EROFS)},
    {__NR_futimesat,         SAY(EROFS)},
#endif
    // clang-format on
};

enum {
    RULE_COUNT = sizeof(rules) / sizeof(rules[0]),
    PROLOGUE = 11,
    PROGRAM_LENGTH = PROLOGUE + 2 * RULE_COUNT + 1,
};

static void program_make(struct sock_filter *program)
{
    const struct sock_filter prologue[PROLOGUE] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCHITECTURE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        /* fstat() of an open file, which is half of all calls, is nobody's business. */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_newfstatat, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, AT_EMPTY_PATH, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SECOND_NUMBERING, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    for (size_t i = 0; i < PROLOGUE; i++) {
        program[i] = prologue[i];
    }
    for (size_t i = 0; i < RULE_COUNT; i++) {
        program[PROLOGUE + 2 * i] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rules[i].call, 0, 1);
        program[PROLOGUE + 2 * i + 1] =
            (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, rules[i].answer);
    }
    program[PROGRAM_LENGTH - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

int view_filter_install(void)
{
    struct sock_filter instructions[PROGRAM_LENGTH];
    const struct sock_fprog program = {.len = PROGRAM_LENGTH, .filter = instructions};
    program_make(instructions);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return -1;
    }
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                        &program);
}

#else

int view_filter_install(void)
{
    errno = ENOSYS; /* nobody has tried it on this architecture */
    return -1;
}

#endif
