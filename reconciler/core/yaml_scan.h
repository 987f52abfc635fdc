/* The bytes of a file, looked at before YAML is. */
#pragma once

#include "base/str.h"
#include "base/vec.h"
#include "model/diagnostic.h"

VEC(offset_list, size_t);

struct yaml_scan {
    /* What the parser shall read: the source's bytes, of which the forbidden ones are replaced by
     * harmless ones of the same length, so that offsets stay and more mistakes are found. */
    struct str content;
    char *copy;                  /* the same as soon as something was replaced; else NULL */
    size_t begin;                /* behind a byte order mark */
    bool is_ascii;               /* a character is a byte */
    bool is_text;                /* false: so much is wrong that nothing else is worth saying */
    struct offset_list mistakes; /* offsets of what was replaced */
};

struct yaml_scan yaml_scan(struct arena *arena, const struct source *source,
                           struct diagnostic_list *diagnostics);
/* Replaces bytes that keep the parser from going on; they are counted among the mistakes. */
void yaml_scan_replace(struct arena *arena, struct yaml_scan *scan, size_t offset, size_t length);
/* Reports the first character of a decoded text that must not be in a value; span is the scalar.
 * False when there is none. */
bool yaml_scan_value(struct arena *arena, struct str text, struct span span,
                     struct diagnostic_list *diagnostics);
