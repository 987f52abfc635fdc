/* Turns actions into report lines. */
#include "core/report_line.h"

#include "core/diff.h"
#include "core/say.h"

const char *report_verb_word(enum action_verb verb)
{
    static const char *const words[ACTION_VERB_COUNT] = {
        [ACTION_NONE] = "none",     [ACTION_CREATE] = "create", [ACTION_UPDATE] = "update",
        [ACTION_DELETE] = "delete", [ACTION_NOTIFY] = "notify",
    };
    return words[verb];
}

const char *report_result_word(enum outcome_result result)
{
    static const char *const words[] = {
        [OUTCOME_UNCHANGED] = "unchanged",
        [OUTCOME_CHANGED] = "changed",
        [OUTCOME_FAILED] = "failed",
        [OUTCOME_SKIPPED] = "skipped",
    };
    return words[result];
}

const struct message *report_impact(const struct action *action)
{
    return action_is_due(action) ? action->impact : NULL;
}

static char symbol_of(const struct action *action, const struct outcome *outcome)
{
    static const char symbols[ACTION_VERB_COUNT] = {
        [ACTION_NONE] = ' ',   [ACTION_CREATE] = '+', [ACTION_UPDATE] = '~',
        [ACTION_DELETE] = '-', [ACTION_NOTIFY] = '~',
    };
    if (outcome != NULL && outcome->result == OUTCOME_FAILED) {
        return '!';
    }
    return symbols[action->verb];
}

static const struct message *gone_note(struct arena *arena, const char *owner)
{
    return message_make(arena, "%s is gone", owner);
}

static const struct message *held_note(struct arena *arena, const char *owner,
                                       const struct message *held_because)
{
    const struct message *held =
        message_chain(arena, message_word(arena, N_("held")), MESSAGE_COLON, held_because);
    return owner == NULL ? held
                         : message_chain(arena, gone_note(arena, owner), MESSAGE_ASIDE, held);
}

static const struct message *note_of(struct arena *arena, const struct action *action,
                                     const struct outcome *outcome)
{
    if (outcome != NULL && outcome->result == OUTCOME_FAILED) {
        return message_chain(arena, message_word(arena, N_("failed")), MESSAGE_COLON,
                             message_of_error(arena, &outcome->error));
    }
    if (outcome != NULL && outcome->result == OUTCOME_SKIPPED) {
        return message_chain(arena, message_word(arena, N_("skipped")), MESSAGE_COLON,
                             message_of_error(arena, &outcome->error));
    }
    if (action->held_because != NULL) {
        return held_note(arena, action->owner, action->held_because);
    }
    if (action->owner != NULL) {
        return gone_note(arena, action->owner);
    }
    if (action->kept != NULL) {
        return message_make(arena, "taken over; what it was is kept in %s", action->kept);
    }
    if (action->verb == ACTION_NOTIFY) {
        return action->reason;
    }
    return action->cause == CAUSE_DRIFT ? message_word(arena, N_("drifted")) : NULL;
}

static const char *place_of(struct arena *arena, const struct action *action, struct span span)
{
    struct span at = span.source != NULL ? span : action->item->span;
    return at.source == NULL ? NULL : span_text(arena, at);
}

static const char *written_at(const struct report *report, const char *place)
{
    return place == NULL || report->commit == NULL
               ? place
               : arena_printf(report->arena, "%s at %.*s", place, COMMIT_ID_SHORT,
                              report->commit->id);
}

static void add_change(struct arena *arena, struct report_line *line, const struct change *change)
{
    if (change->is_text && !change->is_secret) {
        const char *path = change->thing != NULL ? change->thing : line->action->item->id;
        line->diff = diff_unified(arena, path, change->from, change->to);
    } else if (change->is_secret || line->action->verb != ACTION_CREATE) {
        vec_add(arena, &line->details,
                (struct detail){change->field, change->from, change->to, change->is_secret,
                                change->is_words});
    }
}

static const char *detail_value(struct arena *arena, const struct detail *detail,
                                enum language language, const char *value)
{
    if (value == NULL) {
        return say_text(arena, language, N_("absent"));
    }
    return detail->is_words ? say_text(arena, language, value) : value;
}

/* The arrow and what stands beside it are from left to right in every language. */
const char *report_detail(struct arena *arena, enum language language, const struct detail *detail)
{
    if (detail->is_secret) {
        return arena_printf(arena, "%s: %s", detail->field,
                            say_text(arena, language, N_("changed")));
    }
    return arena_printf(arena, "%s: %s -> %s", detail->field,
                        detail_value(arena, detail, language, detail->from),
                        detail_value(arena, detail, language, detail->to));
}

static struct report_line line_of(const struct report *report, const struct action *action,
                                  const struct outcome *outcome)
{
    const char *place = place_of(report->arena, action, SPAN_NONE);
    return (struct report_line){
        .action = action,
        .outcome = outcome,
        .id = action->item->id,
        .symbol = symbol_of(action, outcome),
        .name = item_name(report->arena, action->item),
        .place = place,
        .written = written_at(report, place),
        .note = note_of(report->arena, action, outcome),
        .held_because = action->held_because,
        .owner = action->item->document == NULL
                     ? action->owner
                     : document_id(report->arena, action->item->document),
        .evidence = outcome == NULL ? NULL : outcome->evidence,
        .is_drift = action->cause == CAUSE_DRIFT,
    };
}

/* What is said of the item as a whole goes before what is said of a part, but for a part that is
 * held while others change. */
static void take_cause(struct arena *arena, struct report_line *line, const struct change *change)
{
    bool is_whole = line->action->held_because != NULL ||
                    (line->outcome != NULL && line->outcome->result != OUTCOME_CHANGED &&
                     line->outcome->result != OUTCOME_UNCHANGED);
    if (change->cause != CAUSE_NONE) {
        line->is_drift = change->cause == CAUSE_DRIFT;
    }
    if (change->held_because != NULL) {
        line->held_because = change->held_because;
        line->note = held_note(arena, change->owner, change->held_because);
        line->outcome = NULL;
    } else if (!is_whole) {
        line->note = change->owner != NULL ? gone_note(arena, change->owner)
                     : line->is_drift      ? message_word(arena, N_("drifted"))
                                           : NULL;
    }
}

/* What was seen of a document that was taken back; NULL: nothing. */
static const char *evidence_of(const struct report *report, const struct change *change)
{
    for (size_t i = 0; change->held_because != NULL && i < report->held.count; i++) {
        const struct held_document *held = &report->held.items[i];
        if (held->document == change->document && held->evidence != NULL) {
            return held->evidence->text;
        }
    }
    return NULL;
}

/* A part with a name of its own: its line says what happens to it, the item's line does not. */
static struct report_line line_of_thing(const struct report *report, const struct action *action,
                                        const struct outcome *outcome, const struct change *change)
{
    struct report_line line = line_of(report, action, outcome);
    line.id = change->thing;
    line.document = change->document;
    line.name = arena_printf(report->arena, "file:%s", change->thing);
    line.place = place_of(report->arena, action, change->span);
    line.written = written_at(report, line.place);
    line.evidence = evidence_of(report, change);
    line.owner =
        change->document == NULL ? change->owner : document_id(report->arena, change->document);
    take_cause(report->arena, &line, change);
    if (line.symbol != '!') {
        line.symbol = change->from == NULL ? '+' : change->to == NULL ? '-' : '~';
    }
    add_change(report->arena, &line, change);
    return line;
}

/* What was seen belongs to the item itself, not to its parts. */
static const struct message *add_seen(struct arena *arena, const struct message *note,
                                      const struct message *seen)
{
    if (note == NULL || seen == NULL) {
        return seen == NULL ? note : seen;
    }
    return message_chain(arena, note, MESSAGE_ASIDE, seen);
}

static struct report_line line_of_item(const struct report *report, const struct action *action,
                                       const struct outcome *outcome)
{
    struct report_line line = line_of(report, action, outcome);
    line.note = add_seen(report->arena, line.note, action->found->note);
    for (size_t i = 0; i < action->changes.count; i++) {
        if (action->changes.items[i].thing == NULL) {
            add_change(report->arena, &line, &action->changes.items[i]);
        }
    }
    return line;
}

struct report_line report_line_of(const struct report *report, const struct report_subject *subject)
{
    return subject->thing != NULL
               ? line_of_thing(report, subject->action, subject->outcome, subject->thing)
               : line_of_item(report, subject->action, subject->outcome);
}

static void add_subjects(struct arena *arena, const struct action *action,
                         const struct outcome *outcome, struct report_subjects *out)
{
    size_t things = 0;
    for (size_t i = 0; i < action->changes.count; i++) {
        const struct change *change = &action->changes.items[i];
        if (change->thing != NULL) {
            vec_add(arena, out, (struct report_subject){action, outcome, change});
            things++;
        }
    }
    bool has_trouble = outcome != NULL && outcome->result == OUTCOME_FAILED;
    if (things == 0 || things < action->changes.count || has_trouble) {
        vec_add(arena, out, (struct report_subject){action, outcome, NULL});
    }
}

void report_list(const struct report *report, struct report_subjects *out_subjects)
{
    for (size_t i = 0; i < report->plan->actions.count; i++) {
        const struct action *action = &report->plan->actions.items[i];
        const struct outcome *outcome = report->outcomes == NULL ? NULL : &report->outcomes[i];
        if (action->verb != ACTION_NONE) {
            add_subjects(report->arena, action, outcome, out_subjects);
        }
    }
}

void report_collect(const struct report *report, struct report_lines *out_lines)
{
    struct report_subjects subjects = {0};
    report_list(report, &subjects);
    for (size_t i = 0; i < subjects.count; i++) {
        vec_add(report->arena, out_lines, report_line_of(report, &subjects.items[i]));
    }
}
