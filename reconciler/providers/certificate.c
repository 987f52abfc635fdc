/* Certificates: looks at what is installed, and issues or brings in what is missing, wrong or due.
 * Those of the internal authority are made here; those of files are copied after they were checked,
 * and a worse one never takes the place of a better one. */

#include "model/certificate_item.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/vec.h"
#include "providers/authority.h"
#include "providers/certificate_parts.h"
#include "providers/fingerprints.h"
#include "providers/nginx.h"
#include "providers/pair_store.h"
#include "providers/providers.h"
#include "providers/staging.h"

/* One pass over many pairs. */
struct work {
    struct host *host;
    struct arena *arena;
    struct places places;
    struct authority *authority; /* NULL: there is none yet */
    bool is_known_authority;     /* the one that signed what is known */
    int64_t now;
};

/* ---- Observe -------------------------------------------------------------------------------- */

static const char *directory_of(struct work *work, const struct item *item)
{
    const struct certificate_item *wanted = item->wanted;
    return wanted != NULL
               ? wanted->directory
               : arena_printf(work->arena, "%s/%s", work->host->layout->certificates, item->id);
}

static bool is_installed(struct work *work, const struct pair *source,
                         const struct stored_pair *stored, const struct certificate_item *found)
{
    const char *version = NULL;
    return found->pair != NULL && found->pair->has_key &&
           pair_store_version(source, work->arena, &version, NULL) &&
           text_equal(version, stored->version);
}

static const struct message *not_taken_because(const struct work *work,
                                               const struct certificate_item *wanted,
                                               const struct message *why)
{
    return message_chain(work->arena,
                         message_make(work->arena, "%s is not taken", wanted->source_chain),
                         MESSAGE_COLON, why);
}

/* A pair of files that is not fit is a failure when there is nothing to serve yet, else a note. */
static bool look_at_source(struct work *work, const struct certificate_item *wanted,
                           const struct stored_pair *stored, struct certificate_item *found,
                           struct observation *out, struct error *err)
{
    AUTO_PAIR source = certificate_read_source(work->host, wanted, work->arena, err);
    const struct message *why = NULL;
    if (source == NULL) {
        why = message_of_error(work->arena, err);
    } else {
        const struct certificate_pair *offered = pair_describe(source, work->arena);
        if (is_installed(work, source, stored, found)) {
            return true;
        }
        why = certificate_why_not_taken(offered, found->pair, wanted, work->now, work->arena);
        found->offered = why == NULL ? offered : NULL;
    }
    if (why == NULL) {
        return true;
    }
    const struct message *not_taken = not_taken_because(work, wanted, why);
    if (found->pair == NULL ||
        certificate_why_unfit(found->pair, wanted, work->now, work->arena) != NULL) {
        return source == NULL ? error_wrap(err, "bring in the pair")
                              : error_set_message(err, ERROR_REFUSED, not_taken);
    }
    out->note = not_taken;
    return true;
}

static void look_at_internal(struct work *work, const struct stored_pair *stored,
                             struct certificate_item *found)
{
    if (found->pair == NULL) {
        return;
    }
    int64_t due_at = certificate_pair_due_at(found->pair);
    found->is_due = due_at <= work->now;
    found->is_signed_by_us =
        stored->is_known || authority_has_signed(work->authority, stored->pair);
    if (!found->is_due) {
        fingerprints_due(work->host, due_at);
    }
}

static bool look_at(struct work *work, const struct item *item, struct stored_pair *stored,
                    struct observation *out, struct error *err)
{
    const struct certificate_item *wanted = item->wanted;
    struct certificate_item *found = arena_new(work->arena, struct certificate_item);
    found->directory = directory_of(work, item);
    bool is_internal = wanted != NULL && wanted->issuer == CERTIFICATE_INTERNAL;
    enum pair_reading reading = is_internal && !work->is_known_authority ? PAIR_READ : PAIR_RECALL;
    if (!pair_store_read(&work->places, found->directory, reading, stored, err)) {
        return false;
    }
    found->instead = stored->instead;
    found->key_mode = stored->key_mode;
    if (stored->description != NULL) {
        found->pair = stored->description;
        found->names = found->pair->names;
        found->name_count = found->pair->name_count;
        found->key_type = found->pair->key_type;
    }
    if (wanted != NULL && wanted->issuer == CERTIFICATE_FILE) {
        if (!look_at_source(work, wanted, stored, found, out, err)) {
            return false;
        }
    } else if (is_internal) {
        look_at_internal(work, stored, found);
    }
    out->exists = stored->version != NULL || stored->instead != NULL;
    out->found = out->exists ? found : NULL;
    return true;
}

/* Which authority signs here, and whether it is the one of the last verified reading. */
static bool look_at_authority(struct work *work, struct error *err)
{
    struct place place;
    struct stat status;
    const char *path = authority_certificate_path(work->host, work->arena);
    int64_t read_at = file_clock_coarse_ns();
    if (!place_open(&work->places, path, &place, NULL) ||
        fstatat(place.directory, place.name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return true; /* none yet */
    }
    struct file_fingerprint seen = file_fingerprint_of(&status);
    work->is_known_authority = fingerprints_know(work->host, path, FINGERPRINT_FILE, &seen);
    if (!authority_open(work->host, work->arena, &work->authority, err)) {
        return false;
    }
    fingerprints_record(work->host, path, FINGERPRINT_FILE, &seen, NULL, read_at);
    return true;
}

static void observe_one(struct work *work, const struct item *item, const struct error *refusal,
                        struct observation *out)
{
    const struct certificate_item *wanted = item->wanted;
    struct stored_pair stored = {0};
    struct change_list changes = {0};
    *out = (struct observation){.item = item};
    if (refusal->code != ERROR_NONE && wanted != NULL && wanted->issuer == CERTIFICATE_INTERNAL) {
        out->trouble = message_of_error(work->arena, refusal);
        return;
    }
    struct error reason = {0};
    if (!look_at(work, item, &stored, out, &reason)) {
        out->trouble = message_of_error(work->arena, &reason);
    } else if (wanted != NULL && stored.description != NULL) {
        certificate_diff(item, out, work->arena, &changes);
        if (changes.count == 0) {
            pair_store_record(&work->places, wanted->directory, &stored);
        }
    }
    pair_release(stored.pair);
}

static bool certificate_observe(struct host *host, const struct item *const *items, size_t count,
                                struct arena *arena, struct observation *out, struct error *err)
{
    (void)err; /* each pair stands for itself */
    struct work work = {
        .host = host,
        .arena = arena,
        .places = places_make(host, arena),
        .now = host->now(host),
    };
    struct error refusal = {0};
    bool has_authority = look_at_authority(&work, &refusal);
    (void)has_authority; /* refusal goes to those that need it */
    for (size_t i = 0; i < count; i++) {
        observe_one(&work, items[i], &refusal, &out[i]);
    }
    authority_release(work.authority);
    places_close(&work.places);
    return true;
}

/* ---- Apply ---------------------------------------------------------------------------------- */

/* One pair on its way. */
struct issue {
    const struct item *item;
    struct outcome *outcome;
    const char *directory;
    const char *version;  /* NULL: not written, the outcome says why */
    const char *previous; /* version that the link named before */
};

static struct pair *issue_internal(struct work *work, const struct certificate_item *wanted,
                                   struct error *err)
{
    if (work->authority == NULL &&
        !authority_open_to_sign(work->host, work->arena, &work->authority, err)) {
        return NULL;
    }
    const struct authority_request request = {
        .names = wanted->names,
        .name_count = wanted->name_count,
        .key_type = wanted->key_type,
        .lifetime_seconds = wanted->lifetime_seconds,
        .now = work->now,
    };
    return authority_issue(work->authority, &request, err);
}

/* Looked at once more: the files may have changed since the plan was made. */
static struct pair *bring_in(struct work *work, const struct certificate_item *wanted,
                             const struct stored_pair *stored, struct error *err)
{
    struct pair *pair = certificate_read_source(work->host, wanted, work->arena, err);
    if (pair == NULL) {
        return NULL;
    }
    const struct message *why = certificate_why_not_taken(
        pair_describe(pair, work->arena), stored->description, wanted, work->now, work->arena);
    if (why != NULL) {
        (void)error_set_message(err, ERROR_REFUSED, not_taken_because(work, wanted, why));
        pair_release(pair);
        return NULL;
    }
    return pair;
}

static bool write_version(struct work *work, struct issue *issue, struct error *err)
{
    const struct certificate_item *wanted = issue->item->wanted;
    struct stored_pair stored;
    if (!pair_store_read(&work->places, issue->directory, PAIR_RECALL, &stored, err)) {
        return false;
    }
    issue->previous = stored.version;
    AUTO_PAIR pair = wanted->issuer == CERTIFICATE_FILE ? bring_in(work, wanted, &stored, err)
                                                        : issue_internal(work, wanted, err);
    pair_release(stored.pair);
    return pair != NULL &&
           pair_store_write(&work->places, issue->directory, pair, &issue->version, err);
}

/* One sync for each place where pairs stand: contents before the links, links at the end. */
static bool sync_places(struct work *work, const struct issue *issues, size_t count,
                        struct error *err)
{
    struct map synced = {0};
    for (size_t i = 0; i < count; i++) {
        const char *directory = issues[i].directory;
        size_t length = (size_t)(strrchr(directory, '/') - directory);
        const char *above = arena_strndup(work->arena, directory, length);
        if (issues[i].version == NULL || map_has(&synced, above)) {
            continue;
        }
        (void)map_put(work->arena, &synced, above, NULL);
        const char *path = host_path(above);
        AUTO_FD fd = file_open_beneath(work->host->root, path[0] == '\0' ? "." : path,
                                       O_RDONLY | O_DIRECTORY, 0, err);
        if (fd < 0 || !file_sync_all(fd, err)) {
            return false;
        }
    }
    return true;
}

static void fail_issue(struct issue *issue, const struct error *reason)
{
    issue->version = NULL;
    issue->outcome->result = OUTCOME_FAILED;
    issue->outcome->error = *reason;
}

static void fail_written(struct issue *issues, size_t count, const struct error *reason)
{
    for (size_t i = 0; i < count; i++) {
        if (issues[i].version != NULL) {
            fail_issue(&issues[i], reason);
        }
    }
}

static void carry_out(struct work *work, struct issue *issues, size_t count)
{
    struct error reason = {0};
    for (size_t i = 0; i < count; i++) {
        if (!write_version(work, &issues[i], &reason)) {
            (void)error_wrap(&reason, "certificate %s", issues[i].item->id);
            fail_issue(&issues[i], &reason);
        }
    }
    if (!sync_places(work, issues, count, &reason) ||
        !nginx_reload_owe(work->places.host, &reason)) {
        fail_written(issues, count, &reason);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (issues[i].version != NULL &&
            !pair_store_switch(&work->places, issues[i].directory, issues[i].version, &reason)) {
            fail_issue(&issues[i], &reason);
        }
    }
    if (!sync_places(work, issues, count, &reason)) {
        fail_written(issues, count, &reason);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (issues[i].version == NULL) {
            continue;
        }
        issues[i].outcome->result = OUTCOME_CHANGED;
        bool is_pruned = pair_store_prune(&work->places, issues[i].directory, issues[i].version,
                                          issues[i].previous, NULL);
        (void)is_pruned; /* what is left over goes with the next renewal */
    }
}

static bool begin(struct work *work, const struct action *const *actions, size_t count,
                  struct error *err)
{
    struct map seen = {0};
    VEC(directory_list, const char *) directories = {0};
    for (size_t i = 0; i <= count; i++) {
        const char *path =
            i < count ? directory_of(work, actions[i]->item) : work->host->layout->authority;
        const char *above = arena_strndup(work->arena, path, (size_t)(strrchr(path, '/') - path));
        if (!map_has(&seen, above)) {
            (void)map_put(work->arena, &seen, above, NULL);
            vec_add(work->arena, &directories, above);
        }
    }
    return staging_begin(work->host, directories.items, directories.count, work->arena, err);
}

static void certificate_apply(struct host *host, const struct action *const *actions, size_t count,
                              struct arena *arena, struct outcome *outcomes)
{
    struct work work = {
        .host = host,
        .arena = arena,
        .places = places_make(host, arena),
        .now = host->now(host),
    };
    struct issue *issues = arena_array(arena, count, sizeof(*issues));
    size_t issue_count = 0;
    struct error reason = {0};
    bool may_begin = begin(&work, actions, count, &reason);
    for (size_t i = 0; i < count; i++) {
        enum action_verb verb = actions[i]->verb;
        const char *directory = directory_of(&work, actions[i]->item);
        if (verb == ACTION_NONE || verb == ACTION_NOTIFY) {
            outcomes[i].result = OUTCOME_UNCHANGED;
        } else if (!may_begin) {
            outcomes[i] = (struct outcome){.result = OUTCOME_FAILED, .error = reason};
        } else if (verb == ACTION_DELETE) {
            bool is_gone = pair_store_remove(&work.places, directory, &outcomes[i].error);
            outcomes[i].result = is_gone ? OUTCOME_CHANGED : OUTCOME_FAILED;
        } else {
            issues[issue_count++] =
                (struct issue){actions[i]->item, &outcomes[i], directory, NULL, NULL};
        }
    }
    if (issue_count > 0) {
        carry_out(&work, issues, issue_count);
    }
    if (may_begin) {
        staging_end(host);
    }
    authority_release(work.authority);
    places_close(&work.places);
}

const struct provider certificate_provider = {
    .type = ITEM_CERTIFICATE,
    .observe = certificate_observe,
    .digest = certificate_digest,
    .diff = certificate_diff,
    .fulfilled = certificate_fulfilled,
    .found = &certificate_shape,
    .apply = certificate_apply,
};
