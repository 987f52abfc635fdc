/* How each certificate stands: what is installed, what servers show of it, and whether its lifetime
 * runs out without a renewal. Pure. */
#pragma once

#include "core/proof.h"
#include "model/action.h"
#include "model/certificate_item.h"
#include "model/renewal.h"

struct certificate_state {
    const struct item *item;
    const struct certificate_pair *pair; /* the installed one */
    const struct proof *proof; /* of who shows it: a wrong one first, else the one that was asked
                                  longest ago; NULL: nobody was asked */
    int64_t proven_at;         /* when all of them had last shown it; 0: they never did */
    enum renewal_alarm alarm;  /* the worse one of what is installed and what is shown */
    const struct message *because; /* of the alarm; or NULL */
};
VEC(certificate_states, struct certificate_state);

/* One for each pair that is wanted and there. observations: one for each item. */
void certificate_states_collect(struct arena *arena, const struct item_list *items,
                                const struct observation *observations, const struct proofs *proofs,
                                int64_t now, struct certificate_states *out_states);
/* "warning", "error"; NULL: calm. */
const char *certificate_alarm_word(enum renewal_alarm alarm);
