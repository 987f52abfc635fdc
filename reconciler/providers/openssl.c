/* OpenSSL's types as ours. */

#include "providers/openssl.h"

#include <openssl/err.h>
#include <time.h>

bool openssl_error(struct error *err, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    (void)error_set_word(err, ERROR_FORMAT, what);
    if (reason == NULL) {
        (void)error_add_word(err, MESSAGE_COLON, N_("unknown reason"));
    } else {
        (void)error_add_quote(err, MESSAGE_COLON, reason);
    }
    ERR_clear_error();
    return false;
}

void openssl_fingerprint(const X509 *certificate, char *out_hex)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    out_hex[0] = '\0';
    if (X509_digest(certificate, EVP_sha256(), bytes, &length) == 1) {
        digest_write_hex(bytes, out_hex);
    }
}

int64_t openssl_seconds(const ASN1_TIME *time)
{
    struct tm utc = {0};
    return ASN1_TIME_to_tm(time, &utc) == 1 ? timegm(&utc) : 0;
}
