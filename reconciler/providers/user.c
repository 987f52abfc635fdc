/* System accounts. Each gets an entry of its own in sysusers.d, and systemd-sysusers makes what is
 * missing; so an image that is built from the same files gets the same accounts. An account that
 * exists without our entry belongs to somebody else: it is used, never changed, never deleted. An
 * existing account keeps its home and description, which running services rely on; only the entry
 * follows the wish. */

#include "model/user_item.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "providers/accounts.h"
#include "providers/content.h"
#include "providers/place.h"
#include "providers/providers.h"
#include "providers/staging.h"

enum {
    NAME_LENGTH_MAX = 31, /* sysusers.d(5) */
    ENTRY_MODE = 0644,
    PROGRAM_TIMEOUT_MS = 60 * 1000,
    PROGRAM_OUTPUT_MAX = 64 * 1024,
};

struct work {
    struct host *host;
    struct arena *arena;
    struct accounts *accounts;
    struct places places;
};

/* ---- The entry ------------------------------------------------------------------------------ */

static bool is_account_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    size_t length = strlen(name);
    return length >= 1 && length <= NAME_LENGTH_MAX && strchr(letters, name[0]) != NULL &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789-") ==
               length;
}

static const char *entry_path(const struct work *work, const char *name)
{
    return arena_printf(work->arena, "%s/reconcile-%s.conf", work->host->layout->sysusers, name);
}

/* In quotes, with specifiers taken apart. A colon or a control character cannot be said there. */
static void add_quoted(struct text *text, const char *value)
{
    text_add_char(text, '"');
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == ':' || (unsigned char)*c < ' ' || *c == '\x7f') {
            text_add_char(text, ' ');
            continue;
        }
        if (*c == '"' || *c == '\\') {
            text_add_char(text, '\\');
        } else if (*c == '%') {
            text_add_char(text, '%');
        }
        text_add_char(text, *c);
    }
    text_add_char(text, '"');
}

static struct str entry_text(const char *name, const struct user_item *wanted, struct arena *arena)
{
    struct text text = text_make(arena);
    text_addf(&text, "u %s - ", name);
    add_quoted(&text, wanted->description == NULL ? name : wanted->description);
    text_add_char(&text, ' ');
    add_quoted(&text, wanted->home);
    text_add_char(&text, '\n');
    return text_str(&text);
}

/* *out_entry is NULL when there is none. */
static bool read_entry(struct work *work, const struct item *item, const char **out_entry,
                       struct error *err)
{
    struct place place;
    struct stat status;
    struct str content = {0};
    struct str wanted = {0};
    const char *path = entry_path(work, item->id);
    if (item->wanted != NULL) {
        wanted = entry_text(item->id, item->wanted, work->arena);
    }
    if (!place_open(&work->places, path, &place, err)) {
        return err->number == ENOENT;
    }
    if (fstatat(place.directory, place.name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT || error_errno(err, "stat %s", path);
    }
    if (!S_ISREG(status.st_mode)) {
        *out_entry = place_describe(&place, status.st_mode, work->arena);
        return true;
    }
    struct file_fingerprint seen = file_fingerprint_of(&status);
    if (!content_read(work->host, &place, path, item->wanted == NULL ? NULL : &wanted, work->arena,
                      &seen, &content, err)) {
        return err->number == ENOENT;
    }
    *out_entry = content.data;
    return true;
}

/* ---- Observe -------------------------------------------------------------------------------- */

static bool look_at(struct work *work, const struct item *item, struct observation *out,
                    struct error *err)
{
    const struct account *account = NULL;
    const char *entry = NULL;
    if (!work->host->layout->manages_users) {
        out->exists = item->wanted != NULL;
        out->found = item->wanted;
        return true;
    }
    if (!is_account_name(item->id)) {
        return error_set(err, ERROR_FORMAT, "\"%s\" is no name of an account", item->id);
    }
    if (!accounts_find(work->accounts, item->id, &account, err) ||
        !read_entry(work, item, &entry, err)) {
        return false;
    }
    if (account == NULL) {
        return true;
    }
    struct user_item *found = arena_new(work->arena, struct user_item);
    *found = (struct user_item){account->home, account->description, entry};
    out->exists = true;
    out->found = found;
    if (entry == NULL) {
        out->note = message_word(work->arena, N_("exists already and is used as it is"));
    }
    return true;
}

static bool user_observe(struct host *host, const struct item *const *items, size_t count,
                         struct arena *arena, struct observation *out, struct error *err)
{
    (void)err; /* each account stands for itself */
    struct work work = {host, arena, accounts_make(host, arena), places_make(host, arena)};
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct observation){.item = items[i]};
        struct error reason = {0};
        if (!look_at(&work, items[i], &out[i], &reason)) {
            out[i].trouble = message_of_error(arena, &reason);
        }
    }
    places_close(&work.places);
    return true;
}

/* ---- Diff ----------------------------------------------------------------------------------- */

static void add_change(struct arena *arena, struct change_list *changes, const char *field,
                       const char *from, const char *to)
{
    vec_add(arena, changes,
            (struct change){.field = field, .from = from, .to = to, .span = SPAN_NONE});
}

static void user_diff(const struct item *item, const struct observation *found, struct arena *arena,
                      struct change_list *out_changes)
{
    const struct user_item *wanted = item->wanted;
    const struct user_item *there = found->exists ? found->found : NULL;
    if (there == NULL) {
        add_change(arena, out_changes, "home", NULL, wanted->home);
        add_change(arena, out_changes, "description", NULL,
                   wanted->description == NULL ? item->id : wanted->description);
        return;
    }
    const char *entry = entry_text(item->id, wanted, arena).data;
    if (there != wanted && there->entry != NULL && strcmp(there->entry, entry) != 0) {
        add_change(arena, out_changes, "entry", there->entry, entry);
        vec_last(out_changes)->is_text = true;
    }
}

static const void *user_fulfilled(const struct item *item, struct arena *arena)
{
    struct user_item *found = arena_new(arena, struct user_item);
    *found = *(const struct user_item *)item->wanted;
    found->entry = entry_text(item->id, item->wanted, arena).data;
    return found;
}

static void user_digest(const struct item *item, struct digest *digest)
{
    struct arena *arena = arena_create();
    digest_add(digest, entry_text(item->id, item->wanted, arena));
    arena_destroy(arena);
}

/* ---- Apply ---------------------------------------------------------------------------------- */

static bool run_program(struct work *work, const char *const *argv, struct error *err)
{
    const struct process_options options = {
        .argv = argv,
        .timeout_ms = PROGRAM_TIMEOUT_MS,
        .output_limit = PROGRAM_OUTPUT_MAX,
        .directory = work->host->root,
    };
    struct process_result result;
    if (!work->host->run(work->host, &options, work->arena, &result, err)) {
        return error_wrap(err, "run %s", argv[0]);
    }
    return result.status == 0 ||
           error_set(err, ERROR_REFUSED, "%s ended with status %d: %.*s", argv[0], result.status,
                     (int)result.errors.length, result.errors.data);
}

static bool has_own_root(const struct work *work)
{
    return strcmp(work->host->root_path, "/") != 0;
}

/* Accounts of several entries at once; what it makes of each is seen in the files afterwards. */
static bool run_sysusers(struct work *work, const char *const *names, size_t count,
                         struct error *err)
{
    const char **argv = arena_array(work->arena, count + 3, sizeof(*argv));
    size_t used = 0;
    argv[used++] = "systemd-sysusers";
    if (has_own_root(work)) {
        argv[used++] = arena_printf(work->arena, "--root=%s", work->host->root_path);
    }
    for (size_t i = 0; i < count; i++) {
        const char *path = entry_path(work, names[i]);
        /* A file that is named by its path is not looked for below the root. */
        argv[used++] = has_own_root(work)
                           ? arena_printf(work->arena, "%s%s", work->host->root_path, path)
                           : path;
    }
    return run_program(work, argv, err);
}

static bool delete_account(struct work *work, const struct action *action, struct error *err)
{
    const char *name = action->item->id;
    const struct account *account = NULL;
    const char *entry = NULL;
    if (!is_account_name(name)) {
        return error_set(err, ERROR_FORMAT, "\"%s\" is no name of an account", name);
    }
    if (!read_entry(work, action->item, &entry, err) ||
        !accounts_find(work->accounts, name, &account, err)) {
        return false;
    }
    if (entry == NULL) {
        return true; /* not ours: it stays, and is only forgotten */
    }
    const char *const plain[] = {"userdel", name, NULL};
    const char *const prefixed[] = {"userdel", "--prefix", work->host->root_path, name, NULL};
    if (account != NULL && !run_program(work, has_own_root(work) ? prefixed : plain, err)) {
        return false;
    }
    struct staged_file file = {.verb = STAGED_DELETE, .path = entry_path(work, name)};
    staging_apply(work->host, &file, 1, work->arena);
    if (file.has_failed) {
        *err = file.error;
    }
    return !file.has_failed;
}

/* Those that get an entry. */
struct batch {
    struct staged_file *files;
    struct outcome **outcomes;
    const char **names;
    size_t count;
};

static void add_to_batch(struct work *work, const struct action *action, struct outcome *outcome,
                         struct batch *batch)
{
    const struct item *item = action->item;
    if (!is_account_name(item->id)) {
        outcome->result = OUTCOME_FAILED;
        (void)error_set(&outcome->error, ERROR_FORMAT, "\"%s\" is no name of an account", item->id);
        return;
    }
    batch->files[batch->count] = (struct staged_file){
        .verb = STAGED_WRITE,
        .path = entry_path(work, item->id),
        .content = entry_text(item->id, item->wanted, work->arena),
        .mode = ENTRY_MODE,
        .owner = FILE_OWNER_NONE,
    };
    batch->names[batch->count] = item->id;
    batch->outcomes[batch->count++] = outcome;
}

static void finish(struct outcome *outcome, bool is_done, const struct error *reason)
{
    outcome->result = is_done ? OUTCOME_CHANGED : OUTCOME_FAILED;
    if (!is_done) {
        outcome->error = *reason;
    }
}

static void make_accounts(struct work *work, const struct batch *batch)
{
    struct error reason = {0};
    staging_apply(work->host, batch->files, batch->count, work->arena);
    bool has_run = run_sysusers(work, batch->names, batch->count, &reason);
    if (has_run) {
        (void)error_set(&reason, ERROR_REFUSED, "systemd-sysusers did not make it");
    }
    struct accounts *now = accounts_make(work->host, work->arena);
    for (size_t i = 0; i < batch->count; i++) {
        const struct account *account = NULL;
        const char *name = batch->names[i];
        if (batch->files[i].has_failed) {
            finish(batch->outcomes[i], false, &batch->files[i].error);
        } else {
            bool exists = accounts_find(now, name, &account, &reason) && account != NULL;
            finish(batch->outcomes[i], exists, &reason);
            if (!exists) {
                (void)error_wrap(&batch->outcomes[i]->error, "make the account %s", name);
            }
        }
    }
}

static void user_apply(struct host *host, const struct action *const *actions, size_t count,
                       struct arena *arena, struct outcome *outcomes)
{
    struct work work = {host, arena, accounts_make(host, arena), places_make(host, arena)};
    struct batch batch = {
        .files = arena_array(arena, count, sizeof(struct staged_file)),
        .outcomes = arena_array(arena, count, sizeof(struct outcome *)),
        .names = arena_array(arena, count, sizeof(const char *)),
    };
    for (size_t i = 0; i < count; i++) {
        struct error reason = {0};
        if (actions[i]->verb == ACTION_CREATE || actions[i]->verb == ACTION_UPDATE) {
            add_to_batch(&work, actions[i], &outcomes[i], &batch);
        } else if (actions[i]->verb == ACTION_DELETE) {
            finish(&outcomes[i], delete_account(&work, actions[i], &reason), &reason);
        } else {
            outcomes[i].result = OUTCOME_UNCHANGED;
        }
    }
    if (batch.count > 0) {
        make_accounts(&work, &batch);
    }
    places_close(&work.places);
}

// clang-format off
static const struct shape_row user_rows[] = {
    SHAPE(struct user_item, home),
    SHAPE(struct user_item, description),
    SHAPE(struct user_item, entry),
};
// clang-format on
static const struct shape user_shape = SHAPE_OF(struct user_item, user_rows);

const struct provider user_provider = {
    .type = ITEM_USER,
    .observe = user_observe,
    .digest = user_digest,
    .diff = user_diff,
    .found = &user_shape,
    .fulfilled = user_fulfilled,
    .apply = user_apply,
};
