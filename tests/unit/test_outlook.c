#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/outlook.h"
#include "core/report.h"
#include "model/json.h"
#include "model/order_outlook.h"

static const struct acme_spending spendings[] = {
    {ACME_LIMIT_ORDERS, "https://ca.test/dir", NULL, 300, 2, 1},
    {ACME_LIMIT_DOMAIN, "https://ca.test/dir", "example.com", 50, 49, 2},
    {ACME_LIMIT_DUPLICATES, "https://ca.test/dir", "a.example.com, b.example.com", 5, 0, 1},
    {ACME_LIMIT_FAILURES, "https://ca.test/dir", "a.example.com", 5, 3, 0},
};

static struct report report_of(struct arena *arena)
{
    struct order_outlook *outlook = arena_new(arena, struct order_outlook);
    vec_add(arena, &outlook->notes,
            (struct order_note){"shop", message_make(arena, "%s has no address", "a.example.com")});
    for (size_t i = 0; i < sizeof(spendings) / sizeof(spendings[0]); i++) {
        vec_add(arena, &outlook->spendings, spendings[i]);
    }
    return (struct report){.arena = arena, .outlook = outlook};
}

static void test_outlook_text(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct report report = report_of(arena);
    struct text text = text_make(arena);
    outlook_write_text(&report, LANGUAGE_ENGLISH, &text);
    assert_string_equal(
        text.data,
        "  shop: a.example.com has no address\n"
        "  orders that the authority takes from this account: 2 of 300 are used, 1 more\n"
        "  certificates for names of example.com: 49 of 50 are used, 2 more\n"
        "  certificates for just a.example.com, b.example.com: 0 of 5 are used, 1 more\n"
        "  proofs that failed for a.example.com: 3 of 5\n");
}

static void test_outlook_json(void **state)
{
    AUTO_ARENA arena = arena_create();
    struct report report = report_of(arena);
    AUTO_JSON json = outlook_json(&report);
    const json_t *limits = json_object_get(json, "limits");
    const json_t *second = json_array_get(limits, 1);
    assert_int_equal(json_array_size(json_object_get(json, "objections")), 1);
    assert_int_equal(json_array_size(limits), 4);
    assert_string_equal(json_string_value(json_object_get(second, "limit")), "domain");
    assert_string_equal(json_string_value(json_object_get(second, "subject")), "example.com");
    assert_int_equal(json_integer_value(json_object_get(second, "added")), 2);
    report.outlook = NULL;
    AUTO_JSON nothing = outlook_json(&report);
    assert_true(json_is_null(nothing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outlook_text),
        cmocka_unit_test(test_outlook_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
