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
#include "golden/hostile_payloads.h"
#include "schemas/site_syntax.h"

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
    struct spot_walk walk = {.arena = arena, .spots = &spots, .ask = ask};
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
    struct spot_walk walk = {.arena = arena, .spots = &spots, .ask = ask};
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
