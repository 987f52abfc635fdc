/* jansson values that release themselves, and the one way we put text into them. */
#pragma once

#include <jansson.h>

#include "base/cleanup.h"

static inline void json_release(json_t **json)
{
    json_decref(*json);
}
#define AUTO_JSON CLEANUP(json_release) json_t *

/* NULL becomes null; so does what is not UTF-8 (the output of programs) rather than break the
 * whole. Owned by the caller. */
static inline json_t *json_text(const char *text)
{
    json_t *json = text == NULL ? NULL : json_string(text);
    return json == NULL ? json_null() : json;
}
