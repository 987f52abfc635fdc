/* Hands every document to the check of its kind, and looks at the removals beside them. */
#include "core/validate.h"

#include "core/kind.h"

/* What is written cannot be removed at the same time. */
static void check_tombstones(struct arena *arena, const struct document_set *documents,
                             struct diagnostic_list *diagnostics)
{
    for (size_t i = 0; i < documents->tombstones.count; i++) {
        const struct tombstone *tombstone = &documents->tombstones.items[i];
        const struct document *document =
            document_find(documents, tombstone->kind, tombstone->name);
        if (document != NULL) {
            struct diagnostic *diagnostic =
                diagnostic_add(arena, diagnostics, DIAGNOSTIC_REMOVED_BUT_WRITTEN, tombstone->span,
                               tombstone->kind, tombstone->name, NULL);
            diagnostic->second = document->span;
        }
    }
}

void validate_documents(struct arena *arena, const struct facts *facts, const struct layout *layout,
                        struct document_set *documents, struct diagnostic_list *diagnostics)
{
    for (size_t i = 0; i < documents->documents.count; i++) {
        struct document *document = documents->documents.items[i];
        const struct schema *schema = document->kind->schema;
        struct check check = {.arena = arena,
                              .diagnostics = diagnostics,
                              .document = document,
                              .facts = facts,
                              .layout = layout};
        if (schema->check != NULL && !document->has_mistakes) {
            size_t before = diagnostics->count;
            schema->check(&check, document->spec);
            document->has_mistakes = diagnostics_have_errors_from(diagnostics, before);
        }
    }
    check_tombstones(arena, documents, diagnostics);
}
