/* The set of documents, with an index so that a lookup does not depend on how many there are. */

#include "model/document.h"

#include <assert.h>

static struct document_index *index_find(const struct document_set *set, const char *kind)
{
    for (size_t i = 0; i < set->indexes.count; i++) {
        if (strcmp(set->indexes.items[i].kind, kind) == 0) {
            return &set->indexes.items[i];
        }
    }
    return NULL;
}

void document_set_add(struct arena *arena, struct document_set *set, struct document *document)
{
    struct document_index *index = index_find(set, document->kind_name);
    if (index == NULL) {
        index = vec_new(arena, &set->indexes);
        index->kind = document->kind_name;
    }
    void *former = map_put(arena, &index->by_name, document->name, document);
    assert(former == NULL);
    (void)former; /* only looked at by the assertion */
    vec_add(arena, &set->documents, document);
}

const struct document *document_find(const struct document_set *set, const char *kind,
                                     const char *name)
{
    const struct document_index *index = index_find(set, kind);
    return index == NULL ? NULL : map_get(&index->by_name, name);
}

const struct document *document_find_id(struct arena *arena, const struct document_set *set,
                                        const char *id)
{
    const char *colon = strchr(id, ':');
    if (colon == NULL) {
        return NULL;
    }
    return document_find(set, arena_strndup(arena, id, (size_t)(colon - id)), colon + 1);
}

const struct reference *document_reference(const struct document *document,
                                           const struct node *value)
{
    if (value == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < document->references.count; i++) {
        const struct reference *reference = &document->references.items[i];
        if (reference->span.source == value->span.source &&
            reference->span.first == value->span.first) {
            return reference;
        }
    }
    return NULL;
}

const char *document_id(struct arena *arena, const struct document *document)
{
    return arena_printf(arena, "%s:%s", document->kind_name, document->name);
}
