/* The ledger: the items that we own, in STATE/ledger. Only they are ever deleted, and a thing that
 * exists without standing here is never taken over silently.
 *
 * The order that survives a crash: put what is about to be created or changed and save, apply, put
 * the digests of what was carried out, remove what was deleted, save again. An entry of something
 * that was never made does no harm; something that was made without an entry would look like
 * somebody else's, and something that was changed as if somebody else had done it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/file.h"
#include "model/host.h"

/* The type of entries that are parts of an item: members of the nginx tree, by their paths. */
#define LEDGER_PART "part"

struct ledger_entry {
    const char *type;             /* of the item: "file" */
    const char *id;               /* of the item: "/etc/systemd/system/shop.service" */
    const char *document;         /* "service:shop"; NULL: wanted by the engine itself */
    char digest[DIGEST_HEX_SIZE]; /* of the wish that was last carried out; "": none yet */
    bool is_protected;            /* deleting asks for more than its document going away */
    bool has_data;                /* never deleted without a tombstone */
    bool is_begun;                /* a change of it has begun, and its end was never written down */
};

struct ledger;

/* An absent ledger is empty. A damaged one is an error that names the line: what we own must not
 * be guessed. Entries live on the arena. */
bool ledger_load(struct host *host, struct arena *arena, struct ledger **out_ledger,
                 struct error *err) MUST_CHECK;
/* Replaces STATE/ledger at once and synced; nothing is written when nothing changed. */
bool ledger_save(struct host *host, struct ledger *ledger, struct error *err) MUST_CHECK;

/* How the file looks now; all zero when there is none. */
struct file_fingerprint ledger_fingerprint(struct host *host, struct arena *arena);

/* Adds or replaces; texts are copied. Returns the entry. */
const struct ledger_entry *ledger_put(struct ledger *ledger, const struct ledger_entry *entry);
/* False when it was not there. */
bool ledger_remove(struct ledger *ledger, const char *type, const char *id);

/* NULL when it is not ours. */
const struct ledger_entry *ledger_find(const struct ledger *ledger, const char *type,
                                       const char *id);
size_t ledger_count(const struct ledger *ledger);
size_t ledger_count_of(const struct ledger *ledger, const char *type);
/* Sorted by type and id. The array lives on the arena, and holds until the next change. */
const struct ledger_entry *const *ledger_entries(const struct ledger *ledger, struct arena *arena);
