/* Switching the real nginx, which runs in the folder of each test as whoever runs the tests. */

#include "base/clock.h"
#include "provider/nginx_sandbox.h"

#define MEMBERS(...) ((const char *const[]){__VA_ARGS__, NULL})

static int teardown(void **state)
{
    nginx_sandbox_stop(*state);
    return sandbox_teardown(state);
}

static const char *site(struct sandbox *sandbox, const char *body)
{
    return arena_printf(sandbox->arena,
                        "server {\n    listen 127.0.0.1:%u;\n    return 200 \"%s\";\n}\n",
                        (unsigned)sandbox->layout.http_port, body);
}

static bool switch_to(struct sandbox *sandbox, unsigned long number, const char *member,
                      struct error *err)
{
    nginx_sandbox_generation(sandbox, number, MEMBERS("http/sites/a.conf", member));
    return nginx_switch(&sandbox->host, number, 100000, sandbox->arena, err);
}

static void expect_switched(struct sandbox *sandbox, unsigned long number, const char *member)
{
    struct error err = {0};
    if (!switch_to(sandbox, number, member, &err)) {
        fail_msg("%s", err.message);
    }
}

static struct nginx_state observe(struct sandbox *sandbox)
{
    struct error err;
    struct nginx_state state;
    assert_true(nginx_observe(&sandbox->host, sandbox->arena, &state, &err));
    return state;
}

/* On disk, in memory, and in the record. */
static void expect_generation(struct sandbox *sandbox, unsigned long number)
{
    struct error err;
    unsigned long current = 0;
    assert_true(generation_current(&sandbox->host, &current, &err));
    assert_int_equal(current, number);
    assert_int_equal(observe(sandbox).generation, number);
    assert_int_equal(nginx_loaded(&sandbox->host), number);
}

static void expect_failure(struct sandbox *sandbox, unsigned long number, const char *member,
                           const char *word)
{
    struct error err = {0};
    assert_false(switch_to(sandbox, number, member, &err));
    if (strstr(err.message, word) == NULL || strstr(err.message, "not proven") != NULL) {
        fail_msg("%s", err.message);
    }
}

static void test_nginx_switch_starts_what_does_not_run(void **state)
{
    struct sandbox *sandbox = *state;
    assert_false(observe(sandbox).is_running);
    expect_switched(sandbox, 1, site(sandbox, "one"));
    expect_generation(sandbox, 1);
    assert_true(observe(sandbox).is_running);
}

static void test_nginx_switch_is_proven_by_new_workers(void **state)
{
    struct sandbox *sandbox = *state;
    expect_switched(sandbox, 1, site(sandbox, "one"));
    struct pid_list before;
    struct pid_list after;
    pid_t master = observe(sandbox).master;
    nginx_children(master, sandbox->arena, &before);
    expect_switched(sandbox, 2, site(sandbox, "two"));
    expect_generation(sandbox, 2);
    assert_int_equal(observe(sandbox).master, master);
    nginx_children(master, sandbox->arena, &after);
    for (size_t i = 0; i < before.count; i++) {
        for (size_t j = 0; j < after.count; j++) {
            assert_true(before.items[i] != after.items[j] || nginx_is_leaving(after.items[j]));
        }
    }
    assert_string_equal(nginx_sandbox_get(sandbox, sandbox->layout.http_port), "two");
}

static void test_nginx_switch_does_not_wait_for_old_connections(void **state)
{
    struct sandbox *sandbox = *state;
    expect_switched(sandbox, 1, site(sandbox, "one"));
    /* Half a request keeps its worker shutting down. */
    int fd = nginx_sandbox_connect(sandbox->layout.http_port);
    assert_int_equal(send(fd, "GET / HTTP/1.1\r\n", 16, 0), 16);
    int64_t begin = clock_ms();
    expect_switched(sandbox, 2, site(sandbox, "two"));
    assert_true(clock_ms() - begin < 3000);
    expect_generation(sandbox, 2);
    (void)close(fd);
}

static void test_nginx_switch_goes_back_when_nginx_cannot_read_it(void **state)
{
    struct sandbox *sandbox = *state;
    expect_switched(sandbox, 1, site(sandbox, "one"));
    int64_t begin = clock_ms();
    expect_failure(sandbox, 2, "server { lisen 80; }\n", "unknown directive \"lisen\"");
    assert_true(clock_ms() - begin < 3000); /* the error log ends the wait */
    expect_generation(sandbox, 1);
    expect_switched(sandbox, 3, site(sandbox, "three"));
    expect_generation(sandbox, 3);
}

static void test_nginx_switch_goes_back_when_a_port_is_busy(void **state)
{
    struct sandbox *sandbox = *state;
    uint16_t port = 0;
    int listener = nginx_sandbox_listen(&port);
    const char *member =
        arena_printf(sandbox->arena, "server { listen 127.0.0.1:%u; }\n", (unsigned)port);
    expect_switched(sandbox, 1, site(sandbox, "one"));
    expect_failure(sandbox, 2, member, "Address already in use");
    expect_generation(sandbox, 1);
    assert_string_equal(nginx_sandbox_get(sandbox, sandbox->layout.http_port), "one");
    (void)close(listener);
    expect_switched(sandbox, 3, member);
    expect_generation(sandbox, 3);
}

static void test_nginx_switch_goes_back_from_the_first_generation(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err;
    unsigned long current = 9;
    /* Somebody else's nginx, before anything of ours. */
    nginx_sandbox_write(sandbox, "nginx/sites-enabled/other",
                        arena_printf(sandbox->arena,
                                     "server { listen 127.0.0.1:%u; return 200 other; }\n",
                                     (unsigned)sandbox->layout.http_port));
    nginx_sandbox_start(sandbox);
    assert_int_equal(observe(sandbox).generation, 0);
    expect_failure(sandbox, 1, "server { lisen 80; }\n", "lisen");
    assert_true(generation_current(&sandbox->host, &current, &err));
    assert_int_equal(current, 0);
    assert_string_equal(nginx_sandbox_get(sandbox, sandbox->layout.http_port), "other");
    expect_switched(sandbox, 2, "# nothing\n");
    expect_generation(sandbox, 2);
}

static void test_nginx_switch_says_why_nginx_does_not_start(void **state)
{
    struct sandbox *sandbox = *state;
    expect_failure(sandbox, 1, "server {\n    lisen 80;\n}\n", "unknown directive \"lisen\"");
    assert_false(observe(sandbox).is_running);
}

static void test_nginx_switch_starts_again_after_a_kill(void **state)
{
    struct sandbox *sandbox = *state;
    struct pid_list children;
    expect_switched(sandbox, 1, site(sandbox, "one"));
    pid_t master = observe(sandbox).master;
    nginx_children(master, sandbox->arena, &children);
    assert_int_equal(kill(master, SIGKILL), 0);
    for (size_t i = 0; i < children.count; i++) {
        (void)kill(children.items[i], SIGKILL); /* may be gone */
    }
    nginx_sandbox_wait_gone(master);
    assert_false(observe(sandbox).is_running);
    expect_switched(sandbox, 2, site(sandbox, "two"));
    expect_generation(sandbox, 2);
}

static void test_nginx_switch_gives_up_on_a_master_that_hangs(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    expect_switched(sandbox, 1, site(sandbox, "one"));
    pid_t master = observe(sandbox).master;
    assert_int_equal(kill(master, SIGSTOP), 0);
    int64_t begin = clock_ms();
    assert_false(switch_to(sandbox, 2, site(sandbox, "two"), &err));
    int64_t took = clock_ms() - begin;
    assert_int_equal(kill(master, SIGCONT), 0);
    assert_true(took < 20000);
    assert_non_null(strstr(err.message, "still answers with generation 1"));
    assert_non_null(strstr(err.message, "not proven"));
    unsigned long current = 0;
    assert_true(generation_current(&sandbox->host, &current, &err));
    assert_int_equal(current, 1);
}

static void test_nginx_switch_off_leaves_the_rest_running(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err;
    nginx_sandbox_write(sandbox, "nginx/sites-enabled/other",
                        arena_printf(sandbox->arena,
                                     "server { listen 127.0.0.1:%u; return 200 other; }\n",
                                     (unsigned)sandbox->layout.https_port));
    expect_switched(sandbox, 1, site(sandbox, "one"));
    assert_true(nginx_switch_off(&sandbox->host, 0, sandbox->arena, &err));
    struct nginx_state seen = observe(sandbox);
    assert_true(seen.is_running);
    assert_int_equal(seen.generation, 0);
    assert_string_equal(nginx_sandbox_get(sandbox, sandbox->layout.https_port), "other");
}

static void test_nginx_switch_pays_what_is_owed(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err;
    expect_switched(sandbox, 1, site(sandbox, "one"));
    assert_true(nginx_reload_owe(&sandbox->host, &err));
    expect_failure(sandbox, 2, "lisen;\n", "lisen");
    expect_switched(sandbox, 3, site(sandbox, "one"));
    assert_false(nginx_reload_is_owed(&sandbox->host));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, nginx_sandbox_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nginx_switch_starts_what_does_not_run),
        TEST(test_nginx_switch_is_proven_by_new_workers),
        TEST(test_nginx_switch_does_not_wait_for_old_connections),
        TEST(test_nginx_switch_goes_back_when_nginx_cannot_read_it),
        TEST(test_nginx_switch_goes_back_when_a_port_is_busy),
        TEST(test_nginx_switch_goes_back_from_the_first_generation),
        TEST(test_nginx_switch_says_why_nginx_does_not_start),
        TEST(test_nginx_switch_starts_again_after_a_kill),
        TEST(test_nginx_switch_gives_up_on_a_master_that_hangs),
        TEST(test_nginx_switch_off_leaves_the_rest_running),
        TEST(test_nginx_switch_pays_what_is_owed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
