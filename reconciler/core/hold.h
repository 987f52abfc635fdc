/* Keeps a document at its last good state: its files and its members of the nginx tree go back to
 * the text of the current generation; members without one leave the tree. Pure. */
#pragma once

#include "core/desired.h"

/* last_good: the files of the current generation; sorted by path. */
void desired_hold_back(struct desired *desired, const struct layout *layout,
                       const struct desired_files *last_good, const struct document *document,
                       struct arena *arena);

/* Files and members take the text that texts (sorted by path) has for their path. Probes of a
 * document whose text was another are dropped: they were meant for what is not there. */
void desired_take_texts(struct desired *desired, const struct layout *layout,
                        const struct desired_files *texts, struct arena *arena);

/* The member of the live tree at an absolute path, or NULL. */
const struct tree_member *desired_find_member(const struct desired *desired,
                                              const struct layout *layout, const char *path);
/* Where line (from 1) of a mapped text was written; SPAN_NONE when nobody did. */
struct span mapped_text_span(const struct mapped_text *text, size_t line);
