/* Reads systemd unit text as the manager does: lines joined at a backslash, comments dropped, words
 * unquoted. What systemd only warns about (a line without "=", a setting before any section, an
 * unknown escape) is an error here. */

#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "renderers/systemd_text.h"

static const char whitespace[] = " \t\n\r";

static struct str str_trim(struct str text)
{
    while (text.length > 0 && strchr(whitespace, text.data[text.length - 1]) != NULL) {
        text.length--;
    }
    while (text.length > 0 && strchr(whitespace, *text.data) != NULL) {
        text.data++;
        text.length--;
    }
    return text;
}

/* Takes the next line, without its end, off the front of rest. */
static struct str line_take(struct str *rest)
{
    const char *end = memchr(rest->data, '\n', rest->length);
    struct str line = {rest->data, end == NULL ? rest->length : (size_t)(end - rest->data)};
    size_t taken = line.length + (end != NULL);
    rest->data += taken;
    rest->length -= taken;
    return line;
}

static bool line_is_comment(struct str line)
{
    line = str_trim(line);
    return line.length > 0 && (*line.data == '#' || *line.data == ';');
}

/* An even number of backslashes at the end escape each other. */
static bool line_is_continued(struct str line)
{
    size_t backslashes = 0;
    while (backslashes < line.length && line.data[line.length - 1 - backslashes] == '\\') {
        backslashes++;
    }
    return backslashes % 2 == 1;
}

/* The next setting, section or blank, joined from all its lines. */
static struct str line_join(struct arena *arena, struct str *rest, size_t *line)
{
    struct text joined = text_make(arena);
    bool is_continued = true;
    while (is_continued && rest->length > 0) {
        struct str part = line_take(rest);
        (*line)++;
        if (line_is_comment(part)) {
            is_continued = joined.length > 0; /* a comment inside does not end the setting */
            continue;
        }
        is_continued = line_is_continued(part);
        part.length -= is_continued;
        text_add_str(&joined, part);
        if (is_continued) {
            text_add_char(&joined, ' ');
        }
    }
    return str_trim(text_str(&joined));
}

static const char *str_copy(struct arena *arena, struct str text)
{
    return arena_strndup(arena, text.data, text.length);
}

/* Adds what a joined line says; false when it says nothing that can be understood. */
static bool line_read(struct arena *arena, struct str line, size_t number, const char **section,
                      struct systemd_settings *settings)
{
    if (line.length == 0) {
        return true;
    }
    if (*line.data == '[') {
        if (line.length < 3 || line.data[line.length - 1] != ']') {
            return false;
        }
        *section = str_copy(arena, (struct str){line.data + 1, line.length - 2});
        return true;
    }
    const char *equals = memchr(line.data, '=', line.length);
    if (*section == NULL || equals == NULL || equals == line.data) {
        return false;
    }
    size_t key_length = (size_t)(equals - line.data);
    struct str key = {line.data, key_length};
    struct str value = {equals + 1, line.length - key_length - 1};
    vec_add(arena, settings,
            (struct systemd_setting){
                .section = *section,
                .key = str_copy(arena, str_trim(key)),
                .value = str_copy(arena, str_trim(value)),
                .line = number,
            });
    return true;
}

bool systemd_parse(struct arena *arena, struct str text, struct systemd_settings *out_settings,
                   size_t *out_line)
{
    struct systemd_settings settings = {0};
    const char *section = NULL;
    size_t line = 0;
    while (text.length > 0) {
        size_t first = line + 1;
        struct str joined = line_join(arena, &text, &line);
        if (memchr(joined.data, '\0', joined.length) != NULL ||
            !line_read(arena, joined, first, &section, &settings)) {
            *out_line = first;
            return false;
        }
    }
    *out_settings = settings;
    return true;
}

/* ---- Words ----------------------------------------------------------------------------------- */

/* A position in a value that is being unquoted into words. */
struct unquoting {
    const char *rest;
    struct text word;
    bool is_command;
};

/* What \n and its like stand for; '\0' for escapes that we neither write nor understand. */
static char escape_meaning(char c)
{
    static const char escapes[] = "a\ab\bf\fn\nr\rt\tv\v\\\\\"\"''s ";
    for (const char *pair = escapes; *pair != '\0'; pair += 2) {
        if (*pair == c) {
            return pair[1];
        }
    }
    return '\0';
}

/* Takes one character of a word: an escape, a doubled % or $, or any other. */
static bool character_take(struct unquoting *unquoting)
{
    char c = *unquoting->rest++;
    if (c == '\\') {
        c = escape_meaning(*unquoting->rest);
        if (c == '\0') {
            return false;
        }
        unquoting->rest++;
    } else if (c == '%' || (c == '$' && unquoting->is_command)) {
        if (*unquoting->rest != c) {
            return false;
        }
        unquoting->rest++;
    }
    text_add_char(&unquoting->word, c);
    return true;
}

/* Takes one word, which may be made of several quoted and plain pieces. */
static bool word_take(struct unquoting *unquoting)
{
    char quote = '\0';
    while (*unquoting->rest != '\0') {
        char c = *unquoting->rest;
        if (quote == '\0' && strchr(whitespace, c) != NULL) {
            return true;
        }
        if (c == quote) {
            quote = '\0';
            unquoting->rest++;
        } else if (quote == '\0' && (c == '"' || c == '\'')) {
            quote = c;
            unquoting->rest++;
        } else if (!character_take(unquoting)) {
            return false;
        }
    }
    return quote == '\0';
}

bool systemd_unquote(struct arena *arena, const char *value, bool is_command,
                     const char *const **out_words, size_t *out_count)
{
    VEC(, const char *) words = {0};
    struct unquoting unquoting = {.rest = value, .is_command = is_command};
    for (;;) {
        unquoting.rest += strspn(unquoting.rest, whitespace);
        if (*unquoting.rest == '\0') {
            break;
        }
        const char *first = unquoting.rest;
        unquoting.word = text_make(arena);
        if (!word_take(&unquoting) ||
            (is_command && unquoting.rest - first == 1 && *first == ';')) {
            return false; /* an unquoted semicolon begins another command */
        }
        vec_add(arena, &words, unquoting.word.data);
    }
    *out_count = words.count;
    vec_add(arena, &words, NULL);
    *out_words = words.items;
    return true;
}

/* ---- What can be said ------------------------------------------------------------------------ */

bool systemd_can_hold(const char *text)
{
    struct str bytes = str_of(text);
    for (size_t i = 0; i < bytes.length;) {
        uint32_t code = 0;
        size_t length = utf8_decode(bytes, i, &code);
        if (length == 0 || utf8_is_control(code)) {
            return false;
        }
        i += length;
    }
    return bytes.length == 0 ||
           (bytes.data[0] != ' ' && strchr(" \\", bytes.data[bytes.length - 1]) == NULL);
}
