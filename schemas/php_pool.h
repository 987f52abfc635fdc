/* PHP-FPM of a site's own: what its processes may use and change. */
#pragma once

#include "schemas/field.h"
#include "schemas/service.h"

enum php_mode { PHP_ONDEMAND, PHP_DYNAMIC, PHP_STATIC };

struct php_memory {
    struct object object;
    struct size_value request;
    struct size_value max;
    struct size_value high;
};

struct php_pool_spec {
    struct object object;
    struct boolean_value on;
    struct integer_value children;
    struct choice_value mode; /* enum php_mode */
    struct duration_value idle;
    struct integer_value requests;
    struct duration_value time;
    struct php_memory memory;
    struct text_map settings;
    struct text_map env;
    struct text_list secrets;
    struct text_list write;
    struct text_value user;
    struct service_harden harden;

    /* Filled by the check where there is a pool: */
    const char *name;   /* of its unit, account and folders */
    const char *folder; /* of its configuration */
    struct service_spec *service;
};

extern const struct schema php_pool_schema;

/* The site or path has a pool of its own. */
bool php_pool_is_on(const struct php_pool_spec *pool);
/* Checks, and makes the service that runs the pool. root: the folder of the scripts; field: what
 * messages call the pool ("paths./app/.php.pool"). */
void php_pool_check(struct check *check, struct php_pool_spec *pool, const struct text_value *root,
                    const struct text_value *version, const char *field);
