/* The escaping writer of Markdown. */
#include "core/markdown.h"

#include <stdbool.h>
#include <string.h>

enum { COLUMNS = 100 };

/* Characters that begin something in Markdown, wherever they stand. An underscore does so only at
 * the edge of a word, which no text of ours has outside of code. */
#define SPECIAL "\\*<>[]"

/* The length of a code span that begins here, both backticks included; 0: there is none. */
static size_t code_length(const char *text)
{
    const char *end = *text == '`' ? strchr(text + 1, '`') : NULL;
    return end == NULL ? 0 : (size_t)(end - text) + 1;
}

static void add_escaped(struct text *out, const char *text, bool is_cell)
{
    while (*text != '\0') {
        size_t code = code_length(text);
        if (code > 0) {
            text_add_str(out, (struct str){text, code});
            text += code;
            continue;
        }
        if (strchr(SPECIAL, *text) != NULL || (*text == '|' && is_cell)) {
            text_add_char(out, '\\');
        }
        text_add_char(out, *text == '\n' ? ' ' : *text);
        text++;
    }
}

void markdown_text(struct text *out, const char *text)
{
    add_escaped(out, text, false);
}

void markdown_cell(struct text *out, const char *text)
{
    add_escaped(out, text, true);
}

static void add_code(struct text *out, const char *code, bool is_cell)
{
    bool has_backtick = strchr(code, '`') != NULL;
    text_add(out, has_backtick ? "`` " : "`");
    for (; *code != '\0'; code++) {
        if (*code == '|' && is_cell) {
            text_add_char(out, '\\');
        }
        text_add_char(out, *code);
    }
    text_add(out, has_backtick ? " ``" : "`");
}

void markdown_code(struct text *out, const char *code)
{
    add_code(out, code, false);
}

void markdown_cell_code(struct text *out, const char *code)
{
    add_code(out, code, true);
}

/* What a reader sees of a text: bytes that begin a character. */
static size_t columns_of(struct str word)
{
    size_t columns = 0;
    for (size_t i = 0; i < word.length; i++) {
        columns += ((unsigned char)word.data[i] & 0xC0) != 0x80;
    }
    return columns;
}

/* A word at the start of a line could look like a list, a heading or a quotation. */
static bool may_begin_line(struct str word)
{
    return word.length > 0 && strchr("-+#=>`0123456789", word.data[0]) == NULL;
}

void markdown_paragraph(struct text *out, const char *text)
{
    struct text escaped = text_make(out->arena);
    markdown_text(&escaped, text);
    size_t column = 0;
    const char *at = escaped.data;
    while (*at != '\0') {
        struct str word = {at, strcspn(at, " ")};
        size_t columns = columns_of(word);
        if (column > 0) {
            bool breaks = column + 1 + columns > COLUMNS && may_begin_line(word);
            text_add_char(out, breaks ? '\n' : ' ');
            column = breaks ? 0 : column + 1;
        }
        text_add_str(out, word);
        column += columns;
        at += word.length;
        at += strspn(at, " ");
    }
    text_add(out, "\n\n");
}

void markdown_block(struct text *out, const char *language, const char *content)
{
    text_addf(out, "```%s\n%s```\n\n", language, content);
}
