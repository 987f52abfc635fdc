/* Looks at processes as people read them: names for numbers, no secrets, nothing that moves a
 * terminal. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "providers/file_writer.h"

struct fixture {
    struct arena *arena;
    struct user_names *names;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){arena_create(), user_names_open()};
    *state = &fixture;
    return fixture.names == NULL;
}

static int teardown(void **state)
{
    const struct fixture *fixture = *state;
    arena_destroy(fixture->arena);
    user_names_close(fixture->names);
    return 0;
}

static struct process_snapshot snapshot_of(const char *program, const char *command, size_t length)
{
    struct process_snapshot snapshot = {
        .pid = 4711, .is_known = true, .user = 0, .login_user = (uid_t)-1};
    memcpy(snapshot.program, program, strlen(program) + 1);
    memcpy(snapshot.command, command, length);
    snapshot.command_length = length;
    return snapshot;
}

static const struct file_writer *make(const struct fixture *fixture,
                                      const struct process_snapshot *snapshot)
{
    return file_writer_make(snapshot, fixture->names, fixture->arena);
}

static void test_writer_has_names(void **state)
{
    struct process_snapshot snapshot = snapshot_of("/usr/bin/cp", "cp\0a\0b", 7);
    snapshot.login_user = 1; /* "daemon" everywhere */
    memcpy(snapshot.unit, "ssh.service", 12);
    snapshot.ancestor_count = 2;
    snapshot.ancestors[0] = (struct process_ancestor){.pid = 12, .program = "/usr/bin/dash"};
    snapshot.ancestors[1] = (struct process_ancestor){.pid = 11};
    const struct file_writer *writer = make(*state, &snapshot);
    assert_true(writer->is_known);
    assert_string_equal(writer->program, "/usr/bin/cp");
    assert_string_equal(writer->command, "cp a b");
    assert_string_equal(writer->user_name, "root");
    assert_int_equal(writer->login_user, 1);
    assert_string_equal(writer->login_user_name, "daemon");
    assert_string_equal(writer->unit, "ssh.service");
    assert_int_equal(writer->ancestor_count, 2);
    assert_string_equal(writer->ancestors[0].program, "/usr/bin/dash");
    assert_int_equal(writer->ancestors[1].pid, 11);
    assert_null(writer->ancestors[1].program);
    assert_true(file_writer_comes_from(writer, "dash"));
    assert_true(file_writer_comes_from(writer, "cp"));
    assert_false(file_writer_comes_from(writer, "sh"));
    assert_false(file_writer_comes_from(writer, "bin/cp"));
}

static void test_writer_that_is_unknown_has_nothing(void **state)
{
    struct process_snapshot snapshot = {.pid = 4711, .user = (uid_t)-1, .login_user = (uid_t)-1};
    const struct file_writer *writer = make(*state, &snapshot);
    assert_false(writer->is_known);
    assert_int_equal(writer->pid, 4711);
    assert_null(writer->program);
    assert_null(writer->command);
    assert_null(writer->user_name);
    assert_null(writer->login_user_name);
    assert_null(writer->unit);
    assert_false(file_writer_comes_from(writer, "dpkg"));
}

static void test_writer_user_without_a_name(void **state)
{
    struct process_snapshot snapshot = snapshot_of("/bin/x", "", 0);
    snapshot.user = 2000000123;
    for (int i = 0; i < 2; i++) { /* asked, and remembered */
        const struct file_writer *writer = make(*state, &snapshot);
        assert_int_equal(writer->user, 2000000123);
        assert_null(writer->user_name);
    }
    for (uid_t user = 2000001000; user < 2000001100; user++) { /* more than are remembered */
        snapshot.user = user;
        assert_null(make(*state, &snapshot)->user_name);
    }
    snapshot.user = 0;
    assert_string_equal(make(*state, &snapshot)->user_name, "root");
}

static void test_writer_program(void **state)
{
    struct process_snapshot snapshot = snapshot_of("/usr/sbin/nginx (deleted)", "", 0);
    assert_string_equal(make(*state, &snapshot)->program, "/usr/sbin/nginx");
    snapshot = snapshot_of("", "", 0);
    memcpy(snapshot.name, "vim", 4);
    snapshot.is_partial = true;
    assert_string_equal(make(*state, &snapshot)->program, "vim");
    assert_true(file_writer_comes_from(make(*state, &snapshot), "vim"));
    snapshot.is_kernel_thread = true;
    assert_string_equal(make(*state, &snapshot)->program, "[vim]");
}

static void test_writer_texts_are_clean(void **state)
{
    struct process_snapshot snapshot = snapshot_of("/tmp/\x1b[2J\xff\n",
                                                   "a\nb\0\xe2\x80\xae"
                                                   "c\0\xd8\xa7\0\x9b\xc2\x9b",
                                                   16);
    memcpy(snapshot.unit, "a\tb.service", 12);
    const struct file_writer *writer = make(*state, &snapshot);
    assert_string_equal(writer->program, "/tmp/?[2J??");
    assert_string_equal(writer->command, "a?b ?c \xd8\xa7 ??");
    assert_string_equal(writer->unit, "a?b.service");
}

static void test_writer_command_hides_secrets(void **state)
{
    static const struct {
        const char *program;
        const char *command; /* with "|" for NUL */
        const char *shown;
    } cases[] = {
        {"/usr/bin/sed", "sed|-i|s/a/b/|/etc/x", "sed -i s/a/b/ /etc/x"},
        {"/usr/bin/cp", "cp|-pr|a=b|c", "cp -pr a=b c"},
        {"/usr/bin/x", "x|--password=hunter2|y", "x --password=*** y"},
        {"/usr/bin/x", "x|--password|hunter2|y", "x --password *** y"},
        {"/usr/bin/x", "x|--api-token|t|--api-key|k|z", "x --api-token *** --api-key *** z"},
        {"/usr/bin/env", "env|PGPASSWORD=x|psql", "env PGPASSWORD=*** psql"},
        {"/usr/bin/env", "env|AWS_SECRET_ACCESS_KEY=x", "env AWS_SECRET_ACCESS_KEY=***"},
        {"/usr/bin/curl", "curl|-H|Authorization: Bearer x|u", "curl -H Authorization:*** u"},
        {"/usr/bin/curl", "curl|https://me:pw@host/|-o|f", "curl https://*** -o f"},
        {"/usr/bin/curl", "curl|https://host/a|-o|f", "curl https://host/a -o f"},
        {"/usr/bin/mariadb", "mariadb|-u|root|-phunter2|shop", "mariadb -u root -p*** shop"},
        {"/usr/bin/mysqldump", "mysqldump|-p|shop", "mysqldump -p shop"},
        {"/usr/bin/x", "x|--password=|y", "x --password= y"},
        {"/usr/bin/x", "x|--password", "x --password"},
        {"/usr/bin/x", "x||y", "x  y"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char command[SNAPSHOT_COMMAND_SIZE] = "";
        size_t length = strlen(cases[i].command) + 1;
        memcpy(command, cases[i].command, length);
        for (size_t k = 0; k < length; k++) {
            command[k] = command[k] == '|' ? '\0' : command[k];
        }
        struct process_snapshot snapshot = snapshot_of(cases[i].program, command, length);
        assert_string_equal(make(*state, &snapshot)->command, cases[i].shown);
    }
}

static void test_writer_command_that_goes_on(void **state)
{
    char command[SNAPSHOT_COMMAND_SIZE];
    memset(command, 'x', sizeof(command));
    struct process_snapshot snapshot = snapshot_of("/bin/x", command, sizeof(command));
    const char *shown = make(*state, &snapshot)->command;
    assert_int_equal(strlen(shown), sizeof(command) + 3);
    assert_string_equal(shown + sizeof(command), "...");
}

/* Whatever bytes a process has in its arguments, the text is one. */
static void test_writer_command_is_always_text(void **state)
{
    const struct fixture *fixture = *state;
    uint32_t seed = 12345;
    for (int round = 0; round < 2000; round++) {
        char command[64];
        for (size_t i = 0; i < sizeof(command); i++) {
            seed = seed * 1664525U + 1013904223U;
            command[i] = (char)(seed >> 24U);
        }
        struct process_snapshot snapshot = snapshot_of("/bin/x", command, sizeof(command));
        struct str shown = str_of(make(fixture, &snapshot)->command);
        for (size_t place = 0; place < shown.length;) {
            uint32_t code = 0;
            size_t length = utf8_decode(shown, place, &code);
            assert_true(length > 0 && !utf8_is_control(code));
            place += length;
        }
    }
}

#define WRITER_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WRITER_TEST(test_writer_has_names),
        WRITER_TEST(test_writer_that_is_unknown_has_nothing),
        WRITER_TEST(test_writer_user_without_a_name),
        WRITER_TEST(test_writer_program),
        WRITER_TEST(test_writer_texts_are_clean),
        WRITER_TEST(test_writer_command_hides_secrets),
        WRITER_TEST(test_writer_command_that_goes_on),
        WRITER_TEST(test_writer_command_is_always_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
