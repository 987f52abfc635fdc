/* A set of files that switch together: the nginx configuration. id: the absolute path of the link
 * that names the live generation's copy. Renderers contribute members; core/desired collects them
 * into the one item of their tree. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "model/item.h"
#include "model/layout.h"

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
    const char *certificate; /* directory of the pair that the listener must present; NULL: any that
                                the system trusts */
};
VEC(probe_list, struct probe);

struct tree_item {
    struct tree_member_list members; /* sorted by path */
    struct probe_list probes;
    const char *const *inputs; /* names of items ("certificate:shop.example.com") that nginx reads
                                  only when it loads; NULL-terminated; NULL: none */
    /* Wanted: written and tested by the run before it applies. Found: the live one. */
    unsigned long generation;
    int64_t test_us; /* what its test took; sets the deadline of the reload */
    /* Only of what was found: */
    const char *instead;  /* what stands in place of our link, in words; NULL: ours */
    const char *altered;  /* a file of ours that is no member, and not as we wrote it; or NULL */
    const char *unloaded; /* why the running nginx has not loaded these members; NULL: it has, or
                             nobody can know (--root) */
};

/* The two files through which the main nginx.conf reaches the live tree, one for each level at
 * which Debian's includes a folder. */
enum tree_level { TREE_MAIN, TREE_HTTP, TREE_LEVEL_COUNT };
struct tree_entrance {
    const char *path; /* "/etc/nginx/conf.d/reconcile.conf" */
    const char *text;
};
struct tree_entrance tree_entrance(struct arena *arena, const struct layout *layout,
                                   enum tree_level level);
