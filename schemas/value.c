/* Readers of one scalar: its text in, a number or words out. What a text is, is decided by the
 * field that reads it; nothing here guesses, rounds or falls back. */

#include "schemas/value.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/language.h"
#include "base/text.h"

struct unit {
    const char *suffix;
    uint64_t factor;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Decimal digits without a leading zero (012 is octal to some and twelve to others). Returns what
 * follows them, or NULL when there is no such number or it is larger than most. */
static const char *read_digits(const char *text, uint64_t most, uint64_t *out)
{
    if (!is_digit(text[0]) || (text[0] == '0' && is_digit(text[1]))) {
        return NULL;
    }
    uint64_t number = 0;
    for (; is_digit(*text); text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (number > (most - digit) / 10) {
            return NULL;
        }
        number = number * 10 + digit;
    }
    *out = number;
    return text;
}

/* Digits and one of the units; the product is at most `most`. */
static bool read_with_unit(const char *text, const struct unit *units, size_t count, uint64_t most,
                           uint64_t *out)
{
    uint64_t number = 0;
    const char *suffix = read_digits(text, most, &number);
    if (suffix == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(suffix, units[i].suffix) == 0 && number <= most / units[i].factor) {
            *out = number * units[i].factor;
            return true;
        }
    }
    return false;
}

bool value_read_boolean(const char *text, bool *out)
{
    bool is_true = strcmp(text, "true") == 0;
    if (!is_true && strcmp(text, "false") != 0) {
        return false;
    }
    *out = is_true;
    return true;
}

bool value_read_integer(const char *text, int64_t *out)
{
    bool is_negative = text[0] == '-';
    uint64_t number = 0;
    const char *end = read_digits(is_negative ? text + 1 : text, INT64_MAX, &number);
    if (end == NULL || *end != '\0') {
        return false;
    }
    *out = is_negative ? -(int64_t)number : (int64_t)number;
    return true;
}

bool value_read_size(const char *text, uint64_t *out)
{
    static const struct unit units[] = {
        {"", 1},
        {"k", UINT64_C(1) << 10},
        {"m", UINT64_C(1) << 20},
        {"g", UINT64_C(1) << 30},
        {"t", UINT64_C(1) << 40},
        {"K", UINT64_C(1) << 10},
        {"M", UINT64_C(1) << 20},
        {"G", UINT64_C(1) << 30},
        {"T", UINT64_C(1) << 40},
    };
    /* Limits of rows are signed, so a size never exceeds what they can say. */
    return read_with_unit(text, units, sizeof(units) / sizeof(units[0]), INT64_MAX, out);
}

bool value_read_duration(const char *text, int64_t *out_milliseconds)
{
    static const struct unit units[] = {
        {"ms", 1},
        {"s", 1000},
        {"m", UINT64_C(60) * 1000},
        {"h", UINT64_C(3600) * 1000},
        {"d", UINT64_C(86400) * 1000},
        {"w", UINT64_C(7) * 86400 * 1000},
        {"y", UINT64_C(365) * 86400 * 1000},
    };
    uint64_t milliseconds = 0;
    if (strcmp(text, "0") != 0 &&
        !read_with_unit(text, units, sizeof(units) / sizeof(units[0]), INT64_MAX, &milliseconds)) {
        return false;
    }
    *out_milliseconds = (int64_t)milliseconds;
    return true;
}

bool value_read_rate(const char *text, uint32_t *out_count, uint32_t *out_per_seconds)
{
    static const struct unit units[] = {{"/s", 1}, {"/m", 60}, {"/h", 3600}};
    uint64_t count = 0;
    const char *suffix = read_digits(text, UINT32_MAX, &count);
    if (suffix == NULL || count == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(suffix, units[i].suffix) == 0) {
            *out_count = (uint32_t)count;
            *out_per_seconds = (uint32_t)units[i].factor;
            return true;
        }
    }
    return false;
}

bool value_read_mode(const char *text, mode_t *out)
{
    size_t length = strspn(text, "01234567");
    if (text[length] != '\0' || length < 3 || length > 4) {
        return false;
    }
    mode_t mode = 0;
    for (size_t i = 0; i < length; i++) {
        mode = (mode << 3) | (mode_t)(text[i] - '0');
    }
    *out = mode;
    return true;
}

bool value_read_port(const char *text, uint16_t *out)
{
    uint64_t number = 0;
    const char *end = read_digits(text, UINT16_MAX, &number);
    if (end == NULL || *end != '\0' || number == 0) {
        return false;
    }
    *out = (uint16_t)number;
    return true;
}

const char *value_secret_name(const char *text)
{
    static const char prefix[] = "secret:";
    return text != NULL && text_starts_with(text, prefix) ? text + sizeof(prefix) - 1 : NULL;
}

const char *value_write_size(struct arena *arena, uint64_t bytes)
{
    static const char suffixes[] = "kmgt";
    size_t power = 0;
    while (bytes != 0 && bytes % 1024 == 0 && power < sizeof(suffixes) - 1) {
        bytes /= 1024;
        power++;
    }
    return power == 0 ? arena_printf(arena, "%" PRIu64, bytes)
                      : arena_printf(arena, "%" PRIu64 "%c", bytes, suffixes[power - 1]);
}

const char *value_write_duration(struct arena *arena, int64_t milliseconds)
{
    static const struct unit units[] = {
        {"y", UINT64_C(365) * 86400 * 1000},
        {"d", UINT64_C(86400) * 1000},
        {"h", UINT64_C(3600) * 1000},
        {"m", UINT64_C(60) * 1000},
        {"s", 1000},
        {"ms", 1},
    };
    if (milliseconds == 0) {
        return "0";
    }
    uint64_t number = (uint64_t)milliseconds;
    size_t i = 0;
    while (number % units[i].factor != 0) {
        i++; /* ends at the latest at 1 ms */
    }
    return arena_printf(arena, "%" PRIu64 "%s", number / units[i].factor, units[i].suffix);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* One word from *text on, which is not blank. NULL with *out_why set when it does not end. */
static const char *read_word(struct arena *arena, const char **text, const char **out_why)
{
    struct text word = text_make(arena);
    const char *at = *text;
    char quote = '\0';
    for (; *at != '\0' && (quote != '\0' || !is_blank(*at)); at++) {
        if (quote != '\0' ? *at == quote : *at == '\'' || *at == '"') {
            quote = quote != '\0' ? '\0' : *at;
        } else if (*at == '\\' && quote != '\'') {
            at++;
            if (*at == '\0') {
                *out_why = N_("it ends in a backslash");
                return NULL;
            }
            text_add_char(&word, *at);
        } else {
            text_add_char(&word, *at);
        }
    }
    if (quote != '\0') {
        *out_why = N_("a quote is not closed");
        return NULL;
    }
    *text = at;
    return word.data;
}

bool value_read_argv(struct arena *arena, const char *text, const char *const **out_words,
                     size_t *out_count, const char **out_why)
{
    VEC(, const char *) words = {0};
    for (;;) {
        while (is_blank(*text)) {
            text++;
        }
        if (*text == '\0') {
            break;
        }
        const char *word = read_word(arena, &text, out_why);
        if (word == NULL) {
            return false;
        }
        vec_add(arena, &words, word);
    }
    if (words.count == 0) {
        *out_why = N_("it is empty");
        return false;
    }
    vec_add(arena, &words, NULL);
    *out_words = words.items;
    *out_count = words.count - 1;
    return true;
}

/* The zone of a checked date ("Z", "+hh:mm", "-hh:mm"), in seconds to take away. */
static int64_t zone_seconds(const char *text)
{
    if (text[0] == 'Z') {
        return 0;
    }
    int64_t hours = (text[1] - '0') * 10 + (text[2] - '0');
    int64_t minutes = (text[4] - '0') * 10 + (text[5] - '0');
    int64_t seconds = (hours * 60 + minutes) * 60;
    return text[0] == '+' ? seconds : -seconds;
}

bool value_read_date(const char *text, int64_t *out_seconds)
{
    if (!syntax_date.check(text)) {
        return false;
    }
    struct tm utc = {0};
    const char *rest = strptime(text, "%Y-%m-%d", &utc);
    if (rest == NULL) {
        return false;
    }
    int64_t zone = 0;
    if (*rest != '\0') {
        rest = strptime(rest + 1, "%H:%M:%S", &utc);
        if (rest == NULL) {
            return false;
        }
        zone = zone_seconds(rest);
    }
    *out_seconds = (int64_t)timegm(&utc) - zone;
    return true;
}
