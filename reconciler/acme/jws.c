#include "acme/jws.h"

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

#include "acme/base64url.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "model/json.h"

enum { COORDINATE = 32, SIGNATURE = 2 * COORDINATE, GROUP_SIZE = 32, KEY_MOST = 16 * 1024 };

static inline void free_bio(BIO **bio)
{
    (void)BIO_free(*bio);
}
#define AUTO_BIO CLEANUP(free_bio) BIO *

static inline void free_number(BIGNUM **number)
{
    BN_free(*number);
}
#define AUTO_NUMBER CLEANUP(free_number) BIGNUM *

static inline void free_signature(ECDSA_SIG **signature)
{
    ECDSA_SIG_free(*signature);
}
#define AUTO_SIGNATURE CLEANUP(free_signature) ECDSA_SIG *

static inline void free_digest(EVP_MD_CTX **digest)
{
    EVP_MD_CTX_free(*digest);
}
#define AUTO_DIGEST CLEANUP(free_digest) EVP_MD_CTX *

static EVP_PKEY *take_key(EVP_PKEY **key)
{
    EVP_PKEY *taken = *key;
    *key = NULL;
    return taken;
}

/* ---- The account's key ---------------------------------------------------------------------- */

static const char key_folder[] = "private";
static const char key_path[] = "private/key.pem";

static bool is_on_p256(const EVP_PKEY *key)
{
    char group[GROUP_SIZE];
    return EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

static EVP_PKEY *read_key(int folder, struct arena *arena, struct error *err)
{
    struct str text = {0};
    char passphrase[] = ""; /* so that nobody is asked for one */
    if (!file_read(folder, key_path, KEY_MOST, arena, &text, err)) {
        return NULL;
    }
    AUTO_BIO bio = BIO_new_mem_buf(text.data, (int)text.length);
    AUTO_KEY key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, passphrase);
    if (key == NULL || !is_on_p256(key)) {
        (void)error_set(err, ERROR_FORMAT, "%s is no key on NIST P-256", key_path);
        return NULL;
    }
    return take_key(&key);
}

static bool write_key(int folder, EVP_PKEY *key, struct error *err)
{
    AUTO_BIO bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    if (bio == NULL || PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
        return error_set(err, ERROR_SYSTEM, "OpenSSL writes no key");
    }
    long length = BIO_get_mem_data(bio, &text);
    return file_make_directories(folder, key_folder, 0700, err) &&
           file_replace(folder, key_path, (struct str){text, (size_t)length}, 0600, FILE_OWNER_NONE,
                        FILE_SYNC_NOW, err);
}

EVP_PKEY *jws_account_key(int folder, struct arena *arena, struct error *err)
{
    if (faccessat(folder, key_path, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return read_key(folder, arena, err);
    }
    AUTO_KEY key = EVP_EC_gen("P-256");
    if (key == NULL) {
        (void)error_set(err, ERROR_SYSTEM, "OpenSSL makes no key");
        return NULL;
    }
    return write_key(folder, key, err) ? take_key(&key) : NULL;
}

static const char *coordinate(EVP_PKEY *key, const char *name, struct arena *arena)
{
    unsigned char bytes[COORDINATE];
    BIGNUM *read = NULL;
    bool is_read = EVP_PKEY_get_bn_param(key, name, &read) == 1;
    AUTO_NUMBER number = read;
    return is_read && BN_bn2binpad(number, bytes, sizeof(bytes)) == COORDINATE
               ? base64url(arena, (struct str){(const char *)bytes, sizeof(bytes)})
               : NULL;
}

json_t *jws_public(EVP_PKEY *key, struct arena *arena)
{
    const char *x = coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, arena);
    const char *y = coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, arena);
    return x == NULL || y == NULL
               ? NULL
               : json_pack("{s:s, s:s, s:s, s:s}", "crv", "P-256", "kty", "EC", "x", x, "y", y);
}

/* ---- Signing -------------------------------------------------------------------------------- */

/* What is signed: both parts, encoded, with a point between them. */
struct signing {
    const char *header;
    const char *payload;
    struct str text;
};

static bool begin(json_t *header, const char *algorithm, const char *payload, struct arena *arena,
                  struct signing *out, struct error *err)
{
    AUTO_JSON taken = header;
    char *text = json_object_set_new(taken, "alg", json_string(algorithm)) != 0
                     ? NULL
                     : json_dumps(taken, JSON_COMPACT | JSON_SORT_KEYS);
    if (text == NULL) {
        return error_set(err, ERROR_SYSTEM, "out of memory");
    }
    out->header = base64url(arena, str_of(text));
    out->payload = base64url(arena, str_of(payload));
    out->text = str_of(arena_printf(arena, "%s.%s", out->header, out->payload));
    free(text);
    return true;
}

/* Nothing in it needs to be escaped. */
static const char *end(const struct signing *signing, const unsigned char *bytes, size_t length,
                       struct arena *arena)
{
    return arena_printf(arena, "{\"protected\":\"%s\",\"payload\":\"%s\",\"signature\":\"%s\"}",
                        signing->header, signing->payload,
                        base64url(arena, (struct str){(const char *)bytes, length}));
}

/* OpenSSL writes DER, JOSE two numbers of fixed size (RFC 7518, section 3.4). */
static bool write_fixed(struct str der, unsigned char out[SIGNATURE])
{
    const unsigned char *at = (const unsigned char *)der.data;
    AUTO_SIGNATURE signature = d2i_ECDSA_SIG(NULL, &at, (long)der.length);
    return signature != NULL &&
           BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, COORDINATE) == COORDINATE &&
           BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + COORDINATE, COORDINATE) == COORDINATE;
}

static bool sign(EVP_PKEY *key, struct str text, struct arena *arena, unsigned char out[SIGNATURE])
{
    AUTO_DIGEST digest = EVP_MD_CTX_new();
    size_t room = (size_t)EVP_PKEY_get_size(key);
    unsigned char *der = arena_alloc(arena, room);
    return digest != NULL && EVP_DigestSignInit(digest, NULL, EVP_sha256(), NULL, key) == 1 &&
           EVP_DigestSign(digest, der, &room, (const unsigned char *)text.data, text.length) == 1 &&
           write_fixed((struct str){(const char *)der, room}, out);
}

const char *jws_sign(EVP_PKEY *key, json_t *header, const char *payload, struct arena *arena,
                     struct error *err)
{
    struct signing signing;
    unsigned char signature[SIGNATURE];
    if (!begin(header, "ES256", payload, arena, &signing, err)) {
        return NULL;
    }
    if (!sign(key, signing.text, arena, signature)) {
        (void)error_set(err, ERROR_SYSTEM, "OpenSSL signs nothing");
        return NULL;
    }
    return end(&signing, signature, sizeof(signature), arena);
}

const char *jws_authenticate(struct str key, json_t *header, const char *payload,
                             struct arena *arena, struct error *err)
{
    struct signing signing;
    unsigned char code[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (!begin(header, "HS256", payload, arena, &signing, err)) {
        return NULL;
    }
    if (HMAC(EVP_sha256(), key.data, (int)key.length, (const unsigned char *)signing.text.data,
             signing.text.length, code, &length) == NULL) {
        (void)error_set(err, ERROR_SYSTEM, "OpenSSL signs nothing");
        return NULL;
    }
    return end(&signing, code, length, arena);
}
