/* Files. Looks at all of them by descriptors of the directories that hold them; reads only those
 * that are not known from the last verified read; writes all that differ as one batch. What stands
 * in the place of a file (a link, a directory) is reported and never followed. */

#include "model/file_item.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/utf8.h"
#include "providers/accounts.h"
#include "providers/adopted.h"
#include "providers/content.h"
#include "providers/ownership.h"
#include "providers/place.h"
#include "providers/providers.h"
#include "providers/staging.h"

enum { MODE_BITS = 07777 };

/* One pass over many files. */
struct look {
    struct host *host;
    struct arena *arena;
    struct accounts *accounts;
    struct places places;
};

/* ---- Observe -------------------------------------------------------------------------------- */

/* False: there is nothing there. */
static bool is_absent(const struct error *reason)
{
    return reason->code == ERROR_SYSTEM && reason->number == ENOENT;
}

static struct file_item *make_found(struct look *look, const struct item *item,
                                    const struct stat *status)
{
    const struct file_item *wanted = item->wanted;
    struct file_item *found = arena_new(look->arena, struct file_item);
    found->mode = status->st_mode & MODE_BITS;
    found->owner =
        accounts_user_name(look->accounts, wanted == NULL ? NULL : wanted->owner, status->st_uid);
    found->group =
        accounts_group_name(look->accounts, wanted == NULL ? NULL : wanted->group, status->st_gid);
    return found;
}

static bool look_inside(struct look *look, const struct item *item, const struct place *place,
                        const struct stat *status, struct file_item *found, struct error *err)
{
    const struct file_item *wanted = item->wanted;
    struct file_fingerprint *seen = arena_new(look->arena, struct file_fingerprint);
    *seen = file_fingerprint_of(status);
    found->seen = seen;
    if (!S_ISREG(status->st_mode)) {
        found->instead = place_describe(place, status->st_mode, look->arena);
        return true;
    }
    if (content_read(look->host, place, item->id, wanted == NULL ? NULL : &wanted->text.content,
                     look->arena, seen, &found->text.content, err)) {
        return true;
    }
    if (err->code == ERROR_LIMIT) {
        found->instead = arena_printf(look->arena, "a file of %jd bytes", (intmax_t)seen->size);
        return true;
    }
    return false;
}

static bool look_at(struct look *look, const struct item *item, struct observation *out,
                    struct error *err)
{
    struct place place;
    struct stat status;
    if (!place_open(&look->places, item->id, &place, err)) {
        return false;
    }
    if (fstatat(place.directory, place.name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return error_errno(err, "stat %s", item->id);
    }
    struct file_item *found = make_found(look, item, &status);
    if (!look_inside(look, item, &place, &status, found, err)) {
        return false;
    }
    out->exists = true;
    out->found = found;
    return true;
}

static bool file_observe(struct host *host, const struct item *const *items, size_t count,
                         struct arena *arena, struct observation *out, struct error *err)
{
    (void)err; /* each file stands for itself */
    struct look look = {host, arena, accounts_make(host, arena), places_make(host, arena)};
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct observation){.item = items[i]};
        struct error reason = {0};
        if (!look_at(&look, items[i], &out[i], &reason) && !is_absent(&reason)) {
            out[i].trouble = message_of_error(arena, &reason);
        }
    }
    places_close(&look.places);
    return true;
}

/* ---- Diff ----------------------------------------------------------------------------------- */

static bool is_readable_text(struct str content)
{
    uint32_t code = 0;
    for (size_t offset = 0; offset < content.length;) {
        size_t length = utf8_decode(content, offset, &code);
        if (length == 0 || code == 0) {
            return false;
        }
        offset += length;
    }
    return true;
}

static void diff_content(const struct item *item, const struct file_item *found,
                         struct arena *arena, struct change_list *out_changes)
{
    const struct file_item *wanted = item->wanted;
    struct change change = {.field = "content", .span = SPAN_NONE};
    bool has_content = found != NULL && found->instead == NULL;
    if (has_content && str_equal(found->text.content, wanted->text.content)) {
        return;
    }
    if (item->is_secret) { /* nothing of it leaves this file */
        change.is_secret = true;
        change.from = has_content ? "" : NULL;
        change.to = "";
    } else if (!has_content) {
        change.is_text = true;
        change.to = wanted->text.content.data;
    } else if (is_readable_text(found->text.content)) {
        change.is_text = true;
        change.from = found->text.content.data;
        change.to = wanted->text.content.data;
    } else {
        change.from = arena_printf(arena, "%zu bytes that are no text", found->text.content.length);
        change.to = arena_printf(arena, "%zu bytes", wanted->text.content.length);
    }
    vec_add(arena, out_changes, change);
}

static void file_diff(const struct item *item, const struct observation *found, struct arena *arena,
                      struct change_list *out_changes)
{
    const struct file_item *wanted = item->wanted;
    const struct file_item *there = found->exists ? found->found : NULL;
    const struct ownership to = {wanted->mode, wanted->owner, wanted->group};
    bool is_file = there != NULL && there->instead == NULL;
    if (there != NULL && there->instead != NULL) {
        instead_diff(there->instead, N_("a file"), arena, out_changes);
    }
    diff_content(item, there, arena, out_changes);
    if (is_file) {
        const struct ownership from = {there->mode, there->owner, there->group};
        ownership_diff(&to, &from, arena, out_changes);
    } else {
        ownership_diff(&to, NULL, arena, out_changes);
    }
}

static void file_digest(const struct item *item, struct digest *digest)
{
    const struct file_item *wanted = item->wanted;
    const struct ownership ownership = {wanted->mode, wanted->owner, wanted->group};
    digest_add(digest, wanted->text.content);
    ownership_digest(&ownership, digest);
}

/* ---- Apply ---------------------------------------------------------------------------------- */

/* False when the wish cannot be put in numbers: its user does not exist. */
static bool stage(const struct action *action, struct accounts *accounts,
                  struct staged_file *out_file, struct error *err)
{
    const struct file_item *wanted = action->item->wanted;
    const struct observation *seen = action->found;
    const struct file_item *found = seen != NULL && seen->exists ? seen->found : NULL;
    struct staged_file file = {
        .verb = action->verb == ACTION_DELETE ? STAGED_DELETE : STAGED_WRITE,
        .path = action->item->id,
        .must_be_absent = action->verb == ACTION_CREATE && seen != NULL && !seen->exists,
        .must_be = found == NULL ? NULL : found->seen,
    };
    if (file.verb == STAGED_WRITE) {
        file.content = wanted->text.content;
        file.mode = wanted->mode;
        if (!accounts_owner(accounts, wanted->owner, wanted->group, &file.owner, err)) {
            return error_wrap(err, "write %s", file.path);
        }
    }
    *out_file = file;
    return true;
}

static void fail_outcome(struct outcome *outcome, const struct error *reason)
{
    outcome->result = OUTCOME_FAILED;
    outcome->error = *reason;
}

static void file_apply(struct host *host, const struct action *const *actions, size_t count,
                       struct arena *arena, struct outcome *outcomes)
{
    struct accounts *accounts = accounts_make(host, arena);
    struct staged_file *files = arena_array(arena, count, sizeof(*files));
    struct outcome **outcome_of = arena_array(arena, count, sizeof(struct outcome *));
    size_t staged = 0;
    for (size_t i = 0; i < count; i++) {
        struct error reason = {0};
        bool is_due = actions[i]->verb != ACTION_NONE && actions[i]->verb != ACTION_NOTIFY;
        if (!is_due) {
            outcomes[i].result = OUTCOME_UNCHANGED;
        } else if (stage(actions[i], accounts, &files[staged], &reason)) {
            outcome_of[staged++] = &outcomes[i];
        } else {
            fail_outcome(&outcomes[i], &reason);
        }
    }
    if (staged == 0) {
        return;
    }
    staging_apply(host, files, staged, arena);
    for (size_t i = 0; i < staged; i++) {
        if (files[i].has_failed) {
            fail_outcome(outcome_of[i], &files[i].error);
        } else {
            outcome_of[i]->result = OUTCOME_CHANGED;
        }
    }
}

/* ---- Keeping what was found ------------------------------------------------------------------ */

// clang-format off
static const struct shape_row file_rows[] = {
    SHAPE_AS("text", struct file_item, text.content),
    SHAPE_OMIT(struct file_item, text.lines),
    SHAPE_OMIT(struct file_item, text.line_count),
    SHAPE(struct file_item, mode),
    SHAPE(struct file_item, owner),
    SHAPE(struct file_item, group),
    SHAPE(struct file_item, instead),
    SHAPE(struct file_item, seen),
};
// clang-format on
static const struct shape file_shape = SHAPE_OF(struct file_item, file_rows);

/* Where users are not managed, every owner is the wanted one. */
static void file_adapt(const struct item *item, const struct other_host *host, struct arena *arena,
                       void *found, struct observation *observation)
{
    const struct file_item *wanted = item->wanted;
    struct file_item *file = found;
    (void)arena;
    (void)observation; /* found is all of it */
    if (wanted != NULL && found != NULL && !host->layout->manages_users) {
        file->owner = wanted->owner;
        file->group = wanted->group;
    }
}

static bool file_keep(struct host *host, const struct action *action, struct arena *arena,
                      const char **out_kept, struct error *err)
{
    return adopted_keep(host, action->item->id, arena, out_kept, err);
}

const struct provider file_provider = {
    .type = ITEM_FILE,
    .observe = file_observe,
    .digest = file_digest,
    .diff = file_diff,
    .found = &file_shape,
    .adapt = file_adapt,
    .keep = file_keep,
    .apply = file_apply,
};
