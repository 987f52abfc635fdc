/* A host's snapshot as JSON. Most of it is rows; by hand are what has a form of its own already
 * (facts, overrides), what providers know (observations), and texts that would stand twice. */
#include "core/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "model/file_item.h"
#include "model/shape.h"
#include "model/tree_item.h"

enum { SNAPSHOT_FORMAT = 1 };

// clang-format off
static const struct shape_row owned_rows[] = {
    SHAPE_NEEDED(struct owned_item, type),
    SHAPE_NEEDED(struct owned_item, id),
    SHAPE_NEEDED(struct owned_item, document),
    SHAPE_NEEDED(struct owned_item, digest),
    SHAPE(struct owned_item, is_protected),
    SHAPE(struct owned_item, has_data),
    SHAPE_OMIT(struct owned_item, span),
};
static const struct shape owned_shape = SHAPE_OF(struct owned_item, owned_rows);
static const struct shape_row refusal_rows[] = {
    SHAPE_NEEDED(struct refusal, document),
    SHAPE_NEEDED(struct refusal, digest),
    SHAPE_NEEDED(struct refusal, evidence),
};
static const struct shape refusal_shape = SHAPE_OF(struct refusal, refusal_rows);
static const struct shape_row left_rows[] = {
    SHAPE_NEEDED(struct left_part, path),
    SHAPE(struct left_part, content),
    SHAPE(struct left_part, because),
    SHAPE_OMIT(struct left_part, document),
    SHAPE(struct left_part, is_drift),
};
static const struct shape left_shape = SHAPE_OF(struct left_part, left_rows);
static const struct shape_row desired_rows[] = {
    SHAPE_NEEDED(struct desired_file, path),
    SHAPE_AS("text", struct desired_file, content),
    SHAPE(struct desired_file, mode),
    SHAPE(struct desired_file, document),
};
static const struct shape desired_shape = SHAPE_OF(struct desired_file, desired_rows);
static const struct shape_row claim_rows[] = {
    SHAPE_NEEDED(struct snapshot_claim, text),
    SHAPE_NEEDED(struct snapshot_claim, file),
    SHAPE(struct snapshot_claim, line),
};
static const struct shape claim_shape = SHAPE_OF(struct snapshot_claim, claim_rows);
static const struct shape_row snapshot_rows[] = {
    SHAPE_OMIT(struct snapshot, providers),
    SHAPE(struct snapshot, taken_at),
    SHAPE_AS("name", struct snapshot, host),
    SHAPE(struct snapshot, environment),
    SHAPE_NEEDED(struct snapshot, mode),
    SHAPE(struct snapshot, is_all_or_nothing),
    SHAPE(struct snapshot, has_manager),
    SHAPE_OMIT(struct snapshot, layout),
    SHAPE_OMIT(struct snapshot, facts),
    SHAPE(struct snapshot, generation),
    SHAPE_LIST(struct snapshot, owned, &owned_shape),
    SHAPE_LIST(struct snapshot, parts, &owned_shape),
    SHAPE_LIST(struct snapshot, refusals, &refusal_shape),
    SHAPE(struct snapshot, held_inputs),
    SHAPE(struct snapshot, held_at),
    SHAPE_OMIT(struct snapshot, overrides),
    SHAPE_LIST(struct snapshot, left, &left_shape),
    SHAPE_OMIT(struct snapshot, last_good),
    SHAPE_LIST(struct snapshot, foreign, &claim_shape),
    SHAPE_OMIT(struct snapshot, views),
};
// clang-format on
static const struct shape snapshot_shape = SHAPE_OF(struct snapshot, snapshot_rows);

/* --- what was found ------------------------------------------------------------------------- */

static json_t *json_message(const struct message *message)
{
    return json_text(message == NULL ? NULL : message->text);
}

json_t *snapshot_write_view(const struct provider_table *providers,
                            const struct observation *observation)
{
    const struct item *item = observation->item;
    const struct shape *shape = providers->find(item->type)->found;
    json_t *found = observation->found == NULL
                        ? json_null()
                        : shape_write(shape, observation->found, item->is_secret);
    return json_pack("{s:b, s:o, s:o, s:o}", "exists", observation->exists, "trouble",
                     json_message(observation->trouble), "note", json_message(observation->note),
                     "found", found);
}

static json_t *write_item(const struct snapshot *snapshot, const struct observation *observation,
                          const struct observation *unwanted)
{
    const struct item *item = observation->item;
    json_t *json = json_pack("{s:s, s:s, s:b}", "type", item->type, "id", item->id, "is_secret",
                             item->is_secret);
    json_t *view = snapshot_write_view(&snapshot->providers, observation);
    json_t *other = unwanted == NULL ? NULL : snapshot_write_view(&snapshot->providers, unwanted);
    if (other != NULL && !json_equal(view, other)) {
        (void)json_object_set(json, "unwanted", other);
    }
    (void)json_object_update(json, view);
    json_decref(view);
    json_decref(other);
    return json;
}

static json_t *write_items(struct arena *arena, const struct snapshot *snapshot)
{
    json_t *items = json_array();
    struct map unwanted = {0};
    const struct snapshot_observations *views = snapshot->views;
    for (size_t i = 0; i < views[SNAPSHOT_AS_UNWANTED].count; i++) {
        struct observation *observation = &views[SNAPSHOT_AS_UNWANTED].items[i];
        (void)map_put(arena, &unwanted, item_name(arena, observation->item), observation);
    }
    for (size_t i = 0; i < views[SNAPSHOT_AS_WANTED].count; i++) {
        const struct observation *observation = &views[SNAPSHOT_AS_WANTED].items[i];
        (void)json_array_append_new(
            items, write_item(snapshot, observation,
                              map_get(&unwanted, item_name(arena, observation->item))));
    }
    return items;
}

static const char *text_of(struct arena *arena, const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text == NULL ? NULL : arena_strdup(arena, text);
}

static bool read_found(struct arena *arena, const json_t *json, const struct provider *provider,
                       struct observation *out, struct error *err)
{
    const json_t *found = json_object_get(json, "found");
    out->exists = json_is_true(json_object_get(json, "exists"));
    if (json_is_null(found) || !out->exists) {
        return !out->exists || error_set(err, ERROR_FORMAT, "found is missing");
    }
    void *object = arena_alloc(arena, provider->found->size);
    out->found = object;
    return shape_read(provider->found, found, arena, object, err);
}

static const struct message *message_at(struct arena *arena, const json_t *json, const char *name)
{
    const char *text = text_of(arena, json, name);
    return text == NULL ? NULL : message_quote(arena, text);
}

static bool read_view(struct arena *arena, const json_t *json, const struct item *item,
                      const struct provider *provider, struct snapshot_observations *out,
                      struct error *err)
{
    struct observation observation = {.item = item,
                                      .trouble = message_at(arena, json, "trouble"),
                                      .note = message_at(arena, json, "note")};
    if (observation.trouble == NULL && !read_found(arena, json, provider, &observation, err)) {
        return error_wrap(err, "%s", item_name(arena, item));
    }
    vec_add(arena, out, observation);
    return true;
}

static bool read_item(struct arena *arena, const json_t *json, struct snapshot *snapshot,
                      struct error *err)
{
    struct item *item = arena_new(arena, struct item);
    *item = (struct item){.type = text_of(arena, json, "type"),
                          .id = text_of(arena, json, "id"),
                          .is_secret = json_is_true(json_object_get(json, "is_secret"))};
    const struct provider *provider =
        item->type == NULL ? NULL : snapshot->providers.find(item->type);
    const json_t *unwanted = json_object_get(json, "unwanted");
    if (provider == NULL || item->id == NULL) {
        return error_set(err, ERROR_FORMAT, "an item is of no type that is known here");
    }
    return read_view(arena, json, item, provider, &snapshot->views[SNAPSHOT_AS_WANTED], err) &&
           (unwanted == NULL || read_view(arena, unwanted, item, provider,
                                          &snapshot->views[SNAPSHOT_AS_UNWANTED], err));
}

/* --- texts that were found as they were written --------------------------------------------- */

/* Absolute path -> struct str *, of every text that was found. */
static struct map found_texts(struct arena *arena, const struct snapshot *snapshot)
{
    struct map texts = {0};
    for (size_t i = 0; i < snapshot->views[SNAPSHOT_AS_WANTED].count; i++) {
        const struct observation *observation = &snapshot->views[SNAPSHOT_AS_WANTED].items[i];
        const struct item *item = observation->item;
        if (observation->found == NULL || item->is_secret) {
            continue;
        }
        if (strcmp(item->type, ITEM_FILE) == 0) {
            struct str *text = arena_new(arena, struct str);
            *text = ((const struct file_item *)observation->found)->text.content;
            (void)map_put(arena, &texts, item->id, text);
        } else if (strcmp(item->type, ITEM_TREE) == 0) {
            const struct tree_item *tree = observation->found;
            for (size_t k = 0; k < tree->members.count; k++) {
                struct tree_member *member = &tree->members.items[k];
                (void)map_put(arena, &texts, arena_printf(arena, "%s/%s", item->id, member->path),
                              &member->text.content);
            }
        }
    }
    return texts;
}

/* A file that is as it was written has no text of its own here. */
static json_t *write_last_good(struct arena *arena, const struct snapshot *snapshot)
{
    struct map texts = found_texts(arena, snapshot);
    json_t *list = json_array();
    for (size_t i = 0; i < snapshot->last_good.count; i++) {
        const struct desired_file *file = &snapshot->last_good.items[i];
        const struct str *found = map_get(&texts, file->path);
        json_t *entry = shape_write(&desired_shape, file, false);
        if (found != NULL && str_equal(*found, file->content)) {
            (void)json_object_del(entry, "text");
        }
        (void)json_array_append_new(list, entry);
    }
    return list;
}

static int path_compare(const void *a, const void *b)
{
    return strcmp(((const struct desired_file *)a)->path, ((const struct desired_file *)b)->path);
}

static bool read_last_good(struct arena *arena, const json_t *list, struct snapshot *snapshot,
                           struct error *err)
{
    struct map texts = found_texts(arena, snapshot);
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *entry = json_array_get(list, i);
        struct desired_file file = {0};
        const char *path = json_string_value(json_object_get(entry, "path"));
        const struct str *found = path == NULL ? NULL : map_get(&texts, path);
        bool is_as_found = json_object_get(entry, "text") == NULL && found != NULL;
        if (is_as_found) {
            (void)json_object_set_new(entry, "text", json_string(""));
        }
        if (!shape_read(&desired_shape, entry, arena, &file, err)) {
            return error_wrap(err, "last_good");
        }
        file.content = is_as_found ? *found : file.content;
        vec_add(arena, &snapshot->last_good, file);
    }
    if (snapshot->last_good.count > 1) {
        qsort(snapshot->last_good.items, snapshot->last_good.count,
              sizeof(*snapshot->last_good.items), path_compare);
    }
    return json_is_array(list) || error_set(err, ERROR_FORMAT, "last_good is missing");
}

/* --- the whole ------------------------------------------------------------------------------ */

json_t *snapshot_write_memory(struct arena *arena, const struct snapshot *snapshot)
{
    struct snapshot memory = *snapshot;
    memory.taken_at = 0;
    json_t *json = shape_write(&snapshot_shape, &memory, false);
    struct str overrides = override_write(arena, &snapshot->overrides);
    (void)json_object_set_new(json, "overrides", json_stringn(overrides.data, overrides.length));
    return json;
}

json_t *snapshot_write(struct arena *arena, const struct snapshot *snapshot)
{
    json_t *json = shape_write(&snapshot_shape, snapshot, false);
    struct str overrides = override_write(arena, &snapshot->overrides);
    (void)json_object_set_new(json, "format", json_integer(SNAPSHOT_FORMAT));
    (void)json_object_set_new(json, "facts",
                              json_loads(facts_write(arena, &snapshot->facts), 0, NULL));
    (void)json_object_set_new(json, "layout", shape_write(&layout_shape, &snapshot->layout, false));
    (void)json_object_set_new(json, "overrides",
                              json_loadb(overrides.data, overrides.length, 0, NULL));
    (void)json_object_set_new(json, "last_good", write_last_good(arena, snapshot));
    (void)json_object_set_new(json, "items", write_items(arena, snapshot));
    return json;
}

/* A part that has a reader of its own, as text. */
static struct str part_text(struct arena *arena, const json_t *host, const char *key)
{
    CLEANUP(cleanup_free) char *text = json_dumps(json_object_get(host, key), 0);
    return str_of(arena_strdup(arena, text == NULL ? "" : text));
}

static bool check_types(const struct snapshot *snapshot, struct error *err)
{
    for (size_t i = 0; i < snapshot->owned.count; i++) {
        if (snapshot->providers.find(snapshot->owned.items[i].type) == NULL) {
            return error_set(err, ERROR_FORMAT, "owned: there is no type \"%s\"",
                             snapshot->owned.items[i].type);
        }
    }
    return true;
}

static bool read_host(struct arena *arena, const json_t *host,
                      const struct provider_table *providers, struct snapshot *snapshot,
                      struct error *err)
{
    json_int_t format = json_integer_value(json_object_get(host, "format"));
    const json_t *items = json_object_get(host, "items");
    size_t index = 0;
    const json_t *entry = NULL;
    if (format != SNAPSHOT_FORMAT) {
        return error_set(err, ERROR_FORMAT,
                         "it was made by another version of reconcile: its format is %lld, this "
                         "one reads %d",
                         (long long)format, SNAPSHOT_FORMAT);
    }
    if (!shape_read(&snapshot_shape, host, arena, snapshot, err) ||
        !shape_read(&layout_shape, json_object_get(host, "layout"), arena, &snapshot->layout,
                    err) ||
        !facts_read(arena, part_text(arena, host, "facts"), &snapshot->facts, err) ||
        !override_read(arena, part_text(arena, host, "overrides"), &snapshot->overrides, err)) {
        return false;
    }
    snapshot->providers = *providers;
    json_array_foreach(items, index, entry)
    {
        if (!read_item(arena, entry, snapshot, err)) {
            return false;
        }
    }
    return check_types(snapshot, err) &&
           read_last_good(arena, json_object_get(host, "last_good"), snapshot, err);
}

bool snapshot_read(struct arena *arena, struct str json, const struct provider_table *providers,
                   struct snapshot *out_snapshot, struct error *err)
{
    json_error_t where;
    struct snapshot snapshot = {0};
    AUTO_JSON root = json_loadb(json.data, json.length, 0, &where);
    const json_t *host = json_object_get(root, "host");
    const char *verdict = json_string_value(json_object_get(root, "verdict"));
    if (root == NULL) {
        return error_set(err, ERROR_FORMAT, "line %d: %s", where.line, where.text);
    }
    if (!json_is_object(host)) {
        return error_set(err, ERROR_FORMAT,
                         "it is not what `reconcile status -o json` says of a host%s%s%s",
                         verdict == NULL ? "" : " (\"", verdict == NULL ? "" : verdict,
                         verdict == NULL ? "" : "\")");
    }
    if (!read_host(arena, host, providers, &snapshot, err)) {
        return false;
    }
    *out_snapshot = snapshot;
    return true;
}
