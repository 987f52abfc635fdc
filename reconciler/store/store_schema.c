/* The schema as a list of migrations: number N takes a store from version N to N + 1. A migration
 * that was released is never edited; what changes is a new one behind it. */

#include "store/store_schema.h"

#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "store/sqlite.h"

#define TALLY_COUNT                                                                                \
    "INSERT INTO tally"                                                                            \
    " SELECT 'document', kind, state, count(*) FROM document GROUP BY kind, state"                 \
    " UNION ALL"                                                                                   \
    " SELECT 'item', coalesce(kind, ''), state, count(*) FROM item GROUP BY 2, 3"

/* "RCNC": tells our file from any other SQLite database that a setting may point to. */
enum { APPLICATION_ID = 0x52434e43 };

const char store_tally_count[] = TALLY_COUNT;

// clang-format off
static const char *const migrations[] = {
    /* Long texts once each, deflated; looked up by the digest of what they say, which for those that
     * are shorter than a digest is what they say. */
    "CREATE TABLE text ("
    "    id INTEGER PRIMARY KEY,"
    "    digest TEXT NOT NULL UNIQUE,"
    "    length INTEGER NOT NULL,"
    "    body BLOB NOT NULL"
    ");"
    /* AUTOINCREMENT: the number of a forgotten run is never given again. looked: this run saw the
     * whole host; unsettled: how many resources were out of sync after it; quiet: it found nothing
     * to do. */
    "CREATE TABLE run ("
    "    number INTEGER PRIMARY KEY AUTOINCREMENT,"
    "    started_at INTEGER NOT NULL,"
    "    ended_at INTEGER NOT NULL,"
    "    cause TEXT, mode TEXT, version TEXT, host TEXT, environment TEXT,"
    "    source TEXT, commit_id TEXT, commit_subject TEXT, commit_author TEXT, commit_at INTEGER,"
    "    desired_digest TEXT,"
    "    documents INTEGER NOT NULL,"
    "    generation_before INTEGER NOT NULL,"
    "    generation_after INTEGER NOT NULL,"
    "    stale_after INTEGER NOT NULL,"
    "    verdict TEXT NOT NULL,"
    "    exit_code INTEGER NOT NULL,"
    "    unchanged INTEGER NOT NULL, changed INTEGER NOT NULL, failed INTEGER NOT NULL,"
    "    skipped INTEGER NOT NULL, pending INTEGER NOT NULL, drifted INTEGER NOT NULL,"
    "    removed INTEGER NOT NULL,"
    "    message INTEGER REFERENCES text (id),"
    "    looked INTEGER NOT NULL,"
    "    quiet INTEGER NOT NULL,"
    "    unsettled INTEGER NOT NULL"
    ");"
    "CREATE INDEX run_ended ON run (ended_at, verdict, unsettled);"
    "CREATE INDEX run_looked ON run (number) WHERE looked;"
    "CREATE INDEX run_quiet ON run (quiet, number);"
    "CREATE TABLE action ("
    "    run INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,"
    "    number INTEGER NOT NULL,"
    "    verb TEXT NOT NULL, cause TEXT, result TEXT NOT NULL,"
    "    type TEXT NOT NULL, id TEXT NOT NULL,"
    "    kind TEXT, name TEXT, place TEXT,"
    "    diff INTEGER REFERENCES text (id),"
    "    reason TEXT, error TEXT,"
    "    evidence INTEGER REFERENCES text (id),"
    "    took_us INTEGER NOT NULL,"
    "    PRIMARY KEY (run, number)"
    ") WITHOUT ROWID;"
    "CREATE INDEX action_document ON action (kind, name, run, number);"
    /* The present state. proven_at stands only where the state is not in-sync: what is in sync was
     * proven by the newest run that looked. seen: the run that last listed the row. */
    "CREATE TABLE item ("
    "    type TEXT NOT NULL, id TEXT NOT NULL,"
    "    kind TEXT, name TEXT, place TEXT,"
    "    state TEXT NOT NULL, detail TEXT,"
    "    diff INTEGER REFERENCES text (id),"
    "    since INTEGER NOT NULL, proven_at INTEGER, seen INTEGER NOT NULL,"
    "    PRIMARY KEY (type, id)"
    ") WITHOUT ROWID;"
    "CREATE INDEX item_document ON item (kind, name, type, id);"
    "CREATE INDEX item_state ON item (state, type, id);"
    "CREATE TABLE document ("
    "    kind TEXT NOT NULL, name TEXT NOT NULL, place TEXT,"
    "    description TEXT, summary TEXT,"
    "    state TEXT NOT NULL, detail TEXT,"
    "    since INTEGER NOT NULL, proven_at INTEGER, seen INTEGER NOT NULL,"
    "    PRIMARY KEY (kind, name)"
    ") WITHOUT ROWID;"
    "CREATE INDEX document_state ON document (kind, state);"
    "CREATE TABLE certificate ("
    "    name TEXT PRIMARY KEY, names TEXT, issuer TEXT, kind TEXT, document TEXT,"
    "    not_before INTEGER NOT NULL, not_after INTEGER NOT NULL, renews_at INTEGER"
    ") WITHOUT ROWID;"
    "CREATE INDEX certificate_end ON certificate (not_after);",
    /* How many rows there are of each state, counted when the state is written: each page of the
     * status program asks, and counting 10,000 rows took longer than all the rest of a page. kind
     * is '' for items that belong to no document. */
    "CREATE TABLE tally ("
    "    of TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, count INTEGER NOT NULL,"
    "    PRIMARY KEY (of, kind, state)"
    ") WITHOUT ROWID;"
    TALLY_COUNT ";",
    /* What the loop saw, what became of each version of the documents, and who did what. */
    "CREATE TABLE drift ("
    "    number INTEGER PRIMARY KEY AUTOINCREMENT,"
    "    run INTEGER NOT NULL, at INTEGER NOT NULL,"
    "    path TEXT NOT NULL, kind TEXT, name TEXT,"
    "    what TEXT NOT NULL, answer TEXT NOT NULL, reason TEXT,"
    "    took_us INTEGER NOT NULL, cosmetic INTEGER NOT NULL,"
    "    program TEXT, command TEXT, pid INTEGER, parents TEXT,"
    "    user TEXT, login TEXT, unit TEXT, package TEXT,"
    "    diff INTEGER REFERENCES text (id)"
    ");"
    "CREATE INDEX drift_document ON drift (kind, name, number);"
    "CREATE TABLE delivery ("
    "    version TEXT PRIMARY KEY,"
    "    source TEXT, commit_id TEXT, subject TEXT, author TEXT, commit_at INTEGER,"
    "    first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,"
    "    fate TEXT NOT NULL, generation INTEGER,"
    "    evidence INTEGER REFERENCES text (id)"
    ") WITHOUT ROWID;"
    "CREATE INDEX delivery_last ON delivery (last_at, version);"
    "CREATE TABLE audit ("
    "    number INTEGER PRIMARY KEY AUTOINCREMENT,"
    "    at INTEGER NOT NULL, who TEXT, origin TEXT, action TEXT NOT NULL, target TEXT,"
    "    detail TEXT, commit_id TEXT"
    ");",
    /* What came of telling people: one row for each attempt. */
    "CREATE TABLE notification ("
    "    number INTEGER PRIMARY KEY AUTOINCREMENT,"
    "    at INTEGER NOT NULL, message TEXT NOT NULL, channel TEXT NOT NULL, subject TEXT,"
    "    result TEXT NOT NULL, attempt INTEGER NOT NULL, answer TEXT"
    ");",
    /* What decided against a version, and what the source said when it was last fetched. */
    "ALTER TABLE delivery ADD COLUMN stage TEXT;"
    "ALTER TABLE delivery ADD COLUMN run INTEGER;"
    "ALTER TABLE drift ADD COLUMN replaced TEXT;"
    "CREATE TABLE source ("
    "    url TEXT PRIMARY KEY, branch TEXT, folder TEXT,"
    "    tried_at INTEGER NOT NULL, fetched_at INTEGER, failing_at INTEGER, error TEXT,"
    "    offered TEXT, commit_id TEXT, subject TEXT, author TEXT, commit_at INTEGER,"
    "    accepted_at INTEGER, signature TEXT"
    ") WITHOUT ROWID;",
    /* How old a certificate is, and what servers have shown of it. */
    "ALTER TABLE certificate ADD COLUMN alarm TEXT;"
    "ALTER TABLE certificate ADD COLUMN because TEXT;"
    "ALTER TABLE certificate ADD COLUMN asked_at INTEGER;"
    "ALTER TABLE certificate ADD COLUMN proven_at INTEGER;"
    "ALTER TABLE certificate ADD COLUMN served_not_after INTEGER;"
    "ALTER TABLE certificate ADD COLUMN served_instead TEXT;"
    "CREATE INDEX certificate_document ON certificate (kind, document);",
};
// clang-format on
enum { VERSION = STORE_SCHEMA_VERSION };
static_assert(VERSION == sizeof(migrations) / sizeof(migrations[0]), "one version per migration");

static bool migrations_run(sqlite3 *database, size_t version, struct arena *arena,
                           struct error *err)
{
    for (size_t i = version; i < VERSION; i++) {
        if (!sqlite_run(database, migrations[i], err)) {
            return false;
        }
    }
    return sqlite_run(database,
                      arena_printf(arena, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                                   APPLICATION_ID, VERSION),
                      err);
}

static bool migrate_locked(sqlite3 *database, struct error *err)
{
    int64_t version = 0;
    if (!sqlite_read_integer(database, "PRAGMA user_version", &version, err)) {
        return false; /* looked at again under the lock: another run may have been faster */
    }
    AUTO_ARENA arena = arena_create();
    return (version == VERSION || migrations_run(database, (size_t)version, arena, err)) &&
           sqlite_run(database, "COMMIT", err);
}

bool store_schema_migrate(sqlite3 *database, struct error *err)
{
    int64_t version = 0;
    int64_t application = 0;
    int64_t tables = 0;
    if (!sqlite_read_integer(database, "PRAGMA user_version", &version, err) ||
        !sqlite_read_integer(database, "PRAGMA application_id", &application, err) ||
        !sqlite_read_integer(database, "SELECT count(*) FROM sqlite_master", &tables, err)) {
        return false;
    }
    if (tables > 0 && application != APPLICATION_ID) {
        return error_set(err, ERROR_REFUSED, "this is a database of another program");
    }
    if (version < 0 || version > VERSION) {
        return error_set(err, ERROR_REFUSED,
                         "made by a newer version of reconcile (schema %lld, this one knows %d)",
                         (long long)version, VERSION);
    }
    if (version == VERSION) {
        return true;
    }
    if (!sqlite_run(database, "BEGIN IMMEDIATE", err)) {
        return false;
    }
    if (!migrate_locked(database, err)) {
        (void)sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL); /* the first error counts */
        return false;
    }
    return true;
}
