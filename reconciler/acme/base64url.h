/* base64url without padding (RFC 4648, section 5), as JOSE and ACME write bytes. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

const char *base64url(struct arena *arena, struct str bytes);
/* Padding at the end is passed over. False for what is no base64url. */
bool base64url_read(struct arena *arena, const char *text, struct str *out_bytes);
/* It holds nothing but letters of base64url, and is not empty: it leads out of no folder. */
bool base64url_is(const char *text);
