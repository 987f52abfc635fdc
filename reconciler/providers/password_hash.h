/* Hashes of passwords, by the system's crypt(5). */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/secret.h"

/* True when the hash was made of this password. */
bool password_hash_is_of(const char *hash, const struct secret *password);
/* SHA-512 with a salt of its own: what nginx can check on any system, in about 3 ms. The password
 * is one line. */
bool password_hash_make(const struct secret *password, struct arena *arena, const char **out_hash,
                        struct error *err) MUST_CHECK;
