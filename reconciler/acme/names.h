/* What the name system says: over the resolvers of the host. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

/* The name that stands at the end of the aliases of name (CNAME, RFC 1034 section 3.6.2); name
 * itself where there is none. NULL with err filled: it could not be looked up, or they lead in a
 * circle. */
const char *names_alias_end(const char *name, struct arena *arena, struct error *err);

VEC(name_addresses, const char *);
/* IPv4 and IPv6, as text. No addresses and no error: the name system knows none. */
bool names_addresses(const char *name, struct arena *arena, struct name_addresses *out,
                     struct error *err) MUST_CHECK;
/* One of them belongs to an interface of this host. */
bool names_are_here(const struct name_addresses *addresses, struct arena *arena);

/* Who may sign for a name (RFC 8659). */
struct caa_record {
    bool is_critical;
    const char *tag;
    const char *value;
};
VEC(caa_records, struct caa_record);
/* Those of the name, or of the nearest name above it that has some. */
bool names_caa(const char *name, struct arena *arena, struct caa_records *out,
               struct error *err) MUST_CHECK;
