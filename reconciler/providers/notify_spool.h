/* STATE/notify/spool: messages that nobody has taken yet, one small file each, so that nothing is
 * lost when a run, the loop or a sender is killed. Who adds never waits for the network. Bounded:
 * the oldest go first, and are written down as dropped. */
#pragma once

#include "model/host.h"
#include "model/notify.h"

enum {
    NOTIFY_SPOOL_MOST = 500,           /* messages */
    NOTIFY_AGE_SECONDS = 24 * 60 * 60, /* then it is given up */
};

/* Durable when it returns. One of the same name, which is the id, or the commit of a commit's
 * state, is replaced. Texts are bounded: what is longer than 256 KiB in all is refused. */
bool notify_spool_add(struct host *host, const struct notify_message *message, struct arena *arena,
                      struct error *err) MUST_CHECK;
/* Oldest first; what cannot be read is removed. */
bool notify_spool_list(struct host *host, struct arena *arena, struct notify_messages *out_messages,
                       struct error *err) MUST_CHECK;
/* When the next one is due, microseconds since the epoch; 0: none waits. */
bool notify_spool_next(struct host *host, int64_t *out_next_us, struct error *err) MUST_CHECK;
/* It was taken, or given up; one that replaced it meanwhile stays. */
bool notify_spool_remove(struct host *host, const struct notify_message *message,
                         struct arena *arena, struct error *err) MUST_CHECK;
/* Keeps attempts, next_us and error; nothing when it is not there any more. */
bool notify_spool_update(struct host *host, const struct notify_message *message,
                         struct arena *arena, struct error *err) MUST_CHECK;
/* One sender at a time; false with ERROR_LOCKED while there is another. The caller closes it. */
bool notify_spool_begin(struct host *host, struct arena *arena, int *out_lock,
                        struct error *err) MUST_CHECK;

/* What came of an attempt; STATE/notify/results keeps it until a run records it. */
struct notify_result {
    int64_t at_us;
    const char *message; /* its id */
    const char *channel;
    const char *subject;
    const char *result; /* "sent", "retried", "refused", "given up", "dropped" */
    const char *answer; /* what the other side said, or what failed; or NULL */
    int64_t attempt;    /* from 1; 0: it was not tried */
};
VEC(notify_results, struct notify_result);

bool notify_results_add(struct host *host, const struct notify_result *result, struct arena *arena,
                        struct error *err) MUST_CHECK;
bool notify_results_read(struct host *host, struct arena *arena, struct notify_results *out_results,
                         struct error *err) MUST_CHECK;
/* Those that were read go; what was added since stays. */
bool notify_results_settle(struct host *host, const struct notify_results *results,
                           struct arena *arena, struct error *err) MUST_CHECK;

/* STATE/notify and below, for the memory of what was told. */
const char *notify_path(const struct host *host, struct arena *arena, const char *name);
/* Makes STATE/notify (0700) where it is not there yet. */
bool notify_make_directory(struct host *host, struct arena *arena, struct error *err) MUST_CHECK;
/* Of that memory, for whoever reads and writes it: runs and fetches are processes of their own.
 * Waits a moment for another. The caller closes it. */
bool notify_memory_lock(struct host *host, struct arena *arena, int *out_lock,
                        struct error *err) MUST_CHECK;
