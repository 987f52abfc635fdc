/* Which language a user's locale asks for. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/language.h"

static void test_language_parse_takes_a_code_with_or_without_region(void **state)
{
    enum language language = LANGUAGE_ENGLISH;
    assert_true(language_parse("ar", &language));
    assert_int_equal(language, LANGUAGE_ARABIC);
    assert_true(language_parse("en-GB", &language));
    assert_int_equal(language, LANGUAGE_ENGLISH);
    assert_true(language_parse("AR_eg", &language));
    assert_int_equal(language, LANGUAGE_ARABIC);
    assert_true(language_parse("en_US.UTF-8", &language));
    assert_int_equal(language, LANGUAGE_ENGLISH);
    assert_true(language_parse("ar@latin", &language));
    assert_int_equal(language, LANGUAGE_ARABIC);
    assert_false(language_parse("fr", &language));
    assert_false(language_parse("a", &language));
    assert_false(language_parse("arc", &language));
    assert_false(language_parse("", &language));
    assert_int_equal(language, LANGUAGE_ARABIC);
}

static void test_language_of_locale(void **state)
{
    static const struct {
        const char *all, *messages, *lang, *language;
        enum language want;
    } rows[] = {
        {NULL, NULL, NULL, NULL, LANGUAGE_ENGLISH},
        {NULL, NULL, "ar_EG.UTF-8", NULL, LANGUAGE_ARABIC},
        {NULL, NULL, "ar_EG", NULL, LANGUAGE_ARABIC},
        {NULL, NULL, "ar_EG.utf8", NULL, LANGUAGE_ARABIC},
        {NULL, NULL, "ar_EG.utf8@euro", NULL, LANGUAGE_ARABIC},
        {NULL, "ar_SA.UTF-8", "en_US.UTF-8", NULL, LANGUAGE_ARABIC},
        {"en_US.UTF-8", "ar_SA.UTF-8", "ar_SA.UTF-8", NULL, LANGUAGE_ENGLISH},
        {"", "ar_SA.UTF-8", "", "", LANGUAGE_ARABIC},
        /* LANGUAGE goes before the locale's own language, but never before C. */
        {NULL, NULL, "C.UTF-8", "ar", LANGUAGE_ARABIC},
        {NULL, NULL, "de_DE.UTF-8", "fr:ar:en", LANGUAGE_ARABIC},
        {NULL, NULL, "ar_EG.UTF-8", "en_GB:ar", LANGUAGE_ENGLISH},
        {NULL, NULL, "ar_EG.UTF-8", "fr", LANGUAGE_ENGLISH},
        {NULL, NULL, "ar_EG.UTF-8", "::ar", LANGUAGE_ARABIC},
        {NULL, NULL, "C", "ar", LANGUAGE_ENGLISH},
        {"POSIX", NULL, "ar_EG.UTF-8", "ar", LANGUAGE_ENGLISH},
        {NULL, NULL, NULL, "ar", LANGUAGE_ENGLISH},
        {NULL, NULL, "C.UTF-8", NULL, LANGUAGE_ENGLISH},
        /* Another encoding could not show what stands in the files. */
        {NULL, NULL, "ar_EG.ISO-8859-6", NULL, LANGUAGE_ENGLISH},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum language found =
            language_of_locale(rows[i].all, rows[i].messages, rows[i].lang, rows[i].language);
        if (found != rows[i].want) {
            fail_msg("row %zu", i);
        }
    }
}

static void test_language_of_environment_reads_the_usual_variables(void **state)
{
    assert_int_equal(setenv("LC_ALL", "", 1), 0);
    assert_int_equal(setenv("LC_MESSAGES", "", 1), 0);
    assert_int_equal(setenv("LANG", "ar_EG.UTF-8", 1), 0);
    assert_int_equal(setenv("LANGUAGE", "", 1), 0);
    assert_int_equal(language_of_environment(), LANGUAGE_ARABIC);
    assert_int_equal(setenv("LC_ALL", "C", 1), 0);
    assert_int_equal(language_of_environment(), LANGUAGE_ENGLISH);
}

static void test_language_without_catalogues_is_english(void **state)
{
    language_begin("reconcile", "/nonexistent");
    assert_true(language_is_available("reconcile", LANGUAGE_ENGLISH));
    assert_false(language_is_available("reconcile", LANGUAGE_ARABIC));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_language_parse_takes_a_code_with_or_without_region),
        cmocka_unit_test(test_language_of_locale),
        cmocka_unit_test(test_language_of_environment_reads_the_usual_variables),
        cmocka_unit_test(test_language_without_catalogues_is_english),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
