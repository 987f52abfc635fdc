/* What a managed file says, piece by piece: directives, settings, variables; lines where the file
 * is of none of these sorts or cannot be read. Two spellings of one value (512M and 536870912) are
 * the same. Pure. */
#pragma once

#include <stdbool.h>

#include "model/item.h"

struct accept_unit {
    const char *said;         /* compared: the place, the name and the value, in one spelling */
    const char *block;        /* where it may stand anywhere; NULL: its order counts */
    const char *const *words; /* as written, without quotes; the first is the name */
    size_t word_count;
    size_t line;      /* from 1 */
    struct span span; /* the YAML that it comes from; SPAN_NONE: not known */
};
VEC(accept_units, struct accept_unit);

/* False when the text is not well formed, as its path's ending wants it: then its lines are given.
 * The text's own lines may be NULL: it is not known where they come from. */
bool accept_units_read(struct arena *arena, const char *path, const struct mapped_text *text,
                       struct accept_units *out);

/* A unit that one side has in place of the other's; either may be NULL. */
struct accept_difference {
    size_t file; /* of the caller's list */
    const struct accept_unit *wanted;
    const struct accept_unit *host;
    size_t line;        /* of the host's file, where it is or would be */
    struct span before; /* the YAML of the line of ours before it; SPAN_NONE: not known */
};
VEC(accept_differences, struct accept_difference);

/* Adds the differences, in the order of the file. */
void accept_units_compare(struct arena *arena, const struct accept_units *wanted,
                          const struct accept_units *host, size_t file,
                          struct accept_differences *out);

/* A time as nginx or systemd write it ("1h30m", "2min 30s", "90"), in milliseconds. */
bool accept_read_time(const char *text, int64_t *out_milliseconds);
