/* Hands every document to the check of its kind, and looks at the removals beside them. */
#include "core/validate.h"

#include "core/kind.h"
#include "core/parts.h"

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

struct validation {
    const struct facts *facts;
    const struct layout *layout;
    const struct document_list *documents;
};

static void check_documents(void *context, const struct part *part)
{
    const struct validation *validation = context;
    for (size_t i = part->first; i < part->end; i++) {
        struct document *document = validation->documents->items[i];
        const struct schema *schema = document->kind->schema;
        struct check check = {.arena = part->arena,
                              .diagnostics = part->diagnostics,
                              .document = document,
                              .facts = validation->facts,
                              .layout = validation->layout};
        if (schema->check != NULL && !document->has_mistakes) {
            size_t before = part->diagnostics->count;
            schema->check(&check, document->spec);
            document->has_mistakes = diagnostics_have_errors_from(part->diagnostics, before);
        }
    }
}

void validate_documents(struct arena *arena, const struct facts *facts, const struct layout *layout,
                        struct document_set *documents, struct diagnostic_list *diagnostics)
{
    struct validation validation = {facts, layout, &documents->documents};
    struct parts parts =
        parts_split(arena, diagnostics, documents->documents.count, DOCUMENTS_LEAST);
    parts_run(&parts, check_documents, &validation);
    check_tombstones(arena, documents, diagnostics);
}
