/* What the name system says: over the resolvers of the host. */
#pragma once

#include "base/arena.h"
#include "base/error.h"

/* The name that stands at the end of the aliases of name (CNAME, RFC 1034 section 3.6.2); name
 * itself where there is none. NULL with err filled: it could not be looked up, or they lead in a
 * circle. */
const char *names_alias_end(const char *name, struct arena *arena, struct error *err);
