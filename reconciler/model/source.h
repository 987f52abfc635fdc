/* The bytes of one input file, and where in them something stands. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

struct source {
    const char *name; /* as shown to people: the path below the folder, or "preset gunicorn" */
    const char *path; /* as it is opened from the working directory; NULL: no file of today */
    struct str content;
    const size_t *line_starts; /* offset of each line's first byte; line_count entries */
    size_t line_count;
};

/* Where a thing was written. A span without a source means "nowhere": a field's own default. */
struct span {
    const struct source *source;
    size_t first; /* offset of the first byte */
    size_t end;   /* offset behind the last byte */
};

struct position {
    size_t line;   /* from 1 */
    size_t column; /* from 1, in code points */
};

#define SPAN_NONE ((struct span){NULL, 0, 0})

/* Keeps name and content by reference; indexes the lines (LF and CRLF end a line). */
const struct source *source_make(struct arena *arena, const char *name, struct str content);
/* The same of a file that can be opened. */
const struct source *source_make_file(struct arena *arena, const char *name, const char *path,
                                      struct str content);
struct position source_position(const struct source *source, size_t offset);
/* The line (from 1) without its line end. */
struct str source_line(const struct source *source, size_t line);
/* "sites/shop.yaml:7:5"; the source's name alone for a span of no length at 0 in empty content;
 * "default" for SPAN_NONE. */
const char *span_text(struct arena *arena, struct span span);
