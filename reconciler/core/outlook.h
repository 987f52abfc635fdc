/* What a plan says of the certificates that it would order. */
#pragma once

#include <jansson.h>

#include "base/language.h"
#include "base/text.h"

struct report;

/* Lines, each behind two spaces; none where nothing would be ordered. */
void outlook_write_text(const struct report *report, enum language language, struct text *out);
/* null where nothing was looked at. */
json_t *outlook_json(const struct report *report);
