/* What the files of the loop share. */
#pragma once

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "providers/file_events.h"
#include "providers/managed_files.h"
#include "watch.h"
#include "watch_process.h"

/* Why a run is asked for. Several may wait for the same run. */
enum watch_reason {
    WATCH_START,
    WATCH_SOURCE,   /* the documents changed */
    WATCH_DRIFT,    /* something of ours changed on the host */
    WATCH_INTERVAL, /* it is time to look at everything */
    WATCH_DUE,      /* a day that a document or certificate names has come */
    WATCH_REQUEST,  /* somebody asked over the socket */
    WATCH_REASON_COUNT
};
const char *watch_reason_word(enum watch_reason reason);

struct watch_runs;
struct watch_source;
struct watch_git;
struct watch_drift;
struct watch_socket;
struct watch_notify;
struct watch_errands;

struct watch {
    const struct run_options *options;
    sd_event *event;
    struct arena *arena; /* of the settings, and of look */
    struct run look;     /* settings and host; no run of it is ever made */
    struct watch_runs *runs;
    struct watch_source *source; /* of a folder; else NULL */
    struct watch_git *git;       /* of a repository; else NULL */
    struct watch_drift *drift;
    struct watch_socket *socket;
    struct watch_notify *notify;
    struct watch_errands *errands; /* NULL: none was ever run */
    sd_event_source *interval;
    sd_event_source *due;
    char *last_verdict;    /* owned by malloc: the first line of the last run, or NULL */
    int64_t last_ended_at; /* seconds since the epoch; 0: none yet */
    int last_code;
};

enum { WATCH_US_A_MS = 1000, WATCH_US_A_SECOND = 1000000 };

VEC(argument_list, const char *);

/* --- watch_runs.c: runs, one at a time --- */
bool watch_runs_begin(struct watch *watch, struct error *err) MUST_CHECK;
void watch_runs_end(struct watch *watch);
/* A run is made as soon as none is under way, after the delay; what is asked meanwhile joins it. */
void watch_ask(struct watch *watch, enum watch_reason reason, unsigned delay_ms);
bool watch_is_running(const struct watch *watch);
/* Whether a run may have left the host in between: one is under way, or was killed, and what it has
 * written by then only the next one knows, as at the start of the loop. */
bool watch_is_halfway(const struct watch *watch);
/* What was said to the loop is said to its children as well: --config, --state, ... */
void watch_add_options(const struct watch *watch, struct arena *arena,
                       struct argument_list *arguments);
/* Starts a child with the settings of the loop, whatever their file says by now; arguments as of
 * watch_add_options. done gets the watch. */
bool watch_start(struct watch *watch, const struct argument_list *arguments, unsigned seconds_most,
                 watch_process_done *done, struct watch_process **out_process,
                 struct error *err) MUST_CHECK;
/* The documents changed: a run that waits for something may be waiting in vain. */
void watch_drop_wait(struct watch *watch);

/* --- watch_source.c: the folder of documents --- */
bool watch_source_begin(struct watch *watch, struct error *err) MUST_CHECK;
void watch_source_end(struct watch *watch);

/* --- watch_git.c: the repository of documents --- */
bool watch_git_begin(struct watch *watch, struct error *err) MUST_CHECK;
void watch_git_end(struct watch *watch);
/* Now; nothing where the source is no repository. */
void watch_fetch(struct watch *watch);

/* --- watch_drift.c: the managed files --- */
bool watch_drift_begin(struct watch *watch, struct error *err) MUST_CHECK;
void watch_drift_end(struct watch *watch);
/* After a run: other files, other texts; and what happened meanwhile is looked at. */
void watch_drift_renew(struct watch *watch);

/* --- watch_errand.c: what needs the lock of a run --- */
enum watch_errand_sort { ERRAND_CHECK, ERRAND_SUSPEND, ERRAND_RESUME };
struct watch_errand_order {
    enum watch_errand_sort sort;
    const char *scope; /* of a suspension, as the next two */
    const char *until;
    const char *why;
    const char *who;
    const char *from;
    /* why: what went wrong; NULL: nothing. May be NULL: nobody waits. */
    void (*done)(void *context, const char *why);
    void *context;
};
/* Texts are copied. False when there are too many; else done is called once, later. */
bool watch_errand_run(struct watch *watch, const struct watch_errand_order *order);
/* It is carried out all the same, but nobody with this context waits any more. */
void watch_errands_drop(struct watch *watch, const void *context);
void watch_errands_end(struct watch *watch);

/* --- watch_socket.c --- */
bool watch_socket_begin(struct watch *watch, struct error *err) MUST_CHECK;
void watch_socket_end(struct watch *watch);

/* --- watch_notify.c: messages that wait --- */
bool watch_notify_begin(struct watch *watch, struct error *err) MUST_CHECK;
void watch_notify_end(struct watch *watch);
/* A run may have added some. */
void watch_notify_look(struct watch *watch);

/* --- watch.c --- */
/* When something is to be done although nothing changes, in seconds since the epoch; 0: never. */
void watch_arm_due(struct watch *watch, int64_t due_at);
/* A run has ended: verdict is its first line. */
void watch_run_ended(struct watch *watch, int code, const char *verdict);
/* False keeps what was there before, with the reason in the log. */
bool watch_reload(struct watch *watch);
/* -errno of sd_event as an error. */
bool watch_error(struct error *err, int result, const char *what);
