/* The files of a private view. Everything of the machine is made read-only in a mount namespace of
 * its own, and what is placed is mounted over it. Where something is to stand in a directory that
 * does not have it yet, the directory is split: an empty one in memory takes its place, and each of
 * its entries is grafted in again. So nothing needs to exist, and nothing is created outside.
 *
 * Runs in the child of a fork: system calls and nothing else. */

#include "providers/view_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
    DIRECTORY_MODE = 0755,
    FILE_MODE = 0644,
    ENTRIES_SIZE = 32 * 1024, /* for getdents64 */
};

static bool mount_memory(const char *path)
{
    return mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") == 0;
}

/* A detached copy of what stands at path, with everything mounted below it. */
static int tree_clone(int directory, const char *path, unsigned flags)
{
    return open_tree(directory, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | flags);
}

static bool tree_graft(int tree, int directory, const char *path, unsigned flags)
{
    return move_mount(tree, "", directory, path, MOVE_MOUNT_F_EMPTY_PATH | flags) == 0;
}

/* Makes the entry again in the new directory. */
static bool split_entry(int old, int new, const char *name)
{
    struct stat status;
    if (fstatat(old, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT; /* gone since the directory was listed */
    }
    if (S_ISLNK(status.st_mode)) {
        char target[PATH_MAX];
        ssize_t length = readlinkat(old, name, target, sizeof(target) - 1);
        target[length < 0 ? 0 : length] = '\0';
        return length >= 0 && symlinkat(target, new, name) == 0;
    }
    if (S_ISDIR(status.st_mode)) {
        if (mkdirat(new, name, DIRECTORY_MODE) != 0) {
            return false;
        }
    } else {
        AUTO_FD empty = openat(new, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
        if (empty < 0) {
            return false;
        }
    }
    AUTO_FD tree = tree_clone(old, name, AT_SYMLINK_NOFOLLOW);
    return tree >= 0 && tree_graft(tree, new, name, 0);
}

static bool split_entries(int list, int old, int new, const char *left_out)
{
    char buffer[ENTRIES_SIZE] __attribute__((aligned(__alignof__(struct dirent64))));
    for (;;) {
        ssize_t length = getdents64(list, buffer, sizeof(buffer));
        if (length <= 0) {
            return length == 0;
        }
        for (ssize_t at = 0; at < length;) {
            const struct dirent64 *entry = (const void *)(buffer + at);
            const char *name = entry->d_name;
            bool is_taken =
                strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, left_out) != 0;
            if (is_taken && !split_entry(old, new, name)) {
                return false;
            }
            at += entry->d_reclen;
        }
    }
}

/* An empty directory in memory in its place, and in it everything that was there but left_out. */
static bool split(const char *path, const char *left_out)
{
    AUTO_FD old = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    AUTO_FD list = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (old < 0 || list < 0 || !mount_memory(path)) {
        return false;
    }
    AUTO_FD new = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return new >= 0 && split_entries(list, old, new, left_out);
}

/* The last part of a path. */
static const char *base_name(const char *path)
{
    return strrchr(path, '/') + 1;
}

static bool parent_of(const char *path, char *out_parent)
{
    size_t length = (size_t)(strrchr(path, '/') - path);
    if (length == 0 || length >= PATH_MAX) {
        errno = length == 0 ? EROFS : ENAMETOOLONG; /* the root itself cannot be split */
        return false;
    }
    memcpy(out_parent, path, length);
    out_parent[length] = '\0';
    return true;
}

/* After a refusal to create path: in a directory of the machine, or because of a dangling link. */
static bool make_room(const char *path)
{
    char parent[PATH_MAX];
    return (errno == EROFS || errno == EEXIST) && parent_of(path, parent) &&
           split(parent, base_name(path));
}

static bool make_directory(const char *path)
{
    struct stat status;
    char parent[PATH_MAX];
    if (stat(path, &status) == 0) {
        errno = ENOTDIR;
        return S_ISDIR(status.st_mode);
    }
    if (!parent_of(path, parent) || !make_directory(parent)) {
        return false;
    }
    return mkdir(path, DIRECTORY_MODE) == 0 ||
           (make_room(path) && mkdir(path, DIRECTORY_MODE) == 0);
}

static bool make_parent(const char *path)
{
    char parent[PATH_MAX];
    return parent_of(path, parent) && make_directory(parent);
}

static bool place_empty(const struct view_place *place)
{
    struct stat status;
    bool exists = stat(place->path, &status) == 0 && S_ISDIR(status.st_mode);
    return exists ? mount_memory(place->path) : make_directory(place->path);
}

static bool place_bind(const struct view_place *place)
{
    return make_directory(place->path) &&
           tree_graft(place->fd, AT_FDCWD, place->path, MOVE_MOUNT_T_SYMLINKS);
}

static bool place_file(const struct view_place *place)
{
    struct stat status;
    if (stat(place->path, &status) == 0) {
        return view_file_put(place->staged, O_CREAT, place->content) &&
               mount(place->staged, place->path, NULL, MS_BIND, NULL) == 0;
    }
    return make_parent(place->path) &&
           (view_file_put(place->path, O_CREAT | O_EXCL, place->content) ||
            (make_room(place->path) &&
             view_file_put(place->path, O_CREAT | O_EXCL, place->content)));
}

/* There may be thousands: a link costs less than a file. */
static bool place_pair(const struct view_place *place)
{
    struct stat status;
    if (stat(place->path, &status) == 0) {
        return mount(VIEW_PAIR, place->path, NULL, MS_BIND, NULL) == 0;
    }
    return make_parent(place->path) &&
           (symlink(VIEW_PAIR, place->path) == 0 ||
            (make_room(place->path) && symlink(VIEW_PAIR, place->path) == 0));
}

static bool places_make(struct view *view)
{
    static bool (*const makers[])(const struct view_place *) = {
        [VIEW_PLACE_EMPTY] = place_empty,
        [VIEW_PLACE_BIND] = place_bind,
        [VIEW_PLACE_FILE] = place_file,
        [VIEW_PLACE_PAIR] = place_pair,
    };
    for (size_t i = 0; i < view->places.count; i++) {
        const struct view_place *place = &view->places.items[i];
        if (!makers[place->type](place)) {
            return view_fail(view, "place", place->path);
        }
    }
    return true;
}

/* Sources are copied before anything can cover them; like everything, they are read-only by now. */
static bool sources_clone(struct view *view)
{
    for (size_t i = 0; i < view->places.count; i++) {
        struct view_place *place = &view->places.items[i];
        if (place->type != VIEW_PLACE_BIND) {
            continue;
        }
        place->fd = tree_clone(AT_FDCWD, place->source, 0);
        if (place->fd < 0) {
            return view_fail(view, "open", place->source);
        }
    }
    return true;
}

/* Devices are kept from before the whole machine's are shut off. */
static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random",
                                      "/dev/urandom"};
enum { DEVICE_COUNT = sizeof(devices) / sizeof(devices[0]) };

static bool devices_make(struct view *view, const int *trees)
{
    if (!mount_memory("/dev") || mkdir("/dev/shm", DIRECTORY_MODE) != 0 ||
        symlink("/proc/self/fd", "/dev/fd") != 0 || symlink("/proc/self/fd/0", "/dev/stdin") != 0 ||
        symlink("/proc/self/fd/1", "/dev/stdout") != 0 ||
        symlink("/proc/self/fd/2", "/dev/stderr") != 0) {
        return view_fail(view, "make", "/dev");
    }
    for (size_t i = 0; i < DEVICE_COUNT; i++) {
        if (!view_file_put(devices[i], O_CREAT, STR("")) ||
            !tree_graft(trees[i], AT_FDCWD, devices[i], 0)) {
            return view_fail(view, "make", devices[i]);
        }
    }
    return true;
}

bool view_mounts_make(struct view *view)
{
    int trees[DEVICE_COUNT];
    struct mount_attr attributes = {
        .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
        .propagation = MS_PRIVATE,
    };
    for (size_t i = 0; i < DEVICE_COUNT; i++) {
        trees[i] = tree_clone(AT_FDCWD, devices[i], 0); /* closed by exec */
        if (trees[i] < 0) {
            return view_fail(view, "open", devices[i]);
        }
    }
    if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attributes, sizeof(attributes)) != 0) {
        return view_fail(view, "make everything read-only", NULL);
    }
    if (!sources_clone(view) || !devices_make(view, trees)) {
        return false;
    }
    if (!mount_memory("/run") || mkdir(VIEW_STAGING, DIRECTORY_MODE) != 0 ||
        !view_file_put(VIEW_PAIR, O_CREAT, view->pair)) {
        return view_fail(view, "make", VIEW_STAGING);
    }
    return places_make(view);
}
