/* Puts together what the host has and what was seen of it from outside. */
#include "core/certificate_state.h"

#include <string.h>

#include "base/map.h"

const char *certificate_alarm_word(enum renewal_alarm alarm)
{
    static const char *const words[] = {
        [RENEWAL_CALM] = NULL, [RENEWAL_WARNING] = "warning", [RENEWAL_ERROR] = "error"};
    return words[alarm];
}

/* --- what is shown -------------------------------------------------------------------------- */

static bool is_worse(const struct proof *proof, const struct proof *than)
{
    return than == NULL || (proof_is_well(than) && !proof_is_well(proof)) ||
           (proof_is_well(than) == proof_is_well(proof) && proof->asked_at < than->asked_at);
}

static void take_proof(struct certificate_state *state, const struct proof *proof)
{
    bool is_first = state->proof == NULL;
    if (is_first || proof->proven_at < state->proven_at) {
        state->proven_at = proof->proven_at;
    }
    if (is_worse(proof, state->proof)) {
        state->proof = proof;
    }
}

/* --- its age -------------------------------------------------------------------------------- */

static const struct message *age_text(struct arena *arena, const struct renewal *renewal,
                                      enum renewal_alarm alarm, int64_t now)
{
    const char *end = certificate_moment(renewal->expires_at, arena);
    if (renewal->expires_at <= now) {
        return message_make(arena, "it ended at %s", end);
    }
    return alarm == RENEWAL_ERROR
               ? message_make(arena, "it ends at %s: a sixth of its lifetime or less is left", end)
               : message_make(arena, "it ends at %s: a third of its lifetime or less is left", end);
}

static void take_age(struct arena *arena, struct certificate_state *state, int64_t now)
{
    const struct renewal installed = {.starts_at = state->pair->starts_at,
                                      .expires_at = state->pair->expires_at};
    if (state->alarm != RENEWAL_CALM) {
        state->because = age_text(arena, &installed, state->alarm, now);
    }
    if (state->proof == NULL || proof_is_well(state->proof) || state->proof->fingerprint == NULL) {
        return; /* the same one is shown, or none */
    }
    const struct renewal shown = {.starts_at = state->proof->starts_at,
                                  .expires_at = state->proof->expires_at};
    enum renewal_alarm alarm = renewal_alarm_at(&shown, now);
    if (alarm > state->alarm) {
        state->alarm = alarm;
        state->because =
            message_chain(arena, message_make(arena, "what is shown (%s)", state->proof->asked),
                          MESSAGE_COLON, age_text(arena, &shown, alarm, now));
    }
}

void certificate_states_collect(struct arena *arena, const struct item_list *items,
                                const struct observation *observations, const struct proofs *proofs,
                                int64_t now, struct certificate_states *out_states)
{
    struct map by_name = {0};
    for (size_t i = 0; i < items->count; i++) {
        const struct certificate_item *found = observations[i].found;
        if (strcmp(items->items[i].type, ITEM_CERTIFICATE) == 0 && items->items[i].wanted != NULL &&
            found != NULL && found->pair != NULL) {
            vec_add(arena, out_states,
                    (struct certificate_state){
                        .item = &items->items[i], .pair = found->pair, .alarm = found->alarm});
        }
    }
    for (size_t i = 0; i < out_states->count; i++) {
        struct certificate_state *state = &out_states->items[i];
        (void)map_put(arena, &by_name, state->item->id, state);
    }
    for (size_t i = 0; i < proofs->list.count; i++) {
        const struct proof *proof = &proofs->list.items[i];
        struct certificate_state *state = map_get(&by_name, proof->certificate);
        if (state != NULL) {
            take_proof(state, proof);
        }
    }
    for (size_t i = 0; i < out_states->count; i++) {
        take_age(arena, &out_states->items[i], now);
    }
}
