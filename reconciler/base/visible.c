/* Makes what cannot be seen visible. */
#include "base/visible.h"

#include <string.h>

#include "base/utf8.h"

enum { DELETE = 0x7f, CARET_OFFSET = 0x40, FIRST_C1 = 0x80, PLANE_MASK = 0xffff };

/* Not for interchange, and refused by XML: U+FFFE, U+FFFF and the last two of every plane. */
static bool is_noncharacter(uint32_t code)
{
    return (code & PLANE_MASK) >= 0xfffeU || (code >= 0xfdd0U && code <= 0xfdefU);
}

static bool is_visible(uint32_t code)
{
    return !utf8_is_control(code) && !utf8_is_bidi_control(code) && !is_noncharacter(code);
}

static bool is_plain(char byte)
{
    return (byte >= ' ' && byte <= '~') || byte == '\n' || byte == '\t';
}

static void add_code(struct text *out, uint32_t code)
{
    if (code < FIRST_C1) {
        text_addf(out, "^%c", (char)(code == DELETE ? '?' : code + CARET_OFFSET));
    } else {
        text_addf(out, "<U+%04X>", (unsigned)code);
    }
}

/* Whether eight bytes are plain: each has its answer in its highest bit, and none carries into the
 * next, as all but the highest bits are added. */
static bool are_plain(const char *bytes)
{
    static const uint64_t each = 0x0101010101010101U;
    static const uint64_t lower = 0x7f7f7f7f7f7f7f7fU;
    uint64_t word = 0;
    memcpy(&word, bytes, sizeof(word));
    uint64_t ascii = word & lower;
    uint64_t is_sign = (ascii + each * (FIRST_C1 - ' ')) & ~(ascii + each * (FIRST_C1 - DELETE));
    uint64_t is_no_space = ((ascii ^ (each * '\n')) + lower) & ((ascii ^ (each * '\t')) + lower);
    return (((is_sign | ~is_no_space) & ~word) | lower) == UINT64_MAX;
}

/* How many bytes from offset on may stay as they are. */
static size_t visible_length(struct str bytes, size_t offset)
{
    size_t at = offset;
    while (at < bytes.length) {
        uint32_t code = 0;
        /* Nearly everything: worth not decoding. */
        if (bytes.length - at >= sizeof(uint64_t) && are_plain(bytes.data + at)) {
            at += sizeof(uint64_t);
            continue;
        }
        if (is_plain(bytes.data[at])) {
            at++;
            continue;
        }
        size_t length = utf8_decode(bytes, at, &code);
        if (length == 0 || !is_visible(code)) {
            break;
        }
        at += length;
    }
    return at - offset;
}

void visible_add(struct text *out, struct str bytes)
{
    for (size_t offset = 0; offset < bytes.length;) {
        size_t plain = visible_length(bytes, offset);
        text_add_str(out, (struct str){bytes.data + offset, plain});
        offset += plain;
        if (offset == bytes.length) {
            return;
        }
        uint32_t code = 0;
        size_t length = utf8_decode(bytes, offset, &code);
        if (length == 0) {
            text_addf(out, "<%02X>", (unsigned char)bytes.data[offset]);
        } else {
            add_code(out, code);
        }
        offset += length == 0 ? 1 : length;
    }
}

const char *visible_text(struct arena *arena, const char *text)
{
    if (text == NULL || visible_length(str_of(text), 0) == strlen(text)) {
        return text;
    }
    struct text out = text_make(arena);
    visible_add(&out, str_of(text));
    return out.data;
}

const char *visible_line(struct arena *arena, const char *text)
{
    const char *shown = visible_text(arena, text);
    if (shown == NULL || strpbrk(shown, "\n\t") == NULL) {
        return shown;
    }
    char *line = arena_strdup(arena, shown);
    for (char *at = strpbrk(line, "\n\t"); at != NULL; at = strpbrk(at, "\n\t")) {
        *at = ' ';
    }
    return line;
}
