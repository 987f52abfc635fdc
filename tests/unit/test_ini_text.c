/* What is written in the form of php.ini is read back the same, by us and by the real PHP. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/process.h"
#include "base/text.h"
#include "renderers/ini_text.h"
#include "support/folder.h"

enum { RANDOM_COUNT = 300, RANDOM_MOST = 24 };

static const char php[] = "/usr/bin/php8.2";

static const char *const hostile[] = {
    "",
    "plain",
    "20m",
    "off",
    "null",
    "\"",
    "\\",
    "\\\\",
    "a\\\"b\\",
    "\";evil = \"1",
    "${PATH}",
    "$${PATH}$",
    "$\"\"{PATH}",
    "\\${PATH}",
    "$",
    "$pool",
    "a;b # c",
    "[section]",
    "'single'",
    "E_ALL & ~E_NOTICE | !1 ^ (2)",
    "a = b",
    " spaces around ",
    "100% \\n \\t \\x41",
    "\xd8\xb9\xd8\xb1\xd8\xa8\xd9\x8a",
    "PHP_VERSION",
    "%s {}[]()<>?",
};

struct fixture {
    struct arena *arena;
    struct test_folder *folder;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    fixture->arena = arena_create();
    *state = fixture;
    return test_folder_setup((void **)&fixture->folder);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    (void)test_folder_teardown((void **)&fixture->folder);
    arena_destroy(fixture->arena);
    free(fixture);
    return 0;
}

/* Of the characters that mean something to some reader; the same ones each time. */
static const char *random_value(struct arena *arena, uint32_t *seed)
{
    static const char characters[] = "$${{}}\"\"\\\\'';#=[]()&|~!^% anA0\t.";
    struct text text = text_make(arena);
    *seed = *seed * 1664525 + 1013904223;
    size_t length = (*seed >> 16) % RANDOM_MOST;
    for (size_t i = 0; i < length; i++) {
        *seed = *seed * 1664525 + 1013904223;
        text_add_char(&text, characters[(*seed >> 16) % (sizeof(characters) - 1)]);
    }
    return text.data;
}

static size_t values_make(struct arena *arena, const char ***out)
{
    size_t fixed = sizeof(hostile) / sizeof(hostile[0]);
    uint32_t seed = 1;
    *out = arena_array(arena, fixed + RANDOM_COUNT, sizeof(**out));
    memcpy(*out, hostile, sizeof(hostile));
    for (size_t i = 0; i < RANDOM_COUNT; i++) {
        (*out)[fixed + i] = random_value(arena, &seed);
    }
    return fixed + RANDOM_COUNT;
}

static struct str values_write(struct arena *arena, const char *const *values, size_t count)
{
    struct ini_text *ini = ini_text_make(arena);
    ini_comment(ini, "a comment");
    ini_section(ini, "section");
    for (size_t i = 0; i < count; i++) {
        ini_value(ini, arena_printf(arena, "k%zu", i), values[i]);
    }
    return ini_text_finish(ini).content;
}

static void test_ini_text_reads_back(void **state)
{
    struct arena *arena = ((struct fixture *)*state)->arena;
    const char **values = NULL;
    size_t count = values_make(arena, &values);
    struct ini_settings found;
    assert_true(ini_parse(arena, values_write(arena, values, count), &found));
    assert_int_equal(found.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(found.items[i].value, values[i]);
    }
}

static void test_ini_text_refuses_what_php_would_expand(void **state)
{
    struct arena *arena = ((struct fixture *)*state)->arena;
    struct ini_settings found;
    assert_false(ini_parse(arena, str_of("a = \"${PATH}\"\n"), &found));
    assert_false(ini_parse(arena, str_of("a = b\n"), &found));
    assert_false(ini_parse(arena, str_of("a = \"b\n"), &found));
    assert_false(ini_parse(arena, str_of("a = \"b\" c\n"), &found));
}

/* Each value as PHP has read it, in hexadecimal digits, one a line. */
static struct str php_read(struct fixture *fixture, const char *path)
{
    const char *const argv[] = {
        php,  "-n", "-r", "foreach (parse_ini_file($argv[1]) as $v) echo bin2hex($v), \"\\n\";",
        path, NULL};
    const struct process_options options = {
        .argv = argv,
        .timeout_ms = 20000,
        .output_limit = 1 << 20,
        .directory = AT_FDCWD,
    };
    struct process_result result = {0};
    struct error err = {0};
    if (!process_run(&options, fixture->arena, &result, &err)) {
        fail_msg("%s", err.message);
    }
    if (result.status != 0 || result.errors.length > 0) {
        fail_msg("%.*s", (int)result.errors.length, result.errors.data);
    }
    return result.output;
}

static void test_ini_text_means_the_same_to_php(void **state)
{
    struct fixture *fixture = *state;
    const char **values = NULL;
    size_t count = values_make(fixture->arena, &values);
    if (access(php, X_OK) != 0) {
        skip();
    }
    struct str text = values_write(fixture->arena, values, count);
    test_folder_write(fixture->folder, "settings.ini",
                      arena_strndup(fixture->arena, text.data, text.length));
    struct str found =
        php_read(fixture, arena_printf(fixture->arena, "%s/settings.ini", fixture->folder->path));
    struct text wanted = text_make(fixture->arena);
    for (size_t i = 0; i < count; i++) {
        for (const char *c = values[i]; *c != '\0'; c++) {
            text_addf(&wanted, "%02x", (unsigned char)*c);
        }
        text_add_char(&wanted, '\n');
    }
    assert_string_equal(arena_strndup(fixture->arena, found.data, found.length), wanted.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ini_text_reads_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ini_text_refuses_what_php_would_expand, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_ini_text_means_the_same_to_php, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
