/* What a pair says of itself, as a file beside it: parsing a certificate takes OpenSSL a hundred
 * times longer than reading these lines. Only believed while nothing in the folder has changed
 * since the pair itself was read. */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "model/certificate_item.h"

struct str pair_info_write(const struct certificate_pair *pair, struct arena *arena);
/* NULL when it is not of this form. */
const struct certificate_pair *pair_info_read(struct str text, struct arena *arena);
