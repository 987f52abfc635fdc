/* The order of things: one channel that is down holds up only its own messages. */
#include "providers/notify_send.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/visible.h"
#include "providers/notify_spool.h"

enum {
    MS_A_SECOND = 1000,
    US_A_MS = 1000,
    JITTER_PARTS = 1000,
    SAID_MOST = 200,
    RETRY_AFTER_MOST_S = 6 * 60 * 60,
};

/* --- one attempt ----------------------------------------------------------------------------- */

const char *notify_answer_line(struct arena *arena, struct str said)
{
    size_t length = said.length < SAID_MOST ? said.length : SAID_MOST;
    const char *text = arena_strndup(arena, said.data == NULL ? "" : said.data, length);
    text += strspn(text, " \t\r\n");
    return visible_line(arena, arena_strndup(arena, text, strcspn(text, "\r\n")));
}

struct notify_answer notify_answer_error(struct arena *arena, enum notify_fate fate,
                                         const struct error *err)
{
    return (struct notify_answer){.fate = fate,
                                  .text = visible_line(arena, arena_strdup(arena, err->message))};
}

struct notify_answer notify_deliver(struct host *host, const struct notify_channel *channel,
                                    const struct notify_message *message, unsigned limit_ms,
                                    struct arena *arena)
{
    unsigned most = limit_ms < channel->timeout_ms ? limit_ms : channel->timeout_ms;
    switch (channel->kind) {
    case CHANNEL_WEBHOOK:
        return notify_deliver_webhook(host, channel, message, most, arena);
    case CHANNEL_EMAIL:
        return notify_deliver_mail(host, channel, message, most, arena);
    case CHANNEL_EXEC:
        return notify_deliver_exec(host, channel, message, most, arena);
    default:
        return notify_deliver_status(host, channel, message, most, arena);
    }
}

/* --- when again ------------------------------------------------------------------------------ */

int64_t notify_retry_delay_ms(unsigned attempts, uint32_t random)
{
    static const int64_t seconds[] = {10, 60, 5 * 60, 30 * 60, 2 * 60 * 60};
    enum { COUNT = sizeof(seconds) / sizeof(seconds[0]) };
    unsigned step = attempts == 0 ? 0 : attempts - 1;
    int64_t delay = seconds[step < COUNT ? step : COUNT - 1] * MS_A_SECOND;
    int64_t fifth = delay / 5;
    return delay - fifth + 2 * fifth * (int64_t)(random % JITTER_PARTS) / JITTER_PARTS;
}

static int64_t next_try_us(const struct notify_message *message, const struct notify_answer *answer)
{
    uint32_t random = 0;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        random = 0; /* then all come back at the same time */
    }
    int64_t delay = notify_retry_delay_ms(message->attempts, random);
    unsigned asked =
        answer->retry_after_s < RETRY_AFTER_MOST_S ? answer->retry_after_s : RETRY_AFTER_MOST_S;
    int64_t wanted = (int64_t)asked * MS_A_SECOND;
    return clock_wall_us() + (delay > wanted ? delay : wanted) * US_A_MS;
}

/* --- the spool ------------------------------------------------------------------------------- */

struct sender {
    struct host *host;
    const struct notify_sending *sending;
    int64_t deadline_ms; /* 0: none */
    struct arena *arena;
    struct map waiting; /* channels that could not take one now -> its message */
};

static const struct notify_channel *find_channel(const struct notify_channels *channels,
                                                 const char *name)
{
    for (size_t i = 0; i < channels->count; i++) {
        if (strcmp(channels->items[i].name, name) == 0) {
            return &channels->items[i];
        }
    }
    return NULL;
}

/* Also in the journal: failing to tell somebody is told at least there. */
static void write_down(struct sender *sender, const struct notify_message *message,
                       const char *result, const struct notify_answer *answer)
{
    struct error err = {0};
    const struct notify_result row = {.at_us = clock_wall_us(),
                                      .message = message->id,
                                      .channel = message->channel,
                                      .subject = message->subject,
                                      .result = result,
                                      .answer = answer->text,
                                      .attempt = message->attempts};
    if (!notify_results_add(sender->host, &row, sender->arena, &err)) {
        log_event(LOG_LEVEL_WARNING, "what came of a message could not be written down", "error",
                  err.message, NULL);
    }
    if (sender->sending->tell != NULL) {
        sender->sending->tell(sender->sending->context, message, result, answer);
    }
}

static bool end_message(struct sender *sender, const struct notify_message *message,
                        const char *result, const struct notify_answer *answer, struct error *err)
{
    write_down(sender, message, result, answer);
    return notify_spool_remove(sender->host, message, sender->arena, err);
}

static bool try_later(struct sender *sender, struct notify_message *message,
                      const struct notify_answer *answer, struct error *err)
{
    message->next_us = next_try_us(message, answer);
    message->error = answer->text;
    int64_t end = message->at_us + (int64_t)NOTIFY_AGE_SECONDS * MS_A_SECOND * US_A_MS;
    if (message->next_us > end) {
        return end_message(sender, message, "given up", answer, err);
    }
    write_down(sender, message, "retried", answer);
    (void)map_put(sender->arena, &sender->waiting, message->channel, message);
    return notify_spool_update(sender->host, message, sender->arena, err);
}

static unsigned time_left_ms(const struct sender *sender, const struct notify_channel *channel)
{
    if (sender->deadline_ms == 0) {
        return channel->timeout_ms;
    }
    int64_t left = sender->deadline_ms - clock_ms();
    return left <= 0 ? 0 : left < channel->timeout_ms ? (unsigned)left : channel->timeout_ms;
}

static bool send_one(struct sender *sender, struct notify_message *message, struct error *err)
{
    const struct notify_channel *channel =
        find_channel(sender->sending->channels, message->channel);
    const struct notify_message *before = map_get(&sender->waiting, message->channel);
    if (channel == NULL) {
        const struct notify_answer answer = {NOTIFY_REFUSED, "the settings have no such channel",
                                             0};
        return end_message(sender, message, "given up", &answer, err);
    }
    if (before != NULL) { /* one that came earlier could not be sent: this one neither */
        message->next_us = before->next_us;
        return notify_spool_update(sender->host, message, sender->arena, err);
    }
    unsigned limit_ms = time_left_ms(sender, channel);
    if (limit_ms == 0) {
        return true; /* it stays due */
    }
    struct notify_answer answer =
        notify_deliver(sender->host, channel, message, limit_ms, sender->arena);
    message->attempts++;
    if (answer.fate == NOTIFY_LATER) {
        return try_later(sender, message, &answer, err);
    }
    return end_message(sender, message, answer.fate == NOTIFY_SENT ? "sent" : "refused", &answer,
                       err);
}

bool notify_send_due(struct host *host, const struct notify_sending *sending, struct error *err)
{
    AUTO_ARENA arena = arena_create();
    AUTO_FD lock = -1;
    struct notify_messages messages = {0};
    struct sender sender = {
        .host = host,
        .sending = sending,
        .deadline_ms = sending->limit_ms == 0 ? 0 : clock_ms() + sending->limit_ms,
        .arena = arena,
    };
    if (!notify_spool_begin(host, arena, &lock, err) ||
        !notify_spool_list(host, arena, &messages, err)) {
        return false;
    }
    for (size_t i = 0; i < messages.count; i++) {
        struct notify_message *message = &messages.items[i];
        if (message->next_us <= clock_wall_us() && !send_one(&sender, message, err)) {
            return false;
        }
    }
    return true;
}
