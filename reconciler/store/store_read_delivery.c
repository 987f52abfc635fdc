/* What became of each version of the documents, and what is known of where they come from. */

#include "store/store_read_rows.h"

/* A word that no version of ours wrote reads as waiting: it claims nothing. */
static enum delivery_fate fate_of_word(const char *word)
{
    int fate = delivery_fate_find(word);
    return fate < 0 ? DELIVERY_WAITING : (enum delivery_fate)fate;
}

static struct delivery_record delivery_of_row(sqlite3_stmt *statement, struct arena *arena)
{
    struct cursor row = cursor_row(statement);
    struct delivery_record delivery = {0};
    delivery.version = row_text(&row, arena);
    delivery.source = row_text(&row, arena);
    delivery.commit = row_text(&row, arena);
    delivery.subject = row_text(&row, arena);
    delivery.author = row_text(&row, arena);
    delivery.commit_at = row_moment(&row);
    delivery.first_at = row_moment(&row);
    delivery.last_at = row_moment(&row);
    delivery.fate = fate_of_word(row_text(&row, arena));
    delivery.stage = row_text(&row, arena);
    delivery.generation = row_integer(&row);
    delivery.run = row_integer(&row);
    delivery.evidence = row_long(&row, arena);
    return delivery;
}

#define DELIVERY_COLUMNS                                                                           \
    "version, source, commit_id, subject, author, commit_at, first_at, last_at, fate, stage,"      \
    " generation, run, evidence.length, evidence.body"
#define DELIVERY_OF " FROM delivery LEFT JOIN text AS evidence ON evidence.id = delivery.evidence"

/* ?1 fate, ?2 pattern of the search; NULL: any. */
#define DELIVERY_MATCHES                                                                           \
    " WHERE (?1 IS NULL OR fate = ?1) AND (?2 IS NULL OR version LIKE ?2 ESCAPE '\\'"              \
    " OR subject LIKE ?2 ESCAPE '\\' OR author LIKE ?2 ESCAPE '\\')"

static struct cursor bind_filter(sqlite3_stmt *statement, const struct delivery_filter *filter,
                                 const char *pattern)
{
    struct cursor cursor = cursor_bind(statement);
    bind_text(&cursor,
              filter->fate < 0 ? NULL : delivery_fate_word((enum delivery_fate)filter->fate));
    bind_text(&cursor, pattern);
    return cursor;
}

static bool count_deliveries(struct store_reader *reader, const struct delivery_filter *filter,
                             const char *pattern, int64_t *out_total, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database, "SELECT count(*) FROM delivery" DELIVERY_MATCHES,
                        &statement, err)) {
        return false;
    }
    (void)bind_filter(statement, filter, pattern);
    bool is_failed = false;
    if (row_step(reader, statement, &is_failed, err)) {
        *out_total = sqlite3_column_int64(statement, 0);
    }
    return !is_failed;
}

bool store_read_deliveries(struct store_reader *reader, struct arena *arena,
                           const struct delivery_filter *filter, struct delivery_page *out_page,
                           struct error *err)
{
    static const char *const older = "SELECT " DELIVERY_COLUMNS DELIVERY_OF DELIVERY_MATCHES
                                     " AND (?4 IS NULL OR (last_at, version) < (?3, ?4))"
                                     " ORDER BY last_at DESC, version DESC LIMIT ?5";
    static const char *const newer =
        "SELECT " DELIVERY_COLUMNS DELIVERY_OF DELIVERY_MATCHES " AND (last_at, version) > (?3, ?4)"
        " ORDER BY last_at, version LIMIT ?5";
    struct page_request request = filter->page;
    bool has_key = filter->key_version != NULL;
    request.is_backward = request.is_backward && has_key;
    const char *pattern = search_pattern(arena, filter->search);
    struct delivery_page page = {0};
    AUTO_STATEMENT statement = NULL;
    if (!count_deliveries(reader, filter, pattern, &page.total, err) ||
        !sqlite_prepare(reader->database, request.is_backward ? newer : older, &statement, err)) {
        return false;
    }
    struct cursor cursor = bind_filter(statement, filter, pattern);
    bind_integer(&cursor, filter->key_at);
    bind_text(&cursor, filter->key_version);
    bind_integer(&cursor, (int64_t)request.limit + 1);
    bool is_failed = false;
    while (row_step(reader, statement, &is_failed, err)) {
        vec_add(arena, &page.rows, delivery_of_row(statement, arena));
    }
    bool has_more = page.rows.count > request.limit;
    page.has_before = request.is_backward ? has_more : has_key;
    page.has_after = request.is_backward || has_more;
    page.rows.count =
        page_finish(&request, page.rows.items, page.rows.count, sizeof(struct delivery_record));
    *out_page = page;
    return !is_failed;
}

bool store_read_applied(struct store_reader *reader, struct arena *arena, bool *out_is_found,
                        struct delivery_record *out_delivery, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database,
                        "SELECT " DELIVERY_COLUMNS DELIVERY_OF
                        " WHERE fate IN ('applied', 'partly', 'unchanged')"
                        " ORDER BY last_at DESC, version DESC LIMIT 1",
                        &statement, err)) {
        return false;
    }
    bool is_failed = false;
    *out_is_found = row_step(reader, statement, &is_failed, err);
    if (*out_is_found) {
        *out_delivery = delivery_of_row(statement, arena);
    }
    return !is_failed;
}

bool store_read_delivery_counts(struct store_reader *reader,
                                int64_t out_counts[DELIVERY_FATE_COUNT], struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    AUTO_ARENA arena = arena_create();
    if (!sqlite_prepare(reader->database, "SELECT fate, count(*) FROM delivery GROUP BY fate",
                        &statement, err)) {
        return false;
    }
    bool is_failed = false;
    while (row_step(reader, statement, &is_failed, err)) {
        struct cursor row = cursor_row(statement);
        enum delivery_fate fate = fate_of_word(row_text(&row, arena));
        out_counts[fate] += row_integer(&row);
    }
    return !is_failed;
}

/* ---- The source ---- */

static struct source_record source_of_row(sqlite3_stmt *statement, struct arena *arena)
{
    struct cursor row = cursor_row(statement);
    struct source_record source = {0};
    source.url = row_text(&row, arena);
    source.branch = row_text(&row, arena);
    source.folder = row_text(&row, arena);
    source.tried_at = row_moment(&row);
    source.fetched_at = row_moment(&row);
    source.failing_at = row_moment(&row);
    source.error = row_text(&row, arena);
    source.offered = row_text(&row, arena);
    source.commit = row_text(&row, arena);
    source.subject = row_text(&row, arena);
    source.author = row_text(&row, arena);
    source.commit_at = row_moment(&row);
    source.accepted_at = row_moment(&row);
    source.signature = row_text(&row, arena);
    return source;
}

bool store_read_source(struct store_reader *reader, struct arena *arena, bool *out_is_found,
                       struct source_record *out_source, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database,
                        "SELECT url, branch, folder, tried_at, fetched_at, failing_at, error,"
                        " offered, commit_id, subject, author, commit_at, accepted_at, signature"
                        " FROM source LIMIT 1",
                        &statement, err)) {
        return false;
    }
    bool is_failed = false;
    *out_is_found = row_step(reader, statement, &is_failed, err);
    if (*out_is_found) {
        *out_source = source_of_row(statement, arena);
    }
    return !is_failed;
}
