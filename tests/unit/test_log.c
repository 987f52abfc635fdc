/* The log: its form, its levels, and that nothing in a value can forge a line or move a terminal.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "support/folder.h"

/* Standard error goes to the file "log" while a test runs. */
struct capture {
    int standard_error;
    int log;
};

static struct capture capture_begin(const struct test_folder *folder)
{
    struct capture capture = {
        .standard_error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3),
        .log = openat(folder->fd, "log", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
    };
    assert_true(capture.standard_error >= 0 && capture.log >= 0);
    assert_int_equal(dup2(capture.log, STDERR_FILENO), STDERR_FILENO);
    return capture;
}

static const char *capture_end(const struct test_folder *folder, struct capture *capture)
{
    assert_int_equal(dup2(capture->standard_error, STDERR_FILENO), STDERR_FILENO);
    cleanup_fd(&capture->standard_error);
    cleanup_fd(&capture->log);
    return test_folder_read(folder, "log");
}

static const char *logged_value(const struct test_folder *folder, const char *value)
{
    struct capture capture = capture_begin(folder);
    log_event(LOG_LEVEL_INFO, "m", "k", value, NULL);
    return capture_end(folder, &capture);
}

static void test_log_writes_level_message_and_pairs(void **state)
{
    const struct test_folder *folder = *state;
    struct capture capture = capture_begin(folder);
    log_event(LOG_LEVEL_WARNING, "file updated", "item", "/etc/x.conf", "run", "7", NULL);
    assert_string_equal(capture_end(folder, &capture),
                        "level=warning msg=\"file updated\" item=/etc/x.conf run=7\n");
}

static void test_log_leaves_absent_pairs_out(void **state)
{
    const struct test_folder *folder = *state;
    struct capture capture = capture_begin(folder);
    log_event(LOG_LEVEL_INFO, "m", "absent", NULL, "here", "1", NULL);
    assert_string_equal(capture_end(folder, &capture), "level=info msg=m here=1\n");
}

static void test_log_quotes_what_is_not_plain(void **state)
{
    static const struct {
        const char *value;
        const char *line;
    } rows[] = {
        {"", "level=info msg=m k=\"\"\n"},
        {"a b", "level=info msg=m k=\"a b\"\n"},
        {"a=b", "level=info msg=m k=\"a=b\"\n"},
        {"say \"x\\\"", "level=info msg=m k=\"say \\\"x\\\\\\\"\"\n"},
        {"a\nlevel=error", "level=info msg=m k=\"a\\nlevel=error\"\n"},
        {"\x1b[2J\x7f\r", "level=info msg=m k=\"\\x1b[2J\\x7f\\x0d\"\n"},
        {"\xC3\xA9", "level=info msg=m k=\"\xC3\xA9\"\n"},
        {"\xC2\x9B", "level=info msg=m k=\"\\xc2\\x9b\"\n"},
        {"\xE2\x80\xAE", "level=info msg=m k=\"\\xe2\\x80\\xae\"\n"},
        {"\xFFz\xC3", "level=info msg=m k=\"\\xffz\\xc3\"\n"},
    };
    const struct test_folder *folder = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(logged_value(folder, rows[i].value), rows[i].line);
    }
}

static void test_log_keeps_to_its_level(void **state)
{
    const struct test_folder *folder = *state;
    struct capture capture = capture_begin(folder);
    log_event(LOG_LEVEL_DEBUG, "hidden", NULL);
    log_set_level(LOG_LEVEL_DEBUG);
    log_event(LOG_LEVEL_DEBUG, "shown", NULL);
    log_set_level(LOG_LEVEL_ERROR);
    log_event(LOG_LEVEL_WARNING, "hidden", NULL);
    log_event(LOG_LEVEL_ERROR, "shown", NULL);
    log_set_level(LOG_LEVEL_INFO);
    assert_string_equal(capture_end(folder, &capture),
                        "level=debug msg=shown\nlevel=error msg=shown\n");
}

static void test_log_adds_priorities_for_the_journal_only(void **state)
{
    const struct test_folder *folder = *state;
    struct capture capture = capture_begin(folder);
    struct stat status;
    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    const char *right =
        arena_printf(folder->arena, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    const char *other = arena_printf(folder->arena, "%ju:%ju", (uintmax_t)status.st_dev,
                                     (uintmax_t)status.st_ino + 1);
    assert_int_equal(setenv("JOURNAL_STREAM", right, 1), 0);
    log_event(LOG_LEVEL_ERROR, "a", NULL);
    log_event(LOG_LEVEL_INFO, "b", NULL);
    assert_int_equal(setenv("JOURNAL_STREAM", other, 1), 0);
    log_event(LOG_LEVEL_INFO, "c", NULL);
    assert_int_equal(setenv("JOURNAL_STREAM", "nonsense", 1), 0);
    log_event(LOG_LEVEL_INFO, "d", NULL);
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
    assert_string_equal(capture_end(folder, &capture), "<3>level=error msg=a\n"
                                                       "<6>level=info msg=b\n"
                                                       "level=info msg=c\n"
                                                       "level=info msg=d\n");
}

#define WITH_FOLDER(test)                                                                          \
    cmocka_unit_test_setup_teardown(test, test_folder_setup, test_folder_teardown)

int main(void)
{
    (void)unsetenv("JOURNAL_STREAM"); /* cannot fail for this name */
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_log_writes_level_message_and_pairs),
        WITH_FOLDER(test_log_leaves_absent_pairs_out),
        WITH_FOLDER(test_log_quotes_what_is_not_plain),
        WITH_FOLDER(test_log_keeps_to_its_level),
        WITH_FOLDER(test_log_adds_priorities_for_the_journal_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
