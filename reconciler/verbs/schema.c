/* schema: the JSON Schema of the documents. */
#include "core/kind.h"
#include "schemas/json_schema.h"
#include "verbs/verb.h"

int verb_schema(struct command *command)
{
    const struct schema **kinds = arena_array(command->arena, kind_count(), sizeof(*kinds));
    for (size_t i = 0; i < kind_count(); i++) {
        kinds[i] = kind_at(i)->schema;
    }
    struct text out = text_make(command->arena);
    json_schema_write(kinds, kind_count(), &out);
    return output_text(command, text_str(&out));
}
