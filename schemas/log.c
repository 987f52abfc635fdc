/* The logs of a site: their form, and how much of its errors is told. */

#include "schemas/log.h"

static const char *const formats[] = {"off", "combined", "json", NULL};
const char *const log_levels[] = {"debug", "info",  "notice", "warn", "error",
                                  "crit",  "alert", "emerg",  NULL};

// clang-format off
static const struct field fields[] = {
    FIELD(struct log_spec, format, .fallback = "combined", .choices = formats,
          .help = "combined, as most programs read it; json, one object a line; off: requests are "
                  "not written down."),
    FIELD(struct log_spec, errors, .fallback = "error", .choices = log_levels,
          .help = "The least level of what is written to the error log."),
};
// clang-format on

const struct schema log_schema = {
    .name = "log",
    .size = sizeof(struct log_spec),
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .shorthand = "format",
    .help = "Log files of the site's own.",
};
