/* Sends what waits in the spool: each message once to its channel, later again when the other side
 * could not take it. At least once, never lost: a message leaves the spool after it was taken. */
#pragma once

#include "base/text.h"
#include "model/host.h"
#include "model/notify.h"

enum notify_fate {
    NOTIFY_SENT,    /* the other side has it */
    NOTIFY_LATER,   /* it could not take it now */
    NOTIFY_REFUSED, /* it will never take it */
};

struct notify_answer {
    enum notify_fate fate;
    const char *text;       /* what the other side said, or what failed; one line */
    unsigned retry_after_s; /* it asks for that much time; 0: it does not */
};

/* One attempt, which ends after the channel's time limit or limit_ms, whichever is shorter. */
struct notify_answer notify_deliver(struct host *host, const struct notify_channel *channel,
                                    const struct notify_message *message, unsigned limit_ms,
                                    struct arena *arena);

struct notify_sending {
    const struct notify_channels *channels; /* that there are now */
    int64_t limit_ms;                       /* of all attempts together; 0: none */
    /* What came of each attempt; result is one of notify_result's words. */
    void (*tell)(void *context, const struct notify_message *message, const char *result,
                 const struct notify_answer *answer);
    void *context;
};

/* False when another sender is at it (ERROR_LOCKED), or the spool cannot be used; what a channel
 * does not take is no error. */
bool notify_send_due(struct host *host, const struct notify_sending *sending,
                     struct error *err) MUST_CHECK;

/* How long to wait after so many attempts: 10 s, 1 min, 5 min, 30 min, then 2 h, each up to a fifth
 * more or less, so that many hosts do not come back at once. */
int64_t notify_retry_delay_ms(unsigned attempts, uint32_t random);

/* --- one file each --- */

/* notify_http.c: webhooks, and states of commits. */
struct notify_answer notify_deliver_webhook(struct host *host, const struct notify_channel *channel,
                                            const struct notify_message *message, unsigned limit_ms,
                                            struct arena *arena);
struct notify_answer notify_deliver_status(struct host *host, const struct notify_channel *channel,
                                           const struct notify_message *message, unsigned limit_ms,
                                           struct arena *arena);
/* notify_mail.c: sendmail or SMTP. */
struct notify_answer notify_deliver_mail(struct host *host, const struct notify_channel *channel,
                                         const struct notify_message *message, unsigned limit_ms,
                                         struct arena *arena);
/* The message as RFC 5322 has it; end is what ends a line. */
struct text notify_mail_write(struct arena *arena, const struct notify_channel *channel,
                              const struct notify_message *message, const char *end);
/* notify_exec.c: a program. */
struct notify_answer notify_deliver_exec(struct host *host, const struct notify_channel *channel,
                                         const struct notify_message *message, unsigned limit_ms,
                                         struct arena *arena);

/* Of err, as an answer; what others said, as one short line. */
struct notify_answer notify_answer_error(struct arena *arena, enum notify_fate fate,
                                         const struct error *err);
const char *notify_answer_line(struct arena *arena, struct str said);
