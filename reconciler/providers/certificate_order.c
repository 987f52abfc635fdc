/* Pairs that an authority signs: what stands in for them, when it is time to ask, and asking. */

#include "providers/certificate_order.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parallel.h"
#include "providers/acme_book.h"
#include "providers/acme_client.h"
#include "providers/certificate_parts.h"
#include "providers/certificate_preflight.h"
#include "providers/certificate_renewal.h"
#include "providers/fingerprints.h"
#include "providers/nginx.h"
#include "providers/signing.h"
#include "providers/staging.h"

/* Pauses double from a minute on: as long as no authority was asked, which costs nothing, no longer
 * than an hour. */
enum { FREE_FAILURES_MOST = 7 };
enum { KEY_MODE = 0600, ORDERS_AT_ONCE = 4 };

/* ---- What is there -------------------------------------------------------------------------- */

static const char *waiting_path(struct certificate_work *work, const char *directory)
{
    return certificate_beside(work->arena, directory, CERTIFICATE_WAITING, "conf");
}

static bool is_waiting(struct certificate_work *work, const char *directory)
{
    const char *path = host_path(waiting_path(work, directory));
    return faccessat(work->host->root, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static const struct certificate_item *found_by(const struct action *action)
{
    return action->found->exists ? action->found->found : NULL;
}

void certificate_look_at_order(struct certificate_work *work, const struct item *item,
                               struct certificate_item *found, struct observation *out)
{
    const struct certificate_item *wanted = item->wanted;
    struct arena *arena = work->arena;
    struct certificate_record record =
        certificate_record_read(work->host, wanted->directory, arena);
    found->issuer = wanted->issuer;
    found->issuer_name = wanted->issuer_name;
    found->is_waiting = is_waiting(work, wanted->directory);
    found->is_issued = certificate_is_issued(wanted, found->pair, &record);
    if (!text_equal(record.asked_for, certificate_wish_text(wanted, arena))) {
        record.failures = 0;
        record.dropped = NULL;
    }
    const struct renewal renewal =
        certificate_renewal(wanted, found->is_issued ? found->pair : NULL, &record, arena);
    int64_t try_at = renewal_try_at(&renewal);
    int64_t ask_at = renewal_ask_at(&renewal, work->now);
    found->is_due = found->is_issued && renewal_due_at(&renewal) <= work->now;
    certificate_look_at_age(work, found, &renewal);
    if (found->pair == NULL) {
        return; /* something has to stand in for it, whatever has failed before */
    }
    if (!certificate_can_be_asked_for(work->host)) {
        out->wait = message_word(arena, N_("it is ordered once the host runs"));
    } else if (record.failures > 0 && try_at > work->now) {
        out->wait = message_chain(
            arena, message_make(arena, "tried again at %s", certificate_moment(try_at, arena)),
            MESSAGE_COLON, message_quote(arena, record.why == NULL ? "" : record.why));
    }
    if (try_at > work->now) {
        fingerprints_due(work->host, try_at);
    }
    certificate_look_at_dropped(work, wanted, &record, found, out);
    if (found->is_issued && ask_at != INT64_MAX && certificate_can_be_asked_for(work->host)) {
        fingerprints_due(work->host, ask_at);
    }
}

/* ---- Before the authority answers ----------------------------------------------------------- */

static bool put_waiting(struct certificate_work *work, const struct certificate_item *wanted,
                        struct error *err)
{
    const struct host *host = work->host;
    const char *path = waiting_path(work, wanted->directory);
    const char *above = arena_strndup(work->arena, path, (size_t)(strrchr(path, '/') - path));
    return file_make_directories(host->root, host_path(above), 0755, err) &&
           file_replace(host->root, host_path(path), str_of(wanted->waiting_text), 0644,
                        FILE_OWNER_NONE, FILE_SYNC_NOW, err);
}

/* nginx has to know: it goes on with what it has read. */
static bool drop_waiting(struct certificate_work *work, const char *directory, struct error *err)
{
    return nginx_reload_owe(work->host, err) &&
           file_remove_all(work->host->root, host_path(waiting_path(work, directory)), err);
}

static bool protect_key(struct certificate_work *work, const char *directory, struct error *err)
{
    struct stored_pair stored;
    if (!pair_store_read(&work->places, directory, PAIR_READ, &stored, err)) {
        return false;
    }
    pair_release(stored.pair);
    return stored.version == NULL ||
           pair_store_protect(&work->places, directory, stored.version, err);
}

static void tell(struct outcome *outcome, bool is_done, const struct error *reason)
{
    outcome->result = is_done ? OUTCOME_CHANGED : OUTCOME_FAILED;
    if (!is_done) {
        outcome->error = *reason;
    }
}

bool certificate_prepare(struct certificate_work *work, const struct action *action,
                         struct outcome *outcome)
{
    const struct certificate_item *wanted = action->item->wanted;
    const struct certificate_item *found = found_by(action);
    struct error reason = {0};
    if (found == NULL || found->pair == NULL) {
        bool is_put = put_waiting(work, wanted, &reason);
        if (!is_put) {
            tell(outcome, false, &reason);
        }
        return is_put;
    }
    if (found->is_issued && found->is_waiting) {
        tell(outcome, drop_waiting(work, wanted->directory, &reason), &reason);
    }
    if (found->key_mode != KEY_MODE && outcome->result != OUTCOME_FAILED) {
        tell(outcome, protect_key(work, wanted->directory, &reason), &reason);
    }
    return false;
}

bool certificate_forget(struct certificate_work *work, const char *directory, struct error *err)
{
    return certificate_record_remove(work->host, directory, work->arena, err) &&
           file_remove_all(work->host->root, host_path(waiting_path(work, directory)), err);
}

/* ---- What has to be asked for --------------------------------------------------------------- */

bool certificate_is_ordered(const struct host *host, const struct action *action)
{
    return certificate_can_be_asked_for(host) &&
           strcmp(action->item->type, ITEM_CERTIFICATE) == 0 && action->item->wanted != NULL &&
           action->held_because == NULL &&
           (action->verb == ACTION_CREATE || action->verb == ACTION_UPDATE) &&
           certificate_wants_order(action->item->wanted, found_by(action));
}

bool certificate_needs_tree(const struct action *action)
{
    const struct certificate_item *wanted = action->item->wanted;
    const struct certificate_item *found = found_by(action);
    for (size_t i = 0; found != NULL && found->pair != NULL && i < wanted->name_count; i++) {
        if (!certificate_pair_covers(found->pair, wanted->names[i])) {
            return true;
        }
    }
    return found == NULL || found->pair == NULL;
}

bool certificate_is_missing(const struct action *action)
{
    const struct certificate_item *wanted = action->item->wanted;
    const struct certificate_item *found = found_by(action);
    return strcmp(action->item->type, ITEM_CERTIFICATE) == 0 && wanted != NULL &&
           wanted->issuer == CERTIFICATE_ACME &&
           (found == NULL || found->pair == NULL || found->is_waiting);
}

/* ---- Asking --------------------------------------------------------------------------------- */

struct order {
    const struct certificate_item *wanted;
    const char *directory_url; /* of the authority that is asked: the wanted one, or that where it
                                  is rehearsed */
    struct acme_order written; /* as it stands in the ledger */
    enum acme_order_type type;
    bool is_written;     /* there; else err says why not */
    struct arena *arena; /* of the thread that works on it */
    struct pair *pair;   /* out; NULL: err and refusal say why */
    const char *dropped; /* names that it leaves out, as in struct certificate_record */
    const char *dropped_why;
    struct acme_refusal refusal;
    struct error err;
    bool is_ours; /* it failed here: nobody was asked, and the next run tries again */
};

struct ordering {
    struct host *host;
    const struct acme_client *client;
    struct order *orders;
};

/* What comes from the authority is looked at before it may take anything's place. */
static struct pair *read_answer(const struct order *order, struct str chain, EVP_PKEY *key,
                                int64_t now, struct error *err)
{
    AUTO_PAIR pair = pair_read(chain, NULL, err);
    if (pair == NULL) {
        return NULL;
    }
    pair_set_key(pair, key);
    const struct message *why =
        certificate_why_unfit(pair_describe(pair, order->arena), order->wanted, now, order->arena);
    if (why != NULL) {
        (void)error_set_message(err, ERROR_REFUSED, why);
        return NULL;
    }
    struct pair *read = pair;
    pair = NULL;
    return read;
}

static void place_order(void *context, size_t number)
{
    const struct ordering *ordering = context;
    struct order *order = &ordering->orders[number];
    const struct certificate_item *wanted = order->wanted;
    struct str request = {0};
    struct str chain = {0};
    if (order->err.code != ERROR_NONE) {
        return; /* its authority has no account for us, or its limits leave no room */
    }
    AUTO_KEY key = signing_make_key(wanted->key_type, &order->err);
    if (key == NULL ||
        !signing_write_request(key, wanted->names, wanted->name_count, order->arena, &request,
                               &order->err) ||
        !acme_client_order(ordering->client,
                           &(const struct acme_request){.directory_url = order->directory_url,
                                                        .challenge = wanted->challenge,
                                                        .text = request,
                                                        .number = number},
                           order->arena, &chain, &order->refusal, &order->err)) {
        return;
    }
    order->pair = read_answer(order, chain, key, ordering->host->now(ordering->host), &order->err);
}

static void register_all(const struct acme_client *client, struct order *orders, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (orders[i].err.code != ERROR_NONE) {
            continue; /* nobody is asked for it */
        }
        bool is_registered =
            acme_client_register(client, orders[i].directory_url, orders[i].arena, &orders[i].err);
        (void)is_registered; /* err tells */
    }
}

static void fail_all(struct order *orders, size_t count, const struct error *reason)
{
    for (size_t i = 0; i < count; i++) {
        if (orders[i].err.code == ERROR_NONE) {
            orders[i].err = *reason;
            orders[i].is_ours = true;
        }
    }
}

/* Before anybody hears of them. */
static void write_down(struct certificate_work *work, struct acme_book *book, struct order *orders,
                       size_t count)
{
    struct error reason = {0};
    for (size_t i = 0; i < count; i++) {
        struct order *order = &orders[i];
        order->is_written = order->err.code == ERROR_NONE &&
                            acme_book_take(book, &order->written, work->now,
                                           &order->refusal.retry_after, &order->err);
    }
    if (!acme_book_write(book, &reason)) {
        fail_all(orders, count, &reason);
    }
}

static void write_outcomes(struct acme_book *book, const struct order *orders, size_t count)
{
    int64_t now = book->host->now(book->host);
    for (size_t i = 0; i < count; i++) {
        const struct order *order = &orders[i];
        if (!order->is_written) {
            continue;
        }
        if (order->pair != NULL) {
            acme_ledger_add_certificate(book->arena, &book->ledger, &order->written, now);
        } else if (order->refusal.is_validation) {
            acme_ledger_add_failure(book->arena, &book->ledger, &order->written,
                                    order->written.names, now);
        } else if (order->err.code == ERROR_REFUSED) {
            acme_ledger_settle(&book->ledger, &order->written);
        }
    }
    bool is_written = acme_book_write(book, NULL);
    (void)is_written; /* then they count as open, which is more than they cost */
}

static void place_all(struct certificate_work *work, const struct acme_client *client,
                      struct acme_book *book, struct order *orders, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        orders[i].written =
            acme_book_order(book, orders[i].directory_url, orders[i].type, orders[i].wanted->names);
    }
    register_all(client, orders, count);
    write_down(work, book, orders, count);
    struct ordering ordering = {work->host, client, orders};
    parallel_wait(ORDERS_AT_ONCE, count, place_order, &ordering);
    write_outcomes(book, orders, count);
}

/* Names that fail count against little where certificates are worth nothing. What fails there is
 * not ordered. */
static void rehearse(struct certificate_work *work, const struct acme_client *client,
                     struct acme_book *book, struct order *orders, size_t count)
{
    struct order *rehearsals = arena_array(work->arena, count, sizeof(*rehearsals));
    size_t *places = arena_array(work->arena, count, sizeof(*places));
    size_t rehearsal_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (orders[i].err.code == ERROR_NONE && orders[i].type == ACME_NEW &&
            orders[i].wanted->rehearsal_url != NULL) {
            rehearsals[rehearsal_count] = orders[i];
            rehearsals[rehearsal_count].directory_url = orders[i].wanted->rehearsal_url;
            places[rehearsal_count++] = i;
        }
    }
    place_all(work, client, book, rehearsals, rehearsal_count);
    for (size_t i = 0; i < rehearsal_count; i++) {
        struct order *order = &orders[places[i]];
        if (rehearsals[i].pair == NULL) {
            order->refusal = rehearsals[i].refusal;
            order->err = rehearsals[i].err;
            order->is_ours = rehearsals[i].is_ours;
            (void)error_wrap(&order->err, "rehearsed at %s", order->wanted->rehearsal_url);
        }
        pair_release(rehearsals[i].pair);
    }
}

/* For the same names that the pair has it costs less of what authorities allow. */
enum acme_order_type certificate_order_type(const struct action *action,
                                            const struct certificate_item *wanted,
                                            struct arena *arena)
{
    const struct certificate_item *found = found_by(action);
    const struct certificate_pair *pair = found == NULL ? NULL : found->pair;
    bool is_again = pair != NULL && found->is_issued &&
                    strcmp(certificate_names_text(pair->names, pair->name_count, arena),
                           certificate_names_text(wanted->names, wanted->name_count, arena)) == 0;
    return is_again ? ACME_RENEWAL : ACME_NEW;
}

/* The names that nothing speaks against. False: there are none. */
static bool leave_out(struct order *order, const struct order_preflight *preflight,
                      struct arena *arena)
{
    const struct certificate_item *all = preflight->wanted;
    struct certificate_item *some = arena_new(arena, struct certificate_item);
    const char **kept = arena_array(arena, all->name_count + 1, sizeof(*kept));
    const char **dropped = arena_array(arena, all->name_count, sizeof(*dropped));
    size_t dropped_count = 0;
    *some = *all;
    some->names = kept;
    some->name_count = 0;
    for (size_t i = 0; i < all->name_count; i++) {
        if (preflight->objections[i] == NULL) {
            kept[some->name_count++] = all->names[i];
        } else {
            order->dropped_why =
                order->dropped_why == NULL ? preflight->objections[i]->text : order->dropped_why;
            dropped[dropped_count++] = all->names[i];
        }
    }
    if (dropped_count > 0) {
        order->dropped = certificate_names_text(dropped, dropped_count, arena);
        order->wanted = some;
    }
    return some->name_count > 0;
}

static const struct message *first_objection(const struct order_preflight *preflight)
{
    for (size_t i = 0; i < preflight->wanted->name_count; i++) {
        if (preflight->objections[i] != NULL) {
            return preflight->objections[i];
        }
    }
    return NULL;
}

/* A renewal is asked for in any case: what we see from here may be less than the authority, and the
 * certificate runs out. */
static void take_preflight(struct order *order, const struct action *action,
                           const struct order_preflight *preflight, struct arena *arena)
{
    const struct message *why = preflight->refusal;
    bool is_new = certificate_order_type(action, preflight->wanted, arena) == ACME_NEW;
    if (why == NULL && preflight->wanted->drops_bad_names) {
        why = leave_out(order, preflight, arena) ? NULL : first_objection(preflight);
    } else if (why == NULL && is_new) {
        why = first_objection(preflight);
    }
    if (why != NULL) {
        (void)error_set_message(&order->err, ERROR_REFUSED, why);
    }
}

static void look_before(struct certificate_work *work, const struct acme_client *client,
                        const struct action *const *actions, struct order *orders, size_t count)
{
    struct order_preflight *preflights = arena_array(work->arena, count, sizeof(*preflights));
    for (size_t i = 0; i < count; i++) {
        preflights[i] = (struct order_preflight){.wanted = orders[i].wanted, .is_served = true};
    }
    certificate_preflight(client, work->host, true, preflights, count, work->arena);
    for (size_t i = 0; i < count; i++) {
        take_preflight(&orders[i], actions[i], &preflights[i], work->arena);
        orders[i].type = certificate_order_type(actions[i], orders[i].wanted, work->arena);
    }
}

static void place_orders(struct certificate_work *work, const struct action *const *actions,
                         struct order *orders, size_t count)
{
    struct acme_client *client = NULL;
    struct error reason = {0};
    if (!acme_client_open(work->host, work->arena, &client, &reason) ||
        !acme_client_make_folder(client, &reason)) {
        fail_all(orders, count, &reason);
        return;
    }
    struct acme_book book = acme_book_open(work->host, work->arena);
    look_before(work, client, actions, orders, count);
    rehearse(work, client, &book, orders, count);
    place_all(work, client, &book, orders, count);
}

/* ---- What came of it ------------------------------------------------------------------------ */

static void fail_order(struct certificate_work *work, const struct action *action,
                       struct order *order, struct outcome *outcome)
{
    const struct certificate_item *wanted = action->item->wanted;
    struct certificate_record record =
        certificate_record_read(work->host, wanted->directory, work->arena);
    const char *asked_for = certificate_wish_text(wanted, work->arena);
    record.failures = text_equal(record.asked_for, asked_for) ? record.failures + 1 : 1;
    if (!order->is_written && record.failures > FREE_FAILURES_MOST) {
        record.failures = FREE_FAILURES_MOST;
    }
    record.asked_for = asked_for;
    record.failed_at = work->host->now(work->host);
    record.retry_after = order->refusal.retry_after;
    record.why = order->err.message;
    bool is_kept = order->is_ours || certificate_record_write(work->host, wanted->directory,
                                                              &record, work->arena, NULL);
    (void)is_kept; /* then it is tried again by the next run */
    (void)error_wrap(&order->err, "certificate %s", action->item->id);
    *outcome = (struct outcome){.result = OUTCOME_FAILED, .error = order->err};
}

static void end_order(struct certificate_work *work, const struct certificate_issue *issue,
                      const struct order *order, const char *fingerprint)
{
    const struct certificate_item *wanted = issue->item->wanted;
    struct error reason = {0};
    const struct certificate_record record = {
        .directory_url = wanted->directory_url,
        .fingerprint = fingerprint,
        .asked_for = certificate_wish_text(wanted, work->arena),
        .dropped = order->dropped,
        .dropped_why = order->dropped_why,
        .dropped_at = order->dropped == NULL ? 0 : work->now,
    };
    if (issue->version == NULL) {
        return;
    }
    bool is_ended =
        certificate_record_write(work->host, wanted->directory, &record, work->arena, &reason) &&
        drop_waiting(work, wanted->directory, &reason);
    if (!is_ended) {
        tell(issue->outcome, false, &reason);
    }
}

void certificate_order(struct host *host, const struct action *const *actions, size_t count,
                       struct arena *arena, struct outcome *outcomes)
{
    struct certificate_work work = certificate_work_make(host, arena);
    struct order *orders = arena_array(arena, count, sizeof(*orders));
    const char **fingerprints = arena_array(arena, count, sizeof(*fingerprints));
    const struct order **issued = arena_array(arena, count, sizeof(const struct order *));
    struct certificate_issue_list issues = {0};
    struct error reason = {0};
    bool may_begin = certificate_begin(&work, actions, count, &reason);
    for (size_t i = 0; i < count; i++) {
        orders[i].wanted = actions[i]->item->wanted;
        orders[i].directory_url = orders[i].wanted->directory_url;
        orders[i].arena = arena_create();
    }
    if (may_begin) {
        place_orders(&work, actions, orders, count);
    } else {
        fail_all(orders, count, &reason);
    }
    for (size_t i = 0; i < count; i++) {
        if (orders[i].pair == NULL) {
            fail_order(&work, actions[i], &orders[i], &outcomes[i]);
            continue;
        }
        issued[issues.count] = &orders[i];
        fingerprints[issues.count] = pair_describe(orders[i].pair, arena)->fingerprint;
        vec_add(arena, &issues,
                (struct certificate_issue){.item = actions[i]->item,
                                           .outcome = &outcomes[i],
                                           .directory = orders[i].wanted->directory,
                                           .pair = orders[i].pair});
    }
    certificate_install(&work, issues.items, issues.count);
    for (size_t i = 0; i < issues.count; i++) {
        end_order(&work, &issues.items[i], issued[i], fingerprints[i]);
    }
    for (size_t i = 0; i < count; i++) {
        arena_adopt(arena, orders[i].arena);
    }
    if (may_begin) {
        staging_end(host);
    }
    certificate_work_release(&work);
}
