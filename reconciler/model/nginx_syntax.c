/* Reads nginx configuration text as nginx does: words, quotes, comments, blocks. Only the shape is
 * understood, never what a directive means. */

#include "model/nginx_syntax.h"

#include <limits.h>
#include <string.h>

VEC(word_list, const char *);
VEC(number_list, size_t);

struct reader {
    struct arena *arena;
    const char *begin;
    const char *at;
    const char *end;
    char *copy; /* of the text: words stand in it */
    size_t line;
    size_t depth;
    struct nginx_directives *directives;
    struct word_list words; /* of the directive that is being read; the room is used again */
    size_t first_line;      /* of its first word */
    size_t first;
    struct number_list open; /* directives whose block is being read */
};

enum {
    SPACE = 1,
    ENDS_WORD = 2,
    ESCAPES = 4,     /* what follows may be another thing */
    ENDS_QUOTED = 8, /* or counts for something else in it */
};
static const unsigned char classes[UCHAR_MAX + 1] = {
    [' '] = SPACE | ENDS_WORD,
    ['\t'] = SPACE | ENDS_WORD,
    ['\r'] = SPACE | ENDS_WORD,
    ['\n'] = SPACE | ENDS_WORD | ENDS_QUOTED,
    [';'] = ENDS_WORD,
    ['{'] = ENDS_WORD,
    ['$'] = ESCAPES,
    ['\\'] = ESCAPES | ENDS_QUOTED,
    ['"'] = ENDS_QUOTED,
    ['\''] = ENDS_QUOTED,
};

static bool is_of(char c, unsigned class)
{
    return (classes[(unsigned char)c] & class) != 0;
}

/* The next byte from at on that is of one of the classes; end when none is. */
static const char *find_of(const char *at, const char *end, unsigned class)
{
    while (at < end && !is_of(*at, class)) {
        at++;
    }
    return at;
}

static char peek(const struct reader *reader)
{
    return reader->at < reader->end ? *reader->at : '\0';
}

static void step(struct reader *reader)
{
    reader->line += *reader->at == '\n';
    reader->at++;
}

static void skip_space(struct reader *reader)
{
    const char *at = reader->at;
    while (at < reader->end && (is_of(*at, SPACE) || *at == '#')) {
        if (*at == '#') {
            const char *newline = memchr(at, '\n', (size_t)(reader->end - at));
            at = newline == NULL ? reader->end : newline;
        } else {
            reader->line += *at == '\n';
            at++;
        }
    }
    reader->at = at;
}

/* Takes back what quoting added: a backslash before quotes and itself, and \t \r \n; before
 * anything else it stands for itself. */
static void unescape(char *word)
{
    char *out = strchr(word, '\\');
    for (const char *at = out; at != NULL && *at != '\0'; at++) {
        static const char escapes[] = "\"'\\trn";
        static const char meanings[] = "\"'\\\t\r\n";
        const char *escape = at[0] == '\\' && at[1] != '\0' ? strchr(escapes, at[1]) : NULL;
        *out++ = escape == NULL ? *at : meanings[escape - escapes];
        at += escape != NULL;
    }
    if (out != NULL) {
        *out = '\0';
    }
}

/* Up to the end of a bare word, which a backslash and the brace of ${ do not end. */
static bool skip_bare_word(struct reader *reader)
{
    const char *end = reader->end;
    const char *at = find_of(reader->at, end, ENDS_WORD | ESCAPES);
    while (at < end && is_of(*at, ESCAPES)) {
        char c = *at++;
        if (c == '\\' && at < end) {
            reader->line += *at == '\n';
            at++;
        }
        while (c == '$' && at < end && *at == '{') {
            at++;
        }
        at = find_of(at, end, ENDS_WORD | ESCAPES);
    }
    reader->at = at;
    return at < end;
}

/* Up to the closing quote; at stands behind the opening one. */
static bool skip_quoted(struct reader *reader, char quote)
{
    const char *end = reader->end;
    const char *at = find_of(reader->at, end, ENDS_QUOTED);
    while (at < end && *at != quote) {
        at += *at == '\\' && at + 1 < end;
        reader->line += *at == '\n';
        at = find_of(at + 1, end, ENDS_QUOTED);
    }
    reader->at = at;
    return at < end;
}

static bool read_word(struct reader *reader)
{
    char quote = *reader->at == '"' || *reader->at == '\'' ? *reader->at : '\0';
    if (quote != '\0') {
        step(reader);
    }
    const char *first = reader->at;
    if (!(quote != '\0' ? skip_quoted(reader, quote) : skip_bare_word(reader))) {
        return false;
    }
    size_t length = (size_t)(reader->at - first);
    if (length > NGINX_ARGUMENT_MAX) {
        return false;
    }
    char *word = reader->copy + (first - reader->begin);
    word[length] = '\0'; /* in place of what ended it */
    unescape(word);
    vec_add(reader->arena, &reader->words, word);
    if (quote == '\0') {
        return true;
    }
    step(reader);
    char next = peek(reader);
    return is_of(next, ENDS_WORD) || next == ')';
}

/* The words read so far become a directive. */
static bool end_directive(struct reader *reader, bool opens_block)
{
    if (reader->words.count == 0) {
        return false;
    }
    size_t count = reader->words.count;
    const char **words = arena_array(reader->arena, count + 1, sizeof(*words));
    memcpy(words, reader->words.items, count * sizeof(*words));
    vec_add(reader->arena, reader->directives,
            (struct nginx_directive){
                .name = words[0],
                .arguments = words + 1,
                .argument_count = count - 1,
                .line = reader->first_line,
                .depth = reader->depth,
                .first = reader->first,
                .body = (size_t)(reader->at - reader->begin),
                .end = (size_t)(reader->at - reader->begin),
                .opens_block = opens_block,
            });
    reader->words.count = 0;
    if (opens_block) {
        vec_add(reader->arena, &reader->open, reader->directives->count - 1);
        reader->depth++;
    }
    return true;
}

static bool end_block(struct reader *reader)
{
    if (reader->words.count > 0 || reader->depth == 0) {
        return false;
    }
    reader->depth--;
    size_t opener = reader->open.items[--reader->open.count];
    reader->directives->items[opener].end = (size_t)(reader->at - reader->begin);
    return true;
}

static bool read_next(struct reader *reader)
{
    switch (*reader->at) {
    case ';':
        step(reader);
        return end_directive(reader, false);
    case '{':
        step(reader);
        return end_directive(reader, true);
    case '}':
        step(reader);
        return end_block(reader);
    default:
        if (reader->words.count == 0) {
            reader->first_line = reader->line;
            reader->first = (size_t)(reader->at - reader->begin);
        }
        return read_word(reader);
    }
}

/* As a rule there is one in a line. */
static void reserve_directives(struct reader *reader)
{
    struct nginx_directives *directives = reader->directives;
    const char *at = reader->at;
    while (at != NULL && at < reader->end) {
        directives->capacity++;
        at = memchr(at, '\n', (size_t)(reader->end - at));
        at = at == NULL ? NULL : at + 1;
    }
    directives->items =
        arena_array(reader->arena, directives->capacity, sizeof(*directives->items));
}

bool nginx_parse(struct arena *arena, struct str text, struct nginx_directives *out_directives,
                 size_t *out_line)
{
    *out_directives = (struct nginx_directives){0};
    /* nginx lets a NUL pass, and then means something else than what it was given. */
    const char *nul = memchr(text.data, '\0', text.length);
    struct reader reader = {
        .arena = arena,
        .begin = text.data,
        .at = text.data,
        .end = nul != NULL ? nul : text.data + text.length,
        .copy = arena_strndup(arena, text.data, text.length),
        .line = 1,
        .directives = out_directives,
    };
    reserve_directives(&reader);
    skip_space(&reader);
    while (reader.at < reader.end) {
        if (!read_next(&reader)) {
            *out_line = reader.line;
            return false;
        }
        skip_space(&reader);
    }
    if (nul != NULL || reader.words.count > 0 || reader.depth > 0) {
        *out_line = reader.line;
        return false;
    }
    return true;
}
