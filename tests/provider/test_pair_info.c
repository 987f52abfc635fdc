/* The lines beside a pair: read back as written, and nothing else is taken for them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "providers/pair_info.h"

static const char *const names[] = {"*.shop.test", "10.0.0.1", "shop.test", NULL};
static const struct certificate_pair full = {
    .names = names,
    .name_count = 3,
    .key_type = "ecdsa-p256",
    .issued_by = "CN = reconcile internal authority 0123abcd",
    .fingerprint = "00ff",
    .starts_at = 1800000000,
    .expires_at = 1807776000,
    .has_key = true,
};

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

static void test_pair_info_reads_back_what_it_wrote(void **state)
{
    const struct certificate_pair *read = pair_info_read(pair_info_write(&full, *state), *state);
    assert_non_null(read);
    assert_int_equal(read->name_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(read->names[i], names[i]);
    }
    assert_null(read->names[3]);
    assert_string_equal(read->key_type, full.key_type);
    assert_string_equal(read->issued_by, full.issued_by);
    assert_string_equal(read->fingerprint, full.fingerprint);
    assert_int_equal(read->starts_at, full.starts_at);
    assert_int_equal(read->expires_at, full.expires_at);
    assert_true(read->has_key);
}

static void test_pair_info_cut_anywhere_is_none(void **state)
{
    struct str text = pair_info_write(&full, *state);
    size_t before_names = (size_t)(strstr(text.data, "name ") - text.data);
    for (size_t length = 0; length < before_names; length++) {
        assert_null(pair_info_read((struct str){text.data, length}, *state));
    }
}

static void test_pair_info_other_texts_are_none(void **state)
{
    static const char *const others[] = {
        "",
        "\n",
        "reconcile pair 2\nkey a\n",
        "reconcile pair 1\nkey a\nissuer b\nfingerprint c\nstarts 1\nexpires x\n",
        "reconcile pair 1\nkey a\nissuer b\nfingerprint c\nstarts 5\nexpires 5\n",
        "reconcile pair 1\nkey a\nissuer b\nfingerprint c\nstarts 1\nexpires 5\nwhat d\n",
        "reconcile pair 1\nkey a\nissuer b\nfingerprint c\nstarts 1\nexpires 5\nname\n",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_null(pair_info_read(str_of(others[i]), *state));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pair_info_reads_back_what_it_wrote, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pair_info_cut_anywhere_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pair_info_other_texts_are_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
