/* Items as renderers make them. */

#include "model/item.h"

#include <string.h>

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

struct mapped_text mapped_text_copy(struct arena *arena, const struct mapped_text *text)
{
    struct span *lines = arena_array(arena, text->line_count, sizeof(*lines));
    if (text->line_count > 0) {
        memcpy(lines, text->lines, text->line_count * sizeof(*lines));
    }
    return (struct mapped_text){
        .content = {arena_strndup(arena, text->content.data, text->content.length),
                    text->content.length},
        .lines = lines,
        .line_count = text->line_count,
    };
}
