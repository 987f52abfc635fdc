/* A set of files that switch together: the nginx configuration. id: the absolute path of the link
 * that names the live generation's copy. Renderers contribute members; core/desired collects them
 * into the one item of their tree. */
#pragma once

#include <stdint.h>

#include "base/vec.h"
#include "model/item.h"

#define ITEM_TREE "tree"

struct tree_member {
    const char *path; /* below the tree: "http/sites/shop.example.com.conf" */
    struct mapped_text text;
    const struct document *document; /* who wants it; NULL for shared files */
};
VEC(tree_member_list, struct tree_member);

/* A request to make after the switch, through the real listener. */
struct probe {
    const struct document *document;
    struct span span;
    const char *host; /* Host header and TLS name */
    const char *path; /* 2xx and 3xx are well */
    uint16_t port;
    bool uses_tls;
    unsigned timeout_ms;
};
VEC(probe_list, struct probe);

struct tree_item {
    struct tree_member_list members; /* sorted by path */
    struct probe_list probes;
};
