/* Messages that wait are sent by a child, when they are due. Runs put them into the spool; where
 * nothing waits there is no timer. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "providers/notify_spool.h"
#include "watch_parts.h"

enum {
    SENDER_SECONDS = 30 * 60, /* then it is killed, and what it had not sent is due again */
    AGAIN_MS = 10 * 1000,     /* at the earliest after a sender has ended */
};

struct watch_notify {
    struct watch_process *sender; /* NULL: none is under way */
    sd_event_source *timer;
};

static void arm(struct watch *watch, int64_t earliest_us)
{
    struct error err = {0};
    int64_t next = 0;
    if (!notify_spool_next(&watch->look.host, &next, &err)) {
        log_event(LOG_LEVEL_WARNING, "messages that wait cannot be read", "error", err.message,
                  NULL);
        next = 0;
    }
    if (next == 0) {
        (void)sd_event_source_set_enabled(watch->notify->timer, SD_EVENT_OFF);
        return;
    }
    (void)sd_event_source_set_time(watch->notify->timer,
                                   (uint64_t)(next > earliest_us ? next : earliest_us));
    (void)sd_event_source_set_enabled(watch->notify->timer, SD_EVENT_ONESHOT);
}

static void sender_done(void *context, int code, const char *output)
{
    struct watch *watch = context;
    (void)output; /* it logs by itself */
    watch->notify->sender = NULL;
    if (code != EXIT_CODE_SUCCESS && code != EXIT_CODE_LOCKED) {
        AUTO_ARENA arena = arena_create();
        log_event(LOG_LEVEL_WARNING, "messages could not be sent", "code",
                  arena_printf(arena, "%d", code), NULL);
    }
    arm(watch, clock_wall_us() + (int64_t)AGAIN_MS * WATCH_US_A_MS);
}

static int timer_passed(sd_event_source *source, uint64_t at, void *context)
{
    struct watch *watch = context;
    struct error err = {0};
    AUTO_ARENA arena = arena_create();
    struct argument_list arguments = {0};
    (void)source;
    (void)at;
    if (watch->notify->sender != NULL) {
        return 0; /* its end looks again */
    }
    vec_add(arena, &arguments, "reconcile");
    vec_add(arena, &arguments, "notify");
    watch_add_options(watch, arena, &arguments);
    vec_add(arena, &arguments, "--");
    vec_add(arena, &arguments, "send");
    vec_add(arena, &arguments, NULL);
    if (!watch_start(watch, &arguments, SENDER_SECONDS, sender_done, &watch->notify->sender,
                     &err)) {
        log_event(LOG_LEVEL_WARNING, "messages could not be sent", "error", err.message, NULL);
        arm(watch, clock_wall_us() + (int64_t)AGAIN_MS * WATCH_US_A_MS);
    }
    return 0;
}

void watch_notify_look(struct watch *watch)
{
    if (watch->notify->sender == NULL) {
        arm(watch, 0);
    }
}

bool watch_notify_begin(struct watch *watch, struct error *err)
{
    watch->notify = calloc(1, sizeof(*watch->notify));
    if (watch->notify == NULL) {
        return error_errno(err, "watch the messages");
    }
    int result = sd_event_add_time(watch->event, &watch->notify->timer, CLOCK_REALTIME, 0,
                                   WATCH_US_A_MS, timer_passed, watch);
    if (result < 0) {
        return watch_error(err, result, "watch the messages");
    }
    arm(watch, 0);
    return true;
}

/* A sender that is ended has lost nothing: what was not taken is still there. */
void watch_notify_end(struct watch *watch)
{
    struct watch_notify *notify = watch->notify;
    if (notify == NULL) {
        return;
    }
    watch_process_end(notify->sender);
    (void)sd_event_source_disable_unref(notify->timer); /* returns NULL always */
    free(notify);
    watch->notify = NULL;
}
