/* Calls the renderers and collects what the host shall have: one list of items. Two owners of one
 * item are a diagnostic that names both. Pure. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/map.h"
#include "model/diagnostic.h"
#include "model/document.h"
#include "model/item.h"
#include "model/tree_item.h"

struct facts;
struct layout;

struct desired_input {
    struct arena *arena;
    const struct facts *facts;
    const struct layout *layout;
    const struct document_set *documents; /* in dependency order */
    struct diagnostic_list *diagnostics;  /* added to */
    const struct map *scope; /* ids of the documents to render, whose tree is left out; NULL: all */
    bool keeps_tree; /* the nginx tree exists already: it stays, with its rejecting default server,
                        when the last site goes */
};

struct desired {
    struct item_list items; /* in their documents' dependency order */
    struct tree_item *tree; /* wanted state of the nginx tree item; NULL: none */
    struct map by_name;     /* item_name -> struct item * */
};

void desired_build(const struct desired_input *input, struct desired *out_desired);

/* Every file below its own absolute path, as `render --out` and a generation hold them: file items
 * and the members of the nginx tree, sorted by path. */
struct desired_file {
    const char *path;
    struct str content;
    mode_t mode;
    const char *document; /* who wants it: "site:shop"; NULL: the engine itself */
};
VEC(desired_files, struct desired_file);
void desired_list_files(const struct desired *desired, const struct layout *layout,
                        struct arena *arena, struct desired_files *out_files);
