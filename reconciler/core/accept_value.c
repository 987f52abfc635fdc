#include "core/accept_value.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"

enum { TEXTS_MOST = 32, SWAPS_MOST = 32 };

static void add_text(struct arena *arena, struct accept_words *texts, const char *text)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (strcmp(texts->items[i], text) == 0) {
            return;
        }
    }
    if (text[0] != '\0' && texts->count < TEXTS_MOST) {
        vec_add(arena, texts, text);
    }
}

static void add_swap(struct arena *arena, struct accept_swaps *swaps, struct accept_swap swap)
{
    for (size_t i = 0; i < swaps->count; i++) {
        if (strcmp(swaps->items[i].from, swap.from) == 0 &&
            strcmp(swaps->items[i].to, swap.to) == 0) {
            return;
        }
    }
    if (swap.from[0] != '\0' && swaps->count < SWAPS_MOST) {
        vec_add(arena, swaps, swap);
    }
}

/* ---- Pieces of a word ----------------------------------------------------------------------- */

/* What stands behind the first "=" or "://", without the colon or slash at an end of an address. */
static const char *inner_part(struct arena *arena, const char *word)
{
    const char *scheme = strstr(word, "://");
    const char *equals = strchr(word, '=');
    const char *inner = scheme != NULL ? scheme + 3 : equals != NULL ? equals + 1 : word;
    size_t length = strlen(inner);
    while (scheme != NULL && length > 0 && strchr(":/", inner[length - 1]) != NULL) {
        length--;
    }
    return arena_strndup(arena, inner, length);
}

static void add_pieces(struct arena *arena, struct accept_words *texts, const char *word)
{
    add_text(arena, texts, word);
    add_text(arena, texts, inner_part(arena, word));
    for (const char *at = word + strspn(word, " ,;"); *at != '\0'; at += strspn(at, " ,;")) {
        size_t length = strcspn(at, " ,;");
        const char *piece = arena_strndup(arena, at, length);
        add_text(arena, texts, piece);
        add_text(arena, texts, inner_part(arena, piece));
        at += length;
    }
}

static bool is_inside_word(const char *text, size_t at)
{
    return at > 0 && isalnum((unsigned char)text[at - 1]) != 0 &&
           isalnum((unsigned char)text[at]) != 0;
}

/* The part that differs, without cutting through letters and digits. */
static struct accept_swap middle_swap(struct arena *arena, const char *from, const char *to)
{
    size_t from_end = strlen(from);
    size_t to_end = strlen(to);
    size_t first = 0;
    while (first < from_end && first < to_end && from[first] == to[first]) {
        first++;
    }
    while (from_end > first && to_end > first && from[from_end - 1] == to[to_end - 1]) {
        from_end--;
        to_end--;
    }
    while (is_inside_word(from, first) || is_inside_word(to, first)) {
        first--;
    }
    while (is_inside_word(from, from_end) || is_inside_word(to, to_end)) {
        from_end++;
        to_end++;
    }
    return (struct accept_swap){arena_strndup(arena, from + first, from_end - first),
                                arena_strndup(arena, to + first, to_end - first)};
}

/* ---- Words ---------------------------------------------------------------------------------- */

static bool needs_quotes(const char *word)
{
    return word[0] == '\0' || strpbrk(word, " \t\n\"'\\") != NULL;
}

/* As value_read_argv reads it. */
static void add_word(struct text *line, const char *word)
{
    bool is_quoted = needs_quotes(word);
    text_add(line, line->length == 0 ? "" : " ");
    text_add(line, is_quoted ? "\"" : "");
    for (const char *c = word; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            text_add_char(line, '\\');
        }
        text_add_char(line, *c);
    }
    text_add(line, is_quoted ? "\"" : "");
}

static const char *join(struct arena *arena, const struct accept_unit *unit, size_t first,
                        size_t end)
{
    struct text line = text_make(arena);
    for (size_t i = first; i < end; i++) {
        add_word(&line, unit->words[i]);
    }
    return line.data;
}

static bool has_word(const struct accept_unit *unit, const char *word)
{
    for (size_t i = 1; i < unit->word_count; i++) {
        if (strcmp(unit->words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* What differs in two lines of words, behind what both begin with and before what both end in. */
static void add_swaps(struct arena *arena, const struct accept_unit *wanted,
                      const struct accept_unit *host, struct accept_values *out)
{
    size_t first = 0;
    size_t wanted_end = wanted->word_count;
    size_t host_end = host->word_count;
    while (first < wanted_end && first < host_end &&
           strcmp(wanted->words[first], host->words[first]) == 0) {
        first++;
    }
    while (wanted_end > first && host_end > first &&
           strcmp(wanted->words[wanted_end - 1], host->words[host_end - 1]) == 0) {
        wanted_end--;
        host_end--;
    }
    bool is_by_order = wanted_end - first == host_end - first;
    for (size_t i = first; is_by_order && i < wanted_end; i++) {
        const char *from = wanted->words[i];
        const char *to = host->words[i];
        if (strcmp(from, to) != 0) {
            add_swap(arena, &out->swaps, middle_swap(arena, from, to));
            add_swap(arena, &out->swaps,
                     (struct accept_swap){inner_part(arena, from), inner_part(arena, to)});
            add_swap(arena, &out->swaps, (struct accept_swap){from, to});
        }
    }
    /* With a neighbour, so that there is something to put it beside. */
    size_t begin = first > 1 && first < wanted->word_count ? first - 1 : first;
    add_swap(arena, &out->swaps,
             (struct accept_swap){join(arena, wanted, begin, wanted_end),
                                  join(arena, host, begin, host_end)});
}

void accept_values_of(struct arena *arena, const struct accept_difference *difference,
                      struct accept_values *out)
{
    const struct accept_unit *wanted = difference->wanted;
    const struct accept_unit *host = difference->host;
    *out = (struct accept_values){0};
    if (wanted != NULL && host != NULL) {
        add_swaps(arena, wanted, host, out);
    }
    for (size_t i = 1; host != NULL && i < host->word_count; i++) {
        if (wanted == NULL || !has_word(wanted, host->words[i])) {
            add_pieces(arena, &out->texts, host->words[i]);
        }
    }
    for (size_t i = 1; wanted != NULL && i < wanted->word_count; i++) {
        if (host == NULL || !has_word(host, wanted->words[i])) {
            add_text(arena, &out->removed, wanted->words[i]);
        }
    }
    if (host != NULL && host->word_count > 1) {
        out->line = join(arena, host, 1, host->word_count);
    }
}

/* ---- Types ---------------------------------------------------------------------------------- */

static const char *fit_size(struct arena *arena, const char *text)
{
    uint64_t bytes = 0;
    return value_read_size(text, &bytes) ? value_write_size(arena, bytes) : NULL;
}

static const char *fit_duration(struct arena *arena, const char *text)
{
    int64_t milliseconds = 0;
    return accept_read_time(text, &milliseconds) ? value_write_duration(arena, milliseconds) : NULL;
}

/* 10r/s of nginx is 10/s. */
static const char *fit_rate(struct arena *arena, const char *text)
{
    size_t digits = strspn(text, "0123456789");
    const char *rest = text + digits;
    uint32_t count = 0;
    uint32_t per_seconds = 0;
    const char *rate =
        arena_printf(arena, "%.*s%s", (int)digits, text, rest + (*rest == 'r' ? 1 : 0));
    return value_read_rate(rate, &count, &per_seconds) ? rate : NULL;
}

static const char *fit_port(const char *text)
{
    uint16_t port = 0;
    return value_read_port(text, &port) ? text : NULL;
}

static const char *fit_integer(const char *text)
{
    int64_t number = 0;
    return value_read_integer(text, &number) ? text : NULL;
}

static const char *fit_mode(const char *text)
{
    mode_t mode = 0;
    return value_read_mode(text, &mode) ? text : NULL;
}

const char *accept_value_fit(struct arena *arena, const struct field *field, const char *text)
{
    switch (field->type) {
    case FIELD_SIZE:
        return fit_size(arena, text);
    case FIELD_DURATION:
        return fit_duration(arena, text);
    case FIELD_RATE:
        return fit_rate(arena, text);
    case FIELD_PORT:
        return fit_port(text);
    case FIELD_INTEGER:
        return fit_integer(text);
    case FIELD_MODE:
        return fit_mode(text);
    case FIELD_TEXT:
    case FIELD_TEXT_LIST:
    case FIELD_TEXT_MAP:
    case FIELD_ARGV:
        return (field->syntax == NULL ? &syntax_line : field->syntax)->check(text) ? text : NULL;
    default:
        return NULL;
    }
}
