/* What the loop saw on the host: changes that nobody had asked for. */

#include "store/store_read_rows.h"

static struct drift_record drift_of_row(sqlite3_stmt *statement, struct arena *arena)
{
    struct cursor row = cursor_row(statement);
    struct drift_record drift = {0};
    drift.number = row_integer(&row);
    drift.run = row_integer(&row);
    drift.at = row_moment(&row);
    drift.path = row_text(&row, arena);
    drift.kind = row_text(&row, arena);
    drift.name = row_text(&row, arena);
    drift.what = row_text(&row, arena);
    drift.answer = row_text(&row, arena);
    drift.reason = row_text(&row, arena);
    drift.took_us = row_count(&row);
    drift.is_cosmetic = row_integer(&row) != 0;
    drift.program = row_text(&row, arena);
    drift.command = row_text(&row, arena);
    drift.pid = row_count(&row);
    drift.parents = row_text(&row, arena);
    drift.user = row_text(&row, arena);
    drift.login = row_text(&row, arena);
    drift.unit = row_text(&row, arena);
    drift.package = row_text(&row, arena);
    drift.replaced = row_text(&row, arena);
    drift.diff = row_long(&row, arena);
    return drift;
}

#define DRIFT_COLUMNS                                                                              \
    "number, run, at, path, kind, name, what, answer, reason, took_us, cosmetic, program,"         \
    " command, pid, parents, user, login, unit, package, replaced, diff.length, diff.body"
#define DRIFT_OF " FROM drift LEFT JOIN text AS diff ON diff.id = drift.diff"

/* ?1 kind, ?2 name, ?3 answer, ?4 pattern of the search; NULL: any. */
#define DRIFT_MATCHES                                                                              \
    " WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR name = ?2)"                               \
    " AND (?3 IS NULL OR answer = ?3)"                                                             \
    " AND (?4 IS NULL OR path LIKE ?4 ESCAPE '\\' OR name LIKE ?4 ESCAPE '\\'"                     \
    " OR program LIKE ?4 ESCAPE '\\' OR command LIKE ?4 ESCAPE '\\' OR user LIKE ?4 ESCAPE '\\'"   \
    " OR login LIKE ?4 ESCAPE '\\' OR unit LIKE ?4 ESCAPE '\\' OR package LIKE ?4 ESCAPE '\\')"

static struct cursor bind_filter(sqlite3_stmt *statement, const struct drift_filter *filter,
                                 const char *pattern)
{
    struct cursor cursor = cursor_bind(statement);
    bind_text(&cursor, filter->kind);
    bind_text(&cursor, filter->name);
    bind_text(&cursor, filter->answer);
    bind_text(&cursor, pattern);
    return cursor;
}

static bool count_drifts(struct store_reader *reader, const struct drift_filter *filter,
                         const char *pattern, int64_t *out_total, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database, "SELECT count(*) FROM drift" DRIFT_MATCHES, &statement,
                        err)) {
        return false;
    }
    (void)bind_filter(statement, filter, pattern);
    bool is_failed = false;
    if (row_step(reader, statement, &is_failed, err)) {
        *out_total = sqlite3_column_int64(statement, 0);
    }
    return !is_failed;
}

bool store_read_drifts(struct store_reader *reader, struct arena *arena,
                       const struct drift_filter *filter, struct drift_page *out_page,
                       struct error *err)
{
    static const char *const older = "SELECT " DRIFT_COLUMNS DRIFT_OF DRIFT_MATCHES
                                     " AND (?5 = 0 OR number < ?5) ORDER BY number DESC LIMIT ?6";
    static const char *const newer =
        "SELECT " DRIFT_COLUMNS DRIFT_OF DRIFT_MATCHES " AND number > ?5 ORDER BY number LIMIT ?6";
    struct page_request request = filter->page;
    request.is_backward = request.is_backward && filter->key != 0;
    const char *pattern = search_pattern(arena, filter->search);
    struct drift_page page = {0};
    AUTO_STATEMENT statement = NULL;
    if (!count_drifts(reader, filter, pattern, &page.total, err) ||
        !sqlite_prepare(reader->database, request.is_backward ? newer : older, &statement, err)) {
        return false;
    }
    struct cursor cursor = bind_filter(statement, filter, pattern);
    bind_integer(&cursor, filter->key);
    bind_integer(&cursor, (int64_t)request.limit + 1);
    bool is_failed = false;
    while (row_step(reader, statement, &is_failed, err)) {
        vec_add(arena, &page.rows, drift_of_row(statement, arena));
    }
    bool has_more = page.rows.count > request.limit;
    page.has_before = request.is_backward ? has_more : filter->key != 0;
    page.has_after = request.is_backward || has_more;
    page.rows.count =
        page_finish(&request, page.rows.items, page.rows.count, sizeof(struct drift_record));
    *out_page = page;
    return !is_failed;
}

bool store_read_last_drift(struct store_reader *reader, struct arena *arena, const char *path,
                           const char *kind, const char *name, bool *out_is_found,
                           struct drift_record *out_drift, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(
            reader->database,
            "SELECT number, run, at, path, kind, name, what, answer, reason, took_us,"
            " cosmetic, program, command, pid, parents, user, login, unit, package,"
            " replaced, 0, NULL FROM drift WHERE (?1 IS NULL OR path = ?1) AND kind IS ?2"
            " AND name IS ?3 ORDER BY number DESC LIMIT 1",
            &statement, err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(statement);
    bind_text(&cursor, path);
    bind_text(&cursor, kind);
    bind_text(&cursor, name);
    bool is_failed = false;
    *out_is_found = row_step(reader, statement, &is_failed, err);
    if (*out_is_found) {
        *out_drift = drift_of_row(statement, arena);
    }
    return !is_failed;
}

bool store_read_drift_counts(struct store_reader *reader, struct arena *arena,
                             struct answer_counts *out_counts, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    struct answer_counts counts = {0};
    if (!sqlite_prepare(reader->database,
                        "SELECT answer, count(*) FROM drift GROUP BY answer ORDER BY answer LIMIT "
                        "20",
                        &statement, err)) {
        return false;
    }
    bool is_failed = false;
    while (row_step(reader, statement, &is_failed, err)) {
        struct cursor row = cursor_row(statement);
        const char *answer = row_text(&row, arena);
        vec_add(arena, &counts, (struct answer_count){answer, row_integer(&row)});
    }
    *out_counts = counts;
    return !is_failed;
}
