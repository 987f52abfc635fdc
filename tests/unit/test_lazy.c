/* The stubs pass on whatever a function may be given, and say what is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <curl/mprintf.h>

#include "lazy/lazy.h"

void nobody_has_this(void); /* lazy_missing_x86_64.S */

static bool is_loaded(const char *name)
{
    char line[4096];
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    bool is_there = false;
    while (fgets(line, sizeof(line), maps) != NULL) {
        is_there = is_there || strstr(line, name) != NULL;
    }
    assert_int_equal(fclose(maps), 0);
    return is_there;
}

static void a_library_comes_with_the_first_call(void **state)
{
    char first[160];
    char second[160];
    assert_false(is_loaded("libcurl.so"));
    /* More than fits into registers, of each class; the first call goes by lazy_find, the second
     * does not. */
    int first_length = curl_msnprintf(first, sizeof(first), "%d %s %ld %.1f %d %d %d %.2f %.3f %d",
                                      1, "two", 3L, 4.0, 5, 6, 7, 8.0, 9.0, 10);
    assert_true(is_loaded("libcurl.so"));
    int second_length =
        curl_msnprintf(second, sizeof(second), "%d %s %ld %.1f %d %d %d %.2f %.3f %d", 1, "two", 3L,
                       4.0, 5, 6, 7, 8.0, 9.0, 10);
    assert_string_equal(first, "1 two 3 4.0 5 6 7 8.00 9.000 10");
    assert_string_equal(second, first);
    assert_int_equal(first_length, strlen(first));
    assert_int_equal(second_length, first_length);
}

static void a_missing_library_ends_the_program(void **state)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        nobody_has_this();
        _exit(0);
    }
    assert_int_equal(close(ends[1]), 0);
    char said[400] = "";
    ssize_t length = read(ends[0], said, sizeof(said) - 1);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 127);
    assert_true(length > 0);
    assert_non_null(strstr(said, "libnobody-has-this.so.0"));
    assert_int_equal(close(ends[0]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_library_comes_with_the_first_call),
        cmocka_unit_test(a_missing_library_ends_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
