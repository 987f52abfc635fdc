/* What nginx spreads over http and a place below it: caches and limits, whose zones have names. */
#pragma once

#include "core/import_scope.h"

/* proxy_cache and all that belongs to it -> response_cache. */
void import_response_cache(struct import_scope *scope);
/* add_header X-Cache-Status $upstream_cache_status; false: it is another header. */
bool import_take_cache_status(struct import_scope *scope, const char *name, const char *value);
