#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schemas/repository_syntax.h"

static void test_repository_transport_is_read_from_the_text(void **state)
{
    static const struct {
        const char *text;
        enum repository_transport transport;
    } rows[] = {
        {"/srv/site.git", REPOSITORY_PATH},
        {"file:///srv/with space.git", REPOSITORY_PATH},
        {"ssh://git@git.example.com:2222/ops/site.git", REPOSITORY_SSH},
        {"ssh://git.example.com/site.git", REPOSITORY_SSH},
        {"git@git.example.com:ops/site.git", REPOSITORY_SSH},
        {"https://git.example.com/site.git", REPOSITORY_HTTPS},
        {"https://[::1]:8443/site.git", REPOSITORY_HTTPS},
        {"http://git.example.com/site.git", REPOSITORY_PLAIN},
        {"git://git.example.com/site.git", REPOSITORY_PLAIN},
        {"", REPOSITORY_INVALID},
        {"site.git", REPOSITORY_INVALID},
        {"../site.git", REPOSITORY_INVALID},
        {"file://host/site.git", REPOSITORY_INVALID},
        {"ext::sh -c id", REPOSITORY_INVALID},
        {"https://git.example.com", REPOSITORY_INVALID},
        {"https://user@git.example.com/site.git", REPOSITORY_INVALID},
        {"https://user:secret@git.example.com/site.git", REPOSITORY_INVALID},
        {"ssh://git:secret@git.example.com/site.git", REPOSITORY_INVALID},
        {"ssh://-oProxyCommand=id/site.git", REPOSITORY_INVALID},
        {"-oProxyCommand=id@host:x", REPOSITORY_INVALID},
        {"git@-host:x", REPOSITORY_INVALID},
        {"ssh://@host/x", REPOSITORY_INVALID},
        {"ssh://a@b@host/x", REPOSITORY_INVALID},
        {"https:///site.git", REPOSITORY_INVALID},
        {"https://host:/site.git", REPOSITORY_INVALID},
        {"https://host:x/site.git", REPOSITORY_INVALID},
        {"https://host:123456789/site.git", REPOSITORY_INVALID},
        {"https://[::1/site.git", REPOSITORY_INVALID},
        {"https://[::1]x/site.git", REPOSITORY_INVALID},
        {"https://host/site.git?x=y", REPOSITORY_INVALID},
        {"/srv/a\nb", REPOSITORY_INVALID},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (repository_transport_of(rows[i].text) != rows[i].transport) {
            fail_msg("%s", rows[i].text);
        }
    }
}

static void test_repository_loopback_is_this_machine_only(void **state)
{
    assert_true(repository_is_loopback("http://localhost:3000/site.git"));
    assert_true(repository_is_loopback("http://127.0.0.1/site.git"));
    assert_true(repository_is_loopback("git://[::1]:9418/site.git"));
    assert_false(repository_is_loopback("http://localhost.example.com/site.git"));
    assert_false(repository_is_loopback("http://127.0.0.1.example.com/site.git"));
    assert_false(repository_is_loopback("http://example.com/127.0.0.1/"));
    assert_false(repository_is_loopback("/srv/site.git"));
}

static void test_repository_host_and_port_are_taken_out(void **state)
{
    static const struct {
        const char *text;
        const char *host;
        unsigned port;
    } rows[] = {
        {"ssh://git@git.example.com:2222/ops/site.git", "git.example.com", 2222},
        {"ssh://git.example.com/site.git", "git.example.com", 22},
        {"ssh://git@[::1]:2222/site.git", "::1", 2222},
        {"git@git.example.com:ops/site.git", "git.example.com", 22},
    };
    AUTO_ARENA arena = arena_create();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned port = 0;
        assert_string_equal(repository_host(arena, rows[i].text, &port), rows[i].host);
        assert_int_equal(port, rows[i].port);
    }
}

static void test_repository_branch_is_as_git_takes_it(void **state)
{
    static const char *const good[] = {"main", "release/2026", "a-b_c.d", "\xd9\x85"};
    static const char *const bad[] = {"",    "-x",   "/main", "main/",     "a..b",   "a b",
                                      "a~1", "a^",   "a:b",   "refs/../x", "x.lock", "a@{1}",
                                      "@",   "a//b", "*",     "a/.b",      "a\\b",   "a\tb"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(syntax_branch.check(good[i]));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (syntax_branch.check(bad[i])) {
            fail_msg("%s", bad[i]);
        }
    }
}

static void test_repository_inner_path_stays_inside(void **state)
{
    assert_true(syntax_inner_path.check("conf"));
    assert_true(syntax_inner_path.check("conf/web/a.yaml"));
    static const char *const bad[] = {"",   "/",      "/conf", "conf/", "a//b",
                                      "..", "a/../b", "./a",   ".git",  "a/.git"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (syntax_inner_path.check(bad[i])) {
            fail_msg("%s", bad[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repository_transport_is_read_from_the_text),
        cmocka_unit_test(test_repository_loopback_is_this_machine_only),
        cmocka_unit_test(test_repository_host_and_port_are_taken_out),
        cmocka_unit_test(test_repository_branch_is_as_git_takes_it),
        cmocka_unit_test(test_repository_inner_path_stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
