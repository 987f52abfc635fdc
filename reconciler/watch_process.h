/* This very program with other arguments, beside the loop: a child of it, or, where a runner
 * listens (reconcile-run.socket), a process of a service of its own, which may do what the loop's
 * sandbox forbids. What it prints is collected, its end is told, and it has a last moment. */
#pragma once

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/error.h"
#include "base/str.h"

struct watch_process;

/* output: what it printed, at most 1 KiB of it, ended by NUL; both are gone after the call. A code
 * of 128 + N tells that signal N ended it. */
typedef void watch_process_done(void *context, int code, const char *output);

struct watch_program {
    const char *runner;           /* path of its socket; NULL: a child */
    const char *const *arguments; /* ended by NULL; arguments[0] is the program's name */
    int input;                    /* its standard input; stays the caller's */
    unsigned seconds_most;
};

/* Calls done once, unless watch_process_end is called before. */
bool watch_process_start(sd_event *event, const struct watch_program *program,
                         watch_process_done *done, void *context,
                         struct watch_process **out_process, struct error *err) MUST_CHECK;
/* Asks it to end; done is called when it has. */
void watch_process_stop(struct watch_process *process);
/* Ends it, waits, and releases. Accepts NULL. */
void watch_process_end(struct watch_process *process);
int64_t watch_process_started_ms(const struct watch_process *process);
