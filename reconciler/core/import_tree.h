/* nginx configuration as a tree: each directive with its place and its text, included files spliced
 * in where they are named. */
#pragma once

#include "core/import.h"

struct import_node;
VEC(import_nodes, const struct import_node *);

struct import_node {
    const char *name;
    const char *const *words; /* behind the name, unquoted, NULL-terminated */
    size_t word_count;
    const char *file;
    size_t line;
    struct str text; /* as it was written, with its block */
    size_t head;     /* how much of the text stands before what is inside of the block */
    bool is_block;
    struct import_nodes children;
};

/* out_nodes: what stands at the top of all files. False with FILE:LINE when one is not well formed.
 * Includes that name no file stay as directives of that name. */
bool import_tree_read(struct arena *arena, const struct import_files *files,
                      const struct import_door *door, struct import_nodes *out_nodes,
                      struct error *err) MUST_CHECK;

/* The first one of that name; NULL without one. */
const struct import_node *import_find(const struct import_nodes *nodes, const char *name);
bool import_is(const struct import_node *node, const char *name);
/* Word number i, "" where there are fewer. */
const char *import_word(const struct import_node *node, size_t i);
/* One word, and it is this one. */
bool import_says(const struct import_node *node, const char *word);
