/* Names that were left out of a certificate, because they could not have been proven. */

#include <string.h>

#include "providers/certificate_preflight.h"
#include "providers/certificate_renewal.h"
#include "providers/fingerprints.h"

enum { TRIED_AGAIN_S = 24 * 3600 };

/* The words of a record's list, NULL-terminated. */
static const char *const *split(const char *names, struct arena *arena, size_t *out_count)
{
    VEC(name_list, const char *) list = {0};
    char *rest = arena_strdup(arena, names);
    for (char *name = strsep(&rest, " "); name != NULL; name = strsep(&rest, " ")) {
        vec_add(arena, &list, name);
    }
    *out_count = list.count;
    vec_add(arena, &list, NULL);
    return list.items;
}

void certificate_look_at_dropped(const struct certificate_work *work,
                                 const struct certificate_item *wanted,
                                 const struct certificate_record *record,
                                 struct certificate_item *found, struct observation *out)
{
    struct arena *arena = work->arena;
    size_t count = 0;
    if (record->dropped == NULL || !found->is_issued || !wanted->drops_bad_names) {
        return;
    }
    const char *const *dropped = split(record->dropped, arena, &count);
    const char **names = arena_array(arena, found->name_count + count + 1, sizeof(*names));
    memcpy(names, found->names, found->name_count * sizeof(*names));
    memcpy(names + found->name_count, dropped, count * sizeof(*names));
    found->names = names;
    found->name_count += count;
    out->note =
        message_chain(arena, message_make(arena, "without %s", record->dropped), MESSAGE_COLON,
                      message_quote(arena, record->dropped_why == NULL ? "" : record->dropped_why));
    if (certificate_can_be_asked_for(work->host)) {
        fingerprints_due(work->host, record->dropped_at + TRIED_AGAIN_S);
    }
}

/* ---- Trying them again ---------------------------------------------------------------------- */

struct retry {
    const struct certificate_item *wanted; /* what was left out alone */
    struct certificate_record record;
};
VEC(retry_list, struct retry);

static void find_retry(struct certificate_work *work, const struct certificate_item *wanted,
                       struct retry_list *retries)
{
    struct certificate_record record =
        certificate_record_read(work->host, wanted->directory, work->arena);
    if (record.dropped == NULL || record.dropped_at + TRIED_AGAIN_S > work->now) {
        return;
    }
    struct certificate_item *some = arena_new(work->arena, struct certificate_item);
    *some = *wanted;
    some->names = split(record.dropped, work->arena, &some->name_count);
    vec_add(work->arena, retries, (struct retry){some, record});
}

/* The names that something still speaks against. */
static void take_answer(struct retry *retry, const struct order_preflight *preflight, int64_t now,
                        struct arena *arena)
{
    const char **left = arena_array(arena, retry->wanted->name_count, sizeof(*left));
    size_t count = 0;
    const char *why = NULL;
    for (size_t i = 0; i < retry->wanted->name_count; i++) {
        if (preflight->objections[i] != NULL) {
            why = why == NULL ? preflight->objections[i]->text : why;
            left[count++] = retry->wanted->names[i];
        }
    }
    retry->record.dropped_at = now;
    if (preflight->refusal == NULL) {
        retry->record.dropped = count == 0 ? NULL : certificate_names_text(left, count, arena);
        retry->record.dropped_why = why;
    }
}

static void try_all(struct certificate_work *work, struct retry_list *retries)
{
    struct acme_client *client = NULL;
    struct order_preflight *preflights =
        arena_array(work->arena, retries->count, sizeof(*preflights));
    if (!acme_client_open(work->host, work->arena, &client, NULL)) {
        return;
    }
    for (size_t i = 0; i < retries->count; i++) {
        preflights[i] =
            (struct order_preflight){.wanted = retries->items[i].wanted, .is_served = true};
    }
    certificate_preflight(client, work->host, true, preflights, retries->count, work->arena);
    for (size_t i = 0; i < retries->count; i++) {
        struct retry *retry = &retries->items[i];
        take_answer(retry, &preflights[i], work->now, work->arena);
        bool is_kept = certificate_record_write(work->host, retry->wanted->directory,
                                                &retry->record, work->arena, NULL);
        (void)is_kept; /* then the next run tries again */
    }
}

void certificate_try_dropped(struct host *host, const struct item_list *items, struct arena *arena)
{
    struct certificate_work work = certificate_work_make(host, arena);
    struct retry_list retries = {0};
    for (size_t i = 0; certificate_can_be_asked_for(host) && i < items->count; i++) {
        const struct certificate_item *wanted = items->items[i].wanted;
        if (strcmp(items->items[i].type, ITEM_CERTIFICATE) == 0 && wanted != NULL &&
            wanted->issuer == CERTIFICATE_ACME && wanted->drops_bad_names) {
            find_retry(&work, wanted, &retries);
        }
    }
    if (retries.count > 0) {
        try_all(&work, &retries);
    }
    certificate_work_release(&work);
}
