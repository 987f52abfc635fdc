/* The store on SQLite: opening it so that the status program's group can read it, and recording a
 * run in one transaction. Reading is in store_read.c. */

#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "store/sqlite.h"
#include "store/store_schema.h"
#include "store/store_write.h"

enum {
    BUSY_MS = 5000, /* for a checkpoint at most: runs exclude each other by their own lock */
    LOG_BYTES = 512 * 1024,
};

struct store {
    char *path;
    gid_t group;
    sqlite3 *database;
};

/* The folder of the store, its last part only: who may list it may read the store, not what lies
 * beside it. */
static bool directory_prepare(const char *path, gid_t group, struct error *err)
{
    AUTO_ARENA arena = arena_create();
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) {
        return true;
    }
    const char *directory = arena_strndup(arena, path, (size_t)(slash - path));
    if (mkdir(directory, 0750) != 0) {
        return errno == EEXIST || error_errno(err, "make %s", directory);
    }
    if (group != (gid_t)-1 && chown(directory, (uid_t)-1, group) != 0) {
        return error_errno(err, "give %s to group %u", directory, (unsigned)group);
    }
    /* The loop's umask would keep the group out. */
    return chmod(directory, 0750) == 0 || error_errno(err, "set the mode of %s", directory);
}

/* A log belongs to the file that it was written for, and beside a new one damages that too. What is
 * shared between readers ("-shm") lives as long as one of them does, and would be believed. */
static void log_remove(const char *path)
{
    AUTO_ARENA arena = arena_create();
    (void)unlink(arena_printf(arena, "%s-wal", path)); /* mostly there is none */
    (void)unlink(arena_printf(arena, "%s-shm", path));
}

/* SQLite gives the log files beside the store its own mode, and as root its owner too. */
static bool file_prepare(const char *path, gid_t group, struct error *err)
{
    AUTO_FD fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) {
        return error_errno(err, "open %s", path);
    }
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return error_errno(err, "look at %s", path);
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(err, ERROR_REFUSED, "%s is not a regular file", path);
    }
    if (group != (gid_t)-1 && status.st_gid != group && fchown(fd, (uid_t)-1, group) != 0) {
        return error_errno(err, "give %s to group %u", path, (unsigned)group);
    }
    if ((status.st_mode & 07777) != 0640 && fchmod(fd, 0640) != 0) {
        return error_errno(err, "set the mode of %s", path);
    }
    if (status.st_size == 0) { /* new: the former one was deleted, perhaps under its readers */
        log_remove(path);
    }
    return true;
}

static bool database_configure(sqlite3 *database, struct error *err)
{
    /* The files of the write-ahead log must outlive us: without them nobody who may only read can
     * open the store. Not checkpointing at the end also spares each run two syncs. */
    int yes = 1;
    (void)sqlite3_busy_timeout(database, BUSY_MS);
    if (sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) != SQLITE_OK ||
        sqlite3_file_control(database, "main", SQLITE_FCNTL_PERSIST_WAL, &yes) != SQLITE_OK) {
        return sqlite_error(err, database);
    }
    /* NORMAL: a power cut may lose the last runs, never the store. */
    return sqlite_run(database,
                      "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                      "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF",
                      err) &&
           store_schema_migrate(database, err);
}

static bool database_open(struct store *store, struct error *err)
{
    if (!directory_prepare(store->path, store->group, err) ||
        !file_prepare(store->path, store->group, err)) {
        return false;
    }
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(store->path, &store->database, flags, NULL) != SQLITE_OK) {
        return sqlite_error(err, store->database);
    }
    return database_configure(store->database, err);
}

static void database_close(struct store *store)
{
    (void)sqlite3_close_v2(store->database); /* nothing left to do for a caller who goes away */
    store->database = NULL;
}

/* One damaged store is kept for a look at it; an older one gives way. */
static bool database_move_aside(struct store *store, const struct error *why, struct error *err)
{
    AUTO_ARENA arena = arena_create();
    const char *aside = arena_printf(arena, "%s.damaged", store->path);
    if (rename(store->path, aside) != 0 && errno != ENOENT) {
        return error_errno(err, "move the damaged store to %s", aside);
    }
    log_remove(store->path);
    log_event(LOG_LEVEL_WARNING, "the store is damaged and begun anew", "store", store->path,
              "kept", aside, "error", why->message, NULL);
    return true;
}

static bool database_begin_anew(struct store *store, struct error *err)
{
    struct error why = *err;
    database_close(store);
    return database_move_aside(store, &why, err) && database_open(store, err);
}

bool store_open(const char *path, gid_t group, struct store **out_store, struct error *err)
{
    struct error reason;
    struct store *store = calloc(1, sizeof(*store));
    char *own_path = strdup(path);
    if (store == NULL || own_path == NULL) {
        free(store);
        free(own_path);
        return error_set(err, ERROR_SYSTEM, "open the store %s: no memory", path);
    }
    *store = (struct store){.path = own_path, .group = group};
    if (!database_open(store, &reason) &&
        !(reason.code == ERROR_FORMAT && database_begin_anew(store, &reason))) {
        store_close(store);
        return error_wrap_other(err, &reason, "open the store %s", path);
    }
    *out_store = store;
    return true;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    database_close(store);
    free(store->path);
    free(store);
}

sqlite3 *store_database(struct store *store)
{
    return store->database;
}

/* Whoever opens the store first reads its whole log: 27 MB of it, after a run over 10,000
 * resources, cost the next run 60 ms. A short log is left, so that a small record costs no sync. */
static void log_shorten(struct store *store)
{
    AUTO_ARENA arena = arena_create();
    struct stat status;
    if (stat(arena_printf(arena, "%s-wal", store->path), &status) != 0 ||
        status.st_size <= LOG_BYTES) {
        return;
    }
    /* Does not wait for readers: the next run tries again. */
    (void)sqlite3_busy_timeout(store->database, 0);
    (void)sqlite3_wal_checkpoint_v2(store->database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    (void)sqlite3_busy_timeout(store->database, BUSY_MS);
}

bool store_is_settled(struct store *store, const char *desired_digest)
{
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(store->database,
                        "SELECT desired_digest = ? AND unsettled = 0 FROM run"
                        " WHERE looked ORDER BY number DESC LIMIT 1",
                        &statement, NULL)) {
        return false; /* a store that cannot answer is written anew by the full record */
    }
    struct cursor cursor = cursor_bind(statement);
    bind_text(&cursor, desired_digest);
    return sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) != 0;
}

static bool report_record(struct store *store, const struct run_report *report, int64_t *out_number,
                          struct error *err)
{
    if (!sqlite_run(store->database, "BEGIN IMMEDIATE", err)) {
        return false;
    }
    AUTO_ARENA arena = arena_create();
    struct recording recording = {
        .database = store->database, .report = report, .arena = arena, .err = err};
    bool is_written = store_texts_begin(&recording.texts, store->database, err) &&
                      recording_write(&recording) && sqlite_run(store->database, "COMMIT", err);
    store_texts_end(&recording.texts);
    if (is_written) {
        *out_number = recording.number;
    }
    return is_written;
}

bool store_record_run(struct store *store, const struct run_report *report, int64_t *out_number,
                      struct error *err)
{
    struct error reason;
    int64_t number = 0;
    bool is_recorded = report_record(store, report, &number, &reason);
    if (!is_recorded && reason.code == ERROR_FORMAT) {
        is_recorded =
            database_begin_anew(store, &reason) && report_record(store, report, &number, &reason);
    }
    if (!is_recorded) {
        (void)sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL); /* or never begun */
        return error_wrap_other(err, &reason, "record the run in %s", store->path);
    }
    log_shorten(store);
    if (out_number != NULL) {
        *out_number = number;
    }
    return true;
}
