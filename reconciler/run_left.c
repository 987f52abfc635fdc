/* What a run leaves as it is although the tree around it changes: parts that their document, or
 * somebody, wants left alone. STATE/left.json keeps them, so that the next run knows drift from a
 * new wish, and the loop knows what it must not put back. */
#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/file_item.h"
#include "model/json.h"
#include "providers/overrides.h"

enum { LEFT_MOST = 16 << 20, LEFT_MODE = 0600 };

static const char *left_path(const struct run *run)
{
    return host_path(arena_printf(run->arena, "%s/left.json", run->layout.state));
}

bool run_left_load(struct run *run, struct error *err)
{
    struct str content = {0};
    struct error why = {0};
    if (!overrides_load(&run->host, run->arena, &run->overrides, err)) {
        return false;
    }
    if (!file_read(run->host.root, left_path(run), LEFT_MOST, run->arena, &content, &why)) {
        return why.number == ENOENT || error_copy(err, &why);
    }
    AUTO_JSON root = json_loadb(content.data, content.length, 0, NULL);
    size_t index = 0;
    const json_t *entry = NULL;
    json_array_foreach(root, index, entry)
    {
        const char *path = json_string_value(json_object_get(entry, "path"));
        if (path != NULL) {
            vec_add(
                run->arena, &run->left_before,
                (struct left_part){.path = arena_strdup(run->arena, path),
                                   .is_drift = json_is_true(json_object_get(entry, "is_drift"))});
        }
    }
    return true;
}

static void add_left(json_t *list, const char *path, const struct message *because, bool is_drift)
{
    (void)json_array_append_new(list,
                                json_pack("{s:s, s:o, s:b}", "path", path, "because",
                                          json_text(because->text), "is_drift", (int)is_drift));
}

/* Parts, and files of their own that differ and stay. */
static json_t *left_list(const struct run *run)
{
    json_t *list = json_array();
    for (size_t i = 0; i < run->plan.left.count; i++) {
        const struct left_part *part = &run->plan.left.items[i];
        add_left(list, part->path, part->because, part->is_drift);
    }
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        const struct action *action = &run->plan.actions.items[i];
        if (action->held_because != NULL && strcmp(action->item->type, ITEM_FILE) == 0) {
            add_left(list, action->item->id, action->held_because, action->cause == CAUSE_DRIFT);
        }
    }
    return list;
}

bool run_left_save(struct run *run, struct error *err)
{
    AUTO_JSON list = left_list(run);
    if (json_array_size(list) == 0) {
        return run->left_before.count == 0 || file_remove_all(run->host.root, left_path(run), err);
    }
    CLEANUP(cleanup_free) char *text = json_dumps(list, JSON_INDENT(1));
    if (text == NULL) {
        return error_set(err, ERROR_FORMAT, "left.json: text that is not UTF-8");
    }
    return file_replace(run->host.root, left_path(run), str_of(text), LEFT_MODE, FILE_OWNER_NONE,
                        FILE_SYNC_NOW, err);
}

/* --- files ---------------------------------------------------------------------------------- */

static int file_compare(const void *a, const void *b)
{
    return strcmp(((const struct desired_file *)a)->path, ((const struct desired_file *)b)->path);
}

/* What nginx refuses cannot stay: its document is held back at its last good text. */
static bool stays(const struct run *run, const struct left_part *part)
{
    return part->document == NULL || !run->is_blocked[part->document->order];
}

void run_list_files(struct run *run, struct desired_files *out_files)
{
    enum { MEMBER_MODE = 0644 };
    struct map left = {0};
    struct desired_files wanted = {0};
    desired_list_files(&run->desired, &run->layout, run->arena, &wanted);
    for (size_t i = 0; i < run->plan.left.count; i++) {
        struct left_part *part = &run->plan.left.items[i];
        if (stays(run, part)) {
            (void)map_put(run->arena, &left, part->path, part);
        }
    }
    for (size_t i = 0; i < wanted.count; i++) {
        if (!map_has(&left, wanted.items[i].path)) {
            vec_add(run->arena, out_files, wanted.items[i]);
        }
    }
    for (size_t i = 0; i < run->plan.left.count; i++) {
        const struct left_part *part = &run->plan.left.items[i];
        if (part->content != NULL && stays(run, part)) {
            vec_add(run->arena, out_files,
                    (struct desired_file){
                        part->path, str_of(part->content), MEMBER_MODE,
                        part->document == NULL ? NULL : document_id(run->arena, part->document)});
        }
    }
    if (run->plan.left.count > 0) {
        qsort(out_files->items, out_files->count, sizeof(*out_files->items), file_compare);
    }
}
