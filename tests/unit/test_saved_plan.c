/* A plan in a file, and what is not any more as it saw it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "core/saved_plan.h"

static void add(struct arena *arena, struct saved_parts *parts, const char *name,
                const char *digest)
{
    vec_add(arena, parts, (struct saved_part){name, digest});
}

static struct saved_plan make_plan(struct arena *arena)
{
    struct saved_plan plan = {.program = "1.0.0",
                              .made_at = 7,
                              .verdict = "1 to change\nor so",
                              .folder = "/srv/\"x\"",
                              .root = "/",
                              .may_adopt = true,
                              .settings = "s",
                              .facts = "f",
                              .memory = "m",
                              .generation = 3};
    add(arena, &plan.inputs, "a.yaml", "1");
    add(arena, &plan.inputs, "b.yaml", "2");
    add(arena, &plan.objects, "file:/a", "3");
    add(arena, &plan.actions, "file:/a", "4");
    return plan;
}

/* The changes as one text, a line each. */
static const char *changes_of(struct arena *arena, const struct saved_plan *now)
{
    struct message_list changes = {0};
    const struct saved_plan then = make_plan(arena);
    struct text out = text_make(arena);
    saved_plan_compare(arena, &then, now, &changes);
    for (size_t i = 0; i < changes.count; i++) {
        text_line(&out, "%s", changes.items[i]->text);
    }
    return out.data;
}

static void test_saved_plan_reads_back(void **state)
{
    struct arena *arena = arena_create();
    const struct saved_plan plan = make_plan(arena);
    struct saved_plan again = {0};
    struct error err = {0};
    struct str bytes = saved_plan_write(arena, &plan);
    assert_true(saved_plan_is(bytes));
    assert_true(saved_plan_read(arena, bytes, &again, &err));
    assert_string_equal(again.verdict, plan.verdict);
    assert_string_equal(again.folder, plan.folder);
    assert_null(again.config);
    assert_true(again.may_adopt);
    assert_int_equal(again.generation, 3);
    assert_int_equal(again.inputs.count, 2);
    assert_string_equal(again.inputs.items[1].name, "b.yaml");
    assert_string_equal(changes_of(arena, &again), "");
    assert_true(str_equal(saved_plan_write(arena, &again), bytes));
    arena_destroy(arena);
}

/* No byte can be changed unseen. */
static void test_saved_plan_refuses_every_changed_byte(void **state)
{
    struct arena *arena = arena_create();
    const struct saved_plan plan = make_plan(arena);
    struct str bytes = saved_plan_write(arena, &plan);
    char *changed = arena_strndup(arena, bytes.data, bytes.length);
    for (size_t i = 0; i < bytes.length; i++) {
        struct saved_plan again = {0};
        struct error err = {0};
        changed[i] = (char)(changed[i] ^ 1);
        assert_false(saved_plan_read(arena, (struct str){changed, bytes.length}, &again, &err));
        assert_int_equal(err.code, ERROR_FORMAT);
        changed[i] = (char)(changed[i] ^ 1);
        assert_false(saved_plan_read(arena, (struct str){changed, i}, &again, &err));
    }
    arena_destroy(arena);
}

static void test_saved_plan_is_told_by_its_first_word(void **state)
{
    assert_false(saved_plan_is(STR("")));
    assert_false(saved_plan_is(STR("reconcile-plan ")));
    assert_false(saved_plan_is(STR("reconcile-plans 1")));
    assert_false(saved_plan_is(STR("sites: {}\n")));
    assert_true(saved_plan_is(STR("reconcile-plan 9 x")));
}

static void test_saved_plan_tells_what_changed(void **state)
{
    struct arena *arena = arena_create();
    struct saved_plan now = make_plan(arena);
    now.inputs.items[0].digest = "changed";
    now.inputs.items[1].name = "c.yaml";
    now.generation = 4;
    now.memory = "other";
    assert_string_equal(changes_of(arena, &now), "a.yaml has changed\n"
                                                 "b.yaml is gone\n"
                                                 "c.yaml is new\n"
                                                 "the host was at generation 3 and is at 4\n");
    now = make_plan(arena);
    now.objects.items[0].digest = "changed";
    assert_string_equal(changes_of(arena, &now), "file:/a has changed\n");
    now = make_plan(arena);
    now.program = "1.0.1";
    now.settings = "other";
    now.facts = "other";
    assert_string_equal(changes_of(arena, &now),
                        "the plan was made by reconcile 1.0.0, this is 1.0.1\n"
                        "the host's settings have changed\n"
                        "the host's facts have changed\n");
    now = make_plan(arena);
    now.memory = "other";
    assert_non_null(strstr(changes_of(arena, &now), "what is remembered of the host"));
    arena_destroy(arena);
}

static void test_saved_plan_is_another_when_its_actions_are(void **state)
{
    struct arena *arena = arena_create();
    const struct saved_plan then = make_plan(arena);
    struct saved_plan now = make_plan(arena);
    struct message_list changes = {0};
    saved_plan_compare_actions(arena, &then, &now, &changes);
    assert_int_equal(changes.count, 0);
    add(arena, &now.actions, "file:/b", "5");
    saved_plan_compare_actions(arena, &then, &now, &changes);
    assert_int_equal(changes.count, 1);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_saved_plan_reads_back),
        cmocka_unit_test(test_saved_plan_refuses_every_changed_byte),
        cmocka_unit_test(test_saved_plan_is_told_by_its_first_word),
        cmocka_unit_test(test_saved_plan_tells_what_changed),
        cmocka_unit_test(test_saved_plan_is_another_when_its_actions_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
