/* Makes a pair in memory, for one test. */

#include "providers/nginx_placeholder.h"

#include <openssl/ec.h>
#include <openssl/pem.h>

#include "providers/openssl.h"

enum { VALID_SECONDS = 2 * 24 * 60 * 60 };

static bool certificate_fill(X509 *certificate, EVP_PKEY *key)
{
    static const unsigned char name[] = "placeholder";
    X509_NAME *subject = X509_get_subject_name(certificate); /* borrowed */
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_SECONDS) != NULL &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, subject) == 1 &&
           X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0;
}

bool nginx_placeholder(struct arena *arena, struct str *out_pair, struct error *err)
{
    AUTO_KEY key = EVP_EC_gen("P-256");
    AUTO_CERTIFICATE certificate = X509_new();
    AUTO_BIO bio = BIO_new(BIO_s_mem());
    if (key == NULL || certificate == NULL || bio == NULL || !certificate_fill(certificate, key) ||
        PEM_write_bio_X509(bio, certificate) != 1 ||
        PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
        return openssl_error(err, "make a placeholder certificate");
    }
    char *data = NULL;
    long length = BIO_get_mem_data(bio, &data);
    *out_pair = (struct str){arena_strndup(arena, data, (size_t)length), (size_t)length};
    return true;
}
