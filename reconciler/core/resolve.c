/* Leads every relation to its document and every claim to its only owner. */
#include "core/resolve.h"

#include <string.h>

#include "base/map.h"
#include "core/kind.h"

/* secret:NAME is a relation to a file of the host, not to a document. */
#define KIND_SECRET "secret"

/* Guessing looks at every name of the kind; behind so many mistakes nobody reads the guesses. */
enum { GUESSES_MAX = 100 };

struct resolving {
    struct arena *arena;
    const struct document_set *documents;
    struct diagnostic_list *diagnostics;
    bool is_incomplete;
    size_t guesses;
};

/* "service:shop" for service:shpo; NULL when no name is near. */
static const char *guess(struct resolving *resolving, const struct reference *reference)
{
    const struct document_list *list = &resolving->documents->documents;
    if (resolving->guesses == GUESSES_MAX) {
        return NULL;
    }
    resolving->guesses++;
    const char **names = arena_array(resolving->arena, list->count, sizeof(*names));
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i]->kind_name, reference->kind) == 0) {
            names[count++] = list->items[i]->name;
        }
    }
    const char *nearest = diagnostic_nearest(reference->name, names, count);
    return nearest == NULL ? NULL
                           : arena_printf(resolving->arena, "%s:%s", reference->kind, nearest);
}

static struct diagnostic *complain(struct resolving *resolving, enum diagnostic_code code,
                                   const struct document *document,
                                   const struct reference *reference, const char *first,
                                   const char *second)
{
    struct diagnostic *diagnostic = diagnostic_add(resolving->arena, resolving->diagnostics, code,
                                                   reference->span, first, second, NULL);
    diagnostic->path = arena_printf(resolving->arena, "%s %s: %s", document->kind_name,
                                    document->name, reference->path);
    return diagnostic;
}

/* services:shop, or servce:shop */
static void complain_kind(struct resolving *resolving, const struct document *document,
                          const struct reference *reference)
{
    struct diagnostic *diagnostic =
        complain(resolving, DIAGNOSTIC_UNKNOWN_KIND, document, reference, reference->kind, NULL);
    const char *nearest = kind_nearest(resolving->arena, reference->kind);
    if (nearest != NULL) {
        diagnostic->suggestion = arena_printf(resolving->arena, "%s:%s", nearest, reference->name);
    }
}

static void resolve_reference(struct resolving *resolving, const struct document *document,
                              struct reference *reference)
{
    if (strcmp(reference->kind, KIND_SECRET) == 0) {
        return;
    }
    if (kind_of_name(reference->kind) == NULL) {
        complain_kind(resolving, document, reference);
        return;
    }
    reference->target = document_find(resolving->documents, reference->kind, reference->name);
    if (reference->target == document) {
        (void)complain(resolving, DIAGNOSTIC_SELF_REFERENCE, document, reference,
                       document_id(resolving->arena, document), NULL);
    } else if (reference->target == NULL && !resolving->is_incomplete) {
        complain(resolving, DIAGNOSTIC_MISSING_DOCUMENT, document, reference, reference->kind,
                 reference->name)
            ->suggestion = guess(resolving, reference);
    }
}

static void resolve_claims(struct arena *arena, const struct document_set *documents,
                           struct diagnostic_list *diagnostics)
{
    struct claim_list claims = {0};
    for (size_t i = 0; i < documents->documents.count; i++) {
        const struct document *document = documents->documents.items[i];
        if (document->kind->schema->claims != NULL && !document->has_mistakes) {
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
    struct resolving resolving = {.arena = arena,
                                  .documents = documents,
                                  .diagnostics = diagnostics,
                                  .is_incomplete = is_incomplete};
    for (size_t i = 0; i < documents->documents.count; i++) {
        struct document *document = documents->documents.items[i];
        for (size_t r = 0; r < document->references.count; r++) {
            resolve_reference(&resolving, document, &document->references.items[r]);
        }
    }
    resolve_claims(arena, documents, diagnostics);
}
