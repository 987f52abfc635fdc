/* Overrides as data: finding the one that decides, and their JSON. */
#include "model/override.h"

#include <string.h>
#include <time.h>

#include "model/json.h"

static const char *const effect_words[OVERRIDE_EFFECT_COUNT] = {
    [OVERRIDE_SUSPEND] = "suspend", [OVERRIDE_OBSERVE] = "observe", [OVERRIDE_HOLD] = "hold"};

const char *override_effect_word(enum override_effect effect)
{
    return effect_words[effect];
}

bool override_effect_parse(const char *word, enum override_effect *out_effect)
{
    for (size_t i = 0; i < OVERRIDE_EFFECT_COUNT; i++) {
        if (strcmp(effect_words[i], word) == 0) {
            *out_effect = (enum override_effect)i;
            return true;
        }
    }
    return false;
}

struct override override_fight(const char *scope, const char *why, int64_t now)
{
    return (struct override){.scope = scope,
                             .effect = OVERRIDE_OBSERVE,
                             .since = now,
                             .until = now + OVERRIDE_FIGHT_SECONDS,
                             .why = why,
                             .who = "reconcile"};
}

/* --- finding -------------------------------------------------------------------------------- */

/* How narrow the scope is when it covers the thing; 0: it does not. */
static unsigned covers(const char *scope, const char *item, const char *document)
{
    size_t length = strlen(scope);
    if (strcmp(scope, item) == 0) {
        return 4;
    }
    if (document != NULL && strcmp(scope, document) == 0) {
        return 3;
    }
    if (document != NULL && strncmp(document, scope, length) == 0 && document[length] == ':') {
        return 2;
    }
    return strcmp(scope, "*") == 0 ? 1 : 0;
}

const struct override *override_find(const struct override_list *list, const char *item,
                                     const char *document, int64_t now)
{
    const struct override *found = NULL;
    unsigned best = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct override *override = &list->items[i];
        unsigned narrow = covers(override->scope, item, document);
        bool holds = override->until == 0 || now < override->until;
        if (holds && narrow > best) {
            best = narrow;
            found = override;
        }
    }
    return found;
}

static const char *until_text(struct arena *arena, const struct override *override)
{
    struct tm utc;
    time_t at = override->until;
    if (at == 0 || gmtime_r(&at, &utc) == NULL) {
        return NULL;
    }
    return arena_printf(arena, "%04d-%02d-%02d %02d:%02d UTC", utc.tm_year + 1900, utc.tm_mon + 1,
                        utc.tm_mday, utc.tm_hour, utc.tm_min);
}

static const struct message *effect_text(struct arena *arena, enum override_effect effect,
                                         const char *until, const char *who)
{
    switch (effect) {
    case OVERRIDE_SUSPEND:
        return until == NULL ? message_make(arena, "suspended by %s", who)
                             : message_make(arena, "suspended until %s by %s", until, who);
    case OVERRIDE_OBSERVE:
        return until == NULL ? message_make(arena, "only reported by %s", who)
                             : message_make(arena, "only reported until %s by %s", until, who);
    default:
        return until == NULL ? message_make(arena, "on hold by %s", who)
                             : message_make(arena, "on hold until %s by %s", until, who);
    }
}

const struct message *override_text(struct arena *arena, const struct override *override)
{
    return message_chain(
        arena, effect_text(arena, override->effect, until_text(arena, override), override->who),
        MESSAGE_COLON, message_quote(arena, override->why));
}

/* --- changing ------------------------------------------------------------------------------- */

void override_put(struct arena *arena, struct override_list *list, const struct override *override)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].scope, override->scope) == 0) {
            list->items[i] = *override;
            return;
        }
    }
    vec_add(arena, list, *override);
}

bool override_remove(struct override_list *list, const char *scope)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].scope, scope) != 0) {
            list->items[kept++] = list->items[i];
        }
    }
    bool was_there = kept < list->count;
    list->count = kept;
    return was_there;
}

bool override_expire(struct override_list *list, int64_t now)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].until == 0 || now < list->items[i].until) {
            list->items[kept++] = list->items[i];
        }
    }
    bool has_dropped = kept < list->count;
    list->count = kept;
    return has_dropped;
}

int64_t override_next_end(const struct override_list *list)
{
    int64_t earliest = 0;
    for (size_t i = 0; i < list->count; i++) {
        int64_t until = list->items[i].until;
        if (until != 0 && (earliest == 0 || until < earliest)) {
            earliest = until;
        }
    }
    return earliest;
}

/* --- JSON ----------------------------------------------------------------------------------- */

struct str override_write(struct arena *arena, const struct override_list *list)
{
    AUTO_JSON root = json_array();
    for (size_t i = 0; i < list->count; i++) {
        const struct override *override = &list->items[i];
        (void)json_array_append_new(
            root, json_pack("{s:s, s:s, s:I, s:I, s:o, s:o}", "scope", override->scope, "effect",
                            override_effect_word(override->effect), "since",
                            (json_int_t) override->since, "until", (json_int_t) override->until,
                            "why", json_text(override->why), "who", json_text(override->who)));
    }
    CLEANUP(cleanup_free) char *text = json_dumps(root, JSON_INDENT(2));
    return str_of(arena_printf(arena, "%s\n", text == NULL ? "[]" : text));
}

static const char *text_of(struct arena *arena, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return arena_strdup(arena, text == NULL ? "" : text);
}

bool override_read(struct arena *arena, struct str json, struct override_list *out_list,
                   struct error *err)
{
    json_error_t where;
    AUTO_JSON root = json_loadb(json.data, json.length, 0, &where);
    if (!json_is_array(root)) {
        return error_set(err, ERROR_FORMAT, "line %d: %s", where.line,
                         root == NULL ? where.text : "a list is wanted");
    }
    struct override_list list = {0};
    size_t index = 0;
    const json_t *entry = NULL;
    json_array_foreach(root, index, entry)
    {
        struct override override = {
            .scope = text_of(arena, entry, "scope"),
            .since = json_integer_value(json_object_get(entry, "since")),
            .until = json_integer_value(json_object_get(entry, "until")),
            .why = text_of(arena, entry, "why"),
            .who = text_of(arena, entry, "who"),
        };
        if (override.scope[0] == '\0' ||
            !override_effect_parse(text_of(arena, entry, "effect"), &override.effect)) {
            return error_set(err, ERROR_FORMAT, "entry %zu: its scope or effect is not one",
                             index + 1);
        }
        vec_add(arena, &list, override);
    }
    *out_list = list;
    return true;
}
