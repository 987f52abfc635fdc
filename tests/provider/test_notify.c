/* Messages in the spool, their order and bounds; how a message looks as mail; who runs a program;
 * and when something is tried again. Servers are tried by tests/program/test-notify. */

#include "provider/sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "providers/notify_send.h"
#include "providers/notify_spool.h"

enum { NOBODY = 65534 };

static struct notify_message message_of(struct sandbox *sandbox, unsigned number)
{
    return (struct notify_message){.id = arena_printf(sandbox->arena, "%032x", number),
                                   .channel = "ops",
                                   .at_us = clock_wall_us() + (int64_t)number,
                                   .subject = "a subject",
                                   .text = "a text\n",
                                   .body = "{\"id\":1}"};
}

static struct notify_message status_of(struct sandbox *sandbox, unsigned number, const char *commit)
{
    struct notify_message message = message_of(sandbox, number);
    message.channel = NOTIFY_STATUS_CHANNEL;
    message.commit = commit;
    return message;
}

static void add(struct sandbox *sandbox, const struct notify_message *message)
{
    struct error err = {0};
    assert_true(notify_spool_add(&sandbox->host, message, sandbox->arena, &err));
}

static struct notify_messages list(struct sandbox *sandbox)
{
    struct notify_messages messages = {0};
    struct error err = {0};
    assert_true(notify_spool_list(&sandbox->host, sandbox->arena, &messages, &err));
    return messages;
}

static struct notify_results results(struct sandbox *sandbox)
{
    struct notify_results found = {0};
    struct error err = {0};
    assert_true(notify_results_read(&sandbox->host, sandbox->arena, &found, &err));
    return found;
}

/* ---- the spool ------------------------------------------------------------------------------ */

static void test_notify_spool_gives_back_what_was_put_in(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    int64_t next = 1;
    assert_true(notify_spool_next(&sandbox->host, &next, &err));
    assert_int_equal(next, 0);
    const struct notify_message first = message_of(sandbox, 1);
    struct notify_message second = message_of(sandbox, 2);
    second.next_us = 70;
    second.subject = "\xd8\xa7\n\"{";
    add(sandbox, &second);
    add(sandbox, &first);
    struct notify_messages found = list(sandbox);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.items[0].id, first.id);
    assert_string_equal(found.items[1].subject, second.subject);
    assert_true(notify_spool_next(&sandbox->host, &next, &err));
    assert_int_equal(next, 1); /* at once */
    assert_true(notify_spool_remove(&sandbox->host, &first, sandbox->arena, &err));
    assert_true(notify_spool_remove(&sandbox->host, &first, sandbox->arena, &err));
    assert_true(notify_spool_next(&sandbox->host, &next, &err));
    assert_int_equal(next, 70);
}

static void test_notify_spool_is_nobody_elses_business(void **state)
{
    struct sandbox *sandbox = *state;
    struct stat status;
    const struct notify_message message = message_of(sandbox, 1);
    add(sandbox, &message);
    const char *const names[] = {"", "spool"};
    for (size_t i = 0; i < 2; i++) {
        const char *path = notify_path(&sandbox->host, sandbox->arena, names[i]);
        assert_int_equal(fstatat(sandbox->host.root, path, &status, 0), 0);
        assert_int_equal(status.st_mode & 07777, 0700);
    }
}

static void test_notify_spool_update_keeps_attempts(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    struct notify_message message = message_of(sandbox, 1);
    add(sandbox, &message);
    message.attempts = 3;
    message.error = "HTTP 500";
    assert_true(notify_spool_update(&sandbox->host, &message, sandbox->arena, &err));
    assert_int_equal(list(sandbox).items[0].attempts, 3);
    assert_string_equal(list(sandbox).items[0].error, "HTTP 500");
    assert_true(notify_spool_remove(&sandbox->host, &message, sandbox->arena, &err));
    assert_true(notify_spool_update(&sandbox->host, &message, sandbox->arena, &err));
    assert_int_equal(list(sandbox).count, 0); /* what is gone does not come back */
}

static void test_notify_spool_keeps_the_newest_state_of_a_commit(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    const struct notify_message older = status_of(sandbox, 1, "abc");
    const struct notify_message newer = status_of(sandbox, 2, "abc");
    const struct notify_message other = status_of(sandbox, 3, "def");
    add(sandbox, &older);
    add(sandbox, &other);
    add(sandbox, &newer);
    assert_int_equal(list(sandbox).count, 2);
    /* A sender that is done with the older one leaves the newer one alone. */
    assert_true(notify_spool_remove(&sandbox->host, &older, sandbox->arena, &err));
    assert_true(notify_spool_update(&sandbox->host, &older, sandbox->arena, &err));
    assert_int_equal(list(sandbox).count, 2);
    assert_string_equal(list(sandbox).items[0].id, newer.id);
}

static void test_notify_spool_drops_the_oldest_when_it_is_full(void **state)
{
    struct sandbox *sandbox = *state;
    struct notify_message message = {0};
    for (unsigned i = 1; i <= NOTIFY_SPOOL_MOST + 2; i++) {
        message = message_of(sandbox, i);
        message.at_us = i;
        add(sandbox, &message);
    }
    struct notify_messages found = list(sandbox);
    assert_int_equal(found.count, NOTIFY_SPOOL_MOST);
    assert_int_equal(found.items[0].at_us, 3);
    struct notify_results dropped = results(sandbox);
    assert_int_equal(dropped.count, 2);
    assert_string_equal(dropped.items[0].result, "dropped");
    assert_string_equal(dropped.items[0].message, "00000000000000000000000000000001");
}

static void test_notify_spool_refuses_what_is_too_long(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    struct notify_message message = message_of(sandbox, 1);
    char *text = arena_alloc(sandbox->arena, 300 << 10);
    memset(text, 'a', (300 << 10) - 1);
    message.text = text;
    assert_false(notify_spool_add(&sandbox->host, &message, sandbox->arena, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_int_equal(list(sandbox).count, 0);
}

static void test_notify_spool_removes_what_cannot_be_read(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    const struct notify_message message = message_of(sandbox, 1);
    add(sandbox, &message);
    const char *const names[] = {"spool/broken.json", "spool/other.json"};
    const char *const texts[] = {"{", "{\"id\":\"x\",\"channel\":\"ops\",\"subject\":\"\","
                                      "\"text\":\"\",\"body\":\"\"}"};
    for (size_t i = 0; i < 2; i++) {
        assert_true(file_replace(sandbox->host.root,
                                 notify_path(&sandbox->host, sandbox->arena, names[i]),
                                 str_of(texts[i]), 0600, FILE_OWNER_NONE, FILE_SYNC_LATER, &err));
    }
    assert_int_equal(list(sandbox).count, 1);
    assert_int_equal(list(sandbox).count, 1);
}

static void test_notify_spool_has_one_sender(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    int lock = -1;
    int other = -1;
    assert_true(notify_spool_begin(&sandbox->host, sandbox->arena, &lock, &err));
    assert_false(notify_spool_begin(&sandbox->host, sandbox->arena, &other, &err));
    assert_int_equal(err.code, ERROR_LOCKED);
    const struct notify_message message = message_of(sandbox, 1);
    add(sandbox, &message); /* who adds does not wait for it */
    assert_int_equal(close(lock), 0);
    assert_true(notify_spool_begin(&sandbox->host, sandbox->arena, &other, &err));
    assert_int_equal(close(other), 0);
}

static void test_notify_results_settle_only_what_was_read(void **state)
{
    struct sandbox *sandbox = *state;
    struct error err = {0};
    const struct notify_result row = {
        .message = "a", .channel = "ops", .result = "sent", .answer = "HTTP 200", .attempt = 1};
    struct notify_result later = row;
    later.message = "b";
    const struct notify_message message = message_of(sandbox, 1);
    add(sandbox, &message);
    assert_true(notify_results_add(&sandbox->host, &row, sandbox->arena, &err));
    struct notify_results read = results(sandbox);
    assert_true(notify_results_add(&sandbox->host, &later, sandbox->arena, &err));
    assert_true(notify_results_settle(&sandbox->host, &read, sandbox->arena, &err));
    read = results(sandbox);
    assert_int_equal(read.count, 1);
    assert_string_equal(read.items[0].message, "b");
    assert_true(notify_results_settle(&sandbox->host, &read, sandbox->arena, &err));
    assert_int_equal(results(sandbox).count, 0);
}

/* ---- sending -------------------------------------------------------------------------------- */

static void test_notify_pauses_grow_and_differ(void **state)
{
    (void)state;
    static const int64_t seconds[] = {10, 60, 300, 1800, 7200, 7200, 7200};
    for (unsigned i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
        assert_int_equal(notify_retry_delay_ms(i + 1, 0), seconds[i] * 800);
        assert_in_range(notify_retry_delay_ms(i + 1, 999), seconds[i] * 1199, seconds[i] * 1200);
        assert_in_range(notify_retry_delay_ms(i + 1, UINT32_MAX), seconds[i] * 800,
                        seconds[i] * 1200);
    }
}

struct told {
    struct sandbox *sandbox;
    char *words;
};

static void tell(void *context, const struct notify_message *message, const char *result,
                 const struct notify_answer *answer)
{
    struct told *told = context;
    told->words =
        arena_printf(told->sandbox->arena, "%s%s %s; ", told->words, message->channel, result);
    assert_non_null(answer->text);
}

static bool program_fails(struct sandbox *sandbox, const struct process_options *options,
                          struct process_result *out_result)
{
    (void)sandbox;
    (void)options;
    out_result->status = 1;
    out_result->errors = STR("no\nway");
    return true;
}

static bool program_is_well(struct sandbox *sandbox, const struct process_options *options,
                            struct process_result *out_result)
{
    (void)sandbox;
    (void)options;
    (void)out_result;
    return true;
}

static const char *send_all(struct sandbox *sandbox)
{
    static const char *const argv[] = {"/bin/tell", NULL};
    struct notify_channel items[] = {
        {.name = "ops", .kind = CHANNEL_EXEC, .argv = argv, .timeout_ms = 1000},
        {.name = "web", .kind = CHANNEL_EXEC, .argv = argv, .timeout_ms = 1000}};
    items[0].user = geteuid() == 0 ? "nobody" : NULL;
    items[1].user = items[0].user;
    const struct notify_channels channels = {items, 2, 2};
    struct told told = {.sandbox = sandbox, .words = arena_strdup(sandbox->arena, "")};
    const struct notify_sending sending = {.channels = &channels, .tell = tell, .context = &told};
    struct error err = {0};
    assert_true(notify_send_due(&sandbox->host, &sending, &err));
    return told.words;
}

static void test_notify_channel_that_is_down_holds_up_only_its_own(void **state)
{
    struct sandbox *sandbox = *state;
    struct notify_message messages[3] = {message_of(sandbox, 1), message_of(sandbox, 2),
                                         message_of(sandbox, 3)};
    messages[1].channel = "gone";
    for (size_t i = 0; i < 3; i++) {
        add(sandbox, &messages[i]);
    }
    sandbox->program = program_fails;
    assert_string_equal(send_all(sandbox), "ops retried; gone given up; ");
    struct notify_messages waiting = list(sandbox);
    assert_int_equal(waiting.count, 2);
    assert_int_equal(waiting.items[0].attempts, 1);
    assert_int_equal(waiting.items[1].attempts, 0);
    assert_int_equal(waiting.items[0].next_us, waiting.items[1].next_us);
    assert_string_equal(waiting.items[0].error, "it ended with 1: no");
    sandbox->program = program_is_well;
    assert_string_equal(send_all(sandbox), ""); /* not yet */
    for (size_t i = 0; i < 2; i++) {
        struct error err = {0};
        waiting.items[i].next_us = 1;
        assert_true(notify_spool_update(&sandbox->host, &waiting.items[i], sandbox->arena, &err));
    }
    assert_string_equal(send_all(sandbox), "ops sent; ops sent; ");
    assert_int_equal(list(sandbox).count, 0);
    assert_int_equal(results(sandbox).count, 4);
}

static void test_notify_is_given_up_after_a_day(void **state)
{
    struct sandbox *sandbox = *state;
    struct notify_message message = message_of(sandbox, 1);
    message.at_us = clock_wall_us() - (int64_t)NOTIFY_AGE_SECONDS * 1000000;
    message.attempts = 20;
    add(sandbox, &message);
    sandbox->program = program_fails;
    assert_string_equal(send_all(sandbox), "ops given up; ");
    assert_int_equal(list(sandbox).count, 0);
}

/* ---- programs ------------------------------------------------------------------------------- */

static struct notify_answer run_as(struct sandbox *sandbox, const char *user,
                                   const char *const *argv)
{
    const struct notify_channel channel = {
        .name = "ops", .kind = CHANNEL_EXEC, .argv = argv, .user = user, .timeout_ms = 3000};
    const struct notify_message message = message_of(sandbox, 1);
    return notify_deliver(&sandbox->host, &channel, &message, 3000, sandbox->arena);
}

static void test_notify_program_is_never_root(void **state)
{
    struct sandbox *sandbox = *state;
    static const char *const id[] = {"/usr/bin/id", NULL};
    if (geteuid() != 0) {
        skip();
    }
    struct notify_answer answer = run_as(sandbox, NULL, id);
    assert_int_equal(answer.fate, NOTIFY_REFUSED);
    answer = run_as(sandbox, "root", id);
    assert_int_equal(answer.fate, NOTIFY_REFUSED);
    answer = run_as(sandbox, "nobody-of-that-name", id);
    assert_int_equal(answer.fate, NOTIFY_LATER);
    assert_non_null(strstr(answer.text, "there is no account"));
    answer = run_as(sandbox, "nobody", id);
    assert_int_equal(answer.fate, NOTIFY_SENT);
    assert_non_null(strstr(answer.text, "uid=65534(nobody)"));
    assert_null(strstr(answer.text, "root"));
}

static void test_notify_program_gets_nothing_of_ours(void **state)
{
    struct sandbox *sandbox = *state;
    const char *user = geteuid() == 0 ? "nobody" : NULL;
    static const char *const look[] = {
        "/bin/sh", "-c",
        "read -r line; pwd; grep NoNewPrivs /proc/self/status; echo \"$line\" "
        "$(env | cut -d= -f1 | sort)",
        NULL};
    assert_int_equal(setenv("TOKEN_OF_OURS", "x", 1), 0);
    const struct notify_channel channel = {
        .name = "ops", .kind = CHANNEL_EXEC, .argv = look, .user = user, .timeout_ms = 3000};
    struct notify_message message = message_of(sandbox, 1);
    message.body = "first\n";
    struct notify_answer answer =
        notify_deliver(&sandbox->host, &channel, &message, 3000, sandbox->arena);
    assert_int_equal(answer.fate, NOTIFY_SENT);
    assert_string_equal(answer.text, "it ended with 0: /"); /* one line of what it says */
    static const char *const test[] = {
        "/bin/sh", "-c", "grep -q 'NoNewPrivs:.*1' /proc/self/status && test -z \"$TOKEN_OF_OURS\"",
        NULL};
    assert_int_equal(run_as(sandbox, user, test).fate, NOTIFY_SENT);
    static const char *const sleep[] = {"/bin/sleep", "60", NULL};
    const struct notify_channel slow = {
        .name = "ops", .kind = CHANNEL_EXEC, .argv = sleep, .user = user, .timeout_ms = 100};
    int64_t started = clock_ms();
    answer = notify_deliver(&sandbox->host, &slow, &message, 5000, sandbox->arena);
    assert_int_equal(answer.fate, NOTIFY_LATER);
    assert_true(clock_ms() - started < 3000);
}

/* ---- mail ----------------------------------------------------------------------------------- */

static const char *mail_of(struct sandbox *sandbox, const char *subject, const char *text)
{
    static const char *const to[] = {"a@b.test", "c@d.test", NULL};
    const struct notify_channel channel = {.name = "mail", .from = "web@b.test", .to = to};
    struct notify_message message = message_of(sandbox, 1);
    message.at_us = 0;
    message.subject = subject;
    message.text = text;
    return notify_mail_write(sandbox->arena, &channel, &message, "\r\n").data;
}

static void test_notify_mail_is_plain_where_it_can_be(void **state)
{
    struct sandbox *sandbox = *state;
    assert_string_equal(mail_of(sandbox, "[web1] a test", "one\n.\ntwo\n"),
                        "From: web@b.test\r\n"
                        "To: a@b.test,\r\n"
                        " c@d.test\r\n"
                        "Subject: [web1] a test\r\n"
                        "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n"
                        "Message-ID: <00000000000000000000000000000001@b.test>\r\n"
                        "MIME-Version: 1.0\r\n"
                        "Auto-Submitted: auto-generated\r\n"
                        "X-Reconcile-Id: 00000000000000000000000000000001\r\n"
                        "Content-Type: text/plain; charset=UTF-8\r\n"
                        "Content-Transfer-Encoding: 7bit\r\n"
                        "\r\n"
                        "one\r\n.\r\ntwo\r\n");
}

/* Nothing begins a header, and no line is too long for a server. */
static void test_notify_mail_of_hostile_words(void **state)
{
    struct sandbox *sandbox = *state;
    struct text arabic = text_make(sandbox->arena);
    for (size_t i = 0; i < 400; i++) {
        text_add(&arabic, "\xd9\x85");
    }
    const char *const subjects[] = {"a\r\nBcc: evil@example.test", "=?UTF-8?Q?Bcc?=", arabic.data,
                                    "\xff\xfe", ""};
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        const char *mail = mail_of(sandbox, subjects[i], arabic.data);
        assert_null(strstr(mail, "\nBcc:"));
        assert_true(i != 1 || strstr(mail, "=?UTF-8?Q?") == NULL);
        for (const char *line = mail; *line != '\0';) {
            size_t length = strcspn(line, "\r\n");
            assert_true(length <= 76);
            assert_true(line[length] == '\r' && line[length + 1] == '\n');
            line += length + 2;
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sandbox_setup, sandbox_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_notify_spool_gives_back_what_was_put_in),
        TEST(test_notify_spool_is_nobody_elses_business),
        TEST(test_notify_spool_update_keeps_attempts),
        TEST(test_notify_spool_keeps_the_newest_state_of_a_commit),
        TEST(test_notify_spool_drops_the_oldest_when_it_is_full),
        TEST(test_notify_spool_refuses_what_is_too_long),
        TEST(test_notify_spool_removes_what_cannot_be_read),
        TEST(test_notify_spool_has_one_sender),
        TEST(test_notify_results_settle_only_what_was_read),
        TEST(test_notify_pauses_grow_and_differ),
        TEST(test_notify_channel_that_is_down_holds_up_only_its_own),
        TEST(test_notify_is_given_up_after_a_day),
        TEST(test_notify_program_is_never_root),
        TEST(test_notify_program_gets_nothing_of_ours),
        TEST(test_notify_mail_is_plain_where_it_can_be),
        TEST(test_notify_mail_of_hostile_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
