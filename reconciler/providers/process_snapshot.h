/* What /proc tells about a process that may be gone in a moment: copied at once, made readable
 * later (file_writer.h). Made for a thread that must not wait: fixed sizes, no memory is asked for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    SNAPSHOT_PROGRAM_SIZE = 512,
    SNAPSHOT_COMMAND_SIZE = 256,
    SNAPSHOT_UNIT_SIZE = 256, /* as long as the name of a unit may be */
    SNAPSHOT_NAME_SIZE = 32,
    SNAPSHOT_ANCESTOR_SIZE = 160,
    SNAPSHOT_ANCESTORS = 8,
};

struct process_ancestor {
    pid_t pid;
    char program[SNAPSHOT_ANCESTOR_SIZE]; /* "" when it could not be read */
};

struct process_snapshot {
    uint64_t serial; /* another one for each look */
    pid_t pid;       /* 0: in another process namespace */
    bool is_known;   /* what follows is of the process that was asked for */
    bool is_partial; /* it was on its way out: some of it is missing */
    bool is_own;     /* this process, or a descendant of it */
    bool is_kernel_thread;
    uid_t user;                          /* (uid_t)-1 */
    uid_t login_user;                    /* (uid_t)-1 */
    char program[SNAPSHOT_PROGRAM_SIZE]; /* the path of the executable; "" */
    char name[SNAPSHOT_NAME_SIZE];       /* short name of its main thread; "" */
    char unit[SNAPSHOT_UNIT_SIZE];       /* "" */
    char command[SNAPSHOT_COMMAND_SIZE]; /* arguments, each with a NUL behind it */
    size_t command_length;               /* SNAPSHOT_COMMAND_SIZE: there may be more */
    size_t ancestor_count;
    struct process_ancestor ancestors[SNAPSHOT_ANCESTORS]; /* parent first, without process 1 */
};

/* The unit of the system manager in the text of /proc/PID/cgroup: "" when there is none. */
void process_unit(const char *cgroup, char out_unit[SNAPSHOT_UNIT_SIZE]);

/* Remembers processes, so that one that writes a thousand times is looked at once. Its look at a
 * process is repeated when that process runs another program by now, and once a second. */
struct process_watcher;

/* NULL when there is no memory. */
struct process_watcher *process_watcher_open(void);
/* Accepts NULL. */
void process_watcher_close(struct process_watcher *watcher);

/* To be called each time when events were read: the processes of one batch are looked at after all
 * that the batch tells of them. */
void process_watcher_begin_batch(struct process_watcher *watcher);
/* Who this process is: pidfd, which stays the caller's, was made for it by the kernel, or is
 * negative when it was gone. is_prompt: the caller is never kept from running, so that what was
 * seen a moment ago still holds. Valid until the next call. */
const struct process_snapshot *process_watcher_look(struct process_watcher *watcher, pid_t pid,
                                                    int pidfd, bool is_prompt);
