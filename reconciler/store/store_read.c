/* Opening the store for reading, the snapshot, and the questions that are answered by counting.
 * The lists are in store_read_lists.c. */

#include "store/store_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/sqlite.h"
#include "store/store_read_rows.h"
#include "store/store_schema.h"

enum {
    BUSY_MS = 250, /* a reader waits only while a log is recovered after a crash */
    CACHE_KIB = 1024,
    VALUE_MAX = 1024 * 1024, /* a longer value is none of the writer's: the question fails */
    STALE_AFTER_SECONDS = 26 * 3600, /* a daily look, and two hours to be late */
    CLOCK_SLACK_SECONDS = 300,       /* a look from further in the future is not to be believed */
};
#define SECOND ((int64_t)1000000)

/* ---- Opening ---- */

static bool file_identify(const char *path, uint64_t *out_device, uint64_t *out_inode)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return false;
    }
    *out_device = status.st_dev;
    *out_inode = status.st_ino;
    return true;
}

static bool schema_check(sqlite3 *database, struct error *err)
{
    int64_t version = 0;
    if (!sqlite_read_integer(database, "PRAGMA user_version", &version, err)) {
        return false;
    }
    if (version == 0) {
        return error_set(err, ERROR_UNAVAILABLE, "the store is still empty");
    }
    if (version != STORE_SCHEMA_VERSION) {
        return error_set(err, ERROR_REFUSED, "the store has schema %lld, this program reads %d",
                         (long long)version, STORE_SCHEMA_VERSION);
    }
    return true;
}

static bool database_open(struct store_reader *reader, struct error *err)
{
    if (!file_identify(reader->path, &reader->device, &reader->inode)) {
        if (errno == ENOENT) {
            return error_set(err, ERROR_UNAVAILABLE, "there is no store yet");
        }
        return error_errno(err, "look at it");
    }
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(reader->path, &reader->database, flags, NULL) != SQLITE_OK) {
        return sqlite_error(err, reader->database);
    }
    (void)sqlite3_busy_timeout(reader->database, BUSY_MS);
    (void)sqlite3_limit(reader->database, SQLITE_LIMIT_LENGTH, VALUE_MAX);
    AUTO_ARENA arena = arena_create();
    const char *settings =
        arena_printf(arena, "PRAGMA cache_size = -%d; PRAGMA trusted_schema = OFF", CACHE_KIB);
    return sqlite_run(reader->database, settings, err) && schema_check(reader->database, err);
}

bool store_reader_open(const char *path, struct store_reader **out_reader, struct error *err)
{
    struct error reason;
    struct store_reader *reader = calloc(1, sizeof(*reader));
    char *own_path = strdup(path);
    if (reader == NULL || own_path == NULL) {
        free(reader);
        free(own_path);
        return error_set(err, ERROR_SYSTEM, "read the store %s: no memory", path);
    }
    reader->path = own_path;
    if (!database_open(reader, &reason)) {
        store_reader_close(reader);
        return error_wrap_other(err, &reason, "read the store %s", path);
    }
    *out_reader = reader;
    return true;
}

void store_reader_close(struct store_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    (void)sqlite3_close_v2(reader->database); /* read only: nothing can be lost */
    free(reader->path);
    free(reader);
}

bool store_reader_is_current(const struct store_reader *reader)
{
    uint64_t device = 0;
    uint64_t inode = 0;
    return file_identify(reader->path, &device, &inode) && device == reader->device &&
           inode == reader->inode;
}

/* ---- The snapshot ---- */

static bool freshness_read(struct store_reader *reader, int64_t now, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database,
                        "SELECT ended_at, stale_after FROM run WHERE looked"
                        " ORDER BY number DESC LIMIT 1",
                        &statement, err)) {
        return false;
    }
    bool is_failed = false;
    reader->has_state = row_step(reader, statement, &is_failed, err);
    reader->checked_at = 0;
    reader->stale_at = 0;
    if (reader->has_state) {
        struct cursor row = cursor_row(statement);
        reader->checked_at = row_integer(&row);
        int64_t seconds = row_integer(&row);
        if (seconds <= 0 || seconds > INT64_MAX / SECOND / 2) {
            seconds = STALE_AFTER_SECONDS;
        }
        if (reader->checked_at < 0 || reader->checked_at > INT64_MAX / 2) {
            reader->checked_at = 0;
        }
        reader->stale_at = reader->checked_at + seconds * SECOND;
    }
    reader->is_stale =
        now >= reader->stale_at || now < reader->checked_at - CLOCK_SLACK_SECONDS * SECOND;
    return !is_failed;
}

bool store_snapshot_begin(struct store_reader *reader, int64_t now, struct error *err)
{
    if (!sqlite_run(reader->database, "BEGIN", err)) {
        return error_wrap(err, "read the store %s", reader->path);
    }
    if (!freshness_read(reader, now, err)) {
        store_snapshot_end(reader);
        return error_wrap(err, "read the store %s", reader->path);
    }
    return true;
}

void store_snapshot_end(struct store_reader *reader)
{
    (void)sqlite3_exec(reader->database, "ROLLBACK", NULL, NULL, NULL); /* nothing was written */
}

/* ---- Counting ---- */

static void counts_add(const struct store_reader *reader, struct state_counts *counts,
                       const char *word, int64_t more)
{
    more = more > 0 && more < STORE_COUNT_MAX ? more : 0; /* no run writes any other */
    counts->of[state_of_word(reader, word)] += more;
    counts->total += more;
}

static bool states_count(struct store_reader *reader, const char *sql, struct state_counts *counts,
                         struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database, sql, &statement, err)) {
        return false;
    }
    bool is_failed = false;
    while (row_step(reader, statement, &is_failed, err)) {
        counts_add(reader, counts, (const char *)sqlite3_column_text(statement, 0),
                   sqlite3_column_int64(statement, 1));
    }
    return !is_failed;
}

/* The newest run that fits; *run stays as it is when there is none. */
static bool newest_run_read(struct store_reader *reader, struct arena *arena, const char *sql,
                            bool *out_is_found, struct run_record *out_run, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database, sql, &statement, err)) {
        return false;
    }
    bool is_failed = false;
    *out_is_found = row_step(reader, statement, &is_failed, err);
    if (*out_is_found) {
        *out_run = run_of_row(statement, arena);
    }
    return !is_failed;
}

bool store_read_overview(struct store_reader *reader, struct arena *arena,
                         struct store_overview *out_overview, struct error *err)
{
    struct store_overview overview = {
        .is_stale = reader->is_stale,
        .checked_at = reader->checked_at,
        .stale_at = reader->stale_at,
    };
    if (!newest_run_read(reader, arena,
                         "SELECT " RUN_COLUMNS RUN_TABLES " ORDER BY run.number DESC LIMIT 1",
                         &overview.has_run, &overview.last, err) ||
        !newest_run_read(reader, arena,
                         "SELECT " RUN_COLUMNS RUN_TABLES
                         " WHERE looked ORDER BY run.number DESC LIMIT 1",
                         &overview.has_state, &overview.state, err) ||
        !states_count(reader, "SELECT state, count FROM tally WHERE of = 'document'",
                      &overview.documents, err) ||
        !states_count(reader, "SELECT state, count FROM tally WHERE of = 'item' AND kind = ''",
                      &overview.own_items, err)) {
        return false;
    }
    *out_overview = overview;
    return true;
}

bool store_read_item_counts(struct store_reader *reader, struct state_counts *out_counts,
                            struct error *err)
{
    *out_counts = (struct state_counts){0};
    return states_count(reader, "SELECT state, count FROM tally WHERE of = 'item'", out_counts,
                        err);
}

bool store_read_kinds(struct store_reader *reader, struct arena *arena,
                      struct kind_counts *out_kinds, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database,
                        "SELECT kind, state, count FROM tally WHERE of = 'document'"
                        " ORDER BY kind",
                        &statement, err)) {
        return false;
    }
    struct kind_counts kinds = {0};
    bool is_failed = false;
    while (row_step(reader, statement, &is_failed, err)) {
        struct cursor row = cursor_row(statement);
        const char *kind = row_text(&row, arena);
        if (kind == NULL) {
            continue; /* damaged: the column is NOT NULL */
        }
        if (kinds.count == 0 || strcmp(vec_last(&kinds)->kind, kind) != 0) {
            vec_add(arena, &kinds, (struct kind_count){.kind = kind});
        }
        const char *word = (const char *)sqlite3_column_text(statement, row.next++);
        counts_add(reader, &vec_last(&kinds)->counts, word, row_integer(&row));
    }
    *out_kinds = kinds;
    return !is_failed;
}

static bool read_certificates(struct store_reader *reader, sqlite3_stmt *statement,
                              struct arena *arena, struct certificate_records *out_certificates,
                              struct error *err)
{
    struct certificate_records certificates = {0};
    bool is_failed = false;
    while (row_step(reader, statement, &is_failed, err)) {
        vec_add(arena, &certificates, certificate_of_row(statement, arena));
    }
    *out_certificates = certificates;
    return !is_failed;
}

bool store_read_certificates(struct store_reader *reader, struct arena *arena, size_t limit,
                             struct certificate_records *out_certificates, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database,
                        "SELECT " CERTIFICATE_COLUMNS
                        " FROM certificate ORDER BY not_after, name LIMIT ?",
                        &statement, err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(statement);
    bind_integer(&cursor, (int64_t)limit);
    return read_certificates(reader, statement, arena, out_certificates, err);
}

bool store_read_certificates_of(struct store_reader *reader, struct arena *arena, const char *kind,
                                const char *name, struct certificate_records *out_certificates,
                                struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database,
                        "SELECT " CERTIFICATE_COLUMNS
                        " FROM certificate WHERE kind = ? AND document = ? ORDER BY name",
                        &statement, err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(statement);
    bind_text(&cursor, kind);
    bind_text(&cursor, name);
    return read_certificates(reader, statement, arena, out_certificates, err);
}

/* ---- History ---- */

static void slot_add(struct history_slot *slot, const char *verdict, int64_t runs,
                     int64_t unsettled)
{
    enum run_verdict found = RUN_VERDICT_FAILED; /* also for a word that is none of ours */
    for (size_t i = 0; verdict != NULL && i < RUN_VERDICT_COUNT; i++) {
        if (strcmp(verdict, run_verdict_word((enum run_verdict)i)) == 0) {
            found = (enum run_verdict)i;
        }
    }
    slot->runs += runs;
    slot->of[found] += runs;
    if (unsettled > slot->unsettled) {
        slot->unsettled = unsettled;
    }
}

bool store_read_history(struct store_reader *reader, int64_t end, int64_t width, size_t count,
                        struct history_slot *out_slots, struct error *err)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(reader->database,
                        "SELECT (ended_at - ?1) / ?2, verdict, count(*), max(unsettled) FROM run"
                        " WHERE ended_at >= ?1 AND ended_at < ?3 GROUP BY 1, 2",
                        &statement, err)) {
        return false;
    }
    int64_t start = end - width * (int64_t)count;
    for (size_t i = 0; i < count; i++) {
        out_slots[i] = (struct history_slot){.starts_at = start + width * (int64_t)i};
    }
    struct cursor cursor = cursor_bind(statement);
    bind_integer(&cursor, start);
    bind_integer(&cursor, width);
    bind_integer(&cursor, end);
    bool is_failed = false;
    while (row_step(reader, statement, &is_failed, err)) {
        struct cursor row = cursor_row(statement);
        int64_t slot = row_integer(&row);
        const char *verdict = (const char *)sqlite3_column_text(statement, row.next++);
        int64_t runs = row_integer(&row);
        if (slot >= 0 && (size_t)slot < count) {
            slot_add(&out_slots[slot], verdict, runs, row_integer(&row));
        }
    }
    return !is_failed;
}
