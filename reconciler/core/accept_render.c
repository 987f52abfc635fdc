#include "core/accept_render.h"

#include <stdlib.h>
#include <string.h>

#include "core/desired.h"
#include "core/order.h"
#include "core/resolve.h"
#include "core/validate.h"
#include "model/file_item.h"
#include "model/layout.h"

static int text_compare(const void *a, const void *b)
{
    return strcmp(((const struct accept_text *)a)->path, ((const struct accept_text *)b)->path);
}

const struct accept_text *accept_text_find(const struct accept_texts *texts, const char *path)
{
    const struct accept_text key = {.path = path};
    return texts->count == 0 ? NULL
                             : bsearch(&key, texts->items, texts->count, sizeof(key), text_compare);
}

static void list_texts(const struct accept_setting *setting, struct arena *arena,
                       const struct desired *desired, struct accept_texts *out)
{
    for (size_t i = 0; i < desired->items.count; i++) {
        const struct item *item = &desired->items.items[i];
        if (strcmp(item->type, ITEM_FILE) == 0) {
            const struct file_item *file = item->wanted;
            vec_add(arena, out, (struct accept_text){item->id, file->text, item->document});
        }
    }
    for (size_t i = 0; desired->tree != NULL && i < desired->tree->members.count; i++) {
        const struct tree_member *member = &desired->tree->members.items[i];
        const char *path = arena_printf(arena, "%s/%s", setting->layout->nginx_tree, member->path);
        vec_add(arena, out, (struct accept_text){path, member->text, member->document});
    }
    if (out->count > 1) {
        qsort(out->items, out->count, sizeof(*out->items), text_compare);
    }
}

bool accept_render(const struct accept_setting *setting, struct arena *arena,
                   const struct decode_sources *sources, struct document_set *out_documents,
                   struct accept_texts *out_texts)
{
    struct diagnostic_list diagnostics = {0};
    struct desired desired = {0};
    bool is_incomplete = false;
    const struct decode_input input = {.arena = arena,
                                       .facts = setting->facts,
                                       .layout = setting->layout,
                                       .sources = sources,
                                       .diagnostics = &diagnostics,
                                       .only = setting->only};
    *out_documents = (struct document_set){0};
    *out_texts = (struct accept_texts){0};
    decode_documents(&input, out_documents, &is_incomplete);
    validate_documents(arena, setting->facts, setting->layout, out_documents, &diagnostics);
    resolve_documents(arena, out_documents, is_incomplete, &diagnostics);
    order_documents(arena, out_documents, &diagnostics);
    if (is_incomplete || diagnostics_have_errors(&diagnostics)) {
        return false;
    }
    desired_build(&(struct desired_input){.arena = arena,
                                          .facts = setting->facts,
                                          .layout = setting->layout,
                                          .documents = out_documents,
                                          .diagnostics = &diagnostics,
                                          .keeps_tree = setting->keeps_tree},
                  &desired);
    list_texts(setting, arena, &desired, out_texts);
    return !diagnostics_have_errors(&diagnostics);
}
