/* Secrets: read whole, compared in constant time, known across runs only by an HMAC. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/secret.h"
#include "support/folder.h"

struct expected {
    const char *text;
    size_t length;
};

static bool is_expected(const void *bytes, size_t length, void *context)
{
    const struct expected *expected = context;
    return length == expected->length && memcmp(bytes, expected->text, length) == 0;
}

static bool holds(const struct secret *secret, const char *text, size_t length)
{
    struct expected expected = {text, length};
    return secret_use(secret, is_expected, &expected);
}

static void test_secret_read_drops_one_newline(void **state)
{
    static const struct {
        const char *content;
        const char *secret;
    } rows[] = {{"plain", "plain"}, {"line\n", "line"}, {"two\n\n", "two\n"}, {"\n", ""}, {"", ""}};
    const struct test_folder *folder = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_folder_write(folder, "secret", rows[i].content);
        AUTO_SECRET secret = NULL;
        assert_true(secret_read(folder->fd, "secret", &secret, NULL));
        assert_true(holds(secret, rows[i].secret, strlen(rows[i].secret)));
        assert_int_equal(secret_length(secret), strlen(rows[i].secret));
    }
}

static void test_secret_read_refuses_links_folders_and_size(void **state)
{
    const struct test_folder *folder = *state;
    struct secret *secret = NULL;
    struct error err;
    test_folder_write(folder, "real", "x");
    test_folder_link(folder, "link", "real");
    assert_false(secret_read(folder->fd, "link", &secret, &err));
    assert_int_equal(err.number, ELOOP);
    assert_false(secret_read(folder->fd, ".", &secret, &err));
    assert_int_equal(err.code, ERROR_FORMAT);
    assert_false(secret_read(folder->fd, "absent", &secret, &err));
    assert_int_equal(err.number, ENOENT);
    test_folder_write(folder, "most", arena_printf(folder->arena, "%65536s", "x"));
    assert_true(secret_read(folder->fd, "most", &secret, &err));
    assert_int_equal(secret_length(secret), 65536);
    secret_release(secret);
    secret = NULL;
    test_folder_write(folder, "large", arena_printf(folder->arena, "%65537s", "x"));
    assert_false(secret_read(folder->fd, "large", &secret, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_null(secret);
}

static void test_secret_error_never_holds_the_value(void **state)
{
    const struct test_folder *folder = *state;
    struct secret *secret = NULL;
    struct error err;
    const char *value = arena_printf(folder->arena, "hunter2%65536s", "x");
    test_folder_write(folder, "large", value);
    assert_false(secret_read(folder->fd, "large", &secret, &err));
    assert_null(strstr(err.message, "hunter2"));
}

static void test_secret_keeps_nul_bytes(void **state)
{
    AUTO_SECRET secret = secret_from_bytes("a\0b", 3);
    assert_true(holds(secret, "a\0b", 3));
}

static void test_secret_equal_compares_the_whole(void **state)
{
    AUTO_SECRET one = secret_from_bytes("abc", 3);
    AUTO_SECRET same = secret_from_bytes("abc", 3);
    AUTO_SECRET other = secret_from_bytes("abd", 3);
    AUTO_SECRET shorter = secret_from_bytes("ab", 2);
    AUTO_SECRET empty = secret_from_bytes(NULL, 0);
    AUTO_SECRET also_empty = secret_from_bytes("", 0);
    assert_true(secret_equal(one, same));
    assert_false(secret_equal(one, other));
    assert_false(secret_equal(one, shorter));
    assert_true(secret_equal(empty, also_empty));
}

/* RFC 4231, test case 2. */
static void test_secret_digest_is_hmac_sha256(void **state)
{
    AUTO_SECRET key = secret_from_bytes("Jefe", 4);
    const char *data = "what do ya want for nothing?";
    AUTO_SECRET secret = secret_from_bytes(data, strlen(data));
    char hex[65];
    secret_digest(secret, key, hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void test_secret_digest_takes_empty_values(void **state)
{
    AUTO_SECRET empty = secret_from_bytes(NULL, 0);
    char hex[65];
    secret_digest(empty, empty, hex);
    assert_string_equal(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

#define WITH_FOLDER(test)                                                                          \
    cmocka_unit_test_setup_teardown(test, test_folder_setup, test_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_secret_read_drops_one_newline),
        WITH_FOLDER(test_secret_read_refuses_links_folders_and_size),
        WITH_FOLDER(test_secret_error_never_holds_the_value),
        cmocka_unit_test(test_secret_keeps_nul_bytes),
        cmocka_unit_test(test_secret_equal_compares_the_whole),
        cmocka_unit_test(test_secret_digest_is_hmac_sha256),
        cmocka_unit_test(test_secret_digest_takes_empty_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
