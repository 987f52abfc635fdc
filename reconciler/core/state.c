/* Items and documents in the seven words. A document is as bad as its worst item. */
#include "core/state.h"

#include <string.h>

#include "core/report_line.h"
#include "model/tree_item.h"

enum item_state action_state(const struct action *action, const struct outcome *outcome)
{
    if (outcome != NULL && outcome->result == OUTCOME_FAILED) {
        return ITEM_STATE_FAILED;
    }
    if (action->verb == ACTION_NONE || (outcome != NULL && outcome->result == OUTCOME_CHANGED)) {
        return ITEM_STATE_IN_SYNC;
    }
    if (action->found->trouble != NULL) {
        return ITEM_STATE_FAILED;
    }
    if (action->is_suspended) {
        return ITEM_STATE_SUSPENDED;
    }
    if (action->cause == CAUSE_DRIFT) {
        return ITEM_STATE_DRIFTED;
    }
    return action->held_because != NULL ? ITEM_STATE_HELD : ITEM_STATE_PENDING;
}

/* "state: stopped -> running" */
static const struct message *change_text(struct arena *arena, const struct change *change)
{
    if (!change->is_words) {
        const char *text =
            arena_printf(arena, "%s: %s -> %s", change->field, change->from, change->to);
        return message_quote(arena, text);
    }
    const struct message *becomes = message_chain(arena, message_word(arena, change->from),
                                                  MESSAGE_ARROW, message_word(arena, change->to));
    return message_chain(arena, message_quote(arena, change->field), MESSAGE_COLON, becomes);
}

static const struct message *why_not(struct arena *arena, const struct action *action,
                                     const struct outcome *outcome)
{
    static const char *const wishes[ACTION_VERB_COUNT] = {
        [ACTION_NONE] = "",
        [ACTION_CREATE] = N_("to create"),
        [ACTION_UPDATE] = N_("to update"),
        [ACTION_DELETE] = N_("to delete"),
        [ACTION_NOTIFY] = N_("to notify"),
    };
    if (outcome != NULL && outcome->result != OUTCOME_UNCHANGED) {
        return message_chain(arena, message_word(arena, report_result_word(outcome->result)),
                             MESSAGE_COLON, message_of_error(arena, &outcome->error));
    }
    if (action->held_because != NULL) {
        return action->held_because;
    }
    const struct change *first = action->changes.count == 0 ? NULL : &action->changes.items[0];
    if (first != NULL && !first->is_text && !first->is_secret && first->from != NULL &&
        first->to != NULL) {
        return change_text(arena, first);
    }
    return message_word(arena, wishes[action->verb]);
}

/* "NAME: WHY" */
static const struct message *about(struct arena *arena, const char *name, const struct message *why)
{
    return message_chain(arena, message_quote(arena, name), MESSAGE_COLON, why);
}

const struct message *action_detail(struct arena *arena, const struct action *action,
                                    const struct outcome *outcome)
{
    if (action_state(action, outcome) == ITEM_STATE_IN_SYNC) {
        return NULL;
    }
    return about(arena, item_name(arena, action->item), why_not(arena, action, outcome));
}

static void raise_state(struct document_state *state, enum item_state found,
                        const struct message *detail)
{
    if (found > state->state) {
        state->state = found;
        state->detail = detail;
    }
}

/* One that was left alone is not as the rest of its item; and one may have drifted while we want
 * something new of another. */
enum item_state part_state(const struct action *action, const struct outcome *outcome,
                           const struct change *change)
{
    bool is_planned = action->held_because == NULL && action->found->trouble == NULL &&
                      (outcome == NULL || outcome->result == OUTCOME_UNCHANGED);
    if (change->held_because == NULL && is_planned && change->cause != CAUSE_NONE) {
        return change->cause == CAUSE_DRIFT ? ITEM_STATE_DRIFTED : ITEM_STATE_PENDING;
    }
    if (change->held_because == NULL) {
        return action_state(action, outcome);
    }
    if (change->is_suspended) {
        return ITEM_STATE_SUSPENDED;
    }
    return change->cause == CAUSE_DRIFT ? ITEM_STATE_DRIFTED : ITEM_STATE_HELD;
}

const struct message *part_detail(struct arena *arena, const struct action *action,
                                  const struct outcome *outcome, const struct change *change)
{
    return change->held_because == NULL
               ? action_detail(arena, action, outcome)
               : about(arena, arena_printf(arena, "file:%s", change->thing), change->held_because);
}

/* A tree's parts belong to different documents: each is as its own part is. */
static void raise_for_things(const struct report *report, const struct action *action,
                             const struct outcome *outcome, struct map *by_document)
{
    for (size_t i = 0; i < action->changes.count; i++) {
        const struct change *change = &action->changes.items[i];
        if (change->document == NULL) {
            continue;
        }
        struct document_state *state =
            map_get(by_document, document_id(report->arena, change->document));
        if (state != NULL) {
            raise_state(state, part_state(action, outcome, change),
                        part_detail(report->arena, action, outcome, change));
        }
    }
}

/* Worth knowing although nothing differs. */
static void tell_note(const struct report *report, const struct action *action,
                      struct map *by_document)
{
    if (action->found->note == NULL || action->item->document == NULL) {
        return;
    }
    struct document_state *state =
        map_get(by_document, document_id(report->arena, action->item->document));
    if (state != NULL && state->detail == NULL) {
        state->detail =
            about(report->arena, item_name(report->arena, action->item), action->found->note);
    }
}

/* What concerns a tree as a whole, such as a server that does not run it, concerns all who have a
 * part in it. */
static void raise_for_members(const struct report *report, const struct action *action,
                              enum item_state found, const struct message *detail,
                              struct map *by_document)
{
    bool is_whole = false;
    for (size_t i = 0; i < action->changes.count; i++) {
        is_whole |= action->changes.items[i].thing == NULL;
    }
    const struct tree_item *tree = action->item->wanted;
    if (!is_whole || tree == NULL || strcmp(action->item->type, ITEM_TREE) != 0) {
        return;
    }
    for (size_t i = 0; i < tree->members.count; i++) {
        const struct document *document = tree->members.items[i].document;
        struct document_state *state =
            document == NULL ? NULL : map_get(by_document, document_id(report->arena, document));
        if (state != NULL) {
            raise_state(state, found, detail);
        }
    }
}

/* On one line: of what others said the first. */
static const struct message *held_detail(struct arena *arena, const struct held_document *held)
{
    const struct message *evidence = held->evidence;
    if (evidence == NULL) {
        return held->because;
    }
    size_t first_line = strcspn(evidence->text, "\n");
    if (evidence->text[first_line] != '\0') {
        evidence = message_quote(arena, arena_strndup(arena, evidence->text, first_line));
    }
    return message_chain(arena, held->because, MESSAGE_ASIDE, evidence);
}

/* Worth knowing where nothing else is: a pair grows old, and nobody has renewed it. */
static void tell_ages(const struct report *report, struct map *by_document)
{
    for (size_t i = 0; i < report->certificates.count; i++) {
        const struct certificate_state *certificate = &report->certificates.items[i];
        const struct item *item = certificate->item;
        struct document_state *state =
            certificate->because == NULL || item->document == NULL
                ? NULL
                : map_get(by_document, document_id(report->arena, item->document));
        if (state != NULL && state->detail == NULL) {
            state->detail =
                about(report->arena, item_name(report->arena, item), certificate->because);
        }
    }
}

static void raise_held(const struct report *report, const struct held_documents *list,
                       enum item_state found, struct map *by_document)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct held_document *held = &list->items[i];
        struct document_state *state =
            map_get(by_document, document_id(report->arena, held->document));
        if (state != NULL) {
            raise_state(state, found, held_detail(report->arena, held));
        }
    }
}

void document_states_collect(const struct report *report, const struct document_set *documents,
                             struct document_states *out_states)
{
    struct arena *arena = report->arena;
    size_t first = out_states->count;
    for (size_t i = 0; i < documents->documents.count; i++) {
        vec_add(arena, out_states,
                (struct document_state){documents->documents.items[i], ITEM_STATE_IN_SYNC, NULL});
    }
    struct map by_document = {0};
    for (size_t i = first; i < out_states->count; i++) {
        struct document_state *state = &out_states->items[i];
        (void)map_put(arena, &by_document, document_id(arena, state->document), state);
    }
    for (size_t i = 0; report->plan != NULL && i < report->plan->actions.count; i++) {
        const struct action *action = &report->plan->actions.items[i];
        const struct outcome *outcome = report->outcomes == NULL ? NULL : &report->outcomes[i];
        raise_for_things(report, action, outcome, &by_document);
        enum item_state found = action_state(action, outcome);
        if (found == ITEM_STATE_IN_SYNC) {
            tell_note(report, action, &by_document);
            continue;
        }
        const struct message *detail = action_detail(arena, action, outcome);
        raise_for_members(report, action, found, detail, &by_document);
        if (action->item->document != NULL) {
            struct document_state *state =
                map_get(&by_document, document_id(arena, action->item->document));
            if (state != NULL) {
                raise_state(state, found, detail);
            }
        }
    }
    raise_held(report, &report->suspended, ITEM_STATE_SUSPENDED, &by_document);
    raise_held(report, &report->held, ITEM_STATE_FAILED, &by_document);
    raise_held(report, &report->unproven, ITEM_STATE_FAILED, &by_document);
    tell_ages(report, &by_document);
}
