/* The lock of a run. The holder is found in /proc/locks by device and inode of the lock file, and
 * described by its command line and start: true at the moment it is printed, unlike a text that a
 * run would leave behind. */

#include "providers/lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

enum {
    PROC_LIMIT = 4 * 1024 * 1024, /* /proc/locks has a line for each lock of the machine */
    COMMAND_SHOWN = 200,
};

/* The word at this place (from 0) and what follows it; "" when there are fewer. */
static const char *find_word(const char *text, size_t place)
{
    text += strspn(text, " ");
    for (; place > 0; place--) {
        text += strcspn(text, " ");
        text += strspn(text, " ");
    }
    return text;
}

/* True when the process has this file open. On overlays, as containers have them, the list of locks
 * names the device below, so that only this tells whose lock it is. */
static bool has_open(int pid, const struct stat *file, struct arena *arena)
{
    AUTO_DIRECTORY directory = opendir(arena_printf(arena, "/proc/%d/fd", pid));
    const struct dirent *entry = NULL;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        struct stat status;
        if (fstatat(dirfd(directory), entry->d_name, &status, 0) == 0 &&
            status.st_dev == file->st_dev && status.st_ino == file->st_ino) {
            return true;
        }
    }
    return false;
}

/* The process that holds a flock on this file; 0 when the kernel does not tell us. */
static int find_holder(int lock, struct arena *arena)
{
    struct stat status;
    struct str locks = {0};
    if (fstat(lock, &status) != 0 ||
        !file_read(AT_FDCWD, "/proc/locks", PROC_LIMIT, arena, &locks, NULL)) {
        return 0;
    }
    const char *wanted = arena_printf(arena, "%02x:%02x:%ju ", major(status.st_dev),
                                      minor(status.st_dev), (uintmax_t)status.st_ino);
    char *text = arena_strndup(arena, locks.data, locks.length);
    int holder = 0;
    for (char *line = strsep(&text, "\n"); line != NULL; line = strsep(&text, "\n")) {
        /* "1: FLOCK  ADVISORY  WRITE 123 08:01:456 0 EOF" */
        if (!text_starts_with(find_word(line, 1), "FLOCK ")) {
            continue;
        }
        int pid = (int)strtol(find_word(line, 4), NULL, 10);
        if (text_starts_with(find_word(line, 5), wanted)) {
            return pid;
        }
        if (holder == 0 && pid > 0 && pid != getpid() && has_open(pid, &status, arena)) {
            holder = pid;
        }
    }
    return holder;
}

/* Seconds since the epoch; 0 when it cannot be told. */
static int64_t find_start(int pid, struct arena *arena)
{
    struct str stat = {0};
    struct timespec now = {0};
    struct timespec since_boot = {0};
    const char *path = arena_printf(arena, "/proc/%d/stat", pid);
    if (!file_read(AT_FDCWD, path, PROC_LIMIT, arena, &stat, NULL) ||
        clock_gettime(CLOCK_REALTIME, &now) != 0 ||
        clock_gettime(CLOCK_BOOTTIME, &since_boot) != 0) {
        return 0;
    }
    /* The 22nd value; the second is the program's name in brackets, which may hold anything. */
    const char *behind_name = strrchr(stat.data, ')');
    uintmax_t ticks = behind_name == NULL ? 0 : strtoumax(find_word(behind_name, 20), NULL, 10);
    return ticks == 0 ? 0 : now.tv_sec - since_boot.tv_sec + (int64_t)ticks / sysconf(_SC_CLK_TCK);
}

/* The command line with spaces between its words, nothing but printable characters. */
static const char *find_command(int pid, struct arena *arena)
{
    struct str words = {0};
    const char *path = arena_printf(arena, "/proc/%d/cmdline", pid);
    if (!file_read(AT_FDCWD, path, PROC_LIMIT, arena, &words, NULL) || words.length == 0) {
        return "unknown command";
    }
    struct text command = text_make(arena);
    size_t end = words.data[words.length - 1] == '\0' ? words.length - 1 : words.length;
    for (size_t i = 0; i < end && i < COMMAND_SHOWN; i++) {
        char c = words.data[i] == '\0' ? ' ' : words.data[i];
        text_add_char(&command, c >= ' ' && c <= '~' ? c : '?');
    }
    return command.data;
}

static bool error_held(int lock, struct error *err)
{
    struct arena *arena = arena_create();
    int pid = find_holder(lock, arena);
    if (pid == 0) {
        (void)error_set(err, ERROR_LOCKED, "another run is under way");
    } else {
        time_t start = find_start(pid, arena);
        struct tm utc;
        if (start != 0 && gmtime_r(&start, &utc) != NULL) {
            const char *since =
                arena_printf(arena, "%04d-%02d-%02d %02d:%02d:%02d UTC", utc.tm_year + 1900,
                             utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
            (void)error_set(err, ERROR_LOCKED, "another run is under way since %s: %s (process %d)",
                            since, find_command(pid, arena), pid);
        } else {
            (void)error_set(err, ERROR_LOCKED, "another run is under way: %s (process %d)",
                            find_command(pid, arena), pid);
        }
    }
    arena_destroy(arena);
    return false;
}

bool lock_acquire(struct host *host, int *out_lock, struct error *err)
{
    const char *state = host_path(host->layout->state);
    if (!file_make_directories(host->root, state, 0755, err)) {
        return false;
    }
    AUTO_FD directory = file_open_beneath(host->root, state, O_RDONLY | O_DIRECTORY, 0, err);
    if (directory < 0) {
        return false;
    }
    AUTO_FD lock = file_open_beneath(directory, "lock", O_RDWR | O_CREAT, 0644, err);
    if (lock < 0) {
        return error_wrap(err, "lock %s", host->layout->state);
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? error_held(lock, err)
                                    : error_errno(err, "lock %s", host->layout->state);
    }
    *out_lock = take_fd(&lock);
    return true;
}

void lock_release(int lock)
{
    if (lock >= 0) {
        (void)close(lock); /* the kernel lets go of the lock with the last descriptor */
    }
}
