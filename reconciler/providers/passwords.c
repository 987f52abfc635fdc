/* Password files. Where the password itself is a secret of the host, the file has a hash of it with
 * a salt of its own: one that is there and fits is kept, so that nothing changes from run to run.
 * As files they are looked at and written by the provider of files. */

#include "model/passwords_item.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "model/file_item.h"
#include "providers/fingerprints.h"
#include "providers/host_secret.h"
#include "providers/ownership.h"
#include "providers/password_hash.h"
#include "providers/place.h"
#include "providers/providers.h"

/* ---- Lines ---------------------------------------------------------------------------------- */

/* The text of a line "user:hash", up to its end; NULL where there is none of that user. */
static const char *hash_in(struct arena *arena, struct str content, const char *user)
{
    size_t length = strlen(user);
    for (const char *at = content.data; at < content.data + content.length;) {
        const char *end = memchr(at, '\n', (size_t)(content.data + content.length - at));
        end = end != NULL ? end : content.data + content.length;
        if ((size_t)(end - at) > length && memcmp(at, user, length) == 0 && at[length] == ':') {
            return arena_strndup(arena, at + length + 1, (size_t)(end - at) - length - 1);
        }
        at = end + 1;
    }
    return NULL;
}

/* "ali, omar": what stands before the first colon of each line. */
static const char *users_in(struct arena *arena, struct str content)
{
    struct text users = text_make(arena);
    for (const char *at = content.data; at < content.data + content.length;) {
        size_t left = (size_t)(content.data + content.length - at);
        const char *end = memchr(at, '\n', left);
        size_t length = end != NULL ? (size_t)(end - at) : left;
        const char *colon = memchr(at, ':', length);
        if (colon != NULL) {
            text_addf(&users, "%s%.*s", users.length == 0 ? "" : ", ", (int)(colon - at), at);
        }
        at += length + 1;
    }
    return users.data;
}

static const char *users_of(struct arena *arena, const struct password_list *passwords)
{
    struct text users = text_make(arena);
    for (size_t i = 0; i < passwords->count; i++) {
        text_addf(&users, "%s%s", i == 0 ? "" : ", ", passwords->items[i].user);
    }
    return users.data;
}

/* By it two wishes are compared without a look at what a secret holds. */
static const char *wish_digest(struct arena *arena, const struct passwords_item *wanted)
{
    char hex[DIGEST_HEX_SIZE];
    struct text text = text_make(arena);
    for (size_t i = 0; i < wanted->passwords.count; i++) {
        const struct password *password = &wanted->passwords.items[i];
        bool is_secret = password->secret != NULL;
        text_addf(&text, "%s:%s:%s\n", password->user, is_secret ? "secret" : "hash",
                  is_secret ? password->secret : password->hash);
    }
    digest_hex(text_str(&text), hex);
    return arena_strdup(arena, hex);
}

/* ---- The wanted text ------------------------------------------------------------------------ */

struct wish {
    struct host *host;
    struct arena *arena;
    struct str present; /* what the file holds now */
    bool makes;         /* a hash that is missing is made; else left empty */
};

/* The run that has nothing to do looks for a change of the secret, too. */
static void remember_secret(struct host *host, struct arena *arena, const char *name)
{
    struct place place;
    struct stat status;
    const char *path = arena_printf(arena, "%s/%s", host->layout->secrets, name);
    AUTO_PLACES places = places_make(host, arena);
    int64_t read_at = file_clock_coarse_ns();
    if (place_open(&places, path, &place, NULL) &&
        fstatat(place.directory, place.name, &status, 0) == 0) {
        struct file_fingerprint seen = file_fingerprint_of(&status);
        fingerprints_record(host, path, FINGERPRINT_LINKED, &seen, NULL, read_at);
    }
}

static bool hash_find(struct wish *wish, const struct password *password, const char **out_hash,
                      struct error *err)
{
    if (password->secret == NULL) {
        *out_hash = password->hash;
        return true;
    }
    AUTO_SECRET secret = NULL;
    remember_secret(wish->host, wish->arena, password->secret);
    if (!host_secret_read(wish->host, password->secret, wish->arena, &secret, err)) {
        return false;
    }
    const char *present = hash_in(wish->arena, wish->present, password->user);
    if (present != NULL && password_hash_is_of(present, secret)) {
        *out_hash = present;
        return true;
    }
    *out_hash = "";
    return !wish->makes || password_hash_make(secret, wish->arena, out_hash, err) ||
           error_wrap(err, "the secret %s", password->secret);
}

static bool text_wanted(struct wish *wish, const struct passwords_item *wanted, struct str *out,
                        struct error *err)
{
    struct text text = text_make(wish->arena);
    for (size_t i = 0; i < wanted->passwords.count; i++) {
        const struct password *password = &wanted->passwords.items[i];
        const char *hash = NULL;
        if (!hash_find(wish, password, &hash, err)) {
            return false;
        }
        text_addf(&text, "%s:%s\n", password->user, hash);
    }
    *out = text_str(&text);
    return true;
}

/* ---- Observe -------------------------------------------------------------------------------- */

static struct item *file_item_of(const struct item *item, struct str content, struct arena *arena)
{
    const struct passwords_item *wanted = item->wanted;
    struct item *file = arena_new(arena, struct item);
    *file = *item;
    file->type = ITEM_FILE;
    file->is_secret = true;
    if (wanted != NULL) {
        struct file_item *as_file = arena_new(arena, struct file_item);
        *as_file = (struct file_item){.text.content = content,
                                      .mode = wanted->mode,
                                      .owner = wanted->owner,
                                      .group = wanted->group};
        file->wanted = as_file;
    }
    return file;
}

/* What was found as a file, as a password file. */
static void look_closer(struct host *host, const struct item *item, struct arena *arena,
                        int64_t read_at, struct observation *out)
{
    const struct file_item *file = out->found;
    const struct passwords_item *wanted = item->wanted;
    struct passwords_item *found = arena_new(arena, struct passwords_item);
    struct str content = {0};
    struct error reason = {0};
    *found = (struct passwords_item){.mode = file->mode,
                                     .owner = file->owner,
                                     .group = file->group,
                                     .instead = file->instead,
                                     .users = users_in(arena, file->text.content),
                                     .seen = file->seen};
    out->found = found;
    if (wanted == NULL || file->instead != NULL) {
        return;
    }
    struct wish wish = {host, arena, file->text.content, false};
    if (!text_wanted(&wish, wanted, &content, &reason)) {
        out->trouble = message_of_error(arena, &reason);
        return;
    }
    if (str_equal(content, file->text.content)) {
        found->wish = wish_digest(arena, wanted);
        fingerprints_record(host, item->id, FINGERPRINT_FILE, file->seen, NULL, read_at);
    }
}

static bool passwords_observe(struct host *host, const struct item *const *items, size_t count,
                              struct arena *arena, struct observation *out, struct error *err)
{
    const struct item **files = arena_array(arena, count, sizeof(struct item *));
    int64_t read_at = file_clock_coarse_ns();
    for (size_t i = 0; i < count; i++) {
        files[i] = file_item_of(items[i], (struct str){"", 0}, arena);
    }
    if (!file_provider.observe(host, files, count, arena, out, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        out[i].item = items[i];
        if (out[i].exists) {
            look_closer(host, items[i], arena, read_at, &out[i]);
        }
    }
    return true;
}

/* ---- Diff ----------------------------------------------------------------------------------- */

static void passwords_diff(const struct item *item, const struct observation *found,
                           struct arena *arena, struct change_list *out_changes)
{
    const struct passwords_item *wanted = item->wanted;
    const struct passwords_item *there = found->exists ? found->found : NULL;
    const char *users = users_of(arena, &wanted->passwords);
    const struct ownership to = {wanted->mode, wanted->owner, wanted->group};
    if (there != NULL && there->instead != NULL) {
        instead_diff(there->instead, N_("a file"), arena, out_changes);
        there = NULL;
    }
    if (there == NULL || strcmp(there->users, users) != 0) {
        vec_add(arena, out_changes,
                (struct change){.field = "users",
                                .from = there == NULL ? NULL : there->users,
                                .to = users,
                                .span = SPAN_NONE});
    } else if (!text_equal(there->wish, wish_digest(arena, wanted))) {
        vec_add(
            arena, out_changes,
            (struct change){
                .field = "passwords", .from = "", .to = "", .span = SPAN_NONE, .is_secret = true});
    }
    if (there == NULL) {
        ownership_diff(&to, NULL, arena, out_changes);
    } else {
        const struct ownership from = {there->mode, there->owner, there->group};
        ownership_diff(&to, &from, arena, out_changes);
    }
}

static void passwords_digest(const struct item *item, struct digest *digest)
{
    const struct passwords_item *wanted = item->wanted;
    const struct ownership ownership = {wanted->mode, wanted->owner, wanted->group};
    AUTO_ARENA scratch = arena_create();
    digest_add(digest, str_of(wish_digest(scratch, wanted)));
    ownership_digest(&ownership, digest);
}

/* ---- Apply ---------------------------------------------------------------------------------- */

/* The text that is there, of which fitting hashes are kept. */
static struct str present_text(struct host *host, const struct item *item, struct arena *arena)
{
    struct observation seen;
    struct error unused = {0};
    const struct item *file = file_item_of(item, (struct str){"", 0}, arena);
    if (!file_provider.observe(host, &file, 1, arena, &seen, &unused) || !seen.exists) {
        return (struct str){"", 0};
    }
    const struct file_item *found = seen.found;
    return found->instead != NULL ? (struct str){"", 0} : found->text.content;
}

static bool as_file_action(struct host *host, const struct action *action, struct arena *arena,
                           struct action *out, struct error *err)
{
    struct str content = {"", 0};
    const struct passwords_item *wanted = action->item->wanted;
    if (wanted != NULL) {
        struct wish wish = {host, arena, present_text(host, action->item, arena), true};
        if (!text_wanted(&wish, wanted, &content, err)) {
            return false;
        }
    }
    *out = *action;
    out->item = file_item_of(action->item, content, arena);
    if (action->found != NULL && action->found->exists) {
        const struct passwords_item *found = action->found->found;
        struct observation *seen = arena_new(arena, struct observation);
        struct file_item *file = arena_new(arena, struct file_item);
        *file = (struct file_item){.instead = found->instead, .seen = found->seen};
        *seen = *action->found;
        seen->found = file;
        out->found = seen;
    }
    return true;
}

static void passwords_apply(struct host *host, const struct action *const *actions, size_t count,
                            struct arena *arena, struct outcome *outcomes)
{
    for (size_t i = 0; i < count; i++) {
        struct action as_file;
        const struct action *action = &as_file;
        if (actions[i]->verb == ACTION_NONE || actions[i]->verb == ACTION_NOTIFY) {
            outcomes[i].result = OUTCOME_UNCHANGED;
        } else if (as_file_action(host, actions[i], arena, &as_file, &outcomes[i].error)) {
            file_provider.apply(host, &action, 1, arena, &outcomes[i]);
        } else {
            outcomes[i].result = OUTCOME_FAILED;
        }
    }
}

/* ---- Keeping what was found ------------------------------------------------------------------ */

// clang-format off
static const struct shape_row passwords_rows[] = {
    SHAPE(struct passwords_item, mode),
    SHAPE(struct passwords_item, owner),
    SHAPE(struct passwords_item, group),
    SHAPE_OMIT(struct passwords_item, passwords),
    SHAPE(struct passwords_item, users),
    SHAPE(struct passwords_item, wish),
    SHAPE(struct passwords_item, instead),
    SHAPE(struct passwords_item, seen),
};
// clang-format on
static const struct shape passwords_shape = SHAPE_OF(struct passwords_item, passwords_rows);

/* Where users are not managed, every owner is the wanted one. */
static void passwords_adapt(const struct item *item, const struct other_host *host,
                            struct arena *arena, void *found, struct observation *observation)
{
    const struct passwords_item *wanted = item->wanted;
    struct passwords_item *file = found;
    (void)arena;
    (void)observation; /* found is all of it */
    if (wanted != NULL && found != NULL && !host->layout->manages_users) {
        file->owner = wanted->owner;
        file->group = wanted->group;
    }
}

static const void *passwords_fulfilled(const struct item *item, struct arena *arena)
{
    const struct passwords_item *wanted = item->wanted;
    struct passwords_item *found = arena_new(arena, struct passwords_item);
    *found = *wanted;
    found->users = users_of(arena, &wanted->passwords);
    found->wish = wish_digest(arena, wanted);
    return found;
}

const struct provider passwords_provider = {
    .type = ITEM_PASSWORDS,
    .observe = passwords_observe,
    .digest = passwords_digest,
    .diff = passwords_diff,
    .fulfilled = passwords_fulfilled,
    .found = &passwords_shape,
    .adapt = passwords_adapt,
    .apply = passwords_apply,
};
