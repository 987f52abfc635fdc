/* Asks listeners of this host for a TLS handshake, to see which certificate they show. Nothing is
 * trusted because of what is seen, and nothing is sent over the connection. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

enum { HANDSHAKE_WHY_SIZE = 96 };

struct handshake {
    const char *address; /* "127.0.0.1", "::1" */
    uint16_t port;
    const char *name; /* that is asked for (RFC 6066, section 3); NULL: none */
    /* Out: */
    bool is_shown;                     /* a certificate was */
    char fingerprint[DIGEST_HEX_SIZE]; /* SHA-256 of it */
    int64_t starts_at;                 /* of its lifetime, seconds since the epoch */
    int64_t expires_at;
    char why[HANDSHAKE_WHY_SIZE]; /* none was shown: one line, words of others */
};

/* Fills them all, several at once; each takes no longer than the limit. Those that show nothing are
 * asked once more, since a connection may be lost by chance. */
void handshakes_make(struct handshake *handshakes, size_t count, int64_t limit_ms);
