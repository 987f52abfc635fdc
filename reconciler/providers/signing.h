/* Makes keys and certificates: those of the internal authority itself and those that it signs. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "providers/openssl.h"

/* type: "ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-4096". NULL with err filled; the caller frees
 * it, as with both certificates below. */
EVP_PKEY *signing_make_key(const char *type, struct error *err);

/* A root for ten years that may sign leaves only (pathlen 0). now: seconds since the epoch. */
X509 *signing_make_authority(EVP_PKEY *key, int64_t now, struct error *err);

struct signing_request {
    EVP_PKEY *key;
    const char *const *names; /* DNS names and addresses */
    size_t name_count;
    int64_t now;
    int64_t lifetime_seconds; /* ends earlier where the authority does */
};

/* A certificate for a TLS server. It begins some minutes ago, for clients whose clocks are slow. */
X509 *signing_make_leaf(X509 *authority, EVP_PKEY *authority_key,
                        const struct signing_request *request, struct error *err);
