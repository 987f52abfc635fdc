/* The listening socket. */
#pragma once

#include <stdint.h>

#include "base/error.h"

/* address is "127.0.0.1:8321" or "[::1]:8321"; names are not looked up. Returns the descriptor,
 * which the caller closes, or -1; out_port is the one that was given or chosen. */
int listen_open(const char *address, uint16_t *out_port, struct error *err) MUST_CHECK;
