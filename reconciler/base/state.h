/* The seven words for the state of an item or document. The command line, the pages, the API, the
 * metrics and the store use the same. Ordered by how much attention a state asks for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/language.h"

enum item_state {
    ITEM_STATE_IN_SYNC,
    ITEM_STATE_SUSPENDED, /* left alone until somebody says resume, or a date */
    ITEM_STATE_HELD,      /* a guard or mode keeps a change from being carried out */
    ITEM_STATE_PENDING,   /* we want something new */
    ITEM_STATE_STALE,     /* was in sync, but the proof is too old */
    ITEM_STATE_DRIFTED,   /* the host changed since our last apply */
    ITEM_STATE_FAILED,
    ITEM_STATE_COUNT
};

static inline const char *item_state_word(enum item_state state)
{
    static const char *const words[ITEM_STATE_COUNT] = {
        [ITEM_STATE_IN_SYNC] = N_("in-sync"), [ITEM_STATE_SUSPENDED] = N_("suspended"),
        [ITEM_STATE_HELD] = N_("held"),       [ITEM_STATE_PENDING] = N_("pending"),
        [ITEM_STATE_STALE] = N_("stale"),     [ITEM_STATE_DRIFTED] = N_("drifted"),
        [ITEM_STATE_FAILED] = N_("failed"),
    };
    return words[state];
}

/* False when the word is none of the seven; out_state is then as it was. */
static inline bool item_state_parse(const char *word, enum item_state *out_state)
{
    for (size_t i = 0; i < ITEM_STATE_COUNT; i++) {
        if (strcmp(word, item_state_word((enum item_state)i)) == 0) {
            *out_state = (enum item_state)i;
            return true;
        }
    }
    return false;
}
