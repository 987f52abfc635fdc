/* A reader for the HTML of the status pages, stricter than any browser. */

#include "support/markup.h"

#include <ctype.h>
#include <string.h>

#include "base/utf8.h"
#include "base/vec.h"

VEC(tag_stack, struct str);

struct reader {
    struct arena *arena;
    struct str html;
    size_t offset;
    struct tag_stack open;
};

static const char *const void_tags[] = {"meta", "link", "input", "wbr"};
static const char *const other_tags[] = {
    "html",  "head",    "title",  "script", "body",    "a",         "header", "p",
    "main",  "svg",     "circle", "path",   "rect",    "span",      "nav",    "ul",
    "li",    "section", "div",    "h1",     "h2",      "h3",        "bdi",    "time",
    "code",  "ol",      "pre",    "table",  "thead",   "tbody",     "tr",     "th",
    "td",    "dl",      "dt",     "dd",     "figure",  "details",   "footer", "form",
    "label", "select",  "option", "button", "summary", "figcaption"};

static bool is_among(struct str word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(word, str_of(words[i]))) {
            return true;
        }
    }
    return false;
}
#define IS_AMONG(word, words) is_among((word), (words), sizeof(words) / sizeof((words)[0]))

static const char *complaint(const struct reader *reader, const char *what)
{
    size_t start = reader->offset > 40 ? reader->offset - 40 : 0;
    size_t left = reader->html.length - start;
    return arena_printf(reader->arena, "%s at byte %zu: %.*s", what, reader->offset,
                        (int)(left < 100 ? left : 100), reader->html.data + start);
}

static const char *characters_check(struct reader *reader)
{
    while (reader->offset < reader->html.length) {
        uint32_t code = 0;
        size_t length = utf8_decode(reader->html, reader->offset, &code);
        bool is_space = code == '\n' || code == '\t';
        if (length == 0 || utf8_is_bidi_control(code) || (utf8_is_control(code) && !is_space)) {
            return complaint(reader, "a character that may not stand");
        }
        reader->offset += length;
    }
    reader->offset = 0;
    return NULL;
}

static char peek(const struct reader *reader)
{
    return reader->offset < reader->html.length ? reader->html.data[reader->offset] : '\0';
}

static struct str name_read(struct reader *reader)
{
    size_t start = reader->offset;
    while (isalnum((unsigned char)peek(reader)) || peek(reader) == '-') {
        reader->offset++;
    }
    return (struct str){reader->html.data + start, reader->offset - start};
}

/* NAME or NAME="value", with a space before it. */
static const char *attribute_check(struct reader *reader)
{
    reader->offset++;
    struct str name = name_read(reader);
    bool is_handler = name.length >= 2 && memcmp(name.data, "on", 2) == 0;
    if (name.length == 0 || is_handler || str_equal(name, STR("style"))) {
        return complaint(reader, "an attribute that no page has");
    }
    if (peek(reader) != '=') {
        return NULL;
    }
    reader->offset++;
    if (peek(reader) != '"') {
        return complaint(reader, "a value without quotes");
    }
    reader->offset++;
    while (peek(reader) != '"' && peek(reader) != '\0') {
        if (strchr("<>'", peek(reader)) != NULL) {
            return complaint(reader, "markup in a value");
        }
        reader->offset++;
    }
    reader->offset++;
    return NULL;
}

static const char *tag_open(struct reader *reader)
{
    struct str name = name_read(reader);
    bool is_void = IS_AMONG(name, void_tags);
    if (!is_void && !IS_AMONG(name, other_tags)) {
        return complaint(reader, "a tag that no page has");
    }
    while (peek(reader) == ' ') {
        const char *wrong = attribute_check(reader);
        if (wrong != NULL) {
            return wrong;
        }
    }
    bool is_closed = peek(reader) == '/';
    reader->offset += is_closed ? 1 : 0;
    if (peek(reader) != '>') {
        return complaint(reader, "a tag without an end");
    }
    if (!is_void && !is_closed) {
        vec_add(reader->arena, &reader->open, name);
    }
    return NULL;
}

static const char *tag_close(struct reader *reader)
{
    reader->offset++;
    struct str name = name_read(reader);
    if (reader->open.count == 0 || !str_equal(*vec_last(&reader->open), name) ||
        peek(reader) != '>') {
        return complaint(reader, "an end of another tag");
    }
    reader->open.count--;
    return NULL;
}

static const char *reference_check(const struct reader *reader)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&rarr;"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        size_t length = strlen(known[i]);
        if (reader->html.length - reader->offset >= length &&
            memcmp(reader->html.data + reader->offset, known[i], length) == 0) {
            return NULL;
        }
    }
    return complaint(reader, "a bare ampersand");
}

static const char *content_check(struct reader *reader)
{
    const char *wrong = NULL;
    char c = peek(reader);
    if (c == '<') {
        reader->offset++;
        wrong = peek(reader) == '/' ? tag_close(reader) : tag_open(reader);
    } else if (c == '&') {
        wrong = reference_check(reader);
    } else if (c == '>' || c == '"' || c == '\'') {
        wrong = complaint(reader, "markup in text");
    }
    return wrong;
}

const char *markup_check(struct arena *arena, struct str html)
{
    static const char doctype[] = "<!DOCTYPE html>\n";
    struct reader reader = {.arena = arena, .html = html};
    const char *wrong = characters_check(&reader);
    if (wrong != NULL) {
        return wrong;
    }
    if (html.length < sizeof(doctype) || memcmp(html.data, doctype, sizeof(doctype) - 1) != 0) {
        return "no document type";
    }
    for (reader.offset = sizeof(doctype) - 1; reader.offset < html.length; reader.offset++) {
        wrong = content_check(&reader);
        if (wrong != NULL) {
            return wrong;
        }
    }
    return reader.open.count == 0 ? NULL : complaint(&reader, "a tag without an end");
}
