/* Drift, deliveries and audit entries: what a run leaves is what the pages read. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "base/text.h"
#include "store/store.h"
#include "store/store_read.h"
#include "support/folder.h"

#define NOON (INT64_C(1790000000) * 1000000)

static const char *store_path(const struct test_folder *folder)
{
    return arena_printf(folder->arena, "%s/store.db", folder->path);
}

static void record(const struct test_folder *folder, struct run_report *report, int64_t at)
{
    struct error err;
    struct store *store = NULL;
    report->run.started_at = at;
    report->run.ended_at = at;
    if (!store_open(store_path(folder), (gid_t)-1, &store, &err) ||
        !store_record_run(store, report, NULL, &err)) {
        fail_msg("%s", err.message);
    }
    store_close(store);
}

static struct store_reader *open_reader(const struct test_folder *folder)
{
    struct error err;
    struct store_reader *reader = NULL;
    if (!store_reader_open(store_path(folder), &reader, &err) ||
        !store_snapshot_begin(reader, NOON, &err)) {
        fail_msg("%s", err.message);
    }
    return reader;
}

static void close_reader(struct store_reader *reader)
{
    store_snapshot_end(reader);
    store_reader_close(reader);
}

static struct drift_record drift_of(const char *name)
{
    return (struct drift_record){.at = NOON,
                                 .path = "/etc/x",
                                 .kind = name == NULL ? NULL : "site",
                                 .name = name,
                                 .what = "written",
                                 .answer = "restored",
                                 .took_us = 900,
                                 .program = "/usr/bin/vim",
                                 .command = "vim \"x\" <b>\n",
                                 .pid = 42,
                                 .parents = "bash < sshd",
                                 .user = "root",
                                 .login = "ali",
                                 .unit = "session-1.scope",
                                 .package = "upgrade nginx 1.22",
                                 .replaced = "/var/lib/reconcile/drift/1.replaced",
                                 .diff = "-a\n+b\n"};
}

static void test_store_keeps_every_field_of_drift(void **state)
{
    const struct test_folder *folder = *state;
    const struct drift_record wanted = drift_of("shop");
    struct run_report report = {.drifts = &wanted, .drift_count = 1};
    record(folder, &report, NOON);
    struct store_reader *reader = open_reader(folder);
    struct drift_page page = {0};
    const struct drift_filter filter = {.page.limit = 10};
    assert_true(store_read_drifts(reader, folder->arena, &filter, &page, NULL));
    close_reader(reader);
    assert_int_equal(page.rows.count, 1);
    assert_int_equal(page.total, 1);
    const struct drift_record *found = &page.rows.items[0];
    assert_int_equal(found->at, NOON);
    assert_int_equal(found->run, 1);
    assert_int_equal(found->pid, 42);
    assert_int_equal(found->took_us, 900);
    assert_string_equal(found->path, wanted.path);
    assert_string_equal(found->kind, "site");
    assert_string_equal(found->name, "shop");
    assert_string_equal(found->what, wanted.what);
    assert_string_equal(found->answer, wanted.answer);
    assert_null(found->reason);
    assert_string_equal(found->program, wanted.program);
    assert_string_equal(found->command, wanted.command);
    assert_string_equal(found->parents, wanted.parents);
    assert_string_equal(found->user, wanted.user);
    assert_string_equal(found->login, wanted.login);
    assert_string_equal(found->unit, wanted.unit);
    assert_string_equal(found->package, wanted.package);
    assert_string_equal(found->replaced, wanted.replaced);
    assert_string_equal(found->diff, wanted.diff);
}

static void test_store_pages_through_the_drift_of_one_document(void **state)
{
    const struct test_folder *folder = *state;
    const struct drift_record drifts[] = {drift_of("shop"), drift_of("blog"), drift_of("shop"),
                                          drift_of(NULL), drift_of("shop")};
    struct run_report report = {.drifts = drifts, .drift_count = 5};
    record(folder, &report, NOON);
    struct store_reader *reader = open_reader(folder);
    struct drift_page page = {0};
    struct drift_filter filter = {.kind = "site", .name = "shop", .page.limit = 2};
    assert_true(store_read_drifts(reader, folder->arena, &filter, &page, NULL));
    assert_int_equal(page.rows.count, 2);
    assert_int_equal(page.total, 3);
    assert_true(page.has_after);
    assert_int_equal(page.rows.items[0].number, 5);
    filter.key = page.rows.items[1].number;
    assert_true(store_read_drifts(reader, folder->arena, &filter, &page, NULL));
    assert_int_equal(page.rows.count, 1);
    assert_false(page.has_after);
    assert_true(page.has_before);
    assert_int_equal(page.rows.items[0].number, 1);
    filter.page.is_backward = true;
    filter.key = 1;
    assert_true(store_read_drifts(reader, folder->arena, &filter, &page, NULL));
    close_reader(reader);
    assert_int_equal(page.rows.count, 2);
    assert_false(page.has_before);
    assert_true(page.has_after);
    assert_int_equal(page.rows.items[0].number, 5);
    assert_int_equal(page.rows.items[1].number, 3);
}

static size_t found_by(struct store_reader *reader, struct arena *arena,
                       const struct drift_filter *filter)
{
    struct drift_page page = {0};
    assert_true(store_read_drifts(reader, arena, filter, &page, NULL));
    return (size_t)page.total;
}

static void test_store_finds_drift_by_what_is_known_of_it(void **state)
{
    const struct test_folder *folder = *state;
    struct drift_record drifts[] = {drift_of("shop"), drift_of("blog"), drift_of(NULL)};
    drifts[1].answer = "fight";
    drifts[1].user = "maryam";
    drifts[2].path = "/etc/50%";
    struct run_report report = {.drifts = drifts, .drift_count = 3};
    record(folder, &report, NOON);
    struct store_reader *reader = open_reader(folder);
    struct arena *arena = folder->arena;
    assert_int_equal(found_by(reader, arena, &(struct drift_filter){.page.limit = 9}), 3);
    assert_int_equal(
        found_by(reader, arena, &(struct drift_filter){.answer = "fight", .page.limit = 9}), 1);
    assert_int_equal(
        found_by(reader, arena, &(struct drift_filter){.search = "MARYAM", .page.limit = 9}), 1);
    assert_int_equal(
        found_by(reader, arena, &(struct drift_filter){.search = "0%", .page.limit = 9}), 1);
    assert_int_equal(
        found_by(reader, arena, &(struct drift_filter){.kind = "site", .page.limit = 9}), 2);
    bool is_found = false;
    struct drift_record last = {0};
    assert_true(store_read_last_drift(reader, arena, NULL, "site", "blog", &is_found, &last, NULL));
    assert_true(is_found);
    assert_string_equal(last.user, "maryam");
    assert_true(
        store_read_last_drift(reader, arena, "/etc/50%", NULL, NULL, &is_found, &last, NULL));
    assert_true(is_found);
    assert_true(store_read_last_drift(reader, arena, "/none", NULL, NULL, &is_found, &last, NULL));
    assert_false(is_found);
    struct answer_counts counts = {0};
    assert_true(store_read_drift_counts(reader, arena, &counts, NULL));
    assert_int_equal(counts.count, 2);
    assert_string_equal(counts.items[0].answer, "fight");
    assert_int_equal(counts.items[1].count, 2);
    close_reader(reader);
}

static struct delivery_page read_deliveries(const struct test_folder *folder,
                                            const struct delivery_filter *filter)
{
    struct store_reader *reader = open_reader(folder);
    struct delivery_page page = {0};
    assert_true(store_read_deliveries(reader, folder->arena, filter, &page, NULL));
    close_reader(reader);
    return page;
}

static void test_store_knows_the_last_fate_of_a_version(void **state)
{
    const struct test_folder *folder = *state;
    struct delivery_record delivery = {.version = "abc",
                                       .commit = "abc",
                                       .subject = "shop: more workers",
                                       .fate = DELIVERY_APPLIED,
                                       .generation = 7};
    struct run_report report = {.delivery = &delivery};
    record(folder, &report, NOON);
    delivery = (struct delivery_record){
        .version = "abc", .fate = DELIVERY_PARTLY, .stage = "probe", .evidence = "probe /: 502"};
    record(folder, &report, NOON + 1);
    delivery.stage = NULL; /* refused before: what refused it is known */
    record(folder, &report, NOON + 1);
    const struct delivery_filter all = {.fate = -1, .page.limit = 10};
    struct delivery_page found = read_deliveries(folder, &all);
    assert_int_equal(found.rows.count, 1);
    assert_int_equal(found.total, 1);
    assert_int_equal(found.rows.items[0].fate, DELIVERY_PARTLY);
    assert_string_equal(found.rows.items[0].stage, "probe");
    assert_int_equal(found.rows.items[0].generation, 7);
    assert_int_equal(found.rows.items[0].first_at, NOON);
    assert_int_equal(found.rows.items[0].last_at, NOON + 1);
    assert_string_equal(found.rows.items[0].subject, "shop: more workers");
    assert_string_equal(found.rows.items[0].evidence, "probe /: 502");
}

static void test_store_tells_an_applied_version_from_one_that_changes_nothing(void **state)
{
    const struct test_folder *folder = *state;
    struct delivery_record delivery = {.version = "abc", .fate = DELIVERY_APPLIED, .generation = 7};
    struct run_report report = {.delivery = &delivery};
    record(folder, &report, NOON);
    delivery.fate = DELIVERY_UNCHANGED;
    record(folder, &report, NOON + 1);
    delivery.version = "def";
    record(folder, &report, NOON + 2);
    const struct delivery_filter all = {.fate = -1, .page.limit = 10};
    struct delivery_page found = read_deliveries(folder, &all);
    assert_int_equal(found.rows.count, 2);
    assert_int_equal(found.rows.items[0].fate, DELIVERY_UNCHANGED);
    assert_int_equal(found.rows.items[1].fate, DELIVERY_APPLIED);
    assert_int_equal(found.rows.items[0].run, 3);
    assert_int_equal(found.rows.items[1].run, 1);
    struct store_reader *reader = open_reader(folder);
    bool is_found = false;
    int64_t counts[DELIVERY_FATE_COUNT] = {0};
    assert_true(store_read_applied(reader, folder->arena, &is_found, &delivery, NULL));
    assert_true(is_found);
    assert_string_equal(delivery.version, "def");
    assert_true(store_read_delivery_counts(reader, counts, NULL));
    assert_int_equal(counts[DELIVERY_APPLIED], 1);
    assert_int_equal(counts[DELIVERY_UNCHANGED], 1);
    assert_int_equal(counts[DELIVERY_REFUSED], 0);
    close_reader(reader);
}

static void test_store_pages_through_versions(void **state)
{
    const struct test_folder *folder = *state;
    static const char *const versions[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < 5; i++) {
        const struct delivery_record delivery = {.version = versions[i],
                                                 .subject = i == 1 ? "the second" : NULL,
                                                 .fate = i % 2 == 0 ? DELIVERY_APPLIED
                                                                    : DELIVERY_REFUSED};
        struct run_report report = {.delivery = &delivery};
        record(folder, &report, NOON + (int64_t)(i / 2)); /* two at the same moment */
    }
    struct delivery_filter filter = {.fate = -1, .page.limit = 2};
    struct delivery_page page = read_deliveries(folder, &filter);
    assert_string_equal(page.rows.items[0].version, "e");
    assert_true(page.has_after);
    filter.key_at = page.rows.items[1].last_at;
    filter.key_version = page.rows.items[1].version;
    page = read_deliveries(folder, &filter);
    assert_string_equal(page.rows.items[0].version, "c");
    assert_string_equal(page.rows.items[1].version, "b");
    filter.page.is_backward = true;
    filter.key_at = page.rows.items[0].last_at;
    filter.key_version = page.rows.items[0].version;
    page = read_deliveries(folder, &filter);
    assert_int_equal(page.rows.count, 2);
    assert_string_equal(page.rows.items[0].version, "e");
    assert_false(page.has_before);
    const struct delivery_filter refused = {.fate = DELIVERY_REFUSED, .page.limit = 9};
    assert_int_equal(read_deliveries(folder, &refused).total, 2);
    const struct delivery_filter second = {.fate = -1, .search = "SECOND", .page.limit = 9};
    assert_int_equal(read_deliveries(folder, &second).total, 1);
}

/* ---- The source ---- */

static void record_source(const struct test_folder *folder, const struct source_record *source)
{
    struct error err;
    struct store *store = NULL;
    if (!store_open(store_path(folder), (gid_t)-1, &store, &err) ||
        !store_record_source(store, source, &err)) {
        fail_msg("%s", err.message);
    }
    store_close(store);
}

static struct source_record read_source(const struct test_folder *folder)
{
    struct store_reader *reader = open_reader(folder);
    struct source_record source = {0};
    bool is_found = false;
    assert_true(store_read_source(reader, folder->arena, &is_found, &source, NULL));
    assert_true(is_found);
    close_reader(reader);
    return source;
}

static void test_store_knows_what_the_last_fetch_said(void **state)
{
    const struct test_folder *folder = *state;
    struct source_record source = {.url = "https://git.example.com/hosts.git",
                                   .branch = "main",
                                   .tried_at = NOON,
                                   .offered = "aaa",
                                   .commit = "aaa",
                                   .subject = "first",
                                   .author = "Ali",
                                   .commit_at = NOON - 9,
                                   .signature = "verified"};
    record_source(folder, &source);
    /* Nothing new: the commit was not read again. */
    record_source(folder,
                  &(struct source_record){
                      .url = source.url, .tried_at = NOON + 1, .offered = "aaa", .commit = "aaa"});
    struct source_record found = read_source(folder);
    assert_string_equal(found.subject, "first");
    assert_string_equal(found.author, "Ali");
    assert_int_equal(found.commit_at, NOON - 9);
    assert_int_equal(found.accepted_at, NOON);
    assert_int_equal(found.fetched_at, NOON + 1);
    /* It fails twice. */
    for (int64_t i = 2; i < 4; i++) {
        record_source(folder, &(struct source_record){.url = source.url,
                                                      .tried_at = NOON + i,
                                                      .commit = "aaa",
                                                      .error = "no route to host"});
    }
    found = read_source(folder);
    assert_string_equal(found.error, "no route to host");
    assert_int_equal(found.failing_at, NOON + 2);
    assert_int_equal(found.tried_at, NOON + 3);
    assert_int_equal(found.fetched_at, NOON + 1);
    assert_string_equal(found.subject, "first");
    /* And brings something. */
    record_source(folder, &(struct source_record){.url = source.url,
                                                  .tried_at = NOON + 4,
                                                  .offered = "bbb",
                                                  .commit = "bbb",
                                                  .subject = "second"});
    found = read_source(folder);
    assert_null(found.error);
    assert_int_equal(found.failing_at, 0);
    assert_int_equal(found.accepted_at, NOON + 4);
    assert_string_equal(found.subject, "second");
    assert_null(found.author);
    /* Another repository. */
    source.url = "/srv/other.git";
    record_source(folder, &source);
    assert_string_equal(read_source(folder).url, "/srv/other.git");
}

static void test_store_lists_who_did_what(void **state)
{
    const struct test_folder *folder = *state;
    const struct audit_record audits[] = {
        {.at = NOON,
         .who = "ali",
         .from = "command line",
         .action = "suspend",
         .target = "site:shop",
         .detail = "moving house",
         .commit = "abc"},
        {.at = NOON + 1, .who = "root", .action = "resume", .target = "site:shop"}};
    struct run_report report = {.audits = audits, .audit_count = 2};
    record(folder, &report, NOON);
    struct store_reader *reader = open_reader(folder);
    struct audit_records found = {0};
    assert_true(store_read_audits(reader, folder->arena, 10, &found, NULL));
    close_reader(reader);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.items[0].action, "resume");
    assert_string_equal(found.items[1].detail, "moving house");
    assert_string_equal(found.items[1].from, "command line");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, test_folder_setup, test_folder_teardown)

static void test_store_keeps_what_came_of_telling_somebody(void **state)
{
    const struct test_folder *folder = *state;
    const struct notification_record wanted[] = {
        {.at = NOON,
         .message = "1",
         .channel = "ops",
         .subject = "a\nsubject",
         .result = "retried",
         .attempt = 1,
         .answer = "HTTP 500"},
        {.at = NOON, .message = "1", .channel = "ops", .result = "sent", .attempt = 2},
    };
    struct run_report report = {.notifications = wanted, .notification_count = 2};
    record(folder, &report, NOON);
    sqlite3 *database = NULL;
    sqlite3_stmt *rows = NULL;
    assert_int_equal(sqlite3_open(store_path(folder), &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database,
                                        "SELECT result, attempt, answer, subject FROM notification"
                                        " ORDER BY number",
                                        -1, &rows, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(rows, 0), "retried");
    assert_string_equal((const char *)sqlite3_column_text(rows, 2), "HTTP 500");
    assert_string_equal((const char *)sqlite3_column_text(rows, 3), "a\nsubject");
    assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(rows, 1), 2);
    assert_int_equal(sqlite3_column_type(rows, 2), SQLITE_NULL);
    assert_int_equal(sqlite3_step(rows), SQLITE_DONE);
    (void)sqlite3_finalize(rows); /* the last step was well */
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_keeps_every_field_of_drift),
        TEST(test_store_pages_through_the_drift_of_one_document),
        TEST(test_store_finds_drift_by_what_is_known_of_it),
        TEST(test_store_knows_the_last_fate_of_a_version),
        TEST(test_store_tells_an_applied_version_from_one_that_changes_nothing),
        TEST(test_store_pages_through_versions),
        TEST(test_store_knows_what_the_last_fetch_said),
        TEST(test_store_lists_who_did_what),
        TEST(test_store_keeps_what_came_of_telling_somebody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
