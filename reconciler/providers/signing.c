/* X.509 by RFC 5280: version 3, random serial numbers of 128 bits, key identifiers on both sides.
 * Names that people wrote get in as values of their type, never through OpenSSL's configuration
 * language. */

#include "providers/signing.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/domains.h"

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

/* type: GEN_DNS or GEN_IPADD. NULL: no memory; the caller frees it. */
static GENERAL_NAME *make_name_of(int type, const void *bytes, size_t length)
{
    AUTO_NAME name = GENERAL_NAME_new();
    ASN1_STRING *value =
        type == GEN_IPADD ? ASN1_OCTET_STRING_new() : (ASN1_STRING *)ASN1_IA5STRING_new();
    if (name == NULL || value == NULL || ASN1_STRING_set(value, bytes, (int)length) != 1) {
        ASN1_STRING_free(value);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, type, value);
    GENERAL_NAME *made = name;
    name = NULL;
    return made;
}

static GENERAL_NAME *make_name(const char *text)
{
    struct domains_network address;
    return domains_read_network(text, &address)
               ? make_name_of(GEN_IPADD, address.address, address.size)
               : make_name_of(GEN_DNS, text, strlen(text));
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

/* ---- What an authority may sign -------------------------------------------------------------- */

static bool add_subtree(STACK_OF(GENERAL_SUBTREE) * *list, int type, const void *bytes,
                        size_t length)
{
    if (*list == NULL) {
        *list = sk_GENERAL_SUBTREE_new_null();
    }
    AUTO_SUBTREE subtree = GENERAL_SUBTREE_new();
    AUTO_NAME name = make_name_of(type, bytes, length);
    if (*list == NULL || subtree == NULL || name == NULL) {
        return false;
    }
    GENERAL_NAME_free(subtree->base);
    subtree->base = name;
    name = NULL;
    if (sk_GENERAL_SUBTREE_push(*list, subtree) == 0) {
        return false;
    }
    subtree = NULL; /* the list's */
    return true;
}

/* An address with its mask, as RFC 5280, section 4.2.1.10, has networks. */
static bool add_network(STACK_OF(GENERAL_SUBTREE) * *list, const struct domains_network *network)
{
    unsigned char bytes[2 * DOMAINS_ADDRESS_SIZE];
    memcpy(bytes, network->address, network->size);
    memcpy(bytes + network->size, network->mask, network->size);
    return add_subtree(list, GEN_IPADD, bytes, 2 * network->size);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A form of names of which nothing is permitted would be without limits: all of it is excluded. */
static bool exclude_rest(NAME_CONSTRAINTS *constraints, bool has_names, bool has_ipv4,
                         bool has_ipv6)
{
    static const struct domains_network ipv4 = {.size = sizeof(struct in_addr)};
    static const struct domains_network ipv6 = {.size = sizeof(struct in6_addr)};
    return (has_names || add_subtree(&constraints->excludedSubtrees, GEN_DNS, "", 0)) &&
           (has_ipv4 || add_network(&constraints->excludedSubtrees, &ipv4)) &&
           (has_ipv6 || add_network(&constraints->excludedSubtrees, &ipv6));
}

/* NULL: no memory. The caller frees it. The order in which people write makes no difference. */
static NAME_CONSTRAINTS *make_constraints(const char *const *domains, struct arena *arena)
{
    AUTO_CONSTRAINTS constraints = NAME_CONSTRAINTS_new();
    bool has_names = false;
    bool has_ipv4 = false;
    bool has_ipv6 = false;
    size_t count = 0;
    while (domains[count] != NULL) {
        count++;
    }
    const char **sorted = arena_array(arena, count, sizeof(*sorted));
    memcpy(sorted, domains, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), compare_texts);
    for (size_t i = 0; constraints != NULL && i < count; i++) {
        struct domains_network network;
        bool is_network = domains_read_network(sorted[i], &network);
        has_names |= !is_network;
        has_ipv4 |= is_network && network.size == sizeof(struct in_addr);
        has_ipv6 |= is_network && network.size == sizeof(struct in6_addr);
        if (is_network ? !add_network(&constraints->permittedSubtrees, &network)
                       : !add_subtree(&constraints->permittedSubtrees, GEN_DNS, sorted[i],
                                      strlen(sorted[i]))) {
            return NULL;
        }
    }
    if (constraints == NULL || !exclude_rest(constraints, has_names, has_ipv4, has_ipv6)) {
        return NULL;
    }
    NAME_CONSTRAINTS *made = constraints;
    constraints = NULL;
    return made;
}

/* The extension that says so; NULL: no memory. The caller frees it. */
static X509_EXTENSION *make_limits(const char *const *domains)
{
    AUTO_ARENA arena = arena_create();
    AUTO_CONSTRAINTS constraints = make_constraints(domains, arena);
    return constraints == NULL ? NULL : X509V3_EXT_i2d(NID_name_constraints, 1, constraints);
}

static bool add_limits(X509 *certificate, const char *const *domains)
{
    if (domains == NULL) {
        return true;
    }
    AUTO_EXTENSION limits = make_limits(domains);
    return limits != NULL && X509_add_ext(certificate, limits, -1) == 1;
}

bool signing_is_limited_to(const X509 *authority, const char *const *domains)
{
    int at = X509_get_ext_by_NID(authority, NID_name_constraints, -1);
    AUTO_EXTENSION wanted = domains == NULL ? NULL : make_limits(domains);
    if (at < 0 || wanted == NULL) {
        return at < 0 && wanted == NULL;
    }
    return ASN1_OCTET_STRING_cmp(X509_EXTENSION_get_data(X509_get_ext(authority, at)),
                                 X509_EXTENSION_get_data(wanted)) == 0;
}

static bool limits_permit(NAME_CONSTRAINTS *limits, const char *name)
{
    AUTO_CERTIFICATE subject = X509_new();
    if (subject == NULL || !add_names(subject, &name, 1, true)) {
        return false;
    }
    (void)ERR_set_mark();
    int purpose = X509_check_purpose(subject, -1, 0); /* reads the extensions, as the check needs */
    (void)purpose;
    (void)ERR_pop_to_mark(); /* it misses the signature */
    return NAME_CONSTRAINTS_check(subject, limits) == X509_V_OK;
}

bool signing_may_sign(const X509 *authority, const char *const *names, size_t count,
                      const char **out_name)
{
    AUTO_CONSTRAINTS limits = X509_get_ext_d2i(authority, NID_name_constraints, NULL, NULL);
    for (size_t i = 0; limits != NULL && i < count; i++) {
        if (!limits_permit(limits, names[i])) {
            *out_name = names[i];
            return false;
        }
    }
    return true;
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

X509 *signing_make_authority(EVP_PKEY *key, const char *const *domains, int64_t now,
                             struct error *err)
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
        !add_limits(certificate, domains) || X509_sign(certificate, key, EVP_sha256()) == 0) {
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

/* Not of an address: clients compare it with what the authority says of DNS names. */
static const char *common_name_of(const struct signing_request *request)
{
    struct domains_network address;
    const char *name = request->name_count > 0 ? request->names[0] : NULL;
    return name != NULL && strlen(name) <= COMMON_NAME_MAX && !domains_read_network(name, &address)
               ? name
               : NULL;
}

static bool fill_leaf(X509 *leaf, X509 *authority, const struct signing_request *request,
                      int64_t end)
{
    const char *common_name = common_name_of(request);
    return X509_set_version(leaf, VERSION_3) == 1 && set_serial(leaf) &&
           set_validity(leaf, request->now - BACKDATED_SECONDS, end) &&
           X509_set_pubkey(leaf, request->key) == 1 &&
           (common_name == NULL || set_common_name(leaf, common_name)) &&
           X509_set_issuer_name(leaf, X509_get_subject_name(authority)) == 1 &&
           add_extension(leaf, authority, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(leaf, authority, NID_key_usage, key_usage_of(request->key)) &&
           add_extension(leaf, authority, NID_ext_key_usage, "serverAuth") &&
           add_extension(leaf, authority, NID_subject_key_identifier, "hash") &&
           add_extension(leaf, authority, NID_authority_key_identifier, "keyid:always") &&
           add_names(leaf, request->names, request->name_count, common_name == NULL);
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
