/* Whether a hostile text arrived inert: what is written is read back, and compared with what the
 * same document with a harmless text in that place wrote. */
#pragma once

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "core/diagnostics_report.h"
#include "golden/hostile_set.h"
#include "golden/hostile_statements.h"
#include "schemas/value.h"

struct payload {
    const char *yaml; /* inside of double quotes, where nothing needs to be escaped further */
    size_t length;    /* of yaml */
    const char *text; /* what it stands for; NULL: YAML refuses it */
};

static inline const char *repeated(struct arena *arena, const char *part, size_t times)
{
    struct text text = text_make(arena);
    for (size_t i = 0; i < times; i++) {
        text_add(&text, part);
    }
    return text.data;
}

struct tally {
    size_t accepted;
    size_t refused;
    size_t failures; /* all are told: stopping at the first one would hide the others */
};

static inline void complain(struct tally *tally, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline void complain(struct tally *tally, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    tally->failures++;
}

/* The text with the payload in it, and the same with a harmless one. */
struct texts {
    bool is_command;    /* in one line, which is split into words */
    const char *before; /* the payload */
    const char *behind;
    struct payload payload;
    const char *hostile;
    const char *twin;
};

/* Found again in what is written, and in none of our own words. */
static inline const char *harmless(struct arena *arena, size_t length)
{
    return arena_printf(arena, "zqxj%s", repeated(arena, "q", length > 4 ? length - 4 : 0));
}

/* Names of variables and zones that are made of a text's digest, and what a redirect adds to a
 * target without a path, follow from the text and do not hold it. */
static inline const char *without_derived(struct arena *arena, const char *word)
{
    struct text out = text_make(arena);
    word = replaced(arena, word, "$request_uri", "");
    while (*word != '\0') {
        text_add_char(&out, *word);
        bool ends_name = *word == '_' && strspn(word + 1, "0123456789abcdef") >= 8;
        word += ends_name ? 1 + strspn(word + 1, "0123456789abcdef") : 1;
    }
    return out.data;
}

static inline const char *yaml_quoted(struct arena *arena, const char *before, struct str middle,
                                      const char *behind, size_t *out_length)
{
    struct text out = text_make(arena);
    text_add_char(&out, '"');
    write_quoted(&out, before, strlen(before));
    text_add_str(&out, middle);
    write_quoted(&out, behind, strlen(behind));
    text_add_char(&out, '"');
    *out_length = out.length;
    return out.data;
}

/* What the harmless word becomes when the text is the hostile one. */
static inline const char *expected(struct arena *arena, const struct texts *texts, const char *word)
{
    if (strstr(word, texts->twin) != NULL) {
        return replaced(arena, word, texts->twin, texts->hostile);
    }
    /* Only a part of it came here: the payload, known by its neighbours. */
    size_t skip = strlen(texts->before) > 2 ? strlen(texts->before) - 2 : 0;
    const char *left = texts->before + skip;
    const char *right = arena_strndup(arena, texts->behind, strnlen(texts->behind, 2));
    const char *inner = harmless(arena, strlen(texts->payload.text));
    return replaced(arena, word, arena_printf(arena, "%s%s%s", left, inner, right),
                    arena_printf(arena, "%s%s%s", left, texts->payload.text, right));
}

/* By the reader of the language's own command lines, which the unit tests of values know well. */
static inline bool is_split_of(struct arena *arena, const char *text,
                               const struct statement *statement)
{
    const char *const *words = NULL;
    const char *why = NULL;
    size_t count = 0;
    bool is_same =
        value_read_argv(arena, text, &words, &count, &why) && count == statement->word_count;
    for (size_t i = 0; is_same && i < count; i++) {
        is_same = strcmp(words[i], statement->words[i]) == 0;
    }
    return is_same;
}

/* The variable of a header: "$http_x_tenant" of "X-Tenant". */
static inline const char *header_variable(struct arena *arena, const char *name)
{
    struct text out = text_make(arena);
    text_add(&out, "$http_");
    for (; *name != '\0'; name++) {
        bool is_upper = *name >= 'A' && *name <= 'Z';
        text_add_char(&out, *name == '-' ? '_' : is_upper ? (char)(*name - 'A' + 'a') : *name);
    }
    return out.data;
}

static inline bool word_follows(struct arena *arena, const struct texts *texts, bool is_literal,
                                const char *twin, const char *hostile)
{
    struct texts written = *texts;
    if (strcmp(twin, header_variable(arena, texts->twin)) == 0) {
        return strcmp(hostile, header_variable(arena, texts->hostile)) == 0;
    }
    if (!is_literal) { /* a dollar sign would be a variable, and is one that stands for it */
        written.payload.text = replaced(arena, texts->payload.text, "$", "${rc_dollar}");
        written.hostile =
            arena_printf(arena, "%s%s%s", texts->before, written.payload.text, texts->behind);
    }
    /* A path or a name as a pattern: without what stands before dots and the like. */
    bool is_pattern = text_starts_with(twin, "~^") || text_starts_with(twin, "(?s)^");
    const char *escape = is_pattern ? "\\" : "";
    twin = replaced(arena, twin, escape, "");
    hostile = replaced(arena, hostile, escape, "");
    const char *wanted = without_derived(arena, expected(arena, &written, twin));
    wanted = replaced(arena, wanted, escape, "");
    return strcmp(wanted, without_derived(arena, hostile)) == 0;
}

static inline bool command_follows(struct arena *arena, const struct texts *texts,
                                   const struct statement *hostile)
{
    bool is_ours = hostile->whole != NULL && text_starts_with(hostile->whole, "/bin/kill -s SIG");
    return is_ours || is_split_of(arena, texts->hostile, hostile);
}

static inline bool words_follow(struct arena *arena, const struct texts *texts,
                                const struct statement *twin, const struct statement *hostile)
{
    if (texts->is_command && twin->words != NULL && is_split_of(arena, texts->twin, twin)) {
        return command_follows(arena, texts, hostile);
    }
    if (twin->words == NULL || hostile->words == NULL || twin->word_count != hostile->word_count) {
        return false;
    }
    for (size_t i = 0; i < twin->word_count; i++) {
        if (!word_follows(arena, texts, i < twin->literal_count, twin->words[i],
                          hostile->words[i])) {
            return false;
        }
    }
    return true;
}

static inline const char *shown(struct arena *arena, const struct statement *statement)
{
    struct text out = text_make(arena);
    text_addf(&out, "%.200s:", statement->key);
    for (size_t i = 0; i < statement->word_count; i++) {
        text_addf(&out, " <%.200s>", statement->words[i]);
    }
    return out.data;
}

/* has_twin false: the other one has another text there, and only the frame is compared. */
static inline bool statement_follows(struct arena *arena, const struct texts *texts, bool has_twin,
                                     const struct statement *twin, const struct statement *hostile)
{
    if (strcmp(twin->key, hostile->key) != 0) {
        return false;
    }
    if (text_ends_with(twin->key, " [Unit] Description")) {
        return true; /* for people: what cannot stand there is left out */
    }
    if (!has_twin) {
        return twin->whole != NULL || texts->is_command || twin->word_count == hostile->word_count;
    }
    bool is_whole = twin->whole != NULL && hostile->whole != NULL &&
                    strcmp(expected(arena, texts, twin->whole), hostile->whole) == 0;
    return is_whole || words_follow(arena, texts, twin, hostile);
}

/* Two outcomes of the same document, with the hostile text and without. */
struct pair {
    const struct texts *texts;
    bool has_twin; /* else the other one has another text there */
    struct outcome twin;
    struct outcome hostile;
};

static inline void check_inert(struct arena *arena, const char *what, const struct pair *pair,
                               struct tally *tally)
{
    struct statement_list a = {0};
    struct statement_list b = {0};
    const char *path = NULL;
    if (!statements_of(arena, &pair->twin, &a, &path) ||
        !statements_of(arena, &pair->hostile, &b, &path)) {
        complain(tally, "%s: %s cannot be read back", what, path);
        return;
    }
    if (a.count != b.count) {
        complain(tally, "%s: %zu statements instead of %zu", what, b.count, a.count);
        return;
    }
    for (size_t i = 0; i < a.count; i++) {
        if (!statement_follows(arena, pair->texts, pair->has_twin, &a.items[i], &b.items[i])) {
            complain(tally, "%s:\n  %s\n  instead of (%s)\n  %s", what, shown(arena, &b.items[i]),
                     pair->has_twin ? "twin" : "frame", shown(arena, &a.items[i]));
            return;
        }
    }
}

/* A refusal says where and why, and moves no terminal. */
static inline void check_message(struct arena *arena, const char *what,
                                 const struct diagnostic_list *diagnostics, struct tally *tally)
{
    struct text out = text_make(arena);
    diagnostics_write_text(diagnostics, LANGUAGE_ENGLISH, false, &out);
    struct str text = text_str(&out);
    if (strstr(out.data, "error[R") == NULL || strstr(out.data, "--> in.yaml:") == NULL) {
        complain(tally, "%s: refused without a place: %s", what, out.data);
    }
    for (size_t at = 0; at < text.length;) {
        uint32_t code = 0;
        size_t length = utf8_decode(text, at, &code);
        if (length == 0 || (utf8_is_control(code) && code != '\n') || utf8_is_bidi_control(code)) {
            complain(tally, "%s: the message holds the byte 0x%02X", what,
                     (unsigned char)text.data[at]);
            return;
        }
        at += length;
    }
}

/* Where in the harmless text the hostile one goes. */
enum place { PLACE_INSIDE, PLACE_END, PLACE_BEGIN, PLACE_ALONE, PLACE_COUNT };

static inline bool is_command_line(const struct spot *spot)
{
    const struct field *field = spot->field;
    const struct schema *object = field == NULL ? NULL : field->object;
    if (object != NULL && object->shorthand != NULL) { /* one command for a list of them */
        field = field_find(object, object->shorthand);
    }
    return field != NULL && field->type == FIELD_ARGV;
}

static inline struct texts texts_make(struct arena *arena, const struct spot *spot,
                                      struct payload payload, enum place place)
{
    const char *example = spot->leaf->text;
    size_t half = place == PLACE_INSIDE ? strlen(example) / 2 : 0;
    half += place == PLACE_END ? strlen(example) : 0;
    struct texts texts = {
        .is_command = is_command_line(spot),
        .before = place == PLACE_ALONE ? "" : arena_strndup(arena, example, half),
        .behind = place == PLACE_ALONE ? "" : example + half,
        .payload = payload,
    };
    if (payload.text != NULL) {
        texts.hostile = arena_printf(arena, "%s%s%s", texts.before, payload.text, texts.behind);
        texts.twin = arena_printf(arena, "%s%s%s", texts.before,
                                  harmless(arena, strlen(payload.text)), texts.behind);
    }
    return texts;
}

static inline void try_outcome(struct arena *arena, const struct spot *spot,
                               const struct texts *texts, const char *name, struct str middle,
                               struct outcome *out)
{
    size_t length = 0;
    const char *yaml = yaml_quoted(arena, texts->before, middle, texts->behind, &length);
    struct trial trial = trial_make(arena, spot, name, (struct str){yaml, length});
    outcome_make(arena, set_of(arena, &trial, 1), out);
}

static inline void judge(struct arena *arena, const struct spot *spot, const struct texts *texts,
                         const char *what, struct tally *tally)
{
    const char *name = name_of(arena, spot->kind, 0);
    struct str yaml = {texts->payload.yaml, texts->payload.length};
    struct pair pair = {.texts = texts};
    try_outcome(arena, spot, texts, name, yaml, &pair.hostile);
    if (!pair.hostile.is_accepted) {
        tally->refused++;
        check_message(arena, what, &pair.hostile.diagnostics, tally);
        return;
    }
    tally->accepted++;
    if (texts->payload.text == NULL) {
        complain(tally, "%s: accepted", what);
        return;
    }
    const char *inner = harmless(arena, strlen(texts->payload.text));
    try_outcome(arena, spot, texts, name, str_of(inner), &pair.twin);
    pair.has_twin = pair.twin.is_accepted;
    if (!pair.has_twin) {
        struct trial trial = trial_of(arena, spot->kind, name, spot->document);
        outcome_make(arena, set_of(arena, &trial, 1), &pair.twin);
    }
    check_inert(arena, what, &pair, tally);
}

static inline bool takes_text(const struct spot *spot)
{
    if (spot->field == NULL || spot->field->key_syntax != NULL) {
        return true;
    }
    enum field_type type = spot->field->type;
    return type == FIELD_TEXT || type == FIELD_ARGV || type == FIELD_TEXT_LIST ||
           type == FIELD_TEXT_MAP || type == FIELD_OBJECT_LIST;
}
