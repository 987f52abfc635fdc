#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "input/known_hosts.h"

/* "YWJj" is "abc", "ZGVm" is "def". The hashed line was made by ssh-keygen -H for
 * git.example.com. */
static const struct str abc = {"abc", 3};
static const struct str def = {"def", 3};

static enum known_host check(const char *file, const char *name, unsigned port, struct str key)
{
    AUTO_ARENA arena = arena_create();
    return known_hosts_check(arena, str_of(file), (struct ssh_host){name, port}, key);
}

static void test_known_hosts_key_must_be_the_listed_one(void **state)
{
    static const char file[] = "# a comment\n\n  git.example.com,git2 ssh-ed25519 YWJj a comment\n";
    assert_int_equal(check(file, "git.example.com", 22, abc), KNOWN_HOST_MATCHES);
    assert_int_equal(check(file, "GIT.example.com", 22, abc), KNOWN_HOST_MATCHES);
    assert_int_equal(check(file, "git2", 22, abc), KNOWN_HOST_MATCHES);
    assert_int_equal(check(file, "git.example.com", 22, def), KNOWN_HOST_DIFFERS);
    assert_int_equal(check(file, "git.example.com", 2222, abc), KNOWN_HOST_ABSENT);
    assert_int_equal(check(file, "git.example.org", 22, abc), KNOWN_HOST_ABSENT);
    assert_int_equal(check(file, "git.example.com", 22, (struct str){"", 0}), KNOWN_HOST_DIFFERS);
    assert_int_equal(check("", "git.example.com", 22, abc), KNOWN_HOST_ABSENT);
    assert_int_equal(check("git.example.com ssh-ed25519\n", "git.example.com", 22, abc),
                     KNOWN_HOST_ABSENT);
}

static void test_known_hosts_takes_ports_and_patterns(void **state)
{
    assert_int_equal(check("[a.test]:2222 x YWJj\r\n", "a.test", 2222, abc), KNOWN_HOST_MATCHES);
    assert_int_equal(check("[a.test]:2222 x YWJj\n", "a.test", 22, abc), KNOWN_HOST_ABSENT);
    assert_int_equal(check("*.a.test,!b.a.test x YWJj\n", "c.a.test", 22, abc), KNOWN_HOST_MATCHES);
    assert_int_equal(check("*.a.test,!b.a.test x YWJj\n", "b.a.test", 22, abc), KNOWN_HOST_ABSENT);
    assert_int_equal(check("?.test x YWJj\n", "a.test", 22, abc), KNOWN_HOST_MATCHES);
    assert_int_equal(check("?.test x YWJj\n", "ab.test", 22, abc), KNOWN_HOST_ABSENT);
    assert_int_equal(check("*a*b*c x YWJj\n", "xxaxxbxbxxc", 22, abc), KNOWN_HOST_MATCHES);
    assert_int_equal(check("* x YWJj\n", "anything", 22, abc), KNOWN_HOST_MATCHES);
    assert_int_equal(check("::1 x YWJj\n", "::1", 22, abc), KNOWN_HOST_MATCHES);
}

static void test_known_hosts_takes_hashed_names(void **state)
{
    static const char file[] =
        "|1|N3lMn+BeHyoWcuYwkrPGb1/pvVk=|p/A+EJ02eRr29EKtfjGn6eny9EA= ssh-ed25519 YWJj\n";
    assert_int_equal(check(file, "git.example.com", 22, abc), KNOWN_HOST_MATCHES);
    assert_int_equal(check(file, "git.example.org", 22, abc), KNOWN_HOST_ABSENT);
    static const char *const broken[] = {"|1| x YWJj\n",      "|1|a x YWJj\n",
                                         "|1|YWJj| x YWJj\n", "|1|YWJj|YWJj x YWJj\n",
                                         "|1||YWJj x YWJj\n", "|1|====|==== x YWJj\n"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        assert_int_equal(check(broken[i], "git.example.com", 22, abc), KNOWN_HOST_ABSENT);
    }
}

static void test_known_hosts_revoked_goes_before_all(void **state)
{
    static const char file[] = "a.test x YWJj\n@revoked * x YWJj\n@cert-authority * x ZGVm\n";
    assert_int_equal(check(file, "a.test", 22, abc), KNOWN_HOST_REVOKED);
    assert_int_equal(check(file, "a.test", 22, def), KNOWN_HOST_DIFFERS);
    assert_int_equal(check(file, "b.test", 22, def), KNOWN_HOST_ABSENT);
}

static void test_known_hosts_of_one_host_are_plain(void **state)
{
    AUTO_ARENA arena = arena_create();
    static const char file[] = "[A.test]:2222,b ssh-ed25519 YWJj note\n@revoked * x ZGVm\n"
                               "other x ZGVm\n[*]:2222 ssh-rsa ZGVm\n";
    assert_string_equal(known_hosts_of(arena, str_of(file), (struct ssh_host){"a.test", 2222}),
                        "[a.test]:2222 ssh-ed25519 YWJj\n[a.test]:2222 ssh-rsa ZGVm\n");
    assert_string_equal(known_hosts_of(arena, str_of(file), (struct ssh_host){"c", 22}), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_hosts_key_must_be_the_listed_one),
        cmocka_unit_test(test_known_hosts_takes_ports_and_patterns),
        cmocka_unit_test(test_known_hosts_takes_hashed_names),
        cmocka_unit_test(test_known_hosts_revoked_goes_before_all),
        cmocka_unit_test(test_known_hosts_of_one_host_are_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
