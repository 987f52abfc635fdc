/* PHP under a folder: files as they are, scripts run by PHP-FPM, and a script for all that is
 * neither. */
#pragma once

#include "schemas/php_pool.h"
#include "schemas/pool.h"

struct php_spec {
    struct pool_spec pool; /* to and connect_timeout are written, the rest has its defaults */
    struct text_value root;
    struct text_value version; /* "8.2"; NULL: the host's default */
    struct text_value front;   /* "/index.php"; "false": none; NULL: index.php of the path */
    struct boolean_value only_front;
    struct boolean_value path_info; /* /index.php/a is /a of index.php */
    struct text_map params;
    struct php_pool_spec own; /* `pool`: PHP-FPM of its own */
};

extern const struct schema php_schema;

/* Checks. Returns the same with what follows from the rest: where PHP-FPM listens when that is not
 * written, and what a pool of its own is called. */
const struct php_spec *php_check(struct check *check, const struct php_spec *written,
                                 const char *field);
