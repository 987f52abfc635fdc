/* A certificate with its chain and its key, in memory. */
#pragma once

#include "base/arena.h"
#include "base/secret.h"
#include "base/str.h"
#include "model/certificate_item.h"
#include "providers/openssl.h"

struct pair;

/* chain: PEM, the certificate itself first; what else the file holds is passed over. key: PEM
 * without a passphrase, or NULL: not at hand. A key that belongs to another certificate is no
 * error: pair_describe tells. NULL with err filled; the caller releases it. */
struct pair *pair_read(struct str chain, const struct secret *key, struct error *err);
/* The same without what follows the first certificate. */
struct pair *pair_read_leaf(struct str chain, const struct secret *key, struct error *err);
/* Shares all of them with the caller. above: the authority's certificate, or NULL. */
struct pair *pair_make(X509 *leaf, X509 *above, EVP_PKEY *key, struct error *err);
/* The key of a pair that was read without one; shared with the caller. */
void pair_set_key(struct pair *pair, EVP_PKEY *key);
/* Accepts NULL. */
void pair_release(struct pair *pair);
static inline void pair_release_pointer(struct pair **pair)
{
    pair_release(*pair);
}
#define AUTO_PAIR CLEANUP(pair_release_pointer) struct pair *

/* The key in PEM without a passphrase; OpenSSL never asks for one. A function for secret_use whose
 * context is an EVP_PKEY **. */
bool pair_parse_key(const void *bytes, size_t length, void *context);

/* On the arena, also after the pair is gone. */
const struct certificate_pair *pair_describe(const struct pair *pair, struct arena *arena);
bool pair_is_signed_by(const struct pair *pair, X509 *authority);

/* The certificates as PEM, and nothing else. */
bool pair_write_chain(const struct pair *pair, struct arena *arena, struct str *out_text,
                      struct error *err) MUST_CHECK;
/* PEM (PKCS #8). The caller releases it. */
bool pair_write_key(const struct pair *pair, struct secret **out_text,
                    struct error *err) MUST_CHECK;

/* Does the certificate serve this name, by itself or by a wildcard one level up? */
bool certificate_pair_covers(const struct certificate_pair *pair, const char *name);
/* When it is time for the next one: at one third of the lifetime left. */
int64_t certificate_pair_due_at(const struct certificate_pair *pair);
