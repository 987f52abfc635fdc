/* Opening and reading: paths stay below their directory, nothing but regular files is read, and
 * what is returned was the content at one moment. Writing is in file_replace.c, removing in
 * file_remove.c. */

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
    READ_ATTEMPTS = 5,
    FIRST_CAPACITY = 4096, /* for files that do not tell their size, as in /proc */
};
static const int64_t NS_PER_SECOND = 1000000000;
static const int64_t CLOCK_TICK_NS = 10000000; /* 10 ms, the longest kernel tick, 100 Hz */

static int open_beneath(int directory, const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (unsigned)flags | O_CLOEXEC,
        .mode = mode,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd = -1;
    do {
        fd = syscall(SYS_openat2, directory, path, &how, sizeof(how));
    } while (fd < 0 && (errno == EINTR || errno == EAGAIN)); /* EAGAIN: a rename on the way */
    return (int)fd;
}

static int open_any(int directory, const char *path, int flags)
{
    if (directory == AT_FDCWD) {
        return open(path, flags | O_CLOEXEC);
    }
    return open_beneath(directory, path, flags, 0);
}

/* The system's words for what openat2 refuses would mislead. */
static void error_open(struct error *err, const char *path)
{
    int number = errno;
    (void)error_errno(err, "open %s", path); /* returns false, as documented */
    if (err == NULL || (number != ELOOP && number != EXDEV)) {
        return;
    }
    (void)error_set(err, ERROR_SYSTEM, "open %s", path);
    (void)error_add_word(err, MESSAGE_COLON,
                         number == ELOOP ? N_("a symbolic link is in the way")
                                         : N_("leads out of its folder"));
    err->number = number;
}

int file_open_beneath(int directory, const char *path, int flags, mode_t mode, struct error *err)
{
    int fd = open_beneath(directory, path, flags, mode);
    if (fd < 0) {
        error_open(err, path);
    }
    return fd;
}

int file_open_parent(int directory, const char *path, const char **out_name, struct error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        (void)error_set(err, ERROR_FORMAT, "%s does not end in a name", path);
        return -1;
    }
    CLEANUP(cleanup_free) char *parent = NULL;
    if (slash != NULL) {
        size_t length = slash == path ? 1 : (size_t)(slash - path); /* the root keeps its slash */
        parent = strndup(path, length);
        if (parent == NULL) {
            (void)error_errno(err, "open the folder of %s", path);
            return -1;
        }
    }
    const char *shown = parent == NULL ? "." : parent;
    int fd = open_any(directory, shown, O_RDONLY | O_DIRECTORY);
    if (fd < 0) {
        error_open(err, shown);
        return -1;
    }
    *out_name = name;
    return fd;
}

struct buffer {
    char *data;
    size_t length;
    size_t capacity; /* without the NUL */
};

/* Reads up to the end of the file, or one byte more than limit. */
static bool read_to_end(int fd, size_t limit, struct arena *arena, struct buffer *buffer)
{
    for (;;) {
        if (buffer->length == buffer->capacity) {
            size_t capacity = buffer->capacity == 0 ? FIRST_CAPACITY : buffer->capacity * 2;
            char *data = arena_alloc(arena, capacity + 1);
            if (buffer->length > 0) {
                memcpy(data, buffer->data, buffer->length);
            }
            buffer->data = data;
            buffer->capacity = capacity;
        }
        ssize_t count = pread(fd, buffer->data + buffer->length, buffer->capacity - buffer->length,
                              (off_t)buffer->length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return false;
        }
        buffer->length += (size_t)count;
        if (count == 0 || buffer->length > limit) {
            buffer->data[buffer->length] = '\0';
            return true;
        }
    }
}

static bool is_unchanged(const struct stat *a, const struct stat *b)
{
    struct file_fingerprint first = file_fingerprint_of(a);
    struct file_fingerprint second = file_fingerprint_of(b);
    return file_fingerprint_equal(&first, &second);
}

static bool stat_regular(int fd, const char *name, size_t limit, struct stat *status,
                         struct error *err)
{
    if (fstat(fd, status) != 0) {
        return error_errno(err, "stat %s", name);
    }
    if (!S_ISREG(status->st_mode)) {
        return error_set(err, ERROR_FORMAT, "%s is not a regular file", name);
    }
    if ((uintmax_t)status->st_size > limit) {
        return error_set(err, ERROR_LIMIT, "%s is larger than %zu bytes", name, limit);
    }
    return true;
}

bool file_read_fd(int fd, const char *name, size_t limit, struct arena *arena,
                  struct str *out_content, struct error *err)
{
    struct buffer buffer = {0};
    for (int attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
        struct stat before;
        struct stat after;
        if (!stat_regular(fd, name, limit, &before, err)) {
            return false;
        }
        if (buffer.data == NULL && before.st_size > 0) {
            buffer.capacity = (size_t)before.st_size + 1; /* room to see the end */
            buffer.data = arena_alloc(arena, buffer.capacity + 1);
        }
        buffer.length = 0;
        if (!read_to_end(fd, limit, arena, &buffer) || fstat(fd, &after) != 0) {
            return error_errno(err, "read %s", name);
        }
        if (buffer.length > limit) {
            return error_set(err, ERROR_LIMIT, "%s is larger than %zu bytes", name, limit);
        }
        bool is_whole = buffer.length == (size_t)before.st_size || before.st_size == 0;
        if (is_whole && is_unchanged(&before, &after)) {
            *out_content = (struct str){buffer.data, buffer.length};
            return true;
        }
    }
    errno = EAGAIN;
    return error_errno(err, "%s changes while it is read", name);
}

bool file_read(int directory, const char *path, size_t limit, struct arena *arena,
               struct str *out_content, struct error *err)
{
    /* Without O_NONBLOCK a fifo would hold the program until somebody writes to it. */
    AUTO_FD fd = open_any(directory, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        error_open(err, path);
        return false;
    }
    return file_read_fd(fd, path, limit, arena, out_content, err);
}

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * NS_PER_SECOND + time.tv_nsec;
}

struct file_fingerprint file_fingerprint_of(const struct stat *status)
{
    return (struct file_fingerprint){
        .device = status->st_dev,
        .inode = status->st_ino,
        .size = status->st_size,
        .mtime_ns = nanoseconds(status->st_mtim),
        .ctime_ns = nanoseconds(status->st_ctim),
        .mode = status->st_mode,
        .user = status->st_uid,
        .group = status->st_gid,
    };
}

bool file_fingerprint_equal(const struct file_fingerprint *a, const struct file_fingerprint *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns && a->mode == b->mode &&
           a->user == b->user && a->group == b->group;
}

struct file_mark file_fingerprint_mark(const struct file_fingerprint *fingerprint)
{
    return (struct file_mark){{fingerprint->device, fingerprint->inode, (uint64_t)fingerprint->size,
                               (uint64_t)fingerprint->mtime_ns, (uint64_t)fingerprint->ctime_ns,
                               fingerprint->mode,
                               (uint64_t)fingerprint->user << 32 | fingerprint->group}};
}

bool file_fingerprint_is_settled(const struct file_fingerprint *fingerprint, int64_t read_at_ns)
{
    return read_at_ns - fingerprint->ctime_ns > CLOCK_TICK_NS;
}

int64_t file_clock_coarse_ns(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME_COARSE, &now); /* fails only for an unknown clock */
    return nanoseconds(now);
}
