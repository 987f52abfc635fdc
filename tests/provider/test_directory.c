/* The directory provider: makes, corrects, and never takes away what is in use. */

#include "provider/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "model/directory_item.h"
#include "providers/fingerprints.h"
#include "providers/staging.h"

#define SHOP "/var/lib/shop"

static struct directory_item *want(struct sandbox *sandbox, mode_t mode)
{
    struct directory_item *wanted = arena_new(sandbox->arena, struct directory_item);
    wanted->mode = mode;
    return wanted;
}

static int setup(void **state)
{
    assert_int_equal(sandbox_setup(state), 0);
    sandbox_mkdirs(*state, "var/lib");
    return 0;
}

static void test_directory_absent_is_made(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_DIRECTORY, SHOP, want(sandbox, 0750));
    assert_string_equal(sandbox_changes(sandbox, &directory_provider, &item), "mode owner group ");
    assert_int_equal(sandbox_converge(sandbox, &directory_provider, &item).result, OUTCOME_CHANGED);
    assert_int_equal(test_folder_mode(sandbox->folder, SHOP + 1), S_IFDIR | 0750);
    assert_string_equal(test_folder_list(sandbox->folder, "var/lib"), "reconcile shop ");
    assert_string_equal(sandbox_changes(sandbox, &directory_provider, &item), "");
    assert_int_equal(sandbox_converge(sandbox, &directory_provider, &item).result,
                     OUTCOME_UNCHANGED);
}

static void test_directory_mode_is_corrected_and_content_kept(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, "var/lib/shop");
    test_folder_write(sandbox->folder, "var/lib/shop/data", "x");
    struct item item = sandbox_item(ITEM_DIRECTORY, SHOP, want(sandbox, 02750));
    assert_string_equal(sandbox_changes(sandbox, &directory_provider, &item), "mode ");
    assert_int_equal(sandbox_converge(sandbox, &directory_provider, &item).result, OUTCOME_CHANGED);
    assert_int_equal(test_folder_mode(sandbox->folder, SHOP + 1), S_IFDIR | 02750);
    assert_string_equal(test_folder_read(sandbox->folder, "var/lib/shop/data"), "x");
}

static void test_directory_owner_is_set(void **state)
{
    struct sandbox *sandbox = *state;
    if (!sandbox_is_root()) {
        skip();
    }
    sandbox_mkdirs(sandbox, "etc");
    test_folder_write(sandbox->folder, "etc/passwd", "shop:x:4711:4712::/:/bin/false\n");
    test_folder_write(sandbox->folder, "etc/group", "shop:x:4712:\n");
    struct directory_item *wanted = want(sandbox, 0750);
    wanted->owner = "shop";
    wanted->group = "shop";
    struct item item = sandbox_item(ITEM_DIRECTORY, SHOP, wanted);
    assert_int_equal(sandbox_converge(sandbox, &directory_provider, &item).result, OUTCOME_CHANGED);
    struct stat status;
    assert_int_equal(fstatat(sandbox->host.root, SHOP + 1, &status, 0), 0);
    assert_int_equal(status.st_uid, 4711);
    assert_int_equal(status.st_gid, 4712);
    assert_int_equal(fchownat(sandbox->host.root, SHOP + 1, 0, 0, 0), 0);
    assert_string_equal(sandbox_changes(sandbox, &directory_provider, &item), "owner group ");
    assert_int_equal(sandbox_converge(sandbox, &directory_provider, &item).result, OUTCOME_CHANGED);
    assert_string_equal(sandbox_changes(sandbox, &directory_provider, &item), "");
}

static void test_directory_inside_that_of_others_is_left_alone(void **state)
{
    struct sandbox *sandbox = *state;
    if (!sandbox_is_root()) {
        skip();
    }
    sandbox_mkdirs(sandbox, "var/lib/shop/there");
    assert_int_equal(fchownat(sandbox->host.root, "var/lib/shop", 4711, 4711, 0), 0);
    struct item made = sandbox_item(ITEM_DIRECTORY, SHOP "/new", want(sandbox, 0750));
    struct item corrected = sandbox_item(ITEM_DIRECTORY, SHOP "/there", want(sandbox, 0700));
    struct item removed = sandbox_item(ITEM_DIRECTORY, SHOP "/there", NULL);
    struct outcome outcome = sandbox_converge(sandbox, &directory_provider, &made);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "belongs to user 4711"));
    assert_int_equal(sandbox_converge(sandbox, &directory_provider, &corrected).result,
                     OUTCOME_FAILED);
    assert_int_equal(sandbox_converge(sandbox, &directory_provider, &removed).result,
                     OUTCOME_FAILED);
    assert_string_equal(test_folder_list(sandbox->folder, "var/lib/shop"), "there ");
    assert_int_equal(test_folder_mode(sandbox->folder, "var/lib/shop/there"), S_IFDIR | 0755);
}

static void test_directory_link_in_its_place_is_not_followed(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, "elsewhere");
    test_folder_link(sandbox->folder, SHOP + 1, "../../elsewhere");
    struct item item = sandbox_item(ITEM_DIRECTORY, SHOP, want(sandbox, 0700));
    struct outcome outcome = sandbox_converge(sandbox, &directory_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "a symbolic link to ../../elsewhere stands at"));
    assert_int_equal(test_folder_mode(sandbox->folder, "elsewhere"), S_IFDIR | 0755);
    struct action blind = {.verb = ACTION_UPDATE, .item = &item};
    assert_int_equal(sandbox_apply(sandbox, &directory_provider, &blind).result, OUTCOME_FAILED);
    assert_int_equal(test_folder_mode(sandbox->folder, "elsewhere"), S_IFDIR | 0755);
}

static void test_directory_in_use_is_not_deleted(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, "var/lib/shop");
    test_folder_write(sandbox->folder, "var/lib/shop/data", "x");
    struct item item = sandbox_item(ITEM_DIRECTORY, SHOP, NULL);
    struct outcome outcome = sandbox_converge(sandbox, &directory_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_SKIPPED);
    assert_non_null(strstr(outcome.error.message, "is not empty and stays"));
    assert_int_equal(unlinkat(sandbox->host.root, "var/lib/shop/data", 0), 0);
    assert_int_equal(sandbox_converge(sandbox, &directory_provider, &item).result, OUTCOME_CHANGED);
    assert_false(test_folder_exists(sandbox->folder, "var/lib/shop"));
}

static void test_directory_vanished_and_appeared_since_observe(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_DIRECTORY, SHOP, want(sandbox, 0750));
    struct observation absent = sandbox_observe(sandbox, &directory_provider, &item);
    struct action creation = sandbox_plan(sandbox, &directory_provider, &item, &absent);
    sandbox_mkdirs(sandbox, "var/lib/shop");
    struct outcome outcome = sandbox_apply(sandbox, &directory_provider, &creation);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "has appeared"));

    struct observation present = sandbox_observe(sandbox, &directory_provider, &item);
    struct action correction = sandbox_plan(sandbox, &directory_provider, &item, &present);
    assert_int_equal(unlinkat(sandbox->host.root, "var/lib/shop", AT_REMOVEDIR), 0);
    assert_int_equal(sandbox_apply(sandbox, &directory_provider, &correction).result,
                     OUTCOME_FAILED);
    struct item removal_item = sandbox_item(ITEM_DIRECTORY, SHOP, NULL);
    struct action removal = {.verb = ACTION_DELETE, .item = &removal_item, .found = &present};
    assert_int_equal(sandbox_apply(sandbox, &directory_provider, &removal).result, OUTCOME_CHANGED);
    assert_string_equal(test_folder_list(sandbox->folder, "var/lib"), "reconcile ");
}

static void test_directory_nested_ones_are_made_in_any_order(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const paths[] = {"/srv/a/b/c", "/srv/a", "/srv/a/b", "/srv"};
    struct item items[4];
    struct action actions[4];
    const struct action *pointers[4];
    struct outcome outcomes[4] = {{0}};
    for (size_t i = 0; i < 4; i++) {
        items[i] = sandbox_item(ITEM_DIRECTORY, paths[i], want(sandbox, 0711));
        actions[i] = (struct action){.verb = ACTION_CREATE, .item = &items[i]};
        pointers[i] = &actions[i];
    }
    directory_provider.apply(&sandbox->host, pointers, 4, sandbox->arena, outcomes);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(outcomes[i].result, OUTCOME_CHANGED);
        assert_int_equal(test_folder_mode(sandbox->folder, paths[i] + 1), S_IFDIR | 0711);
        actions[i].verb = ACTION_DELETE;
    }
    directory_provider.apply(&sandbox->host, pointers, 4, sandbox->arena, outcomes);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(outcomes[i].result, OUTCOME_CHANGED);
    }
    assert_false(test_folder_exists(sandbox->folder, "srv"));
}

static void test_directory_paths_that_lead_elsewhere_are_refused(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, "elsewhere");
    test_folder_link(sandbox->folder, "var/link", "../elsewhere");
    static const char *const paths[] = {"/var/link/x", "/var/../x", "/..", "/", "x", "/var/lib/"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct item item = sandbox_item(ITEM_DIRECTORY, paths[i], want(sandbox, 0700));
        assert_non_null(sandbox_observe(sandbox, &directory_provider, &item).trouble);
        for (enum action_verb verb = ACTION_CREATE; verb <= ACTION_DELETE; verb++) {
            struct action action = {.verb = verb, .item = &item};
            assert_int_equal(sandbox_apply(sandbox, &directory_provider, &action).result,
                             OUTCOME_FAILED);
        }
    }
    assert_string_equal(test_folder_list(sandbox->folder, "elsewhere"), "");
}

static void test_directory_killed_apply_leaves_nothing_half(void **state)
{
    struct sandbox *sandbox = *state;
    enum { MANY = 40 };
    struct item items[MANY];
    struct action actions[MANY];
    const struct action *pointers[MANY];
    struct outcome outcomes[MANY] = {{0}};
    for (size_t i = 0; i < MANY; i++) {
        items[i] = sandbox_item(ITEM_DIRECTORY, arena_printf(sandbox->arena, "/var/lib/d%02zu", i),
                                want(sandbox, 0710));
        actions[i] = (struct action){.verb = ACTION_CREATE, .item = &items[i]};
        pointers[i] = &actions[i];
    }
    for (long trial = 0; trial < 20; trial++) {
        pid_t child = fork();
        if (child == 0) {
            directory_provider.apply(&sandbox->host, pointers, MANY, sandbox->arena, outcomes);
            _exit(0);
        }
        struct timespec delay = {.tv_nsec = trial * 400000};
        (void)nanosleep(&delay, NULL);
        (void)kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_true(staging_clean(&sandbox->host, sandbox->arena, NULL));
        assert_null(strstr(test_folder_list(sandbox->folder, "var/lib"), ".reconcile"));
        for (size_t i = 0; i < MANY; i++) {
            if (test_folder_exists(sandbox->folder, items[i].id + 1)) {
                assert_int_equal(test_folder_mode(sandbox->folder, items[i].id + 1),
                                 S_IFDIR | 0710);
                assert_int_equal(unlinkat(sandbox->host.root, items[i].id + 1, AT_REMOVEDIR), 0);
            }
        }
    }
}

static void test_directory_is_remembered_whatever_happens_in_it(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_DIRECTORY, SHOP, want(sandbox, 0750));
    (void)sandbox_converge(sandbox, &directory_provider, &item);
    sandbox->host.fingerprints = fingerprints_make(sandbox->arena);
    assert_string_equal(sandbox_changes(sandbox, &directory_provider, &item), "");
    fingerprints_set_key(sandbox->host.fingerprints, "inputs");
    assert_true(fingerprints_save(&sandbox->host, sandbox->arena, NULL));
    sandbox->host.fingerprints = fingerprints_load(&sandbox->host, sandbox->arena);
    test_folder_write(sandbox->folder, "var/lib/shop/data", "x");
    assert_int_equal(fingerprints_hold(&sandbox->host, "inputs", sandbox->arena, NULL),
                     FINGERPRINTS_HOLD);
    assert_int_equal(fchmodat(sandbox->host.root, SHOP + 1, 0777, 0), 0);
    assert_int_equal(fingerprints_hold(&sandbox->host, "inputs", sandbox->arena, NULL),
                     FINGERPRINTS_DIFFER);
}

#define DIRECTORY_TEST(function) cmocka_unit_test_setup_teardown(function, setup, sandbox_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DIRECTORY_TEST(test_directory_absent_is_made),
        DIRECTORY_TEST(test_directory_mode_is_corrected_and_content_kept),
        DIRECTORY_TEST(test_directory_owner_is_set),
        DIRECTORY_TEST(test_directory_inside_that_of_others_is_left_alone),
        DIRECTORY_TEST(test_directory_link_in_its_place_is_not_followed),
        DIRECTORY_TEST(test_directory_in_use_is_not_deleted),
        DIRECTORY_TEST(test_directory_vanished_and_appeared_since_observe),
        DIRECTORY_TEST(test_directory_nested_ones_are_made_in_any_order),
        DIRECTORY_TEST(test_directory_paths_that_lead_elsewhere_are_refused),
        DIRECTORY_TEST(test_directory_killed_apply_leaves_nothing_half),
        DIRECTORY_TEST(test_directory_is_remembered_whatever_happens_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
