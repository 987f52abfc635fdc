/* The provider of units' states: enabled, running, and running with what is on disk. Here is what
 * is pure; looking and doing are in unit_observe.c and unit_apply.c. */
#include <string.h>

#include "base/digest.h"
#include "providers/unit_parts.h"

static void add_change(struct arena *arena, struct change_list *changes, const char *field,
                       const char *from, const char *to)
{
    vec_add(arena, changes, (struct change){.field = field, .from = from, .to = to});
}

static const char *yes_or_no(bool is_so)
{
    return is_so ? "yes" : "no";
}

static void diff_of_nothing(const struct unit_item *wanted, const struct observation *found,
                            struct arena *arena, struct change_list *out_changes)
{
    if (wanted->is_enabled) {
        add_change(arena, out_changes, "enabled", NULL, "yes");
    }
    if (wanted->is_running && !message_is(found->note, UNIT_NOT_MANAGED)) {
        add_change(arena, out_changes, "state", NULL, "running");
    }
}

static void unit_diff(const struct item *item, const struct observation *observation,
                      struct arena *arena, struct change_list *out_changes)
{
    const struct unit_item *wanted = item->wanted;
    const struct unit_item *found = observation->found;
    if (!observation->exists) {
        diff_of_nothing(wanted, observation, arena, out_changes);
        return;
    }
    if (wanted->is_enabled != found->is_enabled) {
        add_change(arena, out_changes, "enabled", yes_or_no(found->is_enabled),
                   yes_or_no(wanted->is_enabled));
    }
    if (!found->is_managed) {
        return; /* nothing is known of the rest, and nothing could be done */
    }
    if (found->is_stale) {
        add_change(arena, out_changes, "loaded", "an older text of its file", "the text of now");
    }
    if (wanted->is_running && !found->is_running) {
        add_change(arena, out_changes, "state", found->state, "running");
    } else if (wanted->is_running && found->outdated != NULL &&
               wanted->on_change != UNIT_CHANGE_NOTHING) {
        add_change(arena, out_changes, "running with",
                   arena_printf(arena, "an older %s", found->outdated), found->outdated);
    }
}

static void unit_digest(const struct item *item, struct digest *digest)
{
    const struct unit_item *wanted = item->wanted;
    digest_add(digest, str_of(yes_or_no(wanted->is_enabled)));
    digest_add(digest, str_of(yes_or_no(wanted->is_running)));
    digest_add(digest, str_of(wanted->file));
    digest_add(digest, str_of(wanted->on_change == UNIT_CHANGE_NOTHING ? "keeps" : "takes up"));
    for (size_t i = 0; wanted->wanted_by != NULL && wanted->wanted_by[i] != NULL; i++) {
        digest_add(digest, str_of(wanted->wanted_by[i]));
    }
    for (size_t i = 0; wanted->restart_for != NULL && wanted->restart_for[i] != NULL; i++) {
        digest_add(digest, str_of(wanted->restart_for[i]));
    }
}

static const char *const *unit_inputs(const struct item *item, struct arena *arena)
{
    const struct unit_item *wanted = item->wanted;
    size_t count = 0;
    while (wanted->restart_for != NULL && wanted->restart_for[count] != NULL) {
        count++;
    }
    const char **names = arena_array(arena, count + 2, sizeof(*names)); /* ends in NULL */
    names[0] = arena_printf(arena, "file:%s", wanted->file);
    for (size_t i = 0; i < count; i++) {
        names[i + 1] = arena_printf(arena, "file:%s", wanted->restart_for[i]);
    }
    return names;
}

enum effect { EFFECT_NONE, EFFECT_START, EFFECT_STOP, EFFECT_RESTART, EFFECT_RELOAD };

static enum effect effect_of(const struct action *action)
{
    const struct unit_item *wanted = action->item->wanted;
    const struct unit_item *found = action->found->found;
    bool is_managed =
        found == NULL ? !message_is(action->found->note, UNIT_NOT_MANAGED) : found->is_managed;
    bool is_running = found != NULL && found->is_running;
    if (!is_managed) {
        return EFFECT_NONE;
    }
    if (action->verb == ACTION_DELETE) {
        return is_running ? EFFECT_STOP : EFFECT_NONE;
    }
    if (!wanted->is_running) {
        return EFFECT_NONE;
    }
    if (!is_running) {
        return EFFECT_START;
    }
    if (!action->asks_notification && found->outdated == NULL) {
        return EFFECT_NONE;
    }
    static const enum effect effects[] = {
        [UNIT_CHANGE_RESTART] = EFFECT_RESTART,
        [UNIT_CHANGE_RELOAD] = EFFECT_RELOAD,
        [UNIT_CHANGE_NOTHING] = EFFECT_NONE,
    };
    return effects[wanted->on_change];
}

static const struct message *unit_impact(const struct action *action, struct arena *arena)
{
    const char *name = action->item->id;
    const char *service = ".service"; /* goes without saying */
    size_t rest = text_ends_with(name, service) ? strlen(service) : 0;
    name = arena_strndup(arena, name, strlen(name) - rest);
    switch (effect_of(action)) {
    case EFFECT_START:
        return message_make(arena, "start %s", name);
    case EFFECT_STOP:
        return message_make(arena, "stop %s", name);
    case EFFECT_RESTART:
        return message_make(arena, "restart %s", name);
    case EFFECT_RELOAD:
        return message_make(arena, "reload %s", name);
    default:
        return NULL;
    }
}

static const void *unit_fulfilled(const struct item *item, struct arena *arena)
{
    struct unit_item *found = arena_new(arena, struct unit_item);
    *found = *(const struct unit_item *)item->wanted;
    found->is_managed = true;
    found->state = found->is_running ? "running" : "stopped";
    return found;
}

const struct provider unit_provider = {
    .type = ITEM_UNIT,
    .observe = unit_observe,
    .digest = unit_digest,
    .inputs = unit_inputs,
    .diff = unit_diff,
    .fulfilled = unit_fulfilled,
    .impact = unit_impact,
    .apply = unit_apply,
};
