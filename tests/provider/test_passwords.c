/* Password files: made of hashes and of secrets, kept as they are while they fit. */

#include "provider/sandbox.h"

#include "base/str.h"
#include "model/passwords_item.h"
#include "providers/fingerprints.h"

#define PASSWORDS "/var/lib/reconcile/passwords/shop"
#define SECRET    "etc/reconcile/secrets/ali"
/* "right", by openssl passwd -6 -salt abcdefgh */
#define HASH                                                                                       \
    "$6$abcdefgh$vR/yd6VXABFTBRyOupJyJyD09twBc54Fjx1W8tzKdqxOfohxeZRb508btnHrxVQLY86b/u4pA/"       \
    "7OgxagBH8130"

static struct passwords_item *want(struct sandbox *sandbox)
{
    struct passwords_item *wanted = arena_new(sandbox->arena, struct passwords_item);
    wanted->mode = 0640;
    vec_add(sandbox->arena, &wanted->passwords,
            ((struct password){.user = "ali", .secret = "ali"}));
    vec_add(sandbox->arena, &wanted->passwords, ((struct password){.user = "omar", .hash = HASH}));
    return wanted;
}

static int setup(void **state)
{
    assert_int_equal(sandbox_setup(state), 0);
    sandbox_mkdirs(*state, "var/lib");
    sandbox_mkdirs(*state, "etc/reconcile/secrets");
    struct sandbox *sandbox = *state;
    test_folder_write(sandbox->folder, SECRET, "open sesame\n");
    return 0;
}

static const char *content(struct sandbox *sandbox)
{
    return test_folder_read(sandbox->folder, PASSWORDS + 1);
}

static void test_passwords_are_made_and_stay(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_PASSWORDS, PASSWORDS, want(sandbox));
    assert_string_equal(sandbox_changes(sandbox, &passwords_provider, &item),
                        "users mode owner group ");
    assert_int_equal(sandbox_converge(sandbox, &passwords_provider, &item).result, OUTCOME_CHANGED);
    const char *made = content(sandbox);
    assert_true(text_starts_with(made, "ali:$6$"));
    assert_non_null(strstr(made, "\nomar:" HASH "\n"));
    assert_null(strstr(made, "sesame"));
    assert_int_equal(test_folder_mode(sandbox->folder, PASSWORDS + 1), S_IFREG | 0640);
    assert_string_equal(sandbox_changes(sandbox, &passwords_provider, &item), "");
    assert_int_equal(sandbox_converge(sandbox, &passwords_provider, &item).result,
                     OUTCOME_UNCHANGED);
    assert_string_equal(content(sandbox), made);
}

static void test_passwords_follow_their_secret(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_PASSWORDS, PASSWORDS, want(sandbox));
    (void)sandbox_converge(sandbox, &passwords_provider, &item);
    const char *before = content(sandbox);
    test_folder_write(sandbox->folder, SECRET, "another\n");
    struct observation found = sandbox_observe(sandbox, &passwords_provider, &item);
    struct action action = sandbox_plan(sandbox, &passwords_provider, &item, &found);
    assert_int_equal(action.changes.count, 1);
    assert_string_equal(action.changes.items[0].field, "passwords");
    assert_true(action.changes.items[0].is_secret);
    assert_int_equal(sandbox_apply(sandbox, &passwords_provider, &action).result, OUTCOME_CHANGED);
    assert_string_not_equal(content(sandbox), before);
    assert_string_equal(sandbox_changes(sandbox, &passwords_provider, &item), "");
}

static void test_passwords_that_were_edited_are_put_back(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_PASSWORDS, PASSWORDS, want(sandbox));
    (void)sandbox_converge(sandbox, &passwords_provider, &item);
    const char *before = content(sandbox);
    test_folder_write(sandbox->folder, PASSWORDS + 1,
                      arena_printf(sandbox->arena, "%smallory:x\n", before));
    assert_string_equal(sandbox_changes(sandbox, &passwords_provider, &item), "users ");
    (void)sandbox_converge(sandbox, &passwords_provider, &item);
    assert_string_equal(content(sandbox), before); /* with the hash that was there */
}

static void test_passwords_without_their_secret_are_trouble(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_PASSWORDS, PASSWORDS, want(sandbox));
    (void)sandbox_converge(sandbox, &passwords_provider, &item);
    const char *before = content(sandbox);
    assert_int_equal(unlinkat(sandbox->host.root, SECRET, 0), 0);
    struct observation found = sandbox_observe(sandbox, &passwords_provider, &item);
    assert_non_null(found.trouble);
    assert_non_null(strstr(found.trouble->text, "the secret ali"));
    assert_string_equal(content(sandbox), before);
    assert_int_equal(unlinkat(sandbox->host.root, PASSWORDS + 1, 0), 0);
    struct outcome outcome = sandbox_converge(sandbox, &passwords_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "the secret ali"));
}

static void test_passwords_of_several_lines_are_refused(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_PASSWORDS, PASSWORDS, want(sandbox));
    test_folder_write(sandbox->folder, SECRET, "two\nlines\n");
    struct outcome outcome = sandbox_converge(sandbox, &passwords_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_null(strstr(outcome.error.message, "lines\n"));
}

static void test_passwords_are_removed(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_PASSWORDS, PASSWORDS, want(sandbox));
    (void)sandbox_converge(sandbox, &passwords_provider, &item);
    struct item gone = sandbox_item(ITEM_PASSWORDS, PASSWORDS, NULL);
    assert_int_equal(sandbox_converge(sandbox, &passwords_provider, &gone).result, OUTCOME_CHANGED);
    assert_string_equal(test_folder_list(sandbox->folder, "var/lib/reconcile/passwords"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, sandbox_teardown)
        TEST(test_passwords_are_made_and_stay),
        TEST(test_passwords_follow_their_secret),
        TEST(test_passwords_that_were_edited_are_put_back),
        TEST(test_passwords_without_their_secret_are_trouble),
        TEST(test_passwords_of_several_lines_are_refused),
        TEST(test_passwords_are_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
