/* The folders of pairs. Everything is reached by descriptor from the root, and a link that does not
 * have exactly our form is somebody else's. */

#include "providers/pair_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/vec.h"
#include "providers/fingerprints.h"
#include "providers/pair_info.h"

enum { FILE_LIMIT = 1024 * 1024, VERSION_LENGTH = 32, MODE_BITS = 07777 };

static const char *const file_names[PAIR_FILE_COUNT] = {"fullchain.pem", "key.pem", "info"};

VEC(name_list, const char *);

const char *pair_store_versions(const char *directory, struct arena *arena)
{
    const char *slash = strrchr(directory, '/');
    return arena_printf(arena, "%.*s/.versions/%s", (int)(slash - directory), directory, slash + 1);
}

static const char *file_of(const char *directory, const char *version, enum pair_file file,
                           struct arena *arena)
{
    return arena_printf(arena, "%s/%s/%s", pair_store_versions(directory, arena), version,
                        file_names[file]);
}

static const char *make_version(struct str chain, struct arena *arena)
{
    char digest[DIGEST_HEX_SIZE];
    digest_hex(chain, digest);
    return arena_strndup(arena, digest, VERSION_LENGTH);
}

static bool is_version(const char *text)
{
    return strlen(text) == VERSION_LENGTH && strspn(text, "0123456789abcdef") == VERSION_LENGTH;
}

/* The version that our link names; NULL for any other link. */
static const char *version_of_link(const struct place *place, struct arena *arena)
{
    char *target = arena_alloc(arena, PATH_MAX); /* ended by the arena's zeros */
    const char *prefix = arena_printf(arena, ".versions/%s/", place->name);
    if (readlinkat(place->directory, place->name, target, PATH_MAX - 1) < 0 ||
        !text_starts_with(target, prefix) || !is_version(target + strlen(prefix))) {
        return NULL;
    }
    return target + strlen(prefix);
}

/* ---- Read ----------------------------------------------------------------------------------- */

static bool stat_file(struct places *places, const char *path, struct file_fingerprint *out,
                      struct error *err)
{
    struct place place;
    struct stat status;
    if (!place_open(places, path, &place, err)) {
        return false;
    }
    if (fstatat(place.directory, place.name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return error_errno(err, "stat %s", path);
    }
    *out = file_fingerprint_of(&status);
    return true;
}

/* Looks at the files; what is known, all of it, is described from memory. */
static bool recall(struct places *places, const char *directory, const char *const *paths,
                   enum pair_reading reading, struct stored_pair *out, struct error *err)
{
    struct str info = {0};
    bool is_known = reading == PAIR_RECALL &&
                    fingerprints_know(places->host, directory, FINGERPRINT_LINK, &out->link);
    for (size_t i = 0; i < PAIR_FILE_COUNT; i++) {
        if (!stat_file(places, paths[i], &out->files[i], err)) {
            return false;
        }
        is_known =
            fingerprints_know(places->host, paths[i], FINGERPRINT_FILE, &out->files[i]) && is_known;
    }
    out->key_mode = out->files[PAIR_KEY].mode & MODE_BITS;
    if (is_known && file_read(places->host->root, host_path(paths[PAIR_INFO]), FILE_LIMIT,
                              places->arena, &info, NULL)) {
        out->description = pair_info_read(info, places->arena);
        out->is_known = out->description != NULL;
    }
    return true;
}

/* The leaf is read by OpenSSL; what follows it is what we wrote as long as the version fits. */
static bool read_pair(struct places *places, const char *const *paths, struct stored_pair *out,
                      struct error *err)
{
    struct str chain = {0};
    AUTO_SECRET key = NULL;
    int root = places->host->root;
    if (!file_read(root, host_path(paths[PAIR_CHAIN]), FILE_LIMIT, places->arena, &chain, err) ||
        !secret_read(root, host_path(paths[PAIR_KEY]), &key, err)) {
        return false;
    }
    if (strcmp(make_version(chain, places->arena), out->version) != 0) {
        return error_set(err, ERROR_FORMAT, "%s was changed", paths[PAIR_CHAIN]);
    }
    out->pair = pair_read_leaf(chain, key, err);
    if (out->pair == NULL) {
        return false;
    }
    out->description = pair_describe(out->pair, places->arena);
    return true;
}

static bool look_inside(struct places *places, const char *directory, enum pair_reading reading,
                        struct stored_pair *out, struct error *err)
{
    const char *paths[PAIR_FILE_COUNT];
    for (size_t i = 0; i < PAIR_FILE_COUNT; i++) {
        paths[i] = file_of(directory, out->version, (enum pair_file)i, places->arena);
    }
    out->read_at_ns = file_clock_coarse_ns();
    return recall(places, directory, paths, reading, out, err) &&
           (out->is_known || read_pair(places, paths, out, err));
}

bool pair_store_read(struct places *places, const char *directory, enum pair_reading reading,
                     struct stored_pair *out, struct error *err)
{
    struct place place;
    struct stat status;
    struct error reason = {0};
    *out = (struct stored_pair){0};
    if (!place_open(places, directory, &place, &reason)) {
        return reason.number == ENOENT || error_copy(err, &reason);
    }
    if (fstatat(place.directory, place.name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT || error_errno(err, "stat %s", directory);
    }
    if (S_ISLNK(status.st_mode)) {
        out->version = version_of_link(&place, places->arena);
    }
    if (out->version == NULL) {
        out->instead = place_describe(&place, status.st_mode, places->arena);
        return true;
    }
    out->link = file_fingerprint_of(&status);
    bool is_read = look_inside(places, directory, reading, out, &out->problem);
    (void)is_read; /* problem and the missing description tell */
    return true;
}

struct pair *pair_store_load(struct places *places, const char *directory, const char **out_version,
                             struct error *err)
{
    struct place place;
    struct str chain = {0};
    AUTO_SECRET key = NULL;
    int root = places->host->root;
    if (!place_open(places, directory, &place, err)) {
        return NULL;
    }
    const char *version = version_of_link(&place, places->arena);
    if (version == NULL) {
        (void)error_set(err, ERROR_UNAVAILABLE, "there is no pair at %s", directory);
        return NULL;
    }
    const char *chain_path = file_of(directory, version, PAIR_CHAIN, places->arena);
    const char *key_path = file_of(directory, version, PAIR_KEY, places->arena);
    if (!file_read(root, host_path(chain_path), FILE_LIMIT, places->arena, &chain, err) ||
        !secret_read(root, host_path(key_path), &key, err)) {
        return NULL;
    }
    *out_version = version;
    return pair_read(chain, key, err);
}

void pair_store_record(struct places *places, const char *directory,
                       const struct stored_pair *stored)
{
    struct host *host = places->host;
    fingerprints_record(host, directory, FINGERPRINT_LINK, &stored->link, NULL, stored->read_at_ns);
    for (size_t i = 0; i < PAIR_FILE_COUNT; i++) {
        const char *path = file_of(directory, stored->version, (enum pair_file)i, places->arena);
        fingerprints_record(host, path, FINGERPRINT_FILE, &stored->files[i], NULL,
                            stored->read_at_ns);
    }
}

/* ---- Write ---------------------------------------------------------------------------------- */

bool pair_store_version(const struct pair *pair, struct arena *arena, const char **out_version,
                        struct error *err)
{
    struct str chain = {0};
    if (!pair_write_chain(pair, arena, &chain, err)) {
        return false;
    }
    *out_version = make_version(chain, arena);
    return true;
}

struct key_file {
    int directory;
    struct pair_access access;
    struct error *err;
};

static bool write_key(const void *bytes, size_t length, void *context)
{
    const struct key_file *file = context;
    return file_replace(file->directory, file_names[PAIR_KEY], (struct str){bytes, length},
                        file->access.mode, file->access.owner, FILE_SYNC_LATER, file->err);
}

/* Where we may write, with everything above it. */
static bool open_ours(struct places *places, const char *directory, struct place *out_place,
                      struct error *err)
{
    return place_make_parents(places, directory, err) &&
           place_open(places, directory, out_place, err) &&
           place_is_ours(out_place, directory, err);
}

bool pair_store_write(struct places *places, const char *directory, const struct pair *pair,
                      const struct pair_access *access, const char **out_version, struct error *err)
{
    static const struct pair_access own_key = {0600, {(uid_t)-1, (gid_t)-1}};
    static const struct pair_access own_chain = {0644, {(uid_t)-1, (gid_t)-1}};
    struct host *host = places->host;
    struct str chain = {0};
    AUTO_SECRET key = NULL;
    struct place place;
    if (!pair_write_chain(pair, places->arena, &chain, err) || !pair_write_key(pair, &key, err) ||
        !open_ours(places, directory, &place, err)) {
        return false;
    }
    const char *version = make_version(chain, places->arena);
    const char *path = arena_printf(places->arena, "%s/%s",
                                    pair_store_versions(directory, places->arena), version);
    if (!file_make_directories(host->root, host_path(path), 0755, err)) {
        return false;
    }
    AUTO_FD folder = file_open_beneath(host->root, host_path(path), O_RDONLY | O_DIRECTORY, 0, err);
    const struct pair_access *of_chain = access != NULL ? access : &own_chain;
    struct key_file key_file = {folder, access != NULL ? *access : own_key, err};
    struct str info = pair_info_write(pair_describe(pair, places->arena), places->arena);
    if (folder < 0 || !secret_use(key, write_key, &key_file) ||
        !file_replace(folder, file_names[PAIR_CHAIN], chain, of_chain->mode, of_chain->owner,
                      FILE_SYNC_LATER, err) ||
        !file_replace(folder, file_names[PAIR_INFO], info, 0644, FILE_OWNER_NONE, FILE_SYNC_LATER,
                      err)) {
        return error_wrap(err, "write %s", path);
    }
    *out_version = version;
    return true;
}

bool pair_store_protect(struct places *places, const char *directory, const char *version,
                        struct error *err)
{
    enum { KEY_MODE = 0600 };
    const char *path = file_of(directory, version, PAIR_KEY, places->arena);
    AUTO_FD key = file_open_beneath(places->host->root, host_path(path), O_RDONLY, 0, err);
    return key >= 0 && (fchmod(key, KEY_MODE) == 0 || error_errno(err, "protect %s", path));
}

bool pair_store_switch(struct places *places, const char *directory, const char *version,
                       struct error *err)
{
    struct place place;
    struct stat status;
    if (!place_open(places, directory, &place, err) || !place_is_ours(&place, directory, err)) {
        return false;
    }
    bool exists = fstatat(place.directory, place.name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (exists && !S_ISLNK(status.st_mode)) {
        return error_set(err, ERROR_REFUSED, "%s stands at %s: it is not removed, move it away",
                         place_describe(&place, status.st_mode, places->arena), directory);
    }
    const char *target = arena_printf(places->arena, ".versions/%s/%s", place.name, version);
    return file_replace_link(place.directory, place.name, target, FILE_SYNC_LATER, err);
}

/* ---- Remove --------------------------------------------------------------------------------- */

static bool list_versions(struct host *host, const char *path, struct arena *arena,
                          struct name_list *out_names, struct error *err)
{
    AUTO_FD fd = file_open_beneath(host->root, host_path(path), O_RDONLY | O_DIRECTORY, 0, err);
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
        if (is_version(entry->d_name)) {
            vec_add(arena, out_names, arena_strdup(arena, entry->d_name));
        }
    }
}

bool pair_store_prune(struct places *places, const char *directory, const char *current,
                      const char *previous, struct error *err)
{
    struct name_list names = {0};
    const char *path = pair_store_versions(directory, places->arena);
    if (!list_versions(places->host, path, places->arena, &names, err)) {
        return false;
    }
    for (size_t i = 0; i < names.count; i++) {
        const char *version = names.items[i];
        const char *folder = arena_printf(places->arena, "%s/%s", host_path(path), version);
        if (!text_equal(version, current) && !text_equal(version, previous) &&
            !file_remove_all(places->host->root, folder, err)) {
            return false;
        }
    }
    return true;
}

bool pair_store_remove(struct places *places, const char *directory, struct error *err)
{
    struct place place;
    struct error reason = {0};
    if (!place_open(places, directory, &place, &reason)) {
        return reason.number == ENOENT || error_copy(err, &reason);
    }
    if (!place_is_ours(&place, directory, err)) {
        return false;
    }
    if (version_of_link(&place, places->arena) != NULL &&
        unlinkat(place.directory, place.name, 0) != 0 && errno != ENOENT) {
        return error_errno(err, "remove %s", directory);
    }
    return file_remove_all(places->host->root,
                           host_path(pair_store_versions(directory, places->arena)), err) &&
           file_sync_parent(places->host->root, host_path(directory), err);
}
