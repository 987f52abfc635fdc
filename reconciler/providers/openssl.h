/* OpenSSL's objects with the lifetime of a variable, and its errors as ours. */
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/error.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): a type cannot stand in parentheses */
#define OPENSSL_CLEANUP(name, type, function)                                                      \
    static inline void openssl_free_##name(type **object)                                          \
    {                                                                                              \
        function(*object);                                                                         \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

static inline void openssl_free_extension_list(STACK_OF(X509_EXTENSION) * list)
{
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}

OPENSSL_CLEANUP(bio, BIO, (void)BIO_free)
OPENSSL_CLEANUP(bignum, BIGNUM, BN_free)
OPENSSL_CLEANUP(certificate, X509, X509_free)
OPENSSL_CLEANUP(extension, X509_EXTENSION, X509_EXTENSION_free)
OPENSSL_CLEANUP(names, GENERAL_NAMES, GENERAL_NAMES_free)
OPENSSL_CLEANUP(name, GENERAL_NAME, GENERAL_NAME_free)
OPENSSL_CLEANUP(constraints, NAME_CONSTRAINTS, NAME_CONSTRAINTS_free)
OPENSSL_CLEANUP(subtree, GENERAL_SUBTREE, GENERAL_SUBTREE_free)
OPENSSL_CLEANUP(key, EVP_PKEY, EVP_PKEY_free)
OPENSSL_CLEANUP(request, X509_REQ, X509_REQ_free)
OPENSSL_CLEANUP(extensions, STACK_OF(X509_EXTENSION), openssl_free_extension_list)

#define AUTO_BIO         CLEANUP(openssl_free_bio) BIO *
#define AUTO_BIGNUM      CLEANUP(openssl_free_bignum) BIGNUM *
#define AUTO_CERTIFICATE CLEANUP(openssl_free_certificate) X509 *
#define AUTO_EXTENSION   CLEANUP(openssl_free_extension) X509_EXTENSION *
#define AUTO_NAMES       CLEANUP(openssl_free_names) GENERAL_NAMES *
#define AUTO_NAME        CLEANUP(openssl_free_name) GENERAL_NAME *
#define AUTO_CONSTRAINTS CLEANUP(openssl_free_constraints) NAME_CONSTRAINTS *
#define AUTO_SUBTREE     CLEANUP(openssl_free_subtree) GENERAL_SUBTREE *
#define AUTO_KEY         CLEANUP(openssl_free_key) EVP_PKEY *
#define AUTO_REQUEST     CLEANUP(openssl_free_request) X509_REQ *
#define AUTO_EXTENSIONS  CLEANUP(openssl_free_extensions) STACK_OF(X509_EXTENSION) *

/* SHA-256 of a certificate in hexadecimal; DIGEST_HEX_SIZE bytes. "": OpenSSL cannot tell. */
void openssl_fingerprint(const X509 *certificate, char *out_hex);
/* Seconds since the epoch; 0 for what is no time. */
int64_t openssl_seconds(const ASN1_TIME *time);

/* "what: the first reason that OpenSSL gives"; empties its queue. Returns false. */
bool openssl_error(struct error *err, const char *what);
