/* What speaks against asking an authority for a certificate, before it is asked: an order that
 * fails counts against its limits for hours. Pure; what was seen is collected by
 * providers/acme_client.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/message.h"
#include "base/vec.h"

/* Who may sign for a name (RFC 8659). */
struct preflight_caa {
    bool is_critical;
    const char *tag;
    const char *value;
};
VEC(preflight_caa_list, struct preflight_caa);

enum preflight_answer {
    PREFLIGHT_NOT_ASKED,
    PREFLIGHT_OURS,  /* our proof came back */
    PREFLIGHT_OTHER, /* somebody answers, with something else */
    PREFLIGHT_SILENCE,
};

struct preflight_name {
    const char *name;
    bool is_over_http;        /* it is proven there, and needs an address */
    const char *addresses;    /* "192.0.2.1, 2001:db8::1"; NULL: it has none, or they are unknown */
    const char *lookup_error; /* why they are unknown; NULL: they are known */
    bool is_here;             /* one of the addresses belongs to this host */
    enum preflight_answer answer;
    long status;         /* of PREFLIGHT_OTHER */
    const char *silence; /* of PREFLIGHT_SILENCE: why, in words of others */
    struct preflight_caa_list caa;
};

/* Of the authority that is to be asked. */
struct preflight_authority {
    const char *const *identities; /* how it calls itself in CAA records, NULL-terminated; none: it
                                      does not say, and they are not looked at */
    int64_t clock_difference; /* how far ours is ahead of its, in seconds; 0: it does not say */
};

/* NULL: nothing. is_served: nginx answers for the name now; where it does not yet, what answers
 * over HTTP says nothing. Silence under an address that is not ours says nothing either: a router
 * may keep us from seeing ourselves from outside. */
const struct message *preflight_objection(const struct preflight_authority *authority,
                                          const struct preflight_name *name, bool is_served,
                                          struct arena *arena);

/* Certificates that begin now would not be valid yet, or end before they are renewed. */
const struct message *preflight_clock_objection(const struct preflight_authority *authority,
                                                struct arena *arena);
