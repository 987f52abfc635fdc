/* One row for each directive and the places where it means the same. Directives without a row stay
 * as they are. The rows are in import_rules.def, sorted by what they are about. */

#include "core/import_table.h"

#include "core/import_take.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

// clang-format off
static const struct import_rule rules[] = {
#define FIELD(name, places, field, take)  {name, places, IMPORT_FIELD,  field,  take},
#define ALWAYS(name, places, reason)      {name, places, IMPORT_ALWAYS, reason, NULL},
#define HOST(name, places)                {name, places, IMPORT_HOST,   NULL,   NULL},
#define RAW(name, places)                 {name, places, IMPORT_RAW,    NULL,   NULL},
#include "core/import_rules.def"
#undef FIELD
#undef ALWAYS
#undef HOST
#undef RAW
};
// clang-format on

const struct import_rule *import_rule_find(const char *name, enum import_place place)
{
    for (size_t i = 0; i < COUNT(rules); i++) {
        if ((rules[i].places & place) != 0 && strcmp(rules[i].name, name) == 0) {
            return &rules[i];
        }
    }
    return NULL;
}

bool import_is_tuning(const char *name)
{
    const struct import_rule *rule = import_rule_find(name, IMPORT_HTTP);
    const struct import_rule *here = import_rule_find(name, IMPORT_SERVER);
    return rule != NULL && rule->said == IMPORT_HOST && here != NULL && here->said == IMPORT_RAW;
}
