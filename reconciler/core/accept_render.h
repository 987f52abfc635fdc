/* The stages from sources to texts, for trying changes of the documents out. Pure. */
#pragma once

#include <stdbool.h>

#include "core/accept_unit.h"
#include "core/decode.h"

struct accept_setting {
    const struct facts *facts;
    const struct layout *layout;
    bool keeps_tree;        /* as in core/desired.h */
    const struct map *only; /* documents that are looked at, "sites shop"; NULL: all */
};

/* One file of the host as the documents want it. */
struct accept_text {
    const char *path; /* absolute */
    struct mapped_text text;
    const struct document *document; /* who wants it; NULL: the engine itself */
};
VEC(accept_texts, struct accept_text);

/* False when the documents have mistakes. out_texts: sorted by path. */
bool accept_render(const struct accept_setting *setting, struct arena *arena,
                   const struct decode_sources *sources, struct document_set *out_documents,
                   struct accept_texts *out_texts);
/* NULL when nobody wants that file. */
const struct accept_text *accept_text_find(const struct accept_texts *texts, const char *path);
