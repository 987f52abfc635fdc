/* One run as rows: the run, its actions, and the present state. The state is written over the one
 * before, row by row, so that each row keeps since when it is what it is. */

#include "store/store_write.h"

#include <string.h>

#include "store/store_schema.h"

enum { LINE_MAX_BYTES = 2048 }; /* of one-line texts: details, errors, names */

const char *line_cut(struct arena *arena, const char *line)
{
    return line != NULL && strlen(line) > LINE_MAX_BYTES
               ? arena_printf(arena, "%.*s...", LINE_MAX_BYTES, line)
               : line;
}

void bind_line(struct recording *recording, struct cursor *cursor, const char *line)
{
    bind_text(cursor, line_cut(recording->arena, line));
}

bool bind_long(struct recording *recording, struct cursor *cursor, const char *text)
{
    int64_t id = 0;
    if (!store_texts_add(&recording->texts, text, &id, recording->err)) {
        return false;
    }
    bind_optional(cursor, id);
    return true;
}

static bool proven_at_read(struct recording *recording)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(recording->database,
                        "SELECT ended_at FROM run WHERE looked ORDER BY number DESC LIMIT 1",
                        &statement, recording->err)) {
        return false;
    }
    if (sqlite3_step(statement) == SQLITE_ROW) {
        recording->proven_at = sqlite3_column_int64(statement, 0);
    }
    return true;
}

static void bind_counts(struct cursor *cursor, const struct run_counts *counts)
{
    bind_integer(cursor, counts->unchanged);
    bind_integer(cursor, counts->changed);
    bind_integer(cursor, counts->failed);
    bind_integer(cursor, counts->skipped);
    bind_integer(cursor, counts->pending);
    bind_integer(cursor, counts->drifted);
    bind_integer(cursor, counts->removed);
}

static bool bind_run(struct recording *recording, struct cursor *cursor,
                     const struct run_record *run)
{
    bind_integer(cursor, run->started_at);
    bind_integer(cursor, run->ended_at);
    bind_line(recording, cursor, run->trigger);
    bind_line(recording, cursor, run->mode);
    bind_line(recording, cursor, run->version);
    bind_line(recording, cursor, run->host);
    bind_line(recording, cursor, run->environment);
    bind_line(recording, cursor, run->source);
    bind_line(recording, cursor, run->commit);
    bind_line(recording, cursor, run->commit_subject);
    bind_line(recording, cursor, run->commit_author);
    bind_optional(cursor, run->commit_at);
    bind_line(recording, cursor, run->desired_digest);
    bind_integer(cursor, run->document_count);
    bind_integer(cursor, run->generation_before);
    bind_integer(cursor, run->generation_after);
    bind_integer(cursor, run->stale_after_seconds);
    bind_text(cursor, run_verdict_word(run->verdict));
    bind_integer(cursor, run->exit_code);
    bind_counts(cursor, &run->counts);
    return bind_long(recording, cursor, run->message);
}

static bool run_is_quiet(const struct run_record *run)
{
    return run->verdict == RUN_VERDICT_SUCCESS && run->counts.pending == 0 &&
           run->counts.drifted == 0;
}

static bool run_insert(struct recording *recording)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(
            recording->database,
            "INSERT INTO run (started_at, ended_at, cause, mode, version, host, environment,"
            " source, commit_id, commit_subject, commit_author, commit_at, desired_digest,"
            " documents, generation_before, generation_after, stale_after, verdict, exit_code,"
            " unchanged, changed, failed, skipped, pending, drifted, removed, message, quiet,"
            " looked, unsettled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
            " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            &statement, recording->err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(statement);
    if (!bind_run(recording, &cursor, &recording->report->run)) {
        return false;
    }
    /* A store without a state (begun anew since the caller asked) has none to confirm. */
    enum run_state state = recording->report->state;
    bind_integer(&cursor, run_is_quiet(&recording->report->run));
    bind_integer(&cursor, state == RUN_STATE_REPLACED ||
                              (state == RUN_STATE_CONFIRMED && recording->proven_at != 0));
    if (!statement_finish(statement, "record the run", recording->err)) {
        return false;
    }
    recording->number = sqlite3_last_insert_rowid(recording->database);
    return true;
}

static bool action_insert(struct recording *recording, sqlite3_stmt *statement, size_t index)
{
    const struct action_record *action = &recording->report->actions[index];
    struct cursor cursor = cursor_bind(statement);
    bind_integer(&cursor, recording->number);
    bind_integer(&cursor, (int64_t)index + 1);
    bind_line(recording, &cursor, action->verb);
    bind_line(recording, &cursor, action->cause);
    bind_line(recording, &cursor, action->result);
    bind_line(recording, &cursor, action->type);
    bind_line(recording, &cursor, action->id);
    bind_line(recording, &cursor, action->kind);
    bind_line(recording, &cursor, action->name);
    bind_line(recording, &cursor, action->place);
    if (!bind_long(recording, &cursor, action->diff)) {
        return false;
    }
    bind_line(recording, &cursor, action->reason);
    bind_line(recording, &cursor, action->error);
    if (!bind_long(recording, &cursor, action->evidence)) {
        return false;
    }
    bind_integer(&cursor, action->took_us);
    return statement_finish(statement, "record an action", recording->err);
}

/* What a row of the state carries on from the one before: since, while the state is the same; and
 * when it was last proven, which for a row in sync is simply the newest look at the host. */
#define KEEP_TIMES(table, proven_at)                                                               \
    " since = CASE WHEN " table ".state = excluded.state THEN " table ".since"                     \
    " ELSE excluded.since END,"                                                                    \
    " proven_at = CASE WHEN excluded.state = 'in-sync' THEN NULL"                                  \
    " WHEN " table ".state = 'in-sync' THEN " proven_at " ELSE " table ".proven_at END,"           \
    " seen = excluded.seen"

/* since, seen, and for KEEP_TIMES the end of the look before this one. */
static void bind_times(struct recording *recording, struct cursor *cursor)
{
    bind_integer(cursor, recording->report->run.ended_at);
    bind_integer(cursor, recording->number);
    bind_optional(cursor, recording->proven_at);
}

static bool item_upsert(struct recording *recording, sqlite3_stmt *statement, size_t index)
{
    const struct item_record *item = &recording->report->items[index];
    struct cursor cursor = cursor_bind(statement);
    bind_line(recording, &cursor, item->type);
    bind_line(recording, &cursor, item->id);
    bind_line(recording, &cursor, item->kind);
    bind_line(recording, &cursor, item->name);
    bind_line(recording, &cursor, item->place);
    bind_text(&cursor, item_state_word(item->state));
    bind_line(recording, &cursor, item->detail);
    if (!bind_long(recording, &cursor, item->diff)) {
        return false;
    }
    bind_times(recording, &cursor);
    return statement_finish(statement, "record an item", recording->err);
}

static bool document_upsert(struct recording *recording, sqlite3_stmt *statement, size_t index)
{
    const struct document_record *document = &recording->report->documents[index];
    struct cursor cursor = cursor_bind(statement);
    bind_line(recording, &cursor, document->kind);
    bind_line(recording, &cursor, document->name);
    bind_line(recording, &cursor, document->place);
    bind_line(recording, &cursor, document->description);
    bind_line(recording, &cursor, document->summary);
    bind_text(&cursor, item_state_word(document->state));
    bind_line(recording, &cursor, document->detail);
    bind_times(recording, &cursor);
    return statement_finish(statement, "record a document", recording->err);
}

static bool certificate_insert(struct recording *recording, sqlite3_stmt *statement, size_t index)
{
    const struct certificate_record *certificate = &recording->report->certificates[index];
    struct cursor cursor = cursor_bind(statement);
    bind_line(recording, &cursor, certificate->name);
    bind_line(recording, &cursor, certificate->names);
    bind_line(recording, &cursor, certificate->issuer);
    bind_line(recording, &cursor, certificate->kind);
    bind_line(recording, &cursor, certificate->document);
    bind_integer(&cursor, certificate->not_before);
    bind_integer(&cursor, certificate->not_after);
    bind_optional(&cursor, certificate->renews_at);
    bind_line(recording, &cursor, certificate->alarm);
    bind_line(recording, &cursor, certificate->because);
    bind_optional(&cursor, certificate->asked_at);
    bind_optional(&cursor, certificate->proven_at);
    bind_optional(&cursor, certificate->served_not_after);
    bind_line(recording, &cursor, certificate->served_instead);
    return statement_finish(statement, "record a certificate", recording->err);
}

/* Prepares the SQL once and writes count rows with it. */
bool rows_write(struct recording *recording, size_t count, const char *sql,
                bool (*write)(struct recording *recording, sqlite3_stmt *statement, size_t index))
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(recording->database, sql, &statement, recording->err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!write(recording, statement, i)) {
            return false;
        }
    }
    return true;
}

static bool actions_write(struct recording *recording)
{
    return rows_write(recording, recording->report->action_count,
                      "INSERT INTO action (run, number, verb, cause, result, type, id, kind, name,"
                      " place, diff, reason, error, evidence, took_us)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      action_insert);
}

static bool state_replace(struct recording *recording)
{
    const struct run_report *report = recording->report;
    return rows_write(recording, report->item_count,
                      "INSERT INTO item (type, id, kind, name, place, state, detail, diff, since,"
                      " seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
                      " ON CONFLICT (type, id) DO UPDATE SET kind = excluded.kind,"
                      " name = excluded.name, place = excluded.place, state = excluded.state,"
                      " detail = excluded.detail, diff = excluded.diff," KEEP_TIMES("item", "?11"),
                      item_upsert) &&
           rows_write(
               recording, report->document_count,
               "INSERT INTO document (kind, name, place, description, summary, state,"
               " detail, since, seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
               " ON CONFLICT (kind, name) DO UPDATE SET place = excluded.place,"
               " description = excluded.description, summary = excluded.summary,"
               " state = excluded.state, detail = excluded.detail," KEEP_TIMES("document", "?10"),
               document_upsert) &&
           sqlite_run(recording->database, "DELETE FROM certificate", recording->err) &&
           rows_write(recording, report->certificate_count,
                      "INSERT OR REPLACE INTO certificate (name, names, issuer, kind, document,"
                      " not_before, not_after, renews_at, alarm, because, asked_at, proven_at,"
                      " served_not_after, served_instead)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      certificate_insert);
}

static bool numbered_run(struct recording *recording, const char *sql)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(recording->database, sql, &statement, recording->err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(statement);
    bind_integer(&cursor, recording->number);
    return statement_finish(statement, sql, recording->err);
}

/* What this run did not list is gone. Unsettled are the documents out of sync and the items out of
 * sync that belong to none. */
static bool state_sweep(struct recording *recording)
{
    return numbered_run(recording, "DELETE FROM item WHERE seen <> ?") &&
           numbered_run(recording, "DELETE FROM document WHERE seen <> ?") &&
           sqlite_run(recording->database, "DELETE FROM tally", recording->err) &&
           sqlite_run(recording->database, store_tally_count, recording->err) &&
           numbered_run(recording,
                        "UPDATE run SET unsettled ="
                        " (SELECT coalesce(sum(count), 0) FROM tally WHERE state <> 'in-sync'"
                        " AND (of = 'document' OR kind = '')) WHERE number = ?");
}

bool recording_write(struct recording *recording)
{
    bool replaces = recording->report->state == RUN_STATE_REPLACED;
    return proven_at_read(recording) && run_insert(recording) && actions_write(recording) &&
           events_write(recording) &&
           (!replaces || (state_replace(recording) && state_sweep(recording))) &&
           history_keep(recording->database, recording->report->action_count > 0, recording->err);
}
