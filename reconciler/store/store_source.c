/* What the last fetch of the source said. It is written by the fetch itself, which may go on beside
 * a run: one short transaction that waits for the run's. */

#include "store/store_write.h"

static void bind_source(struct cursor *cursor, struct arena *arena,
                        const struct source_record *source)
{
    bind_text(cursor, line_cut(arena, source->url));
    bind_text(cursor, line_cut(arena, source->branch));
    bind_text(cursor, line_cut(arena, source->folder));
    bind_integer(cursor, source->tried_at);
    bind_text(cursor, line_cut(arena, source->error));
    bind_text(cursor, line_cut(arena, source->offered));
    bind_text(cursor, line_cut(arena, source->commit));
    bind_text(cursor, line_cut(arena, source->subject));
    bind_text(cursor, line_cut(arena, source->author));
    bind_optional(cursor, source->commit_at);
    bind_text(cursor, line_cut(arena, source->signature));
}

/* A fetch that brings nothing new does not read the commit again: what was learnt of it stays. */
#define KEEP_OF_SAME_COMMIT(column)                                                                \
    " " column " = CASE WHEN excluded.commit_id IS NULL OR"                                        \
    " (excluded.commit_id = source.commit_id AND excluded.subject IS NULL)"                        \
    " THEN source." column " ELSE excluded." column " END,"

static const char upsert[] =
    "INSERT INTO source (url, branch, folder, tried_at, fetched_at, failing_at, error, offered,"
    " commit_id, subject, author, commit_at, accepted_at, signature)"
    " VALUES (?1, ?2, ?3, ?4, CASE WHEN ?5 IS NULL THEN ?4 END, CASE WHEN ?5 NOT NULL THEN ?4 END,"
    " ?5, ?6, ?7, ?8, ?9, ?10, CASE WHEN ?7 NOT NULL THEN ?4 END, ?11)"
    " ON CONFLICT (url) DO UPDATE SET branch = excluded.branch, folder = excluded.folder,"
    " tried_at = excluded.tried_at, fetched_at = coalesce(excluded.fetched_at, source.fetched_at),"
    " failing_at = CASE WHEN excluded.error NOT NULL"
    " THEN coalesce(source.failing_at, excluded.failing_at) END,"
    " error = excluded.error, offered = coalesce(excluded.offered, source.offered),"
    " accepted_at = CASE WHEN excluded.commit_id IS NULL OR excluded.commit_id = source.commit_id"
    " THEN source.accepted_at ELSE excluded.accepted_at END," KEEP_OF_SAME_COMMIT("subject")
        KEEP_OF_SAME_COMMIT("author")
            KEEP_OF_SAME_COMMIT("commit_at") " commit_id = coalesce(excluded.commit_id, "
                                             "source.commit_id), signature = excluded.signature";

/* There is one source: the row of a former one goes. */
static bool write_row(sqlite3 *database, const struct source_record *source, struct error *err)
{
    AUTO_ARENA arena = arena_create();
    AUTO_STATEMENT former = NULL;
    AUTO_STATEMENT row = NULL;
    if (!sqlite_prepare(database, "DELETE FROM source WHERE url <> ?", &former, err) ||
        !sqlite_prepare(database, upsert, &row, err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(former);
    bind_text(&cursor, line_cut(arena, source->url));
    if (!statement_finish(former, "forget the former source", err)) {
        return false;
    }
    cursor = cursor_bind(row);
    bind_source(&cursor, arena, source);
    return statement_finish(row, "record the source", err);
}

bool store_record_source(struct store *store, const struct source_record *source, struct error *err)
{
    sqlite3 *database = store_database(store);
    if (!sqlite_run(database, "BEGIN IMMEDIATE", err)) {
        return false;
    }
    if (!write_row(database, source, err) || !sqlite_run(database, "COMMIT", err)) {
        (void)sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL); /* the first error counts */
        return false;
    }
    return true;
}
