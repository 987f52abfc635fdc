/* STATE/memory.json: wishes that the host refused (a start or a probe that failed) with their
 * evidence, and the inputs that a rollback set aside. Both hold until the input changes or somebody
 * says retry. Losing the file only means that something is tried once more. */
#include "run.h"

#include "base/file.h"
#include "model/json.h"
#include <errno.h>
#include <string.h>

enum { MEMORY_MOST = 4 << 20 };

static const char *memory_path(const struct run *run)
{
    return host_path(arena_printf(run->arena, "%s/memory.json", run->layout.state));
}

static void read_refusals(struct run *run, const json_t *list)
{
    size_t index = 0;
    const json_t *entry = NULL;
    json_array_foreach(list, index, entry)
    {
        const char *document = json_string_value(json_object_get(entry, "document"));
        const char *digest = json_string_value(json_object_get(entry, "digest"));
        const char *evidence = json_string_value(json_object_get(entry, "evidence"));
        if (document != NULL && digest != NULL && evidence != NULL) {
            vec_add(run->arena, &run->memory.refusals,
                    (struct refusal){arena_strdup(run->arena, document),
                                     arena_strdup(run->arena, digest),
                                     message_quote(run->arena, evidence)});
        }
    }
}

static void read_hold(struct run *run, const json_t *root)
{
    const char *inputs = json_string_value(json_object_get(root, "held_inputs"));
    json_int_t generation = json_integer_value(json_object_get(root, "held_at"));
    if (inputs != NULL && generation > 0) {
        run->memory.held_inputs = arena_strdup(run->arena, inputs);
        run->memory.held_at = (unsigned long)generation;
    }
}

bool run_memory_load(struct run *run, struct error *err)
{
    struct str content = {0};
    run->memory = (struct run_memory){0};
    if (!file_read(run->host.root, memory_path(run), MEMORY_MOST, run->arena, &content, err)) {
        return err->number == ENOENT;
    }
    json_error_t where;
    AUTO_JSON root = json_loadb(content.data, content.length, 0, &where);
    if (root == NULL) {
        return error_set(err, ERROR_FORMAT, "%s/memory.json:%d: %s", run->layout.state, where.line,
                         where.text);
    }
    run->memory.saved = content;
    read_refusals(run, json_object_get(root, "refusals"));
    read_hold(run, root);
    run->memory_before = run->memory;
    return true;
}

bool run_memory_save(struct run *run, struct error *err)
{
    AUTO_JSON root = json_object();
    json_t *list = json_array();
    for (size_t i = 0; i < run->memory.refusals.count; i++) {
        const struct refusal *refusal = &run->memory.refusals.items[i];
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "document",
                                                    refusal->document, "digest", refusal->digest,
                                                    "evidence", refusal->evidence->text));
    }
    (void)json_object_set_new(root, "refusals", list);
    if (run->memory.held_inputs != NULL) {
        (void)json_object_set_new(root, "held_inputs", json_string(run->memory.held_inputs));
        (void)json_object_set_new(root, "held_at", json_integer((json_int_t)run->memory.held_at));
    }
    CLEANUP(cleanup_free) char *text = json_dumps(root, JSON_INDENT(2));
    if (text == NULL) {
        return error_set(err, ERROR_FORMAT, "memory.json: text that is not UTF-8");
    }
    bool is_empty = run->memory.refusals.count == 0 && run->memory.held_inputs == NULL;
    if (str_equal(str_of(text), run->memory.saved) || (is_empty && run->memory.saved.length == 0)) {
        return true;
    }
    return file_replace(run->host.root, memory_path(run), str_of(text), 0600, FILE_OWNER_NONE,
                        FILE_SYNC_NOW, err);
}

void run_refuse(struct run *run, const struct document *document, const struct message *evidence)
{
    const char *id = document_id(run->arena, document);
    struct refusal refusal = {id, plan_document_digest(&run->plan_input, document), evidence};
    for (size_t i = 0; i < run->memory.refusals.count; i++) {
        if (strcmp(run->memory.refusals.items[i].document, id) == 0) {
            run->memory.refusals.items[i] = refusal;
            return;
        }
    }
    vec_add(run->arena, &run->memory.refusals, refusal);
}
