/* What only people see as a difference. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/meaning.h"

static bool is_same(const char *path, const char *a, const char *b)
{
    AUTO_ARENA arena = arena_create();
    return meaning_is_same(arena, path, str_of(a), str_of(b));
}

static void test_meaning_of_nginx_is_its_directives(void **state)
{
    (void)state;
    const char *text = "server {\n    listen 80;\n    root /a;\n}\n";
    assert_true(is_same("/x.conf", text, "# by hand\nserver{listen 80; root \"/a\";}\n"));
    assert_false(is_same("/x.conf", text, "server {\n    listen 81;\n    root /a;\n}\n"));
    assert_false(is_same("/x.conf", text, "server {\n    root /a;\n    listen 80;\n}\n"));
    assert_false(is_same("/x.conf", text, "server {\n    listen 80;\n}\nroot /a;\n"));
    assert_false(is_same("/x.conf", text, "server {\n    listen 80;\n    root /a;\n"));
    assert_false(is_same("/x.conf", text, ""));
}

static void test_meaning_of_units_is_their_settings(void **state)
{
    (void)state;
    const char *text = "[Service]\nUser=shop\nExecStart=/bin/a\n";
    assert_true(is_same("/x.service", text, "# c\n[Service]\n\nUser = shop\nExecStart=/bin/a\n"));
    assert_false(is_same("/x.service", text, "[Service]\nUser=root\nExecStart=/bin/a\n"));
    assert_false(is_same("/x.service", text, "[Unit]\nUser=shop\nExecStart=/bin/a\n"));
    assert_false(is_same("/x.service", text, "[Service]\nUser=shop\n"));
}

static void test_meaning_of_other_files_is_their_bytes(void **state)
{
    (void)state;
    assert_false(is_same("/x.env", "A=1\n", "# c\nA=1\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meaning_of_nginx_is_its_directives),
        cmocka_unit_test(test_meaning_of_units_is_their_settings),
        cmocka_unit_test(test_meaning_of_other_files_is_their_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
