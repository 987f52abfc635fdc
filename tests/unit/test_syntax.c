#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <regex.h>
#include <stdio.h>

#include "schemas/value.h"

struct expectation {
    const struct syntax *syntax;
    const char *text;
    bool is_good;
};

#define LABEL_63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"

static const struct expectation expectations[] = {
    {&syntax_line, "", true},
    {&syntax_line, "a b; { } $ % \\", true},
    {&syntax_line, "a\nb", false},
    {&syntax_any, "a\nb", true},

    {&syntax_name, "shop", true},
    {&syntax_name, "shop.example.com", true},
    {&syntax_name, "Shop_2-a", true},
    {&syntax_name, "", false},
    {&syntax_name, "-shop", false},
    {&syntax_name, "..", false},
    {&syntax_name, "a/b", false},
    {&syntax_name, "a b", false},

    {&syntax_host_name, "localhost", true},
    {&syntax_host_name, "shop.example.com", true},
    {&syntax_host_name, "127.0.0.1", true},
    {&syntax_host_name, "::1", true},
    {&syntax_host_name, LABEL_63 ".com", true},
    {&syntax_host_name, LABEL_63 "g.com", false},
    {&syntax_host_name, LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63, false},
    {&syntax_host_name, "", false},
    {&syntax_host_name, "Shop.example.com", false},
    {&syntax_host_name, "shop.example.com.", false},
    {&syntax_host_name, "shop..example.com", false},
    {&syntax_host_name, "-shop.example.com", false},
    {&syntax_host_name, "shop-.example.com", false},
    {&syntax_host_name, "shop_1.example.com", false},
    {&syntax_host_name, "*.example.com", false},
    {&syntax_host_name, "1.2.3", false},
    {&syntax_host_name, "256.1.1.1", false},
    {&syntax_host_name, "a b", false},

    {&syntax_server_name, "*.example.com", true},
    {&syntax_server_name, "shop.example.com", true},
    {&syntax_server_name, "*.1.2.3.4", false},
    {&syntax_server_name, "*", false},
    {&syntax_server_name, "a.*.example.com", false},

    {&syntax_path, "/", true},
    {&syntax_path, "/srv/shop a/ü", true},
    {&syntax_path, "/srv/...", true},
    {&syntax_path, "", false},
    {&syntax_path, "srv", false},
    {&syntax_path, "//srv", false},
    {&syntax_path, "/srv//shop", false},
    {&syntax_path, "/srv/./shop", false},
    {&syntax_path, "/srv/../etc", false},
    {&syntax_path, "/srv/..", false},
    {&syntax_path, "/srv/", false},
    {&syntax_path, "/srv\n", false},

    {&syntax_url_path, "/", true},
    {&syntax_url_path, "/a?b=c", true},
    {&syntax_url_path, "a", false},
    {&syntax_url_path, "/a b", false},
    {&syntax_url_path, "/a\n", false},

    {&syntax_url, "http://127.0.0.1:3000", true},
    {&syntax_url, "https://example.com/a?b=c", true},
    {&syntax_url, "http://[::1]:3000/", true},
    {&syntax_url, "ftp://example.com", false},
    {&syntax_url, "http://", false},
    {&syntax_url, "http:///a", false},
    {&syntax_url, "http://user@example.com/", false},
    {&syntax_url, "http://example.com:0/", false},
    {&syntax_url, "http://example.com:", false},
    {&syntax_url, "http://[::1/", false},
    {&syntax_url, "http://example.com/a b", false},
    {&syntax_url, "http://example.com/\"", false},

    {&syntax_header_name, "X-Request-Id", true},
    {&syntax_header_name, "X Request", false},
    {&syntax_header_name, "X:", false},
    {&syntax_header_name, "", false},

    {&syntax_variable, "DATABASE_URL", true},
    {&syntax_variable, "_a1", true},
    {&syntax_variable, "1A", false},
    {&syntax_variable, "A-B", false},
    {&syntax_variable, "A=B", false},

    {&syntax_user, "shop", true},
    {&syntax_user, "_apt", true},
    {&syntax_user, "Shop", false},
    {&syntax_user, "1shop", false},
    {&syntax_user, "a123456789012345678901234567890", true},
    {&syntax_user, "a1234567890123456789012345678901", false},

    {&syntax_unit_name, "shop.service", true},
    {&syntax_unit_name, "getty@tty1.service", true},
    {&syntax_unit_name, "dev-disk-by\\x2duuid.device", true},
    {&syntax_unit_name, "shop", false},
    {&syntax_unit_name, ".service", false},
    {&syntax_unit_name, "a b.service", false},
    {&syntax_unit_name, "a/b.service", false},

    {&syntax_network, "10.0.0.0/8", true},
    {&syntax_network, "10.1.2.3", true},
    {&syntax_network, "fd00::/8", true},
    {&syntax_network, "10.0.0.0/33", false},
    {&syntax_network, "fd00::/129", false},
    {&syntax_network, "10.0.0.0/", false},
    {&syntax_network, "10.0.0/8", false},
    {&syntax_network, "all", false},

    {&syntax_domain, "example.com", true},
    {&syntax_domain, "intranet", true},
    {&syntax_domain, "10.0.0.0/8", true},
    {&syntax_domain, "::1", true},
    {&syntax_domain, "*.example.com", false},
    {&syntax_domain, ".example.com", false},
    {&syntax_domain, "Example.com", false},
    {&syntax_domain, "10.0.0.0/33", false},
    {&syntax_domain, "example.com/8", false},

    {&syntax_address_port, "127.0.0.1:3000", true},
    {&syntax_address_port, "[::1]:3000", true},
    {&syntax_address_port, "backend.example.com:80", true},
    {&syntax_address_port, "::1:3000", false},
    {&syntax_address_port, "127.0.0.1", false},
    {&syntax_address_port, ":3000", false},
    {&syntax_address_port, "127.0.0.1:70000", false},
    {&syntax_address_port, "[127.0.0.1]:80", false},

    {&syntax_date, "2026-12-31", true},
    {&syntax_date, "2028-02-29", true},
    {&syntax_date, "2026-12-31T23:59:59Z", true},
    {&syntax_date, "2026-12-31T23:59:59+03:00", true},
    {&syntax_date, "2026-02-29", false},
    {&syntax_date, "2026-13-01", false},
    {&syntax_date, "2026-1-1", false},
    {&syntax_date, "2026-12-31T23:59:59", false},
    {&syntax_date, "2026-12-31T24:00:00Z", false},
    {&syntax_date, "tomorrow", false},
};

enum { EXPECTATIONS = sizeof(expectations) / sizeof(expectations[0]) };

static void test_syntax_accepts_what_it_should(void **state)
{
    for (size_t i = 0; i < EXPECTATIONS; i++) {
        const struct expectation *expectation = &expectations[i];
        if (expectation->syntax->check(expectation->text) != expectation->is_good) {
            fail_msg("%s: \"%s\" should be %s", expectation->syntax->name, expectation->text,
                     expectation->is_good ? "good" : "refused");
        }
    }
}

static void test_syntax_accepts_its_own_example(void **state)
{
    for (size_t i = 0; i < EXPECTATIONS; i++) {
        assert_true(expectations[i].syntax->check(expectations[i].syntax->example));
    }
}

/* An editor must not mark what we accept. The patterns use what ECMA 262 and POSIX read alike,
 * apart from \s and \n. */
static void test_syntax_pattern_is_no_stricter_than_the_check(void **state)
{
    for (size_t i = 0; i < EXPECTATIONS; i++) {
        const struct expectation *expectation = &expectations[i];
        const char *pattern = expectation->syntax->pattern;
        if (!expectation->is_good || pattern == NULL || strchr(pattern, '\\') != NULL) {
            continue;
        }
        regex_t expression;
        assert_int_equal(regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB), 0);
        if (regexec(&expression, expectation->text, 0, NULL, 0) != 0) {
            fail_msg("%s does not match \"%s\"", pattern, expectation->text);
        }
        regfree(&expression);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syntax_accepts_what_it_should),
        cmocka_unit_test(test_syntax_accepts_its_own_example),
        cmocka_unit_test(test_syntax_pattern_is_no_stricter_than_the_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
