/* A kind: schema and renderer side by side. */
#pragma once

#include <stddef.h>

#include "renderers/render.h"

struct kind {
    const struct schema *schema;
    void (*render)(struct render *render, const struct document *document);
};

size_t kind_count(void);
const struct kind *kind_at(size_t index); /* in the order of kinds.def */
/* By singular ("site") or plural ("sites") name; NULL when there is none. */
const struct kind *kind_find(const char *name);
