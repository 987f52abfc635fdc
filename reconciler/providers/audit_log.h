/* STATE/audit: who did what, one JSON object a line, until a run has recorded it; and the same in
 * the journal at once. Whoever adds holds the lock of a run. */
#pragma once

#include "base/vec.h"
#include "model/host.h"

struct audit_entry {
    int64_t at_us;
    const char *who;    /* "root", "ali (web)" */
    const char *from;   /* "command line", "socket, process 123"; or NULL */
    const char *action; /* "suspend" */
    const char *target; /* "site:shop"; or NULL */
    const char *detail; /* or NULL */
};
VEC(audit_entries, struct audit_entry);

/* Durable when it returns. */
bool audit_log_add(struct host *host, const struct audit_entry *entry, struct arena *arena,
                   struct error *err) MUST_CHECK;
/* Oldest first; a line that was cut off by a crash is passed over. */
bool audit_log_read(struct host *host, struct arena *arena, struct audit_entries *out_entries,
                    struct error *err) MUST_CHECK;
/* After they were recorded. */
bool audit_log_clear(struct host *host, struct arena *arena, struct error *err) MUST_CHECK;
