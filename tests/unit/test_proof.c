/* Whose handshakes are looked at, what their answers mean, and what is said of each certificate. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "core/certificate_state.h"
#include "core/proof.h"
#include "model/document.h"

enum { NOW = 1000000, DAY = 24 * 3600 };

struct fixture {
    struct arena *arena;
    struct proofs proofs;
    struct proof_questions questions;
};

static int setup(void **state)
{
    struct arena *arena = arena_create();
    struct fixture *fixture = arena_new(arena, struct fixture);
    fixture->arena = arena;
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_destroy(fixture->arena);
    return 0;
}

/* A site with a pair of its own at one endpoint. */
static const struct tls_server *server_of(struct fixture *fixture, const char *name, uint16_t port)
{
    struct arena *arena = fixture->arena;
    struct document *document = arena_new(arena, struct document);
    struct tls_server *server = arena_new(arena, struct tls_server);
    const char **names = arena_array(arena, 2, sizeof(*names));
    names[0] = name;
    *document = (struct document){.kind_name = "site", .name = name};
    *server = (struct tls_server){.document = document, .certificate = name, .names = names};
    vec_add(arena, &server->endpoints, (struct tls_endpoint){"127.0.0.1", port});
    return server;
}

static struct proof_question *ask_for(struct fixture *fixture, const char *name,
                                      const char *fingerprint)
{
    vec_add(fixture->arena, &fixture->questions,
            proof_question_make(fixture->arena, server_of(fixture, name, 443), fingerprint,
                                &fixture->proofs));
    return vec_last(&fixture->questions);
}

static struct proof answer(struct fixture *fixture, const struct proof_question *question,
                           const char *fingerprint, const char *why, int64_t now)
{
    struct proof_answers answers = {0};
    vec_add(fixture->arena, &answers,
            (struct proof_answer){.name = question->server->names[0],
                                  .endpoint = &question->server->endpoints.items[0],
                                  .fingerprint = fingerprint,
                                  .starts_at = 0,
                                  .expires_at = 90 * DAY,
                                  .why = why});
    return proof_make(fixture->arena, question, &answers, now);
}

/* Asks these names, each of which shows its pair; what is kept of it is what the next run knows. */
static void prove(struct fixture *fixture, const char *const *names, int64_t now)
{
    struct proof_list made = {0};
    for (; *names != NULL; names++) {
        vec_add(fixture->arena, &made,
                answer(fixture, ask_for(fixture, *names, "aa"), "aa", NULL, now));
    }
    fixture->proofs =
        proofs_merge(fixture->arena, &fixture->proofs, &fixture->questions, &made, false, now);
    fixture->questions = (struct proof_questions){0};
}

/* The names that are asked, in order. */
static const char *chosen(struct fixture *fixture, bool was_reloaded, int64_t now)
{
    bool is_cut = false;
    struct text out = text_make(fixture->arena);
    const struct proof_questions list = proofs_choose(
        fixture->arena, &fixture->proofs, &fixture->questions, was_reloaded, now, &is_cut);
    assert_false(is_cut);
    for (size_t i = 0; i < list.count; i++) {
        text_addf(&out, "%s%s", i == 0 ? "" : " ", list.items[i].server->names[0]);
    }
    return out.data;
}

static const char *const both[] = {"a.test", "b.test", NULL};

/* ---- Whom to ask ----------------------------------------------------------------------------- */

static void test_proof_what_is_new_is_asked_and_then_left_alone(void **state)
{
    struct fixture *fixture = *state;
    (void)ask_for(fixture, "a.test", "aa");
    assert_string_equal(chosen(fixture, false, NOW), "a.test");
    fixture->questions = (struct proof_questions){0};
    prove(fixture, both, NOW);
    (void)ask_for(fixture, "a.test", "aa");
    (void)ask_for(fixture, "b.test", "aa");
    assert_string_equal(chosen(fixture, false, NOW + 1), "");
}

static void test_proof_another_pair_or_listener_is_asked(void **state)
{
    struct fixture *fixture = *state;
    prove(fixture, both, NOW);
    (void)ask_for(fixture, "a.test", "bb");
    vec_add(fixture->arena, &fixture->questions,
            proof_question_make(fixture->arena, server_of(fixture, "b.test", 8443), "aa",
                                &fixture->proofs));
    assert_string_equal(chosen(fixture, false, NOW + 1), "a.test b.test");
}

static void test_proof_what_was_wrong_is_asked_in_each_run(void **state)
{
    struct fixture *fixture = *state;
    struct proof_list made = {0};
    prove(fixture, both, NOW);
    const struct proof_question *question = ask_for(fixture, "a.test", "aa");
    (void)ask_for(fixture, "b.test", "aa");
    vec_add(fixture->arena, &made, answer(fixture, question, "cc", NULL, NOW + 5));
    fixture->proofs =
        proofs_merge(fixture->arena, &fixture->proofs, &fixture->questions, &made, false, NOW + 5);
    assert_int_equal(fixture->proofs.list.count, 2);
    fixture->questions = (struct proof_questions){0};
    (void)ask_for(fixture, "a.test", "aa");
    (void)ask_for(fixture, "b.test", "aa");
    assert_string_equal(chosen(fixture, false, NOW + 6), "a.test");
}

static void test_proof_all_are_asked_once_a_day(void **state)
{
    struct fixture *fixture = *state;
    prove(fixture, both, NOW);
    (void)ask_for(fixture, "a.test", "aa");
    (void)ask_for(fixture, "b.test", "aa");
    assert_string_equal(chosen(fixture, false, NOW + DAY - 1), "");
    assert_string_equal(chosen(fixture, false, NOW + DAY), "a.test b.test");
    assert_string_equal(chosen(fixture, false, NOW - 1), "a.test b.test"); /* the clock went back */
}

static const char *number_name(struct fixture *fixture, size_t number)
{
    return arena_printf(fixture->arena, "n%06zu.test", number);
}

static void test_proof_a_reload_asks_some_of_the_others_in_turn(void **state)
{
    struct fixture *fixture = *state;
    bool is_cut = false;
    for (size_t i = 0; i < 2 * PROOF_SAMPLE; i++) { /* the later in the list, the longer ago */
        const char *const name[] = {number_name(fixture, i), NULL};
        struct proofs before = fixture->proofs;
        prove(fixture, name, NOW - (int64_t)i);
        fixture->proofs.all_at = NOW;
        for (size_t k = 0; k < before.list.count; k++) {
            vec_add(fixture->arena, &fixture->proofs.list, before.list.items[k]);
        }
    }
    struct str text = str_of(proofs_write(fixture->arena, &fixture->proofs));
    assert_true(proofs_read(fixture->arena, text, &fixture->proofs));
    for (size_t i = 0; i < 2 * PROOF_SAMPLE; i++) {
        (void)ask_for(fixture, number_name(fixture, i), "aa");
    }
    const struct proof_questions list = proofs_choose(fixture->arena, &fixture->proofs,
                                                      &fixture->questions, true, NOW + 1, &is_cut);
    assert_false(is_cut);
    assert_int_equal(list.count, PROOF_SAMPLE);
    assert_string_equal(list.items[0].server->names[0], number_name(fixture, 2 * PROOF_SAMPLE - 1));
}

static void test_proof_a_run_asks_no_more_than_it_may(void **state)
{
    struct fixture *fixture = *state;
    bool is_cut = false;
    for (size_t i = 0; i < PROOF_OF_RUN + 1; i++) {
        (void)ask_for(fixture, number_name(fixture, i), "aa");
    }
    struct proof_questions list =
        proofs_choose(fixture->arena, &fixture->proofs, &fixture->questions, true, NOW, &is_cut);
    assert_true(is_cut);
    assert_int_equal(list.count, PROOF_OF_RUN);
    fixture->proofs.all_at = NOW - DAY;
    list =
        proofs_choose(fixture->arena, &fixture->proofs, &fixture->questions, false, NOW, &is_cut);
    assert_false(is_cut);
    assert_int_equal(list.count, PROOF_OF_RUN + 1);
}

/* ---- What it came to ------------------------------------------------------------------------- */

static void test_proof_says_what_is_shown_instead(void **state)
{
    struct fixture *fixture = *state;
    const struct proof_question *question = ask_for(fixture, "a.test", "aa");
    const struct proof well = answer(fixture, question, "aa", NULL, NOW);
    const struct proof other = answer(fixture, question, "bb", NULL, NOW);
    const struct proof none = answer(fixture, question, NULL, "Connection refused", NOW);
    assert_true(proof_is_well(&well));
    assert_int_equal(well.proven_at, NOW);
    assert_false(proof_is_well(&other));
    assert_int_equal(other.proven_at, 0);
    assert_string_equal(proof_text(fixture->arena, &other)->text,
                        "another certificate is shown than that of certificate:a.test: one that "
                        "ends on 1970-04-01 (a.test, 127.0.0.1 port 443)");
    assert_string_equal(proof_text(fixture->arena, &none)->text,
                        "no certificate is shown (a.test, 127.0.0.1 port 443): Connection refused");
}

static void test_proof_one_wrong_answer_of_many_counts(void **state)
{
    struct fixture *fixture = *state;
    const struct proof_question *question = ask_for(fixture, "a.test", "aa");
    struct proof_answers answers = {0};
    static const char *const shown[] = {"aa", "bb", "aa"};
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        vec_add(fixture->arena, &answers,
                (struct proof_answer){.name = NULL,
                                      .endpoint = &question->server->endpoints.items[0],
                                      .fingerprint = shown[i]});
    }
    const struct proof proof = proof_make(fixture->arena, question, &answers, NOW);
    assert_string_equal(proof.fingerprint, "bb");
    assert_string_equal(proof.asked, "127.0.0.1 port 443");
}

static void test_proof_is_kept_as_it_was_and_nobody_elses(void **state)
{
    struct fixture *fixture = *state;
    struct proofs read = {0};
    prove(fixture, both, NOW);
    struct str text = str_of(proofs_write(fixture->arena, &fixture->proofs));
    assert_true(proofs_read(fixture->arena, text, &read));
    assert_int_equal(read.all_at, NOW);
    assert_int_equal(read.list.count, 2);
    assert_non_null(proofs_find(&read, "site:b.test"));
    assert_null(proofs_find(&read, "site:c.test"));
    assert_string_equal(str_of(proofs_write(fixture->arena, &read)).data, text.data);
    assert_false(proofs_read(fixture->arena, STR("{\"list\": 1}"), &read));
    assert_false(proofs_read(fixture->arena, STR("not JSON"), &read));
    (void)ask_for(fixture, "b.test", "aa"); /* a.test is not wanted any more */
    const struct proof_list none = {0};
    read = proofs_merge(fixture->arena, &fixture->proofs, &fixture->questions, &none, false, NOW);
    assert_int_equal(read.list.count, 1);
    assert_string_equal(read.list.items[0].document, "site:b.test");
}

/* ---- Certificates ---------------------------------------------------------------------------- */

static struct certificate_state state_of(struct fixture *fixture, enum renewal_alarm installed,
                                         int64_t now)
{
    struct arena *arena = fixture->arena;
    struct certificate_pair *pair = arena_new(arena, struct certificate_pair);
    struct certificate_item *found = arena_new(arena, struct certificate_item);
    struct item_list items = {0};
    struct certificate_states states = {0};
    *pair = (struct certificate_pair){.fingerprint = "aa", .starts_at = 0, .expires_at = 120 * DAY};
    found->pair = pair;
    found->alarm = installed;
    (void)item_add(arena, &items, ITEM_CERTIFICATE, "a.test", NULL, SPAN_NONE, found);
    const struct observation observation = {
        .item = &items.items[0], .exists = true, .found = found};
    certificate_states_collect(arena, &items, &observation, &fixture->proofs, now, &states);
    assert_int_equal(states.count, 1);
    return states.items[0];
}

static void take(struct fixture *fixture, const char *fingerprint)
{
    struct proof_list made = {0};
    vec_add(fixture->arena, &made,
            answer(fixture, ask_for(fixture, "a.test", "aa"), fingerprint, NULL, NOW));
    fixture->proofs =
        proofs_merge(fixture->arena, &fixture->proofs, &fixture->questions, &made, false, NOW);
}

static void test_certificate_state_is_calm_while_young(void **state)
{
    struct fixture *fixture = *state;
    take(fixture, "aa");
    const struct certificate_state found = state_of(fixture, RENEWAL_CALM, 100 * DAY);
    assert_int_equal(found.alarm, RENEWAL_CALM); /* what is shown is the same pair */
    assert_null(found.because);
    assert_int_equal(found.proven_at, NOW);
}

static void test_certificate_state_tells_of_its_age(void **state)
{
    struct fixture *fixture = *state;
    struct certificate_state found = state_of(fixture, RENEWAL_WARNING, 90 * DAY);
    assert_string_equal(certificate_alarm_word(found.alarm), "warning");
    assert_string_equal(found.because->text, "it ends at 1970-05-01 00:00:00 UTC: a third of its "
                                             "lifetime or less is left");
    found = state_of(fixture, RENEWAL_ERROR, 120 * DAY);
    assert_string_equal(certificate_alarm_word(found.alarm), "error");
    assert_string_equal(found.because->text, "it ended at 1970-05-01 00:00:00 UTC");
}

static void test_certificate_state_counts_what_is_shown(void **state)
{
    struct fixture *fixture = *state;
    take(fixture, "bb"); /* which ends after 90 days */
    struct certificate_state found = state_of(fixture, RENEWAL_CALM, 70 * DAY);
    assert_int_equal(found.alarm, RENEWAL_WARNING);
    assert_string_equal(found.because->text,
                        "what is shown (a.test, 127.0.0.1 port 443): it ends at 1970-04-01 "
                        "00:00:00 UTC: a third of its lifetime or less is left");
    found = state_of(fixture, RENEWAL_ERROR, 70 * DAY); /* the installed one is worse */
    assert_int_equal(found.alarm, RENEWAL_ERROR);
    assert_int_equal(found.proven_at, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_proof_what_is_new_is_asked_and_then_left_alone),
        TEST(test_proof_another_pair_or_listener_is_asked),
        TEST(test_proof_what_was_wrong_is_asked_in_each_run),
        TEST(test_proof_all_are_asked_once_a_day),
        TEST(test_proof_a_reload_asks_some_of_the_others_in_turn),
        TEST(test_proof_a_run_asks_no_more_than_it_may),
        TEST(test_proof_says_what_is_shown_instead),
        TEST(test_proof_one_wrong_answer_of_many_counts),
        TEST(test_proof_is_kept_as_it_was_and_nobody_elses),
        TEST(test_certificate_state_is_calm_while_young),
        TEST(test_certificate_state_tells_of_its_age),
        TEST(test_certificate_state_counts_what_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
