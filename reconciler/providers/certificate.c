/* Certificates: looks at what is installed, and issues or brings in what is missing, wrong or due.
 * Those of the internal authority are made here; those of files are copied after they were checked,
 * and a worse one never takes the place of a better one. */

#include "model/certificate_item.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "providers/certificate_parts.h"
#include "providers/fingerprints.h"
#include "providers/providers.h"
#include "providers/staging.h"

/* ---- Observe -------------------------------------------------------------------------------- */

static bool is_installed(struct certificate_work *work, const struct pair *source,
                         const struct stored_pair *stored, const struct certificate_item *found)
{
    const char *version = NULL;
    return found->pair != NULL && found->pair->has_key &&
           pair_store_version(source, work->arena, &version, NULL) &&
           text_equal(version, stored->version);
}

static const struct message *not_taken_because(const struct certificate_work *work,
                                               const struct certificate_item *wanted,
                                               const struct message *why)
{
    return message_chain(work->arena,
                         message_make(work->arena, "%s is not taken", wanted->source_chain),
                         MESSAGE_COLON, why);
}

/* A pair of files that is not fit is a failure when there is nothing to serve yet, else a note. */
static bool look_at_source(struct certificate_work *work, const struct certificate_item *wanted,
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

/* Pairs of our own, without a document, are for nobody to trust. */
static bool may_be_signed(struct certificate_work *work, const struct item *item, struct error *err)
{
    const struct certificate_item *wanted = item->wanted;
    const char *name = NULL;
    return item->document == NULL || work->authority == NULL ||
           authority_may_sign(work->authority, wanted->names, wanted->name_count, &name) ||
           error_set(err, ERROR_REFUSED,
                     "the root of this host's authority does not let it sign %s: move %s away, and "
                     "the next run makes another, which everybody who trusts this one has to be "
                     "given",
                     name, work->host->layout->authority);
}

void certificate_look_at_age(struct certificate_work *work, struct certificate_item *found,
                             const struct renewal *renewal)
{
    int64_t next = renewal_alarm_next(renewal, work->now);
    found->alarm = renewal_alarm_at(renewal, work->now);
    if (next != 0) {
        fingerprints_due(work->host, next);
    }
}

static void look_at_internal(struct certificate_work *work, const struct stored_pair *stored,
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

static struct renewal renewal_of(const struct certificate_pair *pair)
{
    return (struct renewal){.starts_at = pair->starts_at, .expires_at = pair->expires_at};
}

static bool look_at(struct certificate_work *work, const struct item *item,
                    struct stored_pair *stored, struct observation *out, struct error *err)
{
    const struct certificate_item *wanted = item->wanted;
    struct certificate_item *found = arena_new(work->arena, struct certificate_item);
    found->directory = certificate_directory_of(work, item);
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
    if (wanted != NULL && wanted->issuer != CERTIFICATE_ACME && found->pair != NULL) {
        const struct renewal renewal = renewal_of(found->pair);
        certificate_look_at_age(work, found, &renewal);
    }
    if (wanted != NULL && wanted->issuer == CERTIFICATE_FILE) {
        if (!look_at_source(work, wanted, stored, found, out, err)) {
            return false;
        }
    } else if (is_internal) {
        if (!may_be_signed(work, item, err)) {
            return false;
        }
        look_at_internal(work, stored, found);
    } else if (wanted != NULL) {
        certificate_look_at_order(work, item, found, out);
    }
    out->is_due = found->is_due && wanted != NULL && certificate_is_for(wanted, found);
    out->exists = stored->version != NULL || stored->instead != NULL;
    out->found = out->exists ? found : NULL;
    return true;
}

/* Which authority signs here, and whether it is the one of the last verified reading. */
static bool look_at_authority(struct certificate_work *work, struct error *err)
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

static void observe_one(struct certificate_work *work, const struct item *item,
                        const struct error *refusal, struct observation *out)
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
    struct certificate_work work = certificate_work_make(host, arena);
    struct error refusal = {0};
    bool has_authority = look_at_authority(&work, &refusal);
    (void)has_authority; /* refusal goes to those that need it */
    for (size_t i = 0; i < count; i++) {
        observe_one(&work, items[i], &refusal, &out[i]);
    }
    certificate_work_release(&work);
    return true;
}

/* ---- Apply ---------------------------------------------------------------------------------- */

/* Of a pair that stands in for one that an authority will sign. */
static const int64_t STAND_IN_SECONDS = INT64_C(90) * 24 * 3600;

static struct pair *issue_internal(struct certificate_work *work,
                                   const struct certificate_item *wanted, struct error *err)
{
    if (work->authority == NULL &&
        !authority_open_to_sign(work->host, work->arena, &work->authority, err)) {
        return NULL;
    }
    const struct authority_request request = {
        .names = wanted->names,
        .name_count = wanted->name_count,
        .key_type = wanted->key_type,
        .lifetime_seconds =
            wanted->lifetime_seconds > 0 ? wanted->lifetime_seconds : STAND_IN_SECONDS,
        .now = work->now,
    };
    return authority_issue(work->authority, &request, err);
}

/* Looked at once more: the files may have changed since the plan was made. */
static struct pair *bring_in(struct certificate_work *work, const struct certificate_item *wanted,
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

static struct pair *make_pair(struct certificate_work *work, const struct certificate_issue *issue,
                              struct error *err)
{
    const struct certificate_item *wanted = issue->item->wanted;
    if (wanted->issuer != CERTIFICATE_FILE) {
        return issue_internal(work, wanted, err);
    }
    struct stored_pair stored;
    if (!pair_store_read(&work->places, issue->directory, PAIR_RECALL, &stored, err)) {
        return NULL;
    }
    struct pair *pair = bring_in(work, wanted, &stored, err);
    pair_release(stored.pair);
    return pair;
}

static void add_issue(struct certificate_work *work, const struct action *action,
                      struct outcome *outcome, struct certificate_issue_list *issues)
{
    const struct certificate_item *wanted = action->item->wanted;
    const char *directory = certificate_directory_of(work, action->item);
    struct certificate_issue issue = {
        .item = action->item, .outcome = outcome, .directory = directory};
    if (wanted->issuer == CERTIFICATE_ACME && !certificate_prepare(work, action, outcome)) {
        return; /* what is there goes on standing in */
    }
    struct error reason = {0};
    issue.pair = make_pair(work, &issue, &reason);
    if (issue.pair == NULL) {
        (void)error_wrap(&reason, "certificate %s", action->item->id);
        *outcome = (struct outcome){.result = OUTCOME_FAILED, .error = reason};
        return;
    }
    vec_add(work->arena, issues, issue);
}

static void certificate_apply(struct host *host, const struct action *const *actions, size_t count,
                              struct arena *arena, struct outcome *outcomes)
{
    struct certificate_work work = certificate_work_make(host, arena);
    struct certificate_issue_list issues = {0};
    struct error reason = {0};
    bool may_begin = certificate_begin(&work, actions, count, &reason);
    for (size_t i = 0; i < count; i++) {
        enum action_verb verb = actions[i]->verb;
        if (verb == ACTION_NONE || verb == ACTION_NOTIFY) {
            outcomes[i].result = OUTCOME_UNCHANGED;
        } else if (!may_begin) {
            outcomes[i] = (struct outcome){.result = OUTCOME_FAILED, .error = reason};
        } else if (verb == ACTION_DELETE) {
            const char *directory = certificate_directory_of(&work, actions[i]->item);
            bool is_gone = pair_store_remove(&work.places, directory, &outcomes[i].error) &&
                           certificate_forget(&work, directory, &outcomes[i].error);
            outcomes[i].result = is_gone ? OUTCOME_CHANGED : OUTCOME_FAILED;
        } else {
            add_issue(&work, actions[i], &outcomes[i], &issues);
        }
    }
    certificate_install(&work, issues.items, issues.count);
    if (may_begin) {
        staging_end(host);
    }
    certificate_work_release(&work);
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
