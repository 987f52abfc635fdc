/* Items as renderers make them. */

#include "model/item.h"

struct item *item_add(struct arena *arena, struct item_list *list, const char *type, const char *id,
                      const struct document *document, struct span span, const void *wanted)
{
    struct item *item = vec_new(arena, list);
    item->type = type;
    item->id = id;
    item->document = document;
    item->span = span.source == NULL && document != NULL ? document->span : span;
    item->wanted = wanted;
    return item;
}

const char *item_name(struct arena *arena, const struct item *item)
{
    return arena_printf(arena, "%s:%s", item->type, item->id);
}
