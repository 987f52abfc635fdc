/* Who may ask what. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "statusd/security.h"

static const char *const names[] = {"localhost", "127.0.0.1", "[::1]", "status.example.com"};
static const struct security security = {names, sizeof(names) / sizeof(names[0])};

static struct request_line line_of(const char *method, const char *url)
{
    return (struct request_line){
        .method = method, .url = url, .host = "localhost", .host_headers = 1};
}

static void test_security_allows_the_named_hosts(void **state)
{
    assert_true(security_host_is_allowed(&security, "localhost"));
    assert_true(security_host_is_allowed(&security, "LocalHost:8321"));
    assert_true(security_host_is_allowed(&security, "127.0.0.1:1"));
    assert_true(security_host_is_allowed(&security, "[::1]:65535"));
    assert_true(security_host_is_allowed(&security, "status.example.com"));
}

static void test_security_refuses_every_other_host(void **state)
{
    static const char *const foreign[] = {
        "",
        ":80",
        "evil.example.com",
        "localhost.evil.example.com",
        "localhostx",
        "local",
        "localhost:",
        "localhost:80x",
        "localhost:123456",
        "localhost:80:80",
        "localhost@evil.example.com",
        "localhost.",
        "localhost ",
        "[::1",
        "[::1]x",
        "[::2]",
        "::1",
    };
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        if (security_host_is_allowed(&security, foreign[i])) {
            fail_msg("%s was let in", foreign[i]);
        }
    }
}

static void test_security_answers_get_and_head_only(void **state)
{
    static const char *const others[] = {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", ""};
    struct request_line line = line_of("GET", "/");
    assert_int_equal(security_check(&security, &line), 0);
    line = line_of("HEAD", "/");
    assert_int_equal(security_check(&security, &line), 0);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        line = line_of(others[i], "/");
        assert_int_equal(security_check(&security, &line), 405);
    }
}

static void test_security_refuses_malformed_requests(void **state)
{
    struct request_line line = line_of("GET", "http://localhost/");
    assert_int_equal(security_check(&security, &line), 400);
    line = line_of("GET", "*");
    assert_int_equal(security_check(&security, &line), 400);
    line = line_of("GET", "/");
    line.host = NULL;
    line.host_headers = 0;
    assert_int_equal(security_check(&security, &line), 400);
    line = line_of("GET", "/");
    line.host_headers = 2;
    assert_int_equal(security_check(&security, &line), 400);
    line = line_of("GET", "/");
    line.host = "evil.example.com";
    assert_int_equal(security_check(&security, &line), 421);
    line = line_of("GET", "/");
    line.has_body = true;
    assert_int_equal(security_check(&security, &line), 413);
}

static void test_security_bounds_the_address(void **state)
{
    char url[URL_BYTES_MAX + 2];
    memset(url, 'a', sizeof(url));
    url[0] = '/';
    url[URL_BYTES_MAX] = '\0';
    struct request_line line = line_of("GET", url);
    assert_int_equal(security_check(&security, &line), 0);
    url[URL_BYTES_MAX] = 'a';
    url[URL_BYTES_MAX + 1] = '\0';
    assert_int_equal(security_check(&security, &line), 414);
}

static void test_security_policy_names_no_other_origin_and_nothing_inline(void **state)
{
    const char *policy = NULL;
    for (const struct header *header = security_headers(); header->name != NULL; header++) {
        if (strcmp(header->name, "Content-Security-Policy") == 0) {
            policy = header->value;
        }
    }
    assert_non_null(policy);
    assert_non_null(strstr(policy, "default-src 'none'"));
    assert_non_null(strstr(policy, "frame-ancestors 'none'"));
    assert_null(strstr(policy, "unsafe"));
    assert_null(strstr(policy, "http"));
    assert_null(strstr(policy, "*"));
    assert_null(strstr(policy, "data:"));
}

static void test_security_addresses_that_take_post_take_nothing_else(void **state)
{
    struct request_line line = line_of("POST", "/webhooks/shop");
    line.has_body = true;
    assert_int_equal(security_check(&security, &line), 405);
    line.takes_post = true;
    assert_int_equal(security_check(&security, &line), 0);
    line.method = "GET";
    assert_int_equal(security_check(&security, &line), 405);
    line.method = "POST";
    line.host = "evil.example.com";
    assert_int_equal(security_check(&security, &line), 421);
}

static void test_security_knows_pages_of_its_own(void **state)
{
    static const char host[] = "status.example.com:8443";
    assert_true(security_is_same_origin(NULL, NULL, host));
    assert_true(security_is_same_origin("https://status.example.com:8443", "same-origin", host));
    assert_true(security_is_same_origin("https://Status.Example.com:8443", NULL, host));
    static const char *const foreign[] = {"null",
                                          "",
                                          "https://status.example.com",
                                          "https://status.example.com:8443.evil.example.com",
                                          "https://evil.example.com",
                                          "status.example.com:8443"};
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        assert_false(security_is_same_origin(foreign[i], NULL, host));
    }
    assert_false(security_is_same_origin(NULL, "cross-site", host));
    assert_false(security_is_same_origin(NULL, "same-site", host));
    assert_false(security_is_same_origin(NULL, "none", host));
    assert_false(security_is_same_origin("https://status.example.com:8443", NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_security_allows_the_named_hosts),
        cmocka_unit_test(test_security_refuses_every_other_host),
        cmocka_unit_test(test_security_answers_get_and_head_only),
        cmocka_unit_test(test_security_refuses_malformed_requests),
        cmocka_unit_test(test_security_bounds_the_address),
        cmocka_unit_test(test_security_policy_names_no_other_origin_and_nothing_inline),
        cmocka_unit_test(test_security_addresses_that_take_post_take_nothing_else),
        cmocka_unit_test(test_security_knows_pages_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
