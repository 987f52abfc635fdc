/* The forms of text that only sites know: what is taken, what is refused, and how it is read. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "schemas/header.h"
#include "schemas/site_syntax.h"

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

struct row {
    const struct syntax *syntax;
    const char *text;
    bool is_good;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].syntax->check(rows[i].text) != rows[i].is_good) {
            fail_msg("\"%s\" should %s %s", rows[i].text, rows[i].is_good ? "be" : "not be",
                     rows[i].syntax->name);
        }
    }
}

#define CHECK_ROWS(rows) check_rows((rows), sizeof(rows) / sizeof((rows)[0]))

static void test_site_syntax_backend(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&syntax_backend, "127.0.0.1:3000", true},
        {&syntax_backend, "[::1]:3000", true},
        {&syntax_backend, "backend.internal:8080", true},
        {&syntax_backend, "localhost:1", true},
        {&syntax_backend, "unix:/run/shop/http", true},
        {&syntax_backend, "unix:/run/a b/http", true},
        {&syntax_backend, "", false},
        {&syntax_backend, "127.0.0.1", false},
        {&syntax_backend, "3000", false},
        {&syntax_backend, "::1:3000", false},
        {&syntax_backend, "127.0.0.1:0", false},
        {&syntax_backend, "127.0.0.1:65536", false},
        {&syntax_backend, "http://127.0.0.1:3000", true},
        {&syntax_backend, "https://backend.internal", true},
        {&syntax_backend, "https://backend.internal:8443", true},
        {&syntax_backend, "https://[::1]", true},
        {&syntax_backend, "http://[::1]:3000", true},
        {&syntax_backend, "https://", false},
        {&syntax_backend, "https://[", false},
        {&syntax_backend, "https://[]", false},
        {&syntax_backend, "https://::1", false},
        {&syntax_backend, "https://backend.internal/", false},
        {&syntax_backend, "https://backend.internal:0", false},
        {&syntax_backend, "https://user@backend.internal", false},
        {&syntax_backend, "ftp://backend.internal", false},
        {&syntax_backend, "host:80/path", false},
        {&syntax_backend, "$host:80", false},
        {&syntax_backend, "unix:run/x", false},
        {&syntax_backend, "unix:/run/../x", false},
        {&syntax_backend, "unix:/run/$x", false},
        {&syntax_backend, "unix:/run/x:/uri", false},
    };
    CHECK_ROWS(rows);
}

static void test_site_syntax_location(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&syntax_location, "/", true},
        {&syntax_location, "/a b;{}\"'\\$", true},
        {&syntax_location, "= /exact", true},
        {&syntax_location, "=/exact", true},
        {&syntax_location, "~ \\.php$", true},
        {&syntax_location, "~* \\.(png|jpe?g)$", true},
        {&syntax_location, "/.well-known/", true},
        {&syntax_location, "", false},
        {&syntax_location, "a", false},
        {&syntax_location, "=", false},
        {&syntax_location, "= a", false},
        {&syntax_location, "~", false},
        {&syntax_location, "~ ", false},
        {&syntax_location, "^~ /a", false},
        {&syntax_location, "@named", false},
        {&syntax_location, "/a//b", false},
        {&syntax_location, "/a/../b", false},
        {&syntax_location, "/a/..", false},
        {&syntax_location, "/a/.", false},
        {&syntax_location, "/a%20b", false},
        {&syntax_location, "/a?b", false},
        {&syntax_location, "/a#b", false},
        {&syntax_location, "/a\nb", false},
    };
    CHECK_ROWS(rows);
}

static void test_site_syntax_files(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&syntax_static_folder, "/srv/a b;{}#\"'\\", true},
        {&syntax_static_folder, "/", true},
        {&syntax_static_folder, "/srv/", false},
        {&syntax_static_folder, "srv", false},
        {&syntax_static_folder, "/srv/$host", false},
        {&syntax_static_folder, "/srv/../etc", false},
        {&syntax_index_file, "index.html", true},
        {&syntax_index_file, "a b;$c", true},
        {&syntax_index_file, "", false},
        {&syntax_index_file, "..", false},
        {&syntax_index_file, "a/b", false},
        {&syntax_try_step, "$uri", true},
        {&syntax_try_step, "$uri/", true},
        {&syntax_try_step, "$uri.html", true},
        {&syntax_try_step, "$uri/index.html", true},
        {&syntax_try_step, "/index.html", true},
        {&syntax_try_step, "=404", true},
        {&syntax_try_step, "$uricorn", false},
        {&syntax_try_step, "$uri$host", false},
        {&syntax_try_step, "$host", false},
        {&syntax_try_step, "/$host", false},
        {&syntax_try_step, "index.html", false},
        {&syntax_try_step, "=99", false},
        {&syntax_try_step, "=4040", false},
        {&syntax_try_step, "@app", false},
    };
    CHECK_ROWS(rows);
}

static void test_site_syntax_answers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&syntax_redirect_target, "https://example.com", true},
        {&syntax_redirect_target, "http://example.com:8080/a?b=c#d", true},
        {&syntax_redirect_target, "/path?$x", true},
        {&syntax_redirect_target, "//evil.example.com", false},
        {&syntax_redirect_target, "example.com", false},
        {&syntax_redirect_target, "javascript:alert(1)", false},
        {&syntax_redirect_target, "https://example.com/a b", false},
        {&syntax_redirect_target, "https://example.com/\"", false},
        {&syntax_redirect_target, "/\xd8\xa7", false},
        {&syntax_header_value, "a; b=\"c\" $x", true},
        {&syntax_header_value, "", true},
        {&syntax_header_value, "a\nb", false},
        {&syntax_media_type, "application/json; charset=utf-8", true},
        {&syntax_media_type, "text", false},
        {&syntax_media_type, "text/", false},
        {&syntax_media_type, "text/$x", false},
    };
    CHECK_ROWS(rows);
}

static void test_site_syntax_addresses(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {&syntax_listen, "192.0.2.1", true},
        {&syntax_listen, "2001:db8::1", true},
        {&syntax_listen, "8443", true},
        {&syntax_listen, "192.0.2.1:8443", true},
        {&syntax_listen, "[2001:db8::1]:8443", true},
        {&syntax_listen, "[2001:db8::1]", false},
        {&syntax_listen, "example.com", false},
        {&syntax_listen, "localhost:80", false},
        {&syntax_listen, "0", false},
        {&syntax_client, "all", true},
        {&syntax_client, "10.0.0.0/8", true},
        {&syntax_client, "2001:db8::/32", true},
        {&syntax_client, "10.0.0.0/33", false},
        {&syntax_client, "everyone", false},
        {&syntax_tls, "auto", true},
        {&syntax_tls, "internal", true},
        {&syntax_tls, "false", true},
        {&syntax_tls, "true", false},
    };
    CHECK_ROWS(rows);
}

/* What nginx writes for a dollar is longer than the dollar, and quotes take an escape. */
static void test_site_syntax_counts_bytes_as_written(void **state)
{
    static const struct {
        char byte;
        size_t most;
    } rows[] = {{'x', 3900}, {'"', 1950}, {'\\', 1950}, {'$', 325}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct text text = text_make(*state);
        for (size_t j = 0; j < rows[i].most; j++) {
            text_add_char(&text, rows[i].byte);
        }
        assert_true(syntax_header_value.check(text.data));
        assert_true(syntax_response_body.check(text.data));
        text_add_char(&text, rows[i].byte);
        assert_false(syntax_header_value.check(text.data));
        assert_false(syntax_response_body.check(text.data));
    }
}

static void test_site_syntax_reads_locations(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        enum location_match match;
        const char *pattern;
    } rows[] = {
        {"/a", LOCATION_PREFIX, "/a"},
        {"= /a", LOCATION_EXACT, "/a"},
        {"=/a", LOCATION_EXACT, "/a"},
        {"~ ^/a", LOCATION_REGEX, "^/a"},
        {"~* ^/a", LOCATION_REGEX_NOCASE, "^/a"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct location location = location_read(rows[i].key);
        assert_int_equal(location.match, rows[i].match);
        assert_string_equal(location.pattern, rows[i].pattern);
    }
}

static void test_site_syntax_reads_listen(void **state)
{
    static const struct {
        const char *text;
        const char *address;
        uint16_t port;
    } rows[] = {
        {"8443", NULL, 8443},
        {"192.0.2.1", "192.0.2.1", 0},
        {"192.0.2.1:81", "192.0.2.1", 81},
        {"2001:db8::1", "2001:db8::1", 0},
        {"[2001:db8::1]:81", "2001:db8::1", 81},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct listen listen = listen_read(*state, rows[i].text);
        assert_int_equal(listen.port, rows[i].port);
        assert_true(text_equal(listen.address, rows[i].address));
    }
}

static void test_site_syntax_tells_names_from_addresses(void **state)
{
    (void)state;
    assert_true(backend_is_name("backend.internal:80"));
    assert_true(backend_is_name("localhost.example.com:80"));
    assert_true(
        backend_is_name("a-name-that-is-longer-than-any-address-could-ever-be.example.com:80"));
    assert_false(backend_is_name("localhost:80"));
    assert_false(backend_is_name("127.0.0.1:80"));
    assert_false(backend_is_name("[::1]:80"));
    assert_false(backend_is_name("unix:/run/x"));
}

static void test_header_rules_ignore_case(void **state)
{
    (void)state;
    assert_int_equal(header_rule("content-length"), HEADER_REFUSED);
    assert_int_equal(header_rule("Content-Security-Policy"), HEADER_APPLICATION);
    assert_int_equal(header_rule("SET-COOKIE"), HEADER_ADDED);
    assert_int_equal(header_rule("X-Anything"), HEADER_OURS);
    assert_true(header_same("X-Frame-Options", "x-frame-options"));
    assert_false(header_same("X-Frame-Options", "X-Frame-Option"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_site_syntax_backend),
        cmocka_unit_test(test_site_syntax_location),
        cmocka_unit_test(test_site_syntax_files),
        cmocka_unit_test(test_site_syntax_answers),
        cmocka_unit_test(test_site_syntax_addresses),
        cmocka_unit_test_setup_teardown(test_site_syntax_counts_bytes_as_written, setup, teardown),
        cmocka_unit_test(test_site_syntax_reads_locations),
        cmocka_unit_test_setup_teardown(test_site_syntax_reads_listen, setup, teardown),
        cmocka_unit_test(test_site_syntax_tells_names_from_addresses),
        cmocka_unit_test(test_header_rules_ignore_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
