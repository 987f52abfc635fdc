/* The record of what was done: runs with their actions, and the present state of everything. The
 * disk is the truth: losing the store breaks nothing, and a caller whose record fails logs it and
 * goes on. One writer at a time (the run's lock sees to that), any number of readers. */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "store/record.h"

struct store;

/* Creates the file (0640) and its folder (0750) where they are absent, both of this group;
 * (gid_t)-1 leaves the group alone. What is above the folder must exist. A damaged store is moved
 * aside and begun anew, with a warning in the log. */
bool store_open(const char *path, gid_t group, struct store **out_store,
                struct error *err) MUST_CHECK;
/* Accepts NULL. */
void store_close(struct store *store);

enum run_state {
    RUN_STATE_KEPT,      /* the host was not looked at (refused input): the state stays as it was */
    RUN_STATE_CONFIRMED, /* everything was looked at and is as recorded; see store_is_settled */
    RUN_STATE_REPLACED,  /* items, documents and certificates below are all there is now */
};

/* One run. Pointers are borrowed for the call. */
struct run_report {
    struct run_record run;
    const struct action_record *actions; /* without those that had nothing to do */
    size_t action_count;
    enum run_state state;
    const struct item_record *items;
    size_t item_count;
    const struct document_record *documents;
    size_t document_count;
    const struct certificate_record *certificates;
    size_t certificate_count;
    const struct drift_record *drifts; /* that no earlier run recorded */
    size_t drift_count;
    const struct delivery_record *delivery; /* of the documents that were looked at; NULL: none */
    const struct audit_record *audits;      /* that no earlier run recorded */
    size_t audit_count;
    const struct notification_record *notifications; /* the same */
    size_t notification_count;
};

/* True when every recorded item is in sync and the recorded wish has this digest: a run that finds
 * nothing to do may then say RUN_STATE_CONFIRMED, which costs one row whatever the host's size. */
bool store_is_settled(struct store *store, const char *desired_digest);

/* What a fetch learnt, also beside a run. */
bool store_record_source(struct store *store, const struct source_record *source,
                         struct error *err) MUST_CHECK;

/* Everything in one transaction; long histories lose their oldest runs. */
bool store_record_run(struct store *store, const struct run_report *report, int64_t *out_number,
                      struct error *err) MUST_CHECK;
