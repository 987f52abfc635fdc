/* Which words name an issuer, and which names no public authority signs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schemas/issuer.h"

static void test_issuer_local_names(void **state)
{
    (void)state;
    static const char *const local[] = {"web1",       "a.test",      "*.a.test",   "x.LOCAL",
                                        "a.internal", "a.localhost", "192.0.2.10", "2001:db8::1"};
    static const char *const public[] = {"example.com",      "*.example.com", "test.example.com",
                                         "local.example.de", "atest.dev",     "internal.io"};
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
        assert_true(issuer_is_local_name(local[i]));
    }
    for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++) {
        assert_false(issuer_is_local_name(public[i]));
    }
}

static void test_issuer_words(void **state)
{
    (void)state;
    assert_true(syntax_issuer.check("file"));
    assert_false(syntax_host_issuer.check("file"));
    assert_true(syntax_host_issuer.check("letsencrypt"));
    assert_true(syntax_host_issuer.check("https://ca.example.com/acme/directory"));
    assert_false(syntax_issuer.check("https://"));
    assert_false(syntax_issuer.check("http://ca.example.com/"));
    assert_false(syntax_issuer.check("Letsencrypt"));
    assert_int_equal(issuer_type("internal"), CERTIFICATE_INTERNAL);
    assert_null(issuer_directory("internal"));
    assert_string_equal(issuer_rehearsal("letsencrypt"), issuer_directory("letsencrypt-staging"));
    assert_null(issuer_rehearsal("letsencrypt-staging"));
    assert_null(issuer_rehearsal("https://ca.example.com/acme/directory"));
    assert_true(syntax_rehearsal.check("none"));
    assert_true(syntax_rehearsal.check("letsencrypt-staging"));
    assert_false(syntax_rehearsal.check("internal"));
    assert_false(syntax_rehearsal.check("file"));
    assert_true(issuer_is_public("letsencrypt"));
    assert_false(issuer_is_public("https://ca.example.com/acme/directory"));
    assert_false(issuer_is_public("internal"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_issuer_local_names),
        cmocka_unit_test(test_issuer_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
