/* What is signed is verified by OpenSSL from the public key that was sent along. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>

#include "acme/base64url.h"
#include "acme/jws.h"
#include "base/file.h"
#include "model/json.h"

enum { HALF = 32 };

static struct str member(struct arena *arena, const json_t *object, const char *name)
{
    struct str bytes = {0};
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    assert_true(base64url_read(arena, text, &bytes));
    return bytes;
}

static struct str signed_text(struct arena *arena, const json_t *object)
{
    return str_of(arena_printf(arena, "%s.%s",
                               json_string_value(json_object_get(object, "protected")),
                               json_string_value(json_object_get(object, "payload"))));
}

static EVP_PKEY *key_of(struct arena *arena, const json_t *public)
{
    unsigned char point[1 + 2 * HALF] = {4}; /* uncompressed */
    struct str x = member(arena, public, "x");
    struct str y = member(arena, public, "y");
    assert_int_equal(x.length, HALF);
    assert_int_equal(y.length, HALF);
    memcpy(point + 1, x.data, HALF);
    memcpy(point + 1 + HALF, y.data, HALF);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point));
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters), 1);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    return key;
}

static bool verifies(EVP_PKEY *key, struct str text, struct str signature)
{
    const unsigned char *bytes = (const unsigned char *)signature.data;
    ECDSA_SIG *numbers = ECDSA_SIG_new();
    ECDSA_SIG_set0(numbers, BN_bin2bn(bytes, HALF, NULL), BN_bin2bn(bytes + HALF, HALF, NULL));
    unsigned char *der = NULL;
    int length = i2d_ECDSA_SIG(numbers, &der);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool is_good = EVP_DigestVerifyInit(digest, NULL, EVP_sha256(), NULL, key) == 1 &&
                   EVP_DigestVerify(digest, der, (size_t)length, (const unsigned char *)text.data,
                                    text.length) == 1;
    EVP_MD_CTX_free(digest);
    OPENSSL_free(der);
    ECDSA_SIG_free(numbers);
    return is_good;
}

static int make_folder(struct arena *arena, const char **out_path)
{
    char *path = arena_strdup(arena, "/tmp/test_jws.XXXXXX");
    assert_non_null(mkdtemp(path));
    *out_path = path;
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void test_jws_by_the_account(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct error err = {0};
    const char *path = NULL;
    AUTO_FD folder = make_folder(arena, &path);
    AUTO_KEY key = jws_account_key(folder, arena, &err);
    AUTO_KEY again = jws_account_key(folder, arena, &err);
    struct stat status;
    assert_non_null(key);
    assert_int_equal(EVP_PKEY_eq(key, again), 1);
    assert_int_equal(fstatat(folder, "private/key.pem", &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    AUTO_JSON public = jws_public(key, arena);
    AUTO_KEY sent = key_of(arena, public);
    for (int i = 0; i < 300; i++) { /* numbers with leading zeros too */
        const char *text = jws_sign(key, json_pack("{s:s}", "url", "https://ca.test/new"),
                                    arena_printf(arena, "{\"n\":%d}", i), arena, &err);
        assert_non_null(text);
        AUTO_JSON object = json_loads(text, 0, NULL);
        struct str signature = member(arena, object, "signature");
        assert_int_equal(signature.length, 2 * HALF);
        assert_true(verifies(sent, signed_text(arena, object), signature));
        assert_false(verifies(sent, STR("another text"), signature));
        assert_string_equal(member(arena, object, "protected").data,
                            "{\"alg\":\"ES256\",\"url\":\"https://ca.test/new\"}");
    }
    assert_true(file_remove_all(AT_FDCWD, path, &err));
}

static void test_jws_by_a_shared_key(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct error err = {0};
    const char *text =
        jws_authenticate(STR("key"), json_pack("{s:s}", "kid", "1"), "{}", arena, &err);
    AUTO_JSON object = json_loads(text, 0, NULL);
    struct str input = signed_text(arena, object);
    struct str code = member(arena, object, "signature");
    unsigned char wanted[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    assert_non_null(HMAC(EVP_sha256(), "key", 3, (const unsigned char *)input.data, input.length,
                         wanted, &length));
    assert_int_equal(code.length, length);
    assert_memory_equal(code.data, wanted, length);
    assert_string_equal(member(arena, object, "protected").data,
                        "{\"alg\":\"HS256\",\"kid\":\"1\"}");
}

static void test_jws_other_keys(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct error err = {0};
    const char *path = NULL;
    AUTO_FD folder = make_folder(arena, &path);
    assert_true(file_make_directories(folder, "private", 0700, &err));
    assert_true(file_replace(folder, "private/key.pem", STR("no key\n"), 0600, FILE_OWNER_NONE,
                             FILE_SYNC_LATER, &err));
    assert_null(jws_account_key(folder, arena, &err));
    assert_string_equal(err.message, "private/key.pem is no key on NIST P-256");
    assert_true(file_remove_all(AT_FDCWD, path, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jws_by_the_account),
        cmocka_unit_test(test_jws_by_a_shared_key),
        cmocka_unit_test(test_jws_other_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
