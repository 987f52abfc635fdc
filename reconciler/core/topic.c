/* The list of topics: the kinds' table, and what stands beside it. */
#include "core/topic.h"

#include <string.h>

#include "core/kind.h"
#include "schemas/common.h"
#include "schemas/section.h"
#include "schemas/settings.h"

static const struct schema *const others[] = {&common_schema, &removal_schema, &settings_schema};

size_t topic_count(void)
{
    return kind_count() + sizeof(others) / sizeof(others[0]);
}

const struct schema *topic_at(size_t index)
{
    return index < kind_count() ? kind_at(index)->schema : others[index - kind_count()];
}

const struct schema *topic_find(const char *name)
{
    for (size_t i = 0; i < topic_count(); i++) {
        const struct schema *schema = topic_at(i);
        if (strcmp(schema->name, name) == 0 || text_equal(schema->plural, name)) {
            return schema;
        }
    }
    return NULL;
}

const char *topic_nearest(struct arena *arena, const char *name)
{
    const char **names = arena_array(arena, topic_count(), sizeof(*names));
    for (size_t i = 0; i < topic_count(); i++) {
        names[i] = topic_at(i)->name;
    }
    return diagnostic_nearest(name, names, topic_count());
}

const struct field *topic_field_at(const struct schema *schema, size_t index)
{
    for (const struct schema *at = schema; at != NULL; at = at->base) {
        if (index < at->field_count) {
            return &at->fields[index];
        }
        index -= at->field_count;
    }
    return NULL;
}
