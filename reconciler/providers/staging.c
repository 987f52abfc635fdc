/* Many files at once. One sync of the file system carries all contents, which costs a fraction of a
 * sync for each file; for a handful it is the other way round, since a sync of the whole file
 * system also waits for what other programs wrote. */

#include "providers/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"
#include "providers/place.h"

enum { HANDFUL = 8, JOURNAL_LIMIT = 64 * 1024 * 1024 };

VEC(directory_list, const char *); /* absolute paths */

/* One call of staging_apply. */
struct staging {
    struct host *host;
    struct arena *arena;
    struct places places;
    struct staged_file *files;
    size_t count;
    char (*temporary)[FILE_NAME_SIZE]; /* of each file; "": none, or renamed */
    struct directory_list directories; /* of all files, each once */
    enum file_sync sync;               /* FILE_SYNC_LATER: one for all */
};

/* ---- What a killed run leaves --------------------------------------------------------------- */

static const char *journal_path(struct host *host, struct arena *arena)
{
    return arena_printf(arena, "%s/staging", host_path(host->layout->state));
}

bool staging_begin(struct host *host, const char *const *directories, size_t count,
                   struct arena *arena, struct error *err)
{
    struct text text = text_make(arena);
    for (size_t i = 0; i < count; i++) {
        text_add(&text, directories[i]);
        text_add_char(&text, '\0'); /* no path holds one */
    }
    const char *state = host_path(host->layout->state);
    return (file_make_directories(host->root, state, 0755, err) &&
            staging_clean(host, arena, err) &&
            file_replace(host->root, journal_path(host, arena), text_str(&text), 0600,
                         FILE_OWNER_NONE, FILE_SYNC_NOW, err)) ||
           error_wrap(err, "prepare to write");
}

void staging_end(struct host *host)
{
    struct arena *arena = arena_create();
    /* When it stays, the next run finds nothing to clean. */
    (void)unlinkat(host->root, journal_path(host, arena), 0);
    arena_destroy(arena);
}

static bool clean_directory(struct host *host, const char *path, struct error *err)
{
    struct error reason = {0};
    const char *relative = host_path(path);
    if (file_remove_temporary(host->root, relative[0] == '\0' ? "." : relative, &reason)) {
        return true;
    }
    /* Somebody may have removed the directory, or put something else there. */
    if (reason.number == ENOENT || reason.number == ENOTDIR || reason.number == ELOOP) {
        return true;
    }
    return error_wrap_other(err, &reason, "clean up after a run that was cut off");
}

bool staging_clean(struct host *host, struct arena *arena, struct error *err)
{
    struct str journal = {0};
    struct error reason = {0};
    if (!clean_directory(host, host->layout->state, err)) {
        return false;
    }
    if (!file_read(host->root, journal_path(host, arena), JOURNAL_LIMIT, arena, &journal,
                   &reason)) {
        return reason.number == ENOENT || error_copy(err, &reason);
    }
    for (const char *path = journal.data; path < journal.data + journal.length;
         path += strlen(path) + 1) {
        if (!clean_directory(host, path, err)) {
            return false;
        }
    }
    staging_end(host);
    return true;
}

/* ---- The steps ------------------------------------------------------------------------------ */

static void fail(struct staged_file *file, const struct error *reason)
{
    file->has_failed = true;
    file->error = *reason;
}

static void collect_directories(struct staging *staging)
{
    struct map seen = {0};
    for (size_t i = 0; i < staging->count; i++) {
        const char *path = staging->files[i].path;
        const char *slash = strrchr(path, '/');
        size_t length = slash == NULL ? 0 : (size_t)(slash - path);
        const char *directory = arena_strndup(staging->arena, path, length);
        if (!map_has(&seen, directory)) {
            (void)map_put(staging->arena, &seen, directory, NULL);
            vec_add(staging->arena, &staging->directories, directory);
        }
    }
}

/* The directory of a file, if we may write there. What is missing above a new file is made. */
static bool open_place(struct staging *staging, const struct staged_file *file,
                       struct place *out_place, struct error *err)
{
    if (!place_open(&staging->places, file->path, out_place, err)) {
        if (file->verb == STAGED_DELETE || err->number != ENOENT ||
            !place_make_parents(&staging->places, file->path, err) ||
            !place_open(&staging->places, file->path, out_place, err)) {
            return false;
        }
        staging->sync = FILE_SYNC_LATER; /* which also syncs the directories above */
    }
    return place_is_ours(out_place, file->path, err);
}

static void write_beside(struct staging *staging, size_t index)
{
    struct staged_file *file = &staging->files[index];
    struct place place;
    struct error reason = {0};
    bool is_open = open_place(staging, file, &place, &reason);
    const struct file_staged staged = {file->content, file->mode, file->owner, staging->sync};
    if (!is_open ||
        !file_stage(place.directory, place.name, &staged, staging->temporary[index], &reason)) {
        staging->temporary[index][0] = '\0';
        (void)error_wrap(&reason, "write %s", file->path);
        fail(file, &reason);
    }
}

/* One sync for each file system that holds one of the directories. */
static bool sync_file_systems(struct staging *staging, struct error *err)
{
    VEC(device_list, dev_t) synced = {0};
    for (size_t i = 0; i < staging->directories.count; i++) {
        const char *path = host_path(staging->directories.items[i]);
        AUTO_FD fd = file_open_beneath(staging->host->root, path[0] == '\0' ? "." : path,
                                       O_PATH | O_DIRECTORY, 0, NULL);
        struct stat status;
        if (fd < 0 || fstat(fd, &status) != 0) {
            continue; /* its files have failed, or will */
        }
        bool is_synced = false;
        for (size_t j = 0; j < synced.count; j++) {
            is_synced = is_synced || synced.items[j] == status.st_dev;
        }
        if (!is_synced && !file_sync_all(fd, err)) {
            return false;
        }
        vec_add(staging->arena, &synced, status.st_dev);
    }
    return true;
}

/* Is what we replace still what the plan was made from? */
static bool check_expected(const struct place *place, const struct staged_file *file,
                           struct error *err)
{
    struct stat status;
    bool exists = fstatat(place->directory, place->name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (!exists && errno != ENOENT) {
        return error_errno(err, "stat %s", file->path);
    }
    if (exists && S_ISDIR(status.st_mode)) {
        return error_set(err, ERROR_REFUSED,
                         "a directory stands at %s: it is not removed, move it away", file->path);
    }
    if (file->must_be_absent && exists) {
        return error_set(err, ERROR_REFUSED, "%s has appeared since the host was looked at",
                         file->path);
    }
    if (file->must_be != NULL) {
        struct file_fingerprint now = {0};
        if (exists) {
            now = file_fingerprint_of(&status);
        }
        if (!file_fingerprint_equal(&now, file->must_be)) {
            return error_set(err, ERROR_REFUSED, "%s has changed since the host was looked at",
                             file->path);
        }
    }
    return true;
}

static void take_place(struct staging *staging, size_t index)
{
    struct staged_file *file = &staging->files[index];
    char *temporary = staging->temporary[index];
    struct place place;
    struct error reason = {0};
    unsigned flags = file->must_be_absent ? RENAME_NOREPLACE : 0;
    if (!place_open(&staging->places, file->path, &place, &reason)) {
        fail(file, &reason);
        return;
    }
    if (check_expected(&place, file, &reason)) {
        if (renameat2(place.directory, temporary, place.directory, place.name, flags) == 0) {
            temporary[0] = '\0';
            return;
        }
        (void)error_errno(&reason, "replace %s", file->path);
    }
    (void)unlinkat(place.directory, temporary, 0); /* the failure above is the one to report */
    fail(file, &reason);
}

static void delete_file(struct staging *staging, struct staged_file *file)
{
    struct place place;
    struct error reason = {0};
    if (!open_place(staging, file, &place, &reason)) {
        if (reason.number != ENOENT) { /* without its directory it is gone, too */
            (void)error_wrap(&reason, "delete %s", file->path);
            fail(file, &reason);
        }
        return;
    }
    if (faccessat(place.directory, place.name, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT) {
        return;
    }
    if (!check_expected(&place, file, &reason)) {
        fail(file, &reason);
    } else if (unlinkat(place.directory, place.name, 0) != 0 && errno != ENOENT) {
        (void)error_errno(&reason, "delete %s", file->path);
        fail(file, &reason);
    }
}

static bool sync_directories(struct staging *staging, struct error *err)
{
    if (staging->sync == FILE_SYNC_LATER) {
        return sync_file_systems(staging, err);
    }
    for (size_t i = 0; i < staging->directories.count; i++) {
        const char *path = host_path(staging->directories.items[i]);
        AUTO_FD fd = file_open_beneath(staging->host->root, path[0] == '\0' ? "." : path,
                                       O_RDONLY | O_DIRECTORY, 0, NULL);
        if (fd >= 0 && fsync(fd) != 0) {
            return error_errno(err, "sync /%s", path);
        }
    }
    return true;
}

static void fail_all(struct staging *staging, const struct error *reason)
{
    for (size_t i = 0; i < staging->count; i++) {
        struct place place;
        struct staged_file *file = &staging->files[i];
        if (staging->temporary[i][0] != '\0' &&
            place_open(&staging->places, file->path, &place, NULL)) {
            (void)unlinkat(place.directory, staging->temporary[i], 0); /* it failed already */
        }
        if (!file->has_failed) {
            fail(file, reason);
        }
    }
}

static void carry_out(struct staging *staging)
{
    struct error reason = {0};
    for (size_t i = 0; i < staging->count; i++) {
        if (staging->files[i].verb == STAGED_WRITE) {
            write_beside(staging, i);
        }
    }
    if (staging->sync == FILE_SYNC_LATER && !sync_file_systems(staging, &reason)) {
        fail_all(staging, &reason);
        return;
    }
    for (size_t i = 0; i < staging->count; i++) {
        if (staging->files[i].verb == STAGED_DELETE) {
            delete_file(staging, &staging->files[i]);
        } else if (!staging->files[i].has_failed) {
            take_place(staging, i);
        }
    }
    if (!sync_directories(staging, &reason)) {
        fail_all(staging, &reason);
    }
}

void staging_apply(struct host *host, struct staged_file *files, size_t count, struct arena *arena)
{
    struct staging staging = {
        .host = host,
        .arena = arena,
        .places = places_make(host, arena),
        .files = files,
        .count = count,
        .temporary = arena_array(arena, count, FILE_NAME_SIZE),
        .sync = count > HANDFUL ? FILE_SYNC_LATER : FILE_SYNC_NOW,
    };
    struct error reason = {0};
    collect_directories(&staging);
    if (staging_begin(host, staging.directories.items, staging.directories.count, arena, &reason)) {
        carry_out(&staging);
        staging_end(host);
    } else {
        fail_all(&staging, &reason);
    }
    places_close(&staging.places);
}
