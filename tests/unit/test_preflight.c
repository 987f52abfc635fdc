#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/preflight.h"

static const char *const identities[] = {"letsencrypt.org", "le.example", NULL};
static const struct preflight_authority authority = {.identities = identities};

static const char *objection(struct arena *arena, const struct preflight_name *name, bool is_served)
{
    const struct message *message = preflight_objection(&authority, name, is_served, arena);
    return message == NULL ? "" : message->text;
}

static void test_preflight_answers(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct preflight_name name = {
        .name = "a.example.com", .addresses = "192.0.2.1", .answer = PREFLIGHT_OURS};
    assert_string_equal(objection(arena, &name, true), "");
    name.answer = PREFLIGHT_OTHER;
    name.status = 404;
    assert_string_equal(
        objection(arena, &name, true),
        "a.example.com leads to 192.0.2.1, which answers HTTP 404 instead of our proof");
    assert_string_equal(objection(arena, &name, false), "");
    name.answer = PREFLIGHT_SILENCE;
    name.silence = "timed out";
    assert_string_equal(objection(arena, &name, true), "");
    name.is_here = true;
    assert_string_equal(objection(arena, &name, true),
                        "this host does not answer for a.example.com on port 80: timed out");
    assert_string_equal(objection(arena, &name, false), "");
}

static void test_preflight_lookup(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct preflight_name name = {.name = "a.example.com", .is_over_http = true};
    assert_string_equal(objection(arena, &name, false), "a.example.com has no address");
    name.lookup_error = "try again";
    assert_string_equal(objection(arena, &name, false),
                        "a.example.com cannot be looked up: try again");
    name = (struct preflight_name){.name = "*.example.com", .answer = PREFLIGHT_NOT_ASKED};
    assert_string_equal(objection(arena, &name, true), "");
}

static bool may_sign(struct arena *arena, const char *name, struct preflight_caa one,
                     struct preflight_caa other)
{
    struct preflight_name seen = {.name = name, .answer = PREFLIGHT_NOT_ASKED};
    vec_add(arena, &seen.caa, one);
    vec_add(arena, &seen.caa, other);
    return objection(arena, &seen, true)[0] == '\0';
}

static void test_preflight_caa(void **state)
{
    AUTO_ARENA arena = arena_create();
    const struct preflight_caa others = {false, "issue", "other.example"};
    const struct preflight_caa ours = {false, "issue", " LetsEncrypt.org; validationmethods=x"};
    const struct preflight_caa nobody = {false, "issue", ";"};
    const struct preflight_caa wild = {false, "issuewild", "other.example"};
    const struct preflight_caa ours_wild = {false, "ISSUEWILD", "le.example"};
    const struct preflight_caa mail = {false, "iodef", "mailto:a@example.com"};
    const struct preflight_caa new = {true, "tbs", "x"};
    assert_true(may_sign(arena, "a.test", mail, mail));
    assert_false(may_sign(arena, "a.test", others, mail));
    assert_true(may_sign(arena, "a.test", others, ours));
    assert_false(may_sign(arena, "a.test", nobody, mail));
    assert_false(may_sign(arena, "a.test", new, ours));
    assert_true(may_sign(arena, "a.test", wild, mail));
    assert_true(may_sign(arena, "a.test", wild, ours));
    assert_false(may_sign(arena, "*.a.test", wild, ours));
    assert_true(may_sign(arena, "*.a.test", ours_wild, others));
    assert_false(may_sign(arena, "*.a.test", others, mail));
    struct preflight_name name = {.name = "a.test", .answer = PREFLIGHT_NOT_ASKED};
    vec_add(arena, &name.caa, others);
    assert_string_equal(
        objection(arena, &name, true),
        "the name system lets others sign for a.test, and not letsencrypt.org (CAA)");
    const struct preflight_authority unknown = {0};
    assert_null(preflight_objection(&unknown, &name, true, arena));
}

static void test_preflight_clock(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct preflight_authority of = {.clock_difference = 3599};
    assert_null(preflight_clock_objection(&of, arena));
    of.clock_difference = 7230;
    assert_string_equal(preflight_clock_objection(&of, arena)->text,
                        "this host's clock is 120 minutes ahead of the authority's");
    of.clock_difference = -3600;
    assert_string_equal(preflight_clock_objection(&of, arena)->text,
                        "this host's clock is 60 minutes behind the authority's");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_preflight_answers),
        cmocka_unit_test(test_preflight_lookup),
        cmocka_unit_test(test_preflight_caa),
        cmocka_unit_test(test_preflight_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
