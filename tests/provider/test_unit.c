/* Units where no systemd runs: below another root, in a container, or when the settings say so.
 * They are written and enabled by link, nothing is started, and nothing is claimed. What happens
 * with a real systemd is in test_systemd_host.c. */

#include "provider/sandbox.h"

#include "model/unit_item.h"
#include "providers/unit.h"
#include "providers/unit_inputs.h"
#include "providers/unit_record.h"

#define UNITS "/etc/systemd/system"
#define SHOP  UNITS "/shop.service"
#define LINK  "etc/systemd/system/multi-user.target.wants/shop.service"

static const char *const multi_user[] = {"multi-user.target", NULL};

static const struct unit_item shop = {
    .is_enabled = true,
    .is_running = true,
    .wanted_by = multi_user,
    .file = SHOP,
};

static int setup(void **state)
{
    assert_int_equal(sandbox_setup(state), 0);
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, "etc/systemd/system");
    sandbox_mkdirs(sandbox, "var/lib/reconcile");
    test_folder_write(sandbox->folder, SHOP + 1, "[Service]\nExecStart=/opt/shop\n");
    return 0;
}

/* ---- enabling ------------------------------------------------------------------------------- */

static void test_unit_is_enabled_by_link_and_not_claimed_to_run(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_UNIT, "shop.service", &shop);
    assert_string_equal(sandbox_changes(sandbox, &unit_provider, &item), "enabled ");
    assert_int_equal(sandbox_converge(sandbox, &unit_provider, &item).result, OUTCOME_CHANGED);
    assert_string_equal(test_folder_read(sandbox->folder, LINK), SHOP);
    assert_string_equal(sandbox_changes(sandbox, &unit_provider, &item), "");
    assert_int_equal(sandbox_converge(sandbox, &unit_provider, &item).result, OUTCOME_UNCHANGED);

    struct observation found = sandbox_observe(sandbox, &unit_provider, &item);
    const struct unit_item *seen = found.found;
    assert_false(seen->is_managed);
    assert_false(seen->is_running);
    assert_null(seen->state);
    assert_string_equal(found.note->text, "written, not started: systemd does not run here");
}

static void test_unit_whose_file_is_not_there_yet_is_new(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_UNIT, "shop.service", &shop);
    assert_int_equal(unlinkat(sandbox->host.root, SHOP + 1, 0), 0);
    struct observation found = sandbox_observe(sandbox, &unit_provider, &item);
    assert_false(found.exists);
    assert_null(found.found);
    assert_string_equal(sandbox_changes(sandbox, &unit_provider, &item), "enabled ");
}

static void test_unit_of_a_package_exists(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_UNIT, "shop.service", &shop);
    assert_int_equal(unlinkat(sandbox->host.root, SHOP + 1, 0), 0);
    sandbox_mkdirs(sandbox, "usr/lib/systemd/system");
    test_folder_write(sandbox->folder, "usr/lib/systemd/system/shop.service", "[Service]\n");
    assert_true(sandbox_observe(sandbox, &unit_provider, &item).exists);
}

static void test_unit_disabled_by_hand_is_enabled_again(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_UNIT, "shop.service", &shop);
    (void)sandbox_converge(sandbox, &unit_provider, &item);
    assert_int_equal(unlinkat(sandbox->host.root, LINK, 0), 0);
    assert_string_equal(sandbox_changes(sandbox, &unit_provider, &item), "enabled ");
    assert_int_equal(sandbox_converge(sandbox, &unit_provider, &item).result, OUTCOME_CHANGED);
    assert_true(test_folder_exists(sandbox->folder, LINK));
}

static void test_unit_needs_a_link_from_each_target(void **state)
{
    static const char *const two[] = {"multi-user.target", "shop.target", NULL};
    struct sandbox *sandbox = *state;
    struct unit_item wanted = shop;
    struct item item = sandbox_item(ITEM_UNIT, "shop.service", &wanted);
    (void)sandbox_converge(sandbox, &unit_provider, &item);
    wanted.wanted_by = two;
    assert_string_equal(sandbox_changes(sandbox, &unit_provider, &item), "enabled ");
    (void)sandbox_converge(sandbox, &unit_provider, &item);
    assert_true(
        test_folder_exists(sandbox->folder, "etc/systemd/system/shop.target.wants/shop.service"));
    assert_string_equal(sandbox_changes(sandbox, &unit_provider, &item), "");
}

static void test_unit_that_shall_not_be_enabled_is_disabled(void **state)
{
    struct sandbox *sandbox = *state;
    struct unit_item wanted = shop;
    struct item item = sandbox_item(ITEM_UNIT, "shop.service", &wanted);
    (void)sandbox_converge(sandbox, &unit_provider, &item);
    wanted.is_enabled = false;
    assert_string_equal(sandbox_changes(sandbox, &unit_provider, &item), "enabled ");
    assert_int_equal(sandbox_converge(sandbox, &unit_provider, &item).result, OUTCOME_CHANGED);
    assert_false(test_folder_exists(sandbox->folder, LINK));
}

/* A link that somebody else made by `systemctl enable` names the same unit. */
static void test_unit_enabled_by_hand_is_enabled(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_UNIT, "shop.service", &shop);
    sandbox_mkdirs(sandbox, "etc/systemd/system/multi-user.target.wants");
    test_folder_link(sandbox->folder, LINK, "../shop.service");
    assert_string_equal(sandbox_changes(sandbox, &unit_provider, &item), "");
}

static void test_unit_link_is_never_followed(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_UNIT, "shop.service", &shop);
    test_folder_mkdir(sandbox->folder, "elsewhere");
    test_folder_link(sandbox->folder, "etc/systemd/system/multi-user.target.wants",
                     "../../../elsewhere");
    struct outcome outcome = sandbox_converge(sandbox, &unit_provider, &item);
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.error.message, "enable shop.service"));
    assert_string_equal(test_folder_list(sandbox->folder, "elsewhere"), "");
}

/* ---- removing ------------------------------------------------------------------------------- */

static void test_unit_removed_loses_every_link_and_keeps_its_file(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_UNIT, "shop.service", &shop);
    (void)sandbox_converge(sandbox, &unit_provider, &item);
    sandbox_mkdirs(sandbox, "etc/systemd/system/by-hand.target.requires");
    test_folder_link(sandbox->folder, "etc/systemd/system/by-hand.target.requires/shop.service",
                     SHOP);
    test_folder_link(sandbox->folder, "etc/systemd/system/multi-user.target.wants/other.service",
                     "/other");
    item.wanted = NULL;
    assert_true(sandbox_observe(sandbox, &unit_provider, &item).exists);
    assert_int_equal(sandbox_converge(sandbox, &unit_provider, &item).result, OUTCOME_CHANGED);
    assert_string_equal(
        test_folder_list(sandbox->folder, "etc/systemd/system/by-hand.target.requires"), "");
    assert_string_equal(
        test_folder_list(sandbox->folder, "etc/systemd/system/multi-user.target.wants"),
        "other.service ");
    assert_true(test_folder_exists(sandbox->folder, SHOP + 1)); /* a file item of its own */
    assert_int_equal(unlinkat(sandbox->host.root, SHOP + 1, 0), 0);
    assert_false(sandbox_observe(sandbox, &unit_provider, &item).exists);
    assert_true(unit_settle(&sandbox->host, sandbox->arena, NULL));
}

static void test_unit_instance_does_not_exist_for_its_template(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_UNIT, "shop@1.service", NULL);
    test_folder_write(sandbox->folder, "etc/systemd/system/shop@.service", "[Service]\n");
    assert_false(sandbox_observe(sandbox, &unit_provider, &item).exists);
}

static void test_unit_name_that_leads_elsewhere_is_refused(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_UNIT, "../../passwd", NULL);
    assert_non_null(sandbox_observe(sandbox, &unit_provider, &item).trouble);
}

/* ---- plans ---------------------------------------------------------------------------------- */

static const char *impact(struct sandbox *sandbox, const struct unit_item *wanted,
                          const struct unit_item *found, enum action_verb verb,
                          bool asks_notification)
{
    struct item item = sandbox_item(ITEM_UNIT, "shop.service", wanted);
    struct observation observation = {.item = &item, .exists = found != NULL, .found = found};
    const struct action action = {
        .verb = verb, .item = &item, .found = &observation, .asks_notification = asks_notification};
    const struct message *message = unit_provider.impact(&action, sandbox->arena);
    return message == NULL ? "" : message->text;
}

static void test_unit_impact_is_what_people_notice(void **state)
{
    struct sandbox *sandbox = *state;
    struct unit_item running = shop;
    running.is_managed = true;
    running.state = "running";
    struct unit_item stopped = running;
    stopped.is_running = false;
    struct unit_item outdated = running;
    outdated.outdated = SHOP;
    struct unit_item unmanaged = shop;
    struct unit_item reloads = shop;
    reloads.on_change = UNIT_CHANGE_RELOAD;
    struct unit_item keeps = shop;
    keeps.on_change = UNIT_CHANGE_NOTHING;
    struct unit_item waits = shop; /* what a timer starts */
    waits.is_running = false;
    const struct {
        const struct unit_item *wanted;
        const struct unit_item *found;
        enum action_verb verb;
        bool asks;
        const char *says;
    } rows[] = {
        {&shop, NULL, ACTION_CREATE, false, "start shop"},
        {&shop, &stopped, ACTION_UPDATE, false, "start shop"},
        {&shop, &running, ACTION_UPDATE, false, ""},
        {&shop, &running, ACTION_NOTIFY, true, "restart shop"},
        {&shop, &outdated, ACTION_UPDATE, false, "restart shop"},
        {&reloads, &running, ACTION_NOTIFY, true, "reload shop"},
        {&keeps, &running, ACTION_NOTIFY, true, ""},
        {&waits, &stopped, ACTION_NOTIFY, true, ""},
        {&shop, &unmanaged, ACTION_NOTIFY, true, ""},
        {NULL, &running, ACTION_DELETE, false, "stop shop"},
        {NULL, &stopped, ACTION_DELETE, false, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *says =
            impact(sandbox, rows[i].wanted, rows[i].found, rows[i].verb, rows[i].asks);
        if (strcmp(says, rows[i].says) != 0) {
            fail_msg("row %zu: \"%s\", not \"%s\"", i, says, rows[i].says);
        }
    }
}

static void test_unit_diff_tells_each_difference(void **state)
{
    struct sandbox *sandbox = *state;
    struct item item = sandbox_item(ITEM_UNIT, "shop.service", &shop);
    struct unit_item found = shop;
    found.is_managed = true;
    found.state = "failed";
    found.is_running = false;
    found.is_enabled = false;
    found.is_stale = true;
    const struct observation observation = {.item = &item, .exists = true, .found = &found};
    struct change_list changes = {0};
    unit_provider.diff(&item, &observation, sandbox->arena, &changes);
    assert_int_equal(changes.count, 3);
    assert_string_equal(changes.items[0].field, "enabled");
    assert_string_equal(changes.items[0].from, "no");
    assert_string_equal(changes.items[0].to, "yes");
    assert_string_equal(changes.items[1].field, "loaded");
    assert_string_equal(changes.items[2].field, "state");
    assert_string_equal(changes.items[2].from, "failed");
    assert_string_equal(changes.items[2].to, "running");
}

static void test_unit_inputs_are_its_file_and_what_it_restarts_for(void **state)
{
    static const char *const paths[] = {"/etc/reconcile/environment/shop.env", NULL};
    struct sandbox *sandbox = *state;
    struct unit_item wanted = shop;
    wanted.restart_for = paths;
    struct item item = sandbox_item(ITEM_UNIT, "shop.service", &wanted);
    const char *const *inputs = unit_provider.inputs(&item, sandbox->arena);
    assert_string_equal(inputs[0], "file:" SHOP);
    assert_string_equal(inputs[1], "file:/etc/reconcile/environment/shop.env");
    assert_null(inputs[2]);
}

static const char *digest_of(struct sandbox *sandbox, const struct unit_item *wanted)
{
    struct item item = sandbox_item(ITEM_UNIT, "shop.service", wanted);
    char *hex = arena_alloc(sandbox->arena, DIGEST_HEX_SIZE);
    struct digest *digest = digest_begin();
    unit_provider.digest(&item, digest);
    digest_end(digest, hex);
    return hex;
}

static void test_unit_digest_follows_the_wish(void **state)
{
    struct sandbox *sandbox = *state;
    struct unit_item other = shop;
    assert_string_equal(digest_of(sandbox, &shop), digest_of(sandbox, &other));
    other.is_running = false;
    assert_string_not_equal(digest_of(sandbox, &shop), digest_of(sandbox, &other));
    other = shop;
    other.is_enabled = false;
    assert_string_not_equal(digest_of(sandbox, &shop), digest_of(sandbox, &other));
}

/* ---- the record ----------------------------------------------------------------------------- */

static void test_unit_record_reads_back(void **state)
{
    struct sandbox *sandbox = *state;
    struct unit_record record;
    const struct unit_entry one = {"shop.service", "0123", "aa", "bb", "cc"};
    const struct unit_entry two = {"shop.timer", "-", "aa", "bb", ""};
    const struct unit_entry three = {"old.service", "", "aa", "bb", ""};
    unit_record_load(&sandbox->host, sandbox->arena, &record);
    assert_int_equal(record.entries.count, 0);
    unit_record_put(&record, &one);
    unit_record_put(&record, &two);
    unit_record_put(&record, &three);
    unit_record_drop(&record, "old.service");
    vec_add(sandbox->arena, &record.gone, (struct unit_gone){"x.service", "/etc/with space/x"});
    record.loaded_at = UINT64_MAX;
    assert_true(unit_record_save(&sandbox->host, &record, NULL));
    assert_int_equal(test_folder_mode(sandbox->folder, "var/lib/reconcile/units"), S_IFREG | 0600);

    unit_record_load(&sandbox->host, sandbox->arena, &record);
    assert_int_equal(record.loaded_at, UINT64_MAX);
    assert_int_equal(record.entries.count, 2);
    assert_string_equal(unit_record_find(&record, "shop.service")->invocation, "0123");
    assert_string_equal(unit_record_find(&record, "shop.service")->loaded, "cc");
    assert_string_equal(unit_record_find(&record, "shop.timer")->loaded, "");
    assert_null(unit_record_find(&record, "old.service"));
    assert_int_equal(record.gone.count, 1);
    assert_string_equal(record.gone.items[0].file, "/etc/with space/x");
    unit_record_forget_loaded(&record);
    assert_string_equal(unit_record_find(&record, "shop.service")->loaded, "");
}

static void test_unit_record_that_is_damaged_is_empty(void **state)
{
    static const char *const damaged[] = {
        "",
        "something else\n",
        "reconcile units 2\nloaded 1\n",
        "reconcile units 1\nunit shop.service 0123 aa bb\n",
        "reconcile units 1\nunit shop.service 0123 aa bb cc dd\n",
        "reconcile units 1\nunit  0123 aa bb cc\n",
        "reconcile units 1\nloaded yesterday\n",
        "reconcile units 1\ngone x.service\n",
        "reconcile units 1\nfoo bar\n",
    };
    struct sandbox *sandbox = *state;
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        struct unit_record record;
        test_folder_write(sandbox->folder, "var/lib/reconcile/units", damaged[i]);
        unit_record_load(&sandbox->host, sandbox->arena, &record);
        assert_int_equal(record.entries.count, 0);
        assert_int_equal(record.gone.count, 0);
    }
}

/* ---- inputs --------------------------------------------------------------------------------- */

static void test_unit_inputs_change_by_content_and_by_touch(void **state)
{
    static const char *const paths[] = {"/etc/shop.env", NULL};
    struct sandbox *sandbox = *state;
    struct unit_item unit = shop;
    unit.restart_for = paths;
    test_folder_write(sandbox->folder, "etc/shop.env", "A=1\n");
    struct unit_inputs before = unit_inputs_look(&sandbox->host, &unit, sandbox->arena);
    const char *content = unit_inputs_digest(&sandbox->host, &unit, sandbox->arena);
    assert_true(before.has_file);
    assert_string_equal(unit_inputs_look(&sandbox->host, &unit, sandbox->arena).stamp,
                        before.stamp);

    const struct timespec then[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(sandbox->host.root, "etc/shop.env", then, 0), 0);
    struct unit_inputs touched = unit_inputs_look(&sandbox->host, &unit, sandbox->arena);
    assert_string_not_equal(touched.stamp, before.stamp);
    assert_string_equal(touched.newest, "/etc/shop.env");
    assert_string_equal(unit_inputs_digest(&sandbox->host, &unit, sandbox->arena), content);

    test_folder_write(sandbox->folder, "etc/shop.env", "A=2\n");
    assert_string_not_equal(unit_inputs_digest(&sandbox->host, &unit, sandbox->arena), content);
}

static void test_unit_inputs_of_a_release_change_with_its_link(void **state)
{
    static const char *const paths[] = {"/opt/current", NULL};
    struct sandbox *sandbox = *state;
    struct unit_item unit = shop;
    unit.restart_for = paths;
    sandbox_mkdirs(sandbox, "opt/1");
    sandbox_mkdirs(sandbox, "opt/2");
    test_folder_link(sandbox->folder, "opt/current", "1");
    const char *before = unit_inputs_digest(&sandbox->host, &unit, sandbox->arena);
    assert_int_equal(unlinkat(sandbox->host.root, "opt/current", 0), 0);
    test_folder_link(sandbox->folder, "opt/current", "2");
    assert_string_not_equal(unit_inputs_digest(&sandbox->host, &unit, sandbox->arena), before);
}

static void test_unit_inputs_that_do_not_exist_are_no_trouble(void **state)
{
    static const char *const paths[] = {"/etc/absent", NULL};
    struct sandbox *sandbox = *state;
    struct unit_item unit = shop;
    unit.restart_for = paths;
    const char *absent = unit_inputs_digest(&sandbox->host, &unit, sandbox->arena);
    test_folder_write(sandbox->folder, "etc/absent", "");
    assert_string_not_equal(unit_inputs_digest(&sandbox->host, &unit, sandbox->arena), absent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_unit_is_enabled_by_link_and_not_claimed_to_run, setup,
                                        sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_whose_file_is_not_there_yet_is_new, setup,
                                        sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_of_a_package_exists, setup, sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_disabled_by_hand_is_enabled_again, setup,
                                        sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_needs_a_link_from_each_target, setup,
                                        sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_that_shall_not_be_enabled_is_disabled, setup,
                                        sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_enabled_by_hand_is_enabled, setup,
                                        sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_link_is_never_followed, setup, sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_removed_loses_every_link_and_keeps_its_file,
                                        setup, sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_instance_does_not_exist_for_its_template, setup,
                                        sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_name_that_leads_elsewhere_is_refused, setup,
                                        sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_impact_is_what_people_notice, setup,
                                        sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_diff_tells_each_difference, setup,
                                        sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_inputs_are_its_file_and_what_it_restarts_for,
                                        setup, sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_digest_follows_the_wish, setup, sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_record_reads_back, setup, sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_record_that_is_damaged_is_empty, setup,
                                        sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_inputs_change_by_content_and_by_touch, setup,
                                        sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_inputs_of_a_release_change_with_its_link, setup,
                                        sandbox_teardown),
        cmocka_unit_test_setup_teardown(test_unit_inputs_that_do_not_exist_are_no_trouble, setup,
                                        sandbox_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
