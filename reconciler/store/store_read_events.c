/* Who did what. */

#include "store/store_read_rows.h"

static struct audit_record audit_of_row(sqlite3_stmt *statement, struct arena *arena)
{
    struct cursor row = cursor_row(statement);
    struct audit_record audit = {0};
    audit.number = row_integer(&row);
    audit.at = row_moment(&row);
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
