/* Lists of the store, a page at a time. Pages go on from the key of a row, not from a count of
 * rows: a page costs the same wherever it is, and rows that come or go shift nothing. */

#include "store/store_read.h"

#include <string.h>

#include "store/sqlite.h"
#include "store/store_read_rows.h"

/* ---- Documents ---- */

/* ?1 kind, ?2 pattern of the search, ?3 and ?4 the stored words of the state; NULL: any. */
#define DOCUMENT_WHERE                                                                             \
    " FROM document WHERE (?1 IS NULL OR kind = ?1)"                                               \
    " AND (?2 IS NULL OR name LIKE ?2 ESCAPE '\\' OR description LIKE ?2 ESCAPE '\\'"              \
    " OR summary LIKE ?2 ESCAPE '\\')"                                                             \
    " AND (?3 IS NULL OR state = ?3 OR state = ?4)"

/* While the snapshot is stale, what is stored as in sync counts as stale, and nothing as in sync.
 * No stored state is the empty word. */
static void bind_state(const struct store_reader *reader, struct cursor *cursor, int state)
{
    const char *word = NULL;
    const char *also = NULL;
    if (state >= 0) {
        word = item_state_word((enum item_state)state);
        if (reader->is_stale) {
            also = state == ITEM_STATE_STALE ? item_state_word(ITEM_STATE_IN_SYNC) : NULL;
            word = state == ITEM_STATE_IN_SYNC ? "" : word;
        }
    }
    bind_text(cursor, word);
    bind_text(cursor, also);
}

static struct cursor bind_document_filter(struct store_reader *reader, sqlite3_stmt *statement,
                                          const struct document_filter *filter, const char *pattern)
{
    struct cursor cursor = cursor_bind(statement);
    bind_text(&cursor, filter->kind);
    bind_text(&cursor, pattern);
    bind_state(reader, &cursor, filter->state);
    return cursor;
}

static bool documents_count(struct store_reader *reader, const struct document_filter *filter,
                            const char *pattern, int64_t *out_total, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database, "SELECT count(*)" DOCUMENT_WHERE, &statement, err)) {
        return false;
    }
    (void)bind_document_filter(reader, statement, filter, pattern);
    bool is_failed = false;
    if (row_step(reader, statement, &is_failed, err)) {
        *out_total = sqlite3_column_int64(statement, 0);
    }
    return !is_failed;
}

bool store_read_documents(struct store_reader *reader, struct arena *arena,
                          const struct document_filter *filter, struct document_page *out_page,
                          struct error *err)
{
    static const char *const forward = "SELECT " DOCUMENT_COLUMNS DOCUMENT_WHERE
                                       " AND (kind, name) > (?5, ?6) ORDER BY kind, name LIMIT ?7";
    static const char *const backward =
        "SELECT " DOCUMENT_COLUMNS DOCUMENT_WHERE
        " AND (kind, name) < (?5, ?6) ORDER BY kind DESC, name DESC LIMIT ?7";
    bool has_key = filter->key_kind != NULL && filter->key_name != NULL;
    struct page_request request = filter->page;
    request.is_backward = request.is_backward && has_key;
    const char *pattern = search_pattern(arena, filter->search);
    struct document_page page = {0};
    AUTO_STATEMENT statement = NULL;
    if (!documents_count(reader, filter, pattern, &page.total, err) ||
        !sqlite_prepare(reader->database, request.is_backward ? backward : forward, &statement,
                        err)) {
        return false;
    }
    struct cursor cursor = bind_document_filter(reader, statement, filter, pattern);
    bind_text(&cursor, has_key ? filter->key_kind : "");
    bind_text(&cursor, has_key ? filter->key_name : "");
    bind_integer(&cursor, (int64_t)request.limit + 1);
    bool is_failed = false;
    while (row_step(reader, statement, &is_failed, err)) {
        vec_add(arena, &page.rows, document_of_row(reader, statement, arena));
    }
    bool has_more = page.rows.count > request.limit;
    page.has_before = request.is_backward ? has_more : has_key;
    page.has_after = request.is_backward ? has_key : has_more;
    page.rows.count =
        page_finish(&request, page.rows.items, page.rows.count, sizeof(struct document_record));
    *out_page = page;
    return !is_failed;
}

bool store_read_document(struct store_reader *reader, struct arena *arena, const char *kind,
                         const char *name, bool *out_is_found, struct document_record *out_document,
                         struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database,
                        "SELECT " DOCUMENT_COLUMNS " FROM document WHERE kind = ? AND name = ?",
                        &statement, err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(statement);
    bind_text(&cursor, kind);
    bind_text(&cursor, name);
    bool is_failed = false;
    *out_is_found = row_step(reader, statement, &is_failed, err);
    if (*out_is_found) {
        *out_document = document_of_row(reader, statement, arena);
    }
    return !is_failed;
}

#define ATTENTION                                                                                  \
    " CASE state WHEN 'failed' THEN 0 WHEN 'drifted' THEN 1 WHEN 'stale' THEN 2"                   \
    " WHEN 'pending' THEN 3 WHEN 'held' THEN 4 ELSE 5 END, since DESC"

bool store_read_attention(struct store_reader *reader, struct arena *arena, size_t limit,
                          struct document_records *out_documents, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database,
                        "SELECT " DOCUMENT_COLUMNS " FROM document WHERE state <> 'in-sync'"
                        " ORDER BY" ATTENTION ", kind, name LIMIT ?",
                        &statement, err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(statement);
    bind_integer(&cursor, (int64_t)limit);
    struct document_records documents = {0};
    bool is_failed = false;
    while (row_step(reader, statement, &is_failed, err)) {
        vec_add(arena, &documents, document_of_row(reader, statement, arena));
    }
    *out_documents = documents;
    return !is_failed;
}

/* ---- Items ---- */

bool store_read_items(struct store_reader *reader, struct arena *arena,
                      const struct item_filter *filter, struct item_records *out_items,
                      struct error *err)
{
    static const char *const all =
        "SELECT " ITEM_COLUMNS ITEM_TABLES " WHERE kind IS ?1 AND name IS ?2 ORDER BY type, item.id"
        " LIMIT ?3";
    static const char *const urgent =
        "SELECT " ITEM_COLUMNS ITEM_TABLES " WHERE kind IS ?1 AND name IS ?2 AND state <> 'in-sync'"
        " ORDER BY" ATTENTION ", type, item.id LIMIT ?3";
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database, filter->needs_attention ? urgent : all, &statement,
                        err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(statement);
    bind_text(&cursor, filter->kind);
    bind_text(&cursor, filter->name);
    bind_integer(&cursor, (int64_t)filter->limit);
    struct item_records items = {0};
    bool is_failed = false;
    while (row_step(reader, statement, &is_failed, err)) {
        vec_add(arena, &items, item_of_row(reader, statement, arena));
    }
    *out_items = items;
    return !is_failed;
}

/* ---- Runs ---- */

static bool runs_count(struct store_reader *reader, bool only_eventful, int64_t *out_total,
                       struct error *err)
{
    return sqlite_read_integer(reader->database,
                               only_eventful ? "SELECT count(*) FROM run WHERE NOT quiet"
                                             : "SELECT count(*) FROM run",
                               out_total, err);
}

bool store_read_runs(struct store_reader *reader, struct arena *arena,
                     const struct run_filter *filter, struct run_page *out_page, struct error *err)
{
    static const char *const older = "SELECT " RUN_COLUMNS RUN_TABLES
                                     " WHERE (?1 = 0 OR NOT quiet) AND (?2 = 0 OR run.number < ?2)"
                                     " ORDER BY run.number DESC LIMIT ?3";
    static const char *const newer =
        "SELECT " RUN_COLUMNS RUN_TABLES " WHERE (?1 = 0 OR NOT quiet) AND run.number > ?2"
        " ORDER BY run.number LIMIT ?3";
    bool has_key = filter->key != 0;
    struct page_request request = filter->page;
    request.is_backward = request.is_backward && has_key;
    struct run_page page = {0};
    AUTO_STATEMENT statement = NULL;
    if (!runs_count(reader, filter->only_eventful, &page.total, err) ||
        !sqlite_prepare(reader->database, request.is_backward ? newer : older, &statement, err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(statement);
    bind_integer(&cursor, filter->only_eventful);
    bind_integer(&cursor, filter->key);
    bind_integer(&cursor, (int64_t)request.limit + 1);
    bool is_failed = false;
    while (row_step(reader, statement, &is_failed, err)) {
        vec_add(arena, &page.rows, run_of_row(statement, arena));
    }
    bool has_more = page.rows.count > request.limit;
    page.has_before = request.is_backward ? has_more : has_key;
    page.has_after = request.is_backward ? has_key : has_more;
    page.rows.count =
        page_finish(&request, page.rows.items, page.rows.count, sizeof(struct run_record));
    *out_page = page;
    return !is_failed;
}

bool store_read_run(struct store_reader *reader, struct arena *arena, int64_t number,
                    bool *out_is_found, struct run_record *out_run, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database, "SELECT " RUN_COLUMNS RUN_TABLES " WHERE run.number = ?",
                        &statement, err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(statement);
    bind_integer(&cursor, number);
    bool is_failed = false;
    *out_is_found = row_step(reader, statement, &is_failed, err);
    if (*out_is_found) {
        *out_run = run_of_row(statement, arena);
    }
    return !is_failed;
}

/* ---- Actions ---- */

bool store_read_actions(struct store_reader *reader, struct arena *arena,
                        const struct action_filter *filter, struct action_page *out_page,
                        struct error *err)
{
    static const char *const of_document =
        "SELECT " ACTION_COLUMNS ACTION_TABLES " WHERE kind = ?2 AND name = ?3"
        " ORDER BY action.run DESC, action.number DESC LIMIT ?5";
    static const char *const of_run =
        "SELECT " ACTION_COLUMNS ACTION_TABLES " WHERE action.run = ?1 AND action.number > ?4"
        " AND (NOT ?6 OR (kind IS ?2 AND name IS ?3)) AND (NOT ?7 OR result <> 'changed')"
        " ORDER BY action.number LIMIT ?5";
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database, filter->run != 0 ? of_run : of_document, &statement,
                        err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(statement);
    bind_integer(&cursor, filter->run);
    bind_text(&cursor, filter->kind);
    bind_text(&cursor, filter->name);
    bind_integer(&cursor, filter->key);
    bind_integer(&cursor, (int64_t)filter->limit + 1);
    if (filter->run != 0) {
        bind_integer(&cursor, filter->is_of_one);
        bind_integer(&cursor, filter->is_unfinished);
    }
    struct action_page page = {0};
    bool is_failed = false;
    while (row_step(reader, statement, &is_failed, err)) {
        vec_add(arena, &page.rows, action_of_row(statement, arena));
    }
    page.has_after = page.rows.count > filter->limit;
    page.rows.count -= page.has_after ? 1 : 0;
    *out_page = page;
    return !is_failed;
}
