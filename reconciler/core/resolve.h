/* References become pointers, and what can exist only once has one owner. Pure. */
#pragma once

#include <stdbool.h>

#include "model/diagnostic.h"
#include "model/document.h"

/* is_incomplete: some file could not be read whole, so a missing document is not reported; it may
 * stand there. */
void resolve_documents(struct arena *arena, struct document_set *documents, bool is_incomplete,
                       struct diagnostic_list *diagnostics);
