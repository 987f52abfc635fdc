/* Bytes to nodes: strict YAML 1.2 as the language allows it. No anchors, aliases, merge keys, tags,
 * directives or second documents; duplicate keys, control and bidi characters are errors; sizes and
 * depth are limited. Scalars keep their text: what it means is decided by the field that reads it.
 */
#pragma once

#include <stdbool.h>

#include "model/diagnostic.h"
#include "model/node.h"

enum {
    YAML_DEPTH_MAX = 64,
    YAML_SCALAR_MAX = 64 * 1024,
    YAML_KEY_MAX = 256,
    YAML_NODES_MAX = 200 * 1000, /* a file of 1 MiB has some 80,000 */
};

struct yaml {
    const struct node *root; /* a mapping; NULL: nothing stands in the file */
    /* Parts were left out because of a mistake, which is reported: the entries below the top-level
     * maps that hold one, and all behind one that could not be read over. What is only missing
     * because of that should not be reported. */
    bool is_incomplete;
};

/* Reports every mistake that can be found. The nodes refer to the source. */
struct yaml yaml_parse(struct arena *arena, const struct source *source,
                       struct diagnostic_list *diagnostics);
