/* Calls the renderers in dependency order and puts their output together. What a kind needs on the
 * host is the renderers' business; that nobody claims what another has is decided here. */
#include "core/desired.h"

#include <stdlib.h>
#include <string.h>

#include "core/kind.h"
#include "core/parts.h"
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

/* What documents are on the host. */
struct rendered {
    struct item_list items;
    struct tree_member_list members;
    struct probe_list probes;
    struct tls_server_list tls_servers;
    struct render_uses uses;
};

struct rendering {
    const struct desired_input *input;
    struct rendered *parts;
};

static struct render render_into(const struct desired_input *input, struct rendered *out)
{
    return (struct render){
        .arena = input->arena,
        .facts = input->facts,
        .layout = input->layout,
        .documents = input->documents,
        .items = &out->items,
        .nginx = &out->members,
        .probes = &out->probes,
        .tls_servers = &out->tls_servers,
        .diagnostics = input->diagnostics,
        .uses = &out->uses,
    };
}

static void render_documents(void *context, const struct part *part)
{
    const struct rendering *rendering = context;
    const struct desired_input *input = rendering->input;
    AUTO_ARENA scratch = arena_create();
    const struct arena_mark empty = arena_mark(scratch);
    struct render render = render_into(input, &rendering->parts[part->number]);
    render.arena = part->arena;
    render.scratch = scratch;
    render.diagnostics = part->diagnostics;
    for (size_t i = part->first; i < part->end; i++) {
        const struct document *document = input->documents->documents.items[i];
        if (is_in_scope(input, document)) {
            document->kind->render(&render, document);
            arena_rewind(scratch, empty);
        }
    }
}

static void rendered_add(struct arena *arena, struct rendered *all, const struct rendered *part)
{
    for (size_t i = 0; i < part->items.count; i++) {
        vec_add(arena, &all->items, part->items.items[i]);
    }
    for (size_t i = 0; i < part->members.count; i++) {
        vec_add(arena, &all->members, part->members.items[i]);
    }
    for (size_t i = 0; i < part->probes.count; i++) {
        vec_add(arena, &all->probes, part->probes.items[i]);
    }
    for (size_t i = 0; i < part->tls_servers.count; i++) {
        vec_add(arena, &all->tls_servers, part->tls_servers.items[i]);
    }
    render_uses_add(&all->uses, &part->uses);
}

static void make_room(struct arena *arena, struct rendered *all, const struct rendered *parts,
                      size_t count)
{
    struct rendered sum = {0};
    for (size_t i = 0; i < count; i++) {
        sum.items.count += parts[i].items.count;
        sum.members.count += parts[i].members.count;
        sum.probes.count += parts[i].probes.count;
        sum.tls_servers.count += parts[i].tls_servers.count;
    }
    vec_reserve(arena, &all->items, sum.items.count);
    vec_reserve(arena, &all->members, sum.members.count);
    vec_reserve(arena, &all->probes, sum.probes.count);
    vec_reserve(arena, &all->tls_servers, sum.tls_servers.count);
}

static void render_all(const struct desired_input *input, struct rendered *out)
{
    struct parts parts = parts_split(input->arena, input->diagnostics,
                                     input->documents->documents.count, DOCUMENTS_LEAST);
    struct rendering rendering = {input,
                                  arena_array(input->arena, parts.count, sizeof(*rendering.parts))};
    parts_run(&parts, render_documents, &rendering);
    make_room(input->arena, out, rendering.parts, parts.count);
    for (size_t i = 0; i < parts.count; i++) {
        rendered_add(input->arena, out, &rendering.parts[i]);
    }
}

/* What stands once for all of them. */
static void render_shared(const struct desired_input *input, struct rendered *out)
{
    AUTO_ARENA scratch = arena_create();
    struct render render = render_into(input, out);
    render.scratch = scratch;
    nginx_shared_render(&render);
}

void desired_build(const struct desired_input *input, struct desired *out_desired)
{
    struct rendered rendered = {0};
    render_all(input, &rendered);
    bool has_tree = input->scope == NULL && (rendered.members.count > 0 || input->keeps_tree);
    if (has_tree) {
        render_shared(input, &rendered);
    }
    *out_desired = (struct desired){.items = rendered.items};
    if (has_tree) {
        struct tree_item *tree = arena_new(input->arena, struct tree_item);
        tree->members = rendered.members;
        tree->probes = rendered.probes;
        tree->tls_servers = rendered.tls_servers;
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
