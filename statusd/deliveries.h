/* How addresses of the page and of the API say which versions of the documents are meant. */
#pragma once

#include "statusd/request.h"

/* Of the parameters fate, q and after; limit is in rows. */
struct delivery_filter deliveries_asked(const struct request *request, size_t limit);

/* What comes behind after or before: "LAST_AT:VERSION". */
const char *delivery_key(struct arena *arena, const struct delivery_record *delivery);
/* False leaves the filter without a key: NULL, or none of ours. */
bool delivery_key_read(const char *key, struct delivery_filter *filter);
