/* From a writer's last call until its edit is noticed and undone, as the writer sees it, by whoever
 * looks after the files; beside a floor that this program starts itself: it makes only the system
 * calls that nothing can avoid, and knows nothing of writers, locks, records or runs.
 *
 *     drift_clock TRIALS PID OUR-DIRECTORY FLOOR-DIRECTORY
 *
 * Files of OUR-DIRECTORY are those that process PID looks after; each is edited at most once. The
 * edits come in groups, and between the groups nobody is at work: PID has no children. One line for
 * each trial: side, kind of edit, microseconds until the file was opened by another, and until it
 * was replaced by its former content. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    GROUP = 2,       /* edits within the time after which the loop begins a run */
    PAUSE_US = 6000, /* between two edits of a group: their records are written */
    QUIET_MS = 120,  /* without children for that long: no run follows any more */
    PATIENCE_S = 60, /* until a run has ended */
    LIMIT_MS = 5000, /* until an edit is undone */
    FILES_MOST = 20000,
    CONTENT_MOST = 1 << 20,
    PATH_SIZE = 4096,
};

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "drift_clock: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static void require(bool is_done, const char *what)
{
    if (!is_done) {
        fail(what);
    }
}

static int64_t now_ns(void)
{
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &time); /* fails only for an unknown clock */
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* --- files ---------------------------------------------------------------------------------- */

struct file {
    char *name;
    char *content;
    size_t length;
};

struct folder {
    const char *side;
    const char *path;
    int fd;
    struct file *files;
    size_t count;
    size_t next; /* the first that was not edited yet */
};

static void read_file(const struct folder *folder, struct file *file)
{
    static char buffer[CONTENT_MOST];
    int fd = openat(folder->fd, file->name, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, buffer, sizeof(buffer));
    require(length >= 0, file->name);
    (void)close(fd); /* was only read */
    file->length = (size_t)length;
    file->content = malloc(file->length + 1);
    require(file->content != NULL, "memory");
    memcpy(file->content, buffer, file->length);
}

static struct folder folder_open(const char *side, const char *path)
{
    struct folder folder = {.side = side, .path = path};
    folder.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    folder.files = calloc(FILES_MOST, sizeof(*folder.files));
    int again = folder.fd < 0 ? -1 : dup(folder.fd);
    DIR *directory = again < 0 ? NULL : fdopendir(again);
    require(directory != NULL && folder.files != NULL, path);
    for (const struct dirent *entry = readdir(directory); entry != NULL;
         entry = readdir(directory)) {
        struct stat status;
        require(fstatat(folder.fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0, path);
        if (S_ISREG(status.st_mode) && folder.count < FILES_MOST) {
            struct file *file = &folder.files[folder.count++];
            file->name = strdup(entry->d_name);
            require(file->name != NULL, "memory");
            read_file(&folder, file);
        }
    }
    (void)closedir(directory); /* was only read */
    return folder;
}

/* --- the floor ------------------------------------------------------------------------------ */

static const struct file *find(const struct folder *folder, const char *name)
{
    for (size_t i = 0; i < folder->count; i++) {
        if (strcmp(folder->files[i].name, name) == 0) {
            return &folder->files[i];
        }
    }
    return NULL;
}

static void put_back(const struct folder *folder, const struct file *file)
{
    static char buffer[CONTENT_MOST];
    int fd = openat(folder->fd, file->name, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, buffer, sizeof(buffer));
    (void)close(fd); /* was only read */
    if (length == (ssize_t)file->length && memcmp(buffer, file->content, file->length) == 0) {
        return;
    }
    fd = openat(folder->fd, ".floor", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    require(fd >= 0 && write(fd, file->content, file->length) == (ssize_t)file->length &&
                fsync(fd) == 0 && close(fd) == 0 &&
                renameat(folder->fd, ".floor", folder->fd, file->name) == 0 &&
                fsync(folder->fd) == 0,
            "put back");
}

static _Noreturn void be_floor(const struct folder *folder, int ready)
{
    _Alignas(struct inotify_event) char buffer[PATH_SIZE];
    int events = inotify_init1(IN_CLOEXEC);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    require(events >= 0 &&
                inotify_add_watch(events, folder->path, IN_CLOSE_WRITE | IN_MOVED_TO) >= 0 &&
                write(ready, "", 1) == 1,
            "watch");
    for (;;) {
        ssize_t length = read(events, buffer, sizeof(buffer));
        require(length > 0, "read events");
        for (char *at = buffer; at < buffer + length;) {
            const struct inotify_event *event = (const void *)at;
            const struct file *file = event->len == 0 ? NULL : find(folder, event->name);
            if (file != NULL) {
                put_back(folder, file);
            }
            at += sizeof(*event) + event->len;
        }
    }
}

static pid_t floor_start(const struct folder *folder)
{
    int ends[2];
    char byte = 0;
    require(pipe(ends) == 0, "pipe");
    pid_t pid = fork();
    require(pid >= 0, "fork");
    if (pid == 0) {
        be_floor(folder, ends[1]);
    }
    (void)close(ends[1]);
    require(read(ends[0], &byte, 1) == 1, "start the floor");
    (void)close(ends[0]);
    return pid;
}

/* --- the writer ----------------------------------------------------------------------------- */

/* Edits the file, and tells the descriptor that shows who opens it from then on. */
static int64_t edit(const struct folder *folder, const struct file *file, bool by_rename,
                    int openings, ino_t *out_inode)
{
    static const char more[] = "# by hand\n";
    char path[PATH_SIZE];
    const char *name = by_rename ? ".by-hand" : file->name;
    struct stat status;
    int fd = by_rename ? openat(folder->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)
                       : openat(folder->fd, name, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (by_rename) {
        require(write(fd, file->content, file->length) == (ssize_t)file->length, "write");
    }
    require(fd >= 0 && write(fd, more, sizeof(more) - 1) == (ssize_t)sizeof(more) - 1 &&
                fstat(fd, &status) == 0,
            "edit");
    *out_inode = status.st_ino;
    (void)snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    require(inotify_add_watch(openings, path, IN_OPEN) >= 0, "watch the file");
    int64_t finished = now_ns();
    require(close(fd) == 0, "close");
    if (by_rename) {
        finished = now_ns();
        require(renameat(folder->fd, name, folder->fd, file->name) == 0, "rename");
    }
    return finished;
}

static bool is_back(const struct folder *folder, const struct file *file, ino_t edited)
{
    struct stat status;
    return fstatat(folder->fd, file->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           status.st_ino != edited && (size_t)status.st_size == file->length;
}

static void trial(struct folder *folder, bool by_rename)
{
    char buffer[PATH_SIZE];
    ino_t inode = 0;
    int64_t opened = 0;
    int64_t back = 0;
    require(folder->next < folder->count, "there are not enough files");
    const struct file *file = &folder->files[folder->next++];
    int openings = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    require(openings >= 0, "watch");
    int64_t finished = edit(folder, file, by_rename, openings, &inode);
    while (back == 0) {
        if (opened == 0 && read(openings, buffer, sizeof(buffer)) > 0) {
            opened = now_ns();
        }
        if (is_back(folder, file, inode)) {
            back = now_ns();
        }
        if (now_ns() - finished > (int64_t)LIMIT_MS * 1000000) {
            errno = ETIMEDOUT;
            fail(file->name);
        }
    }
    (void)close(openings);
    (void)printf("%s\t%s\t%.1f\t%.1f\n", folder->side, by_rename ? "rename" : "write",
                 (double)((opened == 0 ? back : opened) - finished) / 1000,
                 (double)(back - finished) / 1000);
}

/* --- between the groups --------------------------------------------------------------------- */

static bool has_children(pid_t pid)
{
    char path[PATH_SIZE];
    char byte = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    require(fd >= 0, path);
    ssize_t length = read(fd, &byte, 1);
    (void)close(fd); /* was only read */
    return length > 0;
}

static void wait_until_quiet(pid_t pid)
{
    int64_t begun = now_ns();
    int64_t quiet_since = begun;
    while (now_ns() - quiet_since < (int64_t)QUIET_MS * 1000000) {
        require(now_ns() - begun < (int64_t)PATIENCE_S * 1000000000, "runs do not end");
        (void)usleep(1000);
        quiet_since = has_children(pid) ? now_ns() : quiet_since;
    }
}

int main(int count, char **arguments)
{
    if (count != 5) {
        (void)fprintf(stderr, "usage: drift_clock TRIALS PID OUR-DIRECTORY FLOOR-DIRECTORY\n");
        return EXIT_FAILURE;
    }
    size_t trials = strtoul(arguments[1], NULL, 10);
    pid_t pid = (pid_t)strtol(arguments[2], NULL, 10);
    struct folder ours = folder_open("reconcile", arguments[3]);
    struct folder floor = folder_open("floor", arguments[4]);
    pid_t other = floor_start(&floor);
    for (size_t done = 0; done < trials; done += GROUP) {
        struct folder *const sides[] = {&ours, &floor};
        for (size_t side = 0; side < 2; side++) {
            wait_until_quiet(pid);
            for (size_t i = 0; i < GROUP && done + i < trials; i++) {
                trial(sides[side], (done + i) % 2 != 0);
                (void)usleep(PAUSE_US);
            }
        }
    }
    (void)kill(other, SIGKILL); /* it is our child and was not waited for */
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
