/* The internal authority: made once and completely, trusted by OpenSSL's own verification, and what
 * it signs holds for the names that were asked for and no other. */

#include "provider/sandbox.h"

#include <signal.h>
#include <sys/wait.h>

#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include "providers/authority.h"
#include "providers/signing.h"
#include "providers/staging.h"

#define CA  "var/lib/reconcile/authority/ca.pem"
#define KEY "var/lib/reconcile/authority/key.pem"

static struct authority *open_to_sign(struct sandbox *sandbox)
{
    struct authority *authority = NULL;
    struct error err;
    if (!authority_open_to_sign(&sandbox->host, sandbox->arena, &authority, &err)) {
        fail_msg("%s", err.message);
    }
    return authority;
}

static X509 *read_certificate(struct sandbox *sandbox, const char *pem)
{
    AUTO_BIO bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_non_null(certificate);
    return certificate;
}

static X509 *read_ca(struct sandbox *sandbox)
{
    return read_certificate(sandbox, test_folder_read(sandbox->folder, CA));
}

static X509 *leaf_of(struct sandbox *sandbox, const struct pair *pair)
{
    struct str chain = {0};
    assert_true(pair_write_chain(pair, sandbox->arena, &chain, NULL));
    return read_certificate(sandbox, chain.data);
}

/* As a client does that trusts the authority: X509_V_OK, or what it says. */
static int verify(X509 *ca, X509 *leaf, const char *host, int64_t now)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_add_cert(store, ca), 1);
    assert_int_equal(X509_STORE_CTX_init(context, store, leaf, NULL), 1);
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
    assert_int_equal(X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER), 1);
    X509_VERIFY_PARAM_set_time(parameters, now);
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
    int is_set = strchr(host, ':') != NULL || strspn(host, "0123456789.") == strlen(host)
                     ? X509_VERIFY_PARAM_set1_ip_asc(parameters, host)
                     : X509_VERIFY_PARAM_set1_host(parameters, host, 0);
    assert_int_equal(is_set, 1);
    int result = X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return result;
}

static struct pair *issue(struct sandbox *sandbox, const struct authority *authority,
                          const char *key_type, const char *const *names, size_t count)
{
    const struct authority_request request = {
        .names = names,
        .name_count = count,
        .key_type = key_type,
        .lifetime_seconds = INT64_C(90) * 86400,
        .now = sandbox_now(&sandbox->host),
    };
    struct error err;
    struct pair *pair = authority_issue(authority, &request, &err);
    if (pair == NULL) {
        fail_msg("%s", err.message);
    }
    return pair;
}

static void test_authority_is_not_made_by_looking(void **state)
{
    struct sandbox *sandbox = *state;
    struct authority *authority = NULL;
    assert_true(authority_open(&sandbox->host, sandbox->arena, &authority, NULL));
    assert_null(authority);
    assert_string_equal(test_folder_list(sandbox->folder, "."), "");
}

static void test_authority_is_made_once_with_a_private_key(void **state)
{
    struct sandbox *sandbox = *state;
    AUTO_AUTHORITY first = open_to_sign(sandbox);
    assert_int_equal(test_folder_mode(sandbox->folder, KEY), S_IFREG | 0600);
    assert_int_equal(test_folder_mode(sandbox->folder, CA), S_IFREG | 0644);
    assert_string_equal(test_folder_list(sandbox->folder, "var/lib/reconcile"), "authority ");
    const char *before = test_folder_read(sandbox->folder, KEY);
    AUTO_AUTHORITY second = open_to_sign(sandbox);
    assert_string_equal(test_folder_read(sandbox->folder, KEY), before);
    AUTO_AUTHORITY third = NULL;
    assert_true(authority_open(&sandbox->host, sandbox->arena, &third, NULL));
    assert_non_null(third);
}

static void test_authority_certificate_may_sign_leaves_only(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox->now = 1800000000;
    AUTO_AUTHORITY authority = open_to_sign(sandbox);
    AUTO_CERTIFICATE ca = read_ca(sandbox);
    assert_int_equal(X509_check_ca(ca), 1);
    assert_int_equal(X509_get_pathlen(ca), 0);
    assert_int_equal(X509_get_version(ca), 2);
    assert_int_equal(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_non_null(X509_get0_subject_key_id(ca));
    time_t before_end = 1800000000 + INT64_C(3651) * 86400;
    time_t after_end = 1800000000 + INT64_C(3653) * 86400;
    assert_true(X509_cmp_time(X509_get0_notAfter(ca), &before_end) > 0);
    assert_true(X509_cmp_time(X509_get0_notAfter(ca), &after_end) < 0);
}

static void test_authority_issues_what_clients_accept(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const names[] = {"shop.test", "*.shop.test", "10.1.2.3", "2001:db8::1"};
    static const char *const types[] = {"ecdsa-p256", "ecdsa-p384", "rsa-2048"};
    AUTO_AUTHORITY authority = open_to_sign(sandbox);
    AUTO_CERTIFICATE ca = read_ca(sandbox);
    int64_t now = sandbox_now(&sandbox->host);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        AUTO_PAIR pair = issue(sandbox, authority, types[i], names, 4);
        AUTO_CERTIFICATE leaf = leaf_of(sandbox, pair);
        assert_int_equal(verify(ca, leaf, "shop.test", now), X509_V_OK);
        assert_int_equal(verify(ca, leaf, "www.shop.test", now), X509_V_OK);
        assert_int_equal(verify(ca, leaf, "10.1.2.3", now), X509_V_OK);
        assert_int_equal(verify(ca, leaf, "2001:db8::1", now), X509_V_OK);
        assert_int_equal(verify(ca, leaf, "shop.test", now - 240), X509_V_OK);
        assert_int_equal(verify(ca, leaf, "other.test", now), X509_V_ERR_HOSTNAME_MISMATCH);
        assert_int_equal(verify(ca, leaf, "10.1.2.4", now), X509_V_ERR_IP_ADDRESS_MISMATCH);
        assert_int_equal(verify(ca, leaf, "shop.test", now + INT64_C(91) * 86400),
                         X509_V_ERR_CERT_HAS_EXPIRED);
        const struct certificate_pair *described = pair_describe(pair, sandbox->arena);
        assert_string_equal(described->key_type, types[i]);
        assert_true(described->has_key);
        assert_int_equal(described->name_count, 4);
        assert_string_equal(described->names[0], "*.shop.test");
        assert_true(authority_has_signed(authority, pair));
    }
}

/* What clients make of a root with limits, for a name that its key has signed all the same. */
static void expect_limits(struct sandbox *sandbox, const char *const *names, bool is_accepted)
{
    AUTO_AUTHORITY authority = open_to_sign(sandbox);
    AUTO_CERTIFICATE ca = read_ca(sandbox);
    int64_t now = sandbox_now(&sandbox->host);
    for (size_t i = 0; names[i] != NULL; i++) {
        AUTO_PAIR pair = issue(sandbox, authority, "ecdsa-p256", &names[i], 1);
        AUTO_CERTIFICATE leaf = leaf_of(sandbox, pair);
        const char *refused = NULL;
        const char *host = strncmp(names[i], "*.", 2) == 0
                               ? arena_printf(sandbox->arena, "www%s", names[i] + 1)
                               : names[i];
        int result = verify(ca, leaf, host, now);
        assert_int_equal(authority_may_sign(authority, &names[i], 1, &refused), is_accepted);
        if (is_accepted) {
            assert_int_equal(result, X509_V_OK);
        } else {
            assert_true(result == X509_V_ERR_PERMITTED_VIOLATION ||
                        result == X509_V_ERR_EXCLUDED_VIOLATION);
            assert_ptr_equal(refused, names[i]);
        }
    }
}

static void test_authority_root_is_limited_to_the_domains(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const domains[] = {"example.com", "corp.internal", "10.0.0.0/8", NULL};
    static const char *const inside[] = {"example.com",   "www.example.com", "*.example.com",
                                         "corp.internal", "10.1.2.3",        NULL};
    static const char *const outside[] = {
        "example.org", "badexample.com", "internal", "*.example.org",
        "192.0.2.1",   "2001:db8::1",    NULL};
    sandbox->layout.domains = domains;
    expect_limits(sandbox, inside, true);
    expect_limits(sandbox, outside, false);
    AUTO_CERTIFICATE ca = read_ca(sandbox);
    int at = X509_get_ext_by_NID(ca, NID_name_constraints, -1);
    assert_int_equal(X509_EXTENSION_get_critical(X509_get_ext(ca, at)), 1);
}

static void test_authority_form_of_names_without_a_domain_is_excluded(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const networks[] = {"2001:db8::/32", NULL};
    static const char *const inside[] = {"2001:db8::1", NULL};
    static const char *const outside[] = {"example.com", "localhost", "127.0.0.1", "::1", NULL};
    sandbox->layout.domains = networks;
    expect_limits(sandbox, inside, true);
    expect_limits(sandbox, outside, false);
}

static void test_authority_knows_whether_its_limits_are_those_of_the_settings(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const domains[] = {"b.test", "a.test", "10.0.0.0/8", NULL};
    static const char *const sorted[] = {"10.0.0.0/8", "a.test", "b.test", NULL};
    static const char *const fewer[] = {"a.test", "b.test", NULL};
    AUTO_AUTHORITY without = open_to_sign(sandbox);
    assert_true(authority_is_limited_to(without, NULL));
    assert_false(authority_is_limited_to(without, domains));
    sandbox->layout.authority = "/var/lib/reconcile/other";
    sandbox->layout.domains = domains;
    AUTO_AUTHORITY limited = open_to_sign(sandbox);
    assert_true(authority_is_limited_to(limited, domains));
    assert_true(authority_is_limited_to(limited, sorted));
    assert_false(authority_is_limited_to(limited, fewer));
    assert_false(authority_is_limited_to(limited, NULL));
}

static void test_authority_serial_numbers_are_long_and_differ(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const names[] = {"shop.test"};
    AUTO_AUTHORITY authority = open_to_sign(sandbox);
    AUTO_PAIR first = issue(sandbox, authority, "ecdsa-p256", names, 1);
    AUTO_PAIR second = issue(sandbox, authority, "ecdsa-p256", names, 1);
    AUTO_CERTIFICATE a = leaf_of(sandbox, first);
    AUTO_CERTIFICATE b = leaf_of(sandbox, second);
    assert_int_equal(ASN1_STRING_length(X509_get_serialNumber(a)), 16);
    assert_int_not_equal(ASN1_INTEGER_cmp(X509_get_serialNumber(a), X509_get_serialNumber(b)), 0);
    assert_int_equal(ASN1_STRING_type(X509_get_serialNumber(a)), V_ASN1_INTEGER);
}

static void test_authority_long_name_goes_without_a_subject(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const names[] = {
        "a-very-long-label-that-fills-nearly-the-whole-of-its-sixty-three.shop.example.test"};
    AUTO_AUTHORITY authority = open_to_sign(sandbox);
    AUTO_CERTIFICATE ca = read_ca(sandbox);
    AUTO_PAIR pair = issue(sandbox, authority, "ecdsa-p256", names, 1);
    AUTO_CERTIFICATE leaf = leaf_of(sandbox, pair);
    assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(leaf)), 0);
    assert_int_equal(verify(ca, leaf, names[0], sandbox_now(&sandbox->host)), X509_V_OK);
}

static void test_authority_hostile_name_stays_one_name(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const names[] = {"a.test,DNS:evil.test", "b.test\nDNS:evil.test",
                                        "email:copy"};
    AUTO_AUTHORITY authority = open_to_sign(sandbox);
    AUTO_CERTIFICATE ca = read_ca(sandbox);
    AUTO_PAIR pair = issue(sandbox, authority, "ecdsa-p256", names, 3);
    AUTO_CERTIFICATE leaf = leaf_of(sandbox, pair);
    int64_t now = sandbox_now(&sandbox->host);
    assert_int_not_equal(verify(ca, leaf, "evil.test", now), X509_V_OK);
    assert_int_equal(pair_describe(pair, sandbox->arena)->name_count, 3);
}

static void test_authority_leaf_ends_with_its_authority(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const names[] = {"shop.test"};
    sandbox->now = 1800000000;
    AUTO_AUTHORITY authority = open_to_sign(sandbox);
    sandbox->now += INT64_C(3650) * 86400;
    AUTO_PAIR pair = issue(sandbox, authority, "ecdsa-p256", names, 1);
    const struct certificate_pair *described = pair_describe(pair, sandbox->arena);
    assert_true(described->expires_at < sandbox->now + INT64_C(3) * 86400);
    sandbox->now += INT64_C(3) * 86400;
    const struct authority_request late = {names, 1, "ecdsa-p256", 86400, sandbox->now};
    struct error err = {0};
    assert_null(authority_issue(authority, &late, &err));
    assert_non_null(strstr(err.message, "has expired"));
}

static void test_authority_of_another_host_has_another_name(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const names[] = {"shop.test"};
    AUTO_AUTHORITY first = open_to_sign(sandbox);
    AUTO_PAIR pair = issue(sandbox, first, "ecdsa-p256", names, 1);
    sandbox->layout.authority = "/var/lib/reconcile/other";
    AUTO_AUTHORITY second = open_to_sign(sandbox);
    AUTO_PAIR other = issue(sandbox, second, "ecdsa-p256", names, 1);
    assert_false(authority_has_signed(second, pair));
    assert_false(authority_has_signed(NULL, pair));
    assert_string_not_equal(pair_describe(pair, sandbox->arena)->issued_by,
                            pair_describe(other, sandbox->arena)->issued_by);
}

static void test_authority_half_or_wrong_files_are_errors(void **state)
{
    struct sandbox *sandbox = *state;
    struct authority *authority = NULL;
    struct error err = {0};
    authority_release(open_to_sign(sandbox));
    const char *key = test_folder_read(sandbox->folder, KEY);
    assert_int_equal(unlinkat(sandbox->host.root, KEY, 0), 0);
    assert_false(authority_open_to_sign(&sandbox->host, sandbox->arena, &authority, &err));
    assert_non_null(strstr(err.message, "key of the internal authority"));
    assert_null(test_folder_read(sandbox->folder, KEY));

    test_folder_write(sandbox->folder, KEY, "no key");
    assert_false(authority_open_to_sign(&sandbox->host, sandbox->arena, &authority, &err));
    test_folder_write(sandbox->folder, KEY, key);
    authority_release(open_to_sign(sandbox));

    test_folder_write(sandbox->folder, CA, "no certificate");
    assert_false(authority_open(&sandbox->host, sandbox->arena, &authority, &err));
    assert_false(authority_open_to_sign(&sandbox->host, sandbox->arena, &authority, &err));
    assert_int_equal(unlinkat(sandbox->host.root, CA, 0), 0);
    assert_false(authority_open_to_sign(&sandbox->host, sandbox->arena, &authority, &err));
    assert_string_equal(test_folder_read(sandbox->folder, KEY), key);
}

static void test_authority_certificate_of_a_leaf_is_refused(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const names[] = {"shop.test"};
    AUTO_AUTHORITY authority = open_to_sign(sandbox);
    AUTO_PAIR pair = issue(sandbox, authority, "ecdsa-p256", names, 1);
    struct str chain = {0};
    assert_true(pair_write_chain(pair, sandbox->arena, &chain, NULL));
    test_folder_write(sandbox->folder, CA, chain.data);
    struct authority *refused = NULL;
    struct error err = {0};
    assert_false(authority_open(&sandbox->host, sandbox->arena, &refused, &err));
    assert_non_null(strstr(err.message, "not the certificate of an authority"));
}

static void test_authority_is_not_made_through_a_link(void **state)
{
    struct sandbox *sandbox = *state;
    sandbox_mkdirs(sandbox, "var/lib/reconcile");
    sandbox_mkdirs(sandbox, "elsewhere");
    test_folder_link(sandbox->folder, "var/lib/reconcile/authority", "../../../elsewhere");
    struct authority *authority = NULL;
    struct error err = {0};
    assert_false(authority_open_to_sign(&sandbox->host, sandbox->arena, &authority, &err));
    assert_string_equal(test_folder_list(sandbox->folder, "elsewhere"), "");
}

static void test_authority_killed_making_leaves_both_files_or_none(void **state)
{
    struct sandbox *sandbox = *state;
    for (long trial = 0; trial < 30; trial++) {
        pid_t child = fork();
        if (child == 0) {
            authority_release(open_to_sign(sandbox));
            _exit(0);
        }
        struct timespec delay = {.tv_nsec = trial * 500000};
        (void)nanosleep(&delay, NULL);
        (void)kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_true(staging_clean(&sandbox->host, sandbox->arena, NULL));
        const char *found = test_folder_exists(sandbox->folder, "var/lib/reconcile")
                                ? test_folder_list(sandbox->folder, "var/lib/reconcile")
                                : "";
        if (strcmp(found, "") != 0) {
            assert_string_equal(found, "authority ");
            assert_string_equal(test_folder_list(sandbox->folder, "var/lib/reconcile/authority"),
                                "ca.pem key.pem ");
            authority_release(open_to_sign(sandbox));
            assert_true(file_remove_all(sandbox->host.root, "var/lib/reconcile/authority", NULL));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SANDBOX_TEST(test_authority_is_not_made_by_looking),
        SANDBOX_TEST(test_authority_is_made_once_with_a_private_key),
        SANDBOX_TEST(test_authority_certificate_may_sign_leaves_only),
        SANDBOX_TEST(test_authority_issues_what_clients_accept),
        SANDBOX_TEST(test_authority_root_is_limited_to_the_domains),
        SANDBOX_TEST(test_authority_form_of_names_without_a_domain_is_excluded),
        SANDBOX_TEST(test_authority_knows_whether_its_limits_are_those_of_the_settings),
        SANDBOX_TEST(test_authority_serial_numbers_are_long_and_differ),
        SANDBOX_TEST(test_authority_long_name_goes_without_a_subject),
        SANDBOX_TEST(test_authority_hostile_name_stays_one_name),
        SANDBOX_TEST(test_authority_leaf_ends_with_its_authority),
        SANDBOX_TEST(test_authority_of_another_host_has_another_name),
        SANDBOX_TEST(test_authority_half_or_wrong_files_are_errors),
        SANDBOX_TEST(test_authority_certificate_of_a_leaf_is_refused),
        SANDBOX_TEST(test_authority_is_not_made_through_a_link),
        SANDBOX_TEST(test_authority_killed_making_leaves_both_files_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
