/* Documents' sources as a digest and as one text that can be read again. */
#include "input/load.h"

#include "base/digest.h"
#include "model/json.h"

static struct str text_or_empty(const char *text)
{
    return str_of(text == NULL ? "" : text);
}

const char *loaded_digest(struct arena *arena, const struct loaded *loaded)
{
    struct digest *digest = digest_begin();
    digest_add(digest, text_or_empty(loaded->environment));
    digest_add(digest, text_or_empty(loaded->host));
    for (size_t i = 0; i < loaded->files.count; i++) {
        const struct loaded_file *file = &loaded->files.items[i];
        const char layer = (char)('0' + (int)file->layer);
        digest_add(digest, (struct str){&layer, 1});
        digest_add(digest, str_of(file->source->name));
        digest_add(digest, file->source->content);
    }
    char *hex = arena_alloc(arena, DIGEST_HEX_SIZE);
    digest_end(digest, hex);
    return hex;
}

struct str loaded_write(struct arena *arena, const struct loaded *loaded)
{
    json_t *files = json_array();
    for (size_t i = 0; i < loaded->files.count; i++) {
        const struct loaded_file *file = &loaded->files.items[i];
        /* Sources that reach this are UTF-8: the front end has read them. */
        (void)json_array_append_new(files, json_pack("{s:s, s:i, s:s%}", "name", file->source->name,
                                                     "layer", (int)file->layer, "text",
                                                     file->source->content.data,
                                                     file->source->content.length));
    }
    AUTO_JSON root = json_pack("{s:s?, s:s?, s:o}", "environment", loaded->environment, "host",
                               loaded->host, "files", files);
    CLEANUP(cleanup_free) char *text = json_dumps(root, JSON_COMPACT);
    return str_of(arena_strdup(arena, text == NULL ? "" : text));
}

static const char *copy_text(struct arena *arena, const json_t *json)
{
    return json_is_string(json) ? arena_strdup(arena, json_string_value(json)) : NULL;
}

static bool read_entry(struct arena *arena, const json_t *entry, struct loaded *loaded)
{
    const char *name = copy_text(arena, json_object_get(entry, "name"));
    const json_t *text = json_object_get(entry, "text");
    json_int_t layer = json_integer_value(json_object_get(entry, "layer"));
    if (name == NULL || !json_is_string(text) || layer < 0 || layer >= LOAD_LAYER_COUNT) {
        return false;
    }
    size_t length = json_string_length(text);
    struct str content = {arena_strndup(arena, json_string_value(text), length), length};
    vec_add(arena, &loaded->files,
            (struct loaded_file){source_make(arena, name, content), (enum load_layer)layer});
    return true;
}

bool loaded_read(struct arena *arena, struct str json, struct loaded *out_loaded, struct error *err)
{
    json_error_t where;
    AUTO_JSON root = json_loadb(json.data, json.length, JSON_ALLOW_NUL, &where);
    if (root == NULL) {
        return error_set(err, ERROR_FORMAT, "saved documents: %s", where.text);
    }
    struct loaded loaded = {.environment = copy_text(arena, json_object_get(root, "environment")),
                            .host = copy_text(arena, json_object_get(root, "host"))};
    size_t index = 0;
    const json_t *entry = NULL;
    json_array_foreach(json_object_get(root, "files"), index, entry)
    {
        if (!read_entry(arena, entry, &loaded)) {
            return error_set(err, ERROR_FORMAT, "saved documents: entry %zu is damaged", index);
        }
    }
    *out_loaded = loaded;
    return true;
}
