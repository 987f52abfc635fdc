/* Hostile texts in every place where people write text: each is either refused, by a message that
 * is itself harmless, or arrives inert. Inert means that nginx and systemd files have the same
 * directives, blocks, sections and settings as with a harmless text in that place, and that the
 * text, read back, stands where the harmless one did and is the same, byte for byte.
 *
 *     test_hostile                  all of them, each at one place of the harmless text; at all
 *                                   places with TEST_EVERY_PLACE in the environment
 *     test_hostile --write FOLDER   writes what is accepted as documents, in folders below FOLDER
 *                                   that are each one set, for nginx and systemd to judge */

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/utf8.h"
#include "core/diagnostics_report.h"
#include "golden/hostile_set.h"
#include "golden/hostile_statements.h"
#include "schemas/site_syntax.h"

/* ---- The texts ------------------------------------------------------------------------------- */

struct payload {
    const char *yaml; /* inside of double quotes, where nothing needs to be escaped further */
    size_t length;    /* of yaml */
    const char *text; /* what it stands for; NULL: YAML refuses it */
};
#define PAYLOAD(yaml_, text_)                                                                      \
    {                                                                                              \
        yaml_, sizeof(yaml_) - 1, text_                                                            \
    }
#define REFUSED(yaml_)                                                                             \
    {                                                                                              \
        yaml_, sizeof(yaml_) - 1, NULL                                                             \
    }

/* What would be seen if it got out of its quotes: no program knows these words. */
static const struct payload payloads[] = {
    PAYLOAD("\\n", "\n"),
    PAYLOAD("\\nRcEscaped=yes\\n", "\nRcEscaped=yes\n"),
    PAYLOAD("\\n[RcEscaped]\\n", "\n[RcEscaped]\n"),
    PAYLOAD("\\nrc_escaped on;\\n", "\nrc_escaped on;\n"),
    PAYLOAD("\\\"", "\""),
    PAYLOAD("\\\"; rc_escaped on; \\\"", "\"; rc_escaped on; \""),
    PAYLOAD("'", "'"),
    PAYLOAD("'; rc_escaped on; '", "'; rc_escaped on; '"),
    PAYLOAD(";", ";"),
    PAYLOAD("; rc_escaped on;", "; rc_escaped on;"),
    PAYLOAD("{", "{"),
    PAYLOAD("} rc_escaped {", "} rc_escaped {"),
    PAYLOAD("}", "}"),
    PAYLOAD("#", "#"),
    PAYLOAD(" # x", " # x"),
    PAYLOAD("$", "$"),
    PAYLOAD("$rc_escaped", "$rc_escaped"),
    PAYLOAD("${rc_escaped}", "${rc_escaped}"),
    PAYLOAD("${rc_dollar}", "${rc_dollar}"),
    PAYLOAD("%", "%"),
    PAYLOAD("%Z", "%Z"),
    PAYLOAD("%%", "%%"),
    PAYLOAD("\\\\", "\\"),
    PAYLOAD("\\\\\\\\", "\\\\"),
    PAYLOAD("\\\\n", "\\n"),
    PAYLOAD("\\\\\\n", "\\\n"),
    PAYLOAD("\\\\x41", "\\x41"),
    PAYLOAD("\\t", "\t"),
    PAYLOAD(" ", " "),
    PAYLOAD("  ", "  "),
    PAYLOAD("/../", "/../"),
    PAYLOAD("//", "//"),
    PAYLOAD("`id`$(id)|&&<>", "`id`$(id)|&&<>"),
    PAYLOAD("\\u0639\\xe9\\u20ac", "\xd8\xb9\xc3\xa9\xe2\x82\xac"),
    REFUSED("\\0"),
    REFUSED("\0"),
    REFUSED("\\e[31m"),
    REFUSED("\x1b[31m"),
    REFUSED("\\r"),
    REFUSED("\\x9b"),
    REFUSED("\\u2028"),
    REFUSED("\\u202e"),
    REFUSED("\xe2\x80\xae"),
    REFUSED("\\u2066"),
    REFUSED("\\u200f"),
    REFUSED("\xff"),
    REFUSED("\xc0\xaf"),
    REFUSED("\xed\xa0\x80"),
};
enum { PAYLOAD_COUNT = sizeof(payloads) / sizeof(payloads[0]) };

/* Many of one byte: within the limits of YAML, longer than what nginx and the kernel take. */
static const struct long_payload {
    const char *yaml;
    const char *text;
    size_t times;
} long_payloads[] = {
    {"x", "x", 3899},    {"\\\"", "\"", 2000},  {"\\\\", "\\", 4000}, {"$", "$", 400},
    {"\\n", "\n", 3000}, {"\\\"", "\"", 60000}, {"%", "%", 60000},    {"x", "x", 102400},
};
enum { LONG_COUNT = sizeof(long_payloads) / sizeof(long_payloads[0]) };

static const char *repeated(struct arena *arena, const char *part, size_t times)
{
    struct text text = text_make(arena);
    for (size_t i = 0; i < times; i++) {
        text_add(&text, part);
    }
    return text.data;
}

VEC(payload_list, struct payload);

/* The long ones stand behind the short ones. */
static struct payload_list payloads_make(struct arena *arena)
{
    struct payload_list list = {0};
    for (size_t i = 0; i < PAYLOAD_COUNT; i++) {
        vec_add(arena, &list, payloads[i]);
    }
    for (size_t i = 0; i < LONG_COUNT; i++) {
        const struct long_payload *row = &long_payloads[i];
        const char *yaml = repeated(arena, row->yaml, row->times);
        struct payload payload = {yaml, strlen(yaml), repeated(arena, row->text, row->times)};
        vec_add(arena, &list, payload);
    }
    return list;
}

/* ---- Judging -----------------------------------------------------------------------------------
 */

struct tally {
    size_t accepted;
    size_t refused;
    size_t failures; /* all are told: stopping at the first one would hide the others */
};

static void complain(struct tally *tally, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void complain(struct tally *tally, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprint_error(format, arguments);
    va_end(arguments);
    print_error("\n");
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
static const char *harmless(struct arena *arena, size_t length)
{
    return arena_printf(arena, "zqxj%s", repeated(arena, "q", length > 4 ? length - 4 : 0));
}

/* Names of variables and zones that are made of a text's digest, and what a redirect adds to a
 * target without a path, follow from the text and do not hold it. */
static const char *without_derived(struct arena *arena, const char *word)
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

static const char *yaml_quoted(struct arena *arena, const char *before, struct str middle,
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
static const char *expected(struct arena *arena, const struct texts *texts, const char *word)
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
static bool is_split_of(struct arena *arena, const char *text, const struct statement *statement)
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

static bool word_follows(struct arena *arena, const struct texts *texts, bool is_literal,
                         const char *twin, const char *hostile)
{
    struct texts written = *texts;
    if (!is_literal) { /* a dollar sign would be a variable, and is one that stands for it */
        written.payload.text = replaced(arena, texts->payload.text, "$", "${rc_dollar}");
        written.hostile =
            arena_printf(arena, "%s%s%s", texts->before, written.payload.text, texts->behind);
    }
    const char *wanted = without_derived(arena, expected(arena, &written, twin));
    if (text_starts_with(twin, "~^") || text_starts_with(twin, "(?s)^")) { /* a path as a pattern */
        wanted = replaced(arena, wanted, "\\", "");
        hostile = replaced(arena, hostile, "\\", "");
    }
    return strcmp(wanted, without_derived(arena, hostile)) == 0;
}

static bool command_follows(struct arena *arena, const struct texts *texts,
                            const struct statement *hostile)
{
    bool is_ours = hostile->whole != NULL && text_starts_with(hostile->whole, "/bin/kill -s SIG");
    return is_ours || is_split_of(arena, texts->hostile, hostile);
}

static bool words_follow(struct arena *arena, const struct texts *texts,
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

static const char *shown(struct arena *arena, const struct statement *statement)
{
    struct text out = text_make(arena);
    text_addf(&out, "%.200s:", statement->key);
    for (size_t i = 0; i < statement->word_count; i++) {
        text_addf(&out, " <%.200s>", statement->words[i]);
    }
    return out.data;
}

/* has_twin false: the other one has another text there, and only the frame is compared. */
static bool statement_follows(struct arena *arena, const struct texts *texts, bool has_twin,
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

static void check_inert(struct arena *arena, const char *what, const struct pair *pair,
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
static void check_message(struct arena *arena, const char *what,
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

static bool is_command_line(const struct spot *spot)
{
    const struct field *field = spot->field;
    const struct schema *object = field == NULL ? NULL : field->object;
    if (object != NULL && object->shorthand != NULL) { /* one command for a list of them */
        field = field_find(object, object->shorthand);
    }
    return field != NULL && field->type == FIELD_ARGV;
}

static struct texts texts_make(struct arena *arena, const struct spot *spot, struct payload payload,
                               enum place place)
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

static void try_outcome(struct arena *arena, const struct spot *spot, const struct texts *texts,
                        const char *name, struct str middle, struct outcome *out)
{
    size_t length = 0;
    const char *yaml = yaml_quoted(arena, texts->before, middle, texts->behind, &length);
    struct trial trial = trial_make(arena, spot, name, (struct str){yaml, length});
    outcome_make(arena, set_of(arena, &trial, 1), out);
}

static void judge(struct arena *arena, const struct spot *spot, const struct texts *texts,
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

static bool takes_text(const struct spot *spot)
{
    if (spot->field == NULL || spot->field->key_syntax != NULL) {
        return true;
    }
    enum field_type type = spot->field->type;
    return type == FIELD_TEXT || type == FIELD_ARGV || type == FIELD_TEXT_LIST ||
           type == FIELD_TEXT_MAP || type == FIELD_OBJECT_LIST;
}

/* Places change from text to text and from spot to spot, so that each comes up with everything. */
static bool is_tried(size_t spot, size_t payload, int place, int places)
{
    return getenv("TEST_EVERY_PLACE") != NULL || (size_t)place == (spot + payload) % (size_t)places;
}

static void try_spot(const struct spot *spot, size_t number, const struct payload_list *list,
                     struct tally *tally)
{
    bool is_text = takes_text(spot);
    for (size_t i = 0; i < (is_text ? list->count : PAYLOAD_COUNT); i++) {
        bool is_for_rows = i < PAYLOAD_COUNT && list->items[i].text != NULL;
        int places = is_text && is_for_rows ? PLACE_COUNT : 1;
        for (int place = 0; place < places; place++) {
            if (!is_tried(number, i, place, places)) {
                continue;
            }
            AUTO_ARENA arena = arena_create();
            struct texts texts = texts_make(arena, spot, list->items[i], (enum place)place);
            const char *what = arena_printf(arena, "%s, payload %zu (%.40s), place %d", spot->name,
                                            i, list->items[i].yaml, place);
            judge(arena, spot, &texts, what, tally);
        }
    }
}

static void hostile_texts_are_refused_or_inert(void **state)
{
    struct arena *arena = arena_create();
    struct payload_list list = payloads_make(arena);
    struct spot_list spots = {0};
    struct spot_walk walk = {.arena = arena, .spots = &spots, .is_good = is_good};
    struct tally all = {0};
    spots_find(&walk);
    all.failures = walk.failures;
    for (size_t i = 0; i < spots.count; i++) {
        struct tally tally = {0};
        try_spot(&spots.items[i], i, &list, &tally);
        all.accepted += tally.accepted;
        all.refused += tally.refused;
        all.failures += tally.failures;
        print_message("%s: %zu accepted, %zu refused\n", spots.items[i].name, tally.accepted,
                      tally.refused);
    }
    print_message("%zu places, %zu accepted, %zu refused\n", spots.count, all.accepted,
                  all.refused);
    arena_destroy(arena);
    assert_int_equal(all.failures, 0);
    assert_true(all.accepted > 1000); /* else nothing would have been read back */
}

/* ---- For the real programs --------------------------------------------------------------------
 */

enum { FILE_BYTES = 900 * 1000, BATCH_MOST = 16 }; /* below the limit of a file */

/* Documents that can be one set. */
struct batch {
    struct map claimed;
    struct text file; /* of one kind */
    size_t file_count;
};

struct writing {
    struct arena *arena;
    const char *folder;
    struct batch batches[BATCH_MOST];
    size_t count; /* of documents */
};

static void write_file(struct writing *writing, size_t batch, const char *name, struct str content)
{
    struct error err = {0};
    const char *folder = arena_printf(writing->arena, "%s/%zu", writing->folder, batch);
    if (!file_make_directories(AT_FDCWD, folder, 0755, &err) ||
        !file_replace(AT_FDCWD, arena_printf(writing->arena, "%s/%s.yaml", folder, name), content,
                      0644, FILE_OWNER_NONE, FILE_SYNC_LATER, &err)) {
        fail_msg("%s", err.message);
    }
}

static void batch_flush(struct writing *writing, size_t index)
{
    struct batch *batch = &writing->batches[index];
    if (batch->file.length > 0) {
        write_file(writing, index, arena_printf(writing->arena, "%zu", batch->file_count),
                   text_str(&batch->file));
        batch->file_count++;
    }
    batch->file = text_make(writing->arena);
}

static bool batch_takes(struct batch *batch, const struct claim_list *claims)
{
    for (size_t i = 0; i < claims->count; i++) {
        if (map_has(&batch->claimed, claims->items[i].text)) {
            return false;
        }
    }
    return true;
}

/* Into the first batch where nobody claims the same. */
static void write_trial(struct writing *writing, const struct trial *trial,
                        const struct outcome *outcome, const char *name)
{
    struct claim_list claims = {0};
    size_t index = 0;
    const struct document *document =
        document_find(&outcome->documents, trial->kind->schema->name, name);
    assert_non_null(document);
    if (trial->kind->schema->claims != NULL) {
        trial->kind->schema->claims(writing->arena, document, &claims);
    }
    while (index < BATCH_MOST && !batch_takes(&writing->batches[index], &claims)) {
        index++;
    }
    assert_true(index < BATCH_MOST);
    struct batch *batch = &writing->batches[index];
    for (size_t i = 0; i < claims.count; i++) {
        (void)map_put(writing->arena, &batch->claimed,
                      arena_strdup(writing->arena, claims.items[i].text), writing);
    }
    if (batch->file.length == 0) {
        batch->file = text_make(writing->arena);
        text_line(&batch->file, "%s:", trial->kind->schema->plural);
    }
    text_add(&batch->file, "  ");
    text_add_str(&batch->file, trial->line);
    text_add_char(&batch->file, '\n');
    writing->count++;
    if (batch->file.length > FILE_BYTES) {
        batch_flush(writing, index);
    }
}

/* The same document with a port of its own, where it has one. */
static struct spot with_own_port(struct arena *arena, const struct spot *spot, size_t number)
{
    struct spot own = *spot;
    const struct hole *hole = spot->hole;
    if (hole == NULL || node_get(spot->document, "port") == NULL ||
        text_ends_with(spot->name, ".port")) {
        return own;
    }
    const struct node *port = spot_scalar(arena, arena_printf(arena, "%zu", 1024 + number), false);
    const struct node *key = spot_scalar(arena, "port", false);
    /* The outermost container is the document. */
    struct hole *copy = NULL;
    const struct hole **link = &own.hole;
    for (; hole != NULL; hole = hole->outer) {
        copy = arena_new(arena, struct hole);
        *copy = *hole;
        *link = copy;
        link = &copy->outer;
    }
    assert(copy != NULL); /* there is a hole at least */
    copy->container = spot_with(arena, copy->container, key, port);
    return own;
}

/* A text that is no regular expression reaches nginx as what it is, and is refused there. */
static bool is_regex(const struct spot *spot)
{
    const struct field *field = spot->field;
    bool is_key = spot->hole != NULL && spot->hole->is_key;
    return field != NULL && (is_key ? field->key_syntax : field->syntax) == &syntax_regex;
}

static void write_spot(struct writing *writing, const struct spot *spot, size_t number,
                       const struct payload_list *list)
{
    for (size_t i = 0; i < list->count && takes_text(spot) && !is_regex(spot); i++) {
        for (int place = 0; place < PLACE_BEGIN && list->items[i].text != NULL; place++) {
            if (!is_tried(number, i, place, PLACE_BEGIN)) {
                continue;
            }
            struct arena *arena = writing->arena;
            const char *name = name_of(arena, spot->kind, writing->count + 1);
            struct spot own = with_own_port(arena, spot, writing->count);
            struct texts texts = texts_make(arena, &own, list->items[i], (enum place)place);
            size_t length = 0;
            const char *yaml = yaml_quoted(arena, texts.before,
                                           (struct str){texts.payload.yaml, texts.payload.length},
                                           texts.behind, &length);
            struct trial trial = trial_make(arena, &own, name, (struct str){yaml, length});
            struct outcome outcome;
            outcome_make(arena, set_of(arena, &trial, 1), &outcome);
            if (outcome.is_accepted && own.hole != NULL) {
                write_trial(writing, &trial, &outcome, name);
            }
        }
    }
}

static void write_all(const char *folder)
{
    struct arena *arena = arena_create();
    struct payload_list list = payloads_make(arena);
    struct spot_list spots = {0};
    struct spot_walk walk = {.arena = arena, .spots = &spots, .is_good = is_good};
    struct writing *writing = arena_new(arena, struct writing);
    *writing = (struct writing){.arena = arena, .folder = folder};
    spots_find(&walk);
    for (size_t i = 0; i < spots.count; i++) {
        if (i > 0 && spots.items[i].kind != spots.items[i - 1].kind) {
            for (size_t k = 0; k < BATCH_MOST; k++) {
                batch_flush(writing, k);
            }
        }
        write_spot(writing, &spots.items[i], i, &list);
    }
    size_t used = 0;
    for (size_t k = 0; k < BATCH_MOST; k++) {
        batch_flush(writing, k);
        if (writing->batches[k].file_count > 0) {
            struct trial all = {.line = STR("service:helper service:shop service:search "
                                            "certificate:helper certificate:wildcard")};
            write_file(writing, k, "helpers", set_of(arena, &all, 1));
            used++;
        }
    }
    printf("%zu documents in %zu sets\n", writing->count, used);
    arena_destroy(arena);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_texts_are_refused_or_inert),
    };
    if (argc == 3 && strcmp(argv[1], "--write") == 0) {
        write_all(argv[2]);
        return 0;
    }
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
