/* Which addresses nginx could have, asked without nginx where that is enough. */

#include "provider/nginx_sandbox.h"
#include "providers/listeners.h"

static int teardown(void **state)
{
    nginx_sandbox_stop(*state);
    return sandbox_teardown(state);
}

/* Servers with these listen arguments as the candidate. */
static bool check(struct sandbox *sandbox, const char *const *listens, struct error *err)
{
    struct text text = text_make(sandbox->arena);
    for (; *listens != NULL; listens++) {
        text_line(&text, "server { listen %s; }", *listens);
    }
    unsigned long number = 0;
    assert_true(generation_next_number(&sandbox->host, &number, err));
    nginx_sandbox_generation(sandbox, number,
                             (const char *const[]){"http/sites/a.conf", text.data, NULL});
    const char *tree = generation_tree_path(sandbox->arena, &sandbox->layout, number);
    return nginx_check_ports(&sandbox->host, tree, sandbox->arena, err);
}
#define CHECK(...) check(sandbox, (const char *const[]){__VA_ARGS__, NULL}, &err)

static const char *on(struct sandbox *sandbox, const char *host, unsigned port)
{
    return arena_printf(sandbox->arena, "%s:%u", host, port);
}

static void expect(const struct error *err, const char *word)
{
    if (strstr(err->message, word) == NULL) {
        fail_msg("\"%s\" is not in: %s", word, err->message);
    }
}

static void test_nginx_ports_free_ones_pass(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    uint16_t port = nginx_sandbox_port();
    if (!CHECK(on(sandbox, "127.0.0.1", port), on(sandbox, "*", nginx_sandbox_port()))) {
        fail_msg("%s", err.message);
    }
    /* Nothing was listened on or left behind. */
    struct listeners listeners;
    listeners_read(sandbox->arena, &listeners);
    for (size_t i = 0; i < listeners.count; i++) {
        struct sockaddr_in address;
        memcpy(&address, &listeners.items[i].address, sizeof(address));
        assert_true(address.sin_family != AF_INET || ntohs(address.sin_port) != port);
    }
}

static void test_nginx_ports_busy_one_names_its_holder(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    uint16_t port = 0;
    int listener = nginx_sandbox_listen(&port);
    assert_false(CHECK(on(sandbox, "127.0.0.1", port)));
    assert_int_equal(err.code, ERROR_REFUSED);
    expect(&err, arena_printf(sandbox->arena, "127.0.0.1:%u is in use by", (unsigned)port));
    expect(&err, arena_printf(sandbox->arena, "(pid %d)", (int)getpid()));
    (void)close(listener);
    assert_true(CHECK(on(sandbox, "127.0.0.1", port)));
}

static void test_nginx_ports_streams_and_sites_of_others_share_none(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    unsigned port = nginx_sandbox_port();
    test_folder_write(
        sandbox->folder, "nginx/conf.d/theirs.conf",
        arena_printf(sandbox->arena, "server {\n    listen 127.0.0.1:%u;\n}\n", port));
    assert_true(CHECK(on(sandbox, "127.0.0.1", port)));
    nginx_sandbox_generation(
        sandbox, 7,
        (const char *const[]){"http/a.conf", "", "stream/sites/a.conf",
                              arena_printf(sandbox->arena, "server { listen %u; }", port), NULL});
    const char *tree = generation_tree_path(sandbox->arena, &sandbox->layout, 7);
    assert_false(nginx_check_ports(&sandbox->host, tree, sandbox->arena, &err));
    expect(&err, arena_printf(sandbox->arena, "0.0.0.0:%u is listened on already, by", port));
    expect(&err, "/nginx/conf.d/theirs.conf:2");
}

static void test_nginx_ports_wildcard_collides_with_one_address(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    uint16_t port = 0;
    int listener = nginx_sandbox_listen(&port);
    assert_false(CHECK(on(sandbox, "*", port)));
    expect(&err, arena_printf(sandbox->arena, "which has 127.0.0.1:%u", (unsigned)port));
    (void)close(listener);
}

static void test_nginx_ports_all_busy_ones_are_named(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    uint16_t first = 0;
    uint16_t second = 0;
    int one = nginx_sandbox_listen(&first);
    int two = nginx_sandbox_listen(&second);
    assert_false(CHECK(on(sandbox, "127.0.0.1", first), on(sandbox, "127.0.0.1", second)));
    expect(&err, arena_printf(sandbox->arena, "127.0.0.1:%u", (unsigned)first));
    expect(&err, arena_printf(sandbox->arena, "127.0.0.1:%u", (unsigned)second));
    (void)close(one);
    (void)close(two);
}

static void test_nginx_ports_address_of_another_host_is_refused(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    assert_false(CHECK(on(sandbox, "192.0.2.1", nginx_sandbox_port())));
    expect(&err, "192.0.2.1");
    expect(&err, "cannot be listened on");
}

static void test_nginx_ports_what_the_running_nginx_has_passes(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    uint16_t port = nginx_sandbox_port();
    const char *listen = on(sandbox, "127.0.0.1", port);
    assert_true(CHECK(listen));
    if (!nginx_switch(&sandbox->host, 1, 100000, sandbox->arena, &err)) {
        fail_msg("%s", err.message);
    }
    if (!CHECK(listen)) {
        fail_msg("%s", err.message);
    }
}

static void test_nginx_ports_wildcard_takes_in_one_address(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    uint16_t port = nginx_sandbox_port();
    assert_true(CHECK(on(sandbox, "*", port)));
    assert_true(nginx_switch(&sandbox->host, 1, 100000, sandbox->arena, &err));
    if (!CHECK(on(sandbox, "*", port), on(sandbox, "127.0.0.1", port))) {
        fail_msg("%s", err.message);
    }
}

static void test_nginx_ports_reload_cannot_exchange_wildcard_and_address(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    uint16_t port = nginx_sandbox_port();
    assert_true(CHECK(on(sandbox, "*", port)));
    assert_true(nginx_switch(&sandbox->host, 1, 100000, sandbox->arena, &err));
    assert_false(CHECK(on(sandbox, "127.0.0.1", port)));
    expect(&err, arena_printf(sandbox->arena, "has 0.0.0.0:%u", (unsigned)port));
    expect(&err, "restart nginx");
}

static void test_nginx_ports_of_another_root_are_not_asked(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    uint16_t port = 0;
    int listener = nginx_sandbox_listen(&port);
    sandbox->host.root_path = "/elsewhere";
    assert_true(CHECK(on(sandbox, "127.0.0.1", port)));
    sandbox->host.root_path = "/";
    (void)close(listener);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, nginx_sandbox_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nginx_ports_free_ones_pass),
        TEST(test_nginx_ports_busy_one_names_its_holder),
        TEST(test_nginx_ports_streams_and_sites_of_others_share_none),
        TEST(test_nginx_ports_wildcard_collides_with_one_address),
        TEST(test_nginx_ports_all_busy_ones_are_named),
        TEST(test_nginx_ports_address_of_another_host_is_refused),
        TEST(test_nginx_ports_what_the_running_nginx_has_passes),
        TEST(test_nginx_ports_wildcard_takes_in_one_address),
        TEST(test_nginx_ports_reload_cannot_exchange_wildcard_and_address),
        TEST(test_nginx_ports_of_another_root_are_not_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
