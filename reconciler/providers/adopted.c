/* Copies of what we take over: the state directory keeps them at the paths where they stood, for
 * root's eyes only, since nobody knows what is in them. */

#include "providers/adopted.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "providers/place.h"

enum { CONTENT_LIMIT = 256 * 1024 * 1024, MODE_BITS = 07777, COPIES_MOST = 1000 };

static bool copy_file(struct host *host, const struct place *place, const char *path,
                      const char *copy, struct arena *arena, struct error *err)
{
    AUTO_FD fd = openat(place->directory, place->name,
                        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct str content = {0};
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        return error_errno(err, "open %s", path);
    }
    if (!file_read_fd(fd, path, CONTENT_LIMIT, arena, &content, err)) {
        return false;
    }
    struct file_owner owner = FILE_OWNER_NONE;
    if (geteuid() == 0) { /* nobody else can give files away */
        owner = (struct file_owner){status.st_uid, status.st_gid};
    }
    return file_replace(host->root, host_path(copy), content, status.st_mode & MODE_BITS, owner,
                        FILE_SYNC_NOW, err);
}

static bool copy_link(struct host *host, const struct place *place, const char *path,
                      const char *copy, struct arena *arena, struct error *err)
{
    char *target = arena_alloc(arena, PATH_MAX); /* ended by the arena's zeros */
    if (readlinkat(place->directory, place->name, target, PATH_MAX - 1) < 0) {
        return error_errno(err, "read the link %s", path);
    }
    return file_replace_link(host->root, host_path(copy), target, FILE_SYNC_NOW, err);
}

/* The first name that is free: PATH, PATH.2, PATH.3, ... */
static const char *find_free_name(struct host *host, const char *path, struct arena *arena,
                                  struct error *err)
{
    const char *first = arena_printf(arena, "%s/adopted%s", host->layout->state, path);
    const char *name = first;
    for (unsigned number = 2; number <= COPIES_MOST; number++) {
        if (faccessat(host->root, host_path(name), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            name = arena_printf(arena, "%s.%u", first, number);
        } else if (errno == ENOENT) {
            return name;
        } else {
            (void)error_errno(err, "look for %s", name);
            return NULL;
        }
    }
    (void)error_set(err, ERROR_LIMIT, "%s has %d copies already", first, COPIES_MOST);
    return NULL;
}

static bool make_copy(struct host *host, const struct place *place, const struct stat *status,
                      const char *path, struct arena *arena, const char **out_copy,
                      struct error *err)
{
    const char *state = host_path(host->layout->state);
    const char *parent =
        arena_printf(arena, "%s/adopted%.*s", state, (int)(strrchr(path, '/') - path), path);
    if (!file_make_directories(host->root, state, 0755, err) ||
        !file_make_directories(host->root, parent, 0700, err)) {
        return false;
    }
    const char *copy = find_free_name(host, path, arena, err);
    if (copy == NULL) {
        return false;
    }
    bool is_copied = S_ISLNK(status->st_mode) ? copy_link(host, place, path, copy, arena, err)
                                              : copy_file(host, place, path, copy, arena, err);
    AUTO_FD fd = file_open_beneath(host->root, state, O_RDONLY | O_DIRECTORY, 0, err);
    /* Directories on the way may be new. */
    if (!is_copied || fd < 0 || !file_sync_all(fd, err)) {
        return false;
    }
    *out_copy = copy;
    return true;
}

bool adopted_keep(struct host *host, const char *path, struct arena *arena, const char **out_kept,
                  struct error *err)
{
    AUTO_PLACES places = places_make(host, arena);
    const char *copy = NULL;
    struct error reason = {0};
    struct place place;
    struct stat status;
    if (!place_open(&places, path, &place, &reason)) {
        if (reason.number != ENOENT) {
            return error_copy(err, &reason);
        }
    } else if (fstatat(place.directory, place.name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT) {
            return error_errno(err, "stat %s", path);
        }
    } else if ((S_ISREG(status.st_mode) || S_ISLNK(status.st_mode)) &&
               !make_copy(host, &place, &status, path, arena, &copy, err)) {
        return error_wrap(err, "keep %s", path);
    }
    if (out_kept != NULL) {
        *out_kept = copy;
    }
    return true;
}
