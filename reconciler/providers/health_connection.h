/* Health checks over a connection. For providers/ only. Addresses are "127.0.0.1:3000",
 * "[::1]:3000", "localhost:3000" or "unix:/run/shop/socket". */
#pragma once

#include "base/arena.h"
#include "base/error.h"

/* Somebody accepts connections there. */
bool health_ask_connection(const char *address, unsigned limit_ms, struct arena *arena,
                           struct error *err) MUST_CHECK;
/* GET path is answered with a status from 200 to 399. No redirect is followed, and no proxy of our
 * environment is asked: the answer is the service's own. */
bool health_ask_http(const char *address, const char *path, unsigned limit_ms, struct arena *arena,
                     struct error *err) MUST_CHECK;
