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
/* Members below this stand in one block of streams at main level. */
#define TREE_STREAMS "stream/"

struct tree_member {
    const char *path; /* below the tree: "http/sites/shop.example.com.conf" */
    struct mapped_text text;
    const struct document *document; /* who wants it; NULL for shared files */
};
VEC(tree_member_list, struct tree_member);

/* Statuses from first to last. */
struct probe_status {
    unsigned first;
    unsigned last;
};
VEC(probe_statuses, struct probe_status);

/* A header of an answer, and a text that stands in it. */
struct probe_header {
    const char *name;
    const char *text;
};
VEC(probe_headers, struct probe_header);

/* A request to make after the switch, through the real listener. */
struct probe {
    const struct document *document;
    struct span span;
    const char *host; /* Host header and TLS name */
    const char *path;
    uint16_t port;
    bool uses_tls;
    unsigned timeout_ms;     /* until the first good answer */
    const char *certificate; /* directory of the pair that the listener must present; NULL: any that
                                the system trusts */
    bool is_head;
    struct probe_statuses statuses; /* that are well; none: 2xx and 3xx */
    struct probe_headers headers;   /* that a good answer has */
    const char *contains;           /* stands in a good answer; NULL: whatever it holds */
    unsigned within_ms;             /* of one answer; 0: all the time that is left */
    unsigned window_ms;             /* it goes on to answer well after the first time; 0: no more */
};
VEC(probe_list, struct probe);

/* Where a client of this host reaches a listener. */
struct tls_endpoint {
    const char *address; /* "127.0.0.1", "::1" */
    uint16_t port;
};
VEC(tls_endpoint_list, struct tls_endpoint);

/* A server that answers TLS handshakes with a certain pair, whichever of its names is asked for. */
struct tls_server {
    const struct document *document;
    const char *certificate;  /* id of the pair's item */
    const char *const *names; /* NULL-terminated; none: it answers without being asked for one */
    struct tls_endpoint_list endpoints;
};
VEC(tls_server_list, struct tls_server);

struct tree_item {
    struct tree_member_list members; /* sorted by path */
    struct probe_list probes;
    struct tls_server_list tls_servers;
    const char *const *inputs; /* names of items ("certificate:shop.example.com") that nginx reads
                                  only when it loads; NULL-terminated; NULL: none */
    /* Wanted: written and tested by the run before it applies. Found: the live one. */
    unsigned long generation;
    int64_t test_us; /* what its test took; sets the deadline of the reload */
    /* Only of what was found: */
    const char *instead;  /* what stands in place of our link, in words; NULL: ours */
    const char *altered;  /* a file of ours that is no member, and not as we wrote it; or NULL */
    bool is_taken_over;   /* a member was changed by hand, and the documents say so now: the current
                             generation has another text, and nobody knows what nginx has loaded */
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
