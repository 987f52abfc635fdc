/* A certificate pair on disk. id: its name. The files: DIRECTORY/fullchain.pem and key.pem, where
 * DIRECTORY is one link to the folder of this issue, so that the pair switches together. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "model/renewal.h"

#define ITEM_CERTIFICATE "certificate"

enum certificate_issuer { CERTIFICATE_INTERNAL, CERTIFICATE_FILE, CERTIFICATE_ACME };
/* How an authority is shown that names are ours (RFC 8555, section 8). */
enum certificate_challenge { CERTIFICATE_OVER_HTTP, CERTIFICATE_OVER_DNS };

/* What a pair that was read says of itself. */
struct certificate_pair {
    const char *const *names; /* NULL-terminated, sorted: those of subjectAltName */
    size_t name_count;
    const char *key_type;    /* as in struct certificate_item; else "rsa-1024", "ed25519", ... */
    const char *issued_by;   /* the issuer's name in one line */
    const char *fingerprint; /* SHA-256 of the leaf, hexadecimal */
    const char *renewal_id; /* what its authority knows it by (RFC 9773, section 4.1); NULL: it does
                               not say which key has signed it */
    int64_t starts_at;      /* seconds since the epoch */
    int64_t expires_at;
    bool has_key; /* the key file holds the key of this certificate */
};

struct certificate_item {
    const char *const *names; /* NULL-terminated: DNS names (also wildcards) and addresses */
    size_t name_count;
    enum certificate_issuer issuer;
    const char *issuer_name;  /* as it is written: "internal", "letsencrypt", an address */
    const char *directory;    /* what nginx reads: directory/fullchain.pem, directory/key.pem */
    const char *source_chain; /* CERTIFICATE_FILE: absolute paths of the pair to bring in */
    const char *source_key;
    const char *key_type;      /* "ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-4096" */
    int64_t lifetime_seconds;  /* of certificates that we sign ourselves */
    const char *directory_url; /* CERTIFICATE_ACME: of its authority (RFC 8555, section 7.1.1) */
    const char *rehearsal_url; /* CERTIFICATE_ACME: of the authority that is asked first for names
                                  that have no certificate yet; NULL: none */
    enum certificate_challenge challenge; /* CERTIFICATE_ACME */
    bool drops_bad_names;                 /* CERTIFICATE_ACME: the others get theirs without them */
    const char *waiting_text; /* CERTIFICATE_ACME: nginx includes it, in all servers that use the
                                 pair, while something stands in for it */
    /* Only of what was found: */
    const char *instead; /* what stands there in place of our link, in words; NULL: ours */
    const struct certificate_pair *pair;    /* the installed one; NULL: it cannot be read */
    const struct certificate_pair *offered; /* CERTIFICATE_FILE: one to bring in, if it is not the
                                               installed one and not worse */
    mode_t key_mode;                        /* 0600 unless somebody changed it */
    bool is_signed_by_us;                   /* by the internal authority of this host */
    bool is_issued;  /* CERTIFICATE_ACME: by the authority that is wanted, when we asked it */
    bool is_waiting; /* CERTIFICATE_ACME: something stands in for it, and its sites say so */
    bool is_due;     /* to be renewed */
    enum renewal_alarm alarm; /* of a pair as it is wanted, but for its age */
};

/* "2026-12-31", UTC. */
const char *certificate_date(int64_t seconds, struct arena *arena);
/* "2026-12-31 10:30:05 UTC" */
const char *certificate_moment(int64_t seconds, struct arena *arena);

/* Places of what belongs to the pair in this directory and is no part of it, where no pair has its
 * own, since names do not begin with a dot: ".waiting/NAME.conf" beside the directory. */
const char *certificate_beside(struct arena *arena, const char *directory, const char *folder,
                               const char *ending);
#define CERTIFICATE_WAITING ".waiting" /* what nginx includes */
#define CERTIFICATE_RECORDS ".acme"    /* for us alone */
