/* Enables units by the same links that `systemctl enable` makes, so that it also works where no
 * systemd runs, and reads the links in which the manager publishes invocations: they change with
 * each start and are gone when a unit stops or fails, and reading them costs 3 us. */
#include "providers/unit_links.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "providers/fingerprints.h"

/* A link is replaced, never edited: nothing can hide behind the clock's tick. */
static const int64_t LINK_IS_SETTLED = INT64_MAX;

bool unit_name_is_safe(const char *unit)
{
    return unit[0] != '\0' && unit[0] != '.' && strchr(unit, '/') == NULL;
}

/* ---- targets ------------------------------------------------------------------------------- */

const char *unit_target_link(const struct host *host, const char *target, const char *unit,
                             struct arena *arena)
{
    return arena_printf(arena, "%s/%s.wants/%s", host->layout->units, target, unit);
}

static bool link_exists(const struct host *host, const char *path, struct file_fingerprint *out)
{
    struct stat status;
    if (fstatat(host->root, host_path(path), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISLNK(status.st_mode)) {
        return false;
    }
    *out = file_fingerprint_of(&status);
    return true;
}

bool unit_is_enabled(struct host *host, const char *name, const struct unit_item *unit,
                     struct arena *arena)
{
    for (size_t i = 0; unit->wanted_by != NULL && unit->wanted_by[i] != NULL; i++) {
        const char *path = unit_target_link(host, unit->wanted_by[i], name, arena);
        struct file_fingerprint link;
        bool exists = link_exists(host, path, &link);
        if (exists != unit->is_enabled) {
            return !unit->is_enabled;
        }
        if (exists) {
            fingerprints_record(host, path, FINGERPRINT_LINK, &link, NULL, LINK_IS_SETTLED);
        }
    }
    return unit->is_enabled;
}

static const char *folder_of(struct unit_links *links, const char *path)
{
    return arena_strndup(links->arena, path, (size_t)(strrchr(path, '/') - path));
}

static void note_unsynced(struct unit_links *links, const char *path)
{
    const char *folder = folder_of(links, path);
    if (!map_has(&links->folders, folder)) {
        (void)map_put(links->arena, &links->folders, folder, links);
        vec_add(links->arena, &links->unsynced, path);
    }
}

static bool add_link(struct unit_links *links, const char *path, const char *file,
                     struct error *err)
{
    const struct host *host = links->host;
    if (!file_make_directories(host->root, host_path(folder_of(links, path)), 0755, err) ||
        !file_replace_link(host->root, host_path(path), file, FILE_SYNC_LATER, err)) {
        return false;
    }
    note_unsynced(links, path);
    return true;
}

static bool remove_link(struct unit_links *links, const char *path, bool *out_changed,
                        struct error *err)
{
    if (unlinkat(links->host->root, host_path(path), 0) == 0) {
        *out_changed = true;
        note_unsynced(links, path);
        return true;
    }
    return errno == ENOENT || errno == ENOTDIR || error_errno(err, "remove %s", path);
}

bool unit_enable(struct unit_links *links, const char *name, const struct unit_item *unit,
                 bool *out_changed, struct error *err)
{
    *out_changed = false;
    for (size_t i = 0; unit->wanted_by != NULL && unit->wanted_by[i] != NULL; i++) {
        const char *path = unit_target_link(links->host, unit->wanted_by[i], name, links->arena);
        struct file_fingerprint link;
        if (!unit->is_enabled) {
            if (!remove_link(links, path, out_changed, err)) {
                return error_wrap(err, "disable %s", name);
            }
        } else if (!link_exists(links->host, path, &link)) {
            if (!add_link(links, path, unit->file, err)) {
                return error_wrap(err, "enable %s", name);
            }
            *out_changed = true;
        }
    }
    return true;
}

bool unit_links_sync(struct unit_links *links, struct error *err)
{
    for (size_t i = 0; i < links->unsynced.count; i++) {
        if (!file_sync_parent(links->host->root, host_path(links->unsynced.items[i]), err)) {
            return false;
        }
    }
    return true;
}

static bool collect_links(const struct host *host, const char *name, struct arena *arena,
                          struct link_list *out_links, struct error *err)
{
    int fd = openat(host->root, host_path(host->layout->units), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_DIRECTORY folder = fd < 0 ? NULL : fdopendir(fd);
    if (folder == NULL) {
        return errno == ENOENT || error_errno(err, "open %s", host->layout->units);
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        struct file_fingerprint link;
        if (!text_ends_with(entry->d_name, ".wants") &&
            !text_ends_with(entry->d_name, ".requires")) {
            continue; /* nearly all: unit files */
        }
        const char *path =
            arena_printf(arena, "%s/%s/%s", host->layout->units, entry->d_name, name);
        if (link_exists(host, path, &link)) {
            vec_add(arena, out_links, path);
        }
    }
    return true;
}

bool unit_is_linked_anywhere(const struct host *host, const char *name, struct arena *arena,
                             bool *out_is_linked, struct error *err)
{
    struct link_list links = {0};
    if (!collect_links(host, name, arena, &links, err)) {
        return false;
    }
    *out_is_linked = links.count > 0;
    return true;
}

bool unit_disable_everywhere(struct unit_links *links, const char *name, bool *out_changed,
                             struct error *err)
{
    struct link_list found = {0};
    *out_changed = false;
    if (!collect_links(links->host, name, links->arena, &found, err)) {
        return error_wrap(err, "disable %s", name);
    }
    for (size_t i = 0; i < found.count; i++) {
        if (!remove_link(links, found.items[i], out_changed, err)) {
            return error_wrap(err, "disable %s", name);
        }
    }
    return true;
}

/* ---- invocation ---------------------------------------------------------------------------- */

static const char *unit_invocation_path(const char *name, struct arena *arena)
{
    return arena_printf(arena, "/run/systemd/units/invocation:%s", name);
}

struct unit_invocation unit_invocation_look(const struct host *host, const char *name,
                                            struct arena *arena)
{
    struct unit_invocation invocation = {0};
    const char *path = host_path(unit_invocation_path(name, arena));
    struct stat status;
    if (fstatat(host->root, path, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return invocation;
    }
    ssize_t length = readlinkat(host->root, path, invocation.id, sizeof(invocation.id) - 1);
    invocation.exists = length > 0;
    invocation.link = file_fingerprint_of(&status);
    return invocation;
}

bool unit_invocation_is_known(struct host *host, const char *name,
                              const struct unit_invocation *invocation, const char *stamp,
                              struct arena *arena)
{
    return invocation->exists && fingerprints_match(host, unit_invocation_path(name, arena),
                                                    FINGERPRINT_LINK, &invocation->link, stamp);
}

void unit_invocation_remember(struct host *host, const char *name,
                              const struct unit_invocation *invocation, const char *stamp,
                              struct arena *arena)
{
    if (invocation->exists) {
        fingerprints_record(host, unit_invocation_path(name, arena), FINGERPRINT_LINK,
                            &invocation->link, stamp, LINK_IS_SETTLED);
    }
}
