/* The manual pages that follow from rows and words, in the language of the catalogue. Pure but for
 * the catalogue. */
#pragma once

#include "core/reference.h"

/* reconcile.yaml(5): the documents and the host's settings. */
void manual_add_documents(struct arena *arena, struct reference_pages *pages);
/* The sections of reconcile(1) that follow its verbs and options: exit codes, states, files,
 * environment, examples. */
void manual_add_words(struct text *page);
