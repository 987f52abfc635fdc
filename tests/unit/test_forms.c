/* Forms: whose they are, and what they say. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "statusd/forms.h"

static void test_forms_offer_what_the_loop_says(void **state)
{
    struct offer offer = {.check = true, .token = "kept"};
    offer_read(STR("{\"ok\":true,\"actions\":[\"suspend\",\"resume\",\"dance\",7]}"), &offer);
    assert_false(offer.check);
    assert_true(offer.suspend && offer.resume);
    assert_string_equal(offer.token, "kept");
    static const char *const others[] = {"", "{", "[]", "{\"actions\":\"check\"}", "{\"ok\":true}"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        offer.check = true;
        offer_read(str_of(others[i]), &offer);
        assert_false(offer.check || offer.suspend || offer.resume);
    }
}

static void test_forms_tokens_are_of_one_browser_and_one_server(void **state)
{
    char mine[FORM_COOKIE_SIZE];
    char other[FORM_COOKIE_SIZE];
    char token[DIGEST_HEX_SIZE];
    struct error err;
    AUTO_SECRET key = NULL;
    AUTO_SECRET later = NULL;
    assert_true(forms_key_make(&key, &err) && forms_key_make(&later, &err));
    assert_true(forms_cookie_make(mine) && forms_cookie_make(other));
    assert_true(forms_cookie_is_one(mine));
    assert_string_not_equal(mine, other);
    forms_token(key, mine, token);
    assert_true(forms_token_is_right(key, mine, token));
    assert_false(forms_token_is_right(key, other, token));
    assert_false(forms_token_is_right(later, mine, token));
    assert_false(forms_token_is_right(key, NULL, token));
    assert_false(forms_token_is_right(key, mine, NULL));
    assert_false(forms_token_is_right(key, mine, ""));
    assert_false(forms_token_is_right(key, "", token));
    token[0] = token[0] == '0' ? '1' : '0';
    assert_false(forms_token_is_right(key, mine, token));
}

static void test_forms_cookies_are_nothing_else(void **state)
{
    static const char *const wrong[] = {"", "x", "0123456789abcdef0123456789abcde",
                                        "0123456789abcdef0123456789abcdefa",
                                        "0123456789ABCDEF0123456789abcdef"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(forms_cookie_is_one(wrong[i]));
    }
    assert_false(forms_cookie_is_one(NULL));
}

static void test_forms_fields_are_decoded(void **state)
{
    AUTO_ARENA arena = arena_create();
    const struct str body =
        STR("a=1&why=moving+the+%22house%22+%26c&empty=&bad=%4&worse=%zz&nul=a%00b&x=%d9%85");
    assert_string_equal(forms_value(arena, body, "a"), "1");
    assert_string_equal(forms_value(arena, body, "why"), "moving the \"house\" &c");
    assert_string_equal(forms_value(arena, body, "x"), "\xd9\x85");
    static const char *const none[] = {"empty", "bad", "worse", "nul", "wh", "1", ""};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_null(forms_value(arena, body, none[i]));
    }
    assert_null(forms_value(arena, STR(""), "a"));
    assert_null(forms_value(arena, STR("&&&"), "a"));
    assert_null(forms_value(arena, STR("a"), "a"));
    assert_null(forms_value(arena, STR("a=%"), "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms_offer_what_the_loop_says),
        cmocka_unit_test(test_forms_tokens_are_of_one_browser_and_one_server),
        cmocka_unit_test(test_forms_cookies_are_nothing_else),
        cmocka_unit_test(test_forms_fields_are_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
