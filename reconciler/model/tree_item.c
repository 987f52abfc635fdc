/* How the main nginx.conf, which is not ours, comes to read the tree. */
#include "model/tree_item.h"

static const struct {
    const char *file;  /* below the nginx folder */
    const char *level; /* below the tree */
} entrances[TREE_LEVEL_COUNT] = {
    [TREE_MAIN] = {"modules-enabled/90-reconcile.conf", "main"},
    [TREE_HTTP] = {"conf.d/reconcile.conf", "http"},
};

/* The bracket makes the include a pattern: a pattern that matches nothing is no error to nginx, so
 * that the foreign configuration still starts at every moment, also before the first generation and
 * after the last. */
struct tree_entrance tree_entrance(struct arena *arena, const struct layout *layout,
                                   enum tree_level level)
{
    return (struct tree_entrance){
        .path = arena_printf(arena, "%s/%s", layout->nginx_directory, entrances[level].file),
        .text = arena_printf(arena,
                             "# Written by reconcile: the way to the sites that it looks after.\n"
                             "include %s/%s/[m]ain.conf;\n",
                             layout->nginx_tree, entrances[level].level),
    };
}
