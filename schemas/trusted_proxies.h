/* Proxies before the host, which know the client's address. */
#pragma once

#include "schemas/field.h"

struct trusted_proxies_spec {
    struct object object;
    struct text_list from;
    struct text_value header;
};

extern const struct schema trusted_proxies_schema;
