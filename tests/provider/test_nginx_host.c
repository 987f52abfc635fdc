/* nginx as Debian installs it, under a real systemd. Takes over the ports and files of its machine,
 * so it runs only inside the throwaway machine of tests/system/systemd-host
 * (tests/system/test-nginx-host starts it there); anywhere else it is skipped. */

#include <sys/wait.h>

#include "provider/nginx_sandbox.h"

#define GUEST_VARIABLE "RECONCILE_SYSTEMD_HOST"
#define DEFAULT_SITE   "/etc/nginx/sites-enabled/default"

enum { SKIPPED = 77, QUESTIONS = 200 };

static int setup(void **state)
{
    struct error err;
    (void)sandbox_setup(state); /* asserts by itself */
    struct sandbox *sandbox = *state;
    host_close(&sandbox->host);
    sandbox->layout = layout_debian12();
    assert_true(host_open("/", &sandbox->layout, &sandbox->facts, &sandbox->host, &err));
    for (int level = 0; level < TREE_LEVEL_COUNT; level++) {
        struct tree_entrance entrance =
            tree_entrance(sandbox->arena, &sandbox->layout, (enum tree_level)level);
        assert_true(file_replace(sandbox->host.root, host_path(entrance.path),
                                 str_of(entrance.text), 0644, FILE_OWNER_NONE, FILE_SYNC_LATER,
                                 &err));
    }
    assert_true(file_make_directories(sandbox->host.root, "var/log/nginx", 0755, &err));
    return 0;
}

static int run_program(struct sandbox *sandbox, const char *const *argv, const char **out_output)
{
    struct error err;
    struct process_result result;
    const struct process_options options = {
        .argv = argv, .timeout_ms = 30000, .output_limit = 65536, .directory = AT_FDCWD};
    if (!process_run(&options, sandbox->arena, &result, &err)) {
        fail_msg("%s", err.message);
    }
    *out_output = result.output.data;
    return result.status;
}
#define RUN(...) run_program(sandbox, (const char *const[]){__VA_ARGS__, NULL}, &output)

/* As it was before: no nginx, nothing of ours, the packaged site enabled. */
static int teardown(void **state)
{
    struct sandbox *sandbox = *state;
    const char *output = NULL;
    struct error err;
    (void)RUN("systemctl", "stop", "nginx.service");
    (void)RUN("systemctl", "reset-failed", "nginx.service");
    assert_true(file_remove_all(sandbox->host.root, "var/lib/reconcile", &err));
    assert_true(file_remove_all(sandbox->host.root, "etc/nginx/reconcile", &err));
    assert_true(file_replace_link(sandbox->host.root, host_path(DEFAULT_SITE),
                                  "/etc/nginx/sites-available/default", FILE_SYNC_LATER, &err));
    return sandbox_teardown(state);
}

static const char *site(struct sandbox *sandbox, const char *listen, const char *body)
{
    return arena_printf(sandbox->arena,
                        "server {\n    listen %s;\n    server_name a.test;\n"
                        "    return 200 \"%s\";\n}\n",
                        listen, body);
}

static bool switch_to(struct sandbox *sandbox, unsigned long number, const char *member,
                      struct error *err)
{
    nginx_sandbox_generation(sandbox, number,
                             (const char *const[]){"http/sites/a.conf", member, NULL});
    struct nginx_candidate candidate = {
        .tree = generation_tree_path(sandbox->arena, &sandbox->layout, number)};
    struct nginx_test_result result;
    assert_true(nginx_test(&sandbox->host, &candidate, sandbox->arena, &result, err));
    return (result.verdict == NGINX_ACCEPTED ||
            error_set(err, ERROR_REFUSED, "%s", result.output)) &&
           nginx_check_ports(&sandbox->host, candidate.tree, sandbox->arena, err) &&
           nginx_switch(&sandbox->host, number, result.took_us, sandbox->arena, err);
}

static void expect_switched(struct sandbox *sandbox, unsigned long number, const char *member)
{
    struct error err = {0};
    if (!switch_to(sandbox, number, member, &err)) {
        fail_msg("%s", err.message);
    }
}

static const char *ask(struct sandbox *sandbox, const char *host_name)
{
    const char *output = NULL;
    assert_int_equal(RUN("curl", "-sS", "-H", arena_printf(sandbox->arena, "Host: %s", host_name),
                         "http://127.0.0.1/"),
                     0);
    return output;
}

static void test_nginx_host_is_started_by_systemd(void **state)
{
    struct sandbox *sandbox = *state;
    const char *output = NULL;
    assert_int_not_equal(RUN("systemctl", "is-active", "nginx.service"), 0);
    expect_switched(sandbox, 1, site(sandbox, "80", "one"));
    assert_int_equal(RUN("systemctl", "is-active", "nginx.service"), 0);
    assert_string_equal(ask(sandbox, "a.test"), "one");
}

static void test_nginx_host_beside_the_packaged_site(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    struct facts facts;
    expect_switched(sandbox, 1, site(sandbox, "80", "one"));
    assert_non_null(strstr(ask(sandbox, "unknown.test"), "Welcome to nginx"));
    assert_true(facts_gather(&sandbox->host, sandbox->arena, &facts, &err));
    assert_non_null(
        strstr(facts.foreign_default_servers, "0.0.0.0:80=/etc/nginx/sites-enabled/default:"));
    assert_false(switch_to(sandbox, 2, site(sandbox, "80 default_server", "two"), &err));
    assert_non_null(strstr(err.message, "duplicate default server"));
    assert_string_equal(ask(sandbox, "a.test"), "one");
}

static void test_nginx_host_packaged_site_goes_where_it_may(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox->layout.disables_default_site = true;
    expect_switched(sandbox, 1, site(sandbox, "80 default_server", "one"));
    assert_int_not_equal(access(DEFAULT_SITE, F_OK), 0);
    assert_string_equal(ask(sandbox, "unknown.test"), "one");
}

static void test_nginx_host_packaged_site_comes_back_with_a_failure(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    expect_switched(sandbox, 1, site(sandbox, "80", "one"));
    sandbox->layout.disables_default_site = true;
    nginx_sandbox_generation(sandbox, 2,
                             (const char *const[]){"http/sites/a.conf", "lisen;\n", NULL});
    assert_false(nginx_switch(&sandbox->host, 2, 100000, sandbox->arena, &err));
    assert_non_null(strstr(err.message, "unknown directive \"lisen\""));
    assert_null(strstr(err.message, "not proven"));
    assert_int_equal(access(DEFAULT_SITE, F_OK), 0);
    assert_string_equal(ask(sandbox, "a.test"), "one");
    assert_non_null(strstr(ask(sandbox, "unknown.test"), "Welcome to nginx"));
}

static void test_nginx_host_starts_again_after_kill_9(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err;
    struct nginx_state seen;
    expect_switched(sandbox, 1, site(sandbox, "80", "one"));
    assert_true(nginx_observe(&sandbox->host, sandbox->arena, &seen, &err));
    assert_int_equal(kill(seen.master, SIGKILL), 0);
    nginx_sandbox_wait_gone(seen.master);
    assert_true(nginx_observe(&sandbox->host, sandbox->arena, &seen, &err));
    assert_false(seen.is_running);
    expect_switched(sandbox, 2, site(sandbox, "80", "two"));
    assert_string_equal(ask(sandbox, "a.test"), "two");
}

static void test_nginx_host_missing_log_directory_is_told(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    unsigned long current = 9;
    assert_true(file_remove_all(sandbox->host.root, "var/log/nginx", &err));
    nginx_sandbox_generation(
        sandbox, 1, (const char *const[]){"http/sites/a.conf", site(sandbox, "80", "one"), NULL});
    assert_false(nginx_switch(&sandbox->host, 1, 100000, sandbox->arena, &err));
    assert_non_null(strstr(err.message, "nginx.service"));
    print_message("%s\n", err.message);
    assert_true(generation_current(&sandbox->host, &current, &err));
    assert_int_equal(current, 0);
    assert_true(file_make_directories(sandbox->host.root, "var/log/nginx", 0755, &err));
    expect_switched(sandbox, 2, site(sandbox, "80", "two"));
}

static void test_nginx_host_busy_port_is_refused_with_its_holder(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    uint16_t port = 0;
    int listener = nginx_sandbox_listen(&port);
    const char *listen = arena_printf(sandbox->arena, "%u", (unsigned)port);
    expect_switched(sandbox, 1, site(sandbox, "80", "one"));
    assert_false(switch_to(sandbox, 2, site(sandbox, listen, "two"), &err));
    assert_non_null(strstr(err.message, arena_printf(sandbox->arena, "(pid %d)", (int)getpid())));
    assert_string_equal(ask(sandbox, "a.test"), "one");
    (void)close(listener);
}

/* A visitor who asks without a pause, each time on a new connection: his last answer is the new
 * one, and every one is an answer. */
static _Noreturn void visit(struct sandbox *sandbox, const char *last)
{
    (void)alarm(60);
    for (;;) {
        const char *body = nginx_sandbox_get(sandbox, 80);
        if (body[0] == '\0' || strspn(body, "0123456789") != strlen(body)) {
            _exit(1);
        }
        if (strcmp(body, last) == 0) {
            _exit(0);
        }
    }
}

static void test_nginx_host_switch_loses_no_request(void **state)
{
    struct sandbox *sandbox = *state;
    int status = 0;
    expect_switched(sandbox, 1, site(sandbox, "127.0.0.1:80", "1"));
    pid_t visitor = fork();
    assert_true(visitor >= 0);
    if (visitor == 0) {
        visit(sandbox, "5");
    }
    for (unsigned long number = 2; number < 6; number++) {
        const char *body = arena_printf(sandbox->arena, "%lu", number);
        expect_switched(sandbox, number, site(sandbox, "127.0.0.1:80", body));
        /* Once the switch is proven nobody gets an old answer. */
        for (int i = 0; i < QUESTIONS; i++) {
            assert_string_equal(nginx_sandbox_get(sandbox, 80), body);
        }
    }
    assert_int_equal(waitpid(visitor, &status, 0), visitor);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nginx_host_is_started_by_systemd),
        TEST(test_nginx_host_beside_the_packaged_site),
        TEST(test_nginx_host_packaged_site_goes_where_it_may),
        TEST(test_nginx_host_packaged_site_comes_back_with_a_failure),
        TEST(test_nginx_host_starts_again_after_kill_9),
        TEST(test_nginx_host_missing_log_directory_is_told),
        TEST(test_nginx_host_busy_port_is_refused_with_its_holder),
        TEST(test_nginx_host_switch_loses_no_request),
    };
    if (getenv(GUEST_VARIABLE) == NULL) {
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
