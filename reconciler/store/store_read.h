/* Questions to the store, read only: for the status pages and for the verbs that look back. All
 * answers between store_snapshot_begin and store_snapshot_end are of one moment. Records and their
 * texts live on the arena. "Not found" is an answer, not an error. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"
#include "store/record.h"

VEC(run_records, struct run_record);
VEC(action_records, struct action_record);
VEC(item_records, struct item_record);
VEC(document_records, struct document_record);
VEC(certificate_records, struct certificate_record);
VEC(drift_records, struct drift_record);
VEC(delivery_records, struct delivery_record);
VEC(audit_records, struct audit_record);

struct store_reader;

/* Needs read permission only. ERROR_UNAVAILABLE: there is no store yet. */
bool store_reader_open(const char *path, struct store_reader **out_reader,
                       struct error *err) MUST_CHECK;
/* Accepts NULL. */
void store_reader_close(struct store_reader *reader);
/* False once the file at the path is another one (begun anew) or gone: close and open again. */
bool store_reader_is_current(const struct store_reader *reader);

/* now decides what is stale: from checked_at + stale_after on, what was in sync reads as stale. */
bool store_snapshot_begin(struct store_reader *reader, int64_t now, struct error *err) MUST_CHECK;
void store_snapshot_end(struct store_reader *reader);

struct state_counts {
    int64_t of[ITEM_STATE_COUNT];
    int64_t total;
};

struct store_overview {
    bool has_run;            /* false: nothing was recorded yet; the rest is empty */
    bool has_state;          /* some run has looked at the host */
    bool is_stale;           /* the last look is too old to be believed */
    int64_t checked_at;      /* the last time the whole host was looked at */
    int64_t stale_at;        /* when this look becomes too old */
    struct run_record last;  /* the newest run, whatever it did */
    struct run_record state; /* the run whose state is shown: the newest that looked at the host */
    struct state_counts documents;
    struct state_counts own_items; /* those that belong to no document */
};
bool store_read_overview(struct store_reader *reader, struct arena *arena,
                         struct store_overview *out_overview, struct error *err) MUST_CHECK;

bool store_read_item_counts(struct store_reader *reader, struct state_counts *out_counts,
                            struct error *err) MUST_CHECK;

/* A page of a list: at most limit rows behind (or, with is_backward, before) the key. */
struct page_request {
    size_t limit;
    bool is_backward;
};

struct document_filter {
    const char *kind;     /* NULL: every kind */
    const char *search;   /* NULL, or a part of the name, description or summary */
    int state;            /* -1: every state; else an enum item_state */
    const char *key_kind; /* of the row to go on from; NULL: from the start */
    const char *key_name;
    struct page_request page;
};
struct document_page {
    struct document_records rows; /* by kind and name */
    bool has_before;
    bool has_after;
    int64_t total; /* that match, on all pages */
};
bool store_read_documents(struct store_reader *reader, struct arena *arena,
                          const struct document_filter *filter, struct document_page *out_page,
                          struct error *err) MUST_CHECK;

bool store_read_document(struct store_reader *reader, struct arena *arena, const char *kind,
                         const char *name, bool *out_is_found, struct document_record *out_document,
                         struct error *err) MUST_CHECK;
/* The documents that are not in sync, the most urgent first. */
bool store_read_attention(struct store_reader *reader, struct arena *arena, size_t limit,
                          struct document_records *out_documents, struct error *err) MUST_CHECK;
/* How many documents there are of each kind, by kind. */
struct kind_count {
    const char *kind;
    struct state_counts counts;
};
VEC(kind_counts, struct kind_count);
bool store_read_kinds(struct store_reader *reader, struct arena *arena,
                      struct kind_counts *out_kinds, struct error *err) MUST_CHECK;

struct item_filter {
    const char *kind; /* of the document; NULL: those that belong to none */
    const char *name;
    bool needs_attention; /* only those not in sync, the most urgent first */
    size_t limit;
};
bool store_read_items(struct store_reader *reader, struct arena *arena,
                      const struct item_filter *filter, struct item_records *out_items,
                      struct error *err) MUST_CHECK;

struct run_filter {
    bool only_eventful; /* leave out those that had nothing to do */
    int64_t key;        /* number of the run to go on from; 0: from the newest */
    struct page_request page;
};
struct run_page {
    struct run_records rows; /* newest first */
    bool has_before;
    bool has_after;
    int64_t total;
};
bool store_read_runs(struct store_reader *reader, struct arena *arena,
                     const struct run_filter *filter, struct run_page *out_page,
                     struct error *err) MUST_CHECK;
bool store_read_run(struct store_reader *reader, struct arena *arena, int64_t number,
                    bool *out_is_found, struct run_record *out_run, struct error *err) MUST_CHECK;

/* The actions of one run, in order; or with run 0 those of one document, the newest first. */
struct action_filter {
    int64_t run;
    int64_t key;        /* with run: number of the action to go on behind; 0: from the start */
    bool is_of_one;     /* with run: only those of one document */
    bool is_unfinished; /* with run: only those that changed nothing, for whatever reason */
    const char *kind;   /* of the document; NULL: those that belong to none */
    const char *name;
    size_t limit;
};
struct action_page {
    struct action_records rows;
    bool has_after;
};
bool store_read_actions(struct store_reader *reader, struct arena *arena,
                        const struct action_filter *filter, struct action_page *out_page,
                        struct error *err) MUST_CHECK;

/* The first to expire stand first. */
bool store_read_certificates(struct store_reader *reader, struct arena *arena, size_t limit,
                             struct certificate_records *out_certificates,
                             struct error *err) MUST_CHECK;

/* Those of one document. */
bool store_read_certificates_of(struct store_reader *reader, struct arena *arena, const char *kind,
                                const char *name, struct certificate_records *out_certificates,
                                struct error *err) MUST_CHECK;

/* One stretch of time: what the runs that ended in it did. */
struct history_slot {
    int64_t starts_at;
    int64_t runs;
    int64_t of[RUN_VERDICT_COUNT]; /* runs by verdict */
    int64_t unsettled;             /* most items out of sync after one of its runs */
};
/* count slots of width microseconds, the last one ending at end; out has room for count. */
bool store_read_history(struct store_reader *reader, int64_t end, int64_t width, size_t count,
                        struct history_slot *out_slots, struct error *err) MUST_CHECK;

/* What the loop saw, the newest first. */
struct drift_filter {
    const char *kind;   /* of the document; NULL: all */
    const char *name;   /* of the document; NULL: all of the kind */
    const char *answer; /* what was done about it; NULL: whatever */
    const char *search; /* NULL, or a part of the path, the writer, the package or the name */
    int64_t key;        /* number of the event to go on from; 0: from the newest */
    struct page_request page;
};
struct drift_page {
    struct drift_records rows;
    bool has_before;
    bool has_after;
    int64_t total; /* that match */
};
bool store_read_drifts(struct store_reader *reader, struct arena *arena,
                       const struct drift_filter *filter, struct drift_page *out_page,
                       struct error *err) MUST_CHECK;
/* The newest change to one file, or to any file of one document when path is NULL; *out_is_found
 * false: none is recorded. Without its difference. */
bool store_read_last_drift(struct store_reader *reader, struct arena *arena, const char *path,
                           const char *kind, const char *name, bool *out_is_found,
                           struct drift_record *out_drift, struct error *err) MUST_CHECK;
/* How many changes are recorded, by what was done about them. */
struct answer_count {
    const char *answer;
    int64_t count;
};
VEC(answer_counts, struct answer_count);
bool store_read_drift_counts(struct store_reader *reader, struct arena *arena,
                             struct answer_counts *out_counts, struct error *err) MUST_CHECK;

/* What became of the versions of the documents, the last one looked at first. */
struct delivery_filter {
    int fate;                /* -1: whatever; else an enum delivery_fate */
    const char *search;      /* NULL, or a part of the version, subject or author */
    int64_t key_at;          /* last_at and version of the row to go on from; 0: from the newest */
    const char *key_version; /* NULL: from the newest */
    struct page_request page;
};
struct delivery_page {
    struct delivery_records rows;
    bool has_before;
    bool has_after;
    int64_t total;
};
bool store_read_deliveries(struct store_reader *reader, struct arena *arena,
                           const struct delivery_filter *filter, struct delivery_page *out_page,
                           struct error *err) MUST_CHECK;
/* The version that the host runs: the last one that was applied, wholly or in part. */
bool store_read_applied(struct store_reader *reader, struct arena *arena, bool *out_is_found,
                        struct delivery_record *out_delivery, struct error *err) MUST_CHECK;
bool store_read_delivery_counts(struct store_reader *reader,
                                int64_t out_counts[DELIVERY_FATE_COUNT],
                                struct error *err) MUST_CHECK;
/* The repository; *out_is_found false: the documents come from a folder, or nothing was fetched. */
bool store_read_source(struct store_reader *reader, struct arena *arena, bool *out_is_found,
                       struct source_record *out_source, struct error *err) MUST_CHECK;
/* Who did what, the newest first. */
bool store_read_audits(struct store_reader *reader, struct arena *arena, size_t limit,
                       struct audit_records *out_audits, struct error *err) MUST_CHECK;
