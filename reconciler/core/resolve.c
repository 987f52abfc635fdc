/* Leads every relation to its document and every claim to its only owner. */
#include "core/resolve.h"

#include <string.h>

#include "base/map.h"
#include "core/kind.h"

/* secret:NAME is a relation to a file of the host, not to a document. */
#define KIND_SECRET "secret"

static const char *nearest_name(struct arena *arena, const struct document_set *documents,
                                const char *kind, const char *name)
{
    const char **names = arena_array(arena, documents->documents.count, sizeof(*names));
    size_t count = 0;
    for (size_t i = 0; i < documents->documents.count; i++) {
        if (strcmp(documents->documents.items[i]->kind_name, kind) == 0) {
            names[count++] = documents->documents.items[i]->name;
        }
    }
    const char *nearest = diagnostic_nearest(name, names, count);
    return nearest == NULL ? NULL : arena_printf(arena, "%s:%s", kind, nearest);
}

static struct diagnostic *complain(struct arena *arena, struct diagnostic_list *diagnostics,
                                   enum diagnostic_code code, const struct document *document,
                                   const struct reference *reference)
{
    const char *first =
        code == DIAGNOSTIC_SELF_REFERENCE ? document_id(arena, document) : reference->kind;
    const char *second = code == DIAGNOSTIC_MISSING_DOCUMENT ? reference->name : NULL;
    struct diagnostic *diagnostic =
        diagnostic_add(arena, diagnostics, code, reference->span, first, second, NULL);
    diagnostic->path =
        arena_printf(arena, "%s %s: %s", document->kind_name, document->name, reference->path);
    return diagnostic;
}

static void resolve_reference(struct arena *arena, const struct document_set *documents,
                              bool is_incomplete, const struct document *document,
                              struct reference *reference, struct diagnostic_list *diagnostics)
{
    if (strcmp(reference->kind, KIND_SECRET) == 0) {
        return;
    }
    if (kind_find(reference->kind) == NULL) {
        (void)complain(arena, diagnostics, DIAGNOSTIC_UNKNOWN_KIND, document, reference);
        return;
    }
    reference->target = document_find(documents, reference->kind, reference->name);
    if (reference->target == document) {
        (void)complain(arena, diagnostics, DIAGNOSTIC_SELF_REFERENCE, document, reference);
    } else if (reference->target == NULL && !is_incomplete) {
        struct diagnostic *diagnostic =
            complain(arena, diagnostics, DIAGNOSTIC_MISSING_DOCUMENT, document, reference);
        diagnostic->suggestion = nearest_name(arena, documents, reference->kind, reference->name);
    }
}

static void resolve_claims(struct arena *arena, const struct document_set *documents,
                           struct diagnostic_list *diagnostics)
{
    struct claim_list claims = {0};
    for (size_t i = 0; i < documents->documents.count; i++) {
        const struct document *document = documents->documents.items[i];
        if (document->kind->schema->claims != NULL) {
            document->kind->schema->claims(arena, document, &claims);
        }
    }
    struct map owners = {0};
    for (size_t i = 0; i < claims.count; i++) {
        struct claim *claim = &claims.items[i];
        const char *key = arena_printf(arena, "%s %s", claim->what, claim->text);
        const struct claim *first = map_get(&owners, key);
        if (first == NULL) {
            (void)map_put(arena, &owners, key, claim);
            continue;
        }
        struct diagnostic *diagnostic =
            diagnostic_add(arena, diagnostics, DIAGNOSTIC_DUPLICATE_CLAIM, claim->span, claim->what,
                           claim->text, document_id(arena, first->document), NULL);
        diagnostic->second = first->span;
    }
}

void resolve_documents(struct arena *arena, struct document_set *documents, bool is_incomplete,
                       struct diagnostic_list *diagnostics)
{
    for (size_t i = 0; i < documents->documents.count; i++) {
        struct document *document = documents->documents.items[i];
        for (size_t r = 0; r < document->references.count; r++) {
            resolve_reference(arena, documents, is_incomplete, document,
                              &document->references.items[r], diagnostics);
        }
    }
    resolve_claims(arena, documents, diagnostics);
}
