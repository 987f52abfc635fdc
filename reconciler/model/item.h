/* An item: one thing on the host. Renderers make them, providers look after them. The type is the
 * name of its provider ("file", "directory", "user", "unit", "tree", "certificate"); the wanted
 * state is the struct of that type in model/TYPE_item.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/vec.h"
#include "model/document.h"

struct item {
    const char *type;
    const char *id;                  /* unique within its type: a path, a unit's or user's name */
    const struct document *document; /* who wants it; NULL for what the engine itself needs */
    struct span span;                /* the YAML that asks for it: the document's, or a field's */
    const void *wanted;              /* NULL: it shall not exist */
    bool is_secret;                  /* only "changed" is ever shown */
    bool has_data;                   /* never deleted without a tombstone: left over instead */
};

VEC(item_list, struct item);

/* Appends an item for the document; span SPAN_NONE means the document's own. */
struct item *item_add(struct arena *arena, struct item_list *list, const char *type, const char *id,
                      const struct document *document, struct span span, const void *wanted);
/* "file:/etc/systemd/system/shop.service": unique on the host. */
const char *item_name(struct arena *arena, const struct item *item);

/* Text of which each line knows the YAML that it came from. */
struct mapped_text {
    struct str content;
    const struct span *lines; /* one per line of content; SPAN_NONE where nobody wrote it */
    size_t line_count;
};
/* On another arena, with nothing to spare. */
struct mapped_text mapped_text_copy(struct arena *arena, const struct mapped_text *text);
