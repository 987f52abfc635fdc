/* Keys and signatures of ACME (RFC 8555, section 6.2; RFC 7515): ES256 by the account's key, and
 * HS256 by the key that an authority has given out to bind the account to a customer. */
#pragma once

#include <jansson.h>
#include <openssl/evp.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

static inline void jws_free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}
#define AUTO_KEY CLEANUP(jws_free_key) EVP_PKEY *

/* The account's key, in the file where uacme(1) looks for it below the folder: private/key.pem,
 * made when it is not there. On NIST P-256. NULL with err filled; the caller frees it. */
EVP_PKEY *jws_account_key(int folder, struct arena *arena, struct error *err);

/* The public half as a JSON Web Key (RFC 7517, RFC 7518 section 6.2). NULL: it is no such key. */
json_t *jws_public(EVP_PKEY *key, struct arena *arena);

/* A flattened JWS, as text. header gets "alg", and is released. NULL with err filled. */
const char *jws_sign(EVP_PKEY *key, json_t *header, const char *payload, struct arena *arena,
                     struct error *err);
/* The same with a shared key of bytes. */
const char *jws_authenticate(struct str key, json_t *header, const char *payload,
                             struct arena *arena, struct error *err);
