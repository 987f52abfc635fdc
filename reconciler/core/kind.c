/* The table of kinds, made from kinds.def: adding a kind is adding a row there. */
#include "core/kind.h"

#include <string.h>

#include "schemas/schema.h"

static const struct kind kinds[] = {
#define KIND(name) {.schema = &name##_schema, .render = name##_render},
#include "schemas/kinds.def"
#undef KIND
};

size_t kind_count(void)
{
    return sizeof(kinds) / sizeof(kinds[0]);
}

const struct kind *kind_at(size_t index)
{
    return &kinds[index];
}

const struct kind *kind_find(const char *name)
{
    for (size_t i = 0; i < kind_count(); i++) {
        if (strcmp(kinds[i].schema->name, name) == 0 ||
            strcmp(kinds[i].schema->plural, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}
