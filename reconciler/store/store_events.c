/* Events beside the runs: drift, deliveries, audit, notifications. */

#include "store/store_write.h"

static bool drift_insert(struct recording *recording, sqlite3_stmt *statement, size_t index)
{
    const struct drift_record *drift = &recording->report->drifts[index];
    struct cursor cursor = cursor_bind(statement);
    bind_integer(&cursor, recording->number);
    bind_integer(&cursor, drift->at);
    bind_line(recording, &cursor, drift->path);
    bind_line(recording, &cursor, drift->kind);
    bind_line(recording, &cursor, drift->name);
    bind_line(recording, &cursor, drift->what);
    bind_line(recording, &cursor, drift->answer);
    bind_line(recording, &cursor, drift->reason);
    bind_integer(&cursor, drift->took_us);
    bind_integer(&cursor, drift->is_cosmetic);
    bind_line(recording, &cursor, drift->program);
    bind_line(recording, &cursor, drift->command);
    bind_optional(&cursor, drift->pid);
    bind_line(recording, &cursor, drift->parents);
    bind_line(recording, &cursor, drift->user);
    bind_line(recording, &cursor, drift->login);
    bind_line(recording, &cursor, drift->unit);
    bind_line(recording, &cursor, drift->package);
    bind_line(recording, &cursor, drift->replaced);
    return bind_long(recording, &cursor, drift->diff) &&
           statement_finish(statement, "record drift", recording->err);
}

static bool delivery_upsert(struct recording *recording, sqlite3_stmt *statement, size_t index)
{
    const struct delivery_record *delivery = &recording->report->delivery[index];
    struct cursor cursor = cursor_bind(statement);
    bind_line(recording, &cursor, delivery->version);
    bind_line(recording, &cursor, delivery->source);
    bind_line(recording, &cursor, delivery->commit);
    bind_line(recording, &cursor, delivery->subject);
    bind_line(recording, &cursor, delivery->author);
    bind_optional(&cursor, delivery->commit_at);
    bind_integer(&cursor, recording->report->run.ended_at);
    bind_text(&cursor, delivery_fate_word(delivery->fate));
    bind_line(recording, &cursor, delivery->stage);
    bind_optional(&cursor, delivery->generation);
    bind_integer(&cursor, recording->number);
    return bind_long(recording, &cursor, delivery->evidence) &&
           statement_finish(statement, "record a delivery", recording->err);
}

static bool audit_insert(struct recording *recording, sqlite3_stmt *statement, size_t index)
{
    const struct audit_record *audit = &recording->report->audits[index];
    struct cursor cursor = cursor_bind(statement);
    bind_integer(&cursor, audit->at);
    bind_line(recording, &cursor, audit->who);
    bind_line(recording, &cursor, audit->from);
    bind_line(recording, &cursor, audit->action);
    bind_line(recording, &cursor, audit->target);
    bind_line(recording, &cursor, audit->detail);
    bind_line(recording, &cursor, audit->commit);
    return statement_finish(statement, "record who did what", recording->err);
}

static bool notification_insert(struct recording *recording, sqlite3_stmt *statement, size_t index)
{
    const struct notification_record *notification = &recording->report->notifications[index];
    struct cursor cursor = cursor_bind(statement);
    bind_integer(&cursor, notification->at);
    bind_line(recording, &cursor, notification->message);
    bind_line(recording, &cursor, notification->channel);
    bind_line(recording, &cursor, notification->subject);
    bind_line(recording, &cursor, notification->result);
    bind_integer(&cursor, notification->attempt);
    bind_line(recording, &cursor, notification->answer);
    return statement_finish(statement, "record who was told", recording->err);
}

#define NEW_FATE                                                                                   \
    "CASE WHEN excluded.fate = 'unchanged' AND delivery.fate IN ('applied', 'partly')"             \
    " THEN 'applied' ELSE excluded.fate END"
#define NEW_STAGE                                                                                  \
    "CASE WHEN excluded.fate = 'partly' THEN coalesce(excluded.stage, delivery.stage)"             \
    " ELSE excluded.stage END"

/* A version that was applied asks for nothing any more, and was applied all the same. */
static const char delivery_sql[] =
    "INSERT INTO delivery (version, source, commit_id, subject, author, commit_at, first_at,"
    " last_at, fate, stage, generation, run, evidence)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?10, ?11, ?12)"
    " ON CONFLICT (version) DO UPDATE SET last_at = excluded.last_at,"
    " run = CASE WHEN delivery.fate = " NEW_FATE " THEN delivery.run ELSE excluded.run END,"
    " fate = " NEW_FATE ", stage = " NEW_STAGE ","
    " generation = coalesce(excluded.generation, generation), evidence = excluded.evidence";

/* What a run has nothing of costs nothing. */
bool events_write(struct recording *recording)
{
    const struct run_report *report = recording->report;
    return (report->drift_count == 0 ||
            rows_write(recording, report->drift_count,
                       "INSERT INTO drift (run, at, path, kind, name, what, answer, reason,"
                       " took_us, cosmetic, program, command, pid, parents, user, login, unit,"
                       " package, replaced, diff)"
                       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                       drift_insert)) &&
           (report->delivery == NULL || rows_write(recording, 1, delivery_sql, delivery_upsert)) &&
           (report->audit_count == 0 ||
            rows_write(recording, report->audit_count,
                       "INSERT INTO audit (at, who, origin, action, target, detail, commit_id)"
                       " VALUES (?, ?, ?, ?, ?, ?, ?)",
                       audit_insert)) &&
           (report->notification_count == 0 ||
            rows_write(recording, report->notification_count,
                       "INSERT INTO notification (at, message, channel, subject, result, attempt,"
                       " answer) VALUES (?, ?, ?, ?, ?, ?, ?)",
                       notification_insert));
}
