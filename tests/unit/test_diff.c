#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <git2.h>

#include "base/text.h"
#include "core/diff.h"

static int setup(void **state)
{
    *state = arena_create();
    return 0;
}

static int teardown(void **state)
{
    arena_destroy(*state);
    return 0;
}

/* The hunks as libgit2 itself writes them. */
static const char *hunks_of_git(struct arena *arena, const char *from, const char *to)
{
    git_patch *patch = NULL;
    git_buf buffer = GIT_BUF_INIT;
    assert_true(git_libgit2_init() > 0);
    assert_int_equal(git_patch_from_buffers(&patch, from, from == NULL ? 0 : strlen(from), "f", to,
                                            to == NULL ? 0 : strlen(to), "f", NULL),
                     0);
    assert_int_equal(git_patch_to_buf(&buffer, patch), 0);
    const char *hunk = strstr(buffer.ptr, "\n@@ ");
    const char *copy = hunk == NULL ? "" : arena_strdup(arena, hunk + 1);
    git_buf_dispose(&buffer);
    git_patch_free(patch);
    assert_true(git_libgit2_shutdown() >= 0);
    return copy;
}

static void a_change_has_its_surroundings(void **state)
{
    struct arena *arena = *state;
    assert_string_equal(diff_unified(arena, "/etc/a", "one\ntwo\nthree\n", "one\n2\nthree\n"),
                        "--- a/etc/a\n+++ b/etc/a\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n");
    assert_string_equal(diff_unified(arena, "a", "one\n", "one\n"), "");
    assert_string_equal(diff_unified(arena, "a", NULL, NULL), "");
}

static void what_appears_or_goes_is_written_as_git_does(void **state)
{
    struct arena *arena = *state;
    struct text thousand = text_make(arena);
    for (int i = 0; i < 1000; i++) {
        text_line(&thousand, "line %d", i);
    }
    const char *const contents[] = {
        "one\n",
        "one",
        "one\ntwo\n",
        "one\ntwo",
        "\n",
        "\n\n",
        " ",
        "a\n\nb\n",
        "\ttab\r\n",
        "-- \n",
        "+++ b\n@@ -1 +1 @@\n",
        "\xc3\xa9t\xc3\xa9\n",
        thousand.data,
    };
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        assert_string_equal(diff_unified(arena, "/f", NULL, contents[i]),
                            arena_printf(arena, "--- /dev/null\n+++ b/f\n%s",
                                         hunks_of_git(arena, NULL, contents[i])));
        assert_string_equal(diff_unified(arena, "/f", contents[i], NULL),
                            arena_printf(arena, "--- a/f\n+++ /dev/null\n%s",
                                         hunks_of_git(arena, contents[i], NULL)));
    }
}

static void an_empty_file_has_no_lines_to_show(void **state)
{
    struct arena *arena = *state;
    assert_string_equal(diff_unified(arena, "f", NULL, ""), "f: content differs\n");
    assert_string_equal(diff_unified(arena, "f", "", NULL), "f: content differs\n");
    assert_string_equal(diff_unified(arena, "f", "", "one\n"),
                        "--- a/f\n+++ b/f\n@@ -0,0 +1 @@\n+one\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_change_has_its_surroundings, setup, teardown),
        cmocka_unit_test_setup_teardown(what_appears_or_goes_is_written_as_git_does, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_empty_file_has_no_lines_to_show, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
