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
/* By singular name alone, as relations write it. */
const struct kind *kind_of_name(const char *name);
/* The singular name that a wrong one was meant to be; NULL when none is near. */
const char *kind_nearest(struct arena *arena, const char *name);
