/* Reads nginx configuration text: what we rendered, to compare it with the model before the switch,
 * and what others wrote beside it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "base/vec.h"

/* nginx ends a parameter at 4,096 bytes as written, quotes and escapes included. */
enum { NGINX_ARGUMENT_MAX = 4080 };

struct nginx_directive {
    const char *name;
    const char *const *arguments; /* NULL-terminated, unquoted as nginx does it */
    size_t argument_count;
    size_t line;  /* from 1 */
    size_t depth; /* of blocks around it */
    size_t first; /* offset of its first byte */
    size_t body;  /* behind its semicolon or opening brace */
    size_t end;   /* behind its semicolon or closing brace */
    bool opens_block;
};
VEC(nginx_directives, struct nginx_directive);

/* False with out_line set when the text is not well formed; the directives before that line are
 * given all the same. */
bool nginx_parse(struct arena *arena, struct str text, struct nginx_directives *out_directives,
                 size_t *out_line);
