/* Environment files as systemd reads them (EnvironmentFile=): NAME="value", one after another. In
 * the quotes everything stands for itself, line breaks too, but for " \ ` and $, which a backslash
 * precedes. A POSIX shell reads the same values. */
#pragma once

#include "model/item.h"
#include "schemas/value.h"

/* The text, after it was parsed back and found to say exactly this (asserted). */
struct mapped_text environment_text(struct arena *arena, const struct text_map *variables);

struct environment_variable {
    const char *name;
    const char *value;
};
VEC(environment_variables, struct environment_variable);
/* Reads what environment_text writes; false with out_line set for anything else. */
bool environment_parse(struct arena *arena, struct str text,
                       struct environment_variables *out_variables, size_t *out_line);
