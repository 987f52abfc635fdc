/* Dependency order: what is needed comes first; otherwise by kind and name. Pure. */
#pragma once

#include "model/diagnostic.h"
#include "model/document.h"

/* Sorts the set's documents and fills document->order. A circle is reported once, with its whole
 * path, each step at its place; the order is then not complete. */
void order_documents(struct arena *arena, struct document_set *documents,
                     struct diagnostic_list *diagnostics);
