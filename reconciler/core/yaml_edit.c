/* Where exactly in a file something is put, taken out or said otherwise. Spans of libyaml are exact
 * for scalars and for what stands in brackets; a collection in lines ends where its last value
 * does. */
#include "core/yaml_edit.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

static struct str content_of(const struct node *node)
{
    return node->span.source->content;
}

static char first_byte(const struct node *node)
{
    struct str content = content_of(node);
    return node->span.first < content.length && node->span.end > node->span.first
               ? content.data[node->span.first]
               : '\0';
}

static bool is_in_brackets(const struct node *node)
{
    return (node->type == NODE_MAPPING && first_byte(node) == '{') ||
           (node->type == NODE_LIST && first_byte(node) == '[');
}

static bool is_block_scalar(const struct node *node)
{
    return node->type == NODE_SCALAR && node->is_quoted && strchr("|>", first_byte(node)) != NULL;
}

enum yaml_place yaml_edit_place(const struct node *holder)
{
    return holder != NULL && is_in_brackets(holder) ? YAML_IN_FLOW : YAML_IN_BLOCK;
}

struct str yaml_edit_apply(struct arena *arena, struct str content, const struct yaml_edit *edit)
{
    struct text text = text_make(arena);
    text_reserve(&text, content.length + strlen(edit->text) + 1);
    text_add_str(&text, (struct str){content.data, edit->first});
    text_add(&text, edit->text);
    text_add_str(&text, (struct str){content.data + edit->end, content.length - edit->end});
    return text_str(&text);
}

/* ---- Scalars -------------------------------------------------------------------------------- */

static bool is_null_word(const char *text)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* Begins as something else than a plain scalar does. */
static bool begins_otherwise(const char *text)
{
    bool may_be_plain = text[0] == '-' && strchr(" ,[]{}-", text[1]) == NULL;
    return !may_be_plain && strchr("-?:,[]{}#&*!|>'\"%@` ", text[0]) != NULL;
}

static bool is_printable(const char *text)
{
    struct str bytes = str_of(text);
    for (size_t i = 0; i < bytes.length;) {
        uint32_t code = 0;
        size_t length = utf8_decode(bytes, i, &code);
        if (length == 0 || utf8_is_control(code) || code == 0x2028 || code == 0x2029 ||
            code == 0xFEFF) {
            return false;
        }
        i += length;
    }
    return true;
}

static bool is_plain(const char *text, enum yaml_place place)
{
    size_t length = strlen(text);
    return !is_null_word(text) && !begins_otherwise(text) && is_printable(text) &&
           text[length - 1] != ' ' && text[length - 1] != ':' && strstr(text, ": ") == NULL &&
           strstr(text, " #") == NULL && (place == YAML_IN_BLOCK || strpbrk(text, ",[]{}") == NULL);
}

static const char *in_double_quotes(struct arena *arena, const char *text)
{
    struct text out = text_make(arena);
    text_add_char(&out, '"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            text_addf(&out, "\\%c", *c);
        } else if (*c == '\n') {
            text_add(&out, "\\n");
        } else if (*c == '\t') {
            text_add(&out, "\\t");
        } else {
            text_add_char(&out, *c);
        }
    }
    text_add_char(&out, '"');
    return out.data;
}

static const char *in_single_quotes(struct arena *arena, const char *text)
{
    struct text out = text_make(arena);
    text_add_char(&out, '\'');
    for (const char *c = text; *c != '\0'; c++) {
        text_add(&out, *c == '\'' ? "''" : (const char[]){*c, '\0'});
    }
    text_add_char(&out, '\'');
    return out.data;
}

const char *yaml_edit_scalar_text(struct arena *arena, const char *text, enum yaml_place place,
                                  bool is_quoted)
{
    if (!is_quoted && is_plain(text, place)) {
        return text;
    }
    bool has_to_escape = strpbrk(text, "\"\\") != NULL;
    return has_to_escape && strchr(text, '\'') == NULL && is_printable(text)
               ? in_single_quotes(arena, text)
               : in_double_quotes(arena, text);
}

/* ---- Ends and lines ------------------------------------------------------------------------- */

static size_t node_end(const struct node *node)
{
    struct str content = content_of(node);
    size_t end = node->span.end;
    if (is_block_scalar(node)) {
        while (end > node->span.first && isspace((unsigned char)content.data[end - 1]) != 0) {
            end--;
        }
    } else if (node->type == NODE_MAPPING && !is_in_brackets(node)) {
        end = node_end(node->entries.items[node->entries.count - 1].value);
    } else if (node->type == NODE_LIST && !is_in_brackets(node)) {
        end = node_end(node->elements.items[node->elements.count - 1]);
    }
    return end;
}

static size_t line_begin(struct str content, size_t at)
{
    while (at > 0 && content.data[at - 1] != '\n') {
        at--;
    }
    return at;
}

/* Before the line's end, its CR included; content.length where it has none. */
static size_t line_stop(struct str content, size_t at)
{
    const char *end = memchr(content.data + at, '\n', content.length - at);
    if (end == NULL) {
        return content.length;
    }
    size_t stop = (size_t)(end - content.data);
    return stop > at && content.data[stop - 1] == '\r' ? stop - 1 : stop;
}

static size_t line_next(struct str content, size_t at)
{
    const char *end = memchr(content.data + at, '\n', content.length - at);
    return end == NULL ? content.length : (size_t)(end - content.data) + 1;
}

/* As the file's first line ends. */
static const char *line_end(struct str content)
{
    size_t stop = line_stop(content, 0);
    return stop < content.length && content.data[stop] == '\r' ? "\r\n" : "\n";
}

/* Nothing but this byte and spaces from first to end. */
static bool is_blank(struct str content, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        if (strchr(" \t\r\n", content.data[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static size_t column_of(struct str content, size_t at)
{
    return at - line_begin(content, at);
}

static const char *spaces(struct arena *arena, size_t count)
{
    return arena_printf(arena, "%*s", (int)count, "");
}

/* ---- Texts and values ----------------------------------------------------------------------- */

static size_t newlines_at_end(const char *text, size_t length)
{
    size_t count = 0;
    while (count < length && text[length - 1 - count] == '\n') {
        count++;
    }
    return count;
}

/* A text of several lines keeps the header with its chomping, so it must end as the former did. */
static bool set_literal(struct arena *arena, const struct node *scalar, const char *text,
                        struct yaml_edit *out)
{
    struct str content = content_of(scalar);
    size_t body = line_next(content, scalar->span.first);
    size_t end = node_end(scalar);
    size_t length = strlen(text);
    size_t tail = newlines_at_end(text, length);
    size_t header = line_stop(content, scalar->span.first) - scalar->span.first;
    bool has_indicator = memchr(content.data + scalar->span.first, '#', header) == NULL &&
                         strcspn(content.data + scalar->span.first, "123456789") < header;
    if (first_byte(scalar) != '|' || has_indicator || body >= end || length == tail ||
        text[0] == ' ' || tail != newlines_at_end(scalar->text, scalar->length)) {
        return false;
    }
    size_t indent = strspn(content.data + body, " ");
    struct text lines = text_make(arena);
    for (const char *line = text; line < text + length - tail;) {
        size_t width = strcspn(line, "\n");
        text_addf(&lines, "%s%*s%.*s", lines.length == 0 ? "" : line_end(content),
                  width == 0 ? 0 : (int)indent, "", (int)width, line);
        line += width + 1;
    }
    *out = (struct yaml_edit){body, end, lines.data};
    return true;
}

bool yaml_edit_set_text(struct arena *arena, const struct node *holder, const struct node *scalar,
                        const char *text, struct yaml_edit *out)
{
    if (scalar->type != NODE_SCALAR || scalar->span.source == NULL) {
        return false;
    }
    if (is_block_scalar(scalar)) {
        return set_literal(arena, scalar, text, out);
    }
    const char *yaml = NULL;
    if (scalar->is_quoted && first_byte(scalar) == '\'' && is_printable(text)) {
        yaml = in_single_quotes(arena, text);
    } else if (scalar->is_quoted) {
        yaml = in_double_quotes(arena, text);
    } else {
        yaml = yaml_edit_scalar_text(arena, text, yaml_edit_place(holder), false);
    }
    return yaml_edit_set_value(arena, scalar, yaml, out);
}

bool yaml_edit_set_value(struct arena *arena, const struct node *value, const char *yaml,
                         struct yaml_edit *out)
{
    struct str content = content_of(value);
    size_t first = value->span.first;
    if (is_block_scalar(value) || (value->type != NODE_SCALAR && !is_in_brackets(value))) {
        return false;
    }
    bool needs_space = first == value->span.end && first > 0 && content.data[first - 1] != ' ';
    *out = (struct yaml_edit){first, value->span.end,
                              needs_space ? arena_printf(arena, " %s", yaml) : yaml};
    return true;
}

/* ---- Adding --------------------------------------------------------------------------------- */

/* Lines behind the one where at stands. */
static struct yaml_edit add_line(struct arena *arena, struct str content, size_t at, size_t indent,
                                 const char *line)
{
    size_t stop = line_next(content, at);
    bool has_end = stop > 0 && content.data[stop - 1] == '\n';
    const char *end = line_end(content);
    return (struct yaml_edit){stop, stop,
                              arena_printf(arena, "%s%s%s%s", has_end ? "" : end,
                                           spaces(arena, indent), line, has_end ? end : "")};
}

/* Behind what is the last of a collection in brackets, or between empty ones. */
static struct yaml_edit add_in_brackets(struct arena *arena, const struct node *holder,
                                        const struct node *last, const char *yaml)
{
    if (last != NULL) {
        size_t end = node_end(last);
        return (struct yaml_edit){end, end, arena_printf(arena, ", %s", yaml)};
    }
    return (struct yaml_edit){holder->span.first + 1, holder->span.end - 1,
                              holder->type == NODE_MAPPING ? arena_printf(arena, " %s ", yaml)
                                                           : yaml};
}

bool yaml_edit_add_entry(struct arena *arena, const struct node *mapping, const char *key,
                         const char *value, struct yaml_edit *out)
{
    if (mapping->type != NODE_MAPPING || mapping->span.source == NULL) {
        return false;
    }
    size_t count = mapping->entries.count;
    const struct node *last = count == 0 ? NULL : mapping->entries.items[count - 1].value;
    const char *entry = arena_printf(arena, "%s: %s", key, value);
    if (is_in_brackets(mapping)) {
        *out = add_in_brackets(arena, mapping, last, entry);
        return true;
    }
    if (last == NULL) {
        return false;
    }
    struct str content = content_of(mapping);
    *out = add_line(arena, content, node_end(last), column_of(content, mapping->span.first), entry);
    return true;
}

bool yaml_edit_add_element(struct arena *arena, const struct node *list, size_t index,
                           const char *value, struct yaml_edit *out)
{
    if (list->type != NODE_LIST || list->span.source == NULL || index > list->elements.count) {
        return false;
    }
    size_t count = list->elements.count;
    struct str content = content_of(list);
    if (is_in_brackets(list) && (index == count || count == 0)) {
        *out = add_in_brackets(arena, list, count == 0 ? NULL : list->elements.items[count - 1],
                               value);
        return true;
    }
    if (is_in_brackets(list)) {
        size_t at = list->elements.items[index]->span.first;
        *out = (struct yaml_edit){at, at, arena_printf(arena, "%s, ", value)};
        return true;
    }
    size_t column = column_of(content, list->span.first);
    const char *line = arena_printf(arena, "- %s", value);
    if (index > 0) {
        *out = add_line(arena, content, node_end(list->elements.items[index - 1]), column, line);
        return true;
    }
    *out = (struct yaml_edit){
        list->span.first, list->span.first,
        arena_printf(arena, "%s%s%s", line, line_end(content), spaces(arena, column))};
    return true;
}

/* ---- Removing ------------------------------------------------------------------------------- */

static size_t count_of(const struct node *holder)
{
    return holder->type == NODE_MAPPING ? holder->entries.count : holder->elements.count;
}

static size_t begin_of(const struct node *holder, size_t index)
{
    return holder->type == NODE_MAPPING ? holder->entries.items[index].key->span.first
                                        : holder->elements.items[index]->span.first;
}

static size_t end_of(const struct node *holder, size_t index)
{
    return node_end(holder->type == NODE_MAPPING ? holder->entries.items[index].value
                                                 : holder->elements.items[index]);
}

/* Comments between two of them would be lost. */
static bool has_comment(struct str content, size_t first, size_t end)
{
    return memchr(content.data + first, '#', end - first) != NULL;
}

static bool remove_in_brackets(const struct node *holder, size_t index, struct yaml_edit *out)
{
    struct str content = content_of(holder);
    size_t count = count_of(holder);
    size_t end = end_of(holder, index);
    if (count == 1) {
        *out = (struct yaml_edit){holder->span.first + 1, holder->span.end - 1, ""};
        return !has_comment(content, end, out->end);
    }
    if (index + 1 < count) {
        *out = (struct yaml_edit){begin_of(holder, index), begin_of(holder, index + 1), ""};
        return !has_comment(content, end, out->end);
    }
    *out = (struct yaml_edit){end_of(holder, index - 1), end, ""};
    return !has_comment(content, out->first, begin_of(holder, index));
}

bool yaml_edit_remove(const struct node *holder, size_t index, struct yaml_edit *out)
{
    size_t count = holder->type == NODE_SCALAR ? 0 : count_of(holder);
    if (index >= count || holder->span.source == NULL) {
        return false;
    }
    if (is_in_brackets(holder)) {
        return remove_in_brackets(holder, index, out);
    }
    struct str content = content_of(holder);
    size_t begin = begin_of(holder, index);
    size_t line = line_begin(content, begin);
    size_t dash = holder->type == NODE_LIST ? line + strspn(content.data + line, " ") : begin;
    if (count == 1) {
        return false;
    }
    if (is_blank(content, line, dash) &&
        (holder->type == NODE_MAPPING || content.data[dash] == '-')) {
        *out = (struct yaml_edit){line, line_next(content, end_of(holder, index)), ""};
        return holder->type == NODE_MAPPING ||
               column_of(content, holder->span.first) == dash - line;
    }
    /* The first entry of a map that stands behind the dash of a list. */
    if (index + 1 < count && holder->type == NODE_MAPPING) {
        *out = (struct yaml_edit){begin, begin_of(holder, index + 1), ""};
        return is_blank(content, end_of(holder, index), out->end);
    }
    return false;
}
