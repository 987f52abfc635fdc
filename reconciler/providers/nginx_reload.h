/* nginx_reload with its way back. Only for the nginx files. */
#pragma once

#include "providers/nginx.h"

/* is_way_back: the master may still be trying to bind what the refused configuration asked for, and
 * say that it cannot: those words are not about this generation. */
bool nginx_load(struct host *host, unsigned long generation, int64_t test_us, bool is_way_back,
                struct arena *arena, struct error *err) MUST_CHECK;
