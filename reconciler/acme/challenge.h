/* Challenges of an authority, as uacme(1) hands them over. */
#pragma once

#include "base/arena.h"
#include "base/error.h"

struct challenge {
    const char *type;       /* "http-01", "dns-01", ... */
    const char *identifier; /* the name, without "*." */
    const char *token;
    const char *answer; /* what is to be shown: of dns-01 the digest (RFC 8555, section 8.4) */
};

/* What the environment says of how they are answered. */
struct challenge_means {
    const char *type;    /* RECONCILE_ACME_CHALLENGE: the only one that is taken */
    const char *folder;  /* RECONCILE_ACME_CHALLENGES: of proofs over HTTP, served by nginx */
    const char *program; /* RECONCILE_ACME_DNS_HOOK: changes the name system; NULL: none */
};
struct challenge_means challenge_means(void);

/* False: not by this type; uacme then offers the next one. */
bool challenge_is_taken(const struct challenge_means *means, const struct challenge *challenge);
/* Of one that is taken. */
bool challenge_show(const struct challenge_means *means, const struct challenge *challenge,
                    struct arena *arena, struct error *err) MUST_CHECK;
bool challenge_take_back(const struct challenge_means *means, const struct challenge *challenge,
                         struct arena *arena, struct error *err) MUST_CHECK;
