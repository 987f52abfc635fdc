/* Which values of a document the words of a changed line may stand for. Pure. */
#pragma once

#include <stdbool.h>

#include "core/accept_unit.h"
#include "schemas/field.h"

VEC(accept_words, const char *);

/* A part of a text that became another. */
struct accept_swap {
    const char *from; /* not empty */
    const char *to;
};
VEC(accept_swaps, struct accept_swap);

struct accept_values {
    struct accept_words texts; /* of the host: words, and what they are made of */
    struct accept_swaps swaps;
    const char *line;            /* all words behind the name, as one line of words; or NULL */
    struct accept_words removed; /* words that stand on our side only */
};

void accept_values_of(struct arena *arena, const struct accept_difference *difference,
                      struct accept_values *out);

/* The text as a value of this row's type: NULL when it is none. */
const char *accept_value_fit(struct arena *arena, const struct field *field, const char *text);
