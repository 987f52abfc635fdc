/* Reads /proc/PID beneath a descriptor of that folder. Such a descriptor belongs to one process for
 * good: when the process is gone, it reads nothing, even if its number has a new owner. So there is
 * only one moment to be checked, when the folder is opened by its number: the process that the
 * kernel's descriptor stands for must not have been reaped right after. Each read is then of the
 * right process, however many of them come too late.
 *
 * What a process runs may change (exec): what was read is compared with the link to its executable
 * and its arguments at the end, and again whenever a remembered look is used. */

#include "providers/process_snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"

enum {
    WRITERS_REMEMBERED = 16,
    ANCESTORS_REMEMBERED = 32,
    FOLDER_PATH_SIZE = 32,
    PROC_FILE_SIZE = 4096, /* status and cgroup are far below */
    DECIMAL = 10,
    STAT_FLAGS = 6,                /* words from the state to before the flags, proc(5) */
    KERNEL_THREAD_FLAG = 0x200000, /* PF_KTHREAD in the kernel's sched.h */
    REMEMBERED_US = 1000 * 1000,   /* users, units and ancestors may change without a new program */
    STILL_TRUE_US = 20 * 1000,     /* less than it takes to start a program that writes, far less
                                      than it takes to use up all process numbers */
};

/* A process that we can recognize: its folder and its descriptor. */
struct process {
    pid_t pid; /* 0: free */
    int pidfd;
    int folder;
    pid_t parent;
    uint64_t opened;      /* serial number of that moment */
    uint64_t parent_read; /* and of the one when parent was true */
    uint64_t used;
};

struct writer {
    struct process process;
    int64_t read_at_us; /* clock_us of the look */
    int64_t seen_at_us; /* when it was last seen running the same program */
    uint64_t batch;     /* of that */
    struct process_snapshot snapshot;
};

struct process_watcher {
    pid_t self;
    uint64_t serial; /* counts what happens, so that one can be told to be before another */
    uint64_t batch;
    struct process_snapshot unknown;
    struct process ancestors[ANCESTORS_REMEMBERED];
    struct writer writers[WRITERS_REMEMBERED];
};

/* ---- Processes ------------------------------------------------------------------------------- */

static void process_forget(struct process *process)
{
    if (process->pid != 0) {
        (void)close(process->pidfd);
        (void)close(process->folder);
    }
    *process = (struct process){.pidfd = -1, .folder = -1};
}

/* Running, or ended and not reaped: its number has no other owner. */
static bool is_there(int pidfd)
{
    return pidfd_send_signal(pidfd, 0, NULL, 0) == 0 || errno == EPERM;
}

/* Takes over pidfd, also when it fails. */
static bool process_open(struct process_watcher *watcher, struct process *process, pid_t pid,
                         int pidfd)
{
    char path[FOLDER_PATH_SIZE];
    AUTO_FD taken = pidfd;
    (void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
    AUTO_FD folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || taken < 0 || !is_there(taken)) {
        return false;
    }
    *process = (struct process){.pid = pid,
                                .pidfd = take_fd(&taken),
                                .folder = take_fd(&folder),
                                .opened = ++watcher->serial};
    return true;
}

/* The content as text, cut to size - 1 bytes; -1 when there is nothing to read any more. */
static ssize_t read_file(const struct process *process, const char *name, char *buffer, size_t size)
{
    AUTO_FD fd = openat(process->folder, name, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, buffer, size - 1);
    buffer[length > 0 ? length : 0] = '\0';
    return length;
}

/* The path of the executable. A longer one than fits is none: half a path is another file's. */
static bool read_program(const struct process *process, char *buffer, size_t size)
{
    ssize_t length = readlinkat(process->folder, "exe", buffer, size);
    bool is_read = length > 0 && (size_t)length < size;
    errno = length > 0 && !is_read ? ENAMETOOLONG : errno;
    buffer[is_read ? length : 0] = '\0';
    return is_read;
}

/* The number after this name at the start of a line of /proc/PID/status, and after skip others. */
static bool status_number(const char *status, const char *name, size_t skip, unsigned long *out)
{
    const char *place = strstr(status, name);
    if (place == NULL) {
        return false;
    }
    place += strlen(name);
    for (size_t i = 0; i <= skip; i++) {
        char *end = NULL;
        *out = strtoul(place, &end, DECIMAL);
        if (end == place) {
            return false;
        }
        place = end;
    }
    return true;
}

static bool read_parent(struct process_watcher *watcher, struct process *process)
{
    char status[PROC_FILE_SIZE];
    unsigned long parent = 0;
    if (read_file(process, "status", status, sizeof(status)) <= 0 ||
        !status_number(status, "\nPPid:", 0, &parent)) {
        return false;
    }
    process->parent = (pid_t)parent;
    process->parent_read = ++watcher->serial;
    return true;
}

/* ---- Units ----------------------------------------------------------------------------------- */

static bool is_unit(struct str name)
{
    static const char *const suffixes[] = {".service", ".scope", ".socket", ".mount", ".swap"};
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        size_t length = strlen(suffixes[i]);
        if (name.length > length && name.length < SNAPSHOT_UNIT_SIZE &&
            memcmp(name.data + name.length - length, suffixes[i], length) == 0) {
            return true;
        }
    }
    return false;
}

/* The first unit on a path: what is below it was made by the unit. Slices hold units, and a
 * container may stand in front of all. */
static bool unit_of_path(const char *path, char out_unit[SNAPSHOT_UNIT_SIZE])
{
    for (size_t length = 0; *path != '\0' && *path != '\n'; path += length) {
        path += strspn(path, "/");
        length = strcspn(path, "/\n");
        /* "_" stands before names that could be taken for a file of the kernel. */
        size_t skip = length > 0 && *path == '_' ? 1 : 0;
        struct str name = {path + skip, length - skip};
        if (is_unit(name)) {
            memcpy(out_unit, name.data, name.length);
            out_unit[name.length] = '\0';
            return true;
        }
    }
    return false;
}

void process_unit(const char *cgroup, char out_unit[SNAPSHOT_UNIT_SIZE])
{
    static const char *const hierarchies[] = {"0::", "name=systemd:"}; /* the second: version 1 */
    out_unit[0] = '\0';
    for (size_t i = 0; i < sizeof(hierarchies) / sizeof(hierarchies[0]); i++) {
        for (const char *line = cgroup; line != NULL && *line != '\0';) {
            const char *name = i == 0 ? line : line + strspn(line, "0123456789:");
            if (text_starts_with(name, hierarchies[i]) &&
                unit_of_path(name + strlen(hierarchies[i]), out_unit)) {
                return;
            }
            line = strchr(line, '\n');
            line = line == NULL ? NULL : line + 1;
        }
    }
}

/* ---- One look -------------------------------------------------------------------------------- */

/* A process that is ending has no executable any more, and a thread of the kernel never had one. */
static bool is_kernel_thread(const char *stat)
{
    const char *word = strrchr(stat, ')'); /* the name before it may hold anything */
    word = word == NULL ? "" : word + 1;
    for (size_t i = 0; i < STAT_FLAGS; i++) {
        word += strspn(word, " ");
        word += strcspn(word, " ");
    }
    return (strtoul(word, NULL, DECIMAL) & KERNEL_THREAD_FLAG) != 0;
}

static void read_name(const char *status, char out_name[SNAPSHOT_NAME_SIZE])
{
    static const char label[] = "Name:\t";
    size_t length = 0;
    if (text_starts_with(status, label)) {
        status += strlen(label);
        length = strcspn(status, "\n");
        length = length < SNAPSHOT_NAME_SIZE ? length : SNAPSHOT_NAME_SIZE - 1;
        memcpy(out_name, status, length);
    }
    out_name[length] = '\0';
}

static size_t read_command(const struct process *process, char out_command[SNAPSHOT_COMMAND_SIZE])
{
    AUTO_FD fd = openat(process->folder, "cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, out_command, SNAPSHOT_COMMAND_SIZE);
    return length > 0 ? (size_t)length : 0;
}

static void read_executable(const struct process *process, struct process_snapshot *snapshot)
{
    char stat[PROC_FILE_SIZE];
    if (!read_program(process, snapshot->program, sizeof(snapshot->program))) {
        snapshot->is_kernel_thread = errno == ENOENT &&
                                     read_file(process, "stat", stat, sizeof(stat)) > 0 &&
                                     is_kernel_thread(stat);
        snapshot->is_partial = !snapshot->is_kernel_thread;
    }
}

static void read_status(struct process_watcher *watcher, struct process *process,
                        struct process_snapshot *snapshot)
{
    char status[PROC_FILE_SIZE];
    unsigned long number = 0;
    if (read_file(process, "status", status, sizeof(status)) <= 0) {
        snapshot->is_partial = true;
        return;
    }
    read_name(status, snapshot->name);
    if (status_number(status, "\nUid:", 1, &number)) { /* the effective one is the second */
        snapshot->user = (uid_t)number;
    }
    if (status_number(status, "\nPPid:", 0, &number)) {
        process->parent = (pid_t)number;
        process->parent_read = ++watcher->serial;
    }
}

static void read_groups(const struct process *process, struct process_snapshot *snapshot)
{
    char buffer[PROC_FILE_SIZE];
    if (read_file(process, "loginuid", buffer, sizeof(buffer)) > 0) { /* kernels may lack it */
        snapshot->login_user = (uid_t)strtoul(buffer, NULL, DECIMAL);
    }
    if (read_file(process, "cgroup", buffer, sizeof(buffer)) < 0) { /* and it may be empty */
        snapshot->is_partial = true;
    }
    process_unit(buffer, snapshot->unit);
}

enum sameness { SAME_PROGRAM, OTHER_PROGRAM, PROCESS_GONE };

static enum sameness compare_program(const struct process *process,
                                     const struct process_snapshot *snapshot)
{
    char program[SNAPSHOT_PROGRAM_SIZE];
    char command[SNAPSHOT_COMMAND_SIZE];
    if (!read_program(process, program, sizeof(program))) {
        /* It is ending, or we may not look: its short name goes last. */
        char status[PROC_FILE_SIZE];
        char name[SNAPSHOT_NAME_SIZE];
        if (read_file(process, "status", status, sizeof(status)) <= 0) {
            return PROCESS_GONE;
        }
        read_name(status, name);
        return strcmp(name, snapshot->name) == 0 ? SAME_PROGRAM : OTHER_PROGRAM;
    }
    size_t length = read_command(process, command);
    bool is_same = strcmp(program, snapshot->program) == 0 && length == snapshot->command_length &&
                   memcmp(command, snapshot->command, length) == 0;
    return is_same ? SAME_PROGRAM : OTHER_PROGRAM;
}

/* ---- Ancestors ------------------------------------------------------------------------------- */

/* A remembered process that is there was the owner of its number ever since it was opened; so it is
 * the parent, if that number was the parent's at any time after. */
static bool is_parent(struct process_watcher *watcher, const struct process *process,
                      struct process *child)
{
    return process->pid == child->parent && is_there(process->pidfd) &&
           (process->opened < child->parent_read ||
            (read_parent(watcher, child) && process->pid == child->parent));
}

/* The parent of child, in its place among those that are remembered; NULL when it cannot be told
 * for sure. */
static struct process *find_parent(struct process_watcher *watcher, struct process *child)
{
    struct process *oldest = NULL;
    for (size_t i = 0; i < ANCESTORS_REMEMBERED; i++) {
        struct process *process = &watcher->ancestors[i];
        if (is_parent(watcher, process, child)) {
            process->used = ++watcher->serial;
            return process;
        }
        if (process != child && (oldest == NULL || process->used < oldest->used)) {
            oldest = process;
        }
    }
    pid_t pid = child->parent;
    process_forget(oldest);
    if (pid <= 1 || !process_open(watcher, oldest, pid, pidfd_open(pid, 0)) ||
        !read_parent(watcher, oldest) || !read_parent(watcher, child) || child->parent != pid) {
        process_forget(oldest);
        return NULL;
    }
    oldest->used = ++watcher->serial;
    return oldest;
}

static void read_ancestors(struct process_watcher *watcher, struct process *process,
                           struct process_snapshot *snapshot)
{
    struct process *child = process;
    while (snapshot->ancestor_count < SNAPSHOT_ANCESTORS && child->parent > 1) {
        struct process *parent = find_parent(watcher, child);
        if (parent == NULL) {
            return;
        }
        struct process_ancestor *ancestor = &snapshot->ancestors[snapshot->ancestor_count++];
        ancestor->pid = parent->pid;
        (void)read_program(parent, ancestor->program, sizeof(ancestor->program));
        if (parent->pid == watcher->self) {
            snapshot->is_own = true;
            return;
        }
        child = parent;
    }
}

/* ---- Writers --------------------------------------------------------------------------------- */

static void writer_read(struct process_watcher *watcher, struct writer *writer)
{
    struct process_snapshot *snapshot = &writer->snapshot;
    *snapshot = (struct process_snapshot){.serial = ++watcher->serial,
                                          .pid = writer->process.pid,
                                          .is_known = true,
                                          .user = (uid_t)-1,
                                          .login_user = (uid_t)-1};
    /* The executable is the first to go when a process ends. The arguments go with it, but may have
     * to be waited for while the process changes its memory, and so do its groups. */
    read_executable(&writer->process, snapshot);
    read_status(watcher, &writer->process, snapshot);
    snapshot->command_length = read_command(&writer->process, snapshot->command);
    read_groups(&writer->process, snapshot);
    if (compare_program(&writer->process, snapshot) == OTHER_PROGRAM) {
        /* It went on to another program: the path was read first, and the rest may be the other's.
         */
        snapshot->is_partial = true;
        snapshot->command_length = 0;
        snapshot->user = (uid_t)-1;
    }
    writer->read_at_us = clock_us();
    writer->seen_at_us = writer->read_at_us;
    writer->batch = watcher->batch;
    read_ancestors(watcher, &writer->process, snapshot);
}

/* Whether a remembered look is true of what the process did, which is over now. */
static bool writer_holds(const struct process_watcher *watcher, struct writer *writer, int pidfd,
                         bool is_prompt)
{
    if (writer->batch == watcher->batch && pidfd >= 0) {
        return true; /* looked at after all of that was done */
    }
    int64_t now = clock_us();
    enum sameness sameness = is_there(writer->process.pidfd)
                                 ? compare_program(&writer->process, &writer->snapshot)
                                 : PROCESS_GONE;
    if (sameness == PROCESS_GONE) {
        bool is_other = pidfd >= 0 && is_there(pidfd); /* the next owner of the number */
        return !is_other && is_prompt && now - writer->seen_at_us < STILL_TRUE_US;
    }
    if (sameness == OTHER_PROGRAM || now - writer->read_at_us > REMEMBERED_US) {
        return false;
    }
    writer->seen_at_us = now;
    writer->batch = watcher->batch;
    return true;
}

static const struct process_snapshot *unknown(struct process_watcher *watcher, pid_t pid)
{
    if (watcher->unknown.pid != pid || watcher->unknown.serial == 0) {
        watcher->unknown = (struct process_snapshot){.serial = ++watcher->serial,
                                                     .pid = pid,
                                                     .is_own = pid == watcher->self,
                                                     .user = (uid_t)-1,
                                                     .login_user = (uid_t)-1};
    }
    return &watcher->unknown;
}

const struct process_snapshot *process_watcher_look(struct process_watcher *watcher, pid_t pid,
                                                    int pidfd, bool is_prompt)
{
    struct writer *oldest = &watcher->writers[0];
    struct writer *place = NULL;
    for (size_t i = 0; i < WRITERS_REMEMBERED && pid > 0; i++) {
        struct writer *writer = &watcher->writers[i];
        if (writer->process.pid == pid) {
            place = writer;
            break;
        }
        if (writer->process.used < oldest->process.used) {
            oldest = writer;
        }
    }
    if (place == NULL || !writer_holds(watcher, place, pidfd, is_prompt)) {
        int own = pidfd >= 0 && pid > 0 ? fcntl(pidfd, F_DUPFD_CLOEXEC, 0) : -1;
        place = place == NULL ? oldest : place;
        process_forget(&place->process);
        if (own < 0 || !process_open(watcher, &place->process, pid, own)) {
            return unknown(watcher, pid);
        }
        writer_read(watcher, place);
    }
    place->process.used = ++watcher->serial;
    return &place->snapshot;
}

void process_watcher_begin_batch(struct process_watcher *watcher)
{
    watcher->batch++;
}

struct process_watcher *process_watcher_open(void)
{
    struct process_watcher *watcher = calloc(1, sizeof(*watcher));
    if (watcher != NULL) {
        watcher->self = getpid();
    }
    return watcher;
}

void process_watcher_close(struct process_watcher *watcher)
{
    for (size_t i = 0; watcher != NULL && i < WRITERS_REMEMBERED; i++) {
        process_forget(&watcher->writers[i].process);
    }
    for (size_t i = 0; watcher != NULL && i < ANCESTORS_REMEMBERED; i++) {
        process_forget(&watcher->ancestors[i]);
    }
    free(watcher);
}
