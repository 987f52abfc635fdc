/* Which package changed a file: by time, by its list of files, by who wrote it; and no package
 * rather than a wrong one. */

#include "provider/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/text.h"
#include "providers/dpkg_log.h"

static const char log_text[] =
    "2026-03-01 10:00:00 startup archives unpack\n"
    "2026-03-01 10:00:00 upgrade nginx-common:all 1.22.1-8 1.22.1-9\n"
    "2026-03-01 10:00:00 status half-configured nginx-common:all 1.22.1-8\n"
    "2026-03-01 10:00:00 status triggers-pending man-db:amd64 2.11.2-2\n"
    "2026-03-01 10:00:01 status unpacked nginx-common:all 1.22.1-9\n"
    "2026-03-01 10:00:01 install libfoo:amd64 <none> 1.0\n"
    "2026-03-01 10:00:01 status half-installed libfoo:amd64 1.0\n"
    "2026-03-01 10:00:03 status unpacked libfoo:amd64 1.0\n"
    "2026-03-01 10:00:05 startup packages configure\n"
    "2026-03-01 10:00:05 configure nginx-common:all 1.22.1-9 <none>\n"
    "2026-03-01 10:00:05 conffile /etc/nginx/nginx.conf install\n"
    "2026-03-01 10:00:08 status installed nginx-common:all 1.22.1-9\n"
    "2026-03-01 10:00:09 trigproc man-db:amd64 2.11.2-2 <none>\n"
    "2026-03-01 10:00:12 status installed man-db:amd64 2.11.2-2\n"
    "2026-03-01 11:00:00 startup packages remove\n"
    "2026-03-01 11:00:00 remove libfoo:amd64 1.0 <none>\n"
    "2026-03-01 11:00:02 status not-installed libfoo:amd64 <none>\n";

static int setup(void **state)
{
    (void)sandbox_setup(state);
    struct sandbox *sandbox = *state;
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
    sandbox_mkdirs(sandbox, "var/log");
    sandbox_mkdirs(sandbox, "var/lib/dpkg/info");
    test_folder_write(sandbox->folder, "var/log/dpkg.log", log_text);
    test_folder_write(sandbox->folder, "var/lib/dpkg/lock", "");
    test_folder_write(
        sandbox->folder, "var/lib/dpkg/info/nginx-common.list",
        "/.\n/etc\n/etc/nginx\n/etc/nginx/nginx.conf\n/lib/systemd/system/nginx.service\n");
    test_folder_write(sandbox->folder, "var/lib/dpkg/info/libfoo:amd64.list",
                      "/.\n/usr\n/usr/lib/libfoo.so.1");
    return 0;
}

static int64_t at(int hour, int minute, int second)
{
    static const int64_t midnight = 1772323200; /* 2026-03-01 in UTC */
    return (midnight + (hour * 60 + minute) * 60 + second) * 1000000 + 500000;
}

/* "upgrade nginx-common 1.22.1-8 1.22.1-9", "none". */
static const char *find(struct sandbox *sandbox, int64_t at_us, const char *path,
                        const struct file_writer *writer)
{
    const struct package_action *action = NULL;
    struct error err = {0};
    if (!dpkg_log_find(&sandbox->host, at_us, path, writer, sandbox->arena, &action, &err)) {
        fail_msg("%s", err.message);
    }
    if (action == NULL) {
        return "none";
    }
    return arena_printf(sandbox->arena, "%s %s %s %s", action->verb, action->package,
                        action->from_version == NULL ? "-" : action->from_version,
                        action->version == NULL ? "-" : action->version);
}

static const struct file_writer_ancestor dpkg_and_apt[] = {{2, "/usr/bin/dpkg"},
                                                           {1, "/usr/bin/apt"}};
static const struct file_writer script = {.is_known = true,
                                          .pid = 3,
                                          .program = "/usr/bin/dash",
                                          .ancestors = dpkg_and_apt,
                                          .ancestor_count = 2};
static const struct file_writer dpkg = {.is_known = true, .pid = 2, .program = "/usr/bin/dpkg"};
static const struct file_writer vim = {.is_known = true, .pid = 4, .program = "/usr/bin/vim.basic"};
static const struct file_writer unknown = {.pid = 5};
static const struct file_writer ended = {
    .is_known = true, .is_partial = true, .pid = 6, .program = "cp"};

static void test_dpkg_log_by_time_and_list(void **state)
{
    static const char upgrade[] = "upgrade nginx-common 1.22.1-8 1.22.1-9";
    static const struct {
        int hour, minute, second;
        const char *path;
        const char *found;
    } cases[] = {
        {10, 0, 0, "/etc/nginx/nginx.conf", upgrade},
        {10, 0, 1, "/etc/nginx/nginx.conf", upgrade},
        {10, 0, 1, "/etc/nginx/nginx.conf.dpkg-new", upgrade},
        {10, 0, 1, "/usr/lib/systemd/system/nginx.service", upgrade},
        {10, 0, 1, "/lib/systemd/system/nginx.service", upgrade},
        {10, 0, 1, "/usr/lib/libfoo.so.1", "install libfoo - 1.0"},
        {10, 0, 1, "/lib/libfoo.so.1", "install libfoo - 1.0"},
        {10, 0, 1, "/etc/nginx/other.conf", "none"},
        {10, 0, 1, "/etc/nginx/nginx.con", "none"},
        {10, 0, 1, "/etc/nginx/nginx.conf2", "none"},
        {10, 0, 2, "/etc/nginx/nginx.conf", "none"}, /* another package's turn */
        {10, 0, 4, "/etc/nginx/nginx.conf", "none"}, /* nobody's */
        {10, 0, 4, "/usr/lib/libfoo.so.1", "none"},
        {10, 0, 5, "/etc/nginx/nginx.conf", upgrade}, /* being configured */
        {10, 0, 8, "/etc/nginx/nginx.conf", upgrade},
        {10, 0, 9, "/etc/nginx/nginx.conf", "none"},
        {9, 59, 59, "/etc/nginx/nginx.conf", "none"},
        {11, 0, 1, "/usr/lib/libfoo.so.1", "remove libfoo 1.0 -"},
        {11, 0, 3, "/usr/lib/libfoo.so.1", "none"},
        {23, 0, 0, "/etc/nginx/nginx.conf", "none"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t time = at(cases[i].hour, cases[i].minute, cases[i].second);
        print_message("%02d:%02d:%02d %s\n", cases[i].hour, cases[i].minute, cases[i].second,
                      cases[i].path);
        assert_string_equal(find(*state, time, cases[i].path, NULL), cases[i].found);
        assert_string_equal(find(*state, time, cases[i].path, &unknown), cases[i].found);
        assert_string_equal(find(*state, time, cases[i].path, &ended), cases[i].found);
    }
}

static void test_dpkg_log_by_writer(void **state)
{
    static const char path[] = "/etc/nginx/nginx.conf";
    static const char made[] = "/etc/nginx/sites-enabled/default"; /* in no list: by a script */
    /* Somebody else wrote while the package was upgraded. */
    assert_string_equal(find(*state, at(10, 0, 1), path, &vim), "none");
    assert_string_equal(find(*state, at(10, 0, 1), path, &dpkg),
                        "upgrade nginx-common 1.22.1-8 1.22.1-9");
    assert_string_equal(find(*state, at(10, 0, 6), made, NULL), "none");
    assert_string_equal(find(*state, at(10, 0, 6), made, &vim), "none");
    assert_string_equal(find(*state, at(10, 0, 6), made, &script),
                        "upgrade nginx-common 1.22.1-8 1.22.1-9");
    assert_string_equal(find(*state, at(10, 0, 10), made, &script), "trigger man-db - 2.11.2-2");
    /* Two packages in one second: no telling. */
    assert_string_equal(find(*state, at(10, 0, 1), made, &script), "none");
    assert_string_equal(find(*state, at(10, 0, 4), made, &script), "none");
}

/* A script that ended before its parents could be read has nothing but its short name, of which the
 * kernel keeps 15 characters. */
static void test_dpkg_log_by_name_of_script(void **state)
{
    static const char made[] = "/etc/nginx/sites-enabled/default";
    static const char upgrade[] = "upgrade nginx-common 1.22.1-8 1.22.1-9";
    static const struct {
        int second;
        const char *program;
        const char *found;
    } cases[] = {
        {6, "nginx-common.po", upgrade},
        {0, "nginx-common.pr", upgrade},
        {0, "preinst", upgrade},
        {1, "nginx-common.po", upgrade},
        {1, "preinst", "none"}, /* of which of two packages? */
        {2, "libfoo.postinst", "install libfoo - 1.0"},
        {6, "libfoo.postinst", "none"},
        {6, "nginx-common", "none"},
        {6, "nginx-common.p", "none"},
        {4, "nginx-common.po", "none"},
        {6, "sh", "none"},
        {6, NULL, "none"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct file_writer writer = ended;
        writer.program = cases[i].program;
        print_message("%d %s\n", cases[i].second, writer.program == NULL ? "-" : writer.program);
        assert_string_equal(find(*state, at(10, 0, cases[i].second), made, &writer),
                            cases[i].found);
        /* One whose parents are known was started by somebody else. */
        writer.ancestors = (const struct file_writer_ancestor[]){{4, "/usr/bin/bash"}};
        writer.ancestor_count = 1;
        assert_string_equal(find(*state, at(10, 0, cases[i].second), made, &writer), "none");
    }
    /* No telling where the part that is left could be any program's. */
    struct sandbox *sandbox = *state;
    struct file_writer writer = ended;
    writer.program = "systemd-resolve";
    test_folder_write(sandbox->folder, "var/log/dpkg.log",
                      "2026-03-01 10:00:00 configure systemd-resolved:amd64 1 <none>\n"
                      "2026-03-01 10:00:02 status installed systemd-resolved:amd64 1\n");
    assert_string_equal(find(*state, at(10, 0, 1), made, &writer), "none");
}

/* An action without an end is under way as long as dpkg runs, and was broken off when it does not.
 */
static void test_dpkg_log_while_it_runs(void **state)
{
    struct sandbox *sandbox = *state;
    static const char path[] = "/etc/nginx/nginx.conf";
    int told[2];
    char ready = 0;
    test_folder_write(sandbox->folder, "var/log/dpkg.log",
                      "2026-03-01 10:00:00 startup archives unpack\n"
                      "2026-03-01 10:00:00 upgrade nginx-common:all 1 2\n"
                      "2026-03-01 10:00:01 status half-installed nginx-common:all 1\n");
    assert_string_equal(find(*state, at(10, 0, 1), path, NULL), "upgrade nginx-common 1 2");
    assert_string_equal(find(*state, at(10, 3, 0), path, NULL), "none");
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd = openat(sandbox->host.root, "var/lib/dpkg/lock", O_RDWR);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (fcntl(fd, F_SETLK, &lock) == 0 && write(told[1], "", 1) == 1) {
            (void)pause();
        }
        _exit(1);
    }
    assert_int_equal(read(told[0], &ready, 1), 1);
    assert_string_equal(find(*state, at(10, 3, 0), path, NULL), "upgrade nginx-common 1 2");
    assert_string_equal(find(*state, at(10, 3, 0), path, &vim), "none");
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_string_equal(find(*state, at(10, 3, 0), path, NULL), "none");
    (void)close(told[0]);
    (void)close(told[1]);
}

static void test_dpkg_log_that_is_not_there(void **state)
{
    struct sandbox *sandbox = *state;
    assert_int_equal(unlinkat(sandbox->host.root, "var/log/dpkg.log", 0), 0);
    assert_string_equal(find(*state, at(10, 0, 1), "/etc/nginx/nginx.conf", NULL), "none");
    sandbox_mkdirs(sandbox, "var/log/dpkg.log");
    assert_string_equal(find(*state, at(10, 0, 1), "/etc/nginx/nginx.conf", NULL), "none");
}

static void test_dpkg_log_that_is_damaged(void **state)
{
    static const char *const texts[] = {
        "",
        "\n\n\n",
        "2026-03-01 10:00:01",
        "2026-03-01 10:00:01 upgrade\n",
        "2026-03-01 10:00:01 upgrade nginx-common:all\n",
        "2026-03-01 10:00:01 status unpacked\n",
        "2026-03-01 10:00:01 status unpacked nginx-common:all 1\n",
        "2026-03-01 10:00:01 upgrade ../../../etc/passwd 1 2\n",
        "2026-03-01 10:00:01 upgrade nginx-common:../x 1 2\n",
        "10:00 upgrade nginx-common:all 1 2\n",
    };
    struct sandbox *sandbox = *state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        test_folder_write(sandbox->folder, "var/log/dpkg.log", texts[i]);
        assert_string_equal(find(*state, at(10, 0, 1), "/etc/nginx/nginx.conf", NULL), "none");
    }
}

/* Only the end of a long log is read, and it is enough. */
static void test_dpkg_log_that_is_long(void **state)
{
    struct sandbox *sandbox = *state;
    struct text text = text_make(sandbox->arena);
    for (int i = 0; i < 40000; i++) {
        text_line(&text, "2026-02-01 10:00:00 status installed filler-%d:all 1.0", i);
    }
    text_add(&text, log_text);
    test_folder_write(sandbox->folder, "var/log/dpkg.log", text.data);
    size_t before = arena_used(sandbox->arena);
    assert_string_equal(find(*state, at(10, 0, 1), "/etc/nginx/nginx.conf", NULL),
                        "upgrade nginx-common 1.22.1-8 1.22.1-9");
    assert_in_range(arena_used(sandbox->arena) - before, 1, 2 * 1024 * 1024);
}

static void set_zone(const char *zone)
{
    assert_int_equal(setenv("TZ", zone, 1), 0);
    tzset();
}

/* The log's times are local; the hour that comes twice names nobody. */
static void test_dpkg_log_in_local_time(void **state)
{
    struct sandbox *sandbox = *state;
    static const char path[] = "/etc/nginx/nginx.conf";
    static const int64_t half_past_two = 1792888200; /* 2026-10-25 00:30:00 UTC, in summer time */
    test_folder_write(sandbox->folder, "var/log/dpkg.log",
                      "2026-10-25 02:30:00 upgrade nginx-common:all 1 2\n"
                      "2026-10-25 02:30:01 status unpacked nginx-common:all 2\n"
                      "2026-10-25 03:30:00 upgrade nginx-common:all 2 3\n"
                      "2026-10-25 03:30:01 status unpacked nginx-common:all 3\n");
    set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    assert_string_equal(find(*state, half_past_two * 1000000, path, NULL), "none");
    assert_string_equal(find(*state, (half_past_two + 3600) * 1000000, path, NULL), "none");
    assert_string_equal(find(*state, (half_past_two + 7200) * 1000000, path, NULL),
                        "upgrade nginx-common 2 3");
    set_zone("UTC-2");
    assert_string_equal(find(*state, half_past_two * 1000000, path, NULL),
                        "upgrade nginx-common 1 2");
    set_zone("UTC");
}

#define LOG_TEST(function) cmocka_unit_test_setup_teardown(function, setup, sandbox_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(test_dpkg_log_by_time_and_list), LOG_TEST(test_dpkg_log_by_writer),
        LOG_TEST(test_dpkg_log_while_it_runs),    LOG_TEST(test_dpkg_log_that_is_not_there),
        LOG_TEST(test_dpkg_log_that_is_damaged),  LOG_TEST(test_dpkg_log_that_is_long),
        LOG_TEST(test_dpkg_log_in_local_time),    LOG_TEST(test_dpkg_log_by_name_of_script),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
