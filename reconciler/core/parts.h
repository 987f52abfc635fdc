/* Documents in parts that are worked on at once: each part has diagnostics of its own, which are
 * put together in order, and while it is worked on an arena, so that what comes out never depends
 * on the number of CPUs. */
#pragma once

#include "model/diagnostic.h"

/* So many documents are worth a part: they take some ten times as long as a thread. */
enum { DOCUMENTS_LEAST = 128 };

struct part {
    struct arena *arena; /* no other part works on it; it lasts as long as that of all */
    struct diagnostic_list *diagnostics;
    size_t number; /* which part it is, for what the work has one of for each */
    size_t first;  /* of the documents */
    size_t end;
    struct diagnostic_list own; /* where there are several parts */
};

struct parts {
    struct part *items; /* at least one */
    size_t count;
    struct arena *arena;
    struct diagnostic_list *diagnostics;
};

/* Of count documents, or other things of which `least` are worth a part. Arena and diagnostics are
 * where everything ends up. */
struct parts parts_split(struct arena *arena, struct diagnostic_list *diagnostics, size_t count,
                         size_t least);
/* Calls work for each part, and puts diagnostics together. Work reads what all share and
 * writes what is its part's. */
void parts_run(struct parts *parts, void (*work)(void *context, const struct part *part),
               void *context);
