/* What is wrong with options, in our words; getopt must find nothing that is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "usage.h"

static const struct argp_option options[] = {
    {.doc = "What is done:", .group = 1},
    {"offline", 0x100, NULL, 0, "no host", 1},
    {"out", 0x101, "DIR", 0, "where", 1},
    {"output", 'o', "FORMAT", 0, "how", 1},
    {"quiet", 'q', NULL, 0, "less", 1},
    {"help", '?', NULL, 0, "this", -1},
    {0},
};

static void expect(const char *const *words, const char *want)
{
    AUTO_ARENA arena = arena_create();
    const struct message *mistake = usage_mistake(arena, options, words);
    if (want == NULL) {
        assert_null(mistake);
    } else {
        assert_non_null(mistake);
        assert_string_equal(mistake->text, want);
    }
}
#define EXPECT(want, ...) expect((const char *const[]){__VA_ARGS__, NULL}, want)

static void test_usage_takes_what_getopt_takes(void **state)
{
    EXPECT(NULL, "folder");
    EXPECT(NULL, "--offline", "-q", "folder", "--out", "--offline");
    EXPECT(NULL, "--out=x", "--output=json", "--off", "--outp", "json");
    EXPECT(NULL, "-qojson", "-o", "json", "-qo", "-x");
    EXPECT(NULL, "-", "--", "--nothing", "-x");
    EXPECT(NULL, "--help", "-?");
}

static void test_usage_names_the_mistake(void **state)
{
    EXPECT("--ofline is no option; did you mean --offline?", "--ofline");
    EXPECT("--wings is no option", "folder", "--wings=2");
    EXPECT("-x is no option", "-qx");
    EXPECT("--ou begins more than one option", "--ou=x");
    EXPECT("--offline takes no value", "--off=1");
    EXPECT("--out needs a value: DIR", "folder", "--out");
    EXPECT("-o needs a value: FORMAT", "-qo");
}

/* Without a catalogue the texts are those of the table; rows without one stay so. */
static void test_usage_options_keep_their_rows(void **state)
{
    AUTO_ARENA arena = arena_create();
    const struct argp_option *copy = usage_options(arena, LANGUAGE_ENGLISH, options);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        assert_ptr_equal(copy[i].name, options[i].name);
        assert_int_equal(copy[i].key, options[i].key);
        assert_ptr_equal(copy[i].doc, options[i].doc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usage_takes_what_getopt_takes),
        cmocka_unit_test(test_usage_names_the_mistake),
        cmocka_unit_test(test_usage_options_keep_their_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
