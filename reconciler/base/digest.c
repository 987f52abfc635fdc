/* SHA-256 by OpenSSL. It fails only without memory, which ends the program as in the arena. */

#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert(DIGEST_HEX_SIZE == 2 * SHA256_DIGEST_LENGTH + 1, "two digits a byte and a NUL");

struct digest {
    EVP_MD_CTX *context;
};

static void require(bool is_done)
{
    if (!is_done) {
        (void)fputs("SHA-256: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
}

void digest_write_hex(const unsigned char *bytes, char out_hex[DIGEST_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++) {
        out_hex[2 * i] = digits[bytes[i] >> 4U];
        out_hex[2 * i + 1] = digits[bytes[i] & 0xFU];
    }
    out_hex[DIGEST_HEX_SIZE - 1] = '\0';
}

void digest_hex(struct str content, char out_hex[DIGEST_HEX_SIZE])
{
    unsigned char bytes[SHA256_DIGEST_LENGTH];
    require(EVP_Digest(content.data, content.length, bytes, NULL, EVP_sha256(), NULL) == 1);
    digest_write_hex(bytes, out_hex);
}

struct digest *digest_begin(void)
{
    struct digest *digest = calloc(1, sizeof(*digest));
    require(digest != NULL);
    digest->context = EVP_MD_CTX_new();
    require(digest->context != NULL && EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) == 1);
    return digest;
}

void digest_add(struct digest *digest, struct str part)
{
    unsigned char length[sizeof(uint64_t)];
    for (size_t i = 0; i < sizeof(length); i++) {
        length[i] = (unsigned char)((uint64_t)part.length >> (8 * i) & 0xFFU);
    }
    require(EVP_DigestUpdate(digest->context, length, sizeof(length)) == 1 &&
            EVP_DigestUpdate(digest->context, part.data, part.length) == 1);
}

void digest_end(struct digest *digest, char out_hex[DIGEST_HEX_SIZE])
{
    unsigned char bytes[SHA256_DIGEST_LENGTH];
    require(EVP_DigestFinal_ex(digest->context, bytes, NULL) == 1);
    EVP_MD_CTX_free(digest->context);
    free(digest);
    digest_write_hex(bytes, out_hex);
}
