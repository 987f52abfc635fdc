/* The decision. What was told is remembered, so that each state is told once: when it begins, and
 * when it ends. */
#include "core/notify.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/map.h"
#include "base/text.h"
#include "model/json.h"

/* False: nothing is told of this state. */
static bool event_of_state(const struct notice_state *now, enum notice_event *out_event)
{
    static const enum notice_event events[ITEM_STATE_COUNT] = {
        [ITEM_STATE_SUSPENDED] = NOTICE_SUSPENDED, [ITEM_STATE_HELD] = NOTICE_HELD,
        [ITEM_STATE_PENDING] = NOTICE_PENDING,     [ITEM_STATE_DRIFTED] = NOTICE_DRIFTED,
        [ITEM_STATE_FAILED] = NOTICE_FAILED,
    };
    if (now->is_expiring) {
        *out_event = NOTICE_EXPIRING;
        return true;
    }
    if (now->state == ITEM_STATE_IN_SYNC || now->state == ITEM_STATE_STALE) {
        return false; /* a run does not find anything stale: it looks */
    }
    *out_event = events[now->state];
    return true;
}

struct decision {
    struct arena *arena;
    const struct notify_input *input;
    struct notice_list *notices;
    struct told_list *told;
    struct map before;  /* thing -> struct told * */
    struct map present; /* things that are listed now */
    struct map changed; /* documents whose change is told with the writer's name */
};

static void tell(struct decision *decision, struct notice notice)
{
    vec_add(decision->arena, decision->notices, notice);
}

static void tell_recovery(struct decision *decision, const struct told *before,
                          const char *document, const struct message *detail)
{
    tell(decision, (struct notice){.event = NOTICE_RECOVERED,
                                   .before = before->event,
                                   .thing = before->thing,
                                   .document = document,
                                   .detail = detail,
                                   .at_us = decision->input->now_us});
}

/* --- changes --------------------------------------------------------------------------------- */

/* Several of one thing are one: the last says how it ended. */
static void take_changes(struct decision *decision)
{
    const struct notice_list *changes = decision->input->changes;
    struct map last = {0};
    for (size_t i = 0; i < changes->count; i++) {
        (void)map_put(decision->arena, &last, changes->items[i].thing, &changes->items[i]);
    }
    for (size_t i = 0; i < changes->count; i++) {
        struct notice *change = &changes->items[i];
        if (map_get(&last, change->thing) != change) {
            continue;
        }
        tell(decision, *change);
        if (change->document != NULL && change->event != NOTICE_REPAIRED) {
            (void)map_put(decision->arena, &decision->changed, change->document, NULL);
        }
    }
}

/* --- states ---------------------------------------------------------------------------------- */

static void keep(struct decision *decision, const struct notice_state *state,
                 enum notice_event event, const struct told *before)
{
    bool is_same = before != NULL && before->event == event;
    vec_add(decision->arena, decision->told,
            (struct told){.thing = state->thing,
                          .event = event,
                          .since_us = is_same ? before->since_us : decision->input->now_us,
                          .version = state->version});
}

static void take_state(struct decision *decision, const struct notice_state *state)
{
    const struct told *before = map_get(&decision->before, state->thing);
    enum notice_event event = NOTICE_FAILED;
    (void)map_put(decision->arena, &decision->present, state->thing, NULL);
    if (!event_of_state(state, &event)) {
        if (before != NULL) {
            tell_recovery(decision, before, state->document, NULL);
        }
        return;
    }
    keep(decision, state, event, before);
    bool is_known =
        before != NULL && before->event == event && text_equal(before->version, state->version);
    bool is_told_as_change = event == NOTICE_DRIFTED && state->document != NULL &&
                             map_has(&decision->changed, state->document);
    if (!is_known && !is_told_as_change) {
        tell(decision, (struct notice){.event = event,
                                       .thing = state->thing,
                                       .document = state->document,
                                       .detail = state->detail,
                                       .at_us = decision->input->now_us});
    }
}

/* "site:shop" is a document; what is no document's has a path. */
static const char *document_of(const char *thing)
{
    const char *colon = strchr(thing, ':');
    return colon == NULL || colon[1] == '/' ? NULL : thing;
}

/* What was told and is not listed now. */
static void take_absent(struct decision *decision, const struct told *before)
{
    bool is_of_runs =
        strcmp(before->thing, NOTICE_SOURCE) != 0; /* of the source only a fetch knows */
    bool may_last = before->event == NOTICE_SUSPENDED || before->event == NOTICE_EXPIRING;
    bool is_settled = is_of_runs && decision->input->is_settled && !may_last;
    if (map_has(&decision->present, before->thing)) {
        return;
    }
    if (is_settled) {
        tell_recovery(decision, before, document_of(before->thing), NULL);
    } else if (is_of_runs && decision->input->knows_all) {
        tell_recovery(decision, before, document_of(before->thing),
                      message_word(decision->arena, N_("it is not wanted any more")));
    } else {
        vec_add(decision->arena, decision->told, *before);
    }
}

static int notice_compare(const void *a, const void *b)
{
    const struct notice *first = a;
    const struct notice *second = b;
    if (first->event != second->event) {
        return first->event < second->event ? -1 : 1;
    }
    return strcmp(first->thing, second->thing);
}

void notify_decide(struct arena *arena, const struct notify_input *input,
                   struct notice_list *out_notices, struct told_list *out_told)
{
    struct decision decision = {
        .arena = arena, .input = input, .notices = out_notices, .told = out_told};
    for (size_t i = 0; i < input->told->count; i++) {
        struct told *told = &input->told->items[i];
        (void)map_put(arena, &decision.before, told->thing, told);
    }
    take_changes(&decision);
    for (size_t i = 0; i < input->states->count; i++) {
        take_state(&decision, &input->states->items[i]);
    }
    for (size_t i = 0; i < input->told->count; i++) {
        take_absent(&decision, &input->told->items[i]);
    }
    if (out_notices->count > 1) {
        qsort(out_notices->items, out_notices->count, sizeof(*out_notices->items), notice_compare);
    }
}

struct notice_state notify_source_state(const struct told_list *told, const struct message *why,
                                        bool may_pass, int64_t now_us)
{
    enum { PATIENCE_SECONDS = 10 * 60, MICROSECONDS = 1000000 };
    struct notice_state state = {.thing = NOTICE_SOURCE, .detail = why};
    if (why == NULL) {
        return state;
    }
    state.state = may_pass ? ITEM_STATE_PENDING : ITEM_STATE_FAILED;
    for (size_t i = 0; i < told->count; i++) {
        const struct told *before = &told->items[i];
        if (strcmp(before->thing, NOTICE_SOURCE) == 0 &&
            (before->event == NOTICE_FAILED ||
             now_us - before->since_us >= (int64_t)PATIENCE_SECONDS * MICROSECONDS)) {
            state.state = ITEM_STATE_FAILED;
        }
    }
    return state;
}

/* --- what was told, on disk ------------------------------------------------------------------ */

const char *told_write(struct arena *arena, const struct told_memory *memory)
{
    AUTO_JSON root = json_object();
    json_t *told = json_array();
    json_t *events = json_array();
    for (size_t i = 0; i < memory->told.count; i++) {
        const struct told *entry = &memory->told.items[i];
        (void)json_array_append_new(
            told, json_pack("{s:o, s:s, s:I, s:o}", "thing", json_text(entry->thing), "event",
                            notice_event_word(entry->event), "since_us",
                            (json_int_t)entry->since_us, "version", json_text(entry->version)));
    }
    for (size_t i = 0; i < memory->event_count; i++) {
        (void)json_array_append_new(events, json_text(memory->events[i]));
    }
    (void)json_object_set_new(root, "number", json_integer((json_int_t)memory->number));
    (void)json_object_set_new(root, "told", told);
    (void)json_object_set_new(root, "events", events);
    CLEANUP(cleanup_free) char *text = json_dumps(root, JSON_INDENT(1));
    return arena_printf(arena, "%s\n", text == NULL ? "{}" : text);
}

static const char *text_of(struct arena *arena, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? NULL : arena_strdup(arena, text);
}

static void read_told(struct arena *arena, const json_t *entry, struct told_list *out_told)
{
    struct told told = {.thing = text_of(arena, entry, "thing"),
                        .since_us = json_integer_value(json_object_get(entry, "since_us")),
                        .version = text_of(arena, entry, "version")};
    const char *word = json_string_value(json_object_get(entry, "event"));
    if (told.thing != NULL && notice_event_parse(word, &told.event)) {
        vec_add(arena, out_told, told);
    }
}

bool told_read(struct arena *arena, struct str content, struct told_memory *out_memory)
{
    AUTO_JSON root = json_loadb(content.data, content.length, 0, NULL);
    size_t index = 0;
    const json_t *entry = NULL;
    *out_memory = (struct told_memory){0};
    if (!json_is_object(root)) {
        return false;
    }
    json_array_foreach(json_object_get(root, "told"), index, entry)
    {
        read_told(arena, entry, &out_memory->told);
    }
    const json_t *events = json_object_get(root, "events");
    const char **names = arena_array(arena, json_array_size(events), sizeof(*names));
    json_array_foreach(events, index, entry)
    {
        const char *name = json_string_value(entry);
        names[out_memory->event_count++] = arena_strdup(arena, name == NULL ? "" : name);
    }
    out_memory->events = names;
    json_int_t number = json_integer_value(json_object_get(root, "number"));
    out_memory->number = number > 0 ? (uint64_t)number : 0;
    return true;
}
