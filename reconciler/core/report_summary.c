/* Whom a plan changes, in one line. */
#include "core/report.h"

struct concerned {
    const char *owner;
    char symbol;
};

struct concerned_list {
    struct arena *arena;
    struct map by_owner; /* -> struct concerned * */
    struct concerned **items;
    size_t count;
};

/* What is new and old in parts has changed. */
static void add_concerned(struct concerned_list *list, const struct document *document,
                          const char *former, char symbol)
{
    const char *owner = document == NULL ? former : document_id(list->arena, document);
    if (owner == NULL) {
        return;
    }
    struct concerned *known = map_get(&list->by_owner, owner);
    if (known != NULL) {
        known->symbol = known->symbol == symbol ? symbol : '~';
        return;
    }
    known = arena_new(list->arena, struct concerned);
    *known = (struct concerned){owner, symbol};
    (void)map_put(list->arena, &list->by_owner, owner, known);
    list->items[list->count++] = known;
}

static void add_action(struct concerned_list *list, const struct action *action)
{
    static const char symbols[ACTION_VERB_COUNT] = {[ACTION_NONE] = '~',
                                                    [ACTION_CREATE] = '+',
                                                    [ACTION_UPDATE] = '~',
                                                    [ACTION_DELETE] = '-',
                                                    [ACTION_NOTIFY] = '~'};
    add_concerned(list, action->item->document, action->owner, symbols[action->verb]);
    for (size_t i = 0; i < action->changes.count; i++) {
        const struct change *change = &action->changes.items[i];
        if (change->thing != NULL && change->held_because == NULL) {
            add_concerned(list, change->document, change->owner,
                          change->from == NULL ? '+'
                          : change->to == NULL ? '-'
                                               : '~');
        }
    }
}

/* True when nothing new was wanted. */
static bool is_repair(const struct plan *plan)
{
    for (size_t i = 0; i < plan->actions.count; i++) {
        const struct action *action = &plan->actions.items[i];
        if (!action_is_due(action)) {
            continue;
        }
        if (action->cause == CAUSE_PENDING) {
            return false;
        }
    }
    return true;
}

static size_t count_changes(const struct plan *plan)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->actions.count; i++) {
        count += 1 + plan->actions.items[i].changes.count;
    }
    return count;
}

const char *report_summary(const struct report *report)
{
    enum { NAMES_MOST = 6 };
    struct arena *arena = report->arena;
    struct concerned_list list = {.arena = arena};
    struct text out = text_make(arena);
    list.items = arena_array(arena, count_changes(report->plan), sizeof(*list.items));
    for (size_t i = 0; i < report->plan->actions.count; i++) {
        if (action_is_due(&report->plan->actions.items[i])) {
            add_action(&list, &report->plan->actions.items[i]);
        }
    }
    if (is_repair(report->plan)) {
        text_add(&out, list.count == 0 ? "repaired" : "repaired: ");
    } else if (list.count == 0) {
        text_add(&out, "what all sites share");
    }
    for (size_t i = 0; i < list.count && i < NAMES_MOST; i++) {
        text_addf(&out, "%s%c%s", i == 0 ? "" : ", ", list.items[i]->symbol, list.items[i]->owner);
    }
    if (list.count > NAMES_MOST) {
        text_addf(&out, " and %zu more", list.count - NAMES_MOST);
    }
    return out.data;
}
