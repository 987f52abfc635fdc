/* Isolation: one refused site costs only itself. */
#include "core/hold.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/layout.h"

static int path_compare(const void *key, const void *element)
{
    return strcmp(key, ((const struct desired_file *)element)->path);
}

static const struct desired_file *file_find(const struct desired_files *files, const char *path)
{
    if (files->count == 0) {
        return NULL;
    }
    return bsearch(path, files->items, files->count, sizeof(*files->items), path_compare);
}

void desired_hold_back(struct desired *desired, const struct layout *layout,
                       const struct desired_files *last_good, const struct document *document,
                       struct arena *arena)
{
    struct tree_item *tree = desired->tree;
    size_t kept = 0;
    for (size_t i = 0; tree != NULL && i < tree->members.count; i++) {
        struct tree_member member = tree->members.items[i];
        if (member.document == document) {
            const char *path = arena_printf(arena, "%s/%s", layout->nginx_tree, member.path);
            const struct desired_file *good = file_find(last_good, path);
            if (good == NULL) {
                continue;
            }
            member.text = (struct mapped_text){.content = good->content};
        }
        tree->members.items[kept++] = member;
    }
    if (tree == NULL) {
        return;
    }
    tree->members.count = kept;
    kept = 0;
    for (size_t i = 0; i < tree->probes.count; i++) {
        if (tree->probes.items[i].document != document) {
            tree->probes.items[kept++] = tree->probes.items[i];
        }
    }
    tree->probes.count = kept;
}

const struct tree_member *desired_find_member(const struct desired *desired,
                                              const struct layout *layout, const char *path)
{
    size_t prefix = strlen(layout->nginx_tree);
    if (desired->tree == NULL || strncmp(path, layout->nginx_tree, prefix) != 0 ||
        path[prefix] != '/') {
        return NULL;
    }
    for (size_t i = 0; i < desired->tree->members.count; i++) {
        if (strcmp(desired->tree->members.items[i].path, path + prefix + 1) == 0) {
            return &desired->tree->members.items[i];
        }
    }
    return NULL;
}

struct span mapped_text_span(const struct mapped_text *text, size_t line)
{
    return line >= 1 && line <= text->line_count ? text->lines[line - 1] : SPAN_NONE;
}
