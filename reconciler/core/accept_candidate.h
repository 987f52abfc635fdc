/* Changes of a document that may make one difference go. They are tried out by whoever asks; none
 * is known to be right. Pure. */
#pragma once

#include "core/accept_edit.h"
#include "core/accept_value.h"

/* Which places are tried together; the first that makes the difference go ends the search. */
enum accept_rank {
    ACCEPT_NEAR,   /* the line comes from there */
    ACCEPT_AROUND, /* the document's own fields, and those of the entry that lines around are of */
    ACCEPT_FAR,    /* its other entries (other paths of a site) */
    ACCEPT_RANK_COUNT
};

struct accept_candidate {
    struct accept_change change;
    struct accept_edit edit;
    size_t cost; /* bytes that it touches */
};
VEC(accept_candidates, struct accept_candidate);

struct accept_question {
    struct arena *arena;
    const struct decode_sources *sources;
    const struct document *document;
    const struct accept_places *places;
    const struct accept_difference *difference;
};

/* In a fixed order, each change of bytes once. */
void accept_candidates_list(const struct accept_question *question, enum accept_rank rank,
                            struct accept_candidates *out);
