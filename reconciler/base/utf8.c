/* Decodes UTF-8 strictly and knows the code points that must not be shown as they are. */

#include "base/utf8.h"

/* Lead bytes by their fixed bits, with the smallest code point that needs this many bytes. */
static const struct {
    unsigned char mask;
    unsigned char lead;
    uint32_t smallest;
} forms[] = {
    {0x80, 0x00, 0x0},
    {0xE0, 0xC0, 0x80},
    {0xF0, 0xE0, 0x800},
    {0xF8, 0xF0, 0x10000},
};

static size_t sequence_length(unsigned char lead)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if ((lead & forms[i].mask) == forms[i].lead) {
            return i + 1;
        }
    }
    return 0;
}

size_t utf8_decode(struct str bytes, size_t offset, uint32_t *out_code)
{
    unsigned char lead = (unsigned char)bytes.data[offset];
    size_t length = sequence_length(lead);
    if (length == 0 || length > bytes.length - offset) {
        return 0;
    }
    uint32_t code = lead & (unsigned char)~forms[length - 1].mask;
    for (size_t i = 1; i < length; i++) {
        unsigned char byte = (unsigned char)bytes.data[offset + i];
        if ((byte & 0xC0U) != 0x80U) {
            return 0;
        }
        code = code << 6U | (byte & 0x3FU);
    }
    bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < forms[length - 1].smallest || is_surrogate || code > 0x10FFFF) {
        return 0;
    }
    *out_code = code;
    return length;
}

bool utf8_is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

bool utf8_is_bidi_control(uint32_t code)
{
    return code == 0x061C || code == 0x200E || code == 0x200F ||
           (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}
