/* Copies of pairs for other programs: in the form of the store (pair_store.h), with an owner and a
 * mode of their own. A new one is complete and synced before the link names it; then the unit is
 * told (copy_units.c). */

#include "model/copy_item.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "providers/copy_parts.h"
#include "providers/ownership.h"
#include "providers/pair_store.h"
#include "providers/providers.h"
#include "providers/staging.h"

enum { MODE_BITS = 07777 };

static struct copy_work work_make(struct host *host, struct arena *arena)
{
    return (struct copy_work){host, arena, accounts_make(host, arena), places_make(host, arena)};
}

/* ---- Observe -------------------------------------------------------------------------------- */

static struct ownership ownership_of(const struct copy_item *item)
{
    return (struct ownership){item->mode, item->owner, item->group};
}

/* The first of the two files that is not as it is wanted. */
static struct ownership look_at_files(struct copy_work *work, const struct copy_item *wanted,
                                      const struct stored_pair *stored)
{
    static const enum pair_file files[] = {PAIR_KEY, PAIR_CHAIN};
    struct ownership found = {0};
    const struct ownership to = ownership_of(wanted);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        const struct file_fingerprint *seen = &stored->files[files[i]];
        found = (struct ownership){
            .mode = seen->mode & MODE_BITS,
            .owner = accounts_user_name(work->accounts, wanted->owner, seen->user),
            .group = accounts_group_name(work->accounts, wanted->group, seen->group)};
        if (!ownership_equal(&to, &found)) {
            return found;
        }
    }
    return found;
}

static void take_files(struct copy_work *work, const struct copy_item *wanted,
                       const struct stored_pair *stored, struct copy_item *found)
{
    const struct ownership ownership = look_at_files(work, wanted, stored);
    found->mode = ownership.mode;
    found->owner = ownership.owner;
    found->group = ownership.group;
    found->version =
        stored->description != NULL && stored->description->has_key ? stored->version : NULL;
}

static bool look_at(struct copy_work *work, const struct item *item, struct stored_pair *stored,
                    struct observation *out, struct error *err)
{
    const struct copy_item *wanted = item->wanted;
    struct copy_item *found = arena_new(work->arena, struct copy_item);
    struct stored_pair source = {0};
    if (!pair_store_read(&work->places, item->id, PAIR_RECALL, stored, err)) {
        return false;
    }
    out->exists = stored->version != NULL || stored->instead != NULL;
    out->found = out->exists ? found : NULL;
    if (wanted == NULL) {
        found->instead = stored->instead;
        found->version = stored->version;
        return true;
    }
    *found = *wanted;
    found->instead = stored->instead;
    found->is_owed = copy_is_owed(work, item->id);
    if (stored->version != NULL) {
        take_files(work, wanted, stored, found);
    }
    if (!pair_store_read(&work->places, wanted->source, PAIR_RECALL, &source, err)) {
        return false;
    }
    found->offered = source.description == NULL ? NULL : source.version;
    pair_release(source.pair);
    return true;
}

static void copy_diff(const struct item *item, const struct observation *found, struct arena *arena,
                      struct change_list *out_changes);

static void observe_one(struct copy_work *work, const struct item *item, struct observation *out)
{
    struct stored_pair stored = {0};
    struct change_list changes = {0};
    struct error reason = {0};
    *out = (struct observation){.item = item};
    if (!look_at(work, item, &stored, out, &reason)) {
        out->trouble = message_of_error(work->arena, &reason);
    } else if (item->wanted != NULL && stored.description != NULL) {
        copy_diff(item, out, work->arena, &changes);
        if (changes.count == 0) {
            pair_store_record(&work->places, item->id, &stored);
        }
    }
    pair_release(stored.pair);
}

static bool copy_observe(struct host *host, const struct item *const *items, size_t count,
                         struct arena *arena, struct observation *out, struct error *err)
{
    (void)err; /* each copy stands for itself */
    struct copy_work work = work_make(host, arena);
    for (size_t i = 0; i < count; i++) {
        observe_one(&work, items[i], &out[i]);
    }
    places_close(&work.places);
    return true;
}

/* ---- Diff ----------------------------------------------------------------------------------- */

static void add_change(struct arena *arena, struct change_list *changes, const char *field,
                       const char *from, const char *to, bool is_words)
{
    vec_add(arena, changes,
            (struct change){
                .field = field, .from = from, .to = to, .span = SPAN_NONE, .is_words = is_words});
}

static void copy_diff(const struct item *item, const struct observation *found, struct arena *arena,
                      struct change_list *out_changes)
{
    const struct copy_item *wanted = item->wanted;
    const struct copy_item *there = found->exists ? found->found : NULL;
    const struct ownership to = ownership_of(wanted);
    if (there == NULL || !text_equal(there->certificate, wanted->certificate)) {
        add_change(arena, out_changes, "certificate", there == NULL ? NULL : there->certificate,
                   wanted->certificate, false);
    }
    if (there == NULL) {
        ownership_diff(&to, NULL, arena, out_changes);
        return;
    }
    if (there->instead != NULL) {
        instead_diff(there->instead, N_("a certificate"), arena, out_changes);
        return;
    }
    if (there->version == NULL) {
        add_change(arena, out_changes, "pair", N_("cannot be read"), N_("complete"), true);
    } else if (there->offered != NULL && strcmp(there->version, there->offered) != 0) {
        add_change(arena, out_changes, "pair", there->version, there->offered, false);
    }
    const struct ownership from = ownership_of(there);
    ownership_diff(&to, &from, arena, out_changes);
    if (there->is_owed) {
        add_change(arena, out_changes, "unit", N_("has the former pair"), N_("has this one"), true);
    }
}

static void copy_digest(const struct item *item, struct digest *digest)
{
    const struct copy_item *wanted = item->wanted;
    const struct ownership ownership = ownership_of(wanted);
    digest_add(digest, str_of(wanted->certificate));
    digest_add(digest, str_of(wanted->source));
    ownership_digest(&ownership, digest);
}

static const char *const *copy_inputs(const struct item *item, struct arena *arena)
{
    const struct copy_item *wanted = item->wanted;
    const char **inputs = arena_array(arena, 2, sizeof(*inputs));
    inputs[0] = arena_printf(arena, ITEM_CERTIFICATE ":%s", wanted->certificate);
    return inputs;
}

/* A mode or an owner alone is put right without anybody's notice. */
static bool changes_pair(const struct action *action)
{
    static const char *const fields[] = {"mode", "owner", "group"};
    bool is_aside = action->verb == ACTION_UPDATE && !action->asks_notification;
    for (size_t i = 0; is_aside && i < action->changes.count; i++) {
        bool is_of_access = false;
        for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++) {
            is_of_access |= strcmp(action->changes.items[i].field, fields[k]) == 0;
        }
        is_aside = is_of_access;
    }
    return !is_aside;
}

static const struct message *copy_impact(const struct action *action, struct arena *arena)
{
    const struct copy_item *wanted = action->item->wanted;
    if (wanted == NULL || wanted->unit == NULL || !changes_pair(action)) {
        return NULL;
    }
    switch (wanted->on_change) {
    case UNIT_CHANGE_RESTART:
        return message_make(arena, "restart %s", wanted->unit);
    case UNIT_CHANGE_RELOAD:
        return message_make(arena, "reload %s", wanted->unit);
    case UNIT_CHANGE_NOTHING:
        break;
    }
    return NULL;
}

/* ---- Apply ---------------------------------------------------------------------------------- */

/* What is there of a copy. */
struct present {
    const char *version; /* of the link; NULL: none */
    bool is_whole;       /* the pair can be read and belongs together */
    struct ownership ownership;
};

static struct present look_again(struct copy_work *work, const char *folder,
                                 const struct copy_item *wanted)
{
    struct stored_pair stored;
    struct copy_item found = *wanted;
    found.version = NULL;
    if (!pair_store_read(&work->places, folder, PAIR_READ, &stored, NULL)) {
        return (struct present){0}; /* writing says what is wrong */
    }
    if (stored.version != NULL) {
        take_files(work, wanted, &stored, &found);
    }
    pair_release(stored.pair);
    return (struct present){stored.version, found.version != NULL, ownership_of(&found)};
}

static bool sync_parent(struct copy_work *work, const char *folder, struct error *err)
{
    struct place place;
    return place_open(&work->places, folder, &place, err) && file_sync_all(place.directory, err);
}

static bool write_copy(struct copy_work *work, const struct item *item, const struct pair *pair,
                       const struct present *present, struct error *err)
{
    const struct copy_item *wanted = item->wanted;
    const char *folder = item->id;
    struct pair_access access = {.mode = wanted->mode};
    const char *version = NULL;
    if (!accounts_owner(work->accounts, wanted->owner, wanted->group, &access.owner, err) ||
        !pair_store_write(&work->places, folder, pair, &access, &version, err) ||
        !sync_parent(work, folder, err)) {
        return false;
    }
    bool is_same = present->is_whole && strcmp(present->version, version) == 0;
    if ((!is_same && !copy_owe(work, folder, wanted, err)) ||
        !pair_store_switch(&work->places, folder, version, err) ||
        !sync_parent(work, folder, err)) {
        return false;
    }
    bool is_pruned = pair_store_prune(&work->places, folder, version, present->version, NULL);
    (void)is_pruned; /* what is left over goes with the next one */
    return true;
}

static bool deliver(struct copy_work *work, const struct item *item, struct outcome *outcome,
                    struct error *err)
{
    const struct copy_item *wanted = item->wanted;
    const struct ownership to = ownership_of(wanted);
    const char *version = NULL;
    AUTO_PAIR pair = pair_store_load(&work->places, wanted->source, &version, err);
    if (pair == NULL) {
        return error_wrap(err, ITEM_CERTIFICATE " %s", wanted->certificate);
    }
    const struct present present = look_again(work, item->id, wanted);
    if (present.is_whole && strcmp(present.version, version) == 0 &&
        ownership_equal(&to, &present.ownership)) {
        return true;
    }
    outcome->result = OUTCOME_CHANGED;
    return write_copy(work, item, pair, &present, err);
}

/* The folder that holds versions goes with the last of them. */
static bool take_away(struct copy_work *work, const char *folder, struct error *err)
{
    struct place place;
    const char *versions = pair_store_versions(folder, work->arena);
    const char *above =
        arena_strndup(work->arena, versions, (size_t)(strrchr(versions, '/') - versions));
    if (!pair_store_remove(&work->places, folder, err)) {
        return false;
    }
    if (place_open(&work->places, above, &place, NULL)) {
        (void)unlinkat(place.directory, place.name, AT_REMOVEDIR); /* unless it holds others' */
    }
    return true;
}

static void finish(struct outcome *outcome, bool is_done, const struct error *reason)
{
    if (!is_done) {
        outcome->result = OUTCOME_FAILED;
        outcome->error = *reason;
    }
}

static void apply_one(struct copy_work *work, const struct action *action, struct outcome *outcome)
{
    struct error reason = {0};
    outcome->result = OUTCOME_UNCHANGED;
    if (action->verb == ACTION_DELETE) {
        outcome->result = OUTCOME_CHANGED;
        finish(outcome, take_away(work, action->item->id, &reason), &reason);
    } else if (action->verb != ACTION_NONE) {
        finish(outcome, deliver(work, action->item, outcome, &reason), &reason);
    }
}

/* Names that replacements use on the way may stand beside each folder. */
static bool begin(struct copy_work *work, const struct action *const *actions, size_t count,
                  struct error *err)
{
    const char **directories = arena_array(work->arena, count, sizeof(*directories));
    for (size_t i = 0; i < count; i++) {
        const char *folder = actions[i]->item->id;
        directories[i] =
            arena_strndup(work->arena, folder, (size_t)(strrchr(folder, '/') - folder));
    }
    return staging_begin(work->host, directories, count, work->arena, err);
}

static void copy_apply(struct host *host, const struct action *const *actions, size_t count,
                       struct arena *arena, struct outcome *outcomes)
{
    struct copy_work work = work_make(host, arena);
    struct error reason = {0};
    bool may_begin = begin(&work, actions, count, &reason);
    for (size_t i = 0; i < count; i++) {
        if (may_begin) {
            apply_one(&work, actions[i], &outcomes[i]);
        } else {
            finish(&outcomes[i], false, &reason);
        }
    }
    if (may_begin) {
        staging_end(host);
        copy_tell_owed(&work, actions, count, outcomes);
    }
    places_close(&work.places);
}

/* ---- Keeping what was found ------------------------------------------------------------------ */

// clang-format off
static const struct shape_row copy_rows[] = {
    SHAPE(struct copy_item, certificate),
    SHAPE(struct copy_item, source),
    SHAPE(struct copy_item, mode),
    SHAPE(struct copy_item, owner),
    SHAPE(struct copy_item, group),
    SHAPE(struct copy_item, unit),
    SHAPE_OMIT(struct copy_item, on_change),
    SHAPE(struct copy_item, instead),
    SHAPE(struct copy_item, version),
    SHAPE(struct copy_item, offered),
    SHAPE(struct copy_item, is_owed),
};
// clang-format on
static const struct shape copy_shape = SHAPE_OF(struct copy_item, copy_rows);

/* Where users are not managed, every owner is the wanted one. */
static void copy_adapt(const struct item *item, const struct other_host *host, struct arena *arena,
                       void *found, struct observation *observation)
{
    const struct copy_item *wanted = item->wanted;
    struct copy_item *copy = found;
    (void)arena;
    (void)observation; /* found is all of it */
    if (wanted != NULL && found != NULL && !host->layout->manages_users) {
        copy->owner = wanted->owner;
        copy->group = wanted->group;
    }
}

static const void *copy_fulfilled(const struct item *item, struct arena *arena)
{
    struct copy_item *found = arena_new(arena, struct copy_item);
    *found = *(const struct copy_item *)item->wanted;
    found->version = "as in the certificate";
    found->offered = found->version;
    return found;
}

const struct provider copy_provider = {
    .type = ITEM_COPY,
    .costs_only_itself = true,
    .observe = copy_observe,
    .digest = copy_digest,
    .inputs = copy_inputs,
    .diff = copy_diff,
    .fulfilled = copy_fulfilled,
    .found = &copy_shape,
    .adapt = copy_adapt,
    .impact = copy_impact,
    .apply = copy_apply,
};
