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

enum { CHAIN_LIMIT = 1024 * 1024, VERSION_LENGTH = 32, MODE_BITS = 07777 };

#define CHAIN_NAME "fullchain.pem"
#define KEY_NAME   "key.pem"

VEC(name_list, const char *);

/* ".versions/NAME" beside the directory. */
static const char *versions_of(const char *directory, struct arena *arena)
{
    const char *slash = strrchr(directory, '/');
    return arena_printf(arena, "%.*s/.versions/%s", (int)(slash - directory), directory, slash + 1);
}

static const char *file_of(const char *directory, const char *version, const char *name,
                           struct arena *arena)
{
    return arena_printf(arena, "%s/%s/%s", versions_of(directory, arena), version, name);
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

static bool is_known(struct host *host, const struct stored_pair *stored, const char *directory,
                     const char *chain, const char *key)
{
    return fingerprints_know(host, directory, FINGERPRINT_LINK, &stored->link) &&
           fingerprints_know(host, chain, FINGERPRINT_FILE, &stored->chain) &&
           fingerprints_know(host, key, FINGERPRINT_FILE, &stored->key);
}

static bool read_pair(struct places *places, const char *directory, struct stored_pair *out,
                      struct error *err)
{
    struct host *host = places->host;
    struct arena *arena = places->arena;
    const char *chain = file_of(directory, out->version, CHAIN_NAME, arena);
    const char *key = file_of(directory, out->version, KEY_NAME, arena);
    struct str text = {0};
    AUTO_SECRET secret = NULL;
    out->read_at_ns = file_clock_coarse_ns();
    if (!stat_file(places, chain, &out->chain, err) || !stat_file(places, key, &out->key, err)) {
        return false;
    }
    out->key_mode = out->key.mode & MODE_BITS;
    out->is_known = is_known(host, out, directory, chain, key);
    if (!file_read(host->root, host_path(chain), CHAIN_LIMIT, arena, &text, err) ||
        (!out->is_known && !secret_read(host->root, host_path(key), &secret, err))) {
        return false;
    }
    out->pair = pair_read(text, secret, err);
    return out->pair != NULL || error_wrap(err, "%s", directory);
}

bool pair_store_read(struct places *places, const char *directory, struct stored_pair *out,
                     struct error *err)
{
    struct place place;
    struct stat status;
    struct error reason = {0};
    *out = (struct stored_pair){0};
    if (!place_open(places, directory, &place, &reason)) {
        return reason.number == ENOENT || error_set(err, reason.code, "%s", reason.message);
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
    bool is_read = read_pair(places, directory, out, &out->problem);
    (void)is_read; /* problem and the missing pair tell */
    return true;
}

void pair_store_record(struct places *places, const char *directory,
                       const struct stored_pair *stored)
{
    struct host *host = places->host;
    const char *chain = file_of(directory, stored->version, CHAIN_NAME, places->arena);
    const char *key = file_of(directory, stored->version, KEY_NAME, places->arena);
    int64_t read_at = stored->read_at_ns;
    fingerprints_record(host, directory, FINGERPRINT_LINK, &stored->link, NULL, read_at);
    fingerprints_record(host, chain, FINGERPRINT_FILE, &stored->chain, NULL, read_at);
    fingerprints_record(host, key, FINGERPRINT_FILE, &stored->key, NULL, read_at);
}

/* ---- Write ---------------------------------------------------------------------------------- */

static const char *make_version(struct str chain, struct arena *arena)
{
    char digest[DIGEST_HEX_SIZE];
    digest_hex(chain, digest);
    return arena_strndup(arena, digest, VERSION_LENGTH);
}

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
    struct error *err;
};

static bool write_key(const void *bytes, size_t length, void *context)
{
    const struct key_file *file = context;
    return file_replace(file->directory, KEY_NAME, (struct str){bytes, length}, 0600,
                        FILE_OWNER_NONE, FILE_SYNC_LATER, file->err);
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
                      const char **out_version, struct error *err)
{
    struct host *host = places->host;
    struct str chain = {0};
    AUTO_SECRET key = NULL;
    struct place place;
    if (!pair_write_chain(pair, places->arena, &chain, err) || !pair_write_key(pair, &key, err) ||
        !open_ours(places, directory, &place, err)) {
        return false;
    }
    const char *version = make_version(chain, places->arena);
    const char *path =
        arena_printf(places->arena, "%s/%s", versions_of(directory, places->arena), version);
    if (!file_make_directories(host->root, host_path(path), 0755, err)) {
        return false;
    }
    AUTO_FD folder = file_open_beneath(host->root, host_path(path), O_RDONLY | O_DIRECTORY, 0, err);
    struct key_file key_file = {folder, err};
    if (folder < 0 || !secret_use(key, write_key, &key_file) ||
        !file_replace(folder, CHAIN_NAME, chain, 0644, FILE_OWNER_NONE, FILE_SYNC_LATER, err)) {
        return error_wrap(err, "write %s", path);
    }
    *out_version = version;
    return true;
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
    const char *path = versions_of(directory, places->arena);
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
        return reason.number == ENOENT || error_set(err, reason.code, "%s", reason.message);
    }
    if (!place_is_ours(&place, directory, err)) {
        return false;
    }
    if (version_of_link(&place, places->arena) != NULL &&
        unlinkat(place.directory, place.name, 0) != 0 && errno != ENOENT) {
        return error_errno(err, "remove %s", directory);
    }
    return file_remove_all(places->host->root, host_path(versions_of(directory, places->arena)),
                           err) &&
           file_sync_parent(places->host->root, host_path(directory), err);
}
