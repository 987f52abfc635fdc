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

const struct kind *kind_of_name(const char *name)
{
    const struct kind *kind = kind_find(name);
    return kind != NULL && strcmp(kind->schema->name, name) == 0 ? kind : NULL;
}

const char *kind_nearest(struct arena *arena, const char *name)
{
    const struct kind *plural = kind_find(name);
    if (plural != NULL) {
        return plural->schema->name;
    }
    const char **names = arena_array(arena, kind_count(), sizeof(*names));
    for (size_t i = 0; i < kind_count(); i++) {
        names[i] = kinds[i].schema->name;
    }
    return diagnostic_nearest(name, names, kind_count());
}
