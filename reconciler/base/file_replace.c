/* Writing: a reader, or a machine that loses power, sees the old content or the new. The new one
 * is made beside the old under a name that nobody can guess, readable by its owner alone until it
 * is complete, and takes the place by one rename. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define TEMPORARY_SUFFIX ".reconcile"

enum {
    RANDOM_LENGTH = 6,
    NAME_ATTEMPTS = 16,
};

/* ".NAME.XXXXXX.reconcile"; a long NAME loses its end. */
static bool make_temporary_name(const char *name, char out[FILE_NAME_SIZE])
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"; /* 64 */
    unsigned char bytes[RANDOM_LENGTH];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        return false;
    }
    char letters[RANDOM_LENGTH + 1] = {0};
    for (size_t i = 0; i < RANDOM_LENGTH; i++) {
        letters[i] = alphabet[bytes[i] % (sizeof(alphabet) - 1)];
    }
    enum { KEPT = FILE_NAME_SIZE - 1 - RANDOM_LENGTH - (int)sizeof(TEMPORARY_SUFFIX) - 1 };
    (void)snprintf(out, FILE_NAME_SIZE, ".%.*s.%s" TEMPORARY_SUFFIX, KEPT, name, letters);
    return true;
}

bool file_name_is_temporary(const char *name)
{
    size_t length = strlen(name);
    size_t end = RANDOM_LENGTH + strlen(TEMPORARY_SUFFIX) + 1;
    return name[0] == '.' && length > end + 1 && name[length - end] == '.' &&
           text_ends_with(name, TEMPORARY_SUFFIX);
}

/* Calls create with new names until one is free. */
static int create_temporary(int parent, const char *name, char out_temporary[FILE_NAME_SIZE],
                            int (*create)(int parent, const char *temporary, const void *context),
                            const void *context)
{
    for (int attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
        if (!make_temporary_name(name, out_temporary)) {
            return -1;
        }
        int result = create(parent, out_temporary, context);
        if (result >= 0 || errno != EEXIST) {
            return result;
        }
    }
    return -1;
}

static int create_file(int parent, const char *temporary, const void *context)
{
    (void)context; /* content is written later */
    return openat(parent, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static int create_directory(int parent, const char *temporary, const void *context)
{
    (void)context; /* it is empty */
    return mkdirat(parent, temporary, 0700);
}

static int create_link(int parent, const char *temporary, const void *context)
{
    return symlinkat(context, parent, temporary);
}

bool file_write_all(int fd, struct str content)
{
    while (content.length > 0) {
        ssize_t count = write(fd, content.data, content.length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return false;
        }
        content.data += count;
        content.length -= (size_t)count;
    }
    return true;
}

int file_in_memory(const char *name, struct str content)
{
    static const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    AUTO_FD fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || !file_write_all(fd, content) || fcntl(fd, F_ADD_SEALS, seals) != 0 ||
        lseek(fd, 0, SEEK_SET) != 0) {
        return -1;
    }
    return take_fd(&fd);
}

/* Owner before mode: chown takes set-user-id bits away. */
static bool set_owner_and_mode(int fd, mode_t mode, struct file_owner owner)
{
    bool has_owner = owner.user != (uid_t)-1 || owner.group != (gid_t)-1;
    if (has_owner && fchown(fd, owner.user, owner.group) != 0) {
        return false;
    }
    return fchmod(fd, mode) == 0;
}

/* The last step of both replacements; a temporary that cannot take the place is removed. */
static bool move_into_place(int parent, const char *temporary, const char *name)
{
    if (renameat(parent, temporary, parent, name) == 0) {
        return true;
    }
    int number = errno;
    (void)unlinkat(parent, temporary, 0); /* the rename's failure is the one to report */
    errno = number;
    return false;
}

static bool sync_directory(int fd, enum file_sync sync)
{
    return sync == FILE_SYNC_LATER || fsync(fd) == 0;
}

/* Closes fd in any case; a full or broken disk may speak up only then. */
static bool finish_file(int fd, struct str content, mode_t mode, struct file_owner owner,
                        enum file_sync sync)
{
    bool is_done = file_write_all(fd, content) && set_owner_and_mode(fd, mode, owner) &&
                   sync_directory(fd, sync);
    int number = errno;
    bool is_closed = close(fd) == 0;
    if (!is_done) {
        errno = number;
    }
    return is_done && is_closed;
}

bool file_stage(int parent, const char *name, const struct file_staged *file,
                char out_temporary[FILE_NAME_SIZE], struct error *err)
{
    int fd = create_temporary(parent, name, out_temporary, create_file, NULL);
    if (fd < 0) {
        return error_errno(err, "create a file beside %s", name);
    }
    if (!finish_file(fd, file->content, file->mode, file->owner, file->sync)) {
        (void)error_errno(err, "write %s", name);
        (void)unlinkat(parent, out_temporary, 0); /* the failed write is the one to report */
        return false;
    }
    return true;
}

bool file_stage_directory(int parent, const char *name, mode_t mode, struct file_owner owner,
                          char out_temporary[FILE_NAME_SIZE], struct error *err)
{
    if (create_temporary(parent, name, out_temporary, create_directory, NULL) < 0) {
        return error_errno(err, "create a directory beside %s", name);
    }
    AUTO_FD fd = openat(parent, out_temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || !set_owner_and_mode(fd, mode, owner)) {
        (void)error_errno(err, "set mode and owner of %s", name);
        (void)unlinkat(parent, out_temporary, AT_REMOVEDIR); /* as above */
        return false;
    }
    return true;
}

bool file_replace(int directory, const char *path, struct str content, mode_t mode,
                  struct file_owner owner, enum file_sync sync, struct error *err)
{
    const char *name = NULL;
    AUTO_FD parent = file_open_parent(directory, path, &name, err);
    if (parent < 0) {
        return false;
    }
    char temporary[FILE_NAME_SIZE];
    const struct file_staged file = {content, mode, owner, sync};
    if (!file_stage(parent, name, &file, temporary, err)) {
        return error_wrap(err, "replace %s", path);
    }
    if (!move_into_place(parent, temporary, name)) {
        return error_errno(err, "replace %s", path);
    }
    return sync_directory(parent, sync) || error_errno(err, "sync the folder of %s", path);
}

bool file_replace_link(int directory, const char *path, const char *target, enum file_sync sync,
                       struct error *err)
{
    const char *name = NULL;
    AUTO_FD parent = file_open_parent(directory, path, &name, err);
    if (parent < 0) {
        return false;
    }
    char temporary[FILE_NAME_SIZE];
    if (create_temporary(parent, name, temporary, create_link, target) < 0) {
        return error_errno(err, "create a link beside %s", path);
    }
    if (!move_into_place(parent, temporary, name)) {
        return error_errno(err, "replace %s", path);
    }
    return sync_directory(parent, sync) || error_errno(err, "sync the folder of %s", path);
}

/* Opens name, made first when it is missing; of one that exists only the way through is needed. */
static int open_or_make_directory(int parent, const char *name, mode_t mode, int follow)
{
    int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_CLOEXEC | follow);
    if (fd >= 0 || errno != ENOENT) {
        return fd;
    }
    if (mkdirat(parent, name, 0700) != 0) {
        /* When somebody else was faster, theirs is as good. */
        return errno != EEXIST ? -1
                               : openat(parent, name, O_PATH | O_DIRECTORY | O_CLOEXEC | follow);
    }
    fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fchmod(fd, mode) != 0) { /* mkdirat would heed the umask */
        cleanup_fd(&fd);
        fd = -1;
    }
    return fd;
}

static bool make_each_directory(int start, char *path, mode_t mode, int follow)
{
    AUTO_FD current = start;
    char *rest = NULL;
    for (char *name = strtok_r(path, "/", &rest); name != NULL; name = strtok_r(NULL, "/", &rest)) {
        if (strcmp(name, ".") == 0) {
            continue;
        }
        if (strcmp(name, "..") == 0) {
            errno = EXDEV;
            return false;
        }
        int next = open_or_make_directory(current, name, mode, follow);
        if (next < 0) {
            return false;
        }
        cleanup_fd(&current);
        current = next;
    }
    return true;
}

bool file_make_directories(int directory, const char *path, mode_t mode, struct error *err)
{
    int follow = directory == AT_FDCWD ? 0 : O_NOFOLLOW;
    CLEANUP(cleanup_free) char *parts = strdup(path);
    if (parts == NULL) {
        return error_errno(err, "create directory %s", path);
    }
    if (path[0] == '/' && directory != AT_FDCWD) {
        errno = EXDEV;
        return error_errno(err, "create directory %s", path);
    }
    int start = openat(directory, path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (start < 0 || !make_each_directory(start, parts, mode, follow)) {
        return error_errno(err, "create directory %s", path);
    }
    return true;
}

bool file_sync_parent(int directory, const char *path, struct error *err)
{
    const char *name = NULL;
    AUTO_FD parent = file_open_parent(directory, path, &name, err);
    if (parent < 0) {
        return false;
    }
    return fsync(parent) == 0 || error_errno(err, "sync the folder of %s", path);
}

bool file_sync_all(int directory, struct error *err)
{
    /* Opened again: syncfs does not take descriptors that are only for paths. */
    AUTO_FD fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || syncfs(fd) != 0) {
        return error_errno(err, "sync the file system");
    }
    return true;
}
