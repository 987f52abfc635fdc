/* The YAML tree: what stands in a file, each piece with its span. After the overlays are merged a
 * tree may hold nodes of several sources. Nodes are never changed after they are made. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"
#include "model/source.h"

enum node_type { NODE_SCALAR, NODE_LIST, NODE_MAPPING };

struct node_entry {
    const struct node *key; /* always a scalar */
    const struct node *value;
};

VEC(node_entries, struct node_entry);
VEC(node_elements, const struct node *);

struct node {
    enum node_type type;
    bool is_quoted; /* scalars: '...', "...", | or >: never null, never a boolean */
    bool is_short;  /* a mapping that a shorthand stands for: nobody wrote its key */
    struct span span;
    const char *text;              /* scalars: NUL-terminated UTF-8 without C0/C1 or bidi controls
                                      other than newline and tab in quoted and block scalars */
    size_t length;                 /* of text */
    struct node_entries entries;   /* mappings, in written order, keys unique */
    struct node_elements elements; /* lists */
    bool hides_lower;              /* mappings of merged trees: it was laid over a null, so nothing
                                      that stands below both shines through */
};

/* A plain null, ~ or empty scalar: removes what a lower overlay set. */
bool node_is_null(const struct node *node);
/* "a list", "nothing": what stands there, for messages. */
const char *node_words(const struct node *node);
/* The value of a mapping's key, or NULL. */
const struct node *node_get(const struct node *mapping, const char *key);
