/* The reader: pages, filters, staleness and history, over what the writer wrote. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "store/store.h"
#include "store/store_read.h"
#include "support/folder.h"

#define SECOND ((int64_t)1000000)
#define HOUR   (3600 * SECOND)
#define NOON   (INT64_C(1790000000) * SECOND)

static const char *store_path(const struct test_folder *folder)
{
    return arena_printf(folder->arena, "%s/store.db", folder->path);
}

static void record(const struct test_folder *folder, const struct run_report *report)
{
    struct error err;
    struct store *store = NULL;
    if (!store_open(store_path(folder), (gid_t)-1, &store, &err) ||
        !store_record_run(store, report, NULL, &err)) {
        fail_msg("%s", err.message);
    }
    store_close(store);
}

static struct run_report report_at(int64_t at, enum run_verdict verdict)
{
    return (struct run_report){
        .run = {.started_at = at, .ended_at = at, .desired_digest = "d", .verdict = verdict},
        .state = RUN_STATE_REPLACED};
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

/* service:a .. service:e and site:a .. site:e; site:c has drifted, site:d has failed. */
static void record_ten_documents(const struct test_folder *folder)
{
    struct document_record documents[10];
    for (size_t i = 0; i < 10; i++) {
        documents[i] = (struct document_record){
            .kind = i < 5 ? "service" : "site",
            .name = arena_printf(folder->arena, "%c", (char)('a' + i % 5)),
            .summary = i == 7 ? "50%_off" : "plain",
            .state = ITEM_STATE_IN_SYNC,
        };
    }
    documents[7].state = ITEM_STATE_DRIFTED;
    documents[8].state = ITEM_STATE_FAILED;
    struct run_report report = report_at(NOON, RUN_VERDICT_PARTLY);
    report.documents = documents;
    report.document_count = 10;
    record(folder, &report);
}

/* The page as "kind:name kind:name", with < and > where there are more. */
static const char *page_text(const struct test_folder *folder, struct store_reader *reader,
                             const struct document_filter *filter)
{
    struct document_page page;
    assert_true(store_read_documents(reader, folder->arena, filter, &page, NULL));
    struct text text = text_make(folder->arena);
    text_add(&text, page.has_before ? "<" : "");
    for (size_t i = 0; i < page.rows.count; i++) {
        text_addf(&text, "%s%s:%s", i == 0 ? "" : " ", page.rows.items[i].kind,
                  page.rows.items[i].name);
    }
    text_add(&text, page.has_after ? ">" : "");
    return text.data;
}

static void test_store_read_pages_forward_and_backward(void **state)
{
    const struct test_folder *folder = *state;
    record_ten_documents(folder);
    struct store_reader *reader = open_reader(folder, NOON);
    struct document_filter filter = {.state = -1, .page.limit = 4};
    assert_string_equal(page_text(folder, reader, &filter),
                        "service:a service:b service:c service:d>");
    filter.key_kind = "service";
    filter.key_name = "d";
    assert_string_equal(page_text(folder, reader, &filter), "<service:e site:a site:b site:c>");
    filter.key_kind = "site";
    filter.key_name = "c";
    assert_string_equal(page_text(folder, reader, &filter), "<site:d site:e");
    filter.page.is_backward = true;
    assert_string_equal(page_text(folder, reader, &filter), "<service:d service:e site:a site:b>");
    filter.key_kind = "service";
    filter.key_name = "d";
    assert_string_equal(page_text(folder, reader, &filter), "service:a service:b service:c>");
    close_reader(reader);
}

static void test_store_read_filters_by_kind_state_and_text(void **state)
{
    const struct test_folder *folder = *state;
    record_ten_documents(folder);
    struct store_reader *reader = open_reader(folder, NOON);
    struct document_filter filter = {.kind = "site", .state = ITEM_STATE_DRIFTED, .page.limit = 4};
    assert_string_equal(page_text(folder, reader, &filter), "site:c");
    filter = (struct document_filter){.kind = "site", .state = -1, .page.limit = 2};
    assert_string_equal(page_text(folder, reader, &filter), "site:a site:b>");
    filter = (struct document_filter){.state = -1, .search = "E", .page.limit = 4};
    assert_string_equal(page_text(folder, reader, &filter), "service:e site:e");
    filter.search = "%_"; /* as it is written, not as a pattern */
    assert_string_equal(page_text(folder, reader, &filter), "site:c");
    filter.search = "' OR 1 --";
    assert_string_equal(page_text(folder, reader, &filter), "");
    close_reader(reader);
}

static void test_store_read_counts_by_kind_and_state(void **state)
{
    const struct test_folder *folder = *state;
    record_ten_documents(folder);
    struct store_reader *reader = open_reader(folder, NOON);
    struct kind_counts kinds;
    assert_true(store_read_kinds(reader, folder->arena, &kinds, NULL));
    assert_int_equal(kinds.count, 2);
    assert_string_equal(kinds.items[1].kind, "site");
    assert_int_equal(kinds.items[1].counts.total, 5);
    assert_int_equal(kinds.items[1].counts.of[ITEM_STATE_IN_SYNC], 3);
    assert_int_equal(kinds.items[1].counts.of[ITEM_STATE_FAILED], 1);
    close_reader(reader);
}

static void test_store_read_is_never_in_sync_when_stale(void **state)
{
    const struct test_folder *folder = *state;
    record_ten_documents(folder);
    struct store_reader *reader = open_reader(folder, NOON + 26 * HOUR);
    struct store_overview overview;
    assert_true(store_read_overview(reader, folder->arena, &overview, NULL));
    assert_true(overview.is_stale);
    assert_int_equal(overview.documents.of[ITEM_STATE_IN_SYNC], 0);
    assert_int_equal(overview.documents.of[ITEM_STATE_STALE], 8);
    assert_int_equal(overview.documents.of[ITEM_STATE_FAILED], 1);
    struct document_filter filter = {.state = ITEM_STATE_IN_SYNC, .page.limit = 4};
    assert_string_equal(page_text(folder, reader, &filter), "");
    filter = (struct document_filter){.kind = "site", .state = ITEM_STATE_STALE, .page.limit = 4};
    assert_string_equal(page_text(folder, reader, &filter), "site:a site:b site:e");
    close_reader(reader);

    reader = open_reader(folder, NOON + 26 * HOUR - 1);
    assert_true(store_read_overview(reader, folder->arena, &overview, NULL));
    assert_false(overview.is_stale);
    close_reader(reader);
}

static void test_store_read_does_not_believe_the_future(void **state)
{
    const struct test_folder *folder = *state;
    record_ten_documents(folder);
    struct store_overview overview;
    struct store_reader *reader = open_reader(folder, NOON - HOUR);
    assert_true(store_read_overview(reader, folder->arena, &overview, NULL));
    assert_true(overview.is_stale);
    close_reader(reader);
}

static void test_store_read_puts_the_most_urgent_first(void **state)
{
    const struct test_folder *folder = *state;
    struct item_record items[] = {
        {.type = "file", .id = "/other", .kind = "site", .name = "a", .state = ITEM_STATE_FAILED},
        {.type = "file", .id = "/held", .state = ITEM_STATE_HELD},
        {.type = "file", .id = "/well", .state = ITEM_STATE_IN_SYNC},
        {.type = "file", .id = "/drifted", .state = ITEM_STATE_DRIFTED},
        {.type = "unit", .id = "failed.service", .state = ITEM_STATE_FAILED},
        {.type = "file", .id = "/pending", .state = ITEM_STATE_PENDING},
    };
    struct run_report report = report_at(NOON, RUN_VERDICT_PARTLY);
    report.items = items;
    report.item_count = 6;
    record(folder, &report);
    struct store_reader *reader = open_reader(folder, NOON);
    struct item_records found;
    struct item_filter filter = {.needs_attention = true, .limit = 3};
    assert_true(store_read_items(reader, folder->arena, &filter, &found, NULL));
    close_reader(reader);
    assert_int_equal(found.count, 3);
    assert_string_equal(found.items[0].id, "failed.service");
    assert_string_equal(found.items[1].id, "/drifted");
    assert_string_equal(found.items[2].id, "/pending");
}

static void test_store_read_attention_is_of_documents_out_of_sync(void **state)
{
    const struct test_folder *folder = *state;
    record_ten_documents(folder);
    struct document_records found;
    struct store_reader *reader = open_reader(folder, NOON);
    assert_true(store_read_attention(reader, folder->arena, 9, &found, NULL));
    close_reader(reader);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.items[0].name, "d");
    assert_int_equal(found.items[0].state, ITEM_STATE_FAILED);
    assert_string_equal(found.items[1].name, "c");
}

static void test_store_read_finds_runs_by_page(void **state)
{
    const struct test_folder *folder = *state;
    for (int i = 0; i < 5; i++) {
        struct run_report report =
            report_at(NOON + i * SECOND, i % 2 == 0 ? RUN_VERDICT_CHANGED : RUN_VERDICT_SUCCESS);
        record(folder, &report);
    }
    struct store_reader *reader = open_reader(folder, NOON);
    struct run_page page;
    struct run_filter filter = {.key = 4, .page.limit = 2};
    assert_true(store_read_runs(reader, folder->arena, &filter, &page, NULL));
    assert_int_equal(page.rows.count, 2);
    assert_int_equal(page.rows.items[0].number, 3);
    assert_true(page.has_before && page.has_after);
    filter = (struct run_filter){.key = 1, .page = {.limit = 2, .is_backward = true}};
    assert_true(store_read_runs(reader, folder->arena, &filter, &page, NULL));
    assert_int_equal(page.rows.items[0].number, 3);
    assert_int_equal(page.rows.items[1].number, 2);
    filter = (struct run_filter){.only_eventful = true, .page.limit = 9};
    assert_true(store_read_runs(reader, folder->arena, &filter, &page, NULL));
    assert_int_equal(page.total, 3);
    bool is_found = true;
    struct run_record run;
    assert_true(store_read_run(reader, folder->arena, 99, &is_found, &run, NULL));
    assert_false(is_found);
    close_reader(reader);
}

static void test_store_read_history_counts_by_slot(void **state)
{
    const struct test_folder *folder = *state;
    struct run_report first = report_at(NOON - 150 * SECOND, RUN_VERDICT_CHANGED);
    struct run_report second = report_at(NOON - 120 * SECOND, RUN_VERDICT_FAILED);
    struct run_report third = report_at(NOON - 1, RUN_VERDICT_SUCCESS);
    record(folder, &first);
    record(folder, &second);
    record(folder, &third);
    struct history_slot slots[3];
    struct store_reader *reader = open_reader(folder, NOON);
    assert_true(store_read_history(reader, NOON, 60 * SECOND, 3, slots, NULL));
    close_reader(reader);
    assert_int_equal(slots[0].starts_at, NOON - 180 * SECOND);
    assert_int_equal(slots[0].runs, 1);
    assert_int_equal(slots[0].of[RUN_VERDICT_CHANGED], 1);
    assert_int_equal(slots[1].of[RUN_VERDICT_FAILED], 1);
    assert_int_equal(slots[2].of[RUN_VERDICT_SUCCESS], 1);
}

static void test_store_read_certificates_come_by_expiry(void **state)
{
    const struct test_folder *folder = *state;
    struct certificate_record certificates[] = {
        {.name = "late", .names = "b.test", .issuer = "internal", .not_after = NOON + 2 * HOUR},
        {.name = "soon", .names = "a.test c.test", .not_after = NOON + HOUR},
    };
    struct run_report report = report_at(NOON, RUN_VERDICT_CHANGED);
    report.certificates = certificates;
    report.certificate_count = 2;
    record(folder, &report);
    struct certificate_records found;
    struct store_reader *reader = open_reader(folder, NOON);
    assert_true(store_read_certificates(reader, folder->arena, 5, &found, NULL));
    close_reader(reader);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.items[0].name, "soon");
    assert_string_equal(found.items[0].names, "a.test c.test");
    assert_string_equal(found.items[1].issuer, "internal");
}

static void test_store_read_certificates_of_one_document(void **state)
{
    const struct test_folder *folder = *state;
    struct certificate_record certificates[] = {
        {.name = "shop",
         .kind = "site",
         .document = "shop",
         .not_after = NOON,
         .alarm = "error",
         .because = "it ends",
         .asked_at = NOON - 1,
         .proven_at = NOON - 2,
         .served_not_after = NOON - 3,
         .served_instead = "another one"},
        {.name = "other", .kind = "site", .document = "other", .not_after = NOON},
    };
    struct run_report report = report_at(NOON, RUN_VERDICT_CHANGED);
    report.certificates = certificates;
    report.certificate_count = 2;
    record(folder, &report);
    struct certificate_records found;
    struct store_reader *reader = open_reader(folder, NOON);
    assert_true(store_read_certificates_of(reader, folder->arena, "site", "shop", &found, NULL));
    close_reader(reader);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.items[0].alarm, "error");
    assert_string_equal(found.items[0].because, "it ends");
    assert_int_equal(found.items[0].asked_at, NOON - 1);
    assert_int_equal(found.items[0].proven_at, NOON - 2);
    assert_int_equal(found.items[0].served_not_after, NOON - 3);
    assert_string_equal(found.items[0].served_instead, "another one");
}

static void test_store_read_snapshot_is_of_one_moment(void **state)
{
    const struct test_folder *folder = *state;
    record_ten_documents(folder);
    struct store_reader *reader = open_reader(folder, NOON);
    struct run_report nothing = report_at(NOON + SECOND, RUN_VERDICT_CHANGED);
    record(folder, &nothing);
    struct store_overview overview;
    assert_true(store_read_overview(reader, folder->arena, &overview, NULL));
    assert_int_equal(overview.documents.total, 10);
    store_snapshot_end(reader);
    assert_true(store_snapshot_begin(reader, NOON, NULL));
    assert_true(store_read_overview(reader, folder->arena, &overview, NULL));
    assert_int_equal(overview.documents.total, 0);
    close_reader(reader);
}

static void test_store_read_of_nothing_is_unavailable(void **state)
{
    const struct test_folder *folder = *state;
    struct error err;
    struct store_reader *reader = NULL;
    assert_false(store_reader_open(store_path(folder), &reader, &err));
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
    test_folder_write(folder, "store.db", "");
    assert_false(store_reader_open(store_path(folder), &reader, &err));
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
    test_folder_write(folder, "store.db", "certainly no database, whatever its name may say here");
    assert_false(store_reader_open(store_path(folder), &reader, &err));
    assert_int_equal(err.code, ERROR_FORMAT);
}

static void test_store_read_notices_another_file(void **state)
{
    const struct test_folder *folder = *state;
    record_ten_documents(folder);
    struct store_reader *reader = open_reader(folder, NOON);
    assert_true(store_reader_is_current(reader));
    assert_int_equal(renameat(folder->fd, "store.db", folder->fd, "old.db"), 0);
    assert_false(store_reader_is_current(reader));
    test_folder_write(folder, "store.db", "");
    assert_false(store_reader_is_current(reader));
    close_reader(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_folder_setup, test_folder_teardown)
        TEST(test_store_read_pages_forward_and_backward),
        TEST(test_store_read_filters_by_kind_state_and_text),
        TEST(test_store_read_counts_by_kind_and_state),
        TEST(test_store_read_is_never_in_sync_when_stale),
        TEST(test_store_read_does_not_believe_the_future),
        TEST(test_store_read_puts_the_most_urgent_first),
        TEST(test_store_read_attention_is_of_documents_out_of_sync),
        TEST(test_store_read_finds_runs_by_page),
        TEST(test_store_read_history_counts_by_slot),
        TEST(test_store_read_certificates_come_by_expiry),
        TEST(test_store_read_certificates_of_one_document),
        TEST(test_store_read_snapshot_is_of_one_moment),
        TEST(test_store_read_of_nothing_is_unavailable),
        TEST(test_store_read_notices_another_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
