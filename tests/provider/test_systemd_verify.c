/* Unit files before the real systemd-analyze, in the private view: what it must find, what it must
 * not stumble over, as an ordinary user. Skipped where systemd-analyze is not installed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "providers/systemd.h"

enum { NOBODY = 65534, MANY = 250, SKIPPED = 77 };

static bool run(struct host *host, const struct process_options *options, struct arena *arena,
                struct process_result *out_result, struct error *err)
{
    (void)host;
    return process_run(options, arena, out_result, err);
}

static struct host host = {.run = run, .root_path = "/"};

static int setup(void **state)
{
    *state = arena_create();
    return 0;
}

static int teardown(void **state)
{
    arena_destroy(*state);
    return 0;
}

static struct systemd_findings verify_all(struct arena *arena, const char *const *names,
                                          const struct str *texts, size_t count)
{
    struct systemd_check_result result;
    struct error err = {0};
    bool is_checked = systemd_verify(&host, names, texts, count, arena, &result, &err);
    if (!is_checked) {
        fail_msg("%s", err.message);
    }
    assert_null(result.unchecked_because);
    return result.findings;
}

static struct systemd_findings verify(struct arena *arena, const char *name, const char *text)
{
    struct str content = str_of(text);
    return verify_all(arena, &name, &content, 1);
}

static void assert_finding(const struct systemd_findings *findings, const char *unit, size_t line,
                           const char *part)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct systemd_finding *finding = &findings->items[i];
        if (text_equal(finding->unit, unit) && finding->line == line &&
            strstr(finding->message, part) != NULL) {
            return;
        }
        print_message("%s:%zu: %s\n", finding->unit == NULL ? "?" : finding->unit, finding->line,
                      finding->message);
    }
    fail_msg("no finding in %s:%zu with \"%s\"", unit, line, part);
}

static void assert_no_finding(const struct systemd_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        print_message("%s:%zu: %s\n", findings->items[i].unit, findings->items[i].line,
                      findings->items[i].message);
    }
    assert_int_equal(findings->count, 0);
}

/* ---- what it must not stumble over ----------------------------------------------------------- */

static void test_systemd_verify_needs_no_program_user_or_other_unit(void **state)
{
    const char *text = "[Unit]\n"
                       "Description=the shop\n"
                       "After=network-online.target postgresql.service\n"
                       "Wants=network-online.target\n"
                       "Requires=postgresql.service other.socket\n"
                       "[Service]\n"
                       "Type=notify\n"
                       "User=an-account-that-is-made-later\n"
                       "EnvironmentFile=/etc/reconcile/environment/shop.env\n"
                       "LoadCredential=key:/etc/reconcile/secrets/key\n"
                       "ExecStartPre=-+/opt/shop/bin/prepare\n"
                       "ExecStart=\"/opt/my shop/bin/100%% server\" --port 3000 $EXTRA\n"
                       "ExecStartPost=word-without-slash\n"
                       "ExecReload=@/bin/kill kill -HUP \\\n"
                       "  $MAINPID\n"
                       "ProtectSystem=strict\n"
                       "MemoryMax=512M\n"
                       "[Install]\n"
                       "WantedBy=multi-user.target\n";
    struct systemd_findings findings = verify(*state, "shop.service", text);
    assert_no_finding(&findings);
}

static void test_systemd_verify_reads_every_sort_of_unit(void **state)
{
    const char *const names[] = {"shop@.service", "report.timer", "report.service", "shop.socket",
                                 "shop.service",  "spool.path",   "spool.service"};
    const struct str texts[] = {
        STR("[Service]\nExecStart=/opt/shop %i\n"),
        STR("[Timer]\nOnCalendar=daily\nPersistent=yes\n[Install]\nWantedBy=timers.target\n"),
        STR("[Service]\nType=oneshot\nExecStart=/opt/report\n"),
        STR("[Socket]\nListenStream=/run/shop.sock\n[Install]\nWantedBy=sockets.target\n"),
        STR("[Service]\nExecStart=/opt/shop\nStandardInput=socket\n"),
        STR("[Path]\nPathExistsGlob=/var/spool/x/*\n"),
        STR("[Service]\nType=oneshot\nExecStart=/opt/spool\n"),
    };
    struct systemd_findings findings =
        verify_all(*state, names, texts, sizeof(names) / sizeof(names[0]));
    assert_no_finding(&findings);
}

static void test_systemd_verify_works_as_an_ordinary_user(void **state)
{
    if (geteuid() != 0) {
        skip(); /* every other test shows it */
    }
    assert_int_equal(seteuid(NOBODY), 0);
    struct systemd_check_result result;
    struct error err = {0};
    const char *name = "shop.service";
    struct str text = STR("[Service]\nExecStart=/opt/shop\nNonsense=1\n");
    bool is_checked = systemd_verify(&host, &name, &text, 1, *state, &result, &err);
    assert_int_equal(seteuid(0), 0);
    assert_true(is_checked);
    assert_finding(&result.findings, "shop.service", 3, "Nonsense");
}

/* ---- what it must find ----------------------------------------------------------------------- */

static void test_systemd_verify_finds_an_unknown_key_though_the_status_is_0(void **state)
{
    struct systemd_findings findings =
        verify(*state, "shop.service", "[Service]\nExecStart=/opt/shop\nUzer=shop\n");
    assert_int_equal(findings.count, 1);
    assert_finding(&findings, "shop.service", 3, "Unknown key 'Uzer'");
}

static void test_systemd_verify_finds_a_value_that_is_ignored(void **state)
{
    struct systemd_findings findings = verify(
        *state, "shop.service", "[Service]\nExecStart=/opt/shop\n\nMemoryMax=12Q\nRestart=maybe\n");
    assert_int_equal(findings.count, 2);
    assert_finding(&findings, "shop.service", 4, "12Q");
    assert_finding(&findings, "shop.service", 5, "maybe");
}

static void test_systemd_verify_finds_a_bad_time_and_what_follows_from_it(void **state)
{
    struct systemd_findings findings =
        verify(*state, "shop.timer", "[Timer]\nOnCalendar=dayly\nUnit=shop.service\n");
    assert_finding(&findings, "shop.timer", 2, "dayly");
    assert_finding(&findings, "shop.timer", 0, "lacks value setting");
}

static void test_systemd_verify_finds_a_socket_without_its_service(void **state)
{
    struct systemd_findings findings =
        verify(*state, "shop.socket", "[Socket]\nListenStream=3000\n");
    assert_finding(&findings, "shop.socket", 0, "shop.service not loaded");
}

static void test_systemd_verify_names_the_template_of_an_instance(void **state)
{
    struct systemd_findings findings = verify(*state, "shop@.service", "[Service]\nType=simple\n");
    assert_finding(&findings, "shop@.service", 0, "");
}

static void test_systemd_verify_finds_a_mistake_in_a_drop_in(void **state)
{
    const char *const names[] = {"shop.service", "shop.service.d/limits.conf"};
    const struct str texts[] = {STR("[Service]\nExecStart=/opt/shop\n"),
                                STR("[Service]\nTasksMaximum=5\n")};
    struct systemd_findings findings = verify_all(*state, names, texts, 2);
    assert_finding(&findings, "shop.service.d/limits.conf", 2, "TasksMaximum");
}

static void test_systemd_verify_tells_a_finding_once(void **state)
{
    const char *const names[] = {"base.service", "one.service", "two.service"};
    const struct str texts[] = {STR("[Service]\nExecStart=/opt/base\nX=1\n"),
                                STR("[Unit]\nRequires=base.service\n[Service]\nExecStart=/one\n"),
                                STR("[Unit]\nRequires=base.service\n[Service]\nExecStart=/two\n")};
    struct systemd_findings findings = verify_all(*state, names, texts, 3);
    assert_int_equal(findings.count, 1);
}

static void test_systemd_verify_looks_at_every_batch(void **state)
{
    const char *names[MANY];
    struct str texts[MANY];
    for (size_t i = 0; i < MANY; i++) {
        names[i] = arena_printf(*state, "shop%zu.service", i);
        texts[i] = str_of(arena_printf(*state, "[Service]\nExecStart=/opt/shop%zu\n%s", i,
                                       i % 100 == 99 ? "Nope=1\n" : ""));
    }
    struct systemd_findings findings = verify_all(*state, names, texts, MANY);
    assert_int_equal(findings.count, 2);
    assert_finding(&findings, "shop99.service", 3, "Nope");
    assert_finding(&findings, "shop199.service", 3, "Nope");
}

static void test_systemd_verify_of_nothing_finds_nothing(void **state)
{
    struct systemd_findings findings = verify_all(*state, NULL, NULL, 0);
    assert_int_equal(findings.count, 0);
}

static bool run_nothing(struct host *unused, const struct process_options *options,
                        struct arena *arena, struct process_result *out_result, struct error *err)
{
    (void)unused;
    (void)arena;
    (void)out_result;
    return error_set(err, ERROR_UNAVAILABLE, "%s is not installed", options->argv[0]);
}

static void test_systemd_verify_says_when_it_cannot_check(void **state)
{
    struct host bare = {.run = run_nothing, .root_path = "/"};
    struct systemd_check_result result = {0};
    const char *name = "shop.service";
    struct str text = STR("[Service]\nExecStart=/opt/shop\n");
    assert_true(systemd_verify(&bare, &name, &text, 1, *state, &result, NULL));
    assert_non_null(result.unchecked_because);
}

/* ---- scores ---------------------------------------------------------------------------------- */

static void test_systemd_score_tells_the_sandboxed_from_the_bare(void **state)
{
    const char *const names[] = {"bare.service", "report.timer", "safe.service", "many@.service"};
    const struct str texts[] = {
        STR("[Service]\nExecStart=/opt/shop\n"),
        STR("[Timer]\nOnCalendar=daily\nUnit=bare.service\n"),
        STR("[Service]\nExecStart=/opt/shop\nUser=shop\nPrivateNetwork=yes\nPrivateUsers=yes\n"
            "ProtectSystem=strict\nCapabilityBoundingSet=\nNoNewPrivileges=yes\n"
            "SystemCallFilter=@system-service\nPrivateDevices=yes\nPrivateTmp=yes\n"),
        STR("[Service]\nExecStart=/opt/many %i\n"),
    };
    double scores[4] = {0};
    struct error err;
    assert_true(systemd_score(&host, names, texts, 4, *state, scores, &err));
    assert_true(scores[0] > 9.0 && scores[0] <= 10.0);
    assert_true(scores[1] < 0);
    assert_true(scores[2] > 0.0 && scores[2] < 6.0);
    assert_true(scores[3] > 9.0);
}

int main(void)
{
    if (access("/usr/bin/systemd-analyze", X_OK) != 0) {
        print_message("skipped: systemd-analyze is not installed\n");
        return SKIPPED;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_systemd_verify_needs_no_program_user_or_other_unit,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_verify_reads_every_sort_of_unit, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_systemd_verify_works_as_an_ordinary_user, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            test_systemd_verify_finds_an_unknown_key_though_the_status_is_0, setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_verify_finds_a_value_that_is_ignored, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            test_systemd_verify_finds_a_bad_time_and_what_follows_from_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_verify_finds_a_socket_without_its_service,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_verify_names_the_template_of_an_instance,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_verify_finds_a_mistake_in_a_drop_in, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_systemd_verify_tells_a_finding_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_verify_looks_at_every_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_systemd_verify_of_nothing_finds_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_systemd_verify_says_when_it_cannot_check, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_systemd_score_tells_the_sandboxed_from_the_bare, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
