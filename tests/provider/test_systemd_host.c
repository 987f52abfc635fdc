/* The unit provider on a real systemd. It starts, breaks and stops services of its own, so it runs
 * only inside the throwaway machine of tests/system/systemd-host (tests/system/test-systemd-units
 * starts it there); anywhere else every test is skipped. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "providers/fingerprints.h"
#include "providers/providers.h"
#include "providers/systemd.h"
#include "providers/systemd_bus.h"
#include "providers/unit.h"

#define GUEST_VARIABLE "RECONCILE_SYSTEMD_HOST"
#define STATE          "/var/lib/reconcile"
#define UNITS          "/etc/systemd/system"

enum { NOBODY = 65534, MANY = 200, SKIPPED = 77 };

extern const struct provider unit_provider;

static const char *const multi_user[] = {"multi-user.target", NULL};
static const char *const timers[] = {"timers.target", NULL};

struct machine {
    struct arena *arena;
    struct layout layout;
    struct host host;
};

static int setup(void **state)
{
    struct arena *arena = arena_create();
    struct machine *machine = arena_new(arena, struct machine);
    machine->arena = arena;
    machine->layout = layout_debian12();
    machine->layout.state = STATE;
    machine->layout.manages_units = true;
    struct error err;
    assert_true(file_remove_all(AT_FDCWD, STATE, &err));
    assert_true(file_make_directories(AT_FDCWD, STATE, 0700, &err));
    assert_true(host_open("/", &machine->layout, NULL, &machine->host, &err));
    machine->host.fingerprints = fingerprints_make(arena);
    *state = machine;
    return 0;
}

static int teardown(void **state)
{
    struct machine *machine = *state;
    host_close(&machine->host);
    arena_destroy(machine->arena);
    return 0;
}

/* ---- acting on the machine ------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
    struct error err = {0};
    if (!file_replace(AT_FDCWD, path, str_of(text), 0644, FILE_OWNER_NONE, FILE_SYNC_LATER, &err)) {
        fail_msg("%s", err.message);
    }
}

static const char *read_text(struct machine *machine, const char *path)
{
    struct str content = {0};
    return file_read(AT_FDCWD, path, 1024 * 1024, machine->arena, &content, NULL) ? content.data
                                                                                  : "";
}

static void pause_ms(long milliseconds)
{
    const struct timespec time = {.tv_sec = milliseconds / 1000,
                                  .tv_nsec = milliseconds % 1000 * 1000000};
    assert_int_equal(nanosleep(&time, NULL), 0);
}

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* As an admin would do it. */
static void systemctl(struct machine *machine, const char *verb, const char *unit)
{
    const char *const argv[] = {"systemctl", verb, unit, NULL};
    const struct process_options options = {
        .argv = argv, .timeout_ms = 30000, .output_limit = 4096, .directory = AT_FDCWD};
    struct process_result result;
    struct error err = {0};
    assert_true(process_run(&options, machine->arena, &result, &err));
    if (result.status != 0) {
        fail_msg("systemctl %s %s: %s", verb, unit, result.errors.data);
    }
}

static const char *property(struct machine *machine, const char *unit, const char *name)
{
    const char *const argv[] = {"systemctl", "show", "--value", "-p", name, unit, NULL};
    const struct process_options options = {
        .argv = argv, .timeout_ms = 30000, .output_limit = 4096, .directory = AT_FDCWD};
    struct process_result result;
    struct error err = {0};
    assert_true(process_run(&options, machine->arena, &result, &err));
    return arena_strndup(machine->arena, result.output.data, strcspn(result.output.data, "\n"));
}

static uint64_t loaded_at(void)
{
    AUTO_SYSTEMD_BUS bus = {0};
    uint64_t at = 0;
    struct error err;
    assert_true(systemd_bus_open(&bus, &err));
    assert_true(systemd_bus_loaded_at(&bus, &at, &err));
    return at;
}

/* ---- units ------------------------------------------------------------------------------------
 */

struct unit {
    struct machine *machine;
    struct unit_item wanted;
    struct item item;
    struct observation found;
    struct outcome outcome;
    struct action action;
};

static struct unit unit_make(struct machine *machine, const char *name, const char *text)
{
    struct unit unit = {.machine = machine};
    unit.item = (struct item){.type = ITEM_UNIT, .id = name};
    unit.wanted = (struct unit_item){
        .is_enabled = true,
        .is_running = true,
        .wanted_by = multi_user,
        .file = arena_printf(machine->arena, UNITS "/%s", name),
    };
    write_file(unit.wanted.file, text);
    return unit;
}

static void observe(struct unit *unit)
{
    struct error err = {0};
    const struct item *item = &unit->item;
    if (!unit_provider.observe(&unit->machine->host, &item, 1, unit->machine->arena, &unit->found,
                               &err)) {
        fail_msg("%s", err.message);
    }
    if (unit->found.trouble != NULL) {
        fail_msg("%s", unit->found.trouble->text);
    }
}

static const struct unit_item *found(struct unit *unit)
{
    observe(unit);
    assert_true(unit->found.exists);
    return unit->found.found;
}

/* What a plan would make of it. */
static void plan(struct unit *unit)
{
    observe(unit);
    unit->action = (struct action){.item = &unit->item, .found = &unit->found};
    if (unit->item.wanted == NULL) {
        unit->action.verb = unit->found.exists ? ACTION_DELETE : ACTION_NONE;
        return;
    }
    unit_provider.diff(&unit->item, &unit->found, unit->machine->arena, &unit->action.changes);
    if (!unit->found.exists) {
        unit->action.verb = ACTION_CREATE;
    } else if (unit->action.changes.count > 0) {
        unit->action.verb = ACTION_UPDATE;
    }
}

static enum outcome_result carry_out(struct unit *unit)
{
    const struct action *action = &unit->action;
    unit->outcome = (struct outcome){0};
    unit_provider.apply(&unit->machine->host, &action, 1, unit->machine->arena, &unit->outcome);
    return unit->outcome.result;
}

static enum outcome_result apply(struct unit *unit)
{
    plan(unit);
    return carry_out(unit);
}

static void apply_well(struct unit *unit)
{
    if (apply(unit) == OUTCOME_FAILED) {
        fail_msg("%s\n%s", unit->outcome.error.message,
                 unit->outcome.evidence == NULL ? "" : unit->outcome.evidence);
    }
}

/* As a plan does when an input of the unit changes in the same run. */
static enum outcome_result notify(struct unit *unit)
{
    plan(unit);
    unit->action.asks_notification = true;
    if (unit->action.verb == ACTION_NONE) {
        unit->action.verb = ACTION_NOTIFY;
    }
    return carry_out(unit);
}

static void assert_in_sync(struct unit *unit)
{
    plan(unit);
    for (size_t i = 0; i < unit->action.changes.count; i++) {
        const struct change *change = &unit->action.changes.items[i];
        print_message("%s: %s -> %s\n", change->field, change->from, change->to);
    }
    assert_int_equal(unit->action.verb, ACTION_NONE);
}

static void assert_change(struct unit *unit, const char *field, const char *from, const char *to)
{
    plan(unit);
    for (size_t i = 0; i < unit->action.changes.count; i++) {
        const struct change *change = &unit->action.changes.items[i];
        if (strcmp(change->field, field) == 0) {
            assert_string_equal(change->from, from);
            assert_string_equal(change->to, to);
            return;
        }
    }
    fail_msg("no change of %s", field);
}

static void remove_unit(struct unit *unit)
{
    unit->item.wanted = NULL;
    apply_well(unit);
    assert_int_equal(unlink(unit->wanted.file), 0);
    struct error err = {0};
    assert_true(unit_settle(&unit->machine->host, unit->machine->arena, &err));
}

/* The item points at the wish of the same struct, so it is set where the unit has its place. */
#define UNIT(variable, name, text)                                                                 \
    struct unit variable = unit_make(*state, name, text);                                          \
    variable.item.wanted = &variable.wanted

#define SERVICE(settings) "[Service]\n" settings "[Install]\nWantedBy=multi-user.target\n"
/* It says when it is ready, so that nobody waits to see whether it stays. */
#define SLEEP(seconds)                                                                             \
    "Type=notify\nNotifyAccess=all\n"                                                              \
    "ExecStart=/bin/sh -c 'systemd-notify --ready; exec sleep " seconds "'\n"
#define SLEEPER SERVICE(SLEEP("1000"))

static long main_pid(struct unit *unit)
{
    return strtol(property(unit->machine, unit->item.id, "MainPID"), NULL, 10);
}

/* ---- making --------------------------------------------------------------------------------- */

static void test_unit_created_is_enabled_and_running(void **state)
{
    UNIT(unit, "t-create.service", SLEEPER);
    assert_int_equal(apply(&unit), OUTCOME_CHANGED);
    assert_string_equal(property(*state, unit.item.id, "ActiveState"), "active");
    assert_string_equal(property(*state, unit.item.id, "UnitFileState"), "enabled");
    assert_in_sync(&unit);
    assert_int_equal(apply(&unit), OUTCOME_UNCHANGED);
    remove_unit(&unit);
}

/* Without a bus, and as somebody who could not use the manager's own socket. */
static void test_unit_in_sync_is_seen_without_asking_anybody(void **state)
{
    UNIT(unit, "t-quiet.service", SLEEPER);
    apply_well(&unit);
    assert_in_sync(&unit); /* asks, and remembers */
    const char *bus = "DBUS_SYSTEM_BUS_ADDRESS";
    assert_int_equal(setenv(bus, "unix:path=/nonexistent", 1), 0);
    assert_int_equal(seteuid(NOBODY), 0);
    struct observation seen;
    struct error err = {0};
    const struct item *item = &unit.item;
    bool is_observed =
        unit_provider.observe(&unit.machine->host, &item, 1, unit.machine->arena, &seen, &err);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(unsetenv(bus), 0);
    assert_true(is_observed);
    assert_null(seen.trouble);
    assert_true(seen.exists);
    assert_true(((const struct unit_item *)seen.found)->is_running);
    remove_unit(&unit);
}

static void test_unit_that_cannot_be_asked_for_fails_alone(void **state)
{
    UNIT(unit, "t-mute.service", SLEEPER);
    assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent", 1), 0);
    assert_int_equal(seteuid(NOBODY), 0);
    struct observation seen;
    struct error err = {0};
    const struct item *item = &unit.item;
    bool is_observed =
        unit_provider.observe(&unit.machine->host, &item, 1, unit.machine->arena, &seen, &err);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(unsetenv("DBUS_SYSTEM_BUS_ADDRESS"), 0);
    assert_true(is_observed);
    assert_non_null(seen.trouble);
    assert_non_null(strstr(seen.trouble->text, "systemd"));
}

static void test_unit_works_without_the_system_bus(void **state)
{
    UNIT(unit, "t-direct.service", SLEEPER);
    assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent", 1), 0);
    enum outcome_result result = apply(&unit);
    assert_int_equal(unsetenv("DBUS_SYSTEM_BUS_ADDRESS"), 0);
    assert_int_equal(result, OUTCOME_CHANGED);
    assert_string_equal(property(*state, unit.item.id, "ActiveState"), "active");
    remove_unit(&unit);
}

static void test_unit_many_start_in_one_batch(void **state)
{
    struct machine *machine = *state;
    struct unit *units = arena_array(machine->arena, MANY, sizeof(*units));
    const struct action **actions = arena_array(machine->arena, MANY, sizeof(*actions));
    struct outcome *outcomes = arena_array(machine->arena, MANY, sizeof(*outcomes));
    for (size_t i = 0; i < MANY; i++) {
        const char *name = arena_printf(machine->arena, "t-many%zu.service", i);
        units[i] = unit_make(machine, name,
                             SERVICE("Type=oneshot\nRemainAfterExit=yes\n"
                                     "ExecStart=/bin/true\n"));
        units[i].item.wanted = &units[i].wanted;
        plan(&units[i]);
        actions[i] = &units[i].action;
    }
    unit_provider.apply(&machine->host, actions, MANY, machine->arena, outcomes);
    for (size_t i = 0; i < MANY; i++) {
        if (outcomes[i].result != OUTCOME_CHANGED) {
            fail_msg("%s: %s", units[i].item.id, outcomes[i].error.message);
        }
        assert_true(found(&units[i])->is_running);
        units[i].item.wanted = NULL;
        plan(&units[i]);
        outcomes[i] = (struct outcome){0};
    }
    unit_provider.apply(&machine->host, actions, MANY, machine->arena, outcomes);
    struct error err = {0};
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(outcomes[i].result, OUTCOME_CHANGED);
        assert_int_equal(unlink(units[i].wanted.file), 0);
    }
    assert_true(unit_settle(&machine->host, machine->arena, &err));
}

/* ---- drift ---------------------------------------------------------------------------------- */

static void test_unit_stopped_by_hand_is_drift(void **state)
{
    UNIT(unit, "t-stop.service", SLEEPER);
    apply_well(&unit);
    assert_in_sync(&unit);
    systemctl(*state, "stop", unit.item.id);
    assert_change(&unit, "state", "stopped", "running");
    uint64_t loaded_before = loaded_at();
    assert_int_equal(apply(&unit), OUTCOME_CHANGED);
    assert_int_equal(loaded_at(), loaded_before); /* no file changed, no daemon-reload */
    assert_in_sync(&unit);
    remove_unit(&unit);
}

static void test_unit_disabled_by_hand_is_drift(void **state)
{
    UNIT(unit, "t-disable.service", SLEEPER);
    apply_well(&unit);
    systemctl(*state, "disable", unit.item.id);
    assert_change(&unit, "enabled", "no", "yes");
    long before = main_pid(&unit);
    assert_int_equal(apply(&unit), OUTCOME_CHANGED);
    assert_int_equal(main_pid(&unit), before); /* it kept running */
    assert_in_sync(&unit);
    remove_unit(&unit);
}

static void test_unit_that_crashed_is_drift(void **state)
{
    UNIT(unit, "t-crash.service", SLEEPER);
    apply_well(&unit);
    assert_in_sync(&unit);
    assert_int_equal(kill((pid_t)main_pid(&unit), SIGKILL), 0);
    pause_ms(200);
    assert_change(&unit, "state", "failed", "running");
    assert_int_equal(apply(&unit), OUTCOME_CHANGED);
    assert_in_sync(&unit);
    remove_unit(&unit);
}

static void test_unit_that_restarted_itself_is_in_sync(void **state)
{
    UNIT(unit, "t-again.service", SERVICE(SLEEP("1000") "Restart=always\nRestartSec=0\n"));
    apply_well(&unit);
    long before = main_pid(&unit);
    assert_int_equal(kill((pid_t)before, SIGKILL), 0);
    pause_ms(300);
    assert_int_not_equal(main_pid(&unit), before);
    assert_in_sync(&unit);
    remove_unit(&unit);
}

static void test_unit_waiting_for_its_restart_is_not_running(void **state)
{
    UNIT(unit, "t-wait.service", SERVICE(SLEEP("1000") "Restart=always\nRestartSec=60\n"));
    apply_well(&unit);
    assert_int_equal(kill((pid_t)main_pid(&unit), SIGKILL), 0);
    pause_ms(200);
    assert_change(&unit, "state", "restarting after a failure", "running");
    double begun = seconds();
    assert_int_equal(apply(&unit), OUTCOME_CHANGED);
    assert_true(seconds() - begun < 10.0);
    assert_in_sync(&unit);
    remove_unit(&unit);
}

static void test_unit_whose_file_vanished_still_runs(void **state)
{
    UNIT(unit, "t-vanish.service", SLEEPER);
    apply_well(&unit);
    assert_int_equal(unlink(unit.wanted.file), 0);
    assert_true(found(&unit)->is_running);
    write_file(unit.wanted.file, SLEEPER); /* as the file provider would */
    long before = main_pid(&unit);
    assert_int_equal(notify(&unit), OUTCOME_UNCHANGED); /* it runs with this very text */
    assert_int_equal(main_pid(&unit), before);
    assert_in_sync(&unit);
    remove_unit(&unit);
}

static void test_unit_masked_by_hand_is_told(void **state)
{
    UNIT(unit, "t-mask.service", SLEEPER);
    assert_int_equal(unlink(unit.wanted.file), 0);
    assert_int_equal(symlink("/dev/null", unit.wanted.file), 0);
    assert_change(&unit, "state", "masked", "running");
    assert_int_equal(apply(&unit), OUTCOME_FAILED);
    assert_non_null(strstr(unit.outcome.error.message, "masked"));
    assert_int_equal(unlink(unit.wanted.file), 0);
}

/* ---- taking up changes ------------------------------------------------------------------------
 */

#define OTHER_SLEEPER SERVICE(SLEEP("2000"))

static void test_unit_with_a_changed_file_is_reloaded_and_restarted(void **state)
{
    UNIT(unit, "t-change.service", SLEEPER);
    apply_well(&unit);
    long before = main_pid(&unit);
    write_file(unit.wanted.file, OTHER_SLEEPER);
    assert_int_equal(notify(&unit), OUTCOME_CHANGED);
    assert_int_not_equal(main_pid(&unit), before);
    assert_non_null(strstr(property(*state, unit.item.id, "ExecStart"), "sleep 2000"));
    assert_in_sync(&unit);
    remove_unit(&unit);
}

/* systemd counts starts, five within ten seconds, to stop units that fail again and again. */
static void test_unit_takes_many_versions_in_a_row(void **state)
{
    enum { VERSIONS = 8 };
    (void)state;
    UNIT(unit, "t-quick.service", SLEEPER);
    apply_well(&unit);
    for (int i = 0; i < VERSIONS; i++) {
        write_file(unit.wanted.file, i % 2 == 0 ? OTHER_SLEEPER : SLEEPER);
        assert_int_equal(notify(&unit), OUTCOME_CHANGED);
    }
    assert_in_sync(&unit);
    remove_unit(&unit);
}

/* Killed after the file was written: nothing tells the next run but the host itself. */
static void test_unit_owes_what_an_earlier_run_left(void **state)
{
    UNIT(unit, "t-owed.service", SLEEPER);
    apply_well(&unit);
    assert_in_sync(&unit);
    write_file(unit.wanted.file, OTHER_SLEEPER);
    assert_change(&unit, "loaded", "an older text of its file", "the text of now");
    assert_int_equal(apply(&unit), OUTCOME_CHANGED);
    assert_non_null(strstr(property(*state, unit.item.id, "ExecStart"), "sleep 2000"));
    assert_in_sync(&unit);
    remove_unit(&unit);
}

/* systemd's own NeedDaemonReload does not see this. */
static void test_unit_file_with_an_older_time_is_loaded(void **state)
{
    UNIT(unit, "t-older.service", SLEEPER);
    apply_well(&unit);
    write_file(unit.wanted.file, OTHER_SLEEPER);
    const struct timespec long_ago[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(AT_FDCWD, unit.wanted.file, long_ago, 0), 0);
    assert_int_equal(notify(&unit), OUTCOME_CHANGED);
    assert_non_null(strstr(property(*state, unit.item.id, "ExecStart"), "sleep 2000"));
    remove_unit(&unit);
}

/* The record is a cache: without it the times of the files tell the same. */
static void test_unit_owes_without_our_record(void **state)
{
    UNIT(unit, "t-norecord.service", SLEEPER);
    apply_well(&unit);
    assert_int_equal(unlink(STATE "/units"), 0);
    unit.machine->host.fingerprints = NULL;
    assert_in_sync(&unit);
    write_file(unit.wanted.file, OTHER_SLEEPER);
    assert_change(&unit, "loaded", "an older text of its file", "the text of now");
    pause_ms(20); /* the clock's tick: sooner, the times could not tell what came first */
    systemctl(*state, "daemon-reload", "--quiet");
    assert_change(&unit, "running with", "an older " UNITS "/t-norecord.service",
                  UNITS "/t-norecord.service");
    systemctl(*state, "restart", unit.item.id);
    assert_in_sync(&unit);
    remove_unit(&unit);
}

#define ENVIRONMENT "/etc/t-environment.env"

static const char *const environment[] = {ENVIRONMENT, NULL};

static void test_unit_with_a_changed_environment_is_restarted_without_reload(void **state)
{
    write_file(ENVIRONMENT, "A=1\n");
    UNIT(unit, "t-env.service", SERVICE("EnvironmentFile=" ENVIRONMENT "\n" SLEEP("1000")));
    unit.wanted.restart_for = environment;
    apply_well(&unit);
    assert_in_sync(&unit);
    long before = main_pid(&unit);
    uint64_t loaded_before = loaded_at();
    write_file(ENVIRONMENT, "A=2\n");
    assert_change(&unit, "running with", "an older " ENVIRONMENT, ENVIRONMENT);
    assert_int_equal(apply(&unit), OUTCOME_CHANGED);
    assert_int_not_equal(main_pid(&unit), before);
    assert_int_equal(loaded_at(), loaded_before);
    assert_in_sync(&unit);
    remove_unit(&unit);
}

static void test_unit_is_not_restarted_for_what_was_put_back(void **state)
{
    write_file(ENVIRONMENT, "A=1\n");
    UNIT(unit, "t-back.service", SLEEPER);
    unit.wanted.restart_for = environment;
    apply_well(&unit);
    long before = main_pid(&unit);
    write_file(ENVIRONMENT, "A=changed by hand\n");
    write_file(ENVIRONMENT, "A=1\n");
    assert_int_equal(notify(&unit), OUTCOME_UNCHANGED);
    assert_int_equal(main_pid(&unit), before);
    assert_in_sync(&unit);
    remove_unit(&unit);
}

static void test_unit_is_restarted_for_a_new_release(void **state)
{
    static const char *const release[] = {"/opt/t-current", NULL};
    assert_int_equal(mkdir("/opt/t-1", 0755), 0);
    assert_int_equal(mkdir("/opt/t-2", 0755), 0);
    assert_int_equal(symlink("t-1", "/opt/t-current"), 0);
    UNIT(unit, "t-release.service", SLEEPER);
    unit.wanted.restart_for = release;
    apply_well(&unit);
    assert_in_sync(&unit);
    assert_int_equal(symlink("t-2", "/opt/t-next"), 0);
    assert_int_equal(rename("/opt/t-next", "/opt/t-current"), 0);
    assert_change(&unit, "running with", "an older /opt/t-current", "/opt/t-current");
    assert_int_equal(apply(&unit), OUTCOME_CHANGED);
    assert_in_sync(&unit);
    remove_unit(&unit);
}

static enum fingerprints_answer answer_of_next_run(struct machine *machine)
{
    machine->host.fingerprints = fingerprints_load(&machine->host, machine->arena);
    return fingerprints_hold(&machine->host, "inputs", machine->arena, NULL);
}

/* What a run that has nothing to do looks at, without asking any provider. */
static void test_unit_stopped_or_outdated_ends_the_quiet_of_later_runs(void **state)
{
    struct machine *machine = *state;
    struct host *host = &machine->host;
    struct error err = {0};
    write_file("/opt/t-release-id", "1");
    static const char *const release[] = {"/opt/t-release-id", NULL};
    UNIT(unit, "t-hold.service", SLEEPER);
    unit.wanted.restart_for = release;
    apply_well(&unit);
    assert_in_sync(&unit);
    pause_ms(30); /* beyond the clock's tick */
    assert_in_sync(&unit);
    fingerprints_set_key(host->fingerprints, "inputs");
    assert_true(fingerprints_save(host, machine->arena, &err));
    assert_int_equal(answer_of_next_run(machine), FINGERPRINTS_HOLD);
    write_file("/opt/t-release-id", "2");
    assert_int_equal(answer_of_next_run(machine), FINGERPRINTS_DIFFER);
    assert_int_equal(apply(&unit), OUTCOME_CHANGED);
    pause_ms(30);
    assert_in_sync(&unit);
    fingerprints_set_key(host->fingerprints, "inputs");
    assert_true(fingerprints_save(host, machine->arena, &err));
    assert_int_equal(answer_of_next_run(machine), FINGERPRINTS_HOLD);
    systemctl(machine, "stop", unit.item.id);
    assert_int_equal(answer_of_next_run(machine), FINGERPRINTS_DIFFER);
    remove_unit(&unit);
}

static void test_unit_is_reloaded_where_that_is_wanted(void **state)
{
    write_file(ENVIRONMENT, "A=1\n");
    UNIT(unit, "t-reload.service",
         SERVICE(SLEEP("1000") "ExecReload=/bin/touch /run/t-reloaded\n"));
    unit.wanted.restart_for = environment;
    unit.wanted.on_change = UNIT_CHANGE_RELOAD;
    apply_well(&unit);
    long before = main_pid(&unit);
    assert_int_not_equal(access("/run/t-reloaded", F_OK), 0);
    write_file(ENVIRONMENT, "A=2\n");
    assert_int_equal(notify(&unit), OUTCOME_CHANGED);
    assert_int_equal(main_pid(&unit), before);
    assert_int_equal(access("/run/t-reloaded", F_OK), 0);
    assert_in_sync(&unit);
    remove_unit(&unit);
}

static void test_unit_keeps_running_where_changes_do_not_matter(void **state)
{
    write_file(ENVIRONMENT, "A=1\n");
    UNIT(unit, "t-nothing.service", SLEEPER);
    unit.wanted.restart_for = environment;
    unit.wanted.on_change = UNIT_CHANGE_NOTHING;
    apply_well(&unit);
    long before = main_pid(&unit);
    write_file(ENVIRONMENT, "A=2\n");
    assert_int_equal(notify(&unit), OUTCOME_UNCHANGED);
    assert_int_equal(main_pid(&unit), before);
    assert_in_sync(&unit);
    remove_unit(&unit);
}

/* ---- failing -------------------------------------------------------------------------------- */

static void assert_failed(struct unit *unit, const char *message, const char *evidence)
{
    double begun = seconds();
    assert_int_equal(apply(unit), OUTCOME_FAILED);
    assert_true(seconds() - begun < 8.0);
    if (strstr(unit->outcome.error.message, message) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", unit->outcome.error.message, message);
    }
    if (unit->outcome.evidence == NULL || strstr(unit->outcome.evidence, evidence) == NULL) {
        fail_msg("evidence lacks \"%s\":\n%s", evidence, unit->outcome.evidence);
    }
}

static void test_unit_that_fails_at_once_shows_its_last_words(void **state)
{
    UNIT(unit, "t-fail.service",
         SERVICE("Type=notify\nExecStart=/bin/sh -c 'echo no database >&2; exit 3'\n"));
    assert_failed(&unit, "its program ended with status 3", "no database");
    assert_non_null(strstr(unit.outcome.evidence, "Failed with result"));
    remove_unit(&unit);
}

static void test_unit_that_fails_a_little_later_is_noticed(void **state)
{
    UNIT(unit, "t-later.service",
         SERVICE("ExecStart=/bin/sh -c 'sleep 0.4; echo port is taken >&2; exit 4'\n"));
    assert_failed(&unit, "its program ended with status 4", "port is taken");
    remove_unit(&unit);
}

static void test_unit_in_a_restart_loop_is_noticed(void **state)
{
    UNIT(unit, "t-loop.service",
         SERVICE("ExecStart=/bin/sh -c 'sleep 0.1; exit 5'\nRestart=always\n"));
    assert_failed(&unit, "status 5", "status=5");
    remove_unit(&unit);
}

static void test_unit_without_its_program_is_told_so(void **state)
{
    UNIT(unit, "t-program.service", SERVICE("ExecStart=/opt/nothing/here\n"));
    assert_failed(&unit, "its program cannot be run", "/opt/nothing/here");
    remove_unit(&unit);
}

static void test_unit_that_is_never_ready_is_told_so(void **state)
{
    UNIT(unit, "t-ready.service",
         SERVICE("Type=notify\nTimeoutStartSec=1\nExecStart=/bin/sleep 1000\n"));
    assert_failed(&unit, "it was not ready in time", "timed out");
    remove_unit(&unit);
}

static void test_unit_killed_by_a_signal_is_told_so(void **state)
{
    UNIT(unit, "t-signal.service", SERVICE("ExecStart=/bin/sh -c 'kill -SEGV $$$$'\n"));
    assert_failed(&unit, "killed by signal 11", "SEGV");
    remove_unit(&unit);
}

static void test_unit_with_a_missing_requirement_is_told_so(void **state)
{
    UNIT(unit, "t-require.service",
         "[Unit]\nRequires=t-bad.service\nAfter=t-bad.service\n" SLEEPER);
    write_file(UNITS "/t-bad.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n");
    assert_int_equal(apply(&unit), OUTCOME_FAILED);
    assert_non_null(strstr(unit.outcome.error.message, "a unit that it requires failed"));
    remove_unit(&unit);
    assert_int_equal(unlink(UNITS "/t-bad.service"), 0);
}

/* What the run does after a failure: the former file again, then the former state as the wish. */
static void test_unit_goes_back_to_its_former_text(void **state)
{
    UNIT(unit, "t-undo.service", SLEEPER);
    apply_well(&unit);
    write_file(unit.wanted.file, SERVICE("ExecStart=/bin/false\n"));
    assert_int_equal(notify(&unit), OUTCOME_FAILED);

    write_file(unit.wanted.file, SLEEPER);
    struct unit_item former = *(const struct unit_item *)unit.found.found;
    struct observation now = {.item = &unit.item, .exists = true, .found = &unit.wanted};
    unit.item.wanted = &former;
    unit.action = (struct action){
        .verb = ACTION_UPDATE, .item = &unit.item, .found = &now, .asks_notification = true};
    assert_int_equal(carry_out(&unit), OUTCOME_CHANGED);
    unit.item.wanted = &unit.wanted;
    assert_in_sync(&unit);
    assert_non_null(strstr(property(*state, unit.item.id, "ExecStart"), "sleep 1000"));
    remove_unit(&unit);
}

static void test_unit_started_in_vain_is_stopped_again(void **state)
{
    UNIT(unit, "t-vain.service", SLEEPER);
    apply_well(&unit);
    systemctl(*state, "stop", unit.item.id);
    unit.wanted.health =
        (struct health){.type = HEALTH_TCP, .address = "127.0.0.1:9", .timeout_ms = 300};
    assert_int_equal(apply(&unit), OUTCOME_FAILED);
    struct unit_item former = *(const struct unit_item *)unit.found.found;
    struct observation now = {.item = &unit.item, .exists = true, .found = &unit.wanted};
    assert_false(former.is_running);
    unit.item.wanted = &former;
    unit.action = (struct action){
        .verb = ACTION_UPDATE, .item = &unit.item, .found = &now, .asks_notification = true};
    assert_int_equal(carry_out(&unit), OUTCOME_CHANGED);
    assert_string_equal(property(*state, unit.item.id, "ActiveState"), "inactive");
    remove_unit(&unit);
}

/* ---- health --------------------------------------------------------------------------------- */

#define WEB_SERVICE                                                                                \
    SERVICE("ExecStart=/usr/bin/python3 -m http.server --bind 127.0.0.1 8099 -d /run/t-web\n")

static void test_unit_is_up_when_its_health_check_says_so(void **state)
{
    struct error err;
    assert_true(file_make_directories(AT_FDCWD, "/run/t-web", 0755, &err));
    write_file("/run/t-web/healthz", "well");
    UNIT(unit, "t-web.service", WEB_SERVICE);
    unit.wanted.health = (struct health){
        .type = HEALTH_HTTP, .address = "127.0.0.1:8099", .path = "/healthz", .timeout_ms = 10000};
    assert_int_equal(apply(&unit), OUTCOME_CHANGED);
    unit.wanted.health.path = "/other";
    unit.wanted.health.timeout_ms = 4000;
    systemctl(*state, "stop", unit.item.id);
    assert_failed(&unit, "/other answered 404", "");
    remove_unit(&unit);
}

static void test_unit_that_dies_ends_the_wait_for_its_health(void **state)
{
    UNIT(unit, "t-dies.service", SERVICE("ExecStart=/bin/sh -c 'sleep 0.5; exit 6'\n"));
    unit.wanted.health =
        (struct health){.type = HEALTH_TCP, .address = "127.0.0.1:9", .timeout_ms = 60000};
    assert_failed(&unit, "ended before it was healthy", "status=6");
    assert_non_null(strstr(unit.outcome.error.message, "status 6"));
    remove_unit(&unit);
}

static void test_unit_command_checks_run_as_the_service(void **state)
{
    static const char *const argv[] = {"/bin/sh", "-c",
                                       "id -u > /tmp/t-check; id -G >> /tmp/t-check", NULL};
    UNIT(unit, "t-exec.service", SERVICE("User=www-data\nExecStart=/bin/sleep 1000\n"));
    unit.wanted.health = (struct health){.type = HEALTH_EXEC, .argv = argv, .timeout_ms = 5000};
    assert_int_equal(apply(&unit), OUTCOME_CHANGED);
    assert_string_equal(read_text(*state, "/tmp/t-check"), "33\n33\n");
    remove_unit(&unit);
}

/* ---- removing ------------------------------------------------------------------------------- */

static void test_unit_removed_is_stopped_unlinked_and_forgotten(void **state)
{
    UNIT(unit, "t-remove.service", SLEEPER);
    apply_well(&unit);
    pid_t before = (pid_t)main_pid(&unit);
    unit.item.wanted = NULL;
    assert_int_equal(apply(&unit), OUTCOME_CHANGED);
    assert_int_equal(kill(before, 0), -1);
    assert_int_not_equal(access(UNITS "/multi-user.target.wants/t-remove.service", F_OK), 0);
    assert_int_equal(unlink(unit.wanted.file), 0);
    struct error err;
    assert_true(unit_settle(&unit.machine->host, unit.machine->arena, &err));
    assert_string_equal(property(*state, unit.item.id, "LoadState"), "not-found");
    observe(&unit);
    assert_false(unit.found.exists);
    uint64_t loaded_before = loaded_at();
    assert_true(unit_settle(&unit.machine->host, unit.machine->arena, &err));
    assert_int_equal(loaded_at(), loaded_before);
}

/* ---- timers --------------------------------------------------------------------------------- */

static void test_unit_timer_runs_and_its_service_waits(void **state)
{
    struct machine *machine = *state;
    UNIT(service, "t-report.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
    service.wanted.is_enabled = false;
    service.wanted.is_running = false;
    service.wanted.wanted_by = NULL;
    UNIT(timer, "t-report.timer",
         "[Timer]\nOnCalendar=yearly\n[Install]\nWantedBy=timers.target\n");
    timer.wanted.wanted_by = timers;
    apply_well(&service);
    assert_int_equal(apply(&timer), OUTCOME_CHANGED);
    assert_in_sync(&service);
    assert_in_sync(&timer);
    assert_true(unit_timers_run(&machine->host, machine->arena));
    systemctl(machine, "stop", timer.item.id);
    assert_false(unit_timers_run(&machine->host, machine->arena));
    assert_change(&timer, "state", "stopped", "running");
    assert_int_equal(apply(&timer), OUTCOME_CHANGED);
    assert_true(unit_timers_run(&machine->host, machine->arena));

    write_file(service.wanted.file, "[Service]\nType=oneshot\nExecStart=/bin/false\n");
    assert_int_equal(notify(&service), OUTCOME_CHANGED); /* loaded, not started */
    assert_non_null(strstr(property(machine, service.item.id, "ExecStart"), "/bin/false"));
    assert_string_equal(property(machine, service.item.id, "ActiveState"), "inactive");
    remove_unit(&timer);
    remove_unit(&service);
    assert_true(unit_timers_run(&machine->host, machine->arena));
}

/* ---- single jobs ---------------------------------------------------------------------------- */

static void test_systemd_unit_job_starts_and_stops(void **state)
{
    struct machine *machine = *state;
    struct error err = {0};
    write_file(UNITS "/t-job.service", SLEEPER);
    assert_true(systemd_is_running(&machine->host));
    assert_true(
        systemd_unit_job(&machine->host, "start", "t-job.service", 5000, machine->arena, &err));
    assert_string_equal(property(machine, "t-job.service", "ActiveState"), "active");
    assert_true(
        systemd_unit_job(&machine->host, "stop", "t-job.service", 5000, machine->arena, &err));
    assert_string_equal(property(machine, "t-job.service", "ActiveState"), "inactive");
    assert_int_equal(unlink(UNITS "/t-job.service"), 0);
}

static void test_systemd_unit_job_tells_why_it_failed(void **state)
{
    struct machine *machine = *state;
    struct error err = {0};
    write_file(UNITS "/t-badjob.service",
               "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo broken pipe dream; false'\n");
    assert_false(
        systemd_unit_job(&machine->host, "start", "t-badjob.service", 5000, machine->arena, &err));
    assert_non_null(strstr(err.message, "t-badjob.service: start failed"));
    assert_non_null(strstr(err.message, "broken pipe dream"));
    assert_false(
        systemd_unit_job(&machine->host, "start", "t-unknown.service", 5000, machine->arena, &err));
    assert_non_null(strstr(err.message, "not found"));
    assert_int_equal(unlink(UNITS "/t-badjob.service"), 0);
}

static void test_systemd_unit_job_ends_at_its_limit(void **state)
{
    struct machine *machine = *state;
    struct error err = {0};
    write_file(UNITS "/t-slow.service", "[Service]\nType=notify\nExecStart=/bin/sleep 1000\n");
    double begun = seconds();
    assert_false(
        systemd_unit_job(&machine->host, "start", "t-slow.service", 1000, machine->arena, &err));
    assert_true(seconds() - begun < 5.0);
    assert_non_null(strstr(err.message, "has not ended after 1 s"));
    systemctl(machine, "kill", "t-slow.service");
    assert_int_equal(unlink(UNITS "/t-slow.service"), 0);
}

static void test_systemd_journal_tail_shows_what_a_unit_wrote(void **state)
{
    struct machine *machine = *state;
    struct error err = {0};
    write_file(UNITS "/t-journal.service",
               "[Service]\nType=oneshot\n"
               "ExecStart=/bin/sh -c 'echo one; echo two; printf \"\\\\033[31mred\\\\n\"'\n");
    assert_true(
        systemd_unit_job(&machine->host, "start", "t-journal.service", 5000, machine->arena, &err));
    pause_ms(300);
    const char *tail =
        systemd_journal_tail(&machine->host, "t-journal.service", 20, machine->arena);
    assert_non_null(strstr(tail, ": one\n"));
    assert_non_null(strstr(tail, ": two\n"));
    assert_non_null(strstr(tail, "red"));
    assert_null(strchr(tail, '\033'));
    const char *last = systemd_journal_tail(&machine->host, "t-journal.service", 1, machine->arena);
    assert_null(strstr(last, ": one\n"));
    assert_string_equal(
        systemd_journal_tail(&machine->host, "t-silent.service", 20, machine->arena), "");
    assert_int_equal(unlink(UNITS "/t-journal.service"), 0);
}

int main(void)
{
    if (getenv(GUEST_VARIABLE) == NULL) {
        print_message("skipped: not inside the throwaway machine of tests/system\n");
        return SKIPPED;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_unit_created_is_enabled_and_running, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_in_sync_is_seen_without_asking_anybody, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unit_that_cannot_be_asked_for_fails_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unit_works_without_the_system_bus, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_many_start_in_one_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_stopped_by_hand_is_drift, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_disabled_by_hand_is_drift, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_that_crashed_is_drift, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_that_restarted_itself_is_in_sync, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unit_waiting_for_its_restart_is_not_running, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unit_whose_file_vanished_still_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_masked_by_hand_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_with_a_changed_file_is_reloaded_and_restarted,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_takes_many_versions_in_a_row, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_owes_what_an_earlier_run_left, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_file_with_an_older_time_is_loaded, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unit_owes_without_our_record, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_unit_with_a_changed_environment_is_restarted_without_reload, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_is_not_restarted_for_what_was_put_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unit_is_restarted_for_a_new_release, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_stopped_or_outdated_ends_the_quiet_of_later_runs,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_is_reloaded_where_that_is_wanted, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unit_keeps_running_where_changes_do_not_matter, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unit_that_fails_at_once_shows_its_last_words, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unit_that_fails_a_little_later_is_noticed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unit_in_a_restart_loop_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_without_its_program_is_told_so, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_that_is_never_ready_is_told_so, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_killed_by_a_signal_is_told_so, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_with_a_missing_requirement_is_told_so, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unit_goes_back_to_its_former_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_started_in_vain_is_stopped_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unit_is_up_when_its_health_check_says_so, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unit_that_dies_ends_the_wait_for_its_health, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unit_command_checks_run_as_the_service, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unit_removed_is_stopped_unlinked_and_forgotten, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unit_timer_runs_and_its_service_waits, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_systemd_unit_job_starts_and_stops, setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_unit_job_tells_why_it_failed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_unit_job_ends_at_its_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_journal_tail_shows_what_a_unit_wrote, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
