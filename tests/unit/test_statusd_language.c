/* Choosing a language. That the Arabic texts are complete is checked by tests/check-catalogues. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "statusd/language.h"

static void test_language_accept_takes_the_best_that_we_have(void **state)
{
    assert_int_equal(language_accept(NULL, LANGUAGE_ARABIC), LANGUAGE_ARABIC);
    assert_int_equal(language_accept("", LANGUAGE_ENGLISH), LANGUAGE_ENGLISH);
    assert_int_equal(language_accept("fr, de;q=0.5", LANGUAGE_ENGLISH), LANGUAGE_ENGLISH);
    assert_int_equal(language_accept("fr, ar;q=0.5", LANGUAGE_ENGLISH), LANGUAGE_ARABIC);
    assert_int_equal(language_accept("en;q=0.3,ar-EG;q=0.9", LANGUAGE_ENGLISH), LANGUAGE_ARABIC);
    assert_int_equal(language_accept("ar;q=0, en", LANGUAGE_ARABIC), LANGUAGE_ENGLISH);
    assert_int_equal(language_accept("en-US,en;q=0.9,ar;q=0.8", LANGUAGE_ARABIC), LANGUAGE_ENGLISH);
}

static void test_language_accept_survives_nonsense(void **state)
{
    static const char *const headers[] = {",",         ";",      "q=",          ";q=ar",
                                          ",,,;;;===", "ar;q=x", "ar;q=-1, , ", "*;q=9"};
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        assert_int_equal(language_accept(headers[i], LANGUAGE_ENGLISH), LANGUAGE_ENGLISH);
    }
}

static void test_language_without_catalogues_is_english(void **state)
{
    language_begin(PAGES_DOMAIN, "/nonexistent");
    assert_true(language_is_available(PAGES_DOMAIN, LANGUAGE_ENGLISH));
    assert_false(language_is_available(PAGES_DOMAIN, LANGUAGE_ARABIC));
    language_use(LANGUAGE_ARABIC);
    assert_string_equal(tr("Runs"), "Runs");
    assert_string_equal(ntr("one", "many", 1), "one");
    assert_string_equal(ntr("one", "many", 2), "many");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_language_accept_takes_the_best_that_we_have),
        cmocka_unit_test(test_language_accept_survives_nonsense),
        cmocka_unit_test(test_language_without_catalogues_is_english),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
