/* Directories. Made complete under another name and moved into place; an existing one gets mode and
 * owner through its descriptor. What is in it is nobody's business here: a directory is deleted
 * only when it is empty, and what stands in its place is never removed. */

#include "model/directory_item.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "providers/accounts.h"
#include "providers/fingerprints.h"
#include "providers/ownership.h"
#include "providers/place.h"
#include "providers/providers.h"
#include "providers/staging.h"

enum { MODE_BITS = 07777 };

struct work {
    struct host *host;
    struct arena *arena;
    struct accounts *accounts;
    struct places places;
};

/* ---- Observe -------------------------------------------------------------------------------- */

static bool is_absent(const struct error *reason)
{
    return reason->code == ERROR_SYSTEM && reason->number == ENOENT;
}

static struct ownership ownership_of(const struct directory_item *item)
{
    return (struct ownership){item->mode, item->owner, item->group};
}

static bool is_as_wanted(const struct directory_item *wanted, const struct directory_item *found)
{
    const struct ownership to = ownership_of(wanted);
    const struct ownership from = ownership_of(found);
    return ownership_equal(&to, &from);
}

static const struct directory_item *look_inside(struct work *work, const struct item *item,
                                                const struct place *place,
                                                const struct stat *status)
{
    const struct directory_item *wanted = item->wanted;
    struct directory_item *found = arena_new(work->arena, struct directory_item);
    found->mode = status->st_mode & MODE_BITS;
    found->owner =
        accounts_user_name(work->accounts, wanted == NULL ? NULL : wanted->owner, status->st_uid);
    found->group =
        accounts_group_name(work->accounts, wanted == NULL ? NULL : wanted->group, status->st_gid);
    if (!S_ISDIR(status->st_mode)) {
        found->instead = place_describe(place, status->st_mode, work->arena);
    } else if (wanted != NULL && is_as_wanted(wanted, found)) {
        struct file_fingerprint seen = file_fingerprint_of(status);
        fingerprints_record(work->host, item->id, FINGERPRINT_DIRECTORY, &seen, NULL, 0);
    }
    return found;
}

static void look_at(struct work *work, const struct item *item, struct observation *out)
{
    struct place place;
    struct stat status;
    struct error reason = {0};
    bool is_open = place_open(&work->places, item->id, &place, &reason);
    if (is_open && fstatat(place.directory, place.name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        out->exists = true;
        out->found = look_inside(work, item, &place, &status);
        return;
    }
    if (is_open) {
        (void)error_errno(&reason, "stat %s", item->id);
    }
    if (!is_absent(&reason)) {
        out->trouble = message_of_error(work->arena, &reason);
    }
}

static bool directory_observe(struct host *host, const struct item *const *items, size_t count,
                              struct arena *arena, struct observation *out, struct error *err)
{
    (void)err; /* each directory stands for itself */
    struct work work = {host, arena, accounts_make(host, arena), places_make(host, arena)};
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct observation){.item = items[i]};
        look_at(&work, items[i], &out[i]);
    }
    places_close(&work.places);
    return true;
}

/* ---- Diff ----------------------------------------------------------------------------------- */

static void directory_diff(const struct item *item, const struct observation *found,
                           struct arena *arena, struct change_list *out_changes)
{
    const struct directory_item *there = found->exists ? found->found : NULL;
    const struct ownership to = ownership_of(item->wanted);
    if (there == NULL) {
        ownership_diff(&to, NULL, arena, out_changes);
        return;
    }
    if (there->instead != NULL) {
        instead_diff(there->instead, N_("a directory"), arena, out_changes);
        return;
    }
    const struct ownership from = ownership_of(there);
    ownership_diff(&to, &from, arena, out_changes);
}

static void directory_digest(const struct item *item, struct digest *digest)
{
    const struct ownership ownership = ownership_of(item->wanted);
    ownership_digest(&ownership, digest);
}

/* ---- Apply ---------------------------------------------------------------------------------- */

/* The directory above, if we may change it. */
static bool open_above(struct work *work, const char *path, struct place *out_place,
                       struct error *err)
{
    return place_open(&work->places, path, out_place, err) && place_is_ours(out_place, path, err);
}

static bool sync_above(const struct place *place, const char *path, struct error *err)
{
    AUTO_FD above = openat(place->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return (above >= 0 && fsync(above) == 0) || error_errno(err, "sync the directory of %s", path);
}

static bool create(struct work *work, const struct item *item, struct error *err)
{
    const struct directory_item *wanted = item->wanted;
    struct file_owner owner;
    struct place place;
    char temporary[FILE_NAME_SIZE];
    if (!accounts_owner(work->accounts, wanted->owner, wanted->group, &owner, err) ||
        !place_make_parents(&work->places, item->id, err) ||
        !open_above(work, item->id, &place, err) ||
        !file_stage_directory(place.directory, place.name, wanted->mode, owner, temporary, err)) {
        return false;
    }
    if (renameat2(place.directory, temporary, place.directory, place.name, RENAME_NOREPLACE) != 0) {
        bool is_taken = errno == EEXIST;
        (void)error_errno(err, "make %s", item->id);
        (void)unlinkat(place.directory, temporary, AT_REMOVEDIR); /* the rename's failure counts */
        return is_taken && error_set(err, ERROR_REFUSED,
                                     "%s has appeared since the host was looked at", item->id);
    }
    return sync_above(&place, item->id, err);
}

static bool update(struct work *work, const struct item *item, const struct directory_item *found,
                   struct error *err)
{
    const struct directory_item *wanted = item->wanted;
    struct file_owner owner;
    struct place place;
    if (found != NULL && found->instead != NULL) {
        return error_set(err, ERROR_REFUSED, "%s stands at %s: it is not removed, move it away",
                         found->instead, item->id);
    }
    if (!accounts_owner(work->accounts, wanted->owner, wanted->group, &owner, err) ||
        !open_above(work, item->id, &place, err)) {
        return false;
    }
    AUTO_FD fd =
        openat(place.directory, place.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return error_errno(err, "open %s", item->id);
    }
    bool has_owner = owner.user != (uid_t)-1;
    if (has_owner && fchown(fd, owner.user, owner.group) != 0) {
        return error_errno(err, "change the owner of %s", item->id);
    }
    if (fchmod(fd, wanted->mode) != 0) { /* after the owner: that takes special bits away */
        return error_errno(err, "change the mode of %s", item->id);
    }
    return fsync(fd) == 0 || error_errno(err, "sync %s", item->id);
}

static enum outcome_result remove_empty(struct work *work, const struct item *item,
                                        struct error *err)
{
    struct place place;
    if (!open_above(work, item->id, &place, err)) {
        return is_absent(err) ? OUTCOME_CHANGED : OUTCOME_FAILED;
    }
    if (unlinkat(place.directory, place.name, AT_REMOVEDIR) == 0) {
        return sync_above(&place, item->id, err) ? OUTCOME_CHANGED : OUTCOME_FAILED;
    }
    int number = errno;
    (void)error_errno(err, "remove %s", item->id);
    switch (number) {
    case ENOENT:
        return OUTCOME_CHANGED;
    case ENOTEMPTY:
    case EEXIST:
        (void)error_set(err, ERROR_REFUSED, "%s is not empty and stays", item->id);
        return OUTCOME_SKIPPED;
    case ENOTDIR:
        (void)error_set(err, ERROR_REFUSED, "%s is no directory any more and stays", item->id);
        return OUTCOME_SKIPPED;
    default:
        return OUTCOME_FAILED;
    }
}

static void carry_out(struct work *work, const struct action *action, struct outcome *outcome)
{
    const struct observation *seen = action->found;
    const struct directory_item *found = seen != NULL && seen->exists ? seen->found : NULL;
    bool is_done = false;
    switch (action->verb) {
    case ACTION_DELETE:
        outcome->result = remove_empty(work, action->item, &outcome->error);
        return;
    case ACTION_CREATE:
        is_done = create(work, action->item, &outcome->error);
        break;
    case ACTION_UPDATE:
        is_done = update(work, action->item, found, &outcome->error);
        break;
    default:
        outcome->result = OUTCOME_UNCHANGED;
        return;
    }
    outcome->result = is_done ? OUTCOME_CHANGED : OUTCOME_FAILED;
}

struct step {
    const struct action *action;
    struct outcome *outcome;
};

/* Outer directories are made before, and removed after, those inside. */
static int compare(const void *a, const void *b)
{
    const struct step *first = a;
    const struct step *second = b;
    bool first_goes = first->action->verb == ACTION_DELETE;
    bool second_goes = second->action->verb == ACTION_DELETE;
    if (first_goes != second_goes) {
        return first_goes ? -1 : 1;
    }
    int order = strcmp(first->action->item->id, second->action->item->id);
    return first_goes ? -order : order;
}

/* The directories in which something is made under another name first. */
static const char *const *find_places(const struct action *const *actions, size_t count,
                                      struct arena *arena, size_t *out_count)
{
    const char **places = arena_array(arena, count, sizeof(*places));
    for (size_t i = 0; i < count; i++) {
        const char *path = actions[i]->item->id;
        const char *slash = strrchr(path, '/');
        if (actions[i]->verb == ACTION_CREATE && slash != NULL) {
            places[(*out_count)++] = arena_strndup(arena, path, (size_t)(slash - path));
        }
    }
    return places;
}

static void directory_apply(struct host *host, const struct action *const *actions, size_t count,
                            struct arena *arena, struct outcome *outcomes)
{
    struct work work = {host, arena, accounts_make(host, arena), places_make(host, arena)};
    struct step *steps = arena_array(arena, count, sizeof(*steps));
    size_t place_count = 0;
    struct error reason = {0};
    const char *const *places = find_places(actions, count, arena, &place_count);
    bool may_begin = place_count == 0 || staging_begin(host, places, place_count, arena, &reason);
    for (size_t i = 0; i < count; i++) {
        steps[i] = (struct step){actions[i], &outcomes[i]};
    }
    if (count > 1) {
        qsort(steps, count, sizeof(*steps), compare);
    }
    for (size_t i = 0; i < count; i++) {
        if (may_begin) {
            carry_out(&work, steps[i].action, steps[i].outcome);
        } else {
            *steps[i].outcome = (struct outcome){.result = OUTCOME_FAILED, .error = reason};
        }
    }
    if (may_begin && place_count > 0) {
        staging_end(host);
    }
    places_close(&work.places);
}

/* ---- Keeping what was found ------------------------------------------------------------------ */

// clang-format off
static const struct shape_row directory_rows[] = {
    SHAPE(struct directory_item, mode),
    SHAPE(struct directory_item, owner),
    SHAPE(struct directory_item, group),
    SHAPE(struct directory_item, instead),
};
// clang-format on
static const struct shape directory_shape = SHAPE_OF(struct directory_item, directory_rows);

/* Where users are not managed, every owner is the wanted one. */
static void directory_adapt(const struct item *item, const struct other_host *host,
                            struct arena *arena, void *found, struct observation *observation)
{
    const struct directory_item *wanted = item->wanted;
    struct directory_item *directory = found;
    (void)arena;
    (void)observation; /* found is all of it */
    if (wanted != NULL && found != NULL && !host->layout->manages_users) {
        directory->owner = wanted->owner;
        directory->group = wanted->group;
    }
}

const struct provider directory_provider = {
    .type = ITEM_DIRECTORY,
    .observe = directory_observe,
    .digest = directory_digest,
    .diff = directory_diff,
    .found = &directory_shape,
    .adapt = directory_adapt,
    .apply = directory_apply,
};
