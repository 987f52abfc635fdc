/* Reads, describes and writes certificates. A private key is only ever compared and handed on as a
 * secret; OpenSSL never asks for a passphrase on the terminal. */

#include "providers/pair.h"

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"

enum { CHAIN_MOST = 20 };

struct pair {
    STACK_OF(X509) * chain; /* the leaf first */
    EVP_PKEY *key;          /* NULL: not at hand */
};

void pair_release(struct pair *pair)
{
    if (pair != NULL) {
        sk_X509_pop_free(pair->chain, X509_free);
        EVP_PKEY_free(pair->key);
        free(pair);
    }
}

static X509 *leaf_of(const struct pair *pair)
{
    return sk_X509_value(pair->chain, 0);
}

static bool add_certificate(struct pair *pair, X509 *certificate)
{
    return certificate != NULL && sk_X509_push(pair->chain, certificate) > 0;
}

static struct pair *make_empty(void)
{
    struct pair *pair = calloc(1, sizeof(*pair));
    if (pair != NULL) {
        pair->chain = sk_X509_new_null();
    }
    if (pair == NULL || pair->chain == NULL) {
        (void)fputs("out of memory\n", stderr); /* as the arena does */
        exit(EXIT_FAILURE);
    }
    return pair;
}

/* ---- Read ----------------------------------------------------------------------------------- */

static bool read_chain(struct pair *pair, struct str text, int most, struct error *err)
{
    AUTO_BIO bio = BIO_new_mem_buf(text.data, (int)text.length);
    for (int i = 0; bio != NULL && i < most; i++) {
        X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (certificate == NULL) {
            break;
        }
        if (!add_certificate(pair, certificate)) {
            X509_free(certificate);
            return openssl_error(err, "read the certificate");
        }
    }
    /* The search for another one ends every reading; anything else is damage. */
    bool is_whole = sk_X509_num(pair->chain) == most ||
                    ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (!is_whole) {
        return openssl_error(err, "read the certificate");
    }
    ERR_clear_error();
    return sk_X509_num(pair->chain) > 0 ||
           error_set(err, ERROR_FORMAT, "there is no certificate in it (PEM)");
}

/* Stands in for the question on the terminal. */
static int refuse_passphrase(char *buffer, int size, int is_writing, void *context)
{
    (void)buffer;
    (void)size;
    (void)is_writing;
    (void)context;
    return -1;
}

bool pair_parse_key(const void *bytes, size_t length, void *context)
{
    EVP_PKEY **key = context;
    AUTO_BIO bio = BIO_new_mem_buf(bytes, (int)length);
    *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, NULL);
    return *key != NULL;
}

static struct pair *read_pair(struct str chain, int most, const struct secret *key,
                              struct error *err)
{
    struct pair *pair = make_empty();
    ERR_clear_error();
    if (!read_chain(pair, chain, most, err)) {
        pair_release(pair);
        return NULL;
    }
    if (key != NULL && !secret_use(key, pair_parse_key, &pair->key)) {
        (void)openssl_error(err, "read the key (PEM without a passphrase)");
        pair_release(pair);
        return NULL;
    }
    return pair;
}

struct pair *pair_read(struct str chain, const struct secret *key, struct error *err)
{
    return read_pair(chain, CHAIN_MOST, key, err);
}

struct pair *pair_read_leaf(struct str chain, const struct secret *key, struct error *err)
{
    return read_pair(chain, 1, key, err);
}

/* Adds a reference of its own. */
static bool share_certificate(struct pair *pair, X509 *certificate)
{
    if (X509_up_ref(certificate) != 1) {
        return false;
    }
    if (!add_certificate(pair, certificate)) {
        X509_free(certificate);
        return false;
    }
    return true;
}

struct pair *pair_make(X509 *leaf, X509 *above, EVP_PKEY *key, struct error *err)
{
    struct pair *pair = make_empty();
    if (EVP_PKEY_up_ref(key) == 1) {
        pair->key = key;
    }
    if (pair->key == NULL || !share_certificate(pair, leaf) ||
        (above != NULL && !share_certificate(pair, above))) {
        (void)openssl_error(err, "keep the certificate");
        pair_release(pair);
        return NULL;
    }
    return pair;
}

/* ---- Describe ------------------------------------------------------------------------------- */

static const char *address_text(const ASN1_OCTET_STRING *address, struct arena *arena)
{
    char text[INET6_ADDRSTRLEN];
    int length = ASN1_STRING_length(address);
    int family = length == sizeof(struct in_addr) ? AF_INET : AF_INET6;
    if ((length != sizeof(struct in_addr) && length != sizeof(struct in6_addr)) ||
        inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof(text)) == NULL) {
        return "?";
    }
    return arena_strdup(arena, text);
}

/* A name with a NUL or anything else that no host name holds can match no host: "?". */
static const char *host_text(const ASN1_IA5STRING *name, struct arena *arena)
{
    const char *text = (const char *)ASN1_STRING_get0_data(name);
    size_t length = (size_t)ASN1_STRING_length(name);
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return "?";
        }
    }
    return arena_strndup(arena, text, length);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void describe_names(X509 *leaf, struct arena *arena, struct certificate_pair *out)
{
    AUTO_NAMES list = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    int count = list == NULL ? 0 : sk_GENERAL_NAME_num(list);
    const char **names = arena_array(arena, (size_t)count + 1, sizeof(*names));
    for (int i = 0; i < count; i++) {
        int type = 0;
        const void *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(list, i), &type);
        if (type == GEN_DNS) {
            names[out->name_count++] = host_text(value, arena);
        } else if (type == GEN_IPADD) {
            names[out->name_count++] = address_text(value, arena);
        }
    }
    if (out->name_count > 1) {
        qsort(names, out->name_count, sizeof(*names), compare_names);
    }
    out->names = names;
}

static const char *describe_key(const EVP_PKEY *key, struct arena *arena)
{
    const char *type = key == NULL ? NULL : EVP_PKEY_get0_type_name(key);
    char group[80] = ""; /* the longest name of a group has some 20 letters */
    size_t length = 0;
    if (type == NULL) {
        return "unknown";
    }
    if (strcmp(type, "RSA") == 0) {
        return arena_printf(arena, "rsa-%d", EVP_PKEY_get_bits(key));
    }
    if (strcmp(type, "EC") == 0 &&
        EVP_PKEY_get_group_name(key, group, sizeof(group), &length) == 1) {
        return strcmp(group, "prime256v1") == 0  ? "ecdsa-p256"
               : strcmp(group, "secp384r1") == 0 ? "ecdsa-p384"
                                                 : arena_printf(arena, "ecdsa-%s", group);
    }
    return arena_strdup(arena, type);
}

/* In one line, everything but plain characters escaped. */
static const char *describe_issuer(const X509 *leaf, struct arena *arena)
{
    AUTO_BIO bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    if (bio == NULL ||
        X509_NAME_print_ex(bio, X509_get_issuer_name(leaf), 0, XN_FLAG_ONELINE) < 0) {
        return "unknown";
    }
    long length = BIO_get_mem_data(bio, &text);
    return arena_strndup(arena, text, (size_t)length);
}

static const char *describe_fingerprint(const X509 *leaf, struct arena *arena)
{
    char *hex = arena_alloc(arena, DIGEST_HEX_SIZE);
    openssl_fingerprint(leaf, hex);
    return hex;
}

static const char *encode(struct arena *arena, const unsigned char *bytes, int length)
{
    char *text = arena_alloc(arena, (size_t)EVP_ENCODE_LENGTH(length));
    (void)EVP_EncodeBlock((unsigned char *)text, bytes, length); /* its length is known */
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at; /* base64url, RFC 4648 section 5 */
    }
    text[strcspn(text, "=")] = '\0';
    return text;
}

/* The key that signed it and its number, as the bytes of DER. */
static const char *describe_renewal(X509 *leaf, struct arena *arena)
{
    const ASN1_OCTET_STRING *key = X509_get0_authority_key_id(leaf);
    unsigned char *der = NULL;
    int length = i2d_ASN1_INTEGER(X509_get0_serialNumber(leaf), &der);
    enum { HEADER = 2, SHORT = 0x80 }; /* RFC 5280 section 4.1.2.2: no more than 20 bytes */
    const char *id = NULL;
    if (key != NULL && length > HEADER && der[1] < SHORT) {
        id = arena_printf(arena, "%s.%s",
                          encode(arena, ASN1_STRING_get0_data(key), ASN1_STRING_length(key)),
                          encode(arena, der + HEADER, length - HEADER));
    }
    OPENSSL_free(der);
    return id;
}

const struct certificate_pair *pair_describe(const struct pair *pair, struct arena *arena)
{
    X509 *leaf = leaf_of(pair);
    struct certificate_pair *out = arena_new(arena, struct certificate_pair);
    describe_names(leaf, arena, out);
    out->key_type = describe_key(X509_get0_pubkey(leaf), arena);
    out->issued_by = describe_issuer(leaf, arena);
    out->fingerprint = describe_fingerprint(leaf, arena);
    out->renewal_id = describe_renewal(leaf, arena);
    out->starts_at = openssl_seconds(X509_get0_notBefore(leaf));
    out->expires_at = openssl_seconds(X509_get0_notAfter(leaf));
    out->has_key = pair->key != NULL && X509_check_private_key(leaf, pair->key) == 1;
    ERR_clear_error();
    return out;
}

bool pair_is_signed_by(const struct pair *pair, X509 *authority)
{
    X509 *leaf = leaf_of(pair);
    bool is_signed = X509_check_issued(authority, leaf) == X509_V_OK &&
                     X509_verify(leaf, X509_get0_pubkey(authority)) == 1;
    ERR_clear_error();
    return is_signed;
}

/* ---- Write ---------------------------------------------------------------------------------- */

bool pair_write_chain(const struct pair *pair, struct arena *arena, struct str *out_text,
                      struct error *err)
{
    AUTO_BIO bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    for (int i = 0; i < sk_X509_num(pair->chain); i++) {
        if (bio == NULL || PEM_write_bio_X509(bio, sk_X509_value(pair->chain, i)) != 1) {
            return openssl_error(err, "write the certificate");
        }
    }
    long length = BIO_get_mem_data(bio, &text);
    *out_text = (struct str){arena_strndup(arena, text, (size_t)length), (size_t)length};
    return true;
}

void pair_set_key(struct pair *pair, EVP_PKEY *key)
{
    assert(pair->key == NULL);
    (void)EVP_PKEY_up_ref(key); /* cannot fail for a key that lives */
    pair->key = key;
}

bool pair_write_key(const struct pair *pair, struct secret **out_text, struct error *err)
{
    AUTO_BIO bio = BIO_new(BIO_s_secmem()); /* wiped when it is freed */
    char *text = NULL;
    if (bio == NULL || pair->key == NULL ||
        PEM_write_bio_PKCS8PrivateKey(bio, pair->key, NULL, NULL, 0, NULL, NULL) != 1) {
        return openssl_error(err, "write the key");
    }
    long length = BIO_get_mem_data(bio, &text);
    *out_text = secret_from_bytes(text, (size_t)length);
    return true;
}

/* ---- What it is good for -------------------------------------------------------------------- */

bool certificate_pair_covers(const struct certificate_pair *pair, const char *name)
{
    const char *above = strchr(name, '.');
    for (size_t i = 0; i < pair->name_count; i++) {
        const char *own = pair->names[i];
        if (strcasecmp(own, name) == 0 ||
            (text_starts_with(own, "*.") && above != NULL && strcasecmp(own + 1, above) == 0)) {
            return true;
        }
    }
    return false;
}

int64_t certificate_pair_due_at(const struct certificate_pair *pair)
{
    return pair->expires_at - (pair->expires_at - pair->starts_at) / 3;
}
