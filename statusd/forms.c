/* Forms: tokens against foreign pages, and fields. */

#include "statusd/forms.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "base/text.h"

enum { COOKIE_BYTES = (FORM_COOKIE_SIZE - 1) / 2, KEY_SIZE = 32 };

static void json_release(json_t **json)
{
    json_decref(*json);
}

void offer_read(struct str answer, struct offer *offer)
{
    CLEANUP(json_release)
    json_t *json = answer.length == 0 ? NULL : json_loadb(answer.data, answer.length, 0, NULL);
    const json_t *actions = json_object_get(json, "actions");
    offer->check = false;
    offer->suspend = false;
    offer->resume = false;
    for (size_t i = 0; i < json_array_size(actions); i++) {
        const char *action = json_string_value(json_array_get(actions, i));
        offer->check |= text_equal(action, "check");
        offer->suspend |= text_equal(action, "suspend");
        offer->resume |= text_equal(action, "resume");
    }
}

bool forms_cookie_make(char out_cookie[FORM_COOKIE_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[COOKIE_BYTES];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        out_cookie[2 * i] = digits[bytes[i] >> 4];
        out_cookie[2 * i + 1] = digits[bytes[i] & 0xf];
    }
    out_cookie[FORM_COOKIE_SIZE - 1] = '\0';
    return true;
}

bool forms_key_make(struct secret **out_key, struct error *err)
{
    unsigned char bytes[KEY_SIZE];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return error_set(err, ERROR_SYSTEM, "no random numbers");
    }
    *out_key = secret_from_bytes(bytes, sizeof(bytes));
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return true;
}

bool forms_cookie_is_one(const char *cookie)
{
    return cookie != NULL && strlen(cookie) == FORM_COOKIE_SIZE - 1 &&
           strspn(cookie, "0123456789abcdef") == FORM_COOKIE_SIZE - 1;
}

void forms_token(const struct secret *key, const char *cookie, char out_token[DIGEST_HEX_SIZE])
{
    AUTO_SECRET number = secret_from_bytes(cookie, strlen(cookie));
    secret_digest(number, key, out_token);
}

bool forms_token_is_right(const struct secret *key, const char *cookie, const char *token)
{
    char wanted[DIGEST_HEX_SIZE];
    if (!forms_cookie_is_one(cookie) || token == NULL || strlen(token) != DIGEST_HEX_SIZE - 1) {
        return false;
    }
    forms_token(key, cookie, wanted);
    return CRYPTO_memcmp(token, wanted, DIGEST_HEX_SIZE) == 0;
}

/* ---- Fields ---- */

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* NULL for a broken escape or a NUL. */
static const char *decode(struct arena *arena, struct str text)
{
    struct text out = text_make(arena);
    for (size_t i = 0; i < text.length; i++) {
        int byte = (unsigned char)text.data[i];
        if (byte == '+') {
            byte = ' ';
        } else if (byte == '%') {
            int high = text.length - i > 2 ? digit_of(text.data[i + 1]) : -1;
            int low = high >= 0 ? digit_of(text.data[i + 2]) : -1;
            if (low < 0) {
                return NULL;
            }
            byte = high * 16 + low;
            i += 2;
        }
        if (byte == 0) {
            return NULL;
        }
        text_add_char(&out, (char)byte);
    }
    return out.data;
}

const char *forms_value(struct arena *arena, struct str body, const char *name)
{
    size_t wanted = strlen(name);
    while (body.length > 0) {
        const char *end = memchr(body.data, '&', body.length);
        size_t length = end == NULL ? body.length : (size_t)(end - body.data);
        if (length > wanted + 1 && memcmp(body.data, name, wanted) == 0 &&
            body.data[wanted] == '=') {
            return decode(arena, (struct str){body.data + wanted + 1, length - wanted - 1});
        }
        size_t taken = end == NULL ? length : length + 1;
        body.data += taken;
        body.length -= taken;
    }
    return NULL;
}
