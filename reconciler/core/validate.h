/* Checks inside each document, by its kind's own rules; a document whose fields could not be read
 * is passed over, since most of what its check would find only follows from that. Pure. */
#pragma once

#include "model/diagnostic.h"
#include "model/document.h"
#include "model/facts.h"
#include "model/layout.h"

void validate_documents(struct arena *arena, const struct facts *facts, const struct layout *layout,
                        struct document_set *documents, struct diagnostic_list *diagnostics);
