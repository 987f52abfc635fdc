/* Makes the running nginx take up what is on disk, and believes it only when it has seen it: a new
 * worker answers with the wanted generation, and no old one takes connections any more. What nginx
 * says by its exit status is no proof: a reload command ends with 0 even when the master refuses.
 */

#include "providers/nginx_reload.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "providers/nginx_complaint.h"
#include "providers/nginx_errors.h"
#include "providers/nginx_process.h"
#include "providers/systemd.h"

enum {
    PATIENCE_MS = 3000, /* beside so many times the time of the test */
    PATIENCE_TESTS = 4, /* 2 of a plain one, which takes up to 1.7 times as long as ours */
    BINDING_MS = 2600,  /* a master tries to bind for 2.5 s, and hears no signal meanwhile */
    ASK_MS = 500,       /* a worker that is alive answers within a millisecond */
    PAUSE_NS = 2000000, /* between two looks: the first new answer comes after 17 ms */
    PAUSE_PARTS = 64,
    NS_PER_MS = 1000000,
    NS_PER_S = 1000000000,
    OUTPUT_LIMIT = 64 * 1024,
    US_PER_MS = 1000,
};

struct wait {
    struct host *host;
    struct arena *arena;
    unsigned long generation;
    pid_t master;
    struct pid_list old; /* children from before the signal */
    struct nginx_errors errors;
    bool ignores_binding;
    int64_t begin_ms;
    int64_t limit_ms;
    bool is_answered;           /* by a new worker, as it shall be */
    struct nginx_answer answer; /* the last one */
    pid_t old_worker;           /* one that still takes connections; 0: none */
};

/* ---- Proof ----------------------------------------------------------------------------------- */

static bool has_pid(const struct pid_list *list, pid_t pid)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] == pid) {
            return true;
        }
    }
    return false;
}

/* A new worker speaks for the wanted generation; where that has no proof page, it is enough that
 * there is a new worker. */
static bool new_worker_answers(struct wait *wait, const struct pid_list *children)
{
    if (wait->generation != 0) {
        return nginx_ask(wait->host->layout, ASK_MS, &wait->answer) &&
               wait->answer.generation == wait->generation &&
               !has_pid(&wait->old, wait->answer.worker);
    }
    for (size_t i = 0; i < children->count; i++) {
        if (!has_pid(&wait->old, children->items[i])) {
            return true;
        }
    }
    return false;
}

/* The first old process that still takes connections; 0: none. */
static pid_t find_old(const struct wait *wait, const struct pid_list *children)
{
    for (size_t i = 0; i < wait->old.count; i++) {
        pid_t pid = wait->old.items[i];
        if (has_pid(children, pid) && !nginx_is_leaving(pid)) {
            return pid;
        }
    }
    return 0;
}

static const char *next_emergency(struct wait *wait)
{
    const char *message = nginx_errors_next(&wait->errors, wait->master);
    while (message != NULL && wait->ignores_binding && strstr(message, "bind()") != NULL) {
        message = nginx_errors_next(&wait->errors, wait->master);
    }
    return message;
}

static bool is_proven(struct wait *wait)
{
    AUTO_ARENA scratch = arena_create();
    struct pid_list children;
    nginx_children(wait->master, scratch, &children);
    wait->is_answered = wait->is_answered || new_worker_answers(wait, &children);
    wait->old_worker = find_old(wait, &children);
    return wait->is_answered && wait->old_worker == 0;
}

static bool fail_late(const struct wait *wait, struct error *err)
{
    long long waited = clock_ms() - wait->begin_ms;
    if (wait->is_answered) {
        return error_set(err, ERROR_LIMIT,
                         "the old worker %d still takes connections after %lld ms",
                         (int)wait->old_worker, waited);
    }
    if (wait->answer.generation == 0) {
        return error_set(err, ERROR_LIMIT, "no worker tells what it has loaded after %lld ms",
                         waited);
    }
    return error_set(err, ERROR_LIMIT, "worker %d still answers with generation %lu after %lld ms",
                     (int)wait->answer.worker, wait->answer.generation, waited);
}

/* The longer it takes the more seldom we look: nginx, which reads a large configuration, shall have
 * the processor, and what is late by a part of PAUSE_PARTS is not late. */
static void pause_shortly(const struct wait *wait)
{
    int64_t elapsed_ns = (clock_ms() - wait->begin_ms) * NS_PER_MS / PAUSE_PARTS;
    int64_t pause_ns = elapsed_ns < PAUSE_NS ? PAUSE_NS : elapsed_ns;
    const struct timespec pause = {
        .tv_sec = pause_ns / NS_PER_S,
        .tv_nsec = pause_ns % NS_PER_S,
    };
    (void)nanosleep(&pause, NULL); /* a signal only makes it shorter */
}

static bool wait_for_proof(struct wait *wait, struct error *err)
{
    for (;;) {
        const char *emergency = next_emergency(wait);
        if (emergency != NULL) {
            return error_set(err, ERROR_REFUSED, "%s", emergency);
        }
        if (is_proven(wait)) {
            return true;
        }
        if (kill(wait->master, 0) != 0) {
            return error_set(err, ERROR_UNAVAILABLE, "the nginx master %d ended",
                             (int)wait->master);
        }
        if (clock_ms() - wait->begin_ms > wait->limit_ms) {
            return fail_late(wait, err);
        }
        pause_shortly(wait);
    }
}

/* ---- Starting -------------------------------------------------------------------------------- */

static bool start_program(struct wait *wait, struct error *err)
{
    struct process_result run;
    struct nginx_complaints complaints;
    const struct layout *layout = wait->host->layout;
    const char *main = arena_printf(wait->arena, "%s/nginx.conf", layout->nginx_directory);
    const struct process_options options = {
        .argv = (const char *const[]){layout->nginx_program, "-e", "stderr", "-c", main, NULL},
        .timeout_ms = (unsigned)wait->limit_ms,
        .output_limit = OUTPUT_LIMIT,
        .directory = AT_FDCWD,
    };
    if (!wait->host->run(wait->host, &options, wait->arena, &run, err)) {
        return false;
    }
    if (run.status == 0) {
        return true;
    }
    nginx_complaints_read(wait->arena, run.errors, (const char *const[]){NULL}, "", &complaints);
    return error_set(err, ERROR_REFUSED, "%s",
                     complaints.count == 0
                         ? run.errors.data
                         : nginx_complaint_text(wait->arena, vec_last(&complaints)));
}

/* A master that is being started has its pid file a moment after the program has ended. */
static bool wait_for_master(struct wait *wait, struct error *err)
{
    for (;;) {
        if (!nginx_master(wait->host, wait->arena, &wait->master, err) || wait->master != 0) {
            return wait->master != 0;
        }
        if (clock_ms() - wait->begin_ms > wait->limit_ms) {
            return error_set(err, ERROR_UNAVAILABLE, "nginx was started, but has no master in %s",
                             wait->host->layout->nginx_pid);
        }
        pause_shortly(wait);
    }
}

static bool start(struct wait *wait, struct error *err)
{
    const char *service = wait->host->layout->nginx_service;
    bool is_started = service != NULL && systemd_is_running(wait->host)
                          ? systemd_unit_job(wait->host, "start", service, (unsigned)wait->limit_ms,
                                             wait->arena, err)
                          : start_program(wait, err);
    if (!is_started || !wait_for_master(wait, err)) {
        return error_wrap(err, "start nginx");
    }
    return true;
}

/* ---- Reloading ------------------------------------------------------------------------------- */

static bool load(struct wait *wait, struct error *err)
{
    if (!nginx_master(wait->host, wait->arena, &wait->master, err)) {
        return false;
    }
    nginx_errors_open(&wait->errors, wait->host, wait->master, wait->arena);
    if (wait->master == 0) {
        return start(wait, err) && wait_for_proof(wait, err);
    }
    nginx_children(wait->master, wait->arena, &wait->old);
    if (kill(wait->master, SIGHUP) != 0) {
        return error_errno(err, "signal the nginx master %d", (int)wait->master);
    }
    return wait_for_proof(wait, err);
}

bool nginx_load(struct host *host, unsigned long generation, int64_t test_us, bool is_way_back,
                struct arena *arena, struct error *err)
{
    struct wait wait = {
        .host = host,
        .arena = arena,
        .generation = generation,
        .ignores_binding = is_way_back,
        .begin_ms = clock_ms(),
        .limit_ms =
            PATIENCE_MS + PATIENCE_TESTS * test_us / US_PER_MS + (is_way_back ? BINDING_MS : 0),
    };
    bool is_loaded = load(&wait, err);
    nginx_errors_close(&wait.errors);
    return is_loaded && nginx_loaded_record(host, generation, err);
}

bool nginx_reload(struct host *host, unsigned long generation, int64_t test_us, struct arena *arena,
                  struct error *err)
{
    return nginx_load(host, generation, test_us, false, arena, err);
}
