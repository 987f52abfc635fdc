/* The site that Debian's package enables: a link from sites-enabled to sites-available. Where the
 * host's settings allow it, it is switched off so that our own default server can answer. Only for
 * the nginx files. */
#pragma once

#include "providers/nginx.h"

/* The link that is to go; NULL: there is none, it is not the packaged one, or it may not go. */
const char *nginx_default_site(struct host *host, struct arena *arena);
/* Removes the link, which is kept in STATE/adopted; *out_target is what it led to, for
 * nginx_default_site_restore, or NULL when there was nothing to remove. */
bool nginx_default_site_remove(struct host *host, struct arena *arena, const char **out_target,
                               struct error *err) MUST_CHECK;
bool nginx_default_site_restore(struct host *host, const char *target, struct arena *arena,
                                struct error *err) MUST_CHECK;
