/* Questions about what happened beside the runs: drift, deliveries, audit. */

#include <string.h>

#include "store/store_read_rows.h"

static bool row_boolean(struct cursor *row)
{
    return row_integer(row) != 0;
}

static struct drift_record drift_of_row(sqlite3_stmt *statement, struct arena *arena)
{
    struct cursor row = cursor_row(statement);
    struct drift_record drift = {0};
    drift.number = row_integer(&row);
    drift.run = row_integer(&row);
    drift.at = row_integer(&row);
    drift.path = row_text(&row, arena);
    drift.kind = row_text(&row, arena);
    drift.name = row_text(&row, arena);
    drift.what = row_text(&row, arena);
    drift.answer = row_text(&row, arena);
    drift.reason = row_text(&row, arena);
    drift.took_us = row_integer(&row);
    drift.is_cosmetic = row_boolean(&row);
    drift.program = row_text(&row, arena);
    drift.command = row_text(&row, arena);
    drift.pid = row_integer(&row);
    drift.parents = row_text(&row, arena);
    drift.user = row_text(&row, arena);
    drift.login = row_text(&row, arena);
    drift.unit = row_text(&row, arena);
    drift.package = row_text(&row, arena);
    drift.diff = row_long(&row, arena);
    return drift;
}

#define DRIFT_OF      " FROM drift LEFT JOIN text AS diff ON diff.id = drift.diff"
#define DRIFT_MATCHES " WHERE (?1 IS NULL OR (kind = ?1 AND name = ?2))"

static bool count_drifts(struct store_reader *reader, const struct drift_filter *filter,
                         int64_t *out_total, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database, "SELECT count(*) FROM drift" DRIFT_MATCHES, &statement,
                        err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(statement);
    bind_text(&cursor, filter->kind);
    bind_text(&cursor, filter->name);
    bool is_failed = false;
    if (row_step(reader, statement, &is_failed, err)) {
        struct cursor row = cursor_row(statement);
        *out_total = row_integer(&row);
    }
    return !is_failed;
}

bool store_read_drifts(struct store_reader *reader, struct arena *arena,
                       const struct drift_filter *filter, struct drift_page *out_page,
                       struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    struct drift_page page = {0};
    if (!count_drifts(reader, filter, &page.total, err) ||
        !sqlite_prepare(reader->database,
                        "SELECT number, run, at, path, kind, name, what, answer, reason, took_us,"
                        " cosmetic, program, command, pid, parents, user, login, unit, package,"
                        " diff.length, diff.body" DRIFT_OF DRIFT_MATCHES
                        " AND (?3 = 0 OR number < ?3) ORDER BY number DESC LIMIT ?4",
                        &statement, err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(statement);
    bind_text(&cursor, filter->kind);
    bind_text(&cursor, filter->name);
    bind_integer(&cursor, filter->key);
    bind_integer(&cursor, (int64_t)filter->limit + 1);
    bool is_failed = false;
    while (row_step(reader, statement, &is_failed, err)) {
        vec_add(arena, &page.rows, drift_of_row(statement, arena));
    }
    page.has_after = page.rows.count > filter->limit;
    page.rows.count -= page.has_after ? 1 : 0;
    *out_page = page;
    return !is_failed;
}

/* A word that no version of ours wrote reads as waiting: it claims nothing. */
static enum delivery_fate fate_of_word(const char *word)
{
    for (size_t i = 0; word != NULL && i < DELIVERY_FATE_COUNT; i++) {
        if (strcmp(word, delivery_fate_word((enum delivery_fate)i)) == 0) {
            return (enum delivery_fate)i;
        }
    }
    return DELIVERY_WAITING;
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
    delivery.commit_at = row_integer(&row);
    delivery.first_at = row_integer(&row);
    delivery.last_at = row_integer(&row);
    delivery.fate = fate_of_word(row_text(&row, arena));
    delivery.generation = row_integer(&row);
    delivery.evidence = row_long(&row, arena);
    return delivery;
}

bool store_read_deliveries(struct store_reader *reader, struct arena *arena, size_t limit,
                           struct delivery_records *out_deliveries, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database,
                        "SELECT version, source, commit_id, subject, author, commit_at, first_at,"
                        " last_at, fate, generation, evidence.length, evidence.body FROM delivery"
                        " LEFT JOIN text AS evidence ON evidence.id = delivery.evidence"
                        " ORDER BY last_at DESC, version LIMIT ?",
                        &statement, err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(statement);
    bind_integer(&cursor, (int64_t)limit);
    struct delivery_records deliveries = {0};
    bool is_failed = false;
    while (row_step(reader, statement, &is_failed, err)) {
        vec_add(arena, &deliveries, delivery_of_row(statement, arena));
    }
    *out_deliveries = deliveries;
    return !is_failed;
}

static struct audit_record audit_of_row(sqlite3_stmt *statement, struct arena *arena)
{
    struct cursor row = cursor_row(statement);
    struct audit_record audit = {0};
    audit.number = row_integer(&row);
    audit.at = row_integer(&row);
    audit.who = row_text(&row, arena);
    audit.from = row_text(&row, arena);
    audit.action = row_text(&row, arena);
    audit.target = row_text(&row, arena);
    audit.detail = row_text(&row, arena);
    audit.commit = row_text(&row, arena);
    return audit;
}

bool store_read_audits(struct store_reader *reader, struct arena *arena, size_t limit,
                       struct audit_records *out_audits, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database,
                        "SELECT number, at, who, origin, action, target, detail, commit_id"
                        " FROM audit ORDER BY number DESC LIMIT ?",
                        &statement, err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(statement);
    bind_integer(&cursor, (int64_t)limit);
    struct audit_records audits = {0};
    bool is_failed = false;
    while (row_step(reader, statement, &is_failed, err)) {
        vec_add(arena, &audits, audit_of_row(statement, arena));
    }
    *out_audits = audits;
    return !is_failed;
}
