/* The loop itself: what it waits for, and what it does when it comes. Runs, the folder, the managed
 * files and the socket have files of their own. */
#include "watch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "base/text.h"
#include "core/diagnostics_report.h"
#include "watch_parts.h"

enum { INTERVAL_LEEWAY_US = 5 * WATCH_US_A_SECOND };

bool watch_error(struct error *err, int result, const char *what)
{
    errno = -result;
    return error_errno(err, "%s", what);
}

/* --- what comes by the clock ---------------------------------------------------------------- */

static void arm_interval(struct watch *watch)
{
    uint64_t now = 0;
    (void)sd_event_now(watch->event, CLOCK_BOOTTIME, &now);
    uint64_t interval = (uint64_t)watch->look.settings->watch.interval.milliseconds * WATCH_US_A_MS;
    (void)sd_event_source_set_time(watch->interval, now + interval);
    (void)sd_event_source_set_enabled(watch->interval, SD_EVENT_ONESHOT);
}

static int interval_passed(sd_event_source *source, uint64_t at, void *context)
{
    struct watch *watch = context;
    (void)source;
    (void)at;
    watch_ask(watch, WATCH_INTERVAL, 0);
    arm_interval(watch);
    return 0;
}

static int due_passed(sd_event_source *source, uint64_t at, void *context)
{
    (void)source;
    (void)at;
    watch_ask(context, WATCH_DUE, 0);
    return 0;
}

void watch_arm_due(struct watch *watch, int64_t due_at)
{
    if (due_at == 0) {
        (void)sd_event_source_set_enabled(watch->due, SD_EVENT_OFF);
        return;
    }
    (void)sd_event_source_set_time(watch->due, (uint64_t)due_at * WATCH_US_A_SECOND);
    (void)sd_event_source_set_enabled(watch->due, SD_EVENT_ONESHOT);
}

static bool clocks_begin(struct watch *watch, struct error *err)
{
    int result = sd_event_add_time(watch->event, &watch->interval, CLOCK_BOOTTIME, 0,
                                   INTERVAL_LEEWAY_US, interval_passed, watch);
    if (result >= 0) {
        result = sd_event_add_time(watch->event, &watch->due, CLOCK_REALTIME, 0, WATCH_US_A_SECOND,
                                   due_passed, watch);
    }
    if (result >= 0) {
        result = sd_event_source_set_enabled(watch->due, SD_EVENT_OFF);
    }
    if (result < 0) {
        return watch_error(err, result, "arm the timers of the loop");
    }
    arm_interval(watch);
    return true;
}

/* --- a run has ended ------------------------------------------------------------------------ */

void watch_run_ended(struct watch *watch, int code, const char *verdict)
{
    enum log_level level = code == EXIT_CODE_SUCCESS ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING;
    AUTO_ARENA arena = arena_create();
    if (code != EXIT_CODE_LOCKED) {
        free(watch->last_verdict);
        watch->last_verdict = strdup(verdict);
        watch->last_code = code;
        watch->last_ended_at = watch->look.host.now(&watch->look.host);
    }
    log_event(level, "run", "verdict", verdict, "code", arena_printf(arena, "%d", code), NULL);
    (void)sd_notifyf(0, "STATUS=%s", verdict); /* nobody may be listening */
    watch_drift_renew(watch);
    watch_notify_look(watch);
    arm_interval(watch);
}

/* --- settings ------------------------------------------------------------------------------- */

/* Reads the settings into what is not used yet; the reasons of a refusal go to the log. */
static bool look_open(struct watch *watch, struct arena *arena, struct run *out_look)
{
    if (run_open(out_look, arena, watch->options)) {
        return true;
    }
    struct text mistakes = text_make(arena);
    diagnostics_write_text(&out_look->diagnostics, LANGUAGE_ENGLISH, false, &mistakes);
    (void)fputs(mistakes.data, stderr); /* there is nowhere left to complain */
    if (out_look->report.failure != NULL) {
        log_event(LOG_LEVEL_ERROR, "the settings cannot be read", "error",
                  out_look->report.failure->text, NULL);
    }
    run_end(out_look);
    return false;
}

static void parts_end(struct watch *watch)
{
    watch_notify_end(watch);
    watch_socket_end(watch);
    watch_errands_end(watch);
    watch_drift_end(watch);
    watch_git_end(watch);
    watch_source_end(watch);
}

static bool parts_begin(struct watch *watch, struct error *err)
{
    bool is_repository =
        watch->options->folder == NULL && watch->look.settings->source.git.text != NULL;
    return (is_repository ? watch_git_begin(watch, err) : watch_source_begin(watch, err)) &&
           watch_drift_begin(watch, err) && watch_socket_begin(watch, err) &&
           watch_notify_begin(watch, err);
}

bool watch_reload(struct watch *watch)
{
    struct arena *arena = arena_create();
    struct run look;
    struct error err = {0};
    (void)sd_notifyf(0, "RELOADING=1");
    if (!look_open(watch, arena, &look)) {
        log_event(LOG_LEVEL_WARNING, "the former settings stay in force", NULL);
        arena_destroy(arena);
        (void)sd_notifyf(0, "READY=1");
        return false;
    }
    parts_end(watch);
    run_end(&watch->look);
    arena_destroy(watch->arena);
    watch->arena = arena;
    watch->look = look;
    watch->look.host.layout = &watch->look.layout;
    watch->look.host.facts = &watch->look.facts;
    if (!parts_begin(watch, &err)) {
        log_event(LOG_LEVEL_ERROR, "the loop cannot go on with the new settings", "error",
                  err.message, NULL);
        (void)sd_event_exit(watch->event, EXIT_CODE_FAILED);
        return false;
    }
    log_event(LOG_LEVEL_INFO, "the settings were read again", NULL);
    (void)sd_notifyf(0, "READY=1");
    arm_interval(watch);
    watch_ask(watch, WATCH_REQUEST, 0);
    return true;
}

static int reload_asked(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
    (void)source;
    (void)info;
    (void)watch_reload(context); /* said in the log */
    return 0;
}

/* --- beginning and ending ------------------------------------------------------------------- */

static bool signals_begin(struct watch *watch, struct error *err)
{
    sigset_t signals;
    (void)sigemptyset(&signals); /* these cannot fail */
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigaddset(&signals, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    int result = sd_event_add_signal(watch->event, NULL, SIGTERM, NULL, NULL);
    if (result >= 0) {
        result = sd_event_add_signal(watch->event, NULL, SIGINT, NULL, NULL);
    }
    if (result >= 0) {
        result = sd_event_add_signal(watch->event, NULL, SIGHUP, reload_asked, watch);
    }
    if (result >= 0) {
        result = sd_event_set_watchdog(watch->event, 1);
    }
    return result >= 0 || watch_error(err, result, "make the event loop");
}

static bool loop(struct watch *watch, struct error *err)
{
    int result = sd_event_new(&watch->event);
    if (result < 0) {
        return watch_error(err, result, "make the event loop");
    }
    if (!signals_begin(watch, err) || !clocks_begin(watch, err) || !watch_runs_begin(watch, err) ||
        !parts_begin(watch, err)) {
        return false;
    }
    log_event(LOG_LEVEL_INFO, "watching", "folder", watch->look.folder, "mode",
              settings_mode_word(watch->look.settings), NULL);
    watch_ask(watch, WATCH_START, 0);
    (void)sd_notify(0, "READY=1"); /* nobody may be listening */
    result = sd_event_loop(watch->event);
    (void)sd_notify(0, "STOPPING=1");
    return result >= 0 || watch_error(err, result, "run the event loop");
}

bool watch_serve(struct arena *arena, const struct run_options *options, struct error *err)
{
    struct watch *watch = arena_new(arena, struct watch);
    *watch = (struct watch){.options = options, .arena = arena_create()};
    log_set_level(LOG_LEVEL_INFO);
    if (!look_open(watch, watch->arena, &watch->look)) {
        arena_destroy(watch->arena);
        return error_set(err, ERROR_FORMAT, "the settings cannot be used");
    }
    bool is_done = loop(watch, err);
    watch_runs_end(watch);
    parts_end(watch);
    (void)sd_event_source_disable_unref(watch->interval); /* these return NULL always */
    (void)sd_event_source_disable_unref(watch->due);
    (void)sd_event_unref(watch->event);
    run_end(&watch->look);
    free(watch->last_verdict);
    arena_destroy(watch->arena);
    return is_done;
}
