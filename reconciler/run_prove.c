/* Whether servers show the certificates that stand on disk. A run that applies asks those that it
 * may have changed, and once a day all of them; `status` tells what was found then. What was found
 * is kept in STATE/proofs.json; losing it only means that all are asked anew. */
#include "run.h"

#include <string.h>

#include "core/certificate_state.h"
#include "core/proof.h"
#include "providers/handshake.h"

enum { PROOFS_MOST = 64 << 20, PROOFS_MODE = 0600, HANDSHAKE_MS = 5000 };

static const char *proofs_path(const struct run *run)
{
    return host_path(arena_printf(run->arena, "%s/proofs.json", run->layout.state));
}

static struct proofs load(struct run *run)
{
    struct str content = {0};
    struct proofs proofs = {0};
    if (file_read(run->host.root, proofs_path(run), PROOFS_MOST, run->arena, &content, NULL)) {
        (void)proofs_read(run->arena, content, &proofs); /* as above */
    }
    return proofs;
}

/* --- whom to ask ---------------------------------------------------------------------------- */

/* The fingerprints of pairs by the ids of their items. */
static struct map installed_pairs(const struct run *run)
{
    struct map pairs = {0};
    for (size_t i = 0; i < run->items.count; i++) {
        const struct item *item = &run->items.items[i];
        const struct certificate_item *found = run->observations[i].found;
        if (strcmp(item->type, ITEM_CERTIFICATE) == 0 && found != NULL && found->pair != NULL) {
            (void)map_put(run->arena, &pairs, item->id,
                          arena_strdup(run->arena, found->pair->fingerprint));
        }
    }
    return pairs;
}

/* NULL: there is no tree. */
static const struct action *tree_action(const struct run *run)
{
    const struct item tree = {.type = ITEM_TREE, .id = run->layout.nginx_tree};
    return map_get(&run->plan.by_name, item_name(run->arena, &tree));
}

/* The document's part of the tree stays otherwise than it is wanted: somebody's wish, or a guard.
 */
static bool is_left(const struct action *tree, const struct document *document)
{
    for (size_t i = 0; i < tree->changes.count; i++) {
        const struct change *change = &tree->changes.items[i];
        if (change->document == document && change->held_because != NULL) {
            return true;
        }
    }
    return false;
}

static struct proof_questions collect(struct run *run, const struct proofs *former)
{
    struct proof_questions questions = {0};
    const struct map pairs = installed_pairs(run);
    const struct action *action = tree_action(run);
    const struct tree_item *tree = action->item->wanted;
    for (size_t i = 0; i < tree->tls_servers.count; i++) {
        const struct tls_server *server = &tree->tls_servers.items[i];
        const char *fingerprint = map_get(&pairs, server->certificate);
        if (fingerprint != NULL && !is_left(action, server->document)) {
            vec_add(run->arena, &questions,
                    proof_question_make(run->arena, server, fingerprint, former));
        }
    }
    return questions;
}

/* Whether the running nginx has loaded what is wanted, so that its answers count. */
static bool is_loaded(const struct run *run)
{
    for (size_t i = 0; i < run->items.count; i++) {
        const struct tree_item *found = run->observations[i].found;
        if (strcmp(run->items.items[i].type, ITEM_TREE) == 0) {
            return found != NULL && found->instead == NULL && found->unloaded == NULL;
        }
    }
    return false;
}

static bool can_ask(const struct run *run)
{
    const struct action *tree = tree_action(run);
    bool is_wanted = tree != NULL && tree->item->wanted != NULL && tree->held_because == NULL;
    if (!run->options->applies || run->report.failure != NULL || !is_wanted ||
        strcmp(run->host.root_path, "/") != 0) {
        return false;
    }
    size_t index = (size_t)(tree - run->plan.actions.items);
    return (run->outcomes == NULL || run->outcomes[index].result != OUTCOME_FAILED) &&
           is_loaded(run);
}

static bool was_reloaded(const struct run *run)
{
    for (size_t i = 0; run->outcomes != NULL && i < run->plan.actions.count; i++) {
        const char *type = run->plan.actions.items[i].item->type;
        if (run->outcomes[i].result == OUTCOME_CHANGED &&
            (strcmp(type, ITEM_TREE) == 0 || strcmp(type, ITEM_CERTIFICATE) == 0)) {
            return true;
        }
    }
    return false;
}

/* --- asking --------------------------------------------------------------------------------- */

static size_t names_of(const struct tls_server *server, const char *const **out_names)
{
    static const char *const none[] = {NULL};
    size_t count = 0;
    while (server->names[count] != NULL) {
        count++;
    }
    *out_names = count > 0 ? server->names : none;
    return count > 0 ? count : 1;
}

static size_t count_handshakes(const struct proof_questions *chosen)
{
    size_t count = 0;
    for (size_t i = 0; i < chosen->count; i++) {
        const char *const *names = NULL;
        const struct tls_server *server = chosen->items[i].server;
        count += names_of(server, &names) * server->endpoints.count;
    }
    return count;
}

static void fill(const struct tls_server *server, struct handshake *handshakes)
{
    const char *const *names = NULL;
    size_t count = names_of(server, &names);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < server->endpoints.count; k++) {
            *handshakes++ = (struct handshake){.address = server->endpoints.items[k].address,
                                               .port = server->endpoints.items[k].port,
                                               .name = names[i]};
        }
    }
}

/* In the order of fill. */
static struct proof take_answers(struct run *run, const struct proof_question *question,
                                 const struct handshake *handshakes, int64_t now)
{
    struct proof_answers answers = {0};
    const char *const *names = NULL;
    const struct tls_endpoint_list *endpoints = &question->server->endpoints;
    size_t count = names_of(question->server, &names) * endpoints->count;
    for (size_t i = 0; i < count; i++) {
        const struct handshake *handshake = &handshakes[i];
        vec_add(run->arena, &answers,
                (struct proof_answer){
                    .name = handshake->name,
                    .endpoint = &endpoints->items[i % endpoints->count],
                    .fingerprint = handshake->is_shown ? handshake->fingerprint : NULL,
                    .starts_at = handshake->starts_at,
                    .expires_at = handshake->expires_at,
                    .why = handshake->is_shown ? NULL : handshake->why,
                });
    }
    return proof_make(run->arena, question, &answers, now);
}

static struct proof_list ask(struct run *run, const struct proof_questions *chosen, int64_t now)
{
    struct proof_list made = {0};
    size_t count = count_handshakes(chosen);
    struct handshake *handshakes = arena_array(run->arena, count, sizeof(*handshakes));
    size_t next = 0;
    for (size_t i = 0; i < chosen->count; i++) {
        const struct proof_questions one = {.items = &chosen->items[i], .count = 1};
        fill(chosen->items[i].server, &handshakes[next]);
        next += count_handshakes(&one);
    }
    run_progress(run, "asking for certificates: %zu", count);
    handshakes_make(handshakes, count, HANDSHAKE_MS);
    next = 0;
    for (size_t i = 0; i < chosen->count; i++) {
        const struct proof_questions one = {.items = &chosen->items[i], .count = 1};
        vec_add(run->arena, &made, take_answers(run, &chosen->items[i], &handshakes[next], now));
        next += count_handshakes(&one);
    }
    return made;
}

static bool save(struct run *run, const struct proofs *proofs, struct error *err)
{
    return file_replace(run->host.root, proofs_path(run), str_of(proofs_write(run->arena, proofs)),
                        PROOFS_MODE, FILE_OWNER_NONE, FILE_SYNC_NOW, err);
}

/* False: what was found could not be kept. */
static bool ask_due(struct run *run, struct proofs *proofs, struct error *err)
{
    int64_t now = run->host.now(&run->host);
    bool is_cut = false;
    const struct proof_questions questions = collect(run, proofs);
    const struct proof_questions chosen =
        proofs_choose(run->arena, proofs, &questions, was_reloaded(run), now, &is_cut);
    if (chosen.count > 0 || proofs->list.count != questions.count) {
        const struct proof_list made = ask(run, &chosen, now);
        bool has_all = chosen.count == questions.count;
        *proofs = proofs_merge(run->arena, proofs, &questions, &made, has_all, now);
        if (!save(run, proofs, err)) {
            return false;
        }
    }
    if (questions.count > 0) {
        fingerprints_due(&run->host,
                         is_cut ? now + PROOF_GO_ON_SECONDS : proofs->all_at + PROOF_ALL_SECONDS);
    }
    return true;
}

/* --- what is told --------------------------------------------------------------------------- */

static void tell_wrong(struct run *run, const struct proofs *proofs)
{
    for (size_t i = 0; i < proofs->list.count; i++) {
        const struct proof *proof = &proofs->list.items[i];
        const struct document *document =
            document_find_id(run->arena, &run->documents, proof->document);
        if (!proof_is_well(proof) && document != NULL) {
            vec_add(run->arena, &run->report.unproven,
                    (struct held_document){.document = document,
                                           .because = proof_text(run->arena, proof),
                                           .stage = "proof"});
        }
    }
}

/* What is about to be renewed has not failed to be. */
static void calm_due(struct run *run, struct certificate_state *state)
{
    const struct action *action = map_get(&run->plan.by_name, item_name(run->arena, state->item));
    if (!run->options->applies && state->alarm == RENEWAL_WARNING && action != NULL &&
        action_is_due(action)) {
        state->alarm = RENEWAL_CALM;
        state->because = NULL;
    }
}

bool run_prove(struct run *run, struct error *err)
{
    run->proofs = arena_new(run->arena, struct proofs);
    *run->proofs = load(run);
    return !can_ask(run) || ask_due(run, run->proofs, err);
}

void run_tell_certificates(struct run *run)
{
    if (run->proofs == NULL) {
        run->proofs = arena_new(run->arena, struct proofs);
        *run->proofs = load(run);
    }
    tell_wrong(run, run->proofs);
    certificate_states_collect(run->arena, &run->items, run->observations, run->proofs,
                               run->host.now(&run->host), &run->report.certificates);
    for (size_t i = 0; i < run->report.certificates.count; i++) {
        calm_due(run, &run->report.certificates.items[i]);
    }
}
