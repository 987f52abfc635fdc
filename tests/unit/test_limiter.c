/* How often one address may do something. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "statusd/limiter.h"

#define SECOND ((int64_t)1000000)

static struct in6_addr address_of(uint8_t last)
{
    struct in6_addr address = IN6ADDR_LOOPBACK_INIT;
    address.s6_addr[15] = last;
    return address;
}

static void test_limiter_lets_so_many_at_once_and_a_minute(void **state)
{
    struct limiter limiter = {.burst = 3, .a_minute = 6};
    const struct in6_addr one = address_of(1);
    int64_t now = 5 * SECOND;
    for (int i = 0; i < 3; i++) {
        assert_true(limiter_allows(&limiter, &one, now));
        limiter_take(&limiter, &one, now);
    }
    assert_false(limiter_allows(&limiter, &one, now));
    assert_false(limiter_allows(&limiter, &one, now + 9 * SECOND));
    assert_true(limiter_allows(&limiter, &one, now + 10 * SECOND));
    limiter_take(&limiter, &one, now + 10 * SECOND);
    assert_false(limiter_allows(&limiter, &one, now + 11 * SECOND));
    /* Never more than at once. */
    now += 1000 * SECOND;
    for (int i = 0; i < 3; i++) {
        limiter_take(&limiter, &one, now);
    }
    assert_false(limiter_allows(&limiter, &one, now));
}

static void test_limiter_looks_at_each_address_alone(void **state)
{
    struct limiter limiter = {.burst = 1, .a_minute = 1};
    const struct in6_addr one = address_of(1);
    const struct in6_addr two = address_of(2);
    limiter_take(&limiter, &one, SECOND);
    assert_false(limiter_allows(&limiter, &one, SECOND));
    assert_true(limiter_allows(&limiter, &two, SECOND));
}

static void test_limiter_forgets_the_quietest(void **state)
{
    struct limiter limiter = {.burst = 1, .a_minute = 1};
    for (int i = 0; i < LIMITER_ADDRESSES + 1; i++) {
        struct in6_addr address = address_of((uint8_t)i);
        address.s6_addr[14] = (uint8_t)(i >> 8);
        limiter_take(&limiter, &address, SECOND + i);
        assert_false(limiter_allows(&limiter, &address, SECOND + i));
    }
    const struct in6_addr first = address_of(0);
    assert_true(limiter_allows(&limiter, &first, 2 * SECOND));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limiter_lets_so_many_at_once_and_a_minute),
        cmocka_unit_test(test_limiter_looks_at_each_address_alone),
        cmocka_unit_test(test_limiter_forgets_the_quietest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
