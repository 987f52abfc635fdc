/* What the program's fixed words mean: exit codes and states. One table each, for --help, `explain`
 * and the reference. Pure. */
#pragma once

#include <stddef.h>

#include "base/state.h"

struct exit_code_word {
    int number;
    const char *words; /* a few, for a list on one line */
    const char *help;  /* sentences */
};
size_t exit_code_word_count(void);
const struct exit_code_word *exit_code_word_at(size_t index); /* by number */

struct state_word {
    const char *help; /* what it means */
    const char *next; /* what to do about it; may be "" */
};
/* One for each state, in their order: by how much attention they ask for. */
const struct state_word *state_word_at(enum item_state state);
