/* A document: one named entry of a kind, and the set of all documents of a run. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"
#include "base/vec.h"
#include "model/node.h"

struct kind; /* core/kind.h: schema and renderer side by side */

/* One relation that a document writes: service:shop. */
struct reference {
    const char *kind; /* "service" */
    const char *name;
    struct span span;
    const char *path;              /* the field, for messages: "proxy" */
    const struct document *target; /* filled by core/resolve; NULL for kinds that are no document
                                      (secret:NAME) */
};
VEC(reference_list, struct reference);

struct document {
    const struct kind *kind;
    const char *kind_name; /* "site" */
    const char *name;
    struct span span;            /* of the key */
    const struct node *node;     /* the merged mapping the spec was read from */
    const struct node *defaults; /* what all of its kind have unless they say otherwise; NULL:
                                    nothing */
    void *spec;                  /* the struct of that kind; begins with struct common_spec */
    struct reference_list references;
    bool has_mistakes; /* in its fields: what else would be found may only follow from them */
    size_t order;      /* place in dependency order, filled by core/order */
};

VEC(document_list, struct document *);

/* A thing with data that may go away: the removed: map. */
struct tombstone {
    const char *kind;
    const char *name;
    struct span span;
    const char *after; /* date or NULL */
    const char *why;   /* or NULL */
};
VEC(tombstone_list, struct tombstone);

/* The documents of one kind by name. */
struct document_index {
    const char *kind;
    struct map by_name;
};
VEC(document_index_list, struct document_index);

struct document_set {
    struct document_list documents; /* by kind and name; in dependency order after core/order */
    struct tombstone_list tombstones;
    struct document_index_list indexes; /* one per kind that has documents */
};

/* The only way into a set, since it keeps the index for document_find. */
void document_set_add(struct arena *arena, struct document_set *set, struct document *document);
/* NULL when there is none. */
const struct document *document_find(const struct document_set *set, const char *kind,
                                     const char *name);
/* The same by document_id: "site:shop.example.com". */
const struct document *document_find_id(struct arena *arena, const struct document_set *set,
                                        const char *id);
/* The relation that a value writes ("service:shop"): value is the node of the spec's member. NULL
 * when the value is plain text. */
const struct reference *document_reference(const struct document *document,
                                           const struct node *value);
/* "site:shop.example.com" */
const char *document_id(struct arena *arena, const struct document *document);
