#include "statusd/deliveries.h"

#include <string.h>

const char *delivery_key(struct arena *arena, const struct delivery_record *delivery)
{
    return arena_printf(arena, "%lld:%s", (long long)delivery->last_at, delivery->version);
}

bool delivery_key_read(const char *key, struct delivery_filter *filter)
{
    const char *colon = key == NULL ? NULL : strchr(key, ':');
    if (colon == NULL || colon[1] == '\0') {
        return false;
    }
    AUTO_ARENA arena = arena_create();
    const char *at = arena_strndup(arena, key, (size_t)(colon - key));
    filter->key_at = number_parse(at, 1, INT64_MAX, 0);
    filter->key_version = filter->key_at == 0 ? NULL : colon + 1;
    return filter->key_version != NULL;
}

struct delivery_filter deliveries_asked(const struct request *request, size_t limit)
{
    struct delivery_filter filter = {.fate = delivery_fate_find(request_parameter(request, "fate")),
                                     .search = request_parameter(request, "q"),
                                     .page.limit = limit};
    (void)delivery_key_read(request_parameter(request, "after"), &filter);
    return filter;
}
