/* What the clock and the authority say of pairs that an authority has signed. */

#include "providers/certificate_renewal.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/vec.h"
#include "providers/acme_client.h"

enum { SEED_DIGITS = 16, SEED_BASE = 16 };

bool certificate_can_be_asked_for(const struct host *host)
{
    return strcmp(host->root_path, "/") == 0;
}

bool certificate_is_issued(const struct certificate_item *wanted,
                           const struct certificate_pair *pair,
                           const struct certificate_record *record)
{
    return pair != NULL && text_equal(record->fingerprint, pair->fingerprint) &&
           text_equal(record->directory_url, wanted->directory_url);
}

/* Of name and fingerprint, so that hosts and certificates spread. */
static uint64_t seed_of(const char *directory, const char *fingerprint, struct arena *arena)
{
    char digest[DIGEST_HEX_SIZE];
    digest_hex(str_of(arena_printf(arena, "%s %s", directory, fingerprint)), digest);
    digest[SEED_DIGITS] = '\0';
    return strtoull(digest, NULL, SEED_BASE);
}

struct renewal certificate_renewal(const struct certificate_item *wanted,
                                   const struct certificate_pair *issued,
                                   const struct certificate_record *record, struct arena *arena)
{
    return (struct renewal){
        .starts_at = issued == NULL ? 0 : issued->starts_at,
        .expires_at = issued == NULL ? 0 : issued->expires_at,
        .window_start = record->window_start,
        .window_end = record->window_end,
        .window_asked_at = record->window_asked_at,
        .window_ask_after = record->window_ask_after,
        .failures = record->failures,
        .failed_at = record->failed_at,
        .retry_after = record->retry_after,
        .seed = seed_of(wanted->directory, record->fingerprint == NULL ? "" : record->fingerprint,
                        arena),
    };
}

const char *certificate_wish_text(const struct certificate_item *wanted, struct arena *arena)
{
    return arena_printf(arena, "%s %s", wanted->directory_url,
                        certificate_names_text(wanted->names, wanted->name_count, arena));
}

/* ---- Asking --------------------------------------------------------------------------------- */

struct due {
    const struct certificate_item *wanted;
    struct certificate_record record;
    const char *renewal_id; /* NULL: the authority has no name for it */
};
VEC(due_list, struct due);

static void find_due(struct certificate_work *work, const struct item *item, struct due_list *due)
{
    const struct certificate_item *wanted = item->wanted;
    struct stored_pair stored = {0};
    struct certificate_record record =
        certificate_record_read(work->host, wanted->directory, work->arena);
    if (record.fingerprint == NULL ||
        !pair_store_read(&work->places, wanted->directory, PAIR_RECALL, &stored, NULL)) {
        return;
    }
    if (certificate_is_issued(wanted, stored.description, &record)) {
        const struct renewal renewal =
            certificate_renewal(wanted, stored.description, &record, work->arena);
        if (renewal_ask_at(&renewal, work->now) <= work->now) {
            vec_add(work->arena, due,
                    (struct due){.wanted = wanted,
                                 .record = record,
                                 .renewal_id = stored.description->renewal_id});
        }
    }
    pair_release(stored.pair);
}

/* All of one directory, from the first: at once, for which its client starts one program. */
static void ask_directory(struct certificate_work *work, const struct acme_client *client,
                          struct due_list *due, size_t first)
{
    const char *url = due->items[first].wanted->directory_url;
    struct acme_window *windows = arena_array(work->arena, due->count, sizeof(*windows));
    struct due **asked = arena_array(work->arena, due->count, sizeof(struct due *));
    size_t count = 0;
    for (size_t i = first; i < due->count; i++) {
        struct due *each = &due->items[i];
        if (strcmp(each->wanted->directory_url, url) == 0 && each->renewal_id != NULL) {
            asked[count] = each;
            windows[count++] = (struct acme_window){.id = each->renewal_id};
        }
    }
    if (client == NULL ||
        !acme_client_ask_windows(client, url, windows, count, work->arena, NULL)) {
        return; /* asked in vain; the former window stays */
    }
    for (size_t i = 0; i < count; i++) {
        asked[i]->record.window_start = windows[i].start;
        asked[i]->record.window_end = windows[i].end;
        asked[i]->record.window_ask_after = windows[i].ask_after;
    }
}

static bool is_first(const struct due_list *due, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(due->items[i].wanted->directory_url, due->items[index].wanted->directory_url) ==
            0) {
            return false;
        }
    }
    return true;
}

static void ask_all(struct certificate_work *work, struct due_list *due)
{
    struct acme_client *client = NULL;
    bool is_open = acme_client_open(work->host, work->arena, &client, NULL);
    for (size_t i = 0; i < due->count; i++) {
        due->items[i].record.window_asked_at = work->now;
        due->items[i].record.window_ask_after = 0;
    }
    for (size_t i = 0; i < due->count; i++) {
        if (is_first(due, i)) {
            ask_directory(work, is_open ? client : NULL, due, i);
        }
    }
    for (size_t i = 0; i < due->count; i++) {
        bool is_kept = certificate_record_write(work->host, due->items[i].wanted->directory,
                                                &due->items[i].record, work->arena, NULL);
        (void)is_kept; /* then the next run asks again */
    }
}

void certificate_ask_windows(struct host *host, const struct item_list *items, struct arena *arena)
{
    struct certificate_work work = certificate_work_make(host, arena);
    struct due_list due = {0};
    for (size_t i = 0; certificate_can_be_asked_for(host) && i < items->count; i++) {
        const struct item *item = &items->items[i];
        const struct certificate_item *wanted = item->wanted;
        if (strcmp(item->type, ITEM_CERTIFICATE) == 0 && wanted != NULL &&
            wanted->issuer == CERTIFICATE_ACME) {
            find_due(&work, item, &due);
        }
    }
    if (due.count > 0) {
        ask_all(&work, &due);
    }
    certificate_work_release(&work);
}
