#include "acme/base64url.h"

#include <stdint.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum { BITS = 6, BYTE_BITS = 8, MASK = 0x3f, BYTE_MASK = 0xff };

const char *base64url(struct arena *arena, struct str bytes)
{
    char *text = arena_alloc(arena, (bytes.length * BYTE_BITS + BITS - 1) / BITS + 1);
    char *end = text;
    uint32_t held = 0;
    unsigned count = 0; /* bits of it that are not written yet */
    for (size_t i = 0; i < bytes.length; i++) {
        held = held << BYTE_BITS | (unsigned char)bytes.data[i];
        for (count += BYTE_BITS; count >= BITS; count -= BITS) {
            *end++ = letters[held >> (count - BITS) & MASK];
        }
    }
    if (count > 0) {
        *end++ = letters[held << (BITS - count) & MASK];
    }
    *end = '\0';
    return text;
}

bool base64url_read(struct arena *arena, const char *text, struct str *out_bytes)
{
    char *bytes = arena_alloc(arena, strlen(text) + 1);
    size_t length = 0;
    uint32_t held = 0;
    unsigned count = 0;
    for (; *text != '\0' && *text != '='; text++) {
        const char *letter = strchr(letters, *text);
        if (letter == NULL) {
            return false;
        }
        held = held << BITS | (uint32_t)(letter - letters);
        count += BITS;
        if (count >= BYTE_BITS) {
            count -= BYTE_BITS;
            bytes[length++] = (char)(held >> count & BYTE_MASK);
        }
    }
    *out_bytes = (struct str){bytes, length};
    return count < BITS && text[strspn(text, "=")] == '\0';
}

bool base64url_is(const char *text)
{
    return *text != '\0' && text[strspn(text, letters)] == '\0';
}
