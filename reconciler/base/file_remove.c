/* Removing, by descriptors: whatever is swapped meanwhile, no link is followed and nothing outside
 * of the tree that was named is touched. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

enum {
    DEPTH_MAX = 200, /* each level holds a descriptor; the usual limit is 1,024 */
    PASSES = 4,      /* over one directory, when somebody adds files meanwhile */
};

static int open_directory(int parent, const char *name)
{
    struct open_how how = {
        .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
    };
    return (int)syscall(SYS_openat2, parent, name, &how, sizeof(how));
}

static bool is_self_or_parent(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool remove_entry(int parent, const char *name, int depth);

/* Everything in the directory once. */
static bool empty_directory(DIR *directory, int depth)
{
    rewinddir(directory);
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL) {
            return errno == 0;
        }
        if (!is_self_or_parent(entry->d_name) &&
            !remove_entry(dirfd(directory), entry->d_name, depth)) {
            return false;
        }
    }
}

static bool remove_directory(int parent, const char *name, int depth)
{
    if (depth > DEPTH_MAX) {
        errno = EMFILE;
        return false;
    }
    AUTO_FD fd = open_directory(parent, name);
    AUTO_DIRECTORY directory = fd < 0 ? NULL : fdopendir(fd);
    if (directory == NULL) {
        return false;
    }
    (void)take_fd(&fd); /* the stream closes it */
    for (int pass = 0; pass < PASSES; pass++) {
        if (!empty_directory(directory, depth + 1)) {
            return false;
        }
        if (unlinkat(parent, name, AT_REMOVEDIR) == 0) {
            return true;
        }
        if (errno != ENOTEMPTY) {
            return false;
        }
    }
    return false;
}

/* Absent is success, also when it goes away on the way. */
static bool remove_entry(int parent, const char *name, int depth)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) {
        return true;
    }
    return errno == EISDIR && (remove_directory(parent, name, depth) || errno == ENOENT);
}

bool file_remove_all(int directory, const char *path, struct error *err)
{
    const char *name = NULL;
    struct error reason = {0};
    AUTO_FD parent = file_open_parent(directory, path, &name, &reason);
    if (parent >= 0) {
        return remove_entry(parent, name, 0) || error_errno(err, "remove %s", path);
    }
    if (reason.number == ENOENT || reason.number == ENOTDIR) {
        return true; /* what is absent with its folder is absent */
    }
    if (err != NULL) {
        *err = reason;
    }
    return error_wrap(err, "remove %s", path);
}

bool file_remove_temporary(int directory, const char *path, struct error *err)
{
    AUTO_FD fd = file_open_beneath(directory, path, O_RDONLY | O_DIRECTORY, 0, err);
    if (fd < 0) {
        return false;
    }
    AUTO_DIRECTORY stream = fdopendir(fd);
    if (stream == NULL) {
        return error_errno(err, "list %s", path);
    }
    (void)take_fd(&fd); /* the stream closes it */
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL) {
            return errno == 0 || error_errno(err, "list %s", path);
        }
        if (file_name_is_temporary(entry->d_name) &&
            !remove_entry(dirfd(stream), entry->d_name, 0)) {
            return error_errno(err, "remove %s/%s", path, entry->d_name);
        }
    }
}
