/* notify: who is told of changes, and what waits to be sent; a test of it; and sending. */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/visible.h"
#include "core/say.h"
#include "providers/notify_send.h"
#include "verbs/verb.h"

enum { AFTER_APPLY_MS = 10 * 1000, MICROSECONDS = 1000000 };

/* --- the list -------------------------------------------------------------------------------- */

/* The path of a webhook is often a secret. */
static const char *destination(struct arena *arena, const struct notify_channel *channel)
{
    if (channel->kind == CHANNEL_EXEC) {
        return channel->argv[0];
    }
    if (channel->kind == CHANNEL_EMAIL) {
        return channel->to[1] == NULL ? channel->to[0]
                                      : arena_printf(arena, "%s, ...", channel->to[0]);
    }
    if (channel->url == NULL) {
        return arena_printf(arena, "secret:%s", channel->url_secret);
    }
    const char *host = strstr(channel->url, "://");
    size_t length = host == NULL ? 0 : strcspn(host + 3, "/?#") + (size_t)(host + 3 - channel->url);
    return arena_strndup(arena, channel->url, length);
}

static void add_channel(struct text *out, const struct notify_channel *channel)
{
    struct text events = text_make(out->arena);
    for (size_t i = 0; i < NOTICE_TEST; i++) {
        if ((channel->events & notice_event_bit((enum notice_event)i)) != 0) {
            text_addf(&events, "%s%s", events.length == 0 ? "" : ", ",
                      notice_event_word((enum notice_event)i));
        }
    }
    bool is_status = channel->kind == CHANNEL_STATUS;
    text_line(out, "%-16s %-13s %-40s %s", is_status ? "source.status" : channel->name,
              channel_kind_word(channel->kind), destination(out->arena, channel),
              is_status ? channel->project : events.data);
}

static const char *time_text(struct arena *arena, int64_t at_us)
{
    time_t at = (time_t)(at_us / MICROSECONDS);
    struct tm utc = {0};
    (void)gmtime_r(&at, &utc); /* fails only for years that no clock shows */
    return arena_printf(arena, "%04d-%02d-%02d %02d:%02d:%02dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                        utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

static void add_message(struct command *command, struct text *out,
                        const struct notify_message *message)
{
    struct arena *arena = command->arena;
    enum language language = command->language;
    text_line(out, "  %s  %s", message->commit != NULL ? "source.status" : message->channel,
              say_apart(arena, language, message->subject));
    text_line(out, "    %s",
              say(arena, language, "written %s, attempts: %u, next at %s",
                  time_text(arena, message->at_us), message->attempts,
                  time_text(arena, message->next_us)));
    if (message->error != NULL) {
        text_line(out, "    %s", say_apart(arena, language, message->error));
    }
}

static int list(struct command *command, struct run *run, const struct notify_channels *channels)
{
    struct error err = {0};
    struct notify_messages messages = {0};
    struct text out = text_make(command->arena);
    if (!notify_spool_list(&run->host, command->arena, &messages, &err)) {
        return output_error(command, &err);
    }
    for (size_t i = 0; i < channels->count; i++) {
        add_channel(&out, &channels->items[i]);
    }
    if (channels->count == 0) {
        text_line(&out, "%s",
                  say_text(command->arena, command->language,
                           N_("nobody is told: the settings name no channel (notify:)")));
    }
    text_line(&out, "%s",
              say_number(command->arena, command->language, messages.count, N_("%zu message waits"),
                         N_("%zu messages wait")));
    for (size_t i = 0; i < messages.count; i++) {
        add_message(command, &out, &messages.items[i]);
    }
    return output_text(command, text_str(&out));
}

/* --- a test ---------------------------------------------------------------------------------- */

static void keep_result(struct run *run, const struct notify_message *message,
                        const struct notify_answer *answer)
{
    struct error err = {0};
    const struct notify_result result = {.at_us = clock_wall_us(),
                                         .message = message->id,
                                         .channel = message->channel,
                                         .subject = message->subject,
                                         .result = answer->fate == NOTIFY_SENT ? "sent" : "refused",
                                         .answer = answer->text,
                                         .attempt = 1};
    if (!notify_make_directory(&run->host, run->arena, &err) ||
        !notify_results_add(&run->host, &result, run->arena, &err)) {
        log_event(LOG_LEVEL_WARNING, "what came of a message could not be written down", "error",
                  err.message, NULL);
    }
}

static bool test_channel(struct command *command, struct run *run,
                         const struct notify_channel *channel, struct text *out)
{
    struct arena *arena = command->arena;
    struct notice_list notices = {0};
    struct notify_message message;
    vec_add(arena, &notices,
            (struct notice){.event = NOTICE_TEST, .thing = "", .at_us = clock_wall_us()});
    bool is_written =
        run_write_message(run, channel, &notices, (uint64_t)clock_wall_us(), &message);
    if (!is_written) {
        return true; /* a test is told to all */
    }
    struct notify_answer answer =
        notify_deliver(&run->host, channel, &message, channel->timeout_ms, arena);
    const char *kind = channel_kind_word(channel->kind);
    keep_result(run, &message, &answer);
    text_line(out, "%s",
              answer.fate == NOTIFY_SENT ? say(arena, command->language, "%s (%s): sent: %s",
                                               channel->name, kind, answer.text)
                                         : say(arena, command->language, "%s (%s): not sent: %s",
                                               channel->name, kind, answer.text));
    return answer.fate == NOTIFY_SENT;
}

static int test(struct command *command, struct run *run, const struct notify_channels *channels)
{
    const char *wanted = command->word_count > 1 ? command->words[1] : NULL;
    struct text out = text_make(command->arena);
    bool is_good = true;
    size_t count = 0;
    for (size_t i = 0; i < channels->count; i++) {
        const struct notify_channel *channel = &channels->items[i];
        if (channel->kind != CHANNEL_STATUS &&
            (wanted == NULL || strcmp(wanted, channel->name) == 0)) {
            is_good &= test_channel(command, run, channel, &out);
            count++;
        }
    }
    if (count == 0 && wanted != NULL) {
        return output_failure(command, "the settings have no channel \"%s\" (notify:)", wanted);
    }
    if (count == 0) {
        return output_failure(command, "nobody is told: the settings name no channel (notify:)");
    }
    int code = output_text(command, text_str(&out));
    return is_good ? code : EXIT_CODE_FAILED;
}

/* --- sending --------------------------------------------------------------------------------- */

static void log_answer(void *context, const struct notify_message *message, const char *result,
                       const struct notify_answer *answer)
{
    (void)context;
    log_event(answer->fate == NOTIFY_SENT ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "notification",
              "channel", message->channel, "result", result, "answer", answer->text, "message",
              message->id, "subject", message->subject, NULL);
}

static int send_due(struct command *command, struct run *run,
                    const struct notify_channels *channels)
{
    struct error err = {0};
    const struct notify_sending sending = {.channels = channels, .tell = log_answer};
    log_set_level(LOG_LEVEL_INFO);
    if (!notify_send_due(&run->host, &sending, &err)) {
        int code = output_error(command, &err);
        return err.code == ERROR_LOCKED ? EXIT_CODE_LOCKED : code;
    }
    return EXIT_CODE_SUCCESS;
}

/* Somebody looks at the terminal: one line for each that did not get through. */
static void say_answer(void *context, const struct notify_message *message, const char *result,
                       const struct notify_answer *answer)
{
    const struct command *command = context;
    const char *name = message->commit != NULL ? "source.status" : message->channel;
    if (answer->fate == NOTIFY_SENT) {
        return;
    }
    if (strcmp(result, "retried") == 0) {
        (void)output_failure(command, "%s was not told, and will be later: %s", name, answer->text);
    } else {
        (void)output_failure(command, "%s was not told: %s", name, answer->text);
    }
}

void command_send_messages(struct command *command, struct run *run)
{
    struct error err = {0};
    struct notify_channels channels = {0};
    int64_t next = 0;
    if (!command->run.applies || command->run.heals || !run->is_open || run->is_locked_out ||
        strcmp(command->run.root, "/") != 0) {
        return;
    }
    run_channels(run, &channels);
    if (channels.count == 0 || !notify_spool_next(&run->host, &next, &err) || next == 0) {
        return;
    }
    lock_release(run->lock); /* nobody waits for the network */
    run->lock = -1;
    const struct notify_sending sending = {
        .channels = &channels, .limit_ms = AFTER_APPLY_MS, .tell = say_answer, .context = command};
    if (!notify_send_due(&run->host, &sending, &err) && err.code != ERROR_LOCKED) {
        (void)output_error(command, &err); /* the run's own code counts */
    }
}

/* --- the verb -------------------------------------------------------------------------------- */

typedef int notify_function(struct command *command, struct run *run,
                            const struct notify_channels *channels);

int verb_notify(struct command *command)
{
    const char *word = command->word_count > 0 ? command->words[0] : "";
    notify_function *work = strcmp(word, "") == 0       ? list
                            : strcmp(word, "test") == 0 ? test
                            : strcmp(word, "send") == 0 ? send_due
                                                        : NULL;
    struct run run;
    struct notify_channels channels = {0};
    int code = EXIT_CODE_FAILED;
    if (work == NULL || (command->word_count > 1 && work != test)) {
        (void)output_failure(command, "notify takes nothing, test, test CHANNEL, or send");
        return EXIT_CODE_USAGE;
    }
    command->run.needs_no_facts = true;
    if (!run_open(&run, command->arena, &command->run)) {
        const struct report_style style = {0};
        code = output_report(command, &run, &style);
    } else {
        run_channels(&run, &channels);
        code = work(command, &run, &channels);
    }
    run_end(&run);
    return code;
}
