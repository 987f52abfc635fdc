/* SQLite with our error and cleanup conventions; shared by the store's writer and reader, which
 * are different layers, and therefore inline. Columns are bound and read in order, so that an SQL
 * text and the calls beside it read as the same list. */
#pragma once

#include <sqlite3.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"

static inline void statement_finalize(sqlite3_stmt **statement)
{
    (void)sqlite3_finalize(*statement); /* repeats the error of the last step, already seen */
}
#define AUTO_STATEMENT CLEANUP(statement_finalize) sqlite3_stmt *

/* ERROR_FORMAT means that the file is damaged. */
static inline bool sqlite_error(struct error *err, sqlite3 *database)
{
    int result = sqlite3_errcode(database) & 0xff;
    bool is_damaged = result == SQLITE_CORRUPT || result == SQLITE_NOTADB;
    return error_set(err, is_damaged ? ERROR_FORMAT : ERROR_SYSTEM, "%s", sqlite3_errmsg(database));
}

static inline bool sqlite_run(sqlite3 *database, const char *sql, struct error *err)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return sqlite_error(err, database);
    }
    return true;
}

static inline bool sqlite_prepare(sqlite3 *database, const char *sql, sqlite3_stmt **out_statement,
                                  struct error *err)
{
    if (sqlite3_prepare_v2(database, sql, -1, out_statement, NULL) != SQLITE_OK) {
        return sqlite_error(err, database);
    }
    return true;
}

/* Steps a statement that returns no rows. */
static inline bool statement_finish(sqlite3_stmt *statement, const char *what, struct error *err)
{
    if (sqlite3_step(statement) != SQLITE_DONE) {
        (void)sqlite_error(err, sqlite3_db_handle(statement));
        return error_wrap(err, "%s", what);
    }
    return true;
}

/* The one number that the query answers. */
static inline bool sqlite_read_integer(sqlite3 *database, const char *sql, int64_t *out_value,
                                       struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(database, sql, &statement, err)) {
        return false;
    }
    if (sqlite3_step(statement) != SQLITE_ROW) {
        return sqlite_error(err, database);
    }
    *out_value = sqlite3_column_int64(statement, 0);
    return true;
}

/* A prepared statement and the next parameter or column. */
struct cursor {
    sqlite3_stmt *statement;
    int next;
};

/* Parameters count from 1. Binding fails only without memory or on a wrong index; the step that
 * follows would show it as a constraint, so results are not looked at. */
static inline struct cursor cursor_bind(sqlite3_stmt *statement)
{
    (void)sqlite3_reset(statement);
    return (struct cursor){statement, 1};
}

/* The text must live until the statement has run. NULL binds NULL. */
static inline void bind_text(struct cursor *cursor, const char *text)
{
    (void)sqlite3_bind_text(cursor->statement, cursor->next++, text, -1, SQLITE_STATIC);
}

static inline void bind_integer(struct cursor *cursor, int64_t value)
{
    (void)sqlite3_bind_int64(cursor->statement, cursor->next++, value);
}

/* 0 binds NULL: "never", "none". */
static inline void bind_optional(struct cursor *cursor, int64_t value)
{
    if (value == 0) {
        (void)sqlite3_bind_null(cursor->statement, cursor->next++);
        return;
    }
    bind_integer(cursor, value);
}

static inline struct cursor cursor_row(sqlite3_stmt *statement)
{
    return (struct cursor){statement, 0};
}

static inline const char *row_text(struct cursor *cursor, struct arena *arena)
{
    const unsigned char *text = sqlite3_column_text(cursor->statement, cursor->next++);
    return text != NULL ? arena_strdup(arena, (const char *)text) : NULL;
}

static inline int64_t row_integer(struct cursor *cursor)
{
    return sqlite3_column_int64(cursor->statement, cursor->next++);
}
