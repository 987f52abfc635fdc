/* The pages over a real store: what they say, that it is sound HTML, and that hostile rows stay
 * text. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "statusd/pages/pages.h"
#include "store/store.h"
#include "support/folder.h"
#include "support/markup.h"

#define SECOND ((int64_t)1000000)
#define HOUR   (3600 * SECOND)
#define NOON   (INT64_C(1790000000) * SECOND)

static const char attack[] = "\"><script>alert(1)</script>' onload=x \xe2\x80\xae \xff\x01 &{0}";

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

/* One site with one file in this state. */
static void record_site(const struct test_folder *folder, const char *name, enum item_state state)
{
    struct document_record document = {
        .kind = "site", .name = name, .place = "a.yaml:1:1", .state = state, .detail = "why"};
    struct item_record item = {.type = "file", .id = "/a", .kind = "site", .name = name};
    item.state = state;
    item.diff = state == ITEM_STATE_IN_SYNC ? NULL : "--- a\n+++ a\n@@ -1 +1 @@\n-old\n+new\n";
    struct action_record action = {.verb = "update",
                                   .result = "changed",
                                   .type = "file",
                                   .id = "/a",
                                   .kind = "site",
                                   .name = name,
                                   .diff = item.diff};
    record(folder, &(struct run_report){.run = {.started_at = NOON - SECOND,
                                                .ended_at = NOON,
                                                .host = "web1",
                                                .verdict = RUN_VERDICT_CHANGED,
                                                .document_count = 1},
                                        .state = RUN_STATE_REPLACED,
                                        .items = &item,
                                        .item_count = 1,
                                        .documents = &document,
                                        .document_count = 1,
                                        .actions = &action,
                                        .action_count = 1});
}

/* The page, which must be sound. folder NULL: there is no store. */
static struct response ask(const struct test_folder *folder, request_handler *page,
                           const char *path, const char *rest, int64_t now)
{
    static struct assets assets = {
        .of = {{.url = "/assets/style"}, {.url = "/assets/live"}, {.url = "/assets/icon"}}};
    struct error err;
    struct response response = {0};
    struct request request = {.arena = folder->arena,
                              .path = path,
                              .rest = rest,
                              .assets = &assets,
                              .has_languages = true,
                              .now = now};
    bool has_store = test_folder_exists(folder, "store.db");
    if (has_store && (!store_reader_open(store_path(folder), &request.reader, &err) ||
                      !store_snapshot_begin(request.reader, now, &err))) {
        fail_msg("%s", err.message);
    }
    if (!page(&request, &response, &err)) {
        fail_msg("%s", err.message);
    }
    if (has_store) {
        store_snapshot_end(request.reader);
        store_reader_close(request.reader);
    }
    const char *wrong = markup_check(folder->arena, response.body);
    if (wrong != NULL) {
        fail_msg("%s: %s", path, wrong);
    }
    return response;
}

static bool says(struct response response, const char *part)
{
    return memmem(response.body.data, response.body.length, part, strlen(part)) != NULL;
}

static void test_pages_without_a_store_say_so(void **state)
{
    const struct test_folder *folder = *state;
    struct response page = ask(folder, overview_page, "/", "", NOON);
    assert_true(says(page, "No run is recorded yet."));
    assert_false(says(page, "tone-well"));
    (void)ask(folder, resources_page, "/resources", "", NOON);
    (void)ask(folder, runs_page, "/runs", "", NOON);
    (void)ask(folder, events_page, "/events", "", NOON);
    (void)ask(folder, history_page, "/history", "", NOON);
    assert_true(says(ask(folder, sources_page, "/sources", "", NOON), "No run is recorded yet."));
    assert_int_equal(ask(folder, run_page, "/runs/1", "1", NOON).status, 404);
    assert_int_equal(ask(folder, resource_page, "/r/site/a", "site/a", NOON).status, 404);
}

static void test_pages_overview_says_what_is_proven_and_when(void **state)
{
    const struct test_folder *folder = *state;
    record_site(folder, "shop", ITEM_STATE_IN_SYNC);
    struct response page = ask(folder, overview_page, "/", "", NOON + 3 * 60 * SECOND);
    assert_true(says(page, "<h1>Everything runs as described.</h1>"));
    assert_true(says(page, "class=\"verdict tone-well\""));
    assert_true(says(page, "<span class=\"number\">3</span> minutes ago"));
}

static void test_pages_overview_is_never_green_when_stale(void **state)
{
    const struct test_folder *folder = *state;
    record_site(folder, "shop", ITEM_STATE_IN_SYNC);
    struct response page = ask(folder, overview_page, "/", "", NOON + 27 * HOUR);
    assert_true(says(page, "The last proof is too old to be believed."));
    assert_true(says(page, "class=\"verdict tone-unknown\""));
    assert_false(says(page, "badge tone-well\"><svg class=\"icon\" viewBox=\"0 0 16 16\" "
                            "aria-hidden=\"true\"><circle cx=\"8\" cy=\"8\" r=\"8\"/><path "
                            "d=\"M4.2 8.4l2.5 2.5 5-5.4\"/></svg>in-sync"));
    assert_true(says(page, ">stale</span>"));
}

static void test_pages_overview_shows_drift_with_its_difference(void **state)
{
    const struct test_folder *folder = *state;
    record_site(folder, "shop", ITEM_STATE_DRIFTED);
    struct response page = ask(folder, overview_page, "/", "", NOON);
    assert_true(says(page, "resource was changed on the host."));
    assert_true(says(page, "<span class=\"removed\">-old</span>"));
    assert_true(says(page, "<span class=\"added\">+new</span>"));
    assert_true(says(page, "href=\"/r/site/shop\""));
}

static void test_pages_tell_a_refused_input_with_its_mistakes(void **state)
{
    const struct test_folder *folder = *state;
    record_site(folder, "shop", ITEM_STATE_IN_SYNC);
    record(folder, &(struct run_report){.run = {.started_at = NOON,
                                                .ended_at = NOON + SECOND,
                                                .verdict = RUN_VERDICT_FAILED,
                                                .message = "error[R012]: what\n --> where\n"},
                                        .state = RUN_STATE_KEPT});
    struct response page = ask(folder, overview_page, "/", "", NOON + SECOND);
    assert_true(says(page, "The host runs what it ran before."));
    assert_true(says(page, "<code class=\"message\" dir=\"ltr\">error[R012]: what</code>"));
    assert_true(says(page, "aria-label=\"What it said\"> --&gt; where"));
    assert_false(says(page, "Nothing is recorded as out of sync."));
    assert_true(says(ask(folder, run_page, "/runs/2", "2", NOON), "--&gt; where"));
}

static void test_pages_resource_shows_items_and_history(void **state)
{
    const struct test_folder *folder = *state;
    record_site(folder, "a/b", ITEM_STATE_DRIFTED);
    struct response page = ask(folder, resource_page, "/r/site/a/b", "site/a/b", NOON);
    assert_int_equal(page.status, 200);
    assert_true(says(page, "<h2>On the host</h2>"));
    assert_true(says(page, "href=\"/runs/1\""));
    assert_int_equal(ask(folder, resource_page, "/r/site/x", "site/x", NOON).status, 404);
    assert_int_equal(ask(folder, resource_page, "/r/site", "site", NOON).status, 404);
}

static void test_pages_escape_whatever_the_rows_hold(void **state)
{
    const struct test_folder *folder = *state;
    struct document_record document = {.kind = attack,
                                       .name = attack,
                                       .place = attack,
                                       .description = attack,
                                       .summary = attack,
                                       .state = ITEM_STATE_FAILED,
                                       .detail = attack};
    struct item_record item = {.type = attack,
                               .id = attack,
                               .kind = attack,
                               .name = attack,
                               .place = attack,
                               .state = ITEM_STATE_FAILED,
                               .detail = "x",
                               .diff = attack};
    struct action_record action = {.verb = attack,
                                   .cause = attack,
                                   .result = attack,
                                   .type = attack,
                                   .id = attack,
                                   .kind = attack,
                                   .name = attack,
                                   .place = attack,
                                   .diff = attack,
                                   .reason = attack,
                                   .error = attack,
                                   .evidence = attack};
    struct certificate_record certificate = {
        .name = attack,
        .names = attack,
        .issuer = attack,
        .kind = attack,
        .document = attack,
        .not_after = NOON,
        .alarm = attack,
        .because = attack,
        .asked_at = NOON,
        .served_instead = attack,
    };
    struct run_record run = {.started_at = NOON,
                             .ended_at = NOON,
                             .trigger = attack,
                             .mode = attack,
                             .version = attack,
                             .host = attack,
                             .environment = attack,
                             .source = attack,
                             .commit = attack,
                             .commit_subject = attack,
                             .commit_author = attack,
                             .desired_digest = attack,
                             .generation_after = 1,
                             .verdict = RUN_VERDICT_FAILED,
                             .message = attack};
    const struct drift_record drift = {.at = NOON,
                                       .path = attack,
                                       .kind = attack,
                                       .name = attack,
                                       .what = attack,
                                       .answer = attack,
                                       .reason = attack,
                                       .program = attack,
                                       .command = attack,
                                       .pid = 1,
                                       .parents = attack,
                                       .user = attack,
                                       .login = attack,
                                       .unit = attack,
                                       .package = attack,
                                       .diff = attack,
                                       .replaced = attack};
    const struct delivery_record delivery = {.version = attack,
                                             .source = attack,
                                             .commit = attack,
                                             .subject = attack,
                                             .author = attack,
                                             .fate = DELIVERY_REFUSED,
                                             .stage = attack,
                                             .evidence = attack};
    record(folder, &(struct run_report){.run = run,
                                        .state = RUN_STATE_REPLACED,
                                        .drifts = &drift,
                                        .drift_count = 1,
                                        .delivery = &delivery,
                                        .items = &item,
                                        .item_count = 1,
                                        .documents = &document,
                                        .document_count = 1,
                                        .actions = &action,
                                        .action_count = 1,
                                        .certificates = &certificate,
                                        .certificate_count = 1});
    const char *rest = arena_printf(folder->arena, "%s/%s", attack, attack);
    assert_true(says(ask(folder, overview_page, "/", "", NOON), "&lt;script&gt;alert(1)"));
    assert_true(says(ask(folder, resources_page, "/resources", "", NOON), "&lt;script&gt;"));
    assert_true(says(ask(folder, runs_page, "/runs", "", NOON), "&lt;script&gt;"));
    assert_true(says(ask(folder, run_page, "/runs/1", "1", NOON), "&lt;script&gt;"));
    assert_true(says(ask(folder, events_page, "/events", "", NOON), "&lt;script&gt;"));
    assert_true(says(ask(folder, history_page, "/history", "", NOON), "&lt;script&gt;"));
    assert_true(says(ask(folder, sources_page, "/sources", "", NOON), "&lt;script&gt;"));
    (void)ask(folder, resource_page, attack, rest, NOON);
}

static void test_pages_never_guess_who_changed_something(void **state)
{
    const struct test_folder *folder = *state;
    const struct drift_record drift = {.at = NOON,
                                       .path = "/a",
                                       .kind = "site",
                                       .name = "shop",
                                       .what = "written",
                                       .answer = "reported"};
    record_site(folder, "shop", ITEM_STATE_DRIFTED);
    record(folder, &(struct run_report){.run = {.started_at = NOON, .ended_at = NOON},
                                        .state = RUN_STATE_KEPT,
                                        .drifts = &drift,
                                        .drift_count = 1});
    assert_true(says(ask(folder, events_page, "/events", "", NOON), "<dd>unknown</dd>"));
    assert_true(says(ask(folder, overview_page, "/", "", NOON), "by whom is unknown"));
    struct response page = ask(folder, resource_page, "/r/site/shop", "site/shop", NOON);
    assert_true(says(page, "<dd>unknown</dd>"));
    assert_true(says(page, ">left as it is</span>"));
}

static void test_pages_say_what_the_host_keeps_to(void **state)
{
    const struct test_folder *folder = *state;
    struct delivery_record delivery = {
        .version = "aaaa", .commit = "aaaa", .subject = "the good one", .fate = DELIVERY_APPLIED};
    struct run_report report = {.run = {.started_at = NOON, .ended_at = NOON},
                                .delivery = &delivery};
    record(folder, &report);
    assert_false(says(ask(folder, history_page, "/history", "", NOON), "keeps to"));
    delivery = (struct delivery_record){
        .version = "bbbb", .commit = "bbbb", .fate = DELIVERY_WAITING, .stage = "window"};
    report.run.ended_at = NOON + SECOND;
    record(folder, &report);
    struct response page = ask(folder, history_page, "/history", "", NOON);
    assert_true(says(page, "keeps to the last good version, <code dir=\"ltr\">aaaa</code>"));
    assert_true(says(page, "It waits for its window."));
    assert_true(says(ask(folder, sources_page, "/sources", "", NOON), "the good one"));
}

static void test_pages_run_numbers_are_numbers(void **state)
{
    const struct test_folder *folder = *state;
    record_site(folder, "shop", ITEM_STATE_IN_SYNC);
    static const char *const others[] = {"0", "2", "-1", "1x", " 1", "999999999999999999999"};
    assert_int_equal(ask(folder, run_page, "/runs/1", "1", NOON).status, 200);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(ask(folder, run_page, "/runs/x", others[i], NOON).status, 404);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_folder_setup, test_folder_teardown)
        TEST(test_pages_without_a_store_say_so),
        TEST(test_pages_overview_says_what_is_proven_and_when),
        TEST(test_pages_overview_is_never_green_when_stale),
        TEST(test_pages_overview_shows_drift_with_its_difference),
        TEST(test_pages_tell_a_refused_input_with_its_mistakes),
        TEST(test_pages_resource_shows_items_and_history),
        TEST(test_pages_escape_whatever_the_rows_hold),
        TEST(test_pages_never_guess_who_changed_something),
        TEST(test_pages_say_what_the_host_keeps_to),
        TEST(test_pages_run_numbers_are_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
