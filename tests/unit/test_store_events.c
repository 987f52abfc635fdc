/* Drift, deliveries and audit entries: what a run leaves is what the pages read. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
    const struct drift_filter filter = {.limit = 10};
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
    struct drift_filter filter = {.kind = "site", .name = "shop", .limit = 2};
    assert_true(store_read_drifts(reader, folder->arena, &filter, &page, NULL));
    assert_int_equal(page.rows.count, 2);
    assert_int_equal(page.total, 3);
    assert_true(page.has_after);
    assert_int_equal(page.rows.items[0].number, 5);
    filter.key = page.rows.items[1].number;
    assert_true(store_read_drifts(reader, folder->arena, &filter, &page, NULL));
    close_reader(reader);
    assert_int_equal(page.rows.count, 1);
    assert_false(page.has_after);
    assert_int_equal(page.rows.items[0].number, 1);
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
        .version = "abc", .fate = DELIVERY_PARTLY, .evidence = "probe /: 502"};
    record(folder, &report, NOON + 1);
    struct store_reader *reader = open_reader(folder);
    struct delivery_records found = {0};
    assert_true(store_read_deliveries(reader, folder->arena, 10, &found, NULL));
    close_reader(reader);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.items[0].fate, DELIVERY_PARTLY);
    assert_int_equal(found.items[0].generation, 7);
    assert_int_equal(found.items[0].first_at, NOON);
    assert_int_equal(found.items[0].last_at, NOON + 1);
    assert_string_equal(found.items[0].subject, "shop: more workers");
    assert_string_equal(found.items[0].evidence, "probe /: 502");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_keeps_every_field_of_drift),
        TEST(test_store_pages_through_the_drift_of_one_document),
        TEST(test_store_knows_the_last_fate_of_a_version),
        TEST(test_store_lists_who_did_what),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
