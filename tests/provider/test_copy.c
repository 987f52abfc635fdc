/* The provider of copies: a pair for another program, whole at each moment, and for nobody else. */

#include "provider/sandbox.h"

#include "model/copy_item.h"
#include "providers/pair.h"

#define PAIRS    "var/lib/reconcile/certificates"
#define FOLDER   "etc/mail/tls"
#define CHAIN    FOLDER "/fullchain.pem"
#define KEY      FOLDER "/key.pem"
#define VERSIONS "etc/mail/.versions/tls"

enum { START = 1800000000, DAY = 86400, OF_SOMEBODY = 65534 };

static const char *const names[] = {"mail.test", NULL};

/* The certificate that is copied, issued anew where it is due. */
static void issue(struct sandbox *sandbox)
{
    const struct certificate_item wanted = {
        .names = names,
        .name_count = 1,
        .issuer = CERTIFICATE_INTERNAL,
        .issuer_name = "internal",
        .directory = "/" PAIRS "/mail",
        .key_type = "ecdsa-p256",
        .lifetime_seconds = INT64_C(90) * DAY,
    };
    const struct item item = sandbox_item(ITEM_CERTIFICATE, "mail", &wanted);
    struct outcome outcome = sandbox_converge(sandbox, &certificate_provider, &item);
    if (outcome.result != OUTCOME_CHANGED) {
        fail_msg("%s", outcome.error.message);
    }
}

static int setup(void **state)
{
    assert_int_equal(sandbox_setup(state), 0);
    struct sandbox *sandbox = *state;
    sandbox->now = START;
    issue(sandbox);
    return 0;
}

static struct copy_item *want(struct sandbox *sandbox)
{
    struct copy_item *wanted = arena_new(sandbox->arena, struct copy_item);
    *wanted = (struct copy_item){.certificate = "mail",
                                 .source = "/" PAIRS "/mail",
                                 .mode = 0640,
                                 .unit = "mail.service",
                                 .on_change = UNIT_CHANGE_RELOAD};
    return wanted;
}

static struct item item_of(const struct copy_item *wanted)
{
    return sandbox_item(ITEM_COPY, "/" FOLDER, wanted);
}

static void converge(struct sandbox *sandbox, const struct item *item)
{
    struct outcome outcome = sandbox_converge(sandbox, &copy_provider, item);
    if (outcome.result != OUTCOME_CHANGED) {
        fail_msg("%d %s", (int)outcome.result, outcome.error.message);
    }
}

static const char *changes(struct sandbox *sandbox, const struct item *item)
{
    return sandbox_changes(sandbox, &copy_provider, item);
}

/* The same bytes as where nginx reads them. */
static void expect_same(struct sandbox *sandbox)
{
    assert_string_equal(test_folder_read(sandbox->folder, CHAIN),
                        test_folder_read(sandbox->folder, PAIRS "/mail/fullchain.pem"));
    assert_string_equal(test_folder_read(sandbox->folder, KEY),
                        test_folder_read(sandbox->folder, PAIRS "/mail/key.pem"));
}

static void expect_mode(struct sandbox *sandbox, const char *path, mode_t mode)
{
    struct stat status;
    assert_int_equal(fstatat(sandbox->host.root, path, &status, 0), 0);
    assert_int_equal(status.st_mode, S_IFREG | mode);
}

static void test_copy_absent_is_made(void **state)
{
    struct sandbox *sandbox = *state;
    const struct item item = item_of(want(sandbox));
    assert_string_equal(changes(sandbox, &item), "certificate mode owner group ");
    converge(sandbox, &item);
    expect_same(sandbox);
    expect_mode(sandbox, CHAIN, 0640);
    expect_mode(sandbox, KEY, 0640);
    assert_int_equal(test_folder_mode(sandbox->folder, FOLDER) & S_IFMT, S_IFLNK);
    assert_string_equal(changes(sandbox, &item), "");
    assert_int_equal(sandbox_converge(sandbox, &copy_provider, &item).result, OUTCOME_UNCHANGED);
}

static void test_copy_follows_the_certificate(void **state)
{
    struct sandbox *sandbox = *state;
    const struct item item = item_of(want(sandbox));
    converge(sandbox, &item);
    sandbox->now = START + 80 * DAY;
    issue(sandbox);
    assert_string_equal(changes(sandbox, &item), "pair ");
    converge(sandbox, &item);
    expect_same(sandbox);
    assert_string_equal(changes(sandbox, &item), "");
}

/* The certificate changes in the same run, after this was looked at. */
static void test_copy_takes_what_is_there_when_it_is_told(void **state)
{
    struct sandbox *sandbox = *state;
    const struct item item = item_of(want(sandbox));
    converge(sandbox, &item);
    struct observation found = sandbox_observe(sandbox, &copy_provider, &item);
    struct action action = {.verb = ACTION_NOTIFY, .item = &item, .found = &found};
    assert_int_equal(sandbox_apply(sandbox, &copy_provider, &action).result, OUTCOME_UNCHANGED);
    sandbox->now = START + 80 * DAY;
    issue(sandbox);
    assert_int_equal(sandbox_apply(sandbox, &copy_provider, &action).result, OUTCOME_CHANGED);
    expect_same(sandbox);
}

static void test_copy_that_was_damaged_is_made_again(void **state)
{
    struct sandbox *sandbox = *state;
    const struct item item = item_of(want(sandbox));
    converge(sandbox, &item);
    const char *version =
        arena_printf(sandbox->arena, "etc/mail/%s", test_folder_read(sandbox->folder, FOLDER));
    test_folder_write(sandbox->folder, arena_printf(sandbox->arena, "%s/key.pem", version), "no");
    assert_string_equal(changes(sandbox, &item), "pair ");
    converge(sandbox, &item);
    expect_same(sandbox);
    test_folder_write(sandbox->folder, arena_printf(sandbox->arena, "%s/fullchain.pem", version),
                      "no");
    assert_string_equal(changes(sandbox, &item), "pair ");
    converge(sandbox, &item);
    expect_same(sandbox);
    expect_mode(sandbox, KEY, 0640);
    assert_int_equal(fchmodat(sandbox->host.root, KEY, 0644, 0), 0);
    assert_string_equal(changes(sandbox, &item), "mode ");
    converge(sandbox, &item);
    expect_mode(sandbox, KEY, 0640);
    if (sandbox_is_root()) {
        assert_int_equal(fchownat(sandbox->host.root, CHAIN, OF_SOMEBODY, OF_SOMEBODY, 0), 0);
        assert_string_equal(changes(sandbox, &item), "owner group ");
        converge(sandbox, &item);
    }
    assert_string_equal(changes(sandbox, &item), "");
}

static void test_copy_link_that_was_moved_is_put_back(void **state)
{
    struct sandbox *sandbox = *state;
    const struct item item = item_of(want(sandbox));
    converge(sandbox, &item);
    assert_int_equal(unlinkat(sandbox->host.root, FOLDER, 0), 0);
    assert_string_equal(changes(sandbox, &item), "certificate mode owner group ");
    converge(sandbox, &item);
    expect_same(sandbox);
}

static void test_copy_has_the_wanted_mode_and_nobody_waits_for_it(void **state)
{
    struct sandbox *sandbox = *state;
    struct copy_item *wanted = want(sandbox);
    const struct item item = item_of(wanted);
    converge(sandbox, &item);
    wanted->mode = 0400;
    assert_string_equal(changes(sandbox, &item), "mode ");
    struct observation found = sandbox_observe(sandbox, &copy_provider, &item);
    struct action action = sandbox_plan(sandbox, &copy_provider, &item, &found);
    assert_null(copy_provider.impact(&action, sandbox->arena)); /* no unit is told of a mode */
    converge(sandbox, &item);
    expect_mode(sandbox, KEY, 0400);
    expect_same(sandbox);
}

static void test_copy_says_whom_a_new_pair_concerns(void **state)
{
    struct sandbox *sandbox = *state;
    struct copy_item *wanted = want(sandbox);
    const struct item item = item_of(wanted);
    const struct observation absent = {.item = &item};
    struct action action = sandbox_plan(sandbox, &copy_provider, &item, &absent);
    assert_string_equal(copy_provider.impact(&action, sandbox->arena)->text, "reload mail.service");
    wanted->on_change = UNIT_CHANGE_RESTART;
    assert_string_equal(copy_provider.impact(&action, sandbox->arena)->text,
                        "restart mail.service");
    wanted->on_change = UNIT_CHANGE_NOTHING;
    assert_null(copy_provider.impact(&action, sandbox->arena));
}

/* A run that was cut off between the switch and the reload: the next one does it. */
static void test_copy_remembers_whom_it_has_not_told(void **state)
{
    struct sandbox *sandbox = *state;
    const struct item item = item_of(want(sandbox));
    converge(sandbox, &item);
    test_folder_write(sandbox->folder, VERSIONS "/owed", "");
    assert_string_equal(changes(sandbox, &item), "unit ");
    converge(sandbox, &item); /* nothing runs here that could be told */
    assert_null(test_folder_read(sandbox->folder, VERSIONS "/owed"));
    assert_string_equal(changes(sandbox, &item), "");
}

static void test_copy_leaves_what_others_put_there(void **state)
{
    struct sandbox *sandbox = *state;
    const struct item item = item_of(want(sandbox));
    sandbox_mkdirs(sandbox, FOLDER);
    test_folder_write(sandbox->folder, CHAIN, "theirs");
    assert_string_equal(changes(sandbox, &item), "type ");
    struct outcome outcome = sandbox_converge(sandbox, &copy_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_string_equal(test_folder_read(sandbox->folder, CHAIN), "theirs");
}

static void test_copy_waits_for_its_certificate(void **state)
{
    struct sandbox *sandbox = *state;
    struct copy_item *wanted = want(sandbox);
    const struct item item = item_of(wanted);
    wanted->source = "/" PAIRS "/none";
    wanted->certificate = "none";
    struct outcome outcome = sandbox_converge(sandbox, &copy_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "certificate none"));
    assert_null(test_folder_read(sandbox->folder, CHAIN));
}

static void test_copy_removal_takes_everything_of_it(void **state)
{
    struct sandbox *sandbox = *state;
    const struct item item = item_of(want(sandbox));
    const struct item gone = item_of(NULL);
    converge(sandbox, &item);
    converge(sandbox, &gone);
    assert_string_equal(test_folder_list(sandbox->folder, "etc/mail"), "");
    assert_int_equal(sandbox_converge(sandbox, &copy_provider, &gone).result, OUTCOME_UNCHANGED);
    assert_non_null(test_folder_read(sandbox->folder, PAIRS "/mail/key.pem"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, sandbox_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_copy_absent_is_made),
        TEST(test_copy_follows_the_certificate),
        TEST(test_copy_takes_what_is_there_when_it_is_told),
        TEST(test_copy_that_was_damaged_is_made_again),
        TEST(test_copy_link_that_was_moved_is_put_back),
        TEST(test_copy_has_the_wanted_mode_and_nobody_waits_for_it),
        TEST(test_copy_says_whom_a_new_pair_concerns),
        TEST(test_copy_remembers_whom_it_has_not_told),
        TEST(test_copy_leaves_what_others_put_there),
        TEST(test_copy_waits_for_its_certificate),
        TEST(test_copy_removal_takes_everything_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
