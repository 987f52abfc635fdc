/* Writes systemd unit text. Each call becomes one line; what was asked for is kept beside the text,
 * and the finished text is parsed back and compared with it, so that an escaping mistake stops the
 * program instead of reaching the host. Reading is in systemd_parse.c. */

#include "renderers/systemd_text.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"

enum wish_type { WISH_LINE, WISH_VALUE, WISH_COMMAND, WISH_WORDS };

/* One setting as it was asked for. */
struct wish {
    enum wish_type type;
    const char *section;
    const char *key;
    const char *prefix;       /* WISH_COMMAND */
    const char *value;        /* WISH_LINE, WISH_VALUE */
    const char *const *words; /* WISH_COMMAND, WISH_WORDS */
};

VEC(wish_list, struct wish);
VEC(span_list, struct span);

struct systemd_text {
    struct arena *arena;   /* for the finished text */
    struct arena *scratch; /* for the growing one, and all that is needed to check it */
    struct text text;
    struct span span; /* of the lines to come */
    struct span_list lines;
    const char *section;
    struct wish_list wishes;
};

struct systemd_text *systemd_text_make(struct arena *arena, struct arena *scratch)
{
    struct systemd_text *systemd = arena_new(scratch, struct systemd_text);
    systemd->arena = arena;
    systemd->scratch = scratch;
    systemd->text = text_make(scratch);
    return systemd;
}

void systemd_at(struct systemd_text *systemd, struct span span)
{
    systemd->span = span;
}

static void line_end(struct systemd_text *systemd)
{
    text_add_char(&systemd->text, '\n');
    vec_add(systemd->scratch, &systemd->lines, systemd->span);
}

void systemd_comment(struct systemd_text *systemd, const char *text)
{
    assert(systemd_can_hold(text));
    text_addf(&systemd->text, "# %s", text);
    line_end(systemd);
}

void systemd_section(struct systemd_text *systemd, const char *name)
{
    struct span span = systemd->span;
    systemd->span = SPAN_NONE;
    if (systemd->section != NULL) {
        line_end(systemd); /* an empty line between sections */
    }
    text_addf(&systemd->text, "[%s]", name);
    line_end(systemd);
    systemd->span = span;
    systemd->section = name;
}

static struct wish *wish_add(struct systemd_text *systemd, enum wish_type type, const char *key)
{
    assert(systemd->section != NULL);
    struct wish *wish = vec_new(systemd->scratch, &systemd->wishes);
    wish->type = type;
    wish->section = systemd->section;
    wish->key = key;
    text_addf(&systemd->text, "%s=", key);
    return wish;
}

void systemd_line(struct systemd_text *systemd, const char *key, const char *word)
{
    assert(systemd_can_hold(word));
    wish_add(systemd, WISH_LINE, key)->value = word;
    text_add(&systemd->text, word);
    line_end(systemd);
}

void systemd_linef(struct systemd_text *systemd, const char *key, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *word = arena_vprintf(systemd->scratch, format, arguments);
    va_end(arguments);
    systemd_line(systemd, key, word);
}

/* Adds text with each of the characters in doubled written twice. */
static void text_add_doubled(struct text *text, const char *more, const char *doubled)
{
    for (const char *c = more; *c != '\0'; c++) {
        if (strchr(doubled, *c) != NULL) {
            text_add_char(text, *c);
        }
        text_add_char(text, *c);
    }
}

void systemd_value(struct systemd_text *systemd, const char *key, const char *value)
{
    assert(systemd_can_hold(value));
    wish_add(systemd, WISH_VALUE, key)->value = value;
    text_add_doubled(&systemd->text, value, "%");
    line_end(systemd);
}

/* Without quotes a word of other characters could end, begin a comment or be a separator. */
static bool word_is_plain(const char *word)
{
    return *word != '\0' && word[strspn(word, "abcdefghijklmnopqrstuvwxyz"
                                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789%$_./:=@,+-")] == '\0';
}

static void text_add_quoted(struct text *text, const char *word, const char *doubled)
{
    if (word_is_plain(word)) {
        text_add_doubled(text, word, doubled);
        return;
    }
    text_add_char(text, '"');
    for (const char *c = word; *c != '\0'; c++) {
        switch (*c) {
        case '\n':
            text_add(text, "\\n");
            break;
        case '\t':
            text_add(text, "\\t");
            break;
        case '"':
        case '\\':
            text_add_char(text, '\\');
            text_add_char(text, *c);
            break;
        default:
            text_add_doubled(text, (const char[]){*c, '\0'}, doubled);
            break;
        }
    }
    text_add_char(text, '"');
}

/* The list alone may be gone when the text is finished: callers build it where they are. */
static const char *const *words_copy(struct arena *arena, const char *const *words)
{
    VEC(, const char *) copy = {0};
    size_t i = 0;
    do {
        vec_add(arena, &copy, words[i]);
    } while (words[i++] != NULL);
    return copy.items;
}

static void text_add_words(struct text *text, const char *const *words, const char *doubled)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (i > 0) {
            text_add_char(text, ' ');
        }
        text_add_quoted(text, words[i], doubled);
    }
}

void systemd_command(struct systemd_text *systemd, const char *key, const char *prefix,
                     const char *const *words)
{
    /* systemd takes prefixes from the unquoted word and expands no variable in the program. */
    assert(words[0] != NULL && strchr("@-:+!|", *words[0]) == NULL &&
           strchr(words[0], '$') == NULL);
    struct wish *wish = wish_add(systemd, WISH_COMMAND, key);
    wish->prefix = prefix;
    wish->words = words_copy(systemd->scratch, words);
    text_add(&systemd->text, prefix);
    text_add_words(&systemd->text, words, "%$");
    line_end(systemd);
}

void systemd_words(struct systemd_text *systemd, const char *key, const char *const *words)
{
    wish_add(systemd, WISH_WORDS, key)->words = words_copy(systemd->scratch, words);
    text_add_words(&systemd->text, words, "%");
    line_end(systemd);
}

void systemd_units(struct systemd_text *systemd, const char *key, const char *const *names)
{
    struct text list = text_make(systemd->scratch);
    for (size_t i = 0; names[i] != NULL; i++) {
        assert(strpbrk(names[i], " \"'%") == NULL);
        text_addf(&list, "%s%s", i == 0 ? "" : " ", names[i]);
    }
    systemd_line(systemd, key, list.data);
}

static bool words_equal(const char *const *wanted, const char *const *found, size_t count)
{
    size_t i = 0;
    while (i < count && wanted[i] != NULL && strcmp(wanted[i], found[i]) == 0) {
        i++;
    }
    return i == count && wanted[i] == NULL;
}

static bool wish_is_met(struct arena *arena, const struct wish *wish,
                        const struct systemd_setting *found)
{
    if (strcmp(wish->section, found->section) != 0 || strcmp(wish->key, found->key) != 0) {
        return false;
    }
    const char *value = found->value;
    const char *const *words = NULL;
    size_t count = 0;
    switch (wish->type) {
    case WISH_LINE:
        return strcmp(wish->value, value) == 0;
    case WISH_VALUE: {
        struct text doubled = text_make(arena);
        text_add_doubled(&doubled, wish->value, "%");
        return strcmp(doubled.data, value) == 0;
    }
    case WISH_COMMAND:
        if (!text_starts_with(value, wish->prefix)) {
            return false;
        }
        value += strlen(wish->prefix);
        break;
    case WISH_WORDS:
        break;
    }
    return systemd_unquote(arena, value, wish->type == WISH_COMMAND, &words, &count) &&
           words_equal(wish->words, words, count);
}

static bool text_reads_back(struct systemd_text *systemd)
{
    struct systemd_settings found = {0};
    size_t line = 0;
    if (!systemd_parse(systemd->scratch, text_str(&systemd->text), &found, &line) ||
        found.count != systemd->wishes.count) {
        return false;
    }
    for (size_t i = 0; i < found.count; i++) {
        if (!wish_is_met(systemd->scratch, &systemd->wishes.items[i], &found.items[i])) {
            return false;
        }
    }
    return true;
}

struct mapped_text systemd_text_finish(struct systemd_text *systemd)
{
    bool reads_back = text_reads_back(systemd);
    assert(reads_back);
    (void)reads_back; /* where assertions are compiled out */
    return mapped_text_copy(systemd->arena, &(const struct mapped_text){
                                                .content = text_str(&systemd->text),
                                                .lines = systemd->lines.items,
                                                .line_count = systemd->lines.count,
                                            });
}
