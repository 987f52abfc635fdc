/* The tree below a root of its own, where no nginx runs. */

#include "base/file.h"
#include "model/tree_item.h"
#include "provider/sandbox.h"
#include "providers/generation.h"

#define STATE "var/lib/reconcile/"
#define LIVE  STATE "generations/1/etc/nginx/reconcile/"

struct wish {
    struct tree_item tree;
    struct item item;
    const struct item *items[1];
};

static int setup(void **state)
{
    struct error err;
    int result = sandbox_setup(state);
    struct sandbox *sandbox = *state;
    sandbox->layout = layout_debian12();
    assert_true(file_make_directories(sandbox->host.root, "etc/nginx", 0755, &err));
    assert_true(file_make_directories(sandbox->host.root, "var/lib", 0755, &err));
    return result;
}

/* Members as pairs of path and text, ended by NULL. */
static struct wish *wish_make(struct sandbox *sandbox, const char *const *members)
{
    struct wish *wish = arena_new(sandbox->arena, struct wish);
    for (; *members != NULL; members += 2) {
        vec_add(sandbox->arena, &wish->tree.members,
                (struct tree_member){.path = members[0], .text.content = str_of(members[1])});
    }
    wish->item =
        (struct item){.type = ITEM_TREE, .id = sandbox->layout.nginx_tree, .wanted = &wish->tree};
    wish->items[0] = &wish->item;
    return wish;
}
#define WISH(...) wish_make(sandbox, (const char *const[]){__VA_ARGS__, NULL})

static void write_generation(struct sandbox *sandbox, unsigned long number, const struct wish *wish)
{
    struct error err;
    struct generation_files files = {0};
    for (size_t i = 0; i < wish->tree.members.count; i++) {
        const struct tree_member *member = &wish->tree.members.items[i];
        const char *path =
            arena_printf(sandbox->arena, "%s/%s", sandbox->layout.nginx_tree, member->path);
        vec_add(sandbox->arena, &files,
                (struct generation_file){path, member->text.content, 0644, NULL});
    }
    assert_true(generation_write(&sandbox->host, number, &files, "test", sandbox->arena, &err));
}

static struct outcome apply(struct sandbox *sandbox, struct wish *wish, unsigned long number)
{
    struct outcome outcome = {0};
    struct action action = {.verb = ACTION_UPDATE, .item = &wish->item};
    const struct action *actions[] = {&action};
    wish->tree.generation = number;
    tree_provider.apply(&sandbox->host, actions, 1, sandbox->arena, &outcome);
    return outcome;
}

static void bring_live(struct sandbox *sandbox, struct wish *wish, unsigned long number)
{
    write_generation(sandbox, number, wish);
    struct outcome outcome = apply(sandbox, wish, number);
    if (outcome.result != OUTCOME_CHANGED) {
        fail_msg("%s", outcome.error.message);
    }
}

static struct observation observe(struct sandbox *sandbox, const struct wish *wish)
{
    struct error err;
    struct observation observation;
    assert_true(
        tree_provider.observe(&sandbox->host, wish->items, 1, sandbox->arena, &observation, &err));
    return observation;
}

static struct change_list differences(struct sandbox *sandbox, const struct wish *wish)
{
    struct change_list changes = {0};
    struct observation found = observe(sandbox, wish);
    assert_null(found.trouble);
    tree_provider.diff(&wish->item, &found, sandbox->arena, &changes);
    return changes;
}

static void expect_change(const struct change *change, const char *field, const char *thing,
                          const char *from, const char *to)
{
    assert_string_equal(change->field, field);
    assert_true(text_equal(change->thing, thing));
    assert_true(text_equal(change->from, from));
    assert_true(text_equal(change->to, to));
}

static void test_tree_absent_is_all_new(void **state)
{
    struct sandbox *sandbox = *state;
    struct wish *wish = WISH("http/a.conf", "a;\n", "http/b.conf", "b;\n");
    assert_false(observe(sandbox, wish).exists);
    struct change_list changes = differences(sandbox, wish);
    assert_int_equal(changes.count, 2);
    expect_change(&changes.items[0], "content", "/etc/nginx/reconcile/http/a.conf", NULL, "a;\n");
    assert_true(changes.items[0].is_text);
}

static void test_tree_applied_is_in_sync(void **state)
{
    struct sandbox *sandbox = *state;
    struct wish *wish = WISH("http/a.conf", "a;\n", "main/stream.conf", "s;\n");
    bring_live(sandbox, wish, 1);
    struct observation found = observe(sandbox, wish);
    assert_true(found.exists);
    assert_int_equal(((const struct tree_item *)found.found)->generation, 1);
    assert_int_equal(differences(sandbox, wish).count, 0);
    assert_string_equal(test_folder_read(sandbox->folder, "etc/nginx/reconcile"),
                        "/var/lib/reconcile/current/etc/nginx/reconcile");
    assert_string_equal(test_folder_read(sandbox->folder, STATE "current"), "generations/1");
}

static void test_tree_shows_each_member_that_differs(void **state)
{
    struct sandbox *sandbox = *state;
    bring_live(sandbox, WISH("http/a.conf", "a;\n", "http/b.conf", "b;\n", "http/c.conf", "c;\n"),
               1);
    struct wish *wish = WISH("http/b.conf", "B;\n", "http/c.conf", "c;\n", "http/d.conf", "d;\n");
    struct change_list changes = differences(sandbox, wish);
    assert_int_equal(changes.count, 3);
    expect_change(&changes.items[0], "content", "/etc/nginx/reconcile/http/a.conf", "a;\n", NULL);
    expect_change(&changes.items[1], "content", "/etc/nginx/reconcile/http/b.conf", "b;\n", "B;\n");
    expect_change(&changes.items[2], "content", "/etc/nginx/reconcile/http/d.conf", NULL, "d;\n");
}

static void test_tree_sees_a_hand_edit(void **state)
{
    struct sandbox *sandbox = *state;
    struct wish *wish = WISH("http/a.conf", "a;\n");
    bring_live(sandbox, wish, 1);
    test_folder_write(sandbox->folder, LIVE "http/a.conf", "by hand;\n");
    struct change_list changes = differences(sandbox, wish);
    assert_int_equal(changes.count, 1);
    expect_change(&changes.items[0], "content", "/etc/nginx/reconcile/http/a.conf", "by hand;\n",
                  "a;\n");
}

static void test_tree_sees_a_link_in_place_of_a_file(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err;
    struct wish *wish = WISH("http/a.conf", "a;\n");
    bring_live(sandbox, wish, 1);
    assert_true(file_remove_all(sandbox->host.root, LIVE "http/a.conf", &err));
    test_folder_link(sandbox->folder, LIVE "http/a.conf", "/etc/passwd");
    struct change_list changes = differences(sandbox, wish);
    assert_int_equal(changes.count, 1);
    assert_non_null(strstr(changes.items[0].from, "/etc/passwd"));
}

static void test_tree_sees_that_main_was_changed(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err;
    struct wish *wish = WISH("http/a.conf", "a;\n");
    bring_live(sandbox, wish, 1);
    test_folder_write(sandbox->folder, LIVE "http/main.conf", "# nothing\n");
    struct change_list changes = differences(sandbox, wish);
    assert_int_equal(changes.count, 1);
    expect_change(&changes.items[0], "content", "/etc/nginx/reconcile/http/main.conf",
                  "changed by hand", "as it was written");
    assert_true(file_remove_all(sandbox->host.root, LIVE "http/main.conf", &err));
    assert_int_equal(differences(sandbox, wish).count, 1);
}

static void test_tree_sees_that_the_link_is_gone(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err;
    struct wish *wish = WISH("http/a.conf", "a;\n");
    bring_live(sandbox, wish, 1);
    assert_true(file_remove_all(sandbox->host.root, "etc/nginx/reconcile", &err));
    struct change_list changes = differences(sandbox, wish);
    assert_int_equal(changes.count, 1);
    expect_change(&changes.items[0], "link", NULL, "nothing", "our link");
    bring_live(sandbox, wish, 2);
    assert_int_equal(differences(sandbox, wish).count, 0);
}

static void test_tree_exists_where_others_have_something(void **state)
{
    struct sandbox *sandbox = *state;
    struct wish *wish = WISH("http/a.conf", "a;\n");
    test_folder_link(sandbox->folder, "etc/nginx/reconcile", "/srv/mine");
    struct observation found = observe(sandbox, wish);
    assert_true(found.exists);
    assert_string_equal(((const struct tree_item *)found.found)->instead, "a link to /srv/mine");
    bring_live(sandbox, wish, 1);
    assert_string_equal(test_folder_read(sandbox->folder, STATE "adopted/etc/nginx/reconcile"),
                        "/srv/mine");
}

static void test_tree_never_replaces_a_directory(void **state)
{
    struct sandbox *sandbox = *state;
    struct wish *wish = WISH("http/a.conf", "a;\n");
    test_folder_mkdir(sandbox->folder, "etc/nginx/reconcile");
    test_folder_write(sandbox->folder, "etc/nginx/reconcile/mine", "mine");
    write_generation(sandbox, 1, wish);
    struct outcome outcome = apply(sandbox, wish, 1);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "is a directory"));
    assert_false(test_folder_exists(sandbox->folder, STATE "current"));
    assert_string_equal(test_folder_read(sandbox->folder, "etc/nginx/reconcile/mine"), "mine");
}

static void test_tree_apply_wants_a_written_generation(void **state)
{
    struct sandbox *sandbox = *state;
    struct wish *wish = WISH("http/a.conf", "a;\n");
    assert_int_equal(apply(sandbox, wish, 0).result, OUTCOME_FAILED);
    assert_int_equal(apply(sandbox, wish, 7).result, OUTCOME_FAILED);
    assert_false(test_folder_exists(sandbox->folder, STATE "current"));
}

static void test_tree_removal_takes_the_link_alone(void **state)
{
    struct sandbox *sandbox = *state;
    struct wish *wish = WISH("http/a.conf", "a;\n");
    bring_live(sandbox, wish, 1);
    wish->item.wanted = NULL;
    assert_int_equal(apply(sandbox, wish, 0).result, OUTCOME_CHANGED);
    assert_false(test_folder_exists(sandbox->folder, "etc/nginx/reconcile"));
    assert_true(test_folder_exists(sandbox->folder, LIVE "http/a.conf"));
}

static void test_tree_default_site_goes_only_where_it_may(void **state)
{
    struct sandbox *sandbox = *state;
    struct wish *wish = WISH("http/a.conf", "a;\n");
    test_folder_mkdir(sandbox->folder, "etc/nginx/sites-enabled");
    test_folder_link(sandbox->folder, "etc/nginx/sites-enabled/default",
                     "/etc/nginx/sites-available/default");
    bring_live(sandbox, wish, 1);
    assert_true(test_folder_exists(sandbox->folder, "etc/nginx/sites-enabled/default"));
    sandbox->layout.disables_default_site = true;
    bring_live(sandbox, wish, 2);
    assert_false(test_folder_exists(sandbox->folder, "etc/nginx/sites-enabled/default"));
    assert_string_equal(
        test_folder_read(sandbox->folder, STATE "adopted/etc/nginx/sites-enabled/default"),
        "/etc/nginx/sites-available/default");
}

static void test_tree_default_site_of_another_hand_stays(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_mkdir(sandbox->folder, "etc/nginx/sites-enabled");
    test_folder_write(sandbox->folder, "etc/nginx/sites-enabled/default", "server {}\n");
    sandbox->layout.disables_default_site = true;
    bring_live(sandbox, WISH("http/a.conf", "a;\n"), 1);
    assert_true(test_folder_exists(sandbox->folder, "etc/nginx/sites-enabled/default"));
}

static const char *digest_of(struct sandbox *sandbox, const struct wish *wish)
{
    char *hex = arena_alloc(sandbox->arena, DIGEST_HEX_SIZE);
    struct digest *digest = digest_begin();
    tree_provider.digest(&wish->item, digest);
    digest_end(digest, hex);
    return hex;
}

static void test_tree_digest_depends_on_paths_and_texts(void **state)
{
    struct sandbox *sandbox = *state;
    struct wish *first = WISH("http/a.conf", "a;\n");
    struct wish *same = WISH("http/a.conf", "a;\n");
    same->tree.generation = 7;
    assert_string_equal(digest_of(sandbox, first), digest_of(sandbox, same));
    assert_string_not_equal(digest_of(sandbox, first),
                            digest_of(sandbox, WISH("http/b.conf", "a;\n")));
    assert_string_not_equal(digest_of(sandbox, first),
                            digest_of(sandbox, WISH("http/a.conf", "b;\n")));
}

static void test_tree_names_what_it_must_take_up(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const names[] = {"certificate:a.example", NULL};
    struct wish *wish = WISH("http/a.conf", "a;\n");
    assert_null(tree_provider.inputs(&wish->item, sandbox->arena));
    wish->tree.inputs = names;
    assert_string_equal(tree_provider.inputs(&wish->item, sandbox->arena)[0], names[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, sandbox_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tree_absent_is_all_new),
        TEST(test_tree_applied_is_in_sync),
        TEST(test_tree_shows_each_member_that_differs),
        TEST(test_tree_sees_a_hand_edit),
        TEST(test_tree_sees_a_link_in_place_of_a_file),
        TEST(test_tree_sees_that_main_was_changed),
        TEST(test_tree_sees_that_the_link_is_gone),
        TEST(test_tree_exists_where_others_have_something),
        TEST(test_tree_never_replaces_a_directory),
        TEST(test_tree_apply_wants_a_written_generation),
        TEST(test_tree_removal_takes_the_link_alone),
        TEST(test_tree_default_site_goes_only_where_it_may),
        TEST(test_tree_default_site_of_another_hand_stays),
        TEST(test_tree_digest_depends_on_paths_and_texts),
        TEST(test_tree_names_what_it_must_take_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
