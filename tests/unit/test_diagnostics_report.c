#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/diagnostics_report.h"
#include "model/json.h"

struct fixture {
    struct arena *arena;
    struct diagnostic_list diagnostics;
    const struct source *shop;
    const struct source *blog;
};

static const char shop_text[] = "sites:\n"
                                "  shop:\n"
                                "    prox: service:shop\n"
                                "    password: hunter2\n";

static int setup(void **state)
{
    struct arena *arena = arena_create();
    struct fixture *fixture = arena_new(arena, struct fixture);
    fixture->arena = arena;
    fixture->shop = source_make(arena, "sites/shop.yaml", str_of(shop_text));
    fixture->blog = source_make(arena, "sites/blog.yaml", str_of("sites:\n  shop: {}\n"));
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    arena_destroy(((struct fixture *)*state)->arena);
    return 0;
}

static struct span word(const struct source *source, const char *text)
{
    size_t first = (size_t)(strstr(source->content.data, text) - source->content.data);
    return (struct span){source, first, first + strlen(text)};
}

static const char *written(struct fixture *fixture)
{
    struct text text = text_make(fixture->arena);
    diagnostics_write_text(&fixture->diagnostics, LANGUAGE_ENGLISH, false, &text);
    return text.data;
}

static void test_diagnostics_report_has_place_line_mark_and_help(void **state)
{
    struct fixture *fixture = *state;
    struct diagnostic *diagnostic =
        diagnostic_add(fixture->arena, &fixture->diagnostics, DIAGNOSTIC_UNKNOWN_FIELD,
                       word(fixture->shop, "prox"), "prox", NULL);
    diagnostic->suggestion = "proxy";
    diagnostic->path = "site shop";
    assert_string_equal(written(fixture), "error[R012]: unknown field \"prox\"\n"
                                          "  --> sites/shop.yaml:3:5 (site shop)\n"
                                          "   |\n"
                                          " 3 |     prox: service:shop\n"
                                          "   |     ^^^^\n"
                                          "help: did you mean \"proxy\"?\n"
                                          "\n"
                                          "1 error\n");
}

static void test_diagnostics_report_shows_both_places_in_order_of_files(void **state)
{
    struct fixture *fixture = *state;
    diagnostic_add(fixture->arena, &fixture->diagnostics, DIAGNOSTIC_EMPTY_KEY,
                   word(fixture->shop, "prox"), NULL);
    diagnostic_add(fixture->arena, &fixture->diagnostics, DIAGNOSTIC_DUPLICATE_DOCUMENT,
                   word(fixture->blog, "shop"), "site", "shop", NULL)
        ->second = word(fixture->shop, "shop");
    diagnostic_add(fixture->arena, &fixture->diagnostics, DIAGNOSTIC_FILE_UNREADABLE, SPAN_NONE,
                   "x.yaml", NULL)
        ->why = message_word(fixture->arena, "Permission denied");
    assert_string_equal(
        written(fixture),
        "error[R001]: cannot read x.yaml: Permission denied\n"
        "\n"
        "error[R051]: site \"shop\" is written twice\n"
        "  --> sites/blog.yaml:2:3\n"
        "   |\n"
        " 2 |   shop: {}\n"
        "   |   ^^^^\n"
        "  ::: sites/shop.yaml:2:3\n"
        "   |\n"
        " 2 |   shop:\n"
        "   |   ^^^^\n"
        "help: keep one of them; an environment or host overlay may change single fields\n"
        "\n"
        "error[R037]: the key is empty\n"
        "  --> sites/shop.yaml:3:5\n"
        "   |\n"
        " 3 |     prox: service:shop\n"
        "   |     ^^^^\n"
        "\n"
        "3 errors\n");
}

static void test_diagnostics_report_hides_lines_with_secrets(void **state)
{
    struct fixture *fixture = *state;
    diagnostic_add(fixture->arena, &fixture->diagnostics, DIAGNOSTIC_UNKNOWN_FIELD,
                   word(fixture->shop, "password"), "password", NULL);
    diagnostic_add(fixture->arena, &fixture->diagnostics, DIAGNOSTIC_UNKNOWN_FIELD,
                   word(fixture->shop, "prox"), "prox", NULL)
        ->hides_source = true;
    const char *text = written(fixture);
    assert_null(strstr(text, "hunter2"));
    assert_null(strstr(text, "service:shop"));
    assert_non_null(strstr(text, " 4 | (the line may hold a secret and is not shown)\n"));
}

static void test_diagnostics_report_says_the_same_once(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 3; i++) {
        diagnostic_add(fixture->arena, &fixture->diagnostics, DIAGNOSTIC_UNKNOWN_FIELD,
                       word(fixture->shop, "prox"), "prox", NULL);
    }
    diagnostic_add(fixture->arena, &fixture->diagnostics, DIAGNOSTIC_UNKNOWN_FIELD,
                   word(fixture->shop, "prox"), "proxy", NULL);
    assert_true(text_ends_with(written(fixture), "\n\n2 errors\n"));
}

static void test_diagnostics_report_keeps_notes_behind_their_error(void **state)
{
    struct fixture *fixture = *state;
    diagnostic_add(fixture->arena, &fixture->diagnostics, DIAGNOSTIC_DEPENDENCY_CYCLE,
                   word(fixture->shop, "prox"), "a -> b -> a", NULL);
    diagnostic_add(fixture->arena, &fixture->diagnostics, DIAGNOSTIC_CYCLE_STEP,
                   word(fixture->blog, "shop"), "a", "b", NULL);
    diagnostic_add(fixture->arena, &fixture->diagnostics, DIAGNOSTIC_EMPTY_KEY,
                   word(fixture->blog, "sites"), NULL);
    const char *text = written(fixture);
    const char *first = strstr(text, "R037");
    const char *second = strstr(text, "R060");
    const char *third = strstr(text, "note[R061]: a needs b here");
    assert_non_null(first);
    assert_true(first < second && second < third);
    assert_true(text_ends_with(text, "\n2 errors\n"));
}

static void test_diagnostics_report_makes_arguments_harmless(void **state)
{
    struct fixture *fixture = *state;
    struct diagnostic *diagnostic =
        diagnostic_add(fixture->arena, &fixture->diagnostics, DIAGNOSTIC_UNKNOWN_FIELD, SPAN_NONE,
                       "a\x1b[31m\xE2\x80\xAE{1}\xFF", NULL);
    assert_string_equal(diagnostic_message(fixture->arena, LANGUAGE_ENGLISH, diagnostic),
                        "unknown field \"a?[31m?{1}?\"");
    diagnostic->suggestion = "\x07";
    assert_string_equal(diagnostic_help(fixture->arena, LANGUAGE_ENGLISH, diagnostic),
                        "did you mean \"?\"?");
}

static void test_diagnostics_report_colors_only_when_asked(void **state)
{
    struct fixture *fixture = *state;
    diagnostic_add(fixture->arena, &fixture->diagnostics, DIAGNOSTIC_UNKNOWN_FIELD,
                   word(fixture->shop, "prox"), "prox", NULL);
    assert_null(strchr(written(fixture), '\033'));
    struct text text = text_make(fixture->arena);
    diagnostics_write_text(&fixture->diagnostics, LANGUAGE_ENGLISH, true, &text);
    assert_non_null(strstr(text.data, "\033[1;31merror[R012]\033[0m"));
}

static void test_diagnostics_report_empty_list_writes_nothing(void **state)
{
    assert_string_equal(written(*state), "");
}

static void test_diagnostics_report_json_has_places_as_numbers(void **state)
{
    struct fixture *fixture = *state;
    diagnostic_add(fixture->arena, &fixture->diagnostics, DIAGNOSTIC_DUPLICATE_DOCUMENT,
                   word(fixture->blog, "shop"), "site", "shop", NULL)
        ->second = word(fixture->shop, "shop");
    AUTO_JSON json = diagnostics_json(fixture->arena, &fixture->diagnostics);
    char *text = json_dumps(json, JSON_COMPACT);
    assert_string_equal(
        text, "[{\"code\":\"R051\",\"severity\":\"error\","
              "\"message\":\"site \\\"shop\\\" is written twice\","
              "\"help\":\"keep one of them; an environment or host overlay may change single "
              "fields\",\"file\":\"sites/blog.yaml\",\"line\":2,\"column\":3,\"end_line\":2,"
              "\"end_column\":7,\"other\":{\"file\":\"sites/shop.yaml\",\"line\":2,\"column\":3,"
              "\"end_line\":2,\"end_column\":7}}]");
    free(text);
}

static bool has_placeholder(const char *text)
{
    const char *brace = strchr(text, '{');
    for (; brace != NULL; brace = strchr(brace + 1, '{')) {
        const char *at = brace[1] == 't' ? brace + 2 : brace + 1;
        if (*at >= '0' && *at <= '9') {
            return true;
        }
    }
    return false;
}

/* Every placeholder of every text can be filled. */
static void test_diagnostics_report_every_text_is_well_formed(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < DIAGNOSTIC_COUNT; i++) {
        struct diagnostic diagnostic = {.code = (enum diagnostic_code)i,
                                        .arguments = {"one", "two", "three", "four"}};
        const char *message = diagnostic_message(fixture->arena, LANGUAGE_ENGLISH, &diagnostic);
        const char *help = diagnostic_help(fixture->arena, LANGUAGE_ENGLISH, &diagnostic);
        const char *number = diagnostic_info(diagnostic.code)->number;
        if (*message == '\0' || has_placeholder(message)) {
            fail_msg("%s: %s", number, message);
        }
        if (help != NULL && has_placeholder(help)) {
            fail_msg("%s: %s", number, help);
        }
        assert_true(text_ends_with(diagnostic_info(diagnostic.code)->explanation, "."));
        assert_ptr_equal(diagnostic_find(number), diagnostic_info(diagnostic.code));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_diagnostics_report_has_place_line_mark_and_help),
        TEST(test_diagnostics_report_shows_both_places_in_order_of_files),
        TEST(test_diagnostics_report_hides_lines_with_secrets),
        TEST(test_diagnostics_report_says_the_same_once),
        TEST(test_diagnostics_report_keeps_notes_behind_their_error),
        TEST(test_diagnostics_report_makes_arguments_harmless),
        TEST(test_diagnostics_report_colors_only_when_asked),
        TEST(test_diagnostics_report_empty_list_writes_nothing),
        TEST(test_diagnostics_report_json_has_places_as_numbers),
        TEST(test_diagnostics_report_every_text_is_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
