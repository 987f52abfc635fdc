/* Calls the renderers in dependency order and puts their output together. What a kind needs on the
 * host is the renderers' business; that nobody claims what another has is decided here. */
#include "core/desired.h"

#include <stdlib.h>
#include <string.h>

#include "core/kind.h"
#include "model/certificate_item.h"
#include "model/file_item.h"
#include "model/layout.h"
#include "renderers/nginx_text.h"

static void entrance_add(const struct desired_input *input, struct item_list *items,
                         enum tree_level level)
{
    struct tree_entrance entrance = tree_entrance(input->arena, input->layout, level);
    struct file_item *wanted = arena_new(input->arena, struct file_item);
    wanted->text.content = str_of(entrance.text);
    wanted->mode = 0644;
    (void)item_add(input->arena, items, ITEM_FILE, entrance.path, NULL, SPAN_NONE, wanted);
}

static int member_compare(const void *a, const void *b)
{
    const struct tree_member *left = a;
    const struct tree_member *right = b;
    return strcmp(left->path, right->path);
}

/* nginx reads a pair only when it loads, so a new one asks the tree to be loaded again. */
static const char *const *certificate_names(struct arena *arena, const struct item_list *items)
{
    size_t count = 0;
    const char **names = arena_array(arena, items->count + 1, sizeof(*names));
    for (size_t i = 0; i < items->count; i++) {
        if (strcmp(items->items[i].type, ITEM_CERTIFICATE) == 0) {
            names[count++] = item_name(arena, &items->items[i]);
        }
    }
    return names;
}

static void tree_add(const struct desired_input *input, struct tree_item *tree,
                     struct desired *desired)
{
    if (tree->members.count > 1) {
        qsort(tree->members.items, tree->members.count, sizeof(*tree->members.items),
              member_compare);
    }
    tree->inputs = certificate_names(input->arena, &desired->items);
    entrance_add(input, &desired->items, TREE_MAIN);
    entrance_add(input, &desired->items, TREE_HTTP);
    (void)item_add(input->arena, &desired->items, ITEM_TREE, input->layout->nginx_tree, NULL,
                   SPAN_NONE, tree);
    desired->tree = tree;
}

/* Fills the index; a second owner of an item is reported at both places. */
static void index_items(const struct desired_input *input, struct desired *desired)
{
    for (size_t i = 0; i < desired->items.count; i++) {
        struct item *item = &desired->items.items[i];
        const char *name = item_name(input->arena, item);
        const struct item *first = map_get(&desired->by_name, name);
        if (first == NULL) {
            (void)map_put(input->arena, &desired->by_name, name, item);
            continue;
        }
        struct diagnostic *diagnostic = diagnostic_add(
            input->arena, input->diagnostics, DIAGNOSTIC_TWO_OWNERS, item->span, name, NULL);
        diagnostic->second = first->span;
    }
}

static bool is_in_scope(const struct desired_input *input, const struct document *document)
{
    return input->scope == NULL || map_has(input->scope, document_id(input->arena, document));
}

void desired_build(const struct desired_input *input, struct desired *out_desired)
{
    struct tree_item *tree = arena_new(input->arena, struct tree_item);
    *out_desired = (struct desired){0};
    AUTO_ARENA scratch = arena_create();
    const struct arena_mark empty = arena_mark(scratch);
    struct render render = {
        .arena = input->arena,
        .scratch = scratch,
        .facts = input->facts,
        .layout = input->layout,
        .documents = input->documents,
        .items = &out_desired->items,
        .nginx = &tree->members,
        .probes = &tree->probes,
        .diagnostics = input->diagnostics,
    };
    for (size_t i = 0; i < input->documents->documents.count; i++) {
        const struct document *document = input->documents->documents.items[i];
        if (is_in_scope(input, document)) {
            document->kind->render(&render, document);
            arena_rewind(scratch, empty);
        }
    }
    if (input->scope == NULL && (tree->members.count > 0 || input->keeps_tree)) {
        nginx_shared_render(&render);
        tree_add(input, tree, out_desired);
    }
    index_items(input, out_desired);
}

static const char *document_id_or_null(struct arena *arena, const struct document *document)
{
    return document == NULL ? NULL : document_id(arena, document);
}

static int file_compare(const void *a, const void *b)
{
    const struct desired_file *left = a;
    const struct desired_file *right = b;
    return strcmp(left->path, right->path);
}

void desired_list_files(const struct desired *desired, const struct layout *layout,
                        struct arena *arena, struct desired_files *out_files)
{
    for (size_t i = 0; i < desired->items.count; i++) {
        const struct item *item = &desired->items.items[i];
        if (strcmp(item->type, ITEM_FILE) != 0) {
            continue;
        }
        const struct file_item *file = item->wanted;
        vec_add(arena, out_files,
                (struct desired_file){item->id, file->text.content, file->mode,
                                      document_id_or_null(arena, item->document)});
    }
    for (size_t i = 0; desired->tree != NULL && i < desired->tree->members.count; i++) {
        const struct tree_member *member = &desired->tree->members.items[i];
        const char *path = arena_printf(arena, "%s/%s", layout->nginx_tree, member->path);
        vec_add(arena, out_files,
                (struct desired_file){path, member->text.content, 0644,
                                      document_id_or_null(arena, member->document)});
    }
    if (out_files->count > 1) {
        qsort(out_files->items, out_files->count, sizeof(*out_files->items), file_compare);
    }
}
