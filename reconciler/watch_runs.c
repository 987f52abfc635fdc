/* Runs of the loop, one at a time, each a child. Its first line is the verdict; what else it says
 * goes to our own standard error, which the journal reads. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "watch_parts.h"

enum {
    LOCKED_AGAIN_MS = 1000,    /* somebody else runs: asked again after this */
    WAIT_IS_LONG_MS = 2000,    /* a run that takes longer is taken for one that waits */
    RUN_SECONDS = 6 * 60 * 60, /* no run takes that long */
    SIGNALLED = 128,
};

struct watch_runs {
    unsigned asked;                /* a bit for each reason */
    struct watch_process *process; /* NULL: none is under way */
    bool is_unfinished;            /* none has ended since one was killed, or since the start */
    sd_event_source *delay;
};

const char *watch_reason_word(enum watch_reason reason)
{
    static const char *const words[WATCH_REASON_COUNT] = {
        [WATCH_START] = "start",       [WATCH_SOURCE] = "source", [WATCH_DRIFT] = "drift",
        [WATCH_INTERVAL] = "interval", [WATCH_DUE] = "due",       [WATCH_REQUEST] = "request",
    };
    return words[reason];
}

bool watch_is_running(const struct watch *watch)
{
    return watch->runs->process != NULL;
}

bool watch_is_halfway(const struct watch *watch)
{
    return watch_is_running(watch) || watch->runs->is_unfinished;
}

/* --- arguments ------------------------------------------------------------------------------ */

static void add_option(struct arena *arena, struct argument_list *arguments, const char *name,
                       const char *value)
{
    if (value != NULL) {
        vec_add(arena, arguments, arena_printf(arena, "%s=%s", name, value));
    }
}

void watch_add_options(const struct watch *watch, struct arena *arena,
                       struct argument_list *arguments)
{
    const struct run_options *options = watch->options;
    vec_add(arena, arguments, "--settings-on-stdin");
    add_option(arena, arguments, "--config", options->config);
    add_option(arena, arguments, "--state", options->state);
    add_option(arena, arguments, "--root", options->root);
    add_option(arena, arguments, "--environment", options->environment);
    add_option(arena, arguments, "--host", options->host);
}

static const char *trigger_of(const struct watch_runs *runs, struct arena *arena)
{
    struct text trigger = text_make(arena);
    text_add(&trigger, "watch:");
    for (size_t i = 0; i < WATCH_REASON_COUNT; i++) {
        if ((runs->asked & (1U << i)) != 0) {
            text_addf(&trigger, " %s", watch_reason_word((enum watch_reason)i));
        }
    }
    return trigger.data;
}

bool watch_start(struct watch *watch, const struct argument_list *arguments, unsigned seconds_most,
                 watch_process_done *done, struct watch_process **out_process, struct error *err)
{
    AUTO_FD input = file_in_memory("settings", str_of(watch->look.settings_text));
    struct watch_program program = {.runner = watch->options->runner,
                                    .arguments = arguments->items,
                                    .input = input,
                                    .seconds_most = seconds_most};
    if (input < 0) {
        return error_errno(err, "hand on the settings");
    }
    return watch_process_start(watch->event, &program, done, watch, out_process, err);
}

static void add_run_arguments(const struct watch *watch, struct arena *arena,
                              struct argument_list *out_arguments)
{
    struct argument_list arguments = {0};
    vec_add(arena, &arguments, "reconcile");
    vec_add(arena, &arguments, "apply");
    vec_add(arena, &arguments, "--quiet");
    vec_add(arena, &arguments, "--heal");
    vec_add(arena, &arguments, "--color=never");
    add_option(arena, &arguments, "--trigger", trigger_of(watch->runs, arena));
    watch_add_options(watch, arena, &arguments);
    if (watch->git != NULL) {
        vec_add(arena, &arguments, "--no-fetch"); /* fetches are children of their own */
    }
    if (watch->options->skips_nginx_test) {
        vec_add(arena, &arguments, "--no-nginx-test");
    }
    if (watch->options->folder != NULL) {
        vec_add(arena, &arguments, "--");
        vec_add(arena, &arguments, watch->options->folder);
    }
    vec_add(arena, &arguments, NULL);
    *out_arguments = arguments;
}

/* --- one after the other -------------------------------------------------------------------- */

static void run_done(void *context, int code, const char *output);

static void start_if_asked(struct watch *watch)
{
    struct watch_runs *runs = watch->runs;
    struct error err = {0};
    if (runs->asked == 0 || runs->process != NULL) {
        return;
    }
    AUTO_ARENA arena = arena_create();
    struct argument_list arguments = {0};
    add_run_arguments(watch, arena, &arguments);
    if (watch_start(watch, &arguments, RUN_SECONDS, run_done, &runs->process, &err)) {
        runs->asked = 0;
        return;
    }
    log_event(LOG_LEVEL_ERROR, "a run could not be started", "error", err.message, NULL);
    watch_ask(watch, WATCH_INTERVAL, LOCKED_AGAIN_MS);
}

static void run_done(void *context, int code, const char *output)
{
    struct watch *watch = context;
    struct watch_runs *runs = watch->runs;
    AUTO_ARENA arena = arena_create();
    runs->process = NULL;
    runs->is_unfinished = code > SIGNALLED || (code == EXIT_CODE_LOCKED && runs->is_unfinished);
    if (code > SIGNALLED) {
        log_event(LOG_LEVEL_WARNING, "a run was killed", "signal", strsignal(code - SIGNALLED),
                  NULL);
        watch_ask(watch, WATCH_INTERVAL, LOCKED_AGAIN_MS);
    }
    if (code == EXIT_CODE_LOCKED) {
        watch_ask(watch, WATCH_INTERVAL, LOCKED_AGAIN_MS);
    }
    watch_run_ended(watch, code, arena_strndup(arena, output, strcspn(output, "\n")));
    int is_armed = SD_EVENT_OFF;
    (void)sd_event_source_get_enabled(runs->delay, &is_armed);
    if (is_armed == SD_EVENT_OFF) {
        start_if_asked(watch);
    }
}

static int delay_passed(sd_event_source *source, uint64_t at, void *context)
{
    (void)source;
    (void)at;
    start_if_asked(context);
    return 0;
}

void watch_ask(struct watch *watch, enum watch_reason reason, unsigned delay_ms)
{
    struct watch_runs *runs = watch->runs;
    uint64_t now = 0;
    uint64_t armed = 0;
    int is_armed = SD_EVENT_OFF;
    runs->asked |= 1U << reason;
    (void)sd_event_now(watch->event, CLOCK_MONOTONIC, &now);
    (void)sd_event_source_get_enabled(runs->delay, &is_armed);
    (void)sd_event_source_get_time(runs->delay, &armed);
    uint64_t at = now + (uint64_t)delay_ms * WATCH_US_A_MS;
    if (is_armed == SD_EVENT_OFF || at < armed) {
        (void)sd_event_source_set_time(runs->delay, at);
        (void)sd_event_source_set_enabled(runs->delay, SD_EVENT_ONESHOT);
    }
}

void watch_drop_wait(struct watch *watch)
{
    struct watch_process *process = watch->runs->process;
    if (process != NULL && clock_ms() - watch_process_started_ms(process) > WAIT_IS_LONG_MS) {
        log_event(LOG_LEVEL_INFO, "the documents changed: the run under way is ended", NULL);
        watch_process_stop(process);
    }
}

bool watch_runs_begin(struct watch *watch, struct error *err)
{
    watch->runs = calloc(1, sizeof(*watch->runs));
    if (watch->runs == NULL) {
        return error_errno(err, "begin the loop");
    }
    watch->runs->is_unfinished = true;
    int result = sd_event_add_time(watch->event, &watch->runs->delay, CLOCK_MONOTONIC, 0,
                                   WATCH_US_A_MS, delay_passed, watch);
    if (result >= 0) {
        result = sd_event_source_set_enabled(watch->runs->delay, SD_EVENT_OFF);
    }
    return result >= 0 || watch_error(err, result, "begin the loop");
}

/* The run under way is asked to end and waited for: it can be repeated at any time. */
void watch_runs_end(struct watch *watch)
{
    struct watch_runs *runs = watch->runs;
    if (runs == NULL) {
        return;
    }
    watch_process_end(runs->process);
    (void)sd_event_source_disable_unref(runs->delay); /* returns NULL always */
    free(runs);
    watch->runs = NULL;
}
