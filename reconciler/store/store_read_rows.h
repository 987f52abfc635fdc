/* One row of each table as its record; shared by the questions of store_read. */
#pragma once

#include "store/sqlite.h"
#include "store/store_read.h"

struct store_reader {
    char *path;
    sqlite3 *database;
    uint64_t device; /* of the opened file: the path may name another one by now */
    uint64_t inode;
    bool is_stale; /* of the snapshot: what is in sync in the tables reads as stale */
    bool has_state;
    int64_t checked_at;
    int64_t stale_at;
};

/* The columns, in the order that the functions below read them. Long texts are two columns, found
 * through their own join. */
#define RUN_COLUMNS                                                                                \
    "run.number, started_at, ended_at, cause, mode, version, host, environment, source,"           \
    " commit_id, commit_subject, commit_author, commit_at, desired_digest, documents,"             \
    " generation_before, generation_after, stale_after, verdict, exit_code, unchanged, changed,"   \
    " failed, skipped, pending, drifted, removed, message.length, message.body"
#define RUN_TABLES " FROM run LEFT JOIN text AS message ON message.id = run.message"

#define ACTION_COLUMNS                                                                             \
    "action.run, run.ended_at, action.number, verb, action.cause, result, type, action.id, kind,"  \
    " name, place, diff.length, diff.body, reason, error, evidence.length, evidence.body,"         \
    " took_us"
#define ACTION_TABLES                                                                              \
    " FROM action JOIN run ON run.number = action.run"                                             \
    " LEFT JOIN text AS diff ON diff.id = action.diff"                                             \
    " LEFT JOIN text AS evidence ON evidence.id = action.evidence"

#define ITEM_COLUMNS                                                                               \
    "type, item.id, kind, name, place, state, detail, diff.length, diff.body, since, proven_at"
#define ITEM_TABLES " FROM item LEFT JOIN text AS diff ON diff.id = item.diff"

#define DOCUMENT_COLUMNS "kind, name, place, description, summary, state, detail, since, proven_at"

#define CERTIFICATE_COLUMNS                                                                        \
    "name, names, issuer, kind, document, not_before, not_after, renews_at, alarm, because,"       \
    " asked_at, proven_at, served_not_after, served_instead"

/* More than any run counts; sums of some stay far from the limit of their type. */
#define STORE_COUNT_MAX ((int64_t)1 << 40)

/* The effective state of a stored word. */
enum item_state state_of_word(const struct store_reader *reader, const char *word);

struct run_record run_of_row(sqlite3_stmt *statement, struct arena *arena);
struct action_record action_of_row(sqlite3_stmt *statement, struct arena *arena);
struct item_record item_of_row(const struct store_reader *reader, sqlite3_stmt *statement,
                               struct arena *arena);
struct document_record document_of_row(const struct store_reader *reader, sqlite3_stmt *statement,
                                       struct arena *arena);
struct certificate_record certificate_of_row(sqlite3_stmt *statement, struct arena *arena);

/* The text as a LIKE pattern that finds it anywhere; NULL for none. */
const char *search_pattern(struct arena *arena, const char *search);
/* Rows were read with one more than the limit, to see whether there are more on that side; and the
 * other way round when going backward. Returns how many to show. */
size_t page_finish(const struct page_request *request, void *rows, size_t count, size_t size);

/* A moment of the calendar; any other number reads as never. */
int64_t row_moment(struct cursor *cursor);
/* A count or a time taken that a run can have written; any other number reads as none. */
int64_t row_count(struct cursor *cursor);
/* A long text: its two columns. */
const char *row_long(struct cursor *cursor, struct arena *arena);

/* True while there are rows; at the end, or on an error, false with *out_is_failed set. */
bool row_step(struct store_reader *reader, sqlite3_stmt *statement, bool *out_is_failed,
              struct error *err);
