/* The table of providers, in the order of providers.def. */

#include "providers/providers.h"

#include <string.h>

#define PROVIDER(type) &type##_provider,
static const struct provider *const providers[] = {
#include "providers/providers.def"
};
#undef PROVIDER

size_t provider_count(void)
{
    return sizeof(providers) / sizeof(providers[0]);
}

const struct provider *provider_at(size_t index)
{
    return index < provider_count() ? providers[index] : NULL;
}

size_t provider_rank(const char *type)
{
    size_t rank = 0;
    while (rank < provider_count() && strcmp(providers[rank]->type, type) != 0) {
        rank++;
    }
    return rank;
}

const struct provider *provider_find(const char *type)
{
    return provider_at(provider_rank(type));
}
