/* Which names lie in which domains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/domains.h"

static void test_domains_have_what_lies_below_them(void **state)
{
    (void)state;
    static const char *const domains[] = {"example.com", "intranet",      "10.0.0.0/9",
                                          "192.0.2.7",   "2001:db8::/33", NULL};
    static const char *const inside[] = {"example.com",     "a.b.example.com", "*.example.com",
                                         "*.a.example.com", "intranet",        "wiki.intranet",
                                         "10.0.0.0",        "10.127.255.255",  "192.0.2.7",
                                         "2001:db8::1",     "2001:db8:7fff::"};
    static const char *const outside[] = {
        "example.org", "badexample.com", "com",       "*.com",           "example.com.org",
        "xintranet",   "10.128.0.0",     "192.0.2.8", "::ffff:10.0.0.1", "2001:db8:8000::"};
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
        assert_true(domains_have(domains, inside[i]));
        assert_true(domains_have(NULL, inside[i]));
    }
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        assert_false(domains_have(domains, outside[i]));
    }
}

static void test_domains_network_is_address_and_mask(void **state)
{
    (void)state;
    static const unsigned char address[] = {10, 32, 0, 0};
    static const unsigned char mask[] = {255, 224, 0, 0};
    struct domains_network network;
    assert_true(domains_read_network("10.45.1.1/11", &network));
    assert_int_equal(network.size, 4);
    assert_memory_equal(network.address, address, 4);
    assert_memory_equal(network.mask, mask, 4);
    assert_true(domains_read_network("::/0", &network));
    assert_int_equal(network.size, 16);
    assert_int_equal(network.mask[0], 0);
    assert_false(domains_read_network("example.com", &network));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_domains_have_what_lies_below_them),
        cmocka_unit_test(test_domains_network_is_address_and_mask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
