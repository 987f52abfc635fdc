/* The escaping writer. */

#include "statusd/html.h"

#include <assert.h>
#include <string.h>

#include "base/utf8.h"

struct html html_make(struct arena *arena)
{
    return (struct html){text_make(arena)};
}

static const char *escape_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static bool code_may_stand(uint32_t code)
{
    return code == '\n' || code == '\t' || !(utf8_is_control(code) || utf8_is_bidi_control(code));
}

/* Adds the character at offset and returns its length. */
static size_t character_add(struct html *html, struct str text, size_t offset)
{
    uint32_t code = 0;
    size_t length = utf8_decode(text, offset, &code);
    if (length == 0 || !code_may_stand(code)) {
        text_add(&html->text, "\xef\xbf\xbd");
        return length != 0 ? length : 1;
    }
    const char *escape = escape_of(text.data[offset]);
    if (escape != NULL) {
        text_add(&html->text, escape);
    } else {
        text_add_str(&html->text, (struct str){text.data + offset, length});
    }
    return length;
}

/* Most text is plain: it is added in one piece up to the next byte that needs a look. */
static size_t plain_length(struct str text, size_t offset)
{
    size_t end = offset;
    while (end < text.length) {
        unsigned char c = (unsigned char)text.data[end];
        if (c < 0x20 || c >= 0x7f || escape_of((char)c) != NULL) {
            break;
        }
        end++;
    }
    return end - offset;
}

void html_str(struct html *html, struct str text)
{
    for (size_t offset = 0; offset < text.length;) {
        size_t plain = plain_length(text, offset);
        text_add_str(&html->text, (struct str){text.data + offset, plain});
        offset += plain;
        if (offset < text.length) {
            offset += character_add(html, text, offset);
        }
    }
}

void html_text(struct html *html, const char *text)
{
    if (text != NULL) {
        html_str(html, str_of(text));
    }
}

/* Adds what the conversion behind '%' stands for and returns the place behind it. */
static const char *conversion_add(struct html *html, const char *format, va_list *arguments)
{
    if (format[0] == '%') {
        text_add_char(&html->text, '%');
        return format + 1;
    }
    if (format[0] == 's') {
        html_text(html, va_arg(*arguments, const char *));
        return format + 1;
    }
    if (format[0] == 'd') {
        text_addf(&html->text, "%d", va_arg(*arguments, int));
        return format + 1;
    }
    if (format[0] == 'u') {
        text_addf(&html->text, "%u", va_arg(*arguments, unsigned));
        return format + 1;
    }
    if (strncmp(format, "zu", 2) == 0) {
        text_addf(&html->text, "%zu", va_arg(*arguments, size_t));
        return format + 2;
    }
    assert(strncmp(format, "lld", 3) == 0);
    text_addf(&html->text, "%lld", va_arg(*arguments, long long));
    return format + 3;
}

static void put_arguments(struct html *html, const char *format, va_list *arguments)
{
    for (const char *next = strchr(format, '%'); next != NULL; next = strchr(format, '%')) {
        text_add_str(&html->text, (struct str){format, (size_t)(next - format)});
        format = conversion_add(html, next + 1, arguments);
    }
    text_add(&html->text, format);
}

void html_put(struct html *html, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_arguments(html, format, &arguments);
    va_end(arguments);
}

struct html html_piece(struct arena *arena, const char *format, ...)
{
    struct html piece = html_make(arena);
    va_list arguments;
    va_start(arguments, format);
    put_arguments(&piece, format, &arguments);
    va_end(arguments);
    return piece;
}

void html_join(struct html *html, const struct html *piece)
{
    text_add_str(&html->text, text_str(&piece->text));
}

enum { PIECES_MAX = 8 };

static size_t pieces_collect(va_list *arguments, const struct html *out_pieces[PIECES_MAX])
{
    size_t count = 0;
    const struct html *piece = va_arg(*arguments, const struct html *);
    while (piece != NULL) {
        assert(count < PIECES_MAX);
        out_pieces[count++] = piece;
        piece = va_arg(*arguments, const struct html *);
    }
    return count;
}

void html_fill(struct html *html, const char *sentence, ...)
{
    const struct html *pieces[PIECES_MAX];
    va_list arguments;
    va_start(arguments, sentence);
    size_t count = pieces_collect(&arguments, pieces);
    va_end(arguments);

    for (const char *open = strchr(sentence, '{'); open != NULL; open = strchr(sentence, '{')) {
        html_str(html, (struct str){sentence, (size_t)(open - sentence)});
        size_t index = (size_t)(open[1] - '0');
        if (index < count && open[2] == '}') {
            html_join(html, pieces[index]);
            sentence = open + 3;
        } else {
            html_text(html, "{");
            sentence = open + 1;
        }
    }
    html_text(html, sentence);
}

const char *url_part(struct arena *arena, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    struct text url = text_make(arena);
    for (const char *c = text; *c != '\0'; c++) {
        if (strchr(plain, *c) != NULL) {
            text_add_char(&url, *c);
        } else {
            text_addf(&url, "%%%02X", (unsigned)(unsigned char)*c);
        }
    }
    return url.data;
}
