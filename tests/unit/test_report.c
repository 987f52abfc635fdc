#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "core/report.h"
#include "core/state.h"
#include "model/tree_item.h"

struct fixture {
    struct arena *arena;
    struct facts facts;
    struct diagnostic_list diagnostics;
    struct plan plan;
    struct outcome outcomes[8];
    struct report report;
    struct text out;
};

static int setup(void **state)
{
    struct arena *arena = arena_create();
    struct fixture *fixture = arena_new(arena, struct fixture);
    fixture->arena = arena;
    fixture->facts = facts_debian12();
    fixture->facts.is_assumed = false;
    fixture->report = (struct report){.arena = arena,
                                      .is_dry_run = true,
                                      .facts = &fixture->facts,
                                      .diagnostics = &fixture->diagnostics,
                                      .plan = &fixture->plan};
    fixture->out = text_make(arena);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_destroy(fixture->arena);
    return 0;
}

static struct action *add_action(struct fixture *fixture, const char *id, enum action_verb verb,
                                 enum action_cause cause)
{
    struct item *item = arena_new(fixture->arena, struct item);
    *item = (struct item){.type = "file", .id = id};
    struct observation *found = arena_new(fixture->arena, struct observation);
    *found = (struct observation){.item = item, .exists = verb != ACTION_CREATE};
    vec_add(fixture->arena, &fixture->plan.actions,
            (struct action){.verb = verb, .cause = cause, .item = item, .found = found});
    fixture->plan.counts.items++;
    return vec_last(&fixture->plan.actions);
}

static const char *text_of(struct fixture *fixture)
{
    const struct report_style style = {0};
    report_write_text(&fixture->report, &style, &fixture->out);
    return fixture->out.data;
}

static void test_report_in_sync_is_one_line(void **state)
{
    struct fixture *fixture = *state;
    (void)add_action(fixture, "/a", ACTION_NONE, CAUSE_NONE);
    assert_string_equal(text_of(fixture), "in sync: 1 item as wanted\n");
    assert_int_equal(report_exit_code(&fixture->report, true), EXIT_CODE_SUCCESS);
}

static void test_report_names_effects_once(void **state)
{
    struct fixture *fixture = *state;
    add_action(fixture, "/a", ACTION_UPDATE, CAUSE_PENDING)->impact =
        message_word(fixture->arena, "reload nginx");
    add_action(fixture, "/b", ACTION_UPDATE, CAUSE_DRIFT)->impact =
        message_word(fixture->arena, "reload nginx");
    add_action(fixture, "/c", ACTION_DELETE, CAUSE_PENDING)->impact =
        message_word(fixture->arena, "stop shop");
    fixture->plan.counts.to_change = 1;
    fixture->plan.counts.drifted = 1;
    fixture->plan.counts.to_remove = 1;
    assert_string_equal(report_verdict(&fixture->report, LANGUAGE_ENGLISH),
                        "1 to change, 1 drifted, 1 to remove; reload nginx, stop shop");
    assert_int_equal(report_exit_code(&fixture->report, false), EXIT_CODE_SUCCESS);
    assert_int_equal(report_exit_code(&fixture->report, true), EXIT_CODE_PENDING);
}

static void test_report_counts_the_middle_of_many_effects(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 20; i++) {
        const char *path = arena_printf(fixture->arena, "/%02d", i);
        add_action(fixture, path, ACTION_CREATE, CAUSE_PENDING)->impact =
            message_make(fixture->arena, "start s%02d", i);
    }
    add_action(fixture, "/z", ACTION_UPDATE, CAUSE_PENDING)->impact =
        message_word(fixture->arena, "reload nginx");
    fixture->plan.counts.to_change = 21;
    assert_string_equal(report_verdict(&fixture->report, LANGUAGE_ENGLISH),
                        "21 to change, 0 drifted, 0 to remove; start s00, start s01, start s02, "
                        "start s03, start s04, start s05, start s06, start s07, start s08, "
                        "start s09, start s10, 9 more, reload nginx");
}

static void test_report_shows_a_diff_of_text(void **state)
{
    struct fixture *fixture = *state;
    struct action *action = add_action(fixture, "/etc/a", ACTION_UPDATE, CAUSE_DRIFT);
    vec_add(fixture->arena, &action->changes,
            (struct change){.field = "content", .is_text = true, .from = "one\n", .to = "two\n"});
    vec_add(fixture->arena, &action->changes,
            (struct change){.field = "mode", .from = "0644", .to = "0600"});
    fixture->plan.counts.drifted = 1;
    assert_string_equal(text_of(fixture), "0 to change, 1 drifted, 0 to remove\n"
                                          "~ file:/etc/a  drifted\n"
                                          "    mode: 0644 -> 0600\n"
                                          "    --- a/etc/a\n"
                                          "    +++ b/etc/a\n"
                                          "    @@ -1 +1 @@\n"
                                          "    -one\n"
                                          "    +two\n");
}

static void test_report_never_shows_a_secret(void **state)
{
    struct fixture *fixture = *state;
    struct action *action = add_action(fixture, "/etc/key", ACTION_UPDATE, CAUSE_PENDING);
    vec_add(fixture->arena, &action->changes,
            (struct change){.field = "content",
                            .is_text = true,
                            .is_secret = true,
                            .from = "hunter2",
                            .to = "hunter3"});
    const char *text = text_of(fixture);
    assert_non_null(strstr(text, "content: changed"));
    assert_null(strstr(text, "hunter"));
    struct text json = text_make(fixture->arena);
    report_write_json(&fixture->report, &(struct report_style){0}, &json);
    assert_null(strstr(json.data, "hunter"));
}

static void test_report_failure_of_one_is_partly(void **state)
{
    struct fixture *fixture = *state;
    (void)add_action(fixture, "/a", ACTION_UPDATE, CAUSE_PENDING);
    (void)add_action(fixture, "/b", ACTION_CREATE, CAUSE_PENDING);
    fixture->report.is_dry_run = false;
    fixture->report.outcomes = fixture->outcomes;
    fixture->outcomes[0].result = OUTCOME_CHANGED;
    fixture->outcomes[1].result = OUTCOME_FAILED;
    (void)error_set(&fixture->outcomes[1].error, ERROR_SYSTEM, "disk full");
    assert_int_equal(report_exit_code(&fixture->report, false), EXIT_CODE_PARTLY);
    assert_string_equal(report_verdict(&fixture->report, LANGUAGE_ENGLISH),
                        "1 changed, 1 failed, 0 skipped");
    assert_non_null(strstr(text_of(fixture), "! file:/b  failed: disk full"));
}

static void test_report_refused_input_is_failure(void **state)
{
    struct fixture *fixture = *state;
    fixture->report.plan = NULL;
    fixture->report.is_refused = true;
    assert_int_equal(report_exit_code(&fixture->report, false), EXIT_CODE_FAILED);
    assert_string_equal(text_of(fixture),
                        "refused: the documents have errors; nothing was changed\n");
}

static void test_report_untested_is_failure(void **state)
{
    struct fixture *fixture = *state;
    fixture->report.untested = message_word(fixture->arena, "nginx: no namespaces");
    assert_int_equal(report_exit_code(&fixture->report, false), EXIT_CODE_FAILED);
    assert_string_equal(report_verdict(&fixture->report, LANGUAGE_ENGLISH),
                        "not tested: nginx: no namespaces");
}

static void test_report_json_says_the_same(void **state)
{
    struct fixture *fixture = *state;
    struct action *action = add_action(fixture, "/etc/a", ACTION_CREATE, CAUSE_PENDING);
    vec_add(fixture->arena, &action->changes,
            (struct change){.field = "content", .is_text = true, .to = "two\n"});
    fixture->plan.counts.to_change = 1;
    struct text out = text_make(fixture->arena);
    report_write_json(&fixture->report, &(struct report_style){.is_detailed = true}, &out);
    json_t *root = json_loads(out.data, 0, NULL);
    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "verdict")),
                        report_verdict(&fixture->report, LANGUAGE_ENGLISH));
    assert_int_equal(json_integer_value(json_object_get(root, "exit_code")), EXIT_CODE_PENDING);
    const json_t *change = json_array_get(json_object_get(root, "changes"), 0);
    assert_string_equal(json_string_value(json_object_get(change, "item")), "file:/etc/a");
    assert_non_null(strstr(json_string_value(json_object_get(change, "diff")), "+two"));
    json_decref(root);
}

static void test_report_part_has_a_line_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    struct action *action = add_action(fixture, "/etc/nginx/tree", ACTION_UPDATE, CAUSE_PENDING);
    vec_add(
        fixture->arena, &action->changes,
        (struct change){
            .field = "content", .thing = "/etc/nginx/tree/a.conf", .is_text = true, .to = "a;\n"});
    const char *text = text_of(fixture);
    assert_non_null(strstr(text, "+ file:/etc/nginx/tree/a.conf\n"));
    assert_null(strstr(text, "file:/etc/nginx/tree\n"));
}

static void test_report_summary_names_whom_it_concerns(void **state)
{
    struct fixture *fixture = *state;
    struct document document = {.kind_name = "site", .name = "x"};
    struct action *action = add_action(fixture, "/etc/nginx/tree", ACTION_UPDATE, CAUSE_PENDING);
    assert_string_equal(report_summary(&fixture->report), "what all sites share");
    vec_add(fixture->arena, &action->changes,
            (struct change){.field = "content", .thing = "/x", .document = &document, .to = "a"});
    vec_add(fixture->arena, &action->changes,
            (struct change){.field = "content", .thing = "/y", .owner = "site:y", .from = "b"});
    vec_add(fixture->arena, &action->changes,
            (struct change){.field = "content",
                            .thing = "/z",
                            .owner = "site:z",
                            .from = "c",
                            .held_because = message_word(fixture->arena, "protected")});
    assert_string_equal(report_summary(&fixture->report), "+site:x, -site:y");
    action->cause = CAUSE_DRIFT;
    assert_string_equal(report_summary(&fixture->report), "repaired: +site:x, -site:y");
    const char *text = text_of(fixture);
    assert_non_null(strstr(text, "- file:/y  site:y is gone\n"));
    assert_non_null(strstr(text, "- file:/z  site:z is gone; held: protected\n"));
}

static void test_state_is_as_bad_as_the_worst_item(void **state)
{
    struct fixture *fixture = *state;
    struct document document = {.kind_name = "site", .name = "x"};
    struct document_set set = {0};
    document_set_add(fixture->arena, &set, &document);
    struct item *item = arena_new(fixture->arena, struct item);
    (void)add_action(fixture, "/a", ACTION_NONE, CAUSE_NONE);
    struct action *drifted = add_action(fixture, "/b", ACTION_UPDATE, CAUSE_DRIFT);
    *item = *drifted->item;
    item->document = &document;
    drifted->item = item;
    struct document_states states = {0};
    document_states_collect(&fixture->report, &set, &states);
    assert_int_equal(states.count, 1);
    assert_int_equal(states.items[0].state, ITEM_STATE_DRIFTED);
    assert_non_null(strstr(states.items[0].detail->text, "file:/b"));
}

static void test_report_apply_that_could_do_nothing_says_so(void **state)
{
    struct fixture *fixture = *state;
    add_action(fixture, "/a", ACTION_UPDATE, CAUSE_PENDING)->held_because =
        message_word(fixture->arena, "mode: hold");
    fixture->plan.counts.held = 1;
    fixture->report.is_dry_run = false;
    assert_string_equal(report_verdict(&fixture->report, LANGUAGE_ENGLISH),
                        "0 changed, 0 failed, 0 skipped, 1 held");
}

static void test_report_tells_what_was_seen(void **state)
{
    struct fixture *fixture = *state;
    const struct action *action = add_action(fixture, "/a", ACTION_UPDATE, CAUSE_DRIFT);
    ((struct observation *)(uintptr_t)action->found)->note =
        message_word(fixture->arena, "written, not started");
    assert_non_null(strstr(text_of(fixture), "~ file:/a  drifted; written, not started\n"));
}

static void test_report_json_names_the_document_of_a_part(void **state)
{
    struct fixture *fixture = *state;
    struct document document = {.kind_name = "site", .name = "x"};
    struct action *action = add_action(fixture, "/etc/nginx/tree", ACTION_UPDATE, CAUSE_PENDING);
    vec_add(fixture->arena, &action->changes,
            (struct change){.field = "content",
                            .thing = "/etc/nginx/tree/a.conf",
                            .document = &document,
                            .is_text = true,
                            .to = "a;\n"});
    struct document_set set = {0};
    document_set_add(fixture->arena, &set, &document);
    fixture->report.documents = &set;
    struct text out = text_make(fixture->arena);
    report_write_json(&fixture->report, &(struct report_style){0}, &out);
    json_t *root = json_loads(out.data, 0, NULL);
    const json_t *change = json_array_get(json_object_get(root, "changes"), 0);
    assert_string_equal(json_string_value(json_object_get(change, "document")), "site:x");
    const json_t *told = json_array_get(json_object_get(root, "documents"), 0);
    assert_string_equal(json_string_value(json_object_get(told, "state")), "pending");
    assert_int_equal(json_integer_value(json_object_get(root, "exit_code")), EXIT_CODE_SUCCESS);
    json_decref(root);
}

static void test_state_of_a_tree_that_nobody_runs(void **state)
{
    struct fixture *fixture = *state;
    struct document document = {.kind_name = "site", .name = "x"};
    struct document_set set = {0};
    document_set_add(fixture->arena, &set, &document);
    struct tree_item tree = {0};
    vec_add(fixture->arena, &tree.members,
            (struct tree_member){.path = "http/sites/x.conf", .document = &document});
    struct action *action = add_action(fixture, "/etc/nginx/tree", ACTION_UPDATE, CAUSE_DRIFT);
    const struct item item = {.type = ITEM_TREE, .id = "/etc/nginx/tree", .wanted = &tree};
    action->item = &item;
    vec_add(fixture->arena, &action->changes,
            (struct change){.field = "loaded", .from = "nginx does not run", .to = "loaded"});
    struct document_states states = {0};
    document_states_collect(&fixture->report, &set, &states);
    assert_int_equal(states.items[0].state, ITEM_STATE_DRIFTED);
    assert_non_null(strstr(states.items[0].detail->text, "nginx does not run"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_report_in_sync_is_one_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_names_effects_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_counts_the_middle_of_many_effects, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_report_shows_a_diff_of_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_never_shows_a_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_failure_of_one_is_partly, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_refused_input_is_failure, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_untested_is_failure, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_json_says_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_part_has_a_line_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_apply_that_could_do_nothing_says_so, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_report_tells_what_was_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_json_names_the_document_of_a_part, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_report_summary_names_whom_it_concerns, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_state_is_as_bad_as_the_worst_item, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state_of_a_tree_that_nobody_runs, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
