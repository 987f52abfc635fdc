/* The file: one line that says what it is, of which version, and the digest of all that follows;
 * then JSON. */
#include "core/saved_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "model/shape.h"

#define FIRST_WORD "reconcile-plan "

enum { PLAN_VERSION = 1 };

// clang-format off
static const struct shape_row part_rows[] = {
    SHAPE_NEEDED(struct saved_part, name),
    SHAPE_NEEDED(struct saved_part, digest),
};
static const struct shape part_shape = SHAPE_OF(struct saved_part, part_rows);
static const struct shape_row plan_rows[] = {
    SHAPE_NEEDED(struct saved_plan, program),
    SHAPE(struct saved_plan, made_at),
    SHAPE_NEEDED(struct saved_plan, verdict),
    SHAPE(struct saved_plan, folder),
    SHAPE(struct saved_plan, config),
    SHAPE_NEEDED(struct saved_plan, root),
    SHAPE(struct saved_plan, state),
    SHAPE(struct saved_plan, environment),
    SHAPE(struct saved_plan, host),
    SHAPE(struct saved_plan, facts_file),
    SHAPE(struct saved_plan, may_adopt),
    SHAPE(struct saved_plan, may_delete_many),
    SHAPE(struct saved_plan, skips_nginx_test),
    SHAPE_NEEDED(struct saved_plan, settings),
    SHAPE_NEEDED(struct saved_plan, facts),
    SHAPE_NEEDED(struct saved_plan, memory),
    SHAPE(struct saved_plan, generation),
    SHAPE_LIST(struct saved_plan, inputs, &part_shape),
    SHAPE_LIST(struct saved_plan, objects, &part_shape),
    SHAPE_LIST(struct saved_plan, actions, &part_shape),
};
// clang-format on
static const struct shape plan_shape = SHAPE_OF(struct saved_plan, plan_rows);

/* --- the file ------------------------------------------------------------------------------- */

bool saved_plan_is(struct str bytes)
{
    size_t length = strlen(FIRST_WORD);
    return bytes.length > length && memcmp(bytes.data, FIRST_WORD, length) == 0;
}

struct str saved_plan_write(struct arena *arena, const struct saved_plan *plan)
{
    char digest[DIGEST_HEX_SIZE];
    AUTO_JSON json = shape_write(&plan_shape, plan, false);
    CLEANUP(cleanup_free) char *text = json_dumps(json, JSON_INDENT(1));
    const char *body = arena_printf(arena, "%s\n", text == NULL ? "" : text);
    digest_hex(str_of(body), digest);
    return str_of(arena_printf(arena, FIRST_WORD "%d %s\n%s", PLAN_VERSION, digest, body));
}

static bool check_version(const char *head, const char **out_rest, struct error *err)
{
    char *end = NULL;
    unsigned long version = strtoul(head, &end, 10);
    if (end == head || *end != ' ') {
        return error_set(err, ERROR_FORMAT, "it is damaged: its first line says no version");
    }
    if (version != PLAN_VERSION) {
        return error_set(err, ERROR_FORMAT,
                         "it is a saved plan of version %lu, made by another reconcile; this one "
                         "reads version %d",
                         version, PLAN_VERSION);
    }
    *out_rest = end + 1;
    return true;
}

bool saved_plan_read(struct arena *arena, struct str bytes, struct saved_plan *out_plan,
                     struct error *err)
{
    char digest[DIGEST_HEX_SIZE];
    json_error_t where;
    const char *rest = "";
    if (!saved_plan_is(bytes)) {
        return error_set(err, ERROR_FORMAT, "it is no saved plan; plan --out makes one");
    }
    const char *text = arena_strndup(arena, bytes.data, bytes.length);
    if (!check_version(text + strlen(FIRST_WORD), &rest, err)) {
        return false;
    }
    const char *body = strchr(rest, '\n');
    const char *end = text + bytes.length;
    digest_hex(body == NULL ? STR("") : (struct str){body + 1, (size_t)(end - body - 1)}, digest);
    if (body == NULL || (size_t)(body - rest) != strlen(digest) ||
        strncmp(rest, digest, strlen(digest)) != 0) {
        return error_set(err, ERROR_FORMAT, "it is damaged: it is not as it was written");
    }
    AUTO_JSON json = json_loadb(body + 1, (size_t)(end - body - 1), 0, &where);
    if (json == NULL) {
        return error_set(err, ERROR_FORMAT, "it is damaged: line %d: %s", where.line + 1,
                         where.text);
    }
    return shape_read(&plan_shape, json, arena, out_plan, err) || error_wrap(err, "it is damaged");
}

/* --- then and now --------------------------------------------------------------------------- */

static struct map index_parts(struct arena *arena, const struct saved_parts *parts)
{
    struct map index = {0};
    for (size_t i = 0; i < parts->count; i++) {
        (void)map_put(arena, &index, parts->items[i].name, &parts->items[i]);
    }
    return index;
}

static void compare_parts(struct arena *arena, const struct saved_parts *then,
                          const struct saved_parts *now, struct message_list *out)
{
    struct map before = index_parts(arena, then);
    struct map after = index_parts(arena, now);
    for (size_t i = 0; i < then->count; i++) {
        const struct saved_part *part = &then->items[i];
        const struct saved_part *other = map_get(&after, part->name);
        if (other == NULL) {
            vec_add(arena, out, message_make(arena, "%s is gone", part->name));
        } else if (strcmp(part->digest, other->digest) != 0) {
            vec_add(arena, out, message_make(arena, "%s has changed", part->name));
        }
    }
    for (size_t i = 0; i < now->count; i++) {
        if (!map_has(&before, now->items[i].name)) {
            vec_add(arena, out, message_make(arena, "%s is new", now->items[i].name));
        }
    }
}

void saved_plan_compare(struct arena *arena, const struct saved_plan *then,
                        const struct saved_plan *now, struct message_list *out_changes)
{
    if (strcmp(then->program, now->program) != 0) {
        vec_add(arena, out_changes,
                message_make(arena, "the plan was made by reconcile %s, this is %s", then->program,
                             now->program));
    }
    if (strcmp(then->settings, now->settings) != 0) {
        vec_add(arena, out_changes, message_word(arena, N_("the host's settings have changed")));
    }
    if (strcmp(then->facts, now->facts) != 0) {
        vec_add(arena, out_changes, message_word(arena, N_("the host's facts have changed")));
    }
    compare_parts(arena, &then->inputs, &now->inputs, out_changes);
    if (then->generation != now->generation) {
        vec_add(arena, out_changes,
                message_make(arena, "the host was at generation %lu and is at %lu",
                             then->generation, now->generation));
    }
    compare_parts(arena, &then->objects, &now->objects, out_changes);
    if (out_changes->count == 0 && strcmp(then->memory, now->memory) != 0) {
        vec_add(arena, out_changes,
                message_word(arena, N_("what is remembered of the host (what is owned, refused or "
                                       "suspended) has changed")));
    }
}

void saved_plan_compare_actions(struct arena *arena, const struct saved_plan *then,
                                const struct saved_plan *now, struct message_list *out_changes)
{
    struct message_list changes = {0};
    compare_parts(arena, &then->actions, &now->actions, &changes);
    if (changes.count > 0) {
        vec_add(arena, out_changes,
                message_word(arena, N_("another plan would be made of the same things now")));
    }
}

/* --- digests -------------------------------------------------------------------------------- */

const char *saved_digest_json(struct arena *arena, const json_t *json)
{
    char *hex = arena_alloc(arena, DIGEST_HEX_SIZE);
    CLEANUP(cleanup_free) char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    digest_hex(str_of(text == NULL ? "" : text), hex);
    return hex;
}

const char *saved_digest_action(struct arena *arena, const struct provider_table *providers,
                                const struct action *action)
{
    char *hex = arena_alloc(arena, DIGEST_HEX_SIZE);
    struct digest *digest = digest_begin();
    const char verb[] = {(char)('0' + (int)action->verb), (char)('0' + (int)action->cause)};
    const struct message *held = action->held_because;
    digest_add(digest, (struct str){verb, sizeof(verb)});
    digest_add(digest, str_of(held == NULL ? "" : held->text));
    digest_add(digest, str_of(action->item->wanted == NULL
                                  ? ""
                                  : plan_item_digest(providers, action->item, arena)));
    digest_end(digest, hex);
    return hex;
}
