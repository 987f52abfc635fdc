/* Writes environment files, and reads them back. Values go into a file of their own and not into
 * the unit: units are open to every user of the host, a change of a file needs no daemon-reload,
 * and a file is read after those that people name, so that the document has the last word. */

#include "renderers/environment_text.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

static const char escaped[] = "\"\\`$";

static void variable_add(struct text *text, const char *name, const char *value)
{
    text_addf(text, "%s=\"", name);
    for (const char *c = value; *c != '\0'; c++) {
        if (strchr(escaped, *c) != NULL) {
            text_add_char(text, '\\');
        }
        text_add_char(text, *c);
    }
    text_add(text, "\"\n");
}

/* ---- Reading --------------------------------------------------------------------------------- */

struct reader {
    struct arena *arena;
    const char *rest;
    const char *end;
    size_t line;
};

static bool reader_take(struct reader *reader, char *out)
{
    if (reader->rest == reader->end || *reader->rest == '\0') {
        return false;
    }
    *out = *reader->rest++;
    reader->line += *out == '\n';
    return true;
}

static bool name_take(struct reader *reader, const char **out_name)
{
    struct text name = text_make(reader->arena);
    char c = '\0';
    while (reader_take(reader, &c) && c != '=') {
        if (strchr(" \t\r\n\"'", c) != NULL) {
            return false;
        }
        text_add_char(&name, c);
    }
    *out_name = name.data;
    return c == '=' && name.length > 0;
}

static bool value_take(struct reader *reader, const char **out_value)
{
    struct text value = text_make(reader->arena);
    char c = '\0';
    if (!reader_take(reader, &c) || c != '"') {
        return false;
    }
    for (;;) {
        if (!reader_take(reader, &c)) {
            return false;
        }
        if (c == '"') {
            break;
        }
        /* Before other characters systemd keeps the backslash: not written by us. */
        if (c == '\\' && (!reader_take(reader, &c) || strchr(escaped, c) == NULL)) {
            return false;
        }
        text_add_char(&value, c);
    }
    *out_value = value.data;
    return reader_take(reader, &c) && c == '\n';
}

bool environment_parse(struct arena *arena, struct str text,
                       struct environment_variables *out_variables, size_t *out_line)
{
    struct environment_variables variables = {0};
    struct reader reader = {arena, text.data, text.data + text.length, 1};
    while (reader.rest < reader.end) {
        size_t first = reader.line;
        struct environment_variable variable = {0};
        if (!name_take(&reader, &variable.name) || !value_take(&reader, &variable.value)) {
            *out_line = first;
            return false;
        }
        vec_add(arena, &variables, variable);
    }
    *out_variables = variables;
    return true;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static bool text_reads_back(struct arena *arena, struct str text, const struct text_map *variables)
{
    struct environment_variables found = {0};
    size_t line = 0;
    if (!environment_parse(arena, text, &found, &line) || found.count != variables->count) {
        return false;
    }
    for (size_t i = 0; i < found.count; i++) {
        if (strcmp(found.items[i].name, variables->items[i].key.text) != 0 ||
            strcmp(found.items[i].value, variables->items[i].value.text) != 0) {
            return false;
        }
    }
    return true;
}

static struct span node_span(const struct node *node)
{
    return node == NULL ? SPAN_NONE : node->span;
}

struct mapped_text environment_text(struct arena *arena, const struct text_map *variables)
{
    struct text text = text_make(arena);
    VEC(, struct span) lines = {0};
    for (size_t i = 0; i < variables->count; i++) {
        const struct text_pair *pair = &variables->items[i];
        size_t first = text.length;
        variable_add(&text, pair->key.text, pair->value.text);
        for (size_t at = first; at < text.length; at++) {
            if (text.data[at] == '\n') {
                vec_add(arena, &lines, node_span(pair->value.node));
            }
        }
    }
    bool reads_back = text_reads_back(arena, text_str(&text), variables);
    assert(reads_back);
    (void)reads_back; /* where assertions are compiled out */
    return (struct mapped_text){
        .content = text_str(&text),
        .lines = lines.items,
        .line_count = lines.count,
    };
}
