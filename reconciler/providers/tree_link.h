/* layout->nginx_tree: the link through which nginx reaches the tree of the current generation. It
 * is made once, and goes through STATE/current, so that it need not change. */
#pragma once

#include "model/host.h"

/* What stands there in place of our link, in words; NULL: ours. *out_exists: there is something. */
bool tree_link_read(struct host *host, struct arena *arena, const char **out_instead,
                    bool *out_exists, struct error *err) MUST_CHECK;
/* A link of others is kept in STATE/adopted; anything else in its place is an error. */
bool tree_link_make(struct host *host, struct arena *arena, struct error *err) MUST_CHECK;
/* Removes it if it is ours. */
bool tree_link_remove(struct host *host, struct arena *arena, struct error *err) MUST_CHECK;
