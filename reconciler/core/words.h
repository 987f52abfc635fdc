/* What the program's fixed words mean: exit codes, states, files, variables, and what people say to
 * it. One table each, for --help, `explain`, the reference and the manual. Pure. */
#pragma once

#include <stddef.h>

#include "base/state.h"
#include "base/vec.h"

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

/* A path, a variable or a command line, and what it is for. */
struct word {
    const char *word;
    const char *help;
};
VEC(word_list, struct word);

/* The files of a host without settings of its own. */
void words_add_files(struct arena *arena, struct word_list *out_words);
/* What -o takes. */
void words_add_formats(struct arena *arena, struct word_list *out_words);
void words_add_environment(struct arena *arena, struct word_list *out_words);
/* Command lines that people use, in the order in which they meet them. */
void words_add_examples(struct arena *arena, struct word_list *out_words);
