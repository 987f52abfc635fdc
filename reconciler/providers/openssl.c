/* The one place that reads OpenSSL's error queue. */

#include "providers/openssl.h"

#include <openssl/err.h>

bool openssl_error(struct error *err, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    (void)error_set(err, ERROR_FORMAT, "%s: %s", what, reason == NULL ? "unknown reason" : reason);
    ERR_clear_error();
    return false;
}
