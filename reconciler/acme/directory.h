/* What an authority's directory says (RFC 8555, section 7.1.1). */
#pragma once

#include "acme/web.h"
#include "model/json.h"

enum { DIRECTORY_TIMEOUT_MS = 20 * 1000 };

/* The directory, which the caller releases; out_answer may be NULL. NULL with err filled. */
json_t *directory_read(struct web *web, const char *url, struct arena *arena,
                       struct web_answer *out_answer, struct error *err);
/* An address that it names; NULL: it does not. Borrowed. */
const char *directory_at(const json_t *directory, const char *name);
