/* SHA-256 of bytes, as text: names for content, fingerprints of inputs. */
#pragma once

#include "base/str.h"

enum { DIGEST_HEX_SIZE = 65 }; /* 64 digits and a NUL */

void digest_hex(struct str content, char out_hex[DIGEST_HEX_SIZE]);

/* 32 bytes of a digest as text. */
void digest_write_hex(const unsigned char *bytes, char out_hex[DIGEST_HEX_SIZE]);

/* The digest of several parts; each part counts with its length, so that "ab","c" and "a","bc"
 * differ. */
struct digest;
struct digest *digest_begin(void);
void digest_add(struct digest *digest, struct str part);
/* Releases the digest. */
void digest_end(struct digest *digest, char out_hex[DIGEST_HEX_SIZE]);
