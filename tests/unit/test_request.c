/* Parameters, numbers and addresses of a request. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "statusd/request.h"

static struct request request_of(struct arena *arena, const char *path)
{
    struct request request = {.arena = arena, .path = path};
    vec_add(arena, &request.parameters, (struct parameter){"kind", "site"});
    vec_add(arena, &request.parameters, (struct parameter){"q", "a&b"});
    vec_add(arena, &request.parameters, (struct parameter){"empty", ""});
    return request;
}

static void test_request_parameter_is_null_when_empty_or_absent(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct request request = request_of(arena, "/");
    assert_string_equal(request_parameter(&request, "kind"), "site");
    assert_null(request_parameter(&request, "empty"));
    assert_null(request_parameter(&request, "absent"));
}

static void test_request_url_changes_one_parameter(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct request request = request_of(arena, "/r/site/a b");
    assert_string_equal(request_url(&request, "kind", "service"),
                        "/r/site/a%20b?q=a%26b&empty=&kind=service");
    assert_string_equal(request_url(&request, "kind", NULL), "/r/site/a%20b?q=a%26b&empty=");
    request.parameters.count = 0;
    assert_string_equal(request_url(&request, "kind", NULL), "/r/site/a%20b");
    assert_string_equal(resource_url(arena, "site", "a/b"), "/r/site/a%2Fb");
}

static void test_request_number_takes_plain_digits_within_its_limits(void **state)
{
    assert_int_equal(number_parse("12", 1, 100, 7), 12);
    assert_int_equal(number_parse("0", 1, 100, 7), 7);
    assert_int_equal(number_parse("101", 1, 100, 7), 7);
    assert_int_equal(number_parse("", 1, 100, 7), 7);
    assert_int_equal(number_parse(NULL, 1, 100, 7), 7);
    assert_int_equal(number_parse("-1", 1, 100, 7), 7);
    assert_int_equal(number_parse(" 1", 1, 100, 7), 7);
    assert_int_equal(number_parse("1x", 1, 100, 7), 7);
    assert_int_equal(number_parse("99999999999999999999999", 1, INT64_MAX, 7), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_parameter_is_null_when_empty_or_absent),
        cmocka_unit_test(test_request_url_changes_one_parameter),
        cmocka_unit_test(test_request_number_takes_plain_digits_within_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
