/* The table of verbs, made from verbs.def. */
#include <string.h>

#include "verbs/verb.h"

static const struct verb verbs[] = {
#define VERB(name_, arguments_, most, help_, more_)                                                \
    {.name = #name_,                                                                               \
     .arguments = (arguments_),                                                                    \
     .help = (help_),                                                                              \
     .more = (more_),                                                                              \
     .words_most = (most),                                                                         \
     .execute = verb_##name_},
#include "verbs/verbs.def"
#undef VERB
};

size_t verb_count(void)
{
    return sizeof(verbs) / sizeof(*verbs);
}

const struct verb *verb_at(size_t index)
{
    return &verbs[index];
}

const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; i < verb_count(); i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}
