/* The stream block: what passes connections and datagrams on, as documents of their own. */
#pragma once

#include "core/import_site.h"

/* Adds a site for each of its servers; what cannot be one is noted. */
void import_streams(struct import_context *context, const struct import_node *stream);
