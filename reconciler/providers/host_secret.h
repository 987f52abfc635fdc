/* Secrets of the host: read by name when they are used, and handed on as text only where a library
 * wants text. */
#pragma once

#include "base/secret.h"
#include "model/host.h"

/* The caller releases it. */
bool host_secret_read(struct host *host, const char *name, struct arena *arena,
                      struct secret **out_secret, struct error *err) MUST_CHECK;
/* before and the value as one line; false when the value holds control characters, which would
 * begin another header or command. Declare the result with AUTO_WIPED. */
bool host_secret_line(const char *before, const struct secret *secret, char **out_line,
                      struct error *err) MUST_CHECK;

void host_secret_wipe(char **line);
#define AUTO_WIPED CLEANUP(host_secret_wipe) char *
