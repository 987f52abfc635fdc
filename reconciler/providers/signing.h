/* Makes keys and certificates: those of the internal authority itself and those that it signs. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "providers/openssl.h"

/* type: "ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-4096". NULL with err filled; the caller frees
 * it, as with both certificates below. */
EVP_PKEY *signing_make_key(const char *type, struct error *err);

/* A root for ten years that may sign leaves only (pathlen 0), and those of these domains alone
 * (model/domains.h; NULL: of any). now: seconds since the epoch. */
X509 *signing_make_authority(EVP_PKEY *key, const char *const *domains, int64_t now,
                             struct error *err);
/* The authority's certificate says of domains what one that is made now would say. */
bool signing_is_limited_to(const X509 *authority, const char *const *domains);
/* Clients that trust the authority take its word for these names; *out_name is one for which they
 * do not. */
bool signing_may_sign(const X509 *authority, const char *const *names, size_t count,
                      const char **out_name);

/* What an authority is asked to sign (PKCS #10, RFC 2986), as PEM: the key's public half and the
 * names, which are in subjectAltName alone, as RFC 8555, section 7.4, and CAs have it. */
bool signing_write_request(EVP_PKEY *key, const char *const *names, size_t name_count,
                           struct arena *arena, struct str *out_text, struct error *err) MUST_CHECK;

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
