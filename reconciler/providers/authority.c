/* Keeps the internal authority. Its key is written with mode 0600 from the first byte and never
 * replaced: whoever trusts the authority would have to be told. */

#include "providers/authority.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "providers/place.h"
#include "providers/signing.h"

enum { CERTIFICATE_LIMIT = 64 * 1024 };

struct authority {
    X509 *certificate;
    EVP_PKEY *key; /* NULL: opened for looking only */
};

void authority_release(struct authority *authority)
{
    if (authority != NULL) {
        X509_free(authority->certificate);
        EVP_PKEY_free(authority->key);
        free(authority);
    }
}

/* Takes over both. */
static struct authority *make_object(X509 *certificate, EVP_PKEY *key)
{
    struct authority *authority = calloc(1, sizeof(*authority));
    if (authority == NULL) {
        (void)fputs("out of memory\n", stderr); /* as the arena does */
        exit(EXIT_FAILURE);
    }
    *authority = (struct authority){certificate, key};
    return authority;
}

static const char *file_path(struct host *host, const char *name, struct arena *arena)
{
    return arena_printf(arena, "%s/%s", host_path(host->layout->authority), name);
}

/* ---- Open ----------------------------------------------------------------------------------- */

bool authority_open(struct host *host, struct arena *arena, struct authority **out_authority,
                    struct error *err)
{
    struct str text = {0};
    struct error reason = {0};
    const char *path = file_path(host, "ca.pem", arena);
    if (!file_read(host->root, path, CERTIFICATE_LIMIT, arena, &text, &reason)) {
        if (reason.number == ENOENT) {
            *out_authority = NULL;
            return true;
        }
        return error_wrap_other(err, &reason, "read the internal authority");
    }
    AUTO_BIO bio = BIO_new_mem_buf(text.data, (int)text.length);
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (certificate == NULL) {
        (void)openssl_error(err, "read the certificate");
        return error_wrap(err, "/%s", path);
    }
    if (X509_check_ca(certificate) == 0) {
        X509_free(certificate);
        return error_set(err, ERROR_FORMAT, "/%s is not the certificate of an authority", path);
    }
    *out_authority = make_object(certificate, NULL);
    return true;
}

static bool read_key(struct host *host, struct authority *authority, struct arena *arena,
                     struct error *err)
{
    AUTO_SECRET text = NULL;
    const char *path = file_path(host, "key.pem", arena);
    if (!secret_read(host->root, path, &text, err)) {
        return error_wrap(err, "read the key of the internal authority");
    }
    if (!secret_use(text, pair_parse_key, &authority->key)) {
        (void)openssl_error(err, "read the key");
        return error_wrap(err, "/%s", path);
    }
    return X509_check_private_key(authority->certificate, authority->key) == 1 ||
           error_set(err, ERROR_FORMAT, "/%s does not belong to ca.pem beside it", path);
}

/* ---- Make ----------------------------------------------------------------------------------- */

struct target {
    int directory;
    const char *name;
    mode_t mode;
    struct error *err;
};

static bool write_file(const void *bytes, size_t length, void *context)
{
    const struct target *target = context;
    return file_replace(target->directory, target->name, (struct str){bytes, length}, target->mode,
                        FILE_OWNER_NONE, FILE_SYNC_NOW, target->err);
}

static bool write_both(int directory, const struct pair *pair, struct arena *arena,
                       struct error *err)
{
    AUTO_SECRET key = NULL;
    struct str certificate = {0};
    if (!pair_write_key(pair, &key, err) || !pair_write_chain(pair, arena, &certificate, err)) {
        return false;
    }
    struct target key_file = {directory, "key.pem", 0600, err};
    struct target certificate_file = {directory, "ca.pem", 0644, err};
    return secret_use(key, write_file, &key_file) &&
           write_file(certificate.data, certificate.length, &certificate_file);
}

/* Fills a directory beside the place and moves it there, so that there is never a half. */
static bool put_in_place(struct host *host, const struct pair *pair, struct arena *arena,
                         struct error *err)
{
    AUTO_PLACES places = places_make(host, arena);
    const char *path = host->layout->authority;
    struct place place;
    char temporary[FILE_NAME_SIZE];
    if (!place_make_parents(&places, path, err) || !place_open(&places, path, &place, err) ||
        !place_is_ours(&place, path, err) ||
        !file_stage_directory(place.directory, place.name, 0755, FILE_OWNER_NONE, temporary, err)) {
        return false;
    }
    AUTO_FD directory =
        openat(place.directory, temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool is_written = directory >= 0 ? write_both(directory, pair, arena, err)
                                     : error_errno(err, "open %s/%s", path, temporary);
    /* An empty directory at the place is replaced, a full one is not. */
    if (is_written && renameat(place.directory, temporary, place.directory, place.name) == 0) {
        return file_sync_parent(host->root, host_path(path), err);
    }
    if (is_written) {
        (void)error_errno(err, "make %s", path);
    }
    bool is_removed = file_remove_all(place.directory, temporary, NULL);
    (void)is_removed; /* the first failure counts; the next run cleans up */
    return false;
}

static bool make_authority(struct host *host, struct arena *arena, struct authority **out_authority,
                           struct error *err)
{
    AUTO_KEY key = signing_make_key("ecdsa-p256", err);
    AUTO_CERTIFICATE certificate =
        key == NULL ? NULL
                    : signing_make_authority(key, host->layout->domains, host->now(host), err);
    AUTO_PAIR pair = certificate == NULL ? NULL : pair_make(certificate, NULL, key, err);
    if (pair == NULL || !put_in_place(host, pair, arena, err)) {
        return error_wrap(err, "make the internal authority");
    }
    *out_authority = make_object(certificate, key);
    certificate = NULL;
    key = NULL;
    return true;
}

bool authority_open_to_sign(struct host *host, struct arena *arena,
                            struct authority **out_authority, struct error *err)
{
    AUTO_AUTHORITY authority = NULL;
    if (!authority_open(host, arena, &authority, err)) {
        return false;
    }
    if (authority == NULL) {
        return make_authority(host, arena, out_authority, err);
    }
    if (!read_key(host, authority, arena, err)) {
        return false;
    }
    *out_authority = authority;
    authority = NULL;
    return true;
}

/* ---- Use ------------------------------------------------------------------------------------ */

const char *authority_certificate_path(struct host *host, struct arena *arena)
{
    return arena_printf(arena, "%s/ca.pem", host->layout->authority);
}

bool authority_has_signed(const struct authority *authority, const struct pair *pair)
{
    return authority != NULL && pair_is_signed_by(pair, authority->certificate);
}

bool authority_is_limited_to(const struct authority *authority, const char *const *domains)
{
    return signing_is_limited_to(authority->certificate, domains);
}

bool authority_may_sign(const struct authority *authority, const char *const *names, size_t count,
                        const char **out_name)
{
    return signing_may_sign(authority->certificate, names, count, out_name);
}

struct pair *authority_issue(const struct authority *authority,
                             const struct authority_request *request, struct error *err)
{
    AUTO_KEY key = signing_make_key(request->key_type, err);
    if (key == NULL) {
        return NULL;
    }
    const struct signing_request leaf_request = {
        .key = key,
        .names = request->names,
        .name_count = request->name_count,
        .now = request->now,
        .lifetime_seconds = request->lifetime_seconds,
    };
    AUTO_CERTIFICATE leaf =
        signing_make_leaf(authority->certificate, authority->key, &leaf_request, err);
    return leaf == NULL ? NULL : pair_make(leaf, authority->certificate, key, err);
}
