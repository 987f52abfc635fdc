/* A certificate pair on disk. id: its name. The files: DIRECTORY/fullchain.pem and key.pem, both
 * reached through one link so that the pair switches together. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ITEM_CERTIFICATE "certificate"

enum certificate_issuer { CERTIFICATE_INTERNAL, CERTIFICATE_FILE, CERTIFICATE_ACME };

struct certificate_item {
    const char *const *names; /* NULL-terminated: DNS names (also wildcards) and addresses */
    size_t name_count;
    enum certificate_issuer issuer;
    const char *directory; /* holds the pair that nginx reads: directory/fullchain.pem, key.pem */
    const char *source_chain; /* CERTIFICATE_FILE: absolute paths of the pair to bring in */
    const char *source_key;
    const char *key_type;      /* "ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-4096" */
    int64_t lifetime_seconds;  /* of certificates that we sign ourselves */
    const char *directory_url; /* CERTIFICATE_ACME */
};
