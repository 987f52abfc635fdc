#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/plan.h"

/* A provider whose wish is one text; "taker" items take up the change of "thing:input". */

static void thing_digest(const struct item *item, struct digest *digest)
{
    digest_add(digest, str_of(item->wanted));
}

static void thing_diff(const struct item *item, const struct observation *found,
                       struct arena *arena, struct change_list *out_changes)
{
    if (!text_equal(item->wanted, found->found)) {
        vec_add(arena, out_changes,
                (struct change){.field = "text", .from = found->found, .to = item->wanted});
    }
}

static const char *const *taker_inputs(const struct item *item, struct arena *arena)
{
    static const char *const inputs[] = {"thing:input", NULL};
    (void)item;
    (void)arena;
    return inputs;
}

static const struct message *taker_impact(const struct action *action, struct arena *arena)
{
    return action->verb == ACTION_NOTIFY ? message_word(arena, "restart it") : NULL;
}

static const struct provider thing_provider = {
    .type = "thing", .digest = thing_digest, .diff = thing_diff};
static const struct provider taker_provider = {.type = "taker",
                                               .digest = thing_digest,
                                               .diff = thing_diff,
                                               .inputs = taker_inputs,
                                               .impact = taker_impact};

static const struct provider *find(const char *type)
{
    return strcmp(type, "thing") == 0 ? &thing_provider : &taker_provider;
}

static size_t rank(const char *type)
{
    return strcmp(type, "thing") == 0 ? 0 : 1;
}

/* One case: wishes, what is owned, what is found. */
struct fixture {
    struct arena *arena;
    struct desired desired;
    struct owned_items owned;
    struct tombstone_list tombstones;
    struct refusal_list refusals;
    struct map found; /* item name -> text */
    bool is_due;      /* what was found */
    struct plan_input input;
    struct plan plan;
};

static struct fixture *fixture_make(void)
{
    struct arena *arena = arena_create();
    struct fixture *fixture = arena_new(arena, struct fixture);
    fixture->arena = arena;
    static const struct override_list no_overrides = {0};
    static const struct desired_files no_files = {0};
    static const struct left_parts no_parts = {0};
    static const struct owned_items no_items = {0};
    fixture->input = (struct plan_input){.arena = arena,
                                         .overrides = &no_overrides,
                                         .last_good = &no_files,
                                         .left = &no_parts,
                                         .parts = &no_items,
                                         .providers = {find, rank},
                                         .desired = &fixture->desired,
                                         .owned = &fixture->owned,
                                         .tombstones = &fixture->tombstones,
                                         .refusals = &fixture->refusals,
                                         .mode = MODE_ENFORCE};
    return fixture;
}

static void want(struct fixture *fixture, const char *type, const char *id, char *text)
{
    struct item *item =
        item_add(fixture->arena, &fixture->desired.items, type, id, NULL, SPAN_NONE, text);
    (void)map_put(fixture->arena, &fixture->desired.by_name, item_name(fixture->arena, item), text);
}

static void own(struct fixture *fixture, const char *type, const char *id, const char *document,
                const char *applied)
{
    const struct item item = {.type = type, .id = id, .wanted = applied};
    const char *digest = plan_item_digest(&fixture->input.providers, &item, fixture->arena);
    vec_add(fixture->arena, &fixture->owned,
            (struct owned_item){.type = type, .id = id, .document = document, .digest = digest});
}

static void find_on_host(struct fixture *fixture, const char *name, char *text)
{
    (void)map_put(fixture->arena, &fixture->found, name, text);
}

static const struct action *plan_of(struct fixture *fixture, const char *name)
{
    struct item_list items = {0};
    plan_collect(&fixture->input, &items);
    struct observation *observations =
        arena_array(fixture->arena, items.count, sizeof(*observations));
    for (size_t i = 0; i < items.count; i++) {
        const char *found = map_get(&fixture->found, item_name(fixture->arena, &items.items[i]));
        observations[i] = (struct observation){.item = &items.items[i],
                                               .exists = found != NULL,
                                               .found = found,
                                               .is_due = fixture->is_due};
    }
    plan_build(&fixture->input, &items, observations, &fixture->plan);
    return map_get(&fixture->plan.by_name, name);
}

static void test_plan_absent_is_created(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    want(fixture, "thing", "a", (char[]){"new"});
    const struct action *action = plan_of(fixture, "thing:a");
    assert_int_equal(action->verb, ACTION_CREATE);
    assert_int_equal(action->cause, CAUSE_PENDING);
    assert_true(action_is_due(action));
    assert_int_equal(fixture->plan.counts.to_change, 1);
    arena_destroy(fixture->arena);
}

static void test_plan_same_content_makes_no_action(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    want(fixture, "thing", "a", (char[]){"text"});
    own(fixture, "thing", "a", "site:x", "text");
    find_on_host(fixture, "thing:a", (char[]){"text"});
    assert_int_equal(plan_of(fixture, "thing:a")->verb, ACTION_NONE);
    assert_int_equal(fixture->plan.counts.to_change + fixture->plan.counts.drifted, 0);
    arena_destroy(fixture->arena);
}

static void test_plan_tells_drift_from_a_new_wish(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    want(fixture, "thing", "a", (char[]){"same wish"});
    own(fixture, "thing", "a", "site:x", "same wish");
    find_on_host(fixture, "thing:a", (char[]){"edited"});
    want(fixture, "thing", "b", (char[]){"new wish"});
    own(fixture, "thing", "b", "site:x", "old wish");
    find_on_host(fixture, "thing:b", (char[]){"old wish"});
    assert_int_equal(plan_of(fixture, "thing:a")->cause, CAUSE_DRIFT);
    const struct action *b = map_get(&fixture->plan.by_name, "thing:b");
    assert_int_equal(b->cause, CAUSE_PENDING);
    assert_int_equal(fixture->plan.counts.drifted, 1);
    assert_int_equal(fixture->plan.counts.to_change, 1);
    arena_destroy(fixture->arena);
}

static void test_plan_tells_drift_from_what_is_due(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    want(fixture, "thing", "a", (char[]){"same wish"});
    own(fixture, "thing", "a", "site:x", "same wish");
    want(fixture, "thing", "b", (char[]){"new wish"});
    own(fixture, "thing", "b", "site:x", "old wish");
    find_on_host(fixture, "thing:a", (char[]){"too old"});
    find_on_host(fixture, "thing:b", (char[]){"too old"});
    fixture->is_due = true;
    fixture->input.mode = MODE_HOLD; /* takes nothing new, and keeps what there is */
    const struct action *a = plan_of(fixture, "thing:a");
    const struct action *b = map_get(&fixture->plan.by_name, "thing:b");
    assert_int_equal(a->cause, CAUSE_DUE);
    assert_true(action_is_due(a));
    assert_int_equal(b->cause, CAUSE_PENDING);
    assert_false(action_is_due(b));
    assert_int_equal(fixture->plan.counts.drifted, 0);
    arena_destroy(fixture->arena);
}

/* What a run that was killed left halfway was changed by us, also where the wish is the old one
 * again. */
static void test_plan_tells_drift_from_what_was_begun(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    want(fixture, "thing", "a", (char[]){"same wish"});
    own(fixture, "thing", "a", "site:x", "same wish");
    fixture->owned.items[0].is_begun = true;
    find_on_host(fixture, "thing:a", (char[]){"what it became"});
    assert_int_equal(plan_of(fixture, "thing:a")->cause, CAUSE_PENDING);
    assert_int_equal(fixture->plan.counts.drifted, 0);
    arena_destroy(fixture->arena);
}

static void test_plan_deleted_by_hand_is_drift(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    want(fixture, "thing", "a", (char[]){"text"});
    own(fixture, "thing", "a", "site:x", "text");
    const struct action *action = plan_of(fixture, "thing:a");
    assert_int_equal(action->verb, ACTION_CREATE);
    assert_int_equal(action->cause, CAUSE_DRIFT);
    arena_destroy(fixture->arena);
}

static void test_plan_foreign_thing_is_not_taken_over(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    want(fixture, "thing", "a", (char[]){"ours"});
    find_on_host(fixture, "thing:a", (char[]){"theirs"});
    const struct action *action = plan_of(fixture, "thing:a");
    assert_int_equal(action->verb, ACTION_UPDATE);
    assert_non_null(action->held_because);
    assert_int_equal(fixture->plan.counts.held, 1);
    fixture->input.may_adopt = true;
    assert_true(action_is_due(plan_of(fixture, "thing:a")));
    arena_destroy(fixture->arena);
}

static void want_for(struct fixture *fixture, const char *type, const char *id, char *text,
                     const struct document *document)
{
    struct item *item =
        item_add(fixture->arena, &fixture->desired.items, type, id, document, SPAN_NONE, text);
    (void)map_put(fixture->arena, &fixture->desired.by_name, item_name(fixture->arena, item), text);
}

static void test_plan_rest_of_a_document_waits_for_what_is_foreign(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    struct common_spec common = {.mode.index = -1};
    const struct document document = {.kind_name = "service", .name = "x", .spec = &common};
    want_for(fixture, "thing", "theirs", (char[]){"new"}, &document);
    want_for(fixture, "taker", "beside", (char[]){"new"}, &document);
    find_on_host(fixture, "thing:theirs", (char[]){"old"});
    const struct action *action = plan_of(fixture, "taker:beside");
    assert_false(action_is_due(action));
    assert_non_null(strstr(action->held_because->text, "it waits for thing:theirs"));
    common.adopt.is_true = true;
    assert_true(action_is_due(plan_of(fixture, "taker:beside")));
    action = plan_of(fixture, "thing:theirs");
    assert_true(action_is_due(action));
    assert_true(action->is_foreign);
    arena_destroy(fixture->arena);
}

static void test_plan_only_owned_things_are_removed(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    own(fixture, "thing", "a", "site:x", "text");
    find_on_host(fixture, "thing:a", (char[]){"text"});
    find_on_host(fixture, "thing:b", (char[]){"somebody's"});
    const struct action *action = plan_of(fixture, "thing:a");
    assert_int_equal(action->verb, ACTION_DELETE);
    assert_true(action_is_due(action));
    assert_null(map_get(&fixture->plan.by_name, "thing:b"));
    arena_destroy(fixture->arena);
}

static void test_plan_protected_and_data_wait_for_a_tombstone(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    own(fixture, "thing", "a", "site:x", "text");
    own(fixture, "thing", "b", "site:y", "text");
    fixture->owned.items[0].is_protected = true;
    fixture->owned.items[1].has_data = true;
    find_on_host(fixture, "thing:a", (char[]){"text"});
    find_on_host(fixture, "thing:b", (char[]){"text"});
    assert_false(action_is_due(plan_of(fixture, "thing:a")));
    assert_false(action_is_due(map_get(&fixture->plan.by_name, "thing:b")));
    vec_add(fixture->arena, &fixture->tombstones, (struct tombstone){.kind = "site", .name = "y"});
    assert_true(action_is_due(plan_of(fixture, "thing:b")));
    assert_false(action_is_due(map_get(&fixture->plan.by_name, "thing:a")));
    arena_destroy(fixture->arena);
}

static void test_plan_tombstone_waits_for_its_day(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    own(fixture, "thing", "a", "site:x", "text");
    fixture->owned.items[0].has_data = true;
    find_on_host(fixture, "thing:a", (char[]){"text"});
    vec_add(fixture->arena, &fixture->tombstones,
            (struct tombstone){.kind = "site", .name = "x", .after = "1970-01-02"});
    fixture->input.now = 86399;
    assert_false(action_is_due(plan_of(fixture, "thing:a")));
    fixture->input.now = 86400;
    assert_true(action_is_due(plan_of(fixture, "thing:a")));
    arena_destroy(fixture->arena);
}

static void test_plan_ignored_difference_is_left_alone_until_its_day(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    struct ignore_spec ignored = {.field = {.text = "text"}, .until = {.text = "1970-01-02"}};
    struct common_spec common = {.mode = {.index = -1}, .ignore = {&ignored, 1, NULL}};
    struct document document = {.kind_name = "site", .name = "x", .spec = &common};
    want(fixture, "thing", "a", (char[]){"ours"});
    fixture->desired.items.items[0].document = &document;
    own(fixture, "thing", "a", "site:x", "ours");
    find_on_host(fixture, "thing:a", (char[]){"edited"});
    assert_int_equal(plan_of(fixture, "thing:a")->verb, ACTION_NONE);
    fixture->input.now = 86400;
    assert_int_equal(plan_of(fixture, "thing:a")->verb, ACTION_UPDATE);
    ignored.field.text = "mode";
    fixture->input.now = 0;
    assert_int_equal(plan_of(fixture, "thing:a")->verb, ACTION_UPDATE);
    arena_destroy(fixture->arena);
}

static void test_plan_many_removals_wait_for_confirmation(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    for (int i = 0; i < 5; i++) {
        const char *id = arena_printf(fixture->arena, "%d", i);
        own(fixture, "thing", id, arena_printf(fixture->arena, "site:%d", i), "text");
        find_on_host(fixture, arena_printf(fixture->arena, "thing:%d", i), (char[]){"text"});
    }
    assert_false(action_is_due(plan_of(fixture, "thing:0")));
    fixture->input.may_delete_many = true;
    assert_true(action_is_due(plan_of(fixture, "thing:0")));
    fixture->input.may_delete_many = false;
    fixture->owned.count = 3;
    assert_true(action_is_due(plan_of(fixture, "thing:0")));
    arena_destroy(fixture->arena);
}

static void test_plan_drift_is_repaired_while_a_shrunken_source_waits(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    want(fixture, "thing", "drifted", (char[]){"wish"});
    want(fixture, "thing", "new", (char[]){"wish"});
    own(fixture, "thing", "drifted", "", "wish");
    find_on_host(fixture, "thing:drifted", (char[]){"edited"});
    for (int i = 0; i < 5; i++) {
        const char *id = arena_printf(fixture->arena, "%d", i);
        own(fixture, "thing", id, arena_printf(fixture->arena, "site:%d", i), "text");
        find_on_host(fixture, arena_printf(fixture->arena, "thing:%d", i), (char[]){"text"});
    }
    const struct action *created = plan_of(fixture, "thing:new");
    assert_false(action_is_due(created));
    assert_non_null(strstr(created->held_because->text, "from 5 documents to 0"));
    assert_true(action_is_due(map_get(&fixture->plan.by_name, "thing:drifted")));
    arena_destroy(fixture->arena);
}

static void test_plan_observe_mode_holds_everything(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    fixture->input.mode = MODE_OBSERVE;
    want(fixture, "thing", "a", (char[]){"new"});
    own(fixture, "thing", "b", "site:x", "text");
    find_on_host(fixture, "thing:b", (char[]){"text"});
    assert_false(action_is_due(plan_of(fixture, "thing:a")));
    assert_false(action_is_due(map_get(&fixture->plan.by_name, "thing:b")));
    arena_destroy(fixture->arena);
}

static void test_plan_hold_mode_repairs_drift_only(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    fixture->input.mode = MODE_HOLD;
    want(fixture, "thing", "a", (char[]){"new"});
    want(fixture, "thing", "b", (char[]){"text"});
    own(fixture, "thing", "b", "site:x", "text");
    find_on_host(fixture, "thing:b", (char[]){"edited"});
    assert_false(action_is_due(plan_of(fixture, "thing:a")));
    assert_true(action_is_due(map_get(&fixture->plan.by_name, "thing:b")));
    arena_destroy(fixture->arena);
}

static void test_plan_takes_up_the_change_of_an_input(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    want(fixture, "taker", "t", (char[]){"same"});
    own(fixture, "taker", "t", "service:x", "same");
    find_on_host(fixture, "taker:t", (char[]){"same"});
    want(fixture, "thing", "input", (char[]){"new"});
    own(fixture, "thing", "input", "service:x", "old");
    find_on_host(fixture, "thing:input", (char[]){"old"});
    const struct action *action = plan_of(fixture, "taker:t");
    assert_int_equal(action->verb, ACTION_NOTIFY);
    assert_true(action->asks_notification);
    assert_string_equal(action->impact->text, "restart it");
    find_on_host(fixture, "thing:input", (char[]){"new"});
    assert_int_equal(plan_of(fixture, "taker:t")->verb, ACTION_NONE);
    arena_destroy(fixture->arena);
}

static void test_plan_applies_by_rank_and_removes_the_other_way(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make();
    want(fixture, "taker", "t", (char[]){"x"});
    want(fixture, "thing", "a", (char[]){"x"});
    own(fixture, "thing", "old", "site:x", "x");
    own(fixture, "taker", "old", "site:x", "x");
    find_on_host(fixture, "thing:old", (char[]){"x"});
    find_on_host(fixture, "taker:old", (char[]){"x"});
    (void)plan_of(fixture, "thing:a");
    static const char *const order[] = {"thing:a", "taker:t", "taker:old", "thing:old"};
    assert_int_equal(fixture->plan.actions.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(item_name(fixture->arena, fixture->plan.actions.items[i].item),
                            order[i]);
    }
    arena_destroy(fixture->arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_absent_is_created),
        cmocka_unit_test(test_plan_same_content_makes_no_action),
        cmocka_unit_test(test_plan_tells_drift_from_a_new_wish),
        cmocka_unit_test(test_plan_tells_drift_from_what_is_due),
        cmocka_unit_test(test_plan_tells_drift_from_what_was_begun),
        cmocka_unit_test(test_plan_deleted_by_hand_is_drift),
        cmocka_unit_test(test_plan_foreign_thing_is_not_taken_over),
        cmocka_unit_test(test_plan_rest_of_a_document_waits_for_what_is_foreign),
        cmocka_unit_test(test_plan_only_owned_things_are_removed),
        cmocka_unit_test(test_plan_protected_and_data_wait_for_a_tombstone),
        cmocka_unit_test(test_plan_tombstone_waits_for_its_day),
        cmocka_unit_test(test_plan_ignored_difference_is_left_alone_until_its_day),
        cmocka_unit_test(test_plan_many_removals_wait_for_confirmation),
        cmocka_unit_test(test_plan_drift_is_repaired_while_a_shrunken_source_waits),
        cmocka_unit_test(test_plan_observe_mode_holds_everything),
        cmocka_unit_test(test_plan_hold_mode_repairs_drift_only),
        cmocka_unit_test(test_plan_takes_up_the_change_of_an_input),
        cmocka_unit_test(test_plan_applies_by_rank_and_removes_the_other_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
