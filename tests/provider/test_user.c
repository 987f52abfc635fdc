/* The user provider, with the real systemd-sysusers below a root of its own. */

#include "provider/sandbox.h"

#include "base/vec.h"
#include "model/user_item.h"
#include "providers/accounts.h"

#define ENTRY "etc/sysusers.d/reconcile-shop.conf"

static const struct user_item shop = {.home = "/nonexistent", .description = "Service shop"};

static int setup(void **state)
{
    assert_int_equal(sandbox_setup(state), 0);
    struct sandbox *sandbox = *state;
    sandbox->layout.manages_users = true;
    sandbox_mkdirs(sandbox, "etc/sysusers.d");
    test_folder_write(sandbox->folder, "etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
    test_folder_write(sandbox->folder, "etc/group", "root:x:0:\n");
    return 0;
}

static bool has_sysusers(void)
{
    return access("/usr/bin/systemd-sysusers", X_OK) == 0 ||
           access("/bin/systemd-sysusers", X_OK) == 0;
}

static const struct account *find_account(struct sandbox *sandbox, const char *name)
{
    const struct account *account = NULL;
    struct error err;
    assert_true(accounts_find(accounts_make(&sandbox->host, sandbox->arena), name, &account, &err));
    return account;
}

static void test_user_absent_is_made(void **state)
{
    struct sandbox *sandbox = *state;
    if (!has_sysusers()) {
        skip();
    }
    struct item item = sandbox_item(ITEM_USER, "shop", &shop);
    assert_string_equal(sandbox_changes(sandbox, &user_provider, &item), "home description ");
    struct outcome outcome = sandbox_converge(sandbox, &user_provider, &item);
    if (outcome.result != OUTCOME_CHANGED) {
        fail_msg("%s", outcome.error.message);
    }
    const struct account *account = find_account(sandbox, "shop");
    assert_non_null(account);
    assert_string_equal(account->home, "/nonexistent");
    assert_string_equal(account->description, "Service shop");
    assert_int_not_equal(account->user, 0);
    assert_string_equal(test_folder_read(sandbox->folder, ENTRY),
                        "u shop - \"Service shop\" \"/nonexistent\"\n");
    assert_string_equal(sandbox_changes(sandbox, &user_provider, &item), "");
    assert_null(sandbox_observe(sandbox, &user_provider, &item).note);
}

static void test_user_description_of_any_kind_arrives_harmless(void **state)
{
    struct sandbox *sandbox = *state;
    if (!has_sysusers()) {
        skip();
    }
    struct user_item wanted = {
        .home = "/srv/a b",
        .description = "a\"b\\c %u $HOME 'q': x\nu evil 0 - /root /bin/bash",
    };
    struct item item = sandbox_item(ITEM_USER, "shop", &wanted);
    struct outcome outcome = sandbox_converge(sandbox, &user_provider, &item);
    if (outcome.result != OUTCOME_CHANGED) {
        fail_msg("%s", outcome.error.message);
    }
    const struct account *account = find_account(sandbox, "shop");
    assert_string_equal(account->description, "a\"b\\c %u $HOME 'q'  x u evil 0 - /root /bin/bash");
    assert_string_equal(account->home, "/srv/a b");
    assert_null(find_account(sandbox, "evil"));
    assert_string_equal(sandbox_changes(sandbox, &user_provider, &item), "");
}

static void test_user_of_somebody_else_is_used_as_it_is(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, "etc/passwd", "shop:x:4711:4711:Bob:/home/shop:/bin/sh\n");
    struct item item = sandbox_item(ITEM_USER, "shop", &shop);
    struct observation found = sandbox_observe(sandbox, &user_provider, &item);
    assert_true(found.exists);
    assert_non_null(found.note);
    assert_string_equal(sandbox_changes(sandbox, &user_provider, &item), "");
    item.wanted = NULL;
    assert_int_equal(sandbox_converge(sandbox, &user_provider, &item).result, OUTCOME_CHANGED);
    assert_null(sandbox->command); /* nothing was run: it stays */
    assert_non_null(find_account(sandbox, "shop"));
}

static void test_user_entry_follows_the_wish(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, "etc/passwd", "shop:x:999:999:Old:/:/bin/false\n");
    test_folder_write(sandbox->folder, ENTRY, "u shop - \"Old\" \"/\"\n");
    struct item item = sandbox_item(ITEM_USER, "shop", &shop);
    assert_string_equal(sandbox_changes(sandbox, &user_provider, &item), "entry ");
    (void)sandbox_converge(sandbox, &user_provider, &item);
    assert_string_equal(test_folder_read(sandbox->folder, ENTRY),
                        "u shop - \"Service shop\" \"/nonexistent\"\n");
    assert_string_equal(find_account(sandbox, "shop")->home, "/");
}

static void test_user_name_that_is_none_is_refused(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const names[] = {
        "",   "1st", "a b", "a\nu evil 0", "../x", "a/b", "a:b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "-a",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct item item = sandbox_item(ITEM_USER, names[i], &shop);
        assert_non_null(sandbox_observe(sandbox, &user_provider, &item).trouble);
        for (enum action_verb verb = ACTION_CREATE; verb <= ACTION_DELETE; verb++) {
            struct action action = {.verb = verb, .item = &item};
            assert_int_equal(sandbox_apply(sandbox, &user_provider, &action).result,
                             OUTCOME_FAILED);
        }
    }
    assert_null(sandbox->command);
    assert_string_equal(test_folder_list(sandbox->folder, "etc/sysusers.d"), "");
}

static void test_user_is_nobodys_business_where_users_are_not_managed(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox->layout.manages_users = false;
    struct item item = sandbox_item(ITEM_USER, "shop", &shop);
    assert_string_equal(sandbox_changes(sandbox, &user_provider, &item), "");
    item.wanted = NULL;
    assert_false(sandbox_observe(sandbox, &user_provider, &item).exists);
}

static bool refuse(struct sandbox *sandbox, const struct process_options *options,
                   struct process_result *out_result)
{
    out_result->status = 1;
    out_result->errors = STR("no space in /etc");
    return true;
}

static bool be_absent(struct sandbox *sandbox, const struct process_options *options,
                      struct process_result *out_result)
{
    return false;
}

static bool succeed(struct sandbox *sandbox, const struct process_options *options,
                    struct process_result *out_result)
{
    return true;
}

static void test_user_failure_tells_what_the_program_said(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_USER, "shop", &shop);
    sandbox->program = refuse;
    struct outcome outcome = sandbox_converge(sandbox, &user_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "no space in /etc"));
    sandbox->program = be_absent;
    outcome = sandbox_converge(sandbox, &user_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_int_equal(outcome.error.code, ERROR_UNAVAILABLE);
    sandbox->program = succeed; /* but it made none */
    outcome = sandbox_converge(sandbox, &user_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "did not make it"));
}

static void test_user_many_are_made_by_one_call(void **state)
{
    struct sandbox *sandbox = *state;
    enum { MANY = 30 };
    if (!has_sysusers()) {
        skip();
    }
    struct item items[MANY];
    struct action actions[MANY];
    const struct action *pointers[MANY];
    struct outcome outcomes[MANY] = {{0}};
    for (size_t i = 0; i < MANY; i++) {
        items[i] = sandbox_item(ITEM_USER, arena_printf(sandbox->arena, "svc%zu", i), &shop);
        actions[i] = (struct action){.verb = ACTION_CREATE, .item = &items[i]};
        pointers[i] = &actions[i];
    }
    items[7].id = "no name";
    user_provider.apply(&sandbox->host, pointers, MANY, sandbox->arena, outcomes);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(outcomes[i].result, i == 7 ? OUTCOME_FAILED : OUTCOME_CHANGED);
    }
    assert_non_null(strstr(sandbox->command, "svc0.conf "));
    assert_non_null(strstr(sandbox->command, "svc29.conf"));
}

static void test_user_ours_is_deleted_with_its_entry(void **state)
{
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, "etc/passwd", "shop:x:999:999:Old:/:/bin/false\n");
    test_folder_write(sandbox->folder, ENTRY, "u shop - \"Old\" \"/\"\n");
    struct item item = sandbox_item(ITEM_USER, "shop", NULL);
    sandbox->program = refuse;
    assert_int_equal(sandbox_converge(sandbox, &user_provider, &item).result, OUTCOME_FAILED);
    assert_true(test_folder_exists(sandbox->folder, ENTRY));
    sandbox->program = succeed;
    assert_int_equal(sandbox_converge(sandbox, &user_provider, &item).result, OUTCOME_CHANGED);
    assert_string_equal(sandbox->command, arena_printf(sandbox->arena, "userdel --prefix %s shop",
                                                       sandbox->host.root_path));
    assert_false(test_folder_exists(sandbox->folder, ENTRY));
}

#define USER_TEST(function) cmocka_unit_test_setup_teardown(function, setup, sandbox_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        USER_TEST(test_user_absent_is_made),
        USER_TEST(test_user_description_of_any_kind_arrives_harmless),
        USER_TEST(test_user_of_somebody_else_is_used_as_it_is),
        USER_TEST(test_user_entry_follows_the_wish),
        USER_TEST(test_user_name_that_is_none_is_refused),
        USER_TEST(test_user_is_nobodys_business_where_users_are_not_managed),
        USER_TEST(test_user_failure_tells_what_the_program_said),
        USER_TEST(test_user_many_are_made_by_one_call),
        USER_TEST(test_user_ours_is_deleted_with_its_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
