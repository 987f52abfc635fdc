/* What listeners of the real nginx show in a handshake. */

#include <sys/wait.h>

#include "provider/nginx_pair.h"
#include "providers/handshake.h"

enum { LIMIT_MS = 30000, SHORT_MS = 300 };

static int teardown(void **state)
{
    nginx_sandbox_stop(*state);
    return sandbox_teardown(state);
}

static const char *server(struct sandbox *sandbox, const char *name)
{
    return arena_printf(sandbox->arena,
                        "server {\n    listen 127.0.0.1:%u ssl;\n    server_name %s;\n"
                        "    ssl_certificate %s/%s/fullchain.pem;\n"
                        "    ssl_certificate_key %s/%s/key.pem;\n    return 204;\n}\n",
                        (unsigned)sandbox->layout.https_port, name, sandbox->layout.certificates,
                        name, sandbox->layout.certificates, name);
}

static void run_nginx(struct sandbox *sandbox)
{
    struct error err;
    const char *unknown = arena_printf(
        sandbox->arena,
        "server { listen 127.0.0.1:%u default_server ssl; ssl_reject_handshake on; }\n",
        (unsigned)sandbox->layout.https_port);
    nginx_sandbox_generation(sandbox, 1,
                             (const char *const[]){"http/00.conf", unknown, "http/sites/a.conf",
                                                   server(sandbox, "a.example"),
                                                   "http/sites/b.conf",
                                                   server(sandbox, "b.example"), NULL});
    if (!nginx_switch(&sandbox->host, 1, 100000, sandbox->arena, &err)) {
        fail_msg("%s", err.message);
    }
}

static struct handshake handshake_with(const struct sandbox *sandbox, const char *name)
{
    return (struct handshake){
        .address = "127.0.0.1", .port = sandbox->layout.https_port, .name = name};
}

static void test_handshake_shows_the_certificate_of_each_name(void **state)
{
    struct sandbox *sandbox = *state;
    const struct certificate_pair *a = nginx_pair_install(sandbox, "a.example", "a.example");
    const struct certificate_pair *b = nginx_pair_install(sandbox, "b.example", "b.example");
    run_nginx(sandbox);
    struct handshake handshakes[] = {handshake_with(sandbox, "a.example"),
                                     handshake_with(sandbox, "b.example")};
    handshakes_make(handshakes, 2, LIMIT_MS);
    assert_true(handshakes[0].is_shown);
    assert_string_equal(handshakes[0].fingerprint, a->fingerprint);
    assert_int_equal(handshakes[0].starts_at, a->starts_at);
    assert_int_equal(handshakes[0].expires_at, a->expires_at);
    assert_string_equal(handshakes[1].fingerprint, b->fingerprint);
    assert_string_not_equal(a->fingerprint, b->fingerprint);
}

static void test_handshake_shows_what_was_loaded_and_not_what_is_there(void **state)
{
    struct sandbox *sandbox = *state;
    const struct certificate_pair *loaded = nginx_pair_install(sandbox, "a.example", "a.example");
    (void)nginx_pair_install(sandbox, "b.example", "b.example");
    run_nginx(sandbox);
    const struct certificate_pair *newer = nginx_pair_install(sandbox, "a.example", "a.example");
    struct handshake handshake = handshake_with(sandbox, "a.example");
    handshakes_make(&handshake, 1, LIMIT_MS);
    assert_string_equal(handshake.fingerprint, loaded->fingerprint);
    assert_string_not_equal(handshake.fingerprint, newer->fingerprint);
}

static void test_handshake_that_shows_nothing_says_why(void **state)
{
    struct sandbox *sandbox = *state;
    (void)nginx_pair_install(sandbox, "a.example", "a.example");
    (void)nginx_pair_install(sandbox, "b.example", "b.example");
    run_nginx(sandbox);
    uint16_t silent_port = 0;
    int silent = nginx_sandbox_listen(&silent_port); /* it never accepts */
    struct handshake handshakes[] = {
        handshake_with(sandbox, "unknown.example"),
        handshake_with(sandbox, NULL),
        {.address = "127.0.0.1", .port = nginx_sandbox_port(), .name = "a.example"},
        {.address = "127.0.0.1", .port = silent_port, .name = "a.example"},
        {.address = "nowhere", .port = 443, .name = "a.example"},
        {.address = "127.0.0.1", .port = sandbox->layout.http_port, .name = "a.example"},
    };
    static const char *const words[] = {"unrecognized name",  "unrecognized name",
                                        "Connection refused", "Connection timed out",
                                        "Address family",     ""};
    handshakes_make(handshakes, 6, SHORT_MS);
    (void)close(silent);
    for (size_t i = 0; i < 6; i++) {
        assert_false(handshakes[i].is_shown);
        if (handshakes[i].why[0] == '\0' || strstr(handshakes[i].why, words[i]) == NULL) {
            fail_msg("\"%s\" is not in: %s", words[i], handshakes[i].why);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, nginx_sandbox_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_handshake_shows_the_certificate_of_each_name),
        TEST(test_handshake_shows_what_was_loaded_and_not_what_is_there),
        TEST(test_handshake_that_shows_nothing_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
