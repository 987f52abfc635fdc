/* X.509 by RFC 5280: version 3, random serial numbers of 128 bits, key identifiers on both sides.
 * Names that people wrote get in as values of their type, never through OpenSSL's configuration
 * language. */

#include "providers/signing.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

enum {
    SERIAL_BYTES = 16,
    COMMON_NAME_MAX = 64, /* ub-common-name */
    VERSION_3 = 2,
};
static const int64_t BACKDATED_SECONDS = INT64_C(5) * 60;
static const int64_t AUTHORITY_SECONDS = INT64_C(3652) * 24 * 3600;

/* ---- Keys ----------------------------------------------------------------------------------- */

static const struct {
    const char *type;
    const char *curve; /* or NULL: RSA */
    size_t bits;
} key_types[] = {
    {"ecdsa-p256", "P-256", 0},
    {"ecdsa-p384", "P-384", 0},
    {"rsa-2048", NULL, 2048},
    {"rsa-4096", NULL, 4096},
};

EVP_PKEY *signing_make_key(const char *type, struct error *err)
{
    for (size_t i = 0; i < sizeof(key_types) / sizeof(key_types[0]); i++) {
        if (strcmp(key_types[i].type, type) != 0) {
            continue;
        }
        EVP_PKEY *key = key_types[i].curve != NULL
                            ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", key_types[i].curve)
                            : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", key_types[i].bits);
        if (key == NULL) {
            (void)openssl_error(err, "make a key");
        }
        return key;
    }
    (void)error_set(err, ERROR_FORMAT, "there is no type of key \"%s\"", type);
    return NULL;
}

/* ---- Parts of a certificate ----------------------------------------------------------------- */

static bool set_serial(X509 *certificate)
{
    unsigned char bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return false;
    }
    bytes[0] = (unsigned char)((bytes[0] & 0x7FU) | 0x40U); /* positive, and always 16 bytes */
    AUTO_BIGNUM number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    return number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
}

static bool set_validity(X509 *certificate, int64_t from, int64_t to)
{
    return ASN1_TIME_set(X509_getm_notBefore(certificate), from) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), to) != NULL;
}

static bool set_common_name(X509 *certificate, const char *text)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)text, -1, -1, 0) == 1;
}

/* value: fixed text of ours in OpenSSL's language for extensions. */
static bool add_extension(X509 *certificate, X509 *issuer, int identifier, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    AUTO_EXTENSION extension = X509V3_EXT_conf_nid(NULL, &context, identifier, value);
    return extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
}

static GENERAL_NAME *make_name(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];
    int length = 0;
    if (inet_pton(AF_INET, text, address) == 1) {
        length = sizeof(struct in_addr);
    } else if (inet_pton(AF_INET6, text, address) == 1) {
        length = sizeof(struct in6_addr);
    }
    AUTO_NAME name = GENERAL_NAME_new();
    ASN1_STRING *value =
        length > 0 ? (ASN1_STRING *)ASN1_OCTET_STRING_new() : (ASN1_STRING *)ASN1_IA5STRING_new();
    if (name == NULL || value == NULL ||
        (length > 0 ? ASN1_STRING_set(value, address, length)
                    : ASN1_STRING_set(value, text, (int)strlen(text))) != 1) {
        ASN1_STRING_free(value);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, length > 0 ? GEN_IPADD : GEN_DNS, value);
    GENERAL_NAME *made = name;
    name = NULL;
    return made;
}

/* NULL: no memory. The caller frees it. */
static GENERAL_NAMES *make_names(const char *const *names, size_t count)
{
    AUTO_NAMES list = GENERAL_NAMES_new();
    for (size_t i = 0; list != NULL && i < count; i++) {
        GENERAL_NAME *name = make_name(names[i]);
        if (name == NULL || sk_GENERAL_NAME_push(list, name) == 0) {
            GENERAL_NAME_free(name);
            return NULL;
        }
    }
    GENERAL_NAMES *made = list;
    list = NULL;
    return made;
}

/* is_critical: where the subject is empty. */
static bool add_names(X509 *certificate, const char *const *names, size_t count, bool is_critical)
{
    AUTO_NAMES list = make_names(names, count);
    return list != NULL && X509_add1_ext_i2d(certificate, NID_subject_alt_name, list,
                                             is_critical ? 1 : 0, X509V3_ADD_DEFAULT) == 1;
}

/* ---- The authority -------------------------------------------------------------------------- */

/* Part of its name, so that the authorities of two hosts can be told apart. */
static bool name_authority(X509 *certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    char name[sizeof("reconcile internal authority 01234567")];
    if (X509_pubkey_digest(certificate, EVP_sha256(), digest, &length) != 1) {
        return false;
    }
    (void)snprintf(name, sizeof(name), "reconcile internal authority %02x%02x%02x%02x", digest[0],
                   digest[1], digest[2], digest[3]);
    return set_common_name(certificate, name) &&
           X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1;
}

X509 *signing_make_authority(EVP_PKEY *key, int64_t now, struct error *err)
{
    AUTO_CERTIFICATE certificate = X509_new();
    int64_t from = now - BACKDATED_SECONDS;
    if (certificate == NULL || X509_set_version(certificate, VERSION_3) != 1 ||
        !set_serial(certificate) || !set_validity(certificate, from, from + AUTHORITY_SECONDS) ||
        X509_set_pubkey(certificate, key) != 1 || !name_authority(certificate) ||
        !add_extension(certificate, certificate, NID_basic_constraints,
                       "critical,CA:TRUE,pathlen:0") ||
        !add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extension(certificate, certificate, NID_subject_key_identifier, "hash") ||
        X509_sign(certificate, key, EVP_sha256()) == 0) {
        (void)openssl_error(err, "make the internal authority");
        return NULL;
    }
    X509 *made = certificate;
    certificate = NULL;
    return made;
}

/* ---- Leaves --------------------------------------------------------------------------------- */

static bool read_end(X509 *certificate, int64_t *out_end)
{
    struct tm utc = {0};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &utc) != 1) {
        return false;
    }
    *out_end = timegm(&utc);
    return true;
}

/* A key of RSA also decrypts, for clients without elliptic curves. */
static const char *key_usage_of(EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "RSA") == 1 ? "critical,digitalSignature,keyEncipherment"
                                          : "critical,digitalSignature";
}

static bool fill_leaf(X509 *leaf, X509 *authority, const struct signing_request *request,
                      int64_t end)
{
    bool fits = request->name_count > 0 && strlen(request->names[0]) <= COMMON_NAME_MAX;
    return X509_set_version(leaf, VERSION_3) == 1 && set_serial(leaf) &&
           set_validity(leaf, request->now - BACKDATED_SECONDS, end) &&
           X509_set_pubkey(leaf, request->key) == 1 &&
           (!fits || set_common_name(leaf, request->names[0])) &&
           X509_set_issuer_name(leaf, X509_get_subject_name(authority)) == 1 &&
           add_extension(leaf, authority, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(leaf, authority, NID_key_usage, key_usage_of(request->key)) &&
           add_extension(leaf, authority, NID_ext_key_usage, "serverAuth") &&
           add_extension(leaf, authority, NID_subject_key_identifier, "hash") &&
           add_extension(leaf, authority, NID_authority_key_identifier, "keyid:always") &&
           add_names(leaf, request->names, request->name_count, !fits);
}

X509 *signing_make_leaf(X509 *authority, EVP_PKEY *authority_key,
                        const struct signing_request *request, struct error *err)
{
    int64_t end = 0;
    if (!read_end(authority, &end)) {
        (void)openssl_error(err, "read the internal authority");
        return NULL;
    }
    if (end <= request->now) {
        (void)error_set(err, ERROR_REFUSED, "the internal authority has expired");
        return NULL;
    }
    if (request->now + request->lifetime_seconds < end) {
        end = request->now + request->lifetime_seconds;
    }
    AUTO_CERTIFICATE leaf = X509_new();
    if (leaf == NULL || !fill_leaf(leaf, authority, request, end) ||
        X509_sign(leaf, authority_key, EVP_sha256()) == 0) {
        (void)openssl_error(err, "make a certificate");
        return NULL;
    }
    X509 *made = leaf;
    leaf = NULL;
    return made;
}

/* ---- Requests ------------------------------------------------------------------------------- */

static bool add_request_names(X509_REQ *request, const char *const *names, size_t count)
{
    AUTO_NAMES list = make_names(names, count);
    AUTO_EXTENSION extension = list == NULL ? NULL : X509V3_EXT_i2d(NID_subject_alt_name, 1, list);
    AUTO_EXTENSIONS extensions = sk_X509_EXTENSION_new_null();
    if (extension == NULL || extensions == NULL ||
        sk_X509_EXTENSION_push(extensions, extension) == 0) {
        return false;
    }
    extension = NULL; /* the list's */
    return X509_REQ_add_extensions(request, extensions) == 1;
}

bool signing_write_request(EVP_PKEY *key, const char *const *names, size_t name_count,
                           struct arena *arena, struct str *out_text, struct error *err)
{
    AUTO_REQUEST request = X509_REQ_new();
    AUTO_BIO bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    if (request == NULL || bio == NULL || X509_REQ_set_pubkey(request, key) != 1 ||
        !add_request_names(request, names, name_count) ||
        X509_REQ_sign(request, key, EVP_sha256()) == 0 ||
        PEM_write_bio_X509_REQ(bio, request) != 1) {
        return openssl_error(err, "make a request for a certificate");
    }
    size_t length = (size_t)BIO_get_mem_data(bio, &text);
    *out_text = (struct str){arena_strndup(arena, text, length), length};
    return true;
}
