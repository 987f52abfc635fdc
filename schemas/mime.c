/* Media types of files: their forms. nginx looks at what stands behind the last dot of a name, in
 * lower case. */

#include "schemas/mime.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { EXTENSION_MAX = 32, NAME_MAX_LENGTH = 127 /* RFC 6838, 4.2 */ };

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

const char *mime_extension(const char *key)
{
    return key[0] == '.' ? key + 1 : key;
}

static bool check_extension(const char *text)
{
    const char *extension = mime_extension(text);
    size_t length = strspn(extension, LETTERS "_+-");
    return length > 0 && length <= EXTENSION_MAX && extension[length] == '\0';
}

/* The length of one half of a type; 0: it is none. */
static size_t name_length(const char *text)
{
    size_t length = strspn(text, LETTERS "!#&^_.+-");
    return isalnum((unsigned char)text[0]) && length <= NAME_MAX_LENGTH ? length : 0;
}

static bool check_mime_type(const char *text)
{
    size_t first = name_length(text);
    if (first == 0 || text[first] != '/') {
        return false;
    }
    size_t second = name_length(text + first + 1);
    return second > 0 && text[first + 1 + second] == '\0';
}

void mime_check(struct check *check, const struct text_map *mime, const char *field)
{
    for (size_t i = 0; i < mime->count; i++) {
        const struct text_value *key = &mime->items[i].key;
        for (size_t j = 0; j < i; j++) {
            const struct text_value *earlier = &mime->items[j].key;
            if (strcasecmp(mime_extension(key->text), mime_extension(earlier->text)) == 0) {
                check_add(check, DIAGNOSTIC_SITE_TYPE_TWICE, key->node, field, earlier->text,
                          key->text)
                    ->second = earlier->node->span;
            }
        }
    }
}

// clang-format off
const struct syntax syntax_extension = {
    "the end of a file's name behind its last dot", "^\\.?[A-Za-z0-9_+-]{1,32}$", "md",
    check_extension};
const struct syntax syntax_mime_type = {
    "a media type such as text/markdown, without parameters",
    "^[A-Za-z0-9][A-Za-z0-9!#&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#&^_.+-]*$", "text/markdown",
    check_mime_type};
// clang-format on
