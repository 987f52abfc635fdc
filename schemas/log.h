/* The logs of a site. */
#pragma once

#include "schemas/field.h"

enum log_format { LOG_OFF, LOG_COMBINED, LOG_JSON };

struct log_spec {
    struct object object;       /* node NULL: the host's own log, with all other sites */
    struct choice_value format; /* index: enum log_format */
    struct choice_value errors;
};

/* What the choice of errors is called, for nginx, too. */
extern const char *const log_levels[];
extern const struct schema log_schema;
