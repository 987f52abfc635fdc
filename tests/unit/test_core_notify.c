/* What is told of a run, once each; and the words of it, whatever names and details hold. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "base/text.h"
#include "core/notify.h"

enum { NOW = 1000000 };

struct fixture {
    struct arena *arena;
    struct told_list told;
    struct notice_states states;
    struct notice_list changes;
    struct notice_list notices;
    struct notify_message message;
};

static int setup(void **state)
{
    struct arena *arena = arena_create();
    struct fixture *fixture = arena_new(arena, struct fixture);
    fixture->arena = arena;
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_destroy(fixture->arena);
    return 0;
}

/* --- the decision ---------------------------------------------------------------------------- */

static void is_now(struct fixture *fixture, const char *thing, enum item_state state)
{
    vec_add(fixture->arena, &fixture->states,
            (struct notice_state){.thing = thing, .document = thing, .state = state});
}

static void was_changed(struct fixture *fixture, enum notice_event event, const char *thing,
                        const char *document)
{
    vec_add(fixture->arena, &fixture->changes,
            (struct notice){.event = event, .thing = thing, .document = document});
}

/* What a run tells, as "event thing, ..."; what it told is remembered, what is now is forgotten. */
static const char *run(struct fixture *fixture, bool knows_all, bool is_settled)
{
    struct told_list after = {0};
    struct text out = text_make(fixture->arena);
    const struct notify_input input = {.told = &fixture->told,
                                       .states = &fixture->states,
                                       .changes = &fixture->changes,
                                       .knows_all = knows_all,
                                       .is_settled = is_settled,
                                       .now_us = NOW};
    fixture->notices = (struct notice_list){0};
    notify_decide(fixture->arena, &input, &fixture->notices, &after);
    for (size_t i = 0; i < fixture->notices.count; i++) {
        text_addf(&out, "%s%s %s", i == 0 ? "" : ", ",
                  notice_event_word(fixture->notices.items[i].event),
                  fixture->notices.items[i].thing);
    }
    fixture->told = after;
    fixture->states = (struct notice_states){0};
    fixture->changes = (struct notice_list){0};
    return out.data;
}

static void expires(struct fixture *fixture, const char *thing, const char *level)
{
    vec_add(fixture->arena, &fixture->states,
            (struct notice_state){
                .thing = thing, .document = "site:a", .version = level, .is_expiring = true});
}

static void test_notify_tells_of_an_end_once_for_each_level(void **state)
{
    struct fixture *fixture = *state;
    expires(fixture, "file:/a", "warning");
    assert_string_equal(run(fixture, true, false), "expiring file:/a");
    expires(fixture, "file:/a", "warning");
    assert_string_equal(run(fixture, true, false), "");
    assert_string_equal(run(fixture, false, true), ""); /* nothing to do does not make it young */
    expires(fixture, "file:/a", "error");
    assert_string_equal(run(fixture, true, false), "expiring file:/a");
    is_now(fixture, "file:/a", ITEM_STATE_IN_SYNC);
    assert_string_equal(run(fixture, true, false), "recovered file:/a");
    assert_int_equal(fixture->notices.items[0].before, NOTICE_EXPIRING);
    is_now(fixture, "file:/a", ITEM_STATE_IN_SYNC);
    assert_string_equal(run(fixture, true, false), "");
}

static void test_notify_first_run_tells_only_what_is_bad(void **state)
{
    struct fixture *fixture = *state;
    is_now(fixture, "site:a", ITEM_STATE_IN_SYNC);
    is_now(fixture, "site:b", ITEM_STATE_FAILED);
    is_now(fixture, "site:c", ITEM_STATE_STALE);
    assert_string_equal(run(fixture, true, false), "failed site:b");
}

static void test_notify_state_is_told_when_it_begins_and_when_it_ends(void **state)
{
    struct fixture *fixture = *state;
    is_now(fixture, "site:a", ITEM_STATE_DRIFTED);
    assert_string_equal(run(fixture, true, false), "drifted site:a");
    is_now(fixture, "site:a", ITEM_STATE_DRIFTED);
    assert_string_equal(run(fixture, true, false), "");
    is_now(fixture, "site:a", ITEM_STATE_FAILED);
    assert_string_equal(run(fixture, true, false), "failed site:a");
    is_now(fixture, "site:a", ITEM_STATE_IN_SYNC);
    assert_string_equal(run(fixture, true, false), "recovered site:a");
    assert_int_equal(fixture->notices.items[0].before, NOTICE_FAILED);
    is_now(fixture, "site:a", ITEM_STATE_IN_SYNC);
    assert_string_equal(run(fixture, true, false), "");
}

static void test_notify_worst_is_first(void **state)
{
    struct fixture *fixture = *state;
    is_now(fixture, "site:a", ITEM_STATE_PENDING);
    is_now(fixture, "site:c", ITEM_STATE_FAILED);
    is_now(fixture, "site:b", ITEM_STATE_FAILED);
    was_changed(fixture, NOTICE_REPAIRED, "file:/etc/x", "site:d");
    assert_string_equal(run(fixture, true, false),
                        "failed site:b, failed site:c, repaired file:/etc/x, pending site:a");
}

static void test_notify_what_was_not_looked_at_stays_as_it_was(void **state)
{
    struct fixture *fixture = *state;
    is_now(fixture, "site:a", ITEM_STATE_FAILED);
    (void)run(fixture, true, false);
    is_now(fixture, NOTICE_RUN, ITEM_STATE_FAILED);
    assert_string_equal(run(fixture, false, false), "failed run");
    is_now(fixture, "site:a", ITEM_STATE_FAILED);
    is_now(fixture, NOTICE_RUN, ITEM_STATE_IN_SYNC);
    assert_string_equal(run(fixture, true, false), "recovered run");
}

static void test_notify_what_is_gone_needs_nobody_any_more(void **state)
{
    struct fixture *fixture = *state;
    is_now(fixture, "site:a", ITEM_STATE_FAILED);
    (void)run(fixture, true, false);
    assert_string_equal(run(fixture, true, false), "recovered site:a");
    assert_true(message_is(fixture->notices.items[0].detail, "it is not wanted any more"));
    assert_string_equal(fixture->notices.items[0].document, "site:a");
}

static void test_notify_settled_run_ends_all_but_suspensions(void **state)
{
    struct fixture *fixture = *state;
    is_now(fixture, "site:a", ITEM_STATE_SUSPENDED);
    is_now(fixture, "file:/etc/x", ITEM_STATE_FAILED);
    (void)run(fixture, true, false);
    assert_string_equal(run(fixture, false, true), "recovered file:/etc/x");
    assert_null(fixture->notices.items[0].document);
    assert_string_equal(run(fixture, false, true), "");
    assert_int_equal(fixture->told.count, 1);
}

static void test_notify_another_version_that_fails_is_told(void **state)
{
    struct fixture *fixture = *state;
    const char *const versions[] = {"one", "one", "two"};
    const char *const wanted[] = {"failed run", "", "failed run"};
    for (size_t i = 0; i < 3; i++) {
        is_now(fixture, NOTICE_RUN, ITEM_STATE_FAILED);
        fixture->states.items[0].version = versions[i];
        assert_string_equal(run(fixture, false, false), wanted[i]);
    }
}

static void test_notify_change_and_its_state_are_one(void **state)
{
    struct fixture *fixture = *state;
    was_changed(fixture, NOTICE_DRIFTED, "file:/etc/x", "site:a");
    is_now(fixture, "site:a", ITEM_STATE_DRIFTED);
    assert_string_equal(run(fixture, true, false), "drifted file:/etc/x");
    was_changed(fixture, NOTICE_DRIFTED, "file:/etc/y", "site:a");
    is_now(fixture, "site:a", ITEM_STATE_DRIFTED);
    assert_string_equal(run(fixture, true, false), "drifted file:/etc/y");
    is_now(fixture, "site:a", ITEM_STATE_IN_SYNC);
    assert_string_equal(run(fixture, true, false), "recovered site:a");
}

static void test_notify_several_changes_of_one_thing_are_one(void **state)
{
    struct fixture *fixture = *state;
    was_changed(fixture, NOTICE_REPAIRED, "file:/etc/x", "site:a");
    was_changed(fixture, NOTICE_REPAIRED, "file:/etc/x", "site:a");
    was_changed(fixture, NOTICE_FIGHT, "file:/etc/x", "site:a");
    assert_string_equal(run(fixture, true, false), "fight file:/etc/x");
}

static const char *fetch(struct fixture *fixture, bool fails, bool may_pass, int64_t now_us)
{
    const struct message *why = fails ? message_quote(fixture->arena, "away") : NULL;
    vec_add(fixture->arena, &fixture->states,
            notify_source_state(&fixture->told, why, may_pass, now_us));
    return run(fixture, false, false);
}

static void test_notify_source_is_told_when_it_stays_away(void **state)
{
    struct fixture *fixture = *state;
    const int64_t minute = INT64_C(60) * 1000000;
    assert_string_equal(fetch(fixture, false, true, NOW), "");
    assert_string_equal(fetch(fixture, true, true, NOW), "pending source");
    assert_string_equal(fetch(fixture, true, true, NOW + 9 * minute), "");
    is_now(fixture, "site:a", ITEM_STATE_IN_SYNC); /* a run knows nothing of it */
    assert_string_equal(run(fixture, true, false), "");
    assert_string_equal(run(fixture, false, true), "");
    assert_string_equal(fetch(fixture, true, true, NOW + 10 * minute), "failed source");
    assert_string_equal(fetch(fixture, true, true, NOW + 11 * minute), "");
    assert_string_equal(fetch(fixture, false, true, NOW + 12 * minute), "recovered source");
    assert_string_equal(fetch(fixture, true, false, NOW + 13 * minute), "failed source");
}

static void test_notify_memory_reads_as_it_was_written(void **state)
{
    struct fixture *fixture = *state;
    const char *const names[] = {"0001.json", "0002.json"};
    is_now(fixture, "site:a\n\"", ITEM_STATE_FAILED);
    fixture->states.items[0].version = "abc";
    (void)run(fixture, true, false);
    const struct told_memory written = {
        .told = fixture->told, .number = 7, .events = names, .event_count = 2};
    struct told_memory read;
    assert_true(told_read(fixture->arena, str_of(told_write(fixture->arena, &written)), &read));
    assert_int_equal(read.number, 7);
    assert_int_equal(read.event_count, 2);
    assert_string_equal(read.events[1], "0002.json");
    assert_int_equal(read.told.count, 1);
    assert_string_equal(read.told.items[0].thing, "site:a\n\"");
    assert_string_equal(read.told.items[0].version, "abc");
    assert_int_equal(read.told.items[0].event, NOTICE_FAILED);
    assert_false(told_read(fixture->arena, STR("[1"), &read));
    assert_true(told_read(fixture->arena, STR("{\"told\": [1, {\"thing\": \"x\"}]}"), &read));
    assert_int_equal(read.told.count, 0);
}

/* --- the words ------------------------------------------------------------------------------- */

static struct notify_channel channel_of(unsigned events)
{
    return (struct notify_channel){.name = "ops", .events = events};
}

static const unsigned everything = (1U << NOTICE_EVENT_COUNT) - 1;

static bool compose(struct fixture *fixture, const struct notify_channel *channel, const char *host)
{
    const struct notify_origin origin = {.host = host,
                                         .commit = "0123456789abcdef",
                                         .commit_subject = "a\nb",
                                         .trigger = "watch",
                                         .number = 1};
    return notify_write(fixture->arena, channel, &origin, &fixture->notices, NOW,
                        &fixture->message);
}

static void notice(struct fixture *fixture, struct notice notice)
{
    vec_add(fixture->arena, &fixture->notices, notice);
}

static void test_notify_message_says_what_happened_and_who_did_it(void **state)
{
    struct fixture *fixture = *state;
    const struct notify_channel channel = channel_of(everything);
    const struct notice_writer writer = {
        .program = "/usr/bin/vim", .user = "root", .login = "ali", .pid = 12};
    notice(fixture, (struct notice){.event = NOTICE_REPAIRED,
                                    .thing = "file:/etc/x",
                                    .document = "site:a",
                                    .at_us = NOW,
                                    .writer = &writer});
    notice(fixture, (struct notice){.event = NOTICE_RECOVERED,
                                    .before = NOTICE_FAILED,
                                    .thing = NOTICE_RUN,
                                    .at_us = NOW});
    assert_true(compose(fixture, &channel, "web1"));
    assert_string_equal(fixture->message.subject,
                        "[web1] file:/etc/x: was changed on the host, and is put back, and 1 more");
    assert_string_equal(fixture->message.text,
                        "* file:/etc/x: was changed on the host, and is put back, by /usr/bin/vim "
                        "of ali\n"
                        "* the run as a whole: in sync again\n"
                        "\n"
                        "Host: web1\n"
                        "Time: 1970-01-01 00:00:01 UTC\n"
                        "Commit: 0123456789 a b\n");
    json_t *body = json_loads(fixture->message.body, 0, NULL);
    const json_t *first = json_array_get(json_object_get(body, "notices"), 0);
    assert_string_equal(json_string_value(json_object_get(body, "id")), fixture->message.id);
    assert_string_equal(json_string_value(json_object_get(body, "at")), "1970-01-01T00:00:01Z");
    assert_string_equal(json_string_value(json_object_get(first, "event")), "repaired");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(first, "writer"), "login")), "ali");
    json_decref(body);
}

static void test_notify_channel_is_told_what_it_wants(void **state)
{
    struct fixture *fixture = *state;
    const char *const only[] = {"service", "site:b", NULL};
    struct notify_channel channel = channel_of(notice_event_bit(NOTICE_RECOVERED));
    notice(fixture, (struct notice){.event = NOTICE_RECOVERED,
                                    .before = NOTICE_FAILED,
                                    .thing = "site:a",
                                    .document = "site:a"});
    assert_false(compose(fixture, &channel, "web1")); /* it was not told of the failure */
    channel.events |= notice_event_bit(NOTICE_FAILED);
    assert_true(compose(fixture, &channel, "web1"));
    channel.only = only;
    assert_false(compose(fixture, &channel, "web1"));
    fixture->notices.items[0].document = "site:b";
    assert_true(compose(fixture, &channel, "web1"));
    fixture->notices.items[0].document = "service:x";
    assert_true(compose(fixture, &channel, "web1"));
    fixture->notices.items[0].document = "services:x";
    assert_false(compose(fixture, &channel, "web1"));
    fixture->notices.items[0].document = NULL;
    assert_false(compose(fixture, &channel, "web1"));
    fixture->notices.items[0].thing = NOTICE_RUN;
    assert_true(compose(fixture, &channel, "web1"));
    fixture->notices.items[0].event = NOTICE_FIGHT;
    assert_false(compose(fixture, &channel, "web1"));
    channel.events |= notice_event_bit(NOTICE_DRIFTED);
    assert_true(compose(fixture, &channel, "web1"));
}

/* What would begin another line, another colour or another direction of writing. */
static void test_notify_hostile_names_stay_on_their_line(void **state)
{
    struct fixture *fixture = *state;
    const struct notify_channel channel = channel_of(everything);
    const struct notice_writer writer = {.program = "/tmp/a\nBcc: x", .user = "\x1b[31m"};
    notice(fixture, (struct notice){.event = NOTICE_DRIFTED,
                                    .thing = "file:/etc/\r\nBcc: evil@example.test\xe2\x80\xae",
                                    .detail = message_quote(fixture->arena, "first\nsecond\xff"),
                                    .writer = &writer});
    assert_true(compose(fixture, &channel, "web1\r\nX-Evil: 1"));
    const char *subject = fixture->message.subject;
    assert_null(strpbrk(subject, "\r\n\x1b"));
    assert_null(strstr(subject, "\xe2\x80\xae"));
    assert_null(strpbrk(fixture->message.text, "\r\x1b"));
    size_t lines = 0;
    for (const char *at = fixture->message.text; *at != '\0'; at++) {
        lines += *at == '\n';
    }
    assert_int_equal(lines, 5); /* the notice, an empty line, and three of where it is from */
    json_t *body = json_loads(fixture->message.body, 0, NULL);
    assert_non_null(body);
    json_decref(body);
}

static void test_notify_list_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    const struct notify_channel channel = channel_of(everything);
    char *detail = arena_strdup(fixture->arena, "");
    for (size_t i = 0; i < 300; i++) {
        detail = arena_printf(fixture->arena, "%s\xd8\xa7", detail);
    }
    for (size_t i = 0; i < 1000; i++) {
        notice(fixture, (struct notice){.event = NOTICE_FAILED,
                                        .thing = arena_printf(fixture->arena, "site:%zu", i),
                                        .detail = message_quote(fixture->arena, detail)});
    }
    assert_true(compose(fixture, &channel, "web1"));
    assert_non_null(strstr(fixture->message.subject, "and 999 more"));
    assert_non_null(strstr(fixture->message.text, "\nand 975 more\n"));
    assert_true(strlen(fixture->message.text) < 20000);
    json_t *body = json_loads(fixture->message.body, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(body, "notices")), 25);
    assert_int_equal(json_integer_value(json_object_get(body, "count")), 1000);
    json_decref(body);
}

static void test_notify_same_notices_have_the_same_id(void **state)
{
    struct fixture *fixture = *state;
    struct notify_channel channel = channel_of(everything);
    notice(fixture, (struct notice){.event = NOTICE_FAILED, .thing = "site:a"});
    assert_true(compose(fixture, &channel, "web1"));
    const char *first = fixture->message.id;
    fixture->notices.items[0].at_us = 5;
    assert_true(compose(fixture, &channel, "web1"));
    assert_string_equal(fixture->message.id, first);
    assert_int_equal(strspn(first, "0123456789abcdef"), 32);
    assert_true(compose(fixture, &channel, "web2"));
    assert_string_not_equal(fixture->message.id, first);
    channel.name = "other";
    assert_true(compose(fixture, &channel, "web1"));
    assert_string_not_equal(fixture->message.id, first);
}

static void test_notify_chat_gets_text_alone(void **state)
{
    struct fixture *fixture = *state;
    struct notify_channel channel = channel_of(everything);
    channel.is_chat = true;
    notice(fixture, (struct notice){.event = NOTICE_TEST, .thing = ""});
    assert_true(compose(fixture, &channel, "web1"));
    assert_string_equal(fixture->message.body,
                        "{\"text\":\"[web1] this is a test; nothing has happened\\n"
                        "* this is a test; nothing has happened\\n\"}");
}

static void test_notify_state_of_a_commit(void **state)
{
    struct fixture *fixture = *state;
    struct notify_message again;
    notify_write_status(fixture->arena, "abc", "failure", "refused:\nerror", NOW,
                        &fixture->message);
    assert_string_equal(fixture->message.subject, "refused: error");
    assert_string_equal(fixture->message.text, "failure");
    notify_write_status(fixture->arena, "abc", "success", "applied", NOW, &again);
    assert_string_not_equal(again.id, fixture->message.id);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_notify_tells_of_an_end_once_for_each_level),
        TEST(test_notify_first_run_tells_only_what_is_bad),
        TEST(test_notify_state_is_told_when_it_begins_and_when_it_ends),
        TEST(test_notify_worst_is_first),
        TEST(test_notify_what_was_not_looked_at_stays_as_it_was),
        TEST(test_notify_what_is_gone_needs_nobody_any_more),
        TEST(test_notify_settled_run_ends_all_but_suspensions),
        TEST(test_notify_another_version_that_fails_is_told),
        TEST(test_notify_change_and_its_state_are_one),
        TEST(test_notify_several_changes_of_one_thing_are_one),
        TEST(test_notify_source_is_told_when_it_stays_away),
        TEST(test_notify_memory_reads_as_it_was_written),
        TEST(test_notify_message_says_what_happened_and_who_did_it),
        TEST(test_notify_channel_is_told_what_it_wants),
        TEST(test_notify_hostile_names_stay_on_their_line),
        TEST(test_notify_list_is_bounded),
        TEST(test_notify_same_notices_have_the_same_id),
        TEST(test_notify_chat_gets_text_alone),
        TEST(test_notify_state_of_a_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
