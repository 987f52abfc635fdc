/* libyaml takes UTF-16, five sorts of line breaks and characters that nobody sees, and reports an
 * invalid byte at 1:1. So the bytes are looked at first: what passes here means to libyaml what it
 * means to the reader. */

#include "core/yaml_scan.h"

#include <string.h>

#include "base/utf8.h"

/* Behind so many mistakes of this sort a file is not text. */
enum { MISTAKES_MAX = 20 };

static const struct str byte_order_mark = {"\xEF\xBB\xBF", 3};

enum { NEXT_LINE = 0x85, LINE_SEPARATOR = 0x2028, PARAGRAPH_SEPARATOR = 0x2029 };

/* libyaml ends lines at these, other readers do not. */
static bool is_foreign_break(uint32_t code)
{
    return code == NEXT_LINE || code == LINE_SEPARATOR || code == PARAGRAPH_SEPARATOR;
}

/* No characters at all, or refused by libyaml without a place. */
static bool is_unusable(uint32_t code)
{
    return code == 0xFEFF || code == 0xFFFE || code == 0xFFFF;
}

/* Adds a diagnostic for a code point that must not stand in a document. */
static bool report_code(struct arena *arena, uint32_t code, struct span span,
                        struct diagnostic_list *diagnostics)
{
    enum diagnostic_code diagnostic = DIAGNOSTIC_COUNT;
    if (is_foreign_break(code)) {
        diagnostic = DIAGNOSTIC_LINE_BREAK;
    } else if (utf8_is_control(code) || is_unusable(code)) {
        diagnostic = DIAGNOSTIC_CONTROL_CHARACTER;
    } else if (utf8_is_bidi_control(code)) {
        diagnostic = DIAGNOSTIC_BIDI_CHARACTER;
    } else {
        return false;
    }
    diagnostic_add(arena, diagnostics, diagnostic, span, arena_printf(arena, "U+%04X", code), NULL);
    return true;
}

struct scanning {
    struct arena *arena;
    const struct source *source;
    struct diagnostic_list *diagnostics;
    struct yaml_scan result;
};

void yaml_scan_replace(struct arena *arena, struct yaml_scan *scan, size_t offset, size_t length)
{
    if (scan->copy == NULL) {
        scan->copy = arena_alloc(arena, scan->content.length);
        memcpy(scan->copy, scan->content.data, scan->content.length);
        scan->content.data = scan->copy;
    }
    memset(scan->copy + offset, 'x', length);
    vec_add(arena, &scan->mistakes, offset);
}

static void replace(struct scanning *scanning, size_t offset, size_t length)
{
    yaml_scan_replace(scanning->arena, &scanning->result, offset, length);
}

/* A byte that is not the plain text, tab or line end that nearly all bytes are. Returns how many
 * bytes were looked at. */
static size_t scan_special(struct scanning *scanning, size_t offset)
{
    struct str content = scanning->source->content;
    unsigned char byte = (unsigned char)content.data[offset];
    if (byte == '\r') {
        if (offset + 1 < content.length && content.data[offset + 1] == '\n') {
            return 1;
        }
        struct span span = {scanning->source, offset, offset + 1};
        diagnostic_add(scanning->arena, scanning->diagnostics, DIAGNOSTIC_LINE_BREAK, span, "CR",
                       NULL);
        replace(scanning, offset, 1);
        return 1;
    }
    uint32_t code = 0;
    size_t length = utf8_decode(content, offset, &code);
    if (length == 0) {
        struct span span = {scanning->source, offset, offset + 1};
        diagnostic_add(scanning->arena, scanning->diagnostics, DIAGNOSTIC_NOT_UTF8, span,
                       arena_printf(scanning->arena, "0x%02X", byte), NULL);
        replace(scanning, offset, 1);
        return 1;
    }
    struct span span = {scanning->source, offset, offset + length};
    if (report_code(scanning->arena, code, span, scanning->diagnostics)) {
        replace(scanning, offset, length);
    } else if (length > 1) {
        scanning->result.is_ascii = false;
    }
    return length;
}

/* The byte order marks of UTF-16 (and of little-endian UTF-32). */
static bool is_utf16(struct str content)
{
    return content.length >= 2 &&
           (memcmp(content.data, "\xFF\xFE", 2) == 0 || memcmp(content.data, "\xFE\xFF", 2) == 0);
}

struct yaml_scan yaml_scan(struct arena *arena, const struct source *source,
                           struct diagnostic_list *diagnostics)
{
    struct str content = source->content;
    struct scanning scanning = {
        .arena = arena,
        .source = source,
        .diagnostics = diagnostics,
        .result = {.content = content, .is_ascii = true, .is_text = true},
    };
    size_t offset = 0;
    if (content.length >= byte_order_mark.length &&
        memcmp(content.data, byte_order_mark.data, byte_order_mark.length) == 0) {
        offset = byte_order_mark.length;
        scanning.result.begin = offset;
        diagnostic_add(arena, diagnostics, DIAGNOSTIC_BYTE_ORDER_MARK,
                       (struct span){source, 0, offset}, NULL);
    }
    while (offset < content.length) {
        unsigned char byte = (unsigned char)content.data[offset];
        bool is_usual = (byte >= 0x20 && byte < 0x7F) || byte == '\n' || byte == '\t';
        offset += is_usual ? 1 : scan_special(&scanning, offset);
        if (scanning.result.mistakes.count == MISTAKES_MAX || is_utf16(content)) {
            scanning.result.is_text = false;
            break;
        }
    }
    return scanning.result;
}

bool yaml_scan_value(struct arena *arena, struct str text, struct span span,
                     struct diagnostic_list *diagnostics)
{
    for (size_t offset = 0; offset < text.length;) {
        uint32_t code = 0;
        size_t length = utf8_decode(text, offset, &code);
        if (length == 0) {
            return false; /* an escape cannot make invalid UTF-8 */
        }
        if (code != '\n' && code != '\t' && report_code(arena, code, span, diagnostics)) {
            return true;
        }
        offset += length;
    }
    return false;
}
