/* The pages of the reference that are made from field rows; reference.c alone includes this. */
#pragma once

#include "core/reference.h"

/* A page for each topic but what documents remove, which stands on the page of all documents. */
void reference_add_topics(struct arena *arena, struct reference_pages *pages);
