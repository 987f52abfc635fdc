/* The writer: what a run leaves in the store, seen through the reader; and what the store does
 * when its file is not what it should be. */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "store/sqlite.h"
#include "store/store.h"
#include "store/store_read.h"
#include "support/folder.h"

#define SECOND ((int64_t)1000000)
#define NOON   (INT64_C(1790000000) * SECOND)

static const char *store_path(const struct test_folder *folder)
{
    return arena_printf(folder->arena, "%s/store.db", folder->path);
}

static struct store *open_store(const struct test_folder *folder)
{
    struct error err;
    struct store *store = NULL;
    if (!store_open(store_path(folder), (gid_t)-1, &store, &err)) {
        fail_msg("%s", err.message);
    }
    return store;
}

static struct run_record run_at(int64_t ended_at, enum run_verdict verdict)
{
    return (struct run_record){
        .started_at = ended_at - SECOND,
        .ended_at = ended_at,
        .trigger = "command line",
        .mode = "enforce",
        .version = "0.1.0",
        .host = "web1",
        .source = "/srv/site",
        .desired_digest = "d1",
        .document_count = 1,
        .generation_before = 1,
        .generation_after = 2,
        .verdict = verdict,
    };
}

static int64_t record(struct store *store, const struct run_report *report)
{
    struct error err;
    int64_t number = 0;
    if (!store_record_run(store, report, &number, &err)) {
        fail_msg("%s", err.message);
    }
    return number;
}

/* One item and its document in this state, as the whole state of the host. */
static int64_t record_state(struct store *store, int64_t at, enum item_state state)
{
    struct item_record item = {.type = "file", .id = "/a", .kind = "site", .name = "shop"};
    struct document_record document = {.kind = "site", .name = "shop"};
    item.state = state;
    document.state = state;
    struct run_report report = {
        .run = run_at(at, RUN_VERDICT_CHANGED),
        .state = RUN_STATE_REPLACED,
        .items = &item,
        .item_count = 1,
        .documents = &document,
        .document_count = 1,
    };
    return record(store, &report);
}

static struct store_reader *open_reader(const struct test_folder *folder, int64_t now)
{
    struct error err;
    struct store_reader *reader = NULL;
    if (!store_reader_open(store_path(folder), &reader, &err) ||
        !store_snapshot_begin(reader, now, &err)) {
        fail_msg("%s", err.message);
    }
    return reader;
}

static void close_reader(struct store_reader *reader)
{
    store_snapshot_end(reader);
    store_reader_close(reader);
}

static struct item_record only_item(const struct test_folder *folder, int64_t now)
{
    struct item_records items;
    struct item_filter filter = {.kind = "site", .name = "shop", .limit = 10};
    struct store_reader *reader = open_reader(folder, now);
    assert_true(store_read_items(reader, folder->arena, &filter, &items, NULL));
    close_reader(reader);
    assert_int_equal(items.count, 1);
    return items.items[0];
}

static struct store_overview overview(const struct test_folder *folder, int64_t now)
{
    struct store_overview found;
    struct store_reader *reader = open_reader(folder, now);
    assert_true(store_read_overview(reader, folder->arena, &found, NULL));
    close_reader(reader);
    return found;
}

static void test_store_keeps_every_field_of_a_run(void **state)
{
    const struct test_folder *folder = *state;
    struct run_record run = run_at(NOON, RUN_VERDICT_PARTLY);
    run.environment = "production";
    run.commit = "0123456789abcdef0123456789abcdef01234567";
    run.commit_subject = "shop: two workers more";
    run.commit_author = "Layla";
    run.commit_at = NOON - 60 * SECOND;
    run.stale_after_seconds = 600;
    run.exit_code = 4;
    run.counts = (struct run_counts){1, 2, 3, 4, 5, 6, 7};
    run.message = "2 changed, 3 failed";
    struct store *store = open_store(folder);
    int64_t number = record(store, &(struct run_report){.run = run, .state = RUN_STATE_REPLACED});
    store_close(store);

    struct store_overview found = overview(folder, NOON);
    assert_true(found.has_run && found.has_state && !found.is_stale);
    assert_int_equal(found.last.number, number);
    assert_int_equal(found.last.started_at, NOON - SECOND);
    assert_string_equal(found.last.environment, "production");
    assert_string_equal(found.last.commit, run.commit);
    assert_string_equal(found.last.commit_subject, run.commit_subject);
    assert_string_equal(found.last.commit_author, "Layla");
    assert_int_equal(found.last.commit_at, run.commit_at);
    assert_string_equal(found.last.source, "/srv/site");
    assert_string_equal(found.last.trigger, "command line");
    assert_int_equal(found.last.generation_after, 2);
    assert_int_equal(found.last.verdict, RUN_VERDICT_PARTLY);
    assert_int_equal(found.last.exit_code, 4);
    assert_memory_equal(&found.last.counts, &run.counts, sizeof(run.counts));
    assert_string_equal(found.last.message, run.message);
    assert_int_equal(found.checked_at, NOON);
    assert_int_equal(found.stale_at, NOON + 600 * SECOND);
}

static void test_store_keeps_actions_with_hostile_text(void **state)
{
    const struct test_folder *folder = *state;
    const char *hostile = "'); DROP TABLE run; -- <script>\"&\\ \xff";
    struct action_record action = {.verb = "update",
                                   .cause = "drift",
                                   .result = "failed",
                                   .type = "file",
                                   .id = hostile,
                                   .kind = "site",
                                   .name = hostile,
                                   .place = "a.yaml:1:1",
                                   .diff = hostile,
                                   .error = hostile,
                                   .evidence = hostile,
                                   .took_us = 1234};
    struct store *store = open_store(folder);
    int64_t number = record(store, &(struct run_report){.run = run_at(NOON, RUN_VERDICT_FAILED),
                                                        .actions = &action,
                                                        .action_count = 1,
                                                        .state = RUN_STATE_REPLACED});
    store_close(store);

    struct action_page page;
    struct store_reader *reader = open_reader(folder, NOON);
    struct action_filter filter = {.run = number, .limit = 10};
    assert_true(store_read_actions(reader, folder->arena, &filter, &page, NULL));
    close_reader(reader);
    assert_int_equal(page.rows.count, 1);
    assert_string_equal(page.rows.items[0].id, hostile);
    assert_string_equal(page.rows.items[0].diff, hostile);
    assert_string_equal(page.rows.items[0].evidence, hostile);
    assert_string_equal(page.rows.items[0].cause, "drift");
    assert_null(page.rows.items[0].reason);
    assert_int_equal(page.rows.items[0].took_us, 1234);
    assert_int_equal(page.rows.items[0].at, NOON);
}

static void test_store_since_moves_only_when_the_state_changes(void **state)
{
    const struct test_folder *folder = *state;
    struct store *store = open_store(folder);
    record_state(store, NOON, ITEM_STATE_IN_SYNC);
    record_state(store, NOON + 10 * SECOND, ITEM_STATE_IN_SYNC);
    struct item_record item = only_item(folder, NOON + 10 * SECOND);
    assert_int_equal(item.since, NOON);
    assert_int_equal(item.proven_at, NOON + 10 * SECOND);

    record_state(store, NOON + 20 * SECOND, ITEM_STATE_DRIFTED);
    record_state(store, NOON + 30 * SECOND, ITEM_STATE_DRIFTED);
    item = only_item(folder, NOON + 30 * SECOND);
    assert_int_equal(item.state, ITEM_STATE_DRIFTED);
    assert_int_equal(item.since, NOON + 20 * SECOND);
    assert_int_equal(item.proven_at, NOON + 10 * SECOND);

    record_state(store, NOON + 40 * SECOND, ITEM_STATE_FAILED);
    item = only_item(folder, NOON + 40 * SECOND);
    assert_int_equal(item.since, NOON + 40 * SECOND);
    assert_int_equal(item.proven_at, NOON + 10 * SECOND);
    store_close(store);
}

static void test_store_new_row_out_of_sync_was_never_proven(void **state)
{
    const struct test_folder *folder = *state;
    struct store *store = open_store(folder);
    struct run_report nothing = {.run = run_at(NOON, RUN_VERDICT_SUCCESS),
                                 .state = RUN_STATE_REPLACED};
    record(store, &nothing);
    record_state(store, NOON + SECOND, ITEM_STATE_FAILED);
    record_state(store, NOON + 2 * SECOND, ITEM_STATE_FAILED);
    assert_int_equal(only_item(folder, NOON + SECOND).proven_at, 0);
    store_close(store);
}

static void test_store_drops_what_a_run_no_longer_lists(void **state)
{
    const struct test_folder *folder = *state;
    struct store *store = open_store(folder);
    record_state(store, NOON, ITEM_STATE_IN_SYNC);
    struct run_report nothing = {.run = run_at(NOON + SECOND, RUN_VERDICT_CHANGED),
                                 .state = RUN_STATE_REPLACED};
    record(store, &nothing);
    store_close(store);
    struct store_overview found = overview(folder, NOON + SECOND);
    assert_int_equal(found.documents.total, 0);
    assert_int_equal(found.own_items.total, 0);
}

static void test_store_confirmed_run_moves_the_proof_and_nothing_else(void **state)
{
    const struct test_folder *folder = *state;
    struct store *store = open_store(folder);
    assert_false(store_is_settled(store, "d1"));
    record_state(store, NOON, ITEM_STATE_IN_SYNC);
    assert_true(store_is_settled(store, "d1"));
    assert_false(store_is_settled(store, "d2"));
    struct run_report confirmed = {.run = run_at(NOON + 60 * SECOND, RUN_VERDICT_SUCCESS),
                                   .state = RUN_STATE_CONFIRMED};
    record(store, &confirmed);
    assert_true(store_is_settled(store, "d1"));
    store_close(store);

    struct item_record item = only_item(folder, NOON + 60 * SECOND);
    assert_int_equal(item.since, NOON);
    assert_int_equal(item.proven_at, NOON + 60 * SECOND);
    assert_int_equal(overview(folder, NOON + 60 * SECOND).checked_at, NOON + 60 * SECOND);
}

static void test_store_confirming_an_empty_store_proves_nothing(void **state)
{
    const struct test_folder *folder = *state;
    struct store *store = open_store(folder);
    record(store, &(struct run_report){.run = run_at(NOON, RUN_VERDICT_SUCCESS),
                                       .state = RUN_STATE_CONFIRMED});
    store_close(store);
    struct store_overview found = overview(folder, NOON);
    assert_true(found.has_run);
    assert_false(found.has_state);
    assert_true(found.is_stale);
}

static void test_store_refused_run_leaves_the_state(void **state)
{
    const struct test_folder *folder = *state;
    struct store *store = open_store(folder);
    int64_t looked = record_state(store, NOON, ITEM_STATE_IN_SYNC);
    struct run_report refused = {.run = run_at(NOON + 60 * SECOND, RUN_VERDICT_FAILED),
                                 .state = RUN_STATE_KEPT};
    refused.run.message = "error[R012]: unknown field \"prox\"";
    int64_t number = record(store, &refused);
    assert_true(store_is_settled(store, "d1"));
    store_close(store);

    struct store_overview found = overview(folder, NOON + 60 * SECOND);
    assert_int_equal(found.last.number, number);
    assert_int_equal(found.state.number, looked);
    assert_int_equal(found.checked_at, NOON);
    assert_int_equal(found.documents.of[ITEM_STATE_IN_SYNC], 1);
}

static void test_store_is_unsettled_while_anything_is_out_of_sync(void **state)
{
    const struct test_folder *folder = *state;
    struct store *store = open_store(folder);
    record_state(store, NOON, ITEM_STATE_DRIFTED);
    assert_false(store_is_settled(store, "d1"));
    struct item_record own = {.type = "tree", .id = "/t", .state = ITEM_STATE_FAILED};
    record(store, &(struct run_report){.run = run_at(NOON, RUN_VERDICT_PARTLY),
                                       .state = RUN_STATE_REPLACED,
                                       .items = &own,
                                       .item_count = 1});
    assert_false(store_is_settled(store, "d1"));
    store_close(store);
}

static void test_store_cuts_long_texts_at_a_line(void **state)
{
    const struct test_folder *folder = *state;
    struct text diff = text_make(folder->arena);
    while (diff.length < 100000) {
        text_line(&diff, "+line %zu", diff.length);
    }
    struct item_record item = {.type = "file",
                               .id = "/a",
                               .kind = "site",
                               .name = "shop",
                               .state = ITEM_STATE_DRIFTED,
                               .diff = diff.data};
    struct store *store = open_store(folder);
    record(store, &(struct run_report){.run = run_at(NOON, RUN_VERDICT_SUCCESS),
                                       .state = RUN_STATE_REPLACED,
                                       .items = &item,
                                       .item_count = 1});
    store_close(store);
    const char *kept = only_item(folder, NOON).diff;
    assert_non_null(kept);
    assert_in_range(strlen(kept), 65000, 65700);
    const char *last = strrchr(kept, '\\');
    assert_non_null(last);
    assert_int_equal(last[-1], '\n');
    assert_non_null(strstr(last, "more bytes\n"));
}

static void test_store_forgets_the_oldest_quiet_runs(void **state)
{
    const struct test_folder *folder = *state;
    struct store *store = open_store(folder);
    int64_t first = record_state(store, NOON, ITEM_STATE_IN_SYNC);
    int64_t last = 0;
    for (int i = 1; i <= 1101; i++) {
        last = record(store,
                      &(struct run_report){.run = run_at(NOON + i * SECOND, RUN_VERDICT_SUCCESS),
                                           .state = RUN_STATE_CONFIRMED});
    }
    store_close(store);
    struct run_page page;
    struct store_reader *reader = open_reader(folder, NOON);
    struct run_filter filter = {.page.limit = 1};
    assert_true(store_read_runs(reader, folder->arena, &filter, &page, NULL));
    assert_int_equal(page.total, 1001); /* the quiet ones that are kept, and the first */
    assert_int_equal(page.rows.items[0].number, last);
    filter.only_eventful = true;
    assert_true(store_read_runs(reader, folder->arena, &filter, &page, NULL));
    assert_int_equal(page.total, 1);
    assert_int_equal(page.rows.items[0].number, first);
    close_reader(reader);
}

static void test_store_file_is_for_owner_and_group(void **state)
{
    const struct test_folder *folder = *state;
    mode_t mask = umask(0);
    struct store *store = open_store(folder);
    (void)umask(mask);
    record_state(store, NOON, ITEM_STATE_IN_SYNC);
    assert_int_equal(test_folder_mode(folder, "store.db") & 07777, 0640);
    assert_int_equal(test_folder_mode(folder, "store.db-wal") & 07777, 0640);
    store_close(store);
    assert_true(test_folder_exists(folder, "store.db-wal"));
    assert_true(test_folder_exists(folder, "store.db-shm"));
}

static void test_store_keeps_its_log_short(void **state)
{
    const struct test_folder *folder = *state;
    enum { ITEMS = 5000 };
    struct item_record *items = arena_array(folder->arena, ITEMS, sizeof(*items));
    for (size_t i = 0; i < ITEMS; i++) {
        items[i].type = "file";
        items[i].id = arena_printf(folder->arena, "/a/long/path/of/an/item/that/fills/%zu", i);
    }
    struct store *store = open_store(folder);
    record(store, &(struct run_report){.run = run_at(NOON, RUN_VERDICT_CHANGED),
                                       .state = RUN_STATE_REPLACED,
                                       .items = items,
                                       .item_count = ITEMS});
    store_close(store);
    struct stat status;
    assert_int_equal(fstatat(folder->fd, "store.db-wal", &status, 0), 0);
    assert_in_range(status.st_size, 0, 512 * 1024);
    assert_int_equal(overview(folder, NOON).own_items.total, ITEMS);
}

/* In a child: becomes another user of that group and reads one overview. */
static int read_as_other_user(const struct test_folder *folder, gid_t group)
{
    struct store_reader *reader = NULL;
    struct store_overview found = {0};
    if (setgroups(0, NULL) != 0 || setgid(group) != 0 || setuid(65534) != 0) {
        return 1;
    }
    if (open(store_path(folder), O_RDWR | O_CLOEXEC) >= 0) {
        return 2; /* it must not be able to write */
    }
    if (!store_reader_open(store_path(folder), &reader, NULL) ||
        !store_snapshot_begin(reader, NOON, NULL) ||
        !store_read_overview(reader, folder->arena, &found, NULL)) {
        return 3;
    }
    close_reader(reader);
    return found.documents.total == 1 ? 0 : 4;
}

static void test_store_makes_its_folder_for_the_group(void **state)
{
    const struct test_folder *folder = *state;
    struct store *store = NULL;
    const char *path = arena_printf(folder->arena, "%s/store/store.db", folder->path);
    mode_t before = umask(0077);
    assert_true(store_open(path, (gid_t)-1, &store, NULL));
    store_close(store);
    (void)umask(before);
    assert_int_equal(test_folder_mode(folder, "store") & 07777, 0750);
    assert_int_equal(test_folder_mode(folder, "store/store.db") & 07777, 0640);
}

static void assert_other_user_reads(const struct test_folder *folder, gid_t group)
{
    pid_t child = fork();
    if (child == 0) {
        _exit(read_as_other_user(folder, group));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_store_is_read_by_the_group_after_the_writer_left(void **state)
{
    const struct test_folder *folder = *state;
    enum { GROUP = 65533 };
    if (geteuid() != 0) {
        skip(); /* only root can become another user */
    }
    assert_int_equal(chmod(folder->path, 0755), 0);
    struct store *store = NULL;
    assert_true(store_open(store_path(folder), GROUP, &store, NULL));
    record_state(store, NOON, ITEM_STATE_IN_SYNC);
    store_close(store);
    assert_other_user_reads(folder, GROUP);
    /* And when all that was in the log has been moved to the store itself. */
    sqlite3 *database = NULL;
    int yes = 1;
    assert_int_equal(sqlite3_open(store_path(folder), &database), SQLITE_OK);
    assert_int_equal(sqlite3_file_control(database, "main", SQLITE_FCNTL_PERSIST_WAL, &yes),
                     SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    assert_other_user_reads(folder, GROUP);
}

static void test_store_damaged_is_moved_aside_and_begun_anew(void **state)
{
    const struct test_folder *folder = *state;
    test_folder_write(folder, "store.db", "this has never been a database, but it is long enough");
    struct store *store = open_store(folder);
    record_state(store, NOON, ITEM_STATE_IN_SYNC);
    store_close(store);
    assert_true(test_folder_exists(folder, "store.db.damaged"));
    assert_int_equal(overview(folder, NOON).documents.total, 1);
}

static void test_store_damaged_in_use_is_begun_anew(void **state)
{
    const struct test_folder *folder = *state;
    struct store *store = open_store(folder);
    record_state(store, NOON, ITEM_STATE_IN_SYNC);
    store_close(store);
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(store_path(folder), &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    /* The first page stays whole, so that the damage shows only when rows are touched. */
    AUTO_FD fd = openat(folder->fd, "store.db", O_RDWR | O_CLOEXEC);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    assert_true(status.st_size > 4096);
    for (off_t offset = 4096; offset < status.st_size; offset += 64) {
        assert_int_equal(pwrite(fd, "garbage!", 8, offset), 8);
    }
    store = open_store(folder);
    record_state(store, NOON + SECOND, ITEM_STATE_IN_SYNC);
    store_close(store);
    assert_true(test_folder_exists(folder, "store.db.damaged"));
    assert_int_equal(overview(folder, NOON + SECOND).documents.total, 1);
}

/* Locks are those of a process, so the reader is one of its own. Ends when the pipe is closed. */
static pid_t read_until_closed(const struct test_folder *folder, int *out_end)
{
    int ready[2];
    int end[2];
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(pipe2(end, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        struct store_reader *reader = NULL;
        char byte = 0;
        (void)close(end[1]);
        bool is_read = store_reader_open(store_path(folder), &reader, NULL) &&
                       store_snapshot_begin(reader, NOON, NULL);
        store_snapshot_end(reader);
        _exit(is_read && write(ready[1], "", 1) == 1 && read(end[0], &byte, 1) == 0 ? 0 : 1);
    }
    char byte = 0;
    (void)close(ready[1]);
    (void)close(end[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    *out_end = end[1];
    return child;
}

/* What is between readers lives as long as they do, and would be taken for the new store's. */
static void test_store_deleted_under_a_reader_is_begun_anew(void **state)
{
    const struct test_folder *folder = *state;
    struct store *store = open_store(folder);
    record_state(store, NOON, ITEM_STATE_IN_SYNC);
    store_close(store);
    int end = -1;
    pid_t reader = read_until_closed(folder, &end);
    assert_int_equal(unlinkat(folder->fd, "store.db", 0), 0);
    assert_int_equal(unlinkat(folder->fd, "store.db-wal", 0), 0);
    assert_true(test_folder_exists(folder, "store.db-shm"));
    store = open_store(folder);
    record_state(store, NOON + SECOND, ITEM_STATE_DRIFTED);
    store_close(store);
    assert_int_equal(overview(folder, NOON + SECOND).documents.of[ITEM_STATE_DRIFTED], 1);
    int status = 0;
    assert_int_equal(close(end), 0);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
}

static void test_store_refuses_a_database_of_another_program(void **state)
{
    const struct test_folder *folder = *state;
    struct error err;
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(store_path(folder), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "CREATE TABLE theirs (a)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    struct store *store = NULL;
    assert_false(store_open(store_path(folder), (gid_t)-1, &store, &err));
    assert_int_equal(err.code, ERROR_REFUSED);
    assert_false(test_folder_exists(folder, "store.db.damaged"));
}

static void test_store_of_an_older_program_is_brought_up(void **state)
{
    const struct test_folder *folder = *state;
    struct store *store = open_store(folder);
    record_state(store, NOON, ITEM_STATE_DRIFTED);
    store_close(store);
    sqlite3 *older = NULL;
    assert_int_equal(sqlite3_open(store_path(folder), &older), SQLITE_OK);
    assert_int_equal(sqlite3_exec(older,
                                  "DROP TABLE tally; DROP TABLE drift; DROP TABLE delivery;"
                                  " DROP TABLE audit; DROP TABLE notification; DROP TABLE source;"
                                  " DROP INDEX certificate_document;"
                                  " ALTER TABLE certificate DROP COLUMN alarm;"
                                  " ALTER TABLE certificate DROP COLUMN because;"
                                  " ALTER TABLE certificate DROP COLUMN asked_at;"
                                  " ALTER TABLE certificate DROP COLUMN proven_at;"
                                  " ALTER TABLE certificate DROP COLUMN served_not_after;"
                                  " ALTER TABLE certificate DROP COLUMN served_instead;"
                                  " PRAGMA user_version = 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(older), SQLITE_OK);
    store_close(open_store(folder));
    assert_int_equal(overview(folder, NOON).documents.of[ITEM_STATE_DRIFTED], 1);
    assert_false(test_folder_exists(folder, "store.db.damaged"));
}

static void test_store_refuses_one_of_a_newer_program(void **state)
{
    const struct test_folder *folder = *state;
    struct error err;
    store_close(open_store(folder));
    sqlite3 *later = NULL;
    assert_int_equal(sqlite3_open(store_path(folder), &later), SQLITE_OK);
    assert_int_equal(sqlite3_exec(later, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(later), SQLITE_OK);
    struct store *store = NULL;
    assert_false(store_open(store_path(folder), (gid_t)-1, &store, &err));
    assert_int_equal(err.code, ERROR_REFUSED);
    assert_non_null(strstr(err.message, "newer"));
}

static void test_store_says_why_it_cannot_open(void **state)
{
    const struct test_folder *folder = *state;
    struct error err;
    struct store *store = NULL;
    const char *path = arena_printf(folder->arena, "%s/absent/folder/store.db", folder->path);
    assert_false(store_open(path, (gid_t)-1, &store, &err));
    assert_int_equal(err.code, ERROR_SYSTEM);
    assert_non_null(strstr(err.message, "absent/folder"));
    test_folder_link(folder, "link.db", "elsewhere.db");
    path = arena_printf(folder->arena, "%s/link.db", folder->path);
    assert_false(store_open(path, (gid_t)-1, &store, &err));
    assert_false(test_folder_exists(folder, "elsewhere.db"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_folder_setup, test_folder_teardown)
        TEST(test_store_keeps_every_field_of_a_run),
        TEST(test_store_keeps_actions_with_hostile_text),
        TEST(test_store_since_moves_only_when_the_state_changes),
        TEST(test_store_new_row_out_of_sync_was_never_proven),
        TEST(test_store_drops_what_a_run_no_longer_lists),
        TEST(test_store_confirmed_run_moves_the_proof_and_nothing_else),
        TEST(test_store_confirming_an_empty_store_proves_nothing),
        TEST(test_store_refused_run_leaves_the_state),
        TEST(test_store_is_unsettled_while_anything_is_out_of_sync),
        TEST(test_store_cuts_long_texts_at_a_line),
        TEST(test_store_forgets_the_oldest_quiet_runs),
        TEST(test_store_file_is_for_owner_and_group),
        TEST(test_store_keeps_its_log_short),
        TEST(test_store_makes_its_folder_for_the_group),
        TEST(test_store_is_read_by_the_group_after_the_writer_left),
        TEST(test_store_damaged_is_moved_aside_and_begun_anew),
        TEST(test_store_damaged_in_use_is_begun_anew),
        TEST(test_store_deleted_under_a_reader_is_begun_anew),
        TEST(test_store_refuses_a_database_of_another_program),
        TEST(test_store_of_an_older_program_is_brought_up),
        TEST(test_store_refuses_one_of_a_newer_program),
        TEST(test_store_says_why_it_cannot_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
