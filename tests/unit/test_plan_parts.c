#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/plan.h"
#include "schemas/common.h"

#define TREE "/etc/nginx/reconcile"

/* A tree whose parts are its members, as the provider of the nginx tree has it. */

static void tree_digest(const struct item *item, struct digest *digest)
{
    const struct tree_item *tree = item->wanted;
    for (size_t i = 0; i < tree->members.count; i++) {
        digest_add(digest, tree->members.items[i].text.content);
    }
}

static const struct tree_member *member_find(const struct tree_item *tree, const char *path)
{
    for (size_t i = 0; i < tree->members.count; i++) {
        if (strcmp(tree->members.items[i].path, path) == 0) {
            return &tree->members.items[i];
        }
    }
    return NULL;
}

static void add_change(struct arena *arena, struct change_list *changes,
                       const struct tree_member *wanted, const struct tree_member *found)
{
    const struct tree_member *either = wanted != NULL ? wanted : found;
    if (either == NULL) {
        return;
    }
    const char *path = either->path;
    if (wanted != NULL && found != NULL && str_equal(wanted->text.content, found->text.content)) {
        return;
    }
    vec_add(arena, changes,
            (struct change){.field = "content",
                            .thing = arena_printf(arena, TREE "/%s", path),
                            .document = wanted == NULL ? NULL : wanted->document,
                            .from = found == NULL ? NULL : found->text.content.data,
                            .to = wanted == NULL ? NULL : wanted->text.content.data,
                            .is_text = true});
}

static void tree_diff(const struct item *item, const struct observation *observation,
                      struct arena *arena, struct change_list *out_changes)
{
    const struct tree_item *wanted = item->wanted;
    const struct tree_item *found = observation->found;
    for (size_t i = 0; i < wanted->members.count; i++) {
        const struct tree_member *member = &wanted->members.items[i];
        add_change(arena, out_changes, member, member_find(found, member->path));
    }
    for (size_t i = 0; i < found->members.count; i++) {
        const struct tree_member *member = &found->members.items[i];
        if (member_find(wanted, member->path) == NULL) {
            add_change(arena, out_changes, NULL, member);
        }
    }
}

static const struct provider tree_provider = {
    .type = ITEM_TREE, .digest = tree_digest, .diff = tree_diff};

static const struct provider *find(const char *type)
{
    assert_string_equal(type, ITEM_TREE);
    return &tree_provider;
}

static size_t rank(const char *type)
{
    (void)type;
    return 0;
}

struct fixture {
    struct arena *arena;
    struct tree_item wanted;
    struct tree_item found;
    struct desired desired;
    struct owned_items owned;
    struct owned_items parts;
    struct desired_files last_good; /* as it was applied, by path */
    struct left_parts left;
    struct override_list overrides;
    struct tombstone_list tombstones;
    struct refusal_list refusals;
    struct plan_input input;
    struct plan plan;
};

static struct fixture *fixture_make(void)
{
    struct arena *arena = arena_create();
    struct fixture *fixture = arena_new(arena, struct fixture);
    fixture->arena = arena;
    fixture->desired.tree = &fixture->wanted;
    fixture->input = (struct plan_input){.arena = arena,
                                         .providers = {find, rank},
                                         .desired = &fixture->desired,
                                         .owned = &fixture->owned,
                                         .parts = &fixture->parts,
                                         .last_good = &fixture->last_good,
                                         .left = &fixture->left,
                                         .overrides = &fixture->overrides,
                                         .tombstones = &fixture->tombstones,
                                         .refusals = &fixture->refusals,
                                         .mode = MODE_ENFORCE};
    return fixture;
}

static struct common_spec *want(struct fixture *fixture, const char *name, const char *text)
{
    struct document *document = arena_new(fixture->arena, struct document);
    struct common_spec *common = arena_new(fixture->arena, struct common_spec);
    common->mode.index = -1;
    *document = (struct document){.kind_name = "site", .name = name, .spec = common};
    vec_add(fixture->arena, &fixture->wanted.members,
            (struct tree_member){.path = name, .text.content = str_of(text), .document = document});
    return common;
}

/* It was applied as was, and now is as now; NULL: nobody applied it. */
static void have(struct fixture *fixture, const char *name, const char *was, const char *now)
{
    struct arena *arena = fixture->arena;
    vec_add(arena, &fixture->found.members,
            (struct tree_member){.path = name, .text.content = str_of(now)});
    const char *thing = arena_printf(arena, TREE "/%s", name);
    if (was != NULL) {
        vec_add(arena, &fixture->last_good,
                (struct desired_file){.path = thing, .content = str_of(was)});
        vec_add(arena, &fixture->parts,
                (struct owned_item){.type = "part",
                                    .id = thing,
                                    .document = arena_printf(arena, "site:%s", name),
                                    .digest = ""});
    }
}

static void plan(struct fixture *fixture)
{
    struct item_list items = {0};
    if (fixture->desired.items.count == 0) {
        (void)item_add(fixture->arena, &fixture->desired.items, ITEM_TREE, TREE, NULL, SPAN_NONE,
                       &fixture->wanted);
        vec_add(fixture->arena, &fixture->owned,
                (struct owned_item){
                    .type = ITEM_TREE, .id = TREE, .document = "", .digest = "another"});
    }
    (void)map_put(fixture->arena, &fixture->desired.by_name, "tree:" TREE, fixture);
    plan_collect(&fixture->input, &items);
    struct observation *observation = arena_new(fixture->arena, struct observation);
    *observation =
        (struct observation){.item = &items.items[0], .exists = true, .found = &fixture->found};
    plan_build(&fixture->input, &items, observation, &fixture->plan);
}

static const struct change *change_of(const struct fixture *fixture, const char *name)
{
    const struct action *action = &fixture->plan.actions.items[0];
    for (size_t i = 0; i < action->changes.count; i++) {
        if (strcmp(action->changes.items[i].thing + strlen(TREE "/"), name) == 0) {
            return &action->changes.items[i];
        }
    }
    return NULL;
}

static bool is_left(const struct fixture *fixture, const char *name)
{
    for (size_t i = 0; i < fixture->plan.left.count; i++) {
        if (strcmp(fixture->plan.left.items[i].path + strlen(TREE "/"), name) == 0) {
            return true;
        }
    }
    return false;
}

static void test_plan_parts_tell_drift_from_a_new_wish_one_by_one(void **state)
{
    struct fixture *fixture = fixture_make();
    want(fixture, "edited", "1");
    want(fixture, "new", "2");
    have(fixture, "edited", "1", "by hand");
    have(fixture, "new", "1", "1");
    plan(fixture);
    assert_int_equal(change_of(fixture, "edited")->cause, CAUSE_DRIFT);
    assert_int_equal(change_of(fixture, "new")->cause, CAUSE_PENDING);
    assert_int_equal(fixture->plan.counts.drifted, 1);
    assert_int_equal(fixture->plan.counts.to_change, 1);
    assert_int_equal(plan_weight(&fixture->plan.actions.items[0]), 2);
    arena_destroy(fixture->arena);
}

static void have_ten(struct fixture *fixture)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    for (size_t i = 0; i < 10; i++) {
        have(fixture, names[i], "1", "1");
    }
}

static void test_plan_parts_of_many_documents_wait_for_confirmation(void **state)
{
    struct fixture *fixture = fixture_make();
    static const char *const stay[] = {"c", "d", "e", "f", "g"};
    want(fixture, "a", "2");
    for (size_t i = 0; i < 5; i++) {
        want(fixture, stay[i], "1");
    }
    have_ten(fixture);
    plan(fixture);
    assert_int_equal(fixture->plan.counts.held, 4);
    assert_int_equal(fixture->plan.counts.to_remove, 0);
    assert_int_equal(fixture->plan.counts.to_change, 1);
    assert_non_null(strstr(change_of(fixture, "b")->held_because->text, "--confirm"));
    assert_string_equal(change_of(fixture, "b")->owner, "site:b");
    assert_true(action_is_due(&fixture->plan.actions.items[0]));
    assert_true(is_left(fixture, "b"));
    assert_false(is_left(fixture, "a"));
    fixture->input.may_delete_many = true;
    plan(fixture);
    assert_int_equal(fixture->plan.counts.to_remove, 4);
    assert_false(is_left(fixture, "b"));
    arena_destroy(fixture->arena);
}

static void test_plan_parts_of_a_shrunken_source_wait_for_confirmation(void **state)
{
    struct fixture *fixture = fixture_make();
    static const char *const stay[] = {"b", "c", "d"};
    want(fixture, "a", "2");
    for (size_t i = 0; i < 3; i++) {
        want(fixture, stay[i], "1");
    }
    have_ten(fixture);
    plan(fixture);
    assert_int_equal(fixture->plan.counts.held, 7);
    assert_int_equal(fixture->plan.counts.to_change, 0);
    assert_non_null(strstr(change_of(fixture, "a")->held_because->text, "from 10 documents to 4"));
    fixture->input.may_delete_many = true;
    plan(fixture);
    assert_int_equal(fixture->plan.counts.held, 0);
    assert_int_equal(fixture->plan.counts.to_remove, 6);
    arena_destroy(fixture->arena);
}

static void test_plan_parts_protection_outlives_its_block(void **state)
{
    struct fixture *fixture = fixture_make();
    want(fixture, "a", "1");
    have(fixture, "a", "1", "1");
    have(fixture, "b", "1", "1");
    fixture->parts.items[1].is_protected = true;
    plan(fixture);
    assert_int_equal(fixture->plan.counts.held, 1);
    assert_false(action_is_due(&fixture->plan.actions.items[0]));
    assert_true(is_left(fixture, "b"));
    vec_add(fixture->arena, &fixture->tombstones,
            (struct tombstone){.kind = "site", .name = "b", .why = "moved"});
    plan(fixture);
    assert_int_equal(fixture->plan.counts.to_remove, 1);
    assert_false(is_left(fixture, "b"));
    arena_destroy(fixture->arena);
}

static void test_plan_parts_that_nobody_wants_are_drift(void **state)
{
    struct fixture *fixture = fixture_make();
    want(fixture, "a", "1");
    have(fixture, "a", "1", "1");
    have(fixture, "stray", NULL, "by hand");
    plan(fixture);
    assert_int_equal(change_of(fixture, "stray")->cause, CAUSE_DRIFT);
    assert_true(action_is_due(&fixture->plan.actions.items[0]));
    assert_int_equal(fixture->plan.counts.to_remove, 1);
    arena_destroy(fixture->arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_parts_tell_drift_from_a_new_wish_one_by_one),
        cmocka_unit_test(test_plan_parts_of_many_documents_wait_for_confirmation),
        cmocka_unit_test(test_plan_parts_of_a_shrunken_source_wait_for_confirmation),
        cmocka_unit_test(test_plan_parts_protection_outlives_its_block),
        cmocka_unit_test(test_plan_parts_that_nobody_wants_are_drift),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
