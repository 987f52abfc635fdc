/* The sections of a file that are not those of a kind. */
#pragma once

#include "schemas/field.h"

/* The names by which the front end knows them. */
#define SECTION_DEFAULTS "defaults"
#define SECTION_PROFILES "profiles"
#define SECTION_REMOVED  "removed"

struct section {
    const char *name;
    const char *help;    /* one or two sentences, ends in a full stop */
    const char *example; /* the section as YAML, ends in a newline */
};

size_t section_count(void);
const struct section *section_at(size_t index);
/* NULL when there is none; kinds have sections of their own. */
const struct section *section_find(const char *name);

/* One entry of `removed`. */
struct removal_spec {
    struct object object;
    struct text_value after;
    struct text_value why;
};
extern const struct schema removal_schema;
