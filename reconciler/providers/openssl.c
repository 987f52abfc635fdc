/* The one place that reads OpenSSL's error queue. */

#include "providers/openssl.h"

#include <openssl/err.h>

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
