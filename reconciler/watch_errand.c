/* What the loop does for somebody that needs the lock of a run: it tries again until the run that
 * is under way has ended, and never waits. */
#include <stdlib.h>

#include "base/log.h"
#include "providers/lock.h"
#include "suspension.h"
#include "watch_parts.h"

enum {
    ERRANDS_MOST = 16,
    AGAIN_MS = 200,
    PATIENCE_SECONDS = 60, /* a run that takes longer is told to whoever asks */
};

struct watch_errand {
    struct watch *watch;
    struct arena *arena; /* holds what follows */
    struct watch_errand_order order;
    int64_t given_up_at; /* seconds since the epoch */
    sd_event_source *timer;
};

struct watch_errands {
    struct watch_errand *errands[ERRANDS_MOST]; /* NULL: free */
};

static void errand_release(struct watch_errand *errand)
{
    struct watch_errands *errands = errand->watch->errands;
    for (size_t i = 0; i < ERRANDS_MOST; i++) {
        if (errands->errands[i] == errand) {
            errands->errands[i] = NULL;
        }
    }
    (void)sd_event_source_disable_unref(errand->timer); /* returns NULL always */
    arena_destroy(errand->arena);
    free(errand);
}

/* why: what went wrong; NULL: nothing. */
static void errand_end(struct watch_errand *errand, const char *why)
{
    struct watch *watch = errand->watch;
    if (errand->order.done != NULL) {
        errand->order.done(errand->order.context, why);
    }
    if (why == NULL && errand->order.sort != ERRAND_CHECK) {
        watch_ask(watch, WATCH_REQUEST, 0); /* what is suspended is told by a run */
    }
    errand_release(errand);
}

static bool carry_out(struct watch_errand *errand, struct error *err)
{
    struct host *host = &errand->watch->look.host;
    const struct watch_errand_order *order = &errand->order;
    const struct suspension suspension = {.word = order->scope,
                                          .until = order->until,
                                          .why = order->why,
                                          .who = order->who,
                                          .from = order->from};
    const struct audit_entry entry = {
        .at_us = run_clock_us(), .who = order->who, .from = order->from, .action = "check"};
    switch (order->sort) {
    case ERRAND_SUSPEND:
        return suspension_begin(host, &suspension, errand->arena, err);
    case ERRAND_RESUME:
        return suspension_end(host, &suspension, errand->arena, err);
    case ERRAND_CHECK:
        break;
    }
    return audit_log_add(host, &entry, errand->arena, err);
}

/* False when the lock is not to be had yet. */
static bool errand_try(struct watch_errand *errand)
{
    struct host *host = &errand->watch->look.host;
    struct error err = {0};
    int lock = -1;
    bool is_locked = lock_acquire(host, &lock, &err);
    if (!is_locked && err.code == ERROR_LOCKED && host->now(host) < errand->given_up_at) {
        return false;
    }
    bool is_done = is_locked && carry_out(errand, &err);
    lock_release(lock);
    errand_end(errand, is_done ? NULL : err.message);
    return true;
}

static int errand_again(sd_event_source *source, uint64_t at, void *context)
{
    struct watch_errand *errand = context;
    (void)at;
    if (!errand_try(errand)) {
        (void)sd_event_source_set_time_relative(source, AGAIN_MS * WATCH_US_A_MS);
        (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    }
    return 0;
}

static const char *keep(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_strdup(arena, text);
}

static struct watch_errand *errand_make(struct watch *watch, const struct watch_errand_order *order)
{
    struct watch_errand *errand = calloc(1, sizeof(*errand));
    if (errand == NULL) {
        return NULL;
    }
    *errand = (struct watch_errand){.watch = watch, .arena = arena_create(), .order = *order};
    errand->order.scope = keep(errand->arena, order->scope);
    errand->order.until = keep(errand->arena, order->until);
    errand->order.why = keep(errand->arena, order->why);
    errand->order.who = keep(errand->arena, order->who);
    errand->order.from = keep(errand->arena, order->from);
    errand->given_up_at = watch->look.host.now(&watch->look.host) + PATIENCE_SECONDS;
    return errand;
}

static bool errand_enter(struct watch *watch, struct watch_errand *errand)
{
    for (size_t i = 0; errand != NULL && i < ERRANDS_MOST; i++) {
        if (watch->errands->errands[i] == NULL) {
            watch->errands->errands[i] = errand;
            return true;
        }
    }
    return false;
}

bool watch_errand_run(struct watch *watch, const struct watch_errand_order *order)
{
    if (watch->errands == NULL && (watch->errands = calloc(1, sizeof(*watch->errands))) == NULL) {
        return false;
    }
    struct watch_errand *errand = errand_make(watch, order);
    if (!errand_enter(watch, errand) ||
        sd_event_add_time_relative(watch->event, &errand->timer, CLOCK_MONOTONIC, 0, WATCH_US_A_MS,
                                   errand_again, errand) < 0) {
        if (errand != NULL) {
            errand_release(errand);
        }
        return false;
    }
    return true;
}

void watch_errands_drop(struct watch *watch, const void *context)
{
    for (size_t i = 0; watch->errands != NULL && i < ERRANDS_MOST; i++) {
        struct watch_errand *errand = watch->errands->errands[i];
        if (errand != NULL && errand->order.context == context) {
            errand->order.done = NULL;
        }
    }
}

void watch_errands_end(struct watch *watch)
{
    for (size_t i = 0; watch->errands != NULL && i < ERRANDS_MOST; i++) {
        if (watch->errands->errands[i] != NULL) {
            errand_release(watch->errands->errands[i]);
        }
    }
    free(watch->errands);
    watch->errands = NULL;
}
