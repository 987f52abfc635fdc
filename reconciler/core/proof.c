/* Decides whom to ask, and what the answers come to. One record a document: a site has one pair. */
#include "core/proof.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/map.h"
#include "model/certificate_item.h"
#include "model/document.h"
#include "model/json.h"
#include "model/shape.h"

/* --- on disk -------------------------------------------------------------------------------- */

// clang-format off
static const struct shape_row proof_rows[] = {
    SHAPE_NEEDED(struct proof, document),
    SHAPE_NEEDED(struct proof, certificate),
    SHAPE_NEEDED(struct proof, question),
    SHAPE(struct proof, asked_at),
    SHAPE(struct proof, proven_at),
    SHAPE(struct proof, fingerprint),
    SHAPE(struct proof, starts_at),
    SHAPE(struct proof, expires_at),
    SHAPE(struct proof, asked),
    SHAPE(struct proof, why),
};
static const struct shape proof_shape = SHAPE_OF(struct proof, proof_rows);
static const struct shape_row proofs_rows[] = {
    SHAPE(struct proofs, all_at),
    SHAPE_LIST(struct proofs, list, &proof_shape),
};
static const struct shape proofs_shape = SHAPE_OF(struct proofs, proofs_rows);
// clang-format on

static int proof_compare(const void *a, const void *b)
{
    return strcmp(((const struct proof *)a)->document, ((const struct proof *)b)->document);
}

static void sort(struct proof_list *list)
{
    if (list->count > 1) {
        qsort(list->items, list->count, sizeof(*list->items), proof_compare);
    }
}

bool proofs_read(struct arena *arena, struct str json, struct proofs *out_proofs)
{
    AUTO_JSON root = json_loadb(json.data, json.length, 0, NULL);
    struct proofs proofs = {0};
    if (root == NULL || !shape_read(&proofs_shape, root, arena, &proofs, NULL)) {
        return false;
    }
    sort(&proofs.list);
    *out_proofs = proofs;
    return true;
}

const char *proofs_write(struct arena *arena, const struct proofs *proofs)
{
    AUTO_JSON root = shape_write(&proofs_shape, proofs, false);
    CLEANUP(cleanup_free) char *text = json_dumps(root, JSON_INDENT(1));
    return arena_printf(arena, "%s\n", text == NULL ? "{}" : text);
}

bool proof_is_well(const struct proof *proof)
{
    return proof->asked == NULL;
}

const struct proof *proofs_find(const struct proofs *proofs, const char *document)
{
    const struct proof key = {.document = document};
    return proofs->list.count == 0
               ? NULL
               : bsearch(&key, proofs->list.items, proofs->list.count, sizeof(key), proof_compare);
}

/* --- whom to ask ---------------------------------------------------------------------------- */

static const char *question_digest(struct arena *arena, const struct tls_server *server,
                                   const char *fingerprint)
{
    char *hex = arena_alloc(arena, DIGEST_HEX_SIZE);
    struct digest *digest = digest_begin();
    digest_add(digest, str_of(server->certificate));
    digest_add(digest, str_of(fingerprint));
    for (size_t i = 0; i < server->endpoints.count; i++) {
        const struct tls_endpoint *endpoint = &server->endpoints.items[i];
        digest_add(digest, str_of(arena_printf(arena, "%s %u", endpoint->address, endpoint->port)));
    }
    for (size_t i = 0; server->names[i] != NULL; i++) {
        digest_add(digest, str_of(server->names[i]));
    }
    digest_end(digest, hex);
    return hex;
}

struct proof_question proof_question_make(struct arena *arena, const struct tls_server *server,
                                          const char *fingerprint, const struct proofs *former)
{
    const char *document = document_id(arena, server->document);
    return (struct proof_question){
        .server = server,
        .document = document,
        .fingerprint = fingerprint,
        .digest = question_digest(arena, server, fingerprint),
        .former = proofs_find(former, document),
    };
}

static bool is_due(const struct proof_question *question, int64_t now)
{
    const struct proof *former = question->former;
    return former == NULL || !proof_is_well(former) || former->asked_at > now ||
           strcmp(former->question, question->digest) != 0;
}

/* Only of those that were asked before. */
static int compare_age(const void *a, const void *b)
{
    const struct proof_question *left = a;
    const struct proof_question *right = b;
    if (left->former->asked_at != right->former->asked_at) {
        return left->former->asked_at < right->former->asked_at ? -1 : 1;
    }
    return strcmp(left->document, right->document);
}

static void add_sample(struct arena *arena, struct proof_questions *others,
                       struct proof_questions *chosen)
{
    if (others->count > 1) {
        qsort(others->items, others->count, sizeof(*others->items), compare_age);
    }
    for (size_t i = 0; i < others->count && i < PROOF_SAMPLE; i++) {
        vec_add(arena, chosen, others->items[i]);
    }
}

/* The first time that there is anything to ask, everything is new: the day begins then. */
static bool is_day_over(const struct proofs *former, int64_t now)
{
    return former->all_at != 0 &&
           (now >= former->all_at + PROOF_ALL_SECONDS || now < former->all_at);
}

struct proof_questions proofs_choose(struct arena *arena, const struct proofs *former,
                                     const struct proof_questions *questions, bool was_reloaded,
                                     int64_t now, bool *out_is_cut)
{
    struct proof_questions chosen = {0};
    struct proof_questions others = {0};
    *out_is_cut = false;
    if (is_day_over(former, now)) {
        return *questions;
    }
    for (size_t i = 0; i < questions->count; i++) {
        if (!is_due(&questions->items[i], now)) {
            vec_add(arena, &others, questions->items[i]);
        } else if (chosen.count < PROOF_OF_RUN) {
            vec_add(arena, &chosen, questions->items[i]);
        } else {
            *out_is_cut = true;
        }
    }
    if (was_reloaded) {
        add_sample(arena, &others, &chosen);
    }
    return chosen;
}

/* --- what it came to ------------------------------------------------------------------------ */

/* The wrong ones first: those that show nothing, then those that show another one. */
static const struct proof_answer *choose_answer(const struct proof_question *question,
                                                const struct proof_answers *answers)
{
    const struct proof_answer *chosen = &answers->items[0];
    for (size_t i = 0; i < answers->count; i++) {
        const struct proof_answer *answer = &answers->items[i];
        if (answer->fingerprint == NULL) {
            return answer;
        }
        if (strcmp(answer->fingerprint, question->fingerprint) != 0) {
            chosen = answer;
        }
    }
    return chosen;
}

static const char *asked_text(struct arena *arena, const struct proof_answer *answer)
{
    const char *where = arena_printf(arena, "%s port %u", answer->endpoint->address,
                                     (unsigned)answer->endpoint->port);
    return answer->name == NULL ? where : arena_printf(arena, "%s, %s", answer->name, where);
}

struct proof proof_make(struct arena *arena, const struct proof_question *question,
                        const struct proof_answers *answers, int64_t now)
{
    const struct proof_answer *answer = choose_answer(question, answers);
    bool is_well = text_equal(answer->fingerprint, question->fingerprint);
    int64_t before = question->former == NULL ? 0 : question->former->proven_at;
    return (struct proof){
        .document = question->document,
        .certificate = question->server->certificate,
        .question = question->digest,
        .asked_at = now,
        .proven_at = is_well ? now : before,
        .fingerprint = answer->fingerprint,
        .starts_at = answer->starts_at,
        .expires_at = answer->expires_at,
        .asked = is_well ? NULL : asked_text(arena, answer),
        .why = answer->why,
    };
}

struct proofs proofs_merge(struct arena *arena, const struct proofs *former,
                           const struct proof_questions *questions, const struct proof_list *made,
                           bool has_all, int64_t now)
{
    struct proofs merged = {.all_at = has_all || former->all_at == 0 ? now : former->all_at};
    struct map by_document = {0};
    for (size_t i = 0; i < made->count; i++) {
        (void)map_put(arena, &by_document, made->items[i].document, &made->items[i]);
    }
    for (size_t i = 0; i < questions->count; i++) {
        const struct proof_question *question = &questions->items[i];
        const struct proof *proof = map_get(&by_document, question->document);
        proof = proof != NULL ? proof : question->former;
        if (proof != NULL) {
            vec_add(arena, &merged.list, *proof);
        }
    }
    sort(&merged.list);
    return merged;
}

const struct message *proof_text(struct arena *arena, const struct proof *proof)
{
    if (proof->fingerprint == NULL) {
        return message_chain(
            arena, message_make(arena, "no certificate is shown (%s)", proof->asked), MESSAGE_COLON,
            message_quote(arena, proof->why == NULL ? "" : proof->why));
    }
    return message_make(arena,
                        "another certificate is shown than that of certificate:%s: one that ends "
                        "on %s (%s)",
                        proof->certificate, certificate_date(proof->expires_at, arena),
                        proof->asked);
}
