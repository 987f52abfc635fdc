/* Facts that a host saved are read as they were written, and nothing else is. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/facts.h"

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

static void test_facts_read_as_written(void **state)
{
    struct facts facts = facts_debian12();
    facts.cpus = 3;
    facts.nginx_version = 1026000;
    facts.has_ipv6 = false;
    facts.nameservers = "192.0.2.53 [2001:db8::53]:5353";
    facts.foreign_default_servers = "0.0.0.0:80 [::]:80";
    facts.is_assumed = false;
    const char *text = facts_write(*state, &facts);
    struct facts read;
    struct error err = {0};
    assert_true(facts_read(*state, str_of(text), &read, &err));
    assert_int_equal(read.cpus, 3);
    assert_int_equal(read.nginx_version, 1026000);
    assert_false(read.has_ipv6);
    assert_false(read.is_assumed);
    assert_string_equal(read.nameservers, facts.nameservers);
    assert_string_equal(read.foreign_default_servers, facts.foreign_default_servers);
    assert_string_equal(facts_write(*state, &read), text);
}

static void test_facts_refuse_what_is_no_address(void **state)
{
    struct facts facts = facts_debian12();
    facts.nameservers = "127.0.0.1; include /etc/passwd";
    struct facts read;
    struct error err = {0};
    assert_false(facts_read(*state, str_of(facts_write(*state, &facts)), &read, &err));
    assert_int_equal(err.code, ERROR_FORMAT);
}

static void test_facts_refuse_unknown_and_missing_members(void **state)
{
    struct facts read;
    struct error err = {0};
    assert_false(facts_read(*state, STR("{}"), &read, &err));
    assert_false(facts_read(*state, STR("{\"cpus\": 1"), &read, &err));
    assert_false(facts_read(*state, STR("[]"), &read, &err));
}

static void test_facts_know_modules_by_whole_words(void **state)
{
    struct facts facts = {.nginx_modules = "http_v2 http_ssl"};
    assert_true(facts_nginx_has(&facts, "http_v2"));
    assert_true(facts_nginx_has(&facts, "http_ssl"));
    assert_false(facts_nginx_has(&facts, "http_v"));
    assert_false(facts_nginx_has(&facts, "http_v3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_facts_read_as_written, setup, teardown),
        cmocka_unit_test_setup_teardown(test_facts_refuse_what_is_no_address, setup, teardown),
        cmocka_unit_test_setup_teardown(test_facts_refuse_unknown_and_missing_members, setup,
                                        teardown),
        cmocka_unit_test(test_facts_know_modules_by_whole_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
