/* The provider of units' states: enabled, running, and running with what is on disk. Here is what
 * is pure; looking and doing are in unit_observe.c and unit_apply.c. */
#include <string.h>

#include "base/digest.h"
#include "providers/unit_parts.h"

static void add_change(struct arena *arena, struct change_list *changes, const char *field,
                       const char *from, const char *to)
{
    vec_add(arena, changes,
            (struct change){.field = field, .from = from, .to = to, .is_words = true});
}

static const char *yes_or_no(bool is_so)
{
    return is_so ? N_("yes") : N_("no");
}

static void diff_of_nothing(const struct unit_item *wanted, const struct observation *found,
                            struct arena *arena, struct change_list *out_changes)
{
    if (wanted->is_enabled) {
        add_change(arena, out_changes, "enabled", NULL, N_("yes"));
    }
    if (wanted->is_running && !message_is(found->note, UNIT_NOT_MANAGED)) {
        add_change(arena, out_changes, "state", NULL, N_("running"));
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
        add_change(arena, out_changes, "loaded", N_("an older text of its file"),
                   N_("the text of now"));
    }
    if (wanted->is_running && !found->is_running) {
        add_change(arena, out_changes, "state", found->state, N_("running"));
    } else if (wanted->is_running && found->outdated != NULL &&
               wanted->on_change != UNIT_CHANGE_NOTHING) {
        add_change(arena, out_changes, "running with",
                   arena_printf(arena, "an older %s", found->outdated), found->outdated);
        vec_last(out_changes)->is_words = false;
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

/* ---- Keeping what was found ----------------------------------------------------------------- */

// clang-format off
static const struct shape_row unit_rows[] = {
    SHAPE(struct unit_item, is_enabled),
    SHAPE(struct unit_item, is_running),
    SHAPE(struct unit_item, wanted_by),
    SHAPE_NEEDED(struct unit_item, file),
    SHAPE_OMIT(struct unit_item, program),
    SHAPE_OMIT(struct unit_item, package),
    SHAPE(struct unit_item, restart_for),
    SHAPE_OMIT(struct unit_item, on_change),
    SHAPE_OMIT(struct unit_item, health),
    SHAPE(struct unit_item, is_managed),
    SHAPE(struct unit_item, state),
    SHAPE(struct unit_item, is_stale),
    SHAPE(struct unit_item, inputs),
    SHAPE(struct unit_item, outdated),
};
// clang-format on
static const struct shape unit_shape = SHAPE_OF(struct unit_item, unit_rows);

static bool has_name(const char *const *names, const char *name)
{
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool same_names(const char *const *a, const char *const *b)
{
    size_t i = 0;
    while (a != NULL && b != NULL && text_equal(a[i], b[i]) && a[i] != NULL) {
        i++;
    }
    const char *left = a == NULL ? NULL : a[i];
    const char *right = b == NULL ? NULL : b[i];
    return text_equal(left, right);
}

/* As unit_is_enabled would tell it: links that were not looked for are taken as absent. */
static bool is_linked(const struct unit_item *wanted, const struct unit_item *found)
{
    for (size_t i = 0; wanted->wanted_by != NULL && wanted->wanted_by[i] != NULL; i++) {
        bool exists = found->is_enabled && has_name(found->wanted_by, wanted->wanted_by[i]);
        if (exists != wanted->is_enabled) {
            return !wanted->is_enabled;
        }
    }
    return wanted->is_enabled;
}

/* The newest input of the wish; NULL: none of them exists. */
static const char *newest_input(const struct unit_item *wanted, const struct unit_item *found)
{
    for (size_t i = 0; found->inputs != NULL && found->inputs[i] != NULL; i++) {
        const char *path = found->inputs[i];
        if (strcmp(path, wanted->file) == 0 || has_name(wanted->restart_for, path)) {
            return path;
        }
    }
    return NULL;
}

/* A unit that runs took up the inputs of its former wish: with others it is outdated. */
static void unit_adapt(const struct item *item, const struct other_host *host, struct arena *arena,
                       void *found, struct observation *observation)
{
    const struct unit_item *wanted = item->wanted;
    struct unit_item *unit = found;
    bool is_missed = wanted != NULL && wanted->is_running && !host->has_manager;
    observation->note = is_missed ? message_word(arena, UNIT_NOT_MANAGED) : NULL;
    if (wanted == NULL || unit == NULL) {
        return;
    }
    bool reads_others = strcmp(wanted->file, unit->file) != 0 ||
                        !same_names(wanted->restart_for, unit->restart_for);
    if (reads_others && unit->is_managed && unit->is_running && wanted->is_running) {
        unit->outdated = unit->is_stale ? wanted->file : newest_input(wanted, unit);
    }
    unit->is_enabled = is_linked(wanted, unit);
}

const struct provider unit_provider = {
    .type = ITEM_UNIT,
    .observe = unit_observe,
    .digest = unit_digest,
    .inputs = unit_inputs,
    .diff = unit_diff,
    .fulfilled = unit_fulfilled,
    .found = &unit_shape,
    .adapt = unit_adapt,
    .impact = unit_impact,
    .apply = unit_apply,
};
