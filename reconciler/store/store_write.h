/* The rows of one run, written inside a transaction that the caller has begun and ends. */
#pragma once

#include "store/sqlite.h"
#include "store/store.h"
#include "store/store_text.h"

struct recording {
    sqlite3 *database;
    const struct run_report *report;
    struct store_texts texts;
    struct arena *arena;
    int64_t number;    /* of the run, once its row is written */
    int64_t proven_at; /* the end of the newest earlier run that looked: what was in sync, then */
    struct error *err;
};

bool recording_write(struct recording *recording) MUST_CHECK;

/* store_events.c: what the loop saw, what became of the documents, who did what. */
bool events_write(struct recording *recording) MUST_CHECK;

/* store_sqlite.c: borrowed. */
sqlite3 *store_database(struct store *store);

/* The line, cut where it is very long; NULL for NULL. */
const char *line_cut(struct arena *arena, const char *line);
/* One-line texts come from documents, programs and the kernel: only their length is made sure of.
 */
void bind_line(struct recording *recording, struct cursor *cursor, const char *line);
/* A long text, once, by reference. */
bool bind_long(struct recording *recording, struct cursor *cursor, const char *text) MUST_CHECK;
/* The statement once for each of count rows; write binds and runs one. */
bool rows_write(struct recording *recording, size_t count, const char *sql,
                bool (*write)(struct recording *recording, sqlite3_stmt *statement,
                              size_t index)) MUST_CHECK;

/* store_forget.c: deletes the oldest runs where there are too many of them. */
bool history_keep(sqlite3 *database, bool has_actions, struct error *err) MUST_CHECK;
