/* What becomes of each directive of nginx: one row says where it may stand and who expresses it. */
#pragma once

#include "core/import_scope.h"

enum import_said {
    IMPORT_FIELD,  /* what: the field that says it */
    IMPORT_ALWAYS, /* what: why nothing has to be said */
    IMPORT_HOST,   /* it is the host's, not a site's: it stays in its nginx.conf */
    IMPORT_RAW,    /* it stays as it is, in raw */
};

struct import_rule {
    const char *name;
    unsigned places; /* enum import_place */
    enum import_said said;
    const char *what;
    /* False: this one cannot be said, and stays as it is. NULL: whoever reads the whole scope takes
     * it. */
    bool (*take)(struct import_scope *scope, const struct import_node *node,
                 const struct import_rule *rule);
};

/* NULL when nothing is known of it there. */
const struct import_rule *import_rule_find(const char *name, enum import_place place);
/* The directive, left in raw, may stand in a server for all its locations: it changes no answer. */
bool import_is_tuning(const char *name);
