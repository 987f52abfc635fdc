#include "core/plan_guard.h"

#include <string.h>

#include "base/text.h"
#include "core/kind.h"

/* More than three removed documents, and more than a fifth of all, wait for a word. */
enum { DELETIONS_ALWAYS_FINE = 3, DELETIONS_SHARE = 5 };
/* With fewer than half of the documents left nothing new is taken at all: such a source is far more
 * often broken than meant. */
enum { SHRUNK_SHARE = 2 };

/* --- removals over all ---------------------------------------------------------------------- */

static void note_present(const struct plan_input *input, const struct document *document,
                         struct map *present)
{
    if (document != NULL) {
        (void)map_put(input->arena, present, document_id(input->arena, document), NULL);
    }
}

/* Documents that want something. */
static struct map present_documents(const struct plan_input *input)
{
    struct map present = {0};
    for (size_t i = 0; i < input->desired->items.count; i++) {
        note_present(input, input->desired->items.items[i].document, &present);
    }
    const struct tree_item *tree = input->desired->tree;
    for (size_t i = 0; tree != NULL && i < tree->members.count; i++) {
        note_present(input, tree->members.items[i].document, &present);
    }
    return present;
}

/* Of the documents that own something and were not counted yet. */
static size_t count_gone(const struct plan_input *input, const struct owned_items *owned,
                         const struct map *present, struct map *owners)
{
    size_t gone = 0;
    for (size_t i = 0; i < owned->count; i++) {
        const char *owner = owned->items[i].document;
        if (owner[0] == '\0' || map_has(owners, owner)) {
            continue;
        }
        (void)map_put(input->arena, owners, owner, NULL);
        gone += !map_has(present, owner);
    }
    return gone;
}

/* Documents of before and of now. A site may own nothing but its file of the tree. */
static void measure_removals(const struct plan_input *input, struct planning *planning)
{
    struct map owners = {0};
    const struct map present = present_documents(input);
    size_t gone = count_gone(input, input->owned, &present, &owners);
    gone += count_gone(input, input->parts, &present, &owners);
    if (gone <= DELETIONS_ALWAYS_FINE) {
        return;
    }
    planning->deletes_too_many = gone * DELETIONS_SHARE > owners.count;
    if (present.count * SHRUNK_SHARE < owners.count) {
        planning->has_shrunk =
            message_make(input->arena,
                         "the source has shrunk from %zu documents to %zu: say --confirm if that "
                         "is what you want",
                         owners.count, present.count);
    }
}

struct planning planning_make(const struct plan_input *input)
{
    struct planning planning = {.input = input};
    for (size_t i = 0; i < input->owned->count; i++) {
        struct owned_item *owned = &input->owned->items[i];
        const struct item item = {.type = owned->type, .id = owned->id};
        (void)map_put(input->arena, &planning.owned, item_name(input->arena, &item), owned);
    }
    for (size_t i = 0; i < input->parts->count; i++) {
        struct owned_item *part = &input->parts->items[i];
        (void)map_put(input->arena, &planning.parts, part->id, part);
    }
    for (size_t i = 0; i < input->refusals->count; i++) {
        struct refusal *refusal = &input->refusals->items[i];
        (void)map_put(input->arena, &planning.refused, refusal->document, refusal);
    }
    if (!input->may_delete_many) {
        measure_removals(input, &planning);
    }
    return planning;
}

/* --- one difference ------------------------------------------------------------------------- */

static enum mode document_mode(const struct planning *planning, const struct document *document)
{
    if (document != NULL) {
        const struct common_spec *common = document->spec;
        if (common->mode.index >= 0) {
            return (enum mode)common->mode.index;
        }
    }
    return planning->input->mode;
}

struct left guard_change(const struct planning *planning, const struct item *item,
                         const char *owner, const struct document *document,
                         enum action_cause cause)
{
    struct arena *arena = planning->input->arena;
    const char *id = document != NULL ? document_id(arena, document) : owner;
    const struct override *override =
        override_find(planning->input->overrides, item_name(arena, item), id, planning->input->now);
    enum mode mode = document_mode(planning, document);
    if (override != NULL && (override->effect != OVERRIDE_HOLD || cause == CAUSE_PENDING)) {
        return (struct left){override_text(arena, override), override->effect == OVERRIDE_SUSPEND};
    }
    if (mode == MODE_OBSERVE) {
        return (struct left){.because = message_word(arena, N_("mode: observe"))};
    }
    if (mode == MODE_HOLD && cause == CAUSE_PENDING) {
        return (struct left){.because = message_word(arena, N_("mode: hold takes no new commit"))};
    }
    if (cause == CAUSE_PENDING) {
        return (struct left){.because = planning->has_shrunk};
    }
    return (struct left){0};
}

static const struct tombstone *find_tombstone(const struct tombstone_list *tombstones,
                                              const char *document)
{
    for (size_t i = 0; i < tombstones->count; i++) {
        const struct tombstone *tombstone = &tombstones->items[i];
        size_t kind = strlen(tombstone->kind);
        if (strncmp(document, tombstone->kind, kind) == 0 && document[kind] == ':' &&
            strcmp(document + kind + 1, tombstone->name) == 0) {
            return tombstone;
        }
    }
    return NULL;
}

/* True from that day on; a day that is not written, or not a day, has always come. */
static bool has_come(const char *day, int64_t now)
{
    int64_t at = 0;
    return day == NULL || !value_read_date(day, &at) || at <= now;
}

static const struct message *why_it_stays(const struct planning *planning,
                                          const struct owned_item *owned)
{
    const struct plan_input *input = planning->input;
    const struct tombstone *tombstone = find_tombstone(input->tombstones, owned->document);
    if (tombstone != NULL) {
        return has_come(tombstone->after, input->now)
                   ? NULL
                   : message_make(input->arena, "removed: goes after %s", tombstone->after);
    }
    if (owned->has_data) {
        return message_word(input->arena,
                            N_("left over: it may hold data and goes away only with an "
                               "entry under removed:"));
    }
    if (owned->is_protected) {
        return message_word(input->arena,
                            N_("protected: its document said protect: true; it goes away "
                               "only with an entry under removed:"));
    }
    if (planning->deletes_too_many) {
        return message_word(input->arena,
                            N_("this would remove unusually much: say --confirm if that "
                               "is what you want"));
    }
    return NULL;
}

struct left guard_deletion(const struct planning *planning, const struct item *item,
                           const struct owned_item *owned)
{
    struct left left = guard_change(planning, item, owned->document, NULL, CAUSE_PENDING);
    if (left.because == NULL) {
        left.because = why_it_stays(planning, owned);
    }
    return left;
}

const char *guard_owner(const struct owned_item *owned)
{
    return owned == NULL || owned->document[0] == '\0' ? NULL : owned->document;
}

bool guard_ignores(const struct planning *planning, const struct document *document,
                   const char *field)
{
    if (document == NULL) {
        return false;
    }
    const struct common_spec *common = document->spec;
    const struct ignore_spec *ignored = common->ignore.items;
    for (size_t i = 0; i < common->ignore.count; i++) {
        bool has_ended =
            ignored[i].until.text != NULL && has_come(ignored[i].until.text, planning->input->now);
        if (!has_ended && text_equal(field, ignored[i].field.text)) {
            return true;
        }
    }
    return false;
}
