/* SHA-256 against published values, and that parts know where they end. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/digest.h"

/* FIPS 180-2, appendix B. */
static void test_digest_hex_is_sha256(void **state)
{
    char hex[DIGEST_HEX_SIZE];
    digest_hex(STR("abc"), hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_hex((struct str){NULL, 0}, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void digest_of_two(struct str a, struct str b, char hex[DIGEST_HEX_SIZE])
{
    struct digest *digest = digest_begin();
    digest_add(digest, a);
    digest_add(digest, b);
    digest_end(digest, hex);
}

static void test_digest_of_parts_knows_where_they_end(void **state)
{
    char first[DIGEST_HEX_SIZE];
    char second[DIGEST_HEX_SIZE];
    digest_of_two(STR("ab"), STR("c"), first);
    digest_of_two(STR("a"), STR("bc"), second);
    assert_string_not_equal(first, second);
    digest_of_two(STR("ab"), STR("c"), second);
    assert_string_equal(first, second);
    digest_of_two(STR("abc"), STR(""), second);
    assert_string_not_equal(first, second);
}

static void test_digest_of_parts_is_the_same_on_every_machine(void **state)
{
    char of_parts[DIGEST_HEX_SIZE];
    char of_whole[DIGEST_HEX_SIZE];
    digest_of_two(STR("ab"), STR("c"), of_parts);
    digest_hex(STR("\2\0\0\0\0\0\0\0ab\1\0\0\0\0\0\0\0c"), of_whole);
    assert_string_equal(of_parts, of_whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest_hex_is_sha256),
        cmocka_unit_test(test_digest_of_parts_knows_where_they_end),
        cmocka_unit_test(test_digest_of_parts_is_the_same_on_every_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
