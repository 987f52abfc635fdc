/* Isolation: one refused site costs only itself. */
#include "core/hold.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/file_item.h"
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

/* True when the saved text is another one, which then is taken. */
static bool take_text(struct mapped_text *text, const struct desired_file *saved)
{
    if (saved == NULL || str_equal(text->content, saved->content)) {
        return false;
    }
    *text = (struct mapped_text){.content = saved->content};
    return true;
}

static void take_file_text(struct item *item, const struct desired_files *texts,
                           struct arena *arena)
{
    if (strcmp(item->type, ITEM_FILE) == 0) {
        struct file_item *file = arena_new(arena, struct file_item);
        *file = *(const struct file_item *)item->wanted;
        (void)take_text(&file->text, file_find(texts, item->id)); /* the same is as good */
        item->wanted = file;
    }
}

/* Members without a last good text leave the tree. */
static void hold_back_members(struct tree_item *tree, const struct layout *layout,
                              const struct desired_files *last_good,
                              const struct document *document, struct arena *arena)
{
    size_t kept = 0;
    for (size_t i = 0; i < tree->members.count; i++) {
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
    tree->members.count = kept;
}

/* Its last good text may listen elsewhere, for other names and with another pair. */
static void hold_back_tls_servers(struct tree_item *tree, const struct document *document)
{
    size_t kept = 0;
    for (size_t i = 0; i < tree->tls_servers.count; i++) {
        if (tree->tls_servers.items[i].document != document) {
            tree->tls_servers.items[kept++] = tree->tls_servers.items[i];
        }
    }
    tree->tls_servers.count = kept;
}

static void hold_back_probes(struct tree_item *tree, const struct document *document)
{
    size_t kept = 0;
    for (size_t i = 0; i < tree->probes.count; i++) {
        if (tree->probes.items[i].document != document) {
            tree->probes.items[kept++] = tree->probes.items[i];
        }
    }
    tree->probes.count = kept;
}

void desired_hold_back(struct desired *desired, const struct layout *layout,
                       const struct desired_files *last_good, const struct document *document,
                       struct arena *arena)
{
    for (size_t i = 0; i < desired->items.count; i++) {
        if (desired->items.items[i].document == document) {
            take_file_text(&desired->items.items[i], last_good, arena);
        }
    }
    if (desired->tree != NULL) {
        hold_back_members(desired->tree, layout, last_good, document, arena);
        hold_back_probes(desired->tree, document);
        hold_back_tls_servers(desired->tree, document);
    }
}

void desired_take_texts(struct desired *desired, const struct layout *layout,
                        const struct desired_files *texts, struct arena *arena)
{
    for (size_t i = 0; i < desired->items.count; i++) {
        take_file_text(&desired->items.items[i], texts, arena);
    }
    for (size_t i = 0; desired->tree != NULL && i < desired->tree->members.count; i++) {
        struct tree_member *member = &desired->tree->members.items[i];
        const char *path = arena_printf(arena, "%s/%s", layout->nginx_tree, member->path);
        if (take_text(&member->text, file_find(texts, path))) {
            hold_back_probes(desired->tree, member->document);
            hold_back_tls_servers(desired->tree, member->document);
        }
    }
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
