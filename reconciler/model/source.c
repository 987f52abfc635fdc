/* Positions in an input file. Offsets are bytes; lines and columns are made only when somebody is
 * told, so that parsing does not pay for them. */

#include "model/source.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>

#include "base/vec.h"

VEC(line_start_list, size_t);

const struct source *source_make(struct arena *arena, const char *name, struct str content)
{
    return source_make_file(arena, name, NULL, content);
}

const struct source *source_make_file(struct arena *arena, const char *name, const char *path,
                                      struct str content)
{
    struct line_start_list starts = {0};
    vec_add(arena, &starts, 0);
    for (const char *at = content.data, *end = at + content.length; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (newline == NULL) {
            break;
        }
        at = newline + 1;
        vec_add(arena, &starts, (size_t)(at - content.data));
    }

    struct source *source = arena_new(arena, struct source);
    source->name = name;
    source->path = path;
    source->content = content;
    source->line_starts = starts.items;
    source->line_count = starts.count;
    return source;
}

/* Index of the last line that starts at or before the offset. */
static size_t line_index(const struct source *source, size_t offset)
{
    size_t low = 0;
    size_t high = source->line_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (source->line_starts[middle] <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* A byte that continues a code point of UTF-8. */
static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0U) == 0x80U;
}

struct position source_position(const struct source *source, size_t offset)
{
    if (offset > source->content.length) {
        offset = source->content.length;
    }
    size_t index = line_index(source, offset);
    size_t column = 1;
    for (size_t i = source->line_starts[index]; i < offset; i++) {
        column += is_continuation(source->content.data[i]) ? 0 : 1;
    }
    return (struct position){index + 1, column};
}

struct str source_line(const struct source *source, size_t line)
{
    assert(line >= 1 && line <= source->line_count);
    const char *data = source->content.data;
    size_t first = source->line_starts[line - 1];
    size_t end = line < source->line_count ? source->line_starts[line] : source->content.length;
    if (end > first && data[end - 1] == '\n') {
        end--;
        if (end > first && data[end - 1] == '\r') {
            end--;
        }
    }
    return (struct str){data + first, end - first};
}

const char *span_text(struct arena *arena, struct span span)
{
    if (span.source == NULL) {
        return "default";
    }
    if (span.source->content.length == 0 && span.end == 0) {
        return span.source->name;
    }
    struct position position = source_position(span.source, span.first);
    return arena_printf(arena, "%s:%zu:%zu", span.source->name, position.line, position.column);
}
