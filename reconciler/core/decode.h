/* Trees to documents: sections of all files become one set, laid over each other by layer, with
 * defaults, profiles and presets below what each document says. Pure. */
#pragma once

#include <stdbool.h>

#include "model/diagnostic.h"
#include "model/document.h"
#include "model/facts.h"
#include "model/layout.h"

struct yaml;

/* One file; a higher layer is laid over the lower ones (base, environment, host). */
struct decode_source {
    const struct source *source;
    size_t layer;              /* below DECODE_LAYERS */
    const struct yaml *parsed; /* its nodes, where they are known already; or NULL */
};
VEC(decode_sources, struct decode_source);

enum { DECODE_LAYERS = 3 };

struct decode_input {
    struct arena *arena;
    const struct facts *facts; /* presets depend on them */
    const struct layout *layout;
    const struct decode_sources *sources;
    struct diagnostic_list *diagnostics;
    const struct map *only; /* documents that are looked at, "sites shop"; NULL: all */
};

/* Reads every source and fills the specs; all mistakes become diagnostics. *out_incomplete is true
 * when some file could not be read whole: what is missing may stand there. */
void decode_documents(const struct decode_input *input, struct document_set *out_documents,
                      bool *out_incomplete);
