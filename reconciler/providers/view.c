/* Builds a private view in the child of a fork. The places are collected before; the child makes
 * system calls and nothing else.
 *
 * Everything of the machine is made read-only in a mount namespace of its own, and what is placed
 * is mounted over it. Where something is to stand in a directory that does not have it yet, the
 * directory is split: an empty one in memory takes its place, and each of its entries is grafted in
 * again. So nothing needs to exist, and nothing is created outside.
 *
 * An ordinary user keeps his number in the namespace, and with it his permissions; root keeps his
 * sight of every file, but loses what could undo the view. */

#include "providers/view.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"

enum {
    STATUS_FAILED = 125,
    STATUS_SIGNAL = 128,
    DIRECTORY_MODE = 0755,
    FILE_MODE = 0644,
    ENTRIES_SIZE = 32 * 1024, /* for getdents64 */
    DIGITS_MAX = 20,
    CAPABILITIES_MAX = 64, /* bits of a set; the kernel may know more than our headers */
    MAP_LIMIT = 4096,      /* of /proc/self/uid_map: 340 lines at most */
};

/* In memory, and there before anything else is placed. */
#define STAGING      "/run/reconcile-view"
#define STAGING_PAIR STAGING "/pair"

enum place_type { PLACE_EMPTY, PLACE_BIND, PLACE_FILE, PLACE_PAIR };

struct place {
    enum place_type type;
    const char *path;
    const char *source; /* PLACE_BIND */
    struct str content; /* PLACE_FILE */
    const char *staged; /* PLACE_FILE: its copy below STAGING */
    int fd;             /* PLACE_BIND, in the child: the source, taken before anything covers it */
};
VEC(place_list, struct place);

struct view {
    struct arena *arena;
    struct str pair;
    struct place_list places;
    struct map by_path;
    struct view_report *report; /* shared with the child */
    bool is_root;
    struct str users; /* what /proc/PID/uid_map shall say */
    struct str groups;
};

/* ---- Before the fork ------------------------------------------------------------------------- */

struct view *view_make(struct arena *arena, struct str pair)
{
    struct view *view = arena_new(arena, struct view);
    view->arena = arena;
    view->pair = pair;
    (void)map_put(arena, &view->by_path, "/run", view); /* the first, as the next */
    (void)map_put(arena, &view->by_path, "/dev", view);
    return view;
}

static void place_add(struct view *view, struct place place)
{
    if (map_has(&view->by_path, place.path)) {
        return;
    }
    place.fd = -1;
    place.path = arena_strdup(view->arena, place.path);
    vec_add(view->arena, &view->places, place);
    (void)map_put(view->arena, &view->by_path, place.path, view); /* the first of its name */
}

void view_empty(struct view *view, const char *path)
{
    place_add(view, (struct place){.type = PLACE_EMPTY, .path = path});
}

void view_bind(struct view *view, const char *path, const char *source)
{
    place_add(view, (struct place){.type = PLACE_BIND, .path = path, .source = source});
}

void view_file(struct view *view, const char *path, struct str content)
{
    const char *staged = arena_printf(view->arena, STAGING "/%zu", view->places.count);
    place_add(view, (struct place){
                        .type = PLACE_FILE, .path = path, .content = content, .staged = staged});
}

void view_pair(struct view *view, const char *path)
{
    place_add(view, (struct place){.type = PLACE_PAIR, .path = path});
}

bool view_has(const struct view *view, const char *path)
{
    return map_has(&view->by_path, path);
}

/* A directory comes before what is in it. */
static int place_compare(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->path, ((const struct place *)b)->path);
}

/* Every number that we know stays what it is: lines "first first count" of our own map. */
static struct str identity_map(struct arena *arena, const char *path)
{
    struct str content;
    struct text text = text_make(arena);
    if (!file_read(AT_FDCWD, path, MAP_LIMIT, arena, &content, NULL)) {
        return text_str(&text);
    }
    const char *at = content.data;
    for (;;) {
        char *end = NULL;
        unsigned long long first = strtoull(at, &end, 10);
        if (end == at) {
            return text_str(&text);
        }
        (void)strtoull(end, &end, 10); /* what it is outside of our own namespace */
        unsigned long long count = strtoull(end, &end, 10);
        text_line(&text, "%llu %llu %llu", first, first, count);
        at = end;
    }
}

bool view_open(struct view *view, struct error *err)
{
    struct arena *arena = view->arena;
    void *shared = mmap(NULL, sizeof(*view->report), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        return error_errno(err, "share memory");
    }
    view->report = shared;
    view->is_root = geteuid() == 0;
    if (view->is_root) {
        view->users = identity_map(arena, "/proc/self/uid_map");
        view->groups = identity_map(arena, "/proc/self/gid_map");
    } else {
        unsigned user = geteuid();
        unsigned group = getegid();
        view->users = str_of(arena_printf(arena, "%u %u 1\n", user, user));
        view->groups = str_of(arena_printf(arena, "%u %u 1\n", group, group));
    }
    if (view->places.count > 1) {
        qsort(view->places.items, view->places.count, sizeof(*view->places.items), place_compare);
    }
    return true;
}

void view_close(struct view *view)
{
    if (view != NULL && view->report != NULL) {
        (void)munmap(view->report, sizeof(*view->report)); /* it was mapped */
        view->report = NULL;
    }
}

const struct view_report *view_report(const struct view *view)
{
    return view->report;
}

/* ---- In the child ---------------------------------------------------------------------------- */

/* The texts are constants or made before the fork, so the parent can read them. */
static bool fail(struct view *view, const char *step, const char *path)
{
    if (view->report->step == NULL) {
        *view->report = (struct view_report){step, path, errno};
    }
    return false;
}

static bool file_put(const char *path, int flags, struct str content)
{
    AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC | flags, FILE_MODE);
    size_t done = 0;
    while (fd >= 0 && done < content.length) {
        ssize_t count = write(fd, content.data + done, content.length - done);
        if (count <= 0) {
            return false;
        }
        done += (size_t)count;
    }
    return fd >= 0;
}

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

static bool place_empty(const struct place *place)
{
    struct stat status;
    bool exists = stat(place->path, &status) == 0 && S_ISDIR(status.st_mode);
    return exists ? mount_memory(place->path) : make_directory(place->path);
}

static bool place_bind(const struct place *place)
{
    return make_directory(place->path) &&
           tree_graft(place->fd, AT_FDCWD, place->path, MOVE_MOUNT_T_SYMLINKS);
}

static bool place_file(const struct place *place)
{
    struct stat status;
    if (stat(place->path, &status) == 0) {
        return file_put(place->staged, O_CREAT, place->content) &&
               mount(place->staged, place->path, NULL, MS_BIND, NULL) == 0;
    }
    return make_parent(place->path) &&
           (file_put(place->path, O_CREAT | O_EXCL, place->content) ||
            (make_room(place->path) && file_put(place->path, O_CREAT | O_EXCL, place->content)));
}

/* There may be thousands: a link costs less than a file. */
static bool place_pair(const struct place *place)
{
    struct stat status;
    if (stat(place->path, &status) == 0) {
        return mount(STAGING_PAIR, place->path, NULL, MS_BIND, NULL) == 0;
    }
    return make_parent(place->path) &&
           (symlink(STAGING_PAIR, place->path) == 0 ||
            (make_room(place->path) && symlink(STAGING_PAIR, place->path) == 0));
}

static bool places_make(struct view *view)
{
    static bool (*const makers[])(const struct place *) = {
        [PLACE_EMPTY] = place_empty,
        [PLACE_BIND] = place_bind,
        [PLACE_FILE] = place_file,
        [PLACE_PAIR] = place_pair,
    };
    for (size_t i = 0; i < view->places.count; i++) {
        const struct place *place = &view->places.items[i];
        if (!makers[place->type](place)) {
            return fail(view, "place", place->path);
        }
    }
    return true;
}

/* Sources are copied before anything can cover them; like everything, they are read-only by now. */
static bool sources_clone(struct view *view)
{
    for (size_t i = 0; i < view->places.count; i++) {
        struct place *place = &view->places.items[i];
        if (place->type != PLACE_BIND) {
            continue;
        }
        place->fd = tree_clone(AT_FDCWD, place->source, 0);
        if (place->fd < 0) {
            return fail(view, "open", place->source);
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
        return fail(view, "make", "/dev");
    }
    for (size_t i = 0; i < DEVICE_COUNT; i++) {
        if (!file_put(devices[i], O_CREAT, STR("")) ||
            !tree_graft(trees[i], AT_FDCWD, devices[i], 0)) {
            return fail(view, "make", devices[i]);
        }
    }
    return true;
}

static bool mounts_make(struct view *view)
{
    int trees[DEVICE_COUNT];
    struct mount_attr attributes = {
        .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
        .propagation = MS_PRIVATE,
    };
    for (size_t i = 0; i < DEVICE_COUNT; i++) {
        trees[i] = tree_clone(AT_FDCWD, devices[i], 0); /* closed by exec */
        if (trees[i] < 0) {
            return fail(view, "open", devices[i]);
        }
    }
    if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attributes, sizeof(attributes)) != 0) {
        return fail(view, "make everything read-only", NULL);
    }
    if (!sources_clone(view) || !devices_make(view, trees)) {
        return false;
    }
    if (!mount_memory("/run") || mkdir(STAGING, DIRECTORY_MODE) != 0 ||
        !file_put(STAGING_PAIR, O_CREAT, view->pair)) {
        return fail(view, "make", STAGING);
    }
    return places_make(view);
}

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
        if (!file_put(settings[i].path, 0, settings[i].value) &&
            !(settings[i].is_optional && errno == ENOENT)) {
            return fail(view, "set", settings[i].path);
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
            return fail(view, "drop privileges", NULL);
        }
    }
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 || fail(view, "drop privileges", NULL);
}

/* ---- Around the child ------------------------------------------------------------------------ */

/* "/proc/PID/NAME" */
static void child_path(pid_t pid, const char *name, char *out_path)
{
    char digits[DIGITS_MAX];
    size_t count = 0;
    for (long left = pid; left > 0; left /= 10) {
        digits[count++] = (char)('0' + left % 10);
    }
    memcpy(out_path, "/proc/", strlen("/proc/"));
    out_path += strlen("/proc/");
    while (count > 0) {
        *out_path++ = digits[--count];
    }
    memcpy(out_path, name, strlen(name) + 1);
}

/* Only from outside a namespace can more than one's own number be mapped into it. */
static bool numbers_map(struct view *view, pid_t pid)
{
    char path[PATH_MAX];
    if (!view->is_root) { /* else an ordinary user could leave a group that he is locked into */
        child_path(pid, "/setgroups", path);
        if (!file_put(path, 0, STR("deny"))) {
            return fail(view, "give up groups", NULL);
        }
    }
    child_path(pid, "/uid_map", path);
    if (!file_put(path, 0, view->users)) {
        return fail(view, "map users", NULL);
    }
    child_path(pid, "/gid_map", path);
    return file_put(path, 0, view->groups) || fail(view, "map groups", NULL);
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
        return fail(view, "begin", NULL);
    }
    return network_open(view) && mounts_make(view) && privileges_drop(view) &&
           (chdir("/") == 0 || fail(view, "enter", "/"));
}

int view_enter(void *context)
{
    struct view *view = context;
    int ends[2];
    assert(view->report != NULL);
    if (pipe2(ends, O_CLOEXEC) != 0) {
        (void)fail(view, "make a pipe", NULL);
        return STATUS_FAILED;
    }
    unsigned long flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC;
    /* fork(), but into namespaces of its own; there it is the first process, and when it ends,
     * nothing that it started is left. */
    long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    if (pid < 0) {
        (void)fail(view, "make namespaces", NULL);
        return STATUS_FAILED;
    }
    if (pid > 0) {
        (void)close(ends[0]); /* the child's */
        stay_outside(view, (pid_t)pid, ends[1]);
    }
    (void)close(ends[1]); /* the parent's */
    return go_inside(view, ends[0]) ? 0 : STATUS_FAILED;
}
