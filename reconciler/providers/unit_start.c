/* Starts units and finds out whether they work: the job's result, then the unit's own health check,
 * or, for a service that does not say when it is ready, a short look whether it stays. What failed
 * is told with systemd's reason and the last lines of its journal. */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "providers/health.h"
#include "providers/systemd_job.h"
#include "providers/systemd_journal.h"
#include "providers/unit_inputs.h"
#include "providers/unit_links.h"
#include "providers/unit_parts.h"

enum {
    JOBS_LIMIT_MS = 10 * 60 * 1000, /* systemd's own limit for a start is 90 s unless it is set */
    SETTLE_MS = 1000,    /* a program that cannot read its configuration ends within this time */
    SETTLE_LOOK_MS = 20, /* one readlink */
    EVIDENCE_LINES = 20,
};

/* ---- what to do ---------------------------------------------------------------------------- */

/* The same inputs that the running invocation started with: edited and put back, or touched. */
static bool has_taken_up(const struct unit_work_list *works, const struct unit_work *work)
{
    const struct unit_entry *entry = unit_record_find(works->record, work->name);
    struct unit_invocation now = unit_invocation_look(works->host, work->name, works->arena);
    return entry != NULL && strcmp(entry->invocation, now.exists ? now.id : "-") == 0 &&
           strcmp(entry->inputs, work->inputs) == 0;
}

static bool must_take_up(const struct unit_work_list *works, const struct unit_work *work)
{
    const struct unit_item *found = work->action->found->found;
    bool is_outdated = found != NULL && found->outdated != NULL;
    return (work->action->asks_notification || is_outdated) && !has_taken_up(works, work);
}

/* What was "found" is our own wish of a moment ago, which is taken back: it was not running before.
 */
static bool takes_back_start(const struct unit_work *work)
{
    const struct unit_item *found = work->action->found->found;
    return found != NULL && found->state == NULL && found->is_running &&
           !text_equal(work->before.active, "inactive") &&
           !text_equal(work->before.active, "failed");
}

static const char *choose_verb(const struct unit_work_list *works, const struct unit_work *work)
{
    if (work->action->item->wanted == NULL) {
        return NULL;
    }
    if (!work->wanted->is_running) {
        return takes_back_start(work) ? "stop" : NULL;
    }
    if (!work->was_running) {
        /* While systemd waits to restart it by itself, a start would only wait with it. */
        return text_equal(work->before.sub, "auto-restart") ? "restart" : "start";
    }
    if (!must_take_up(works, work)) {
        return NULL;
    }
    static const char *const verbs[] = {
        [UNIT_CHANGE_RESTART] = "restart",
        [UNIT_CHANGE_RELOAD] = "reload",
        [UNIT_CHANGE_NOTHING] = NULL,
    };
    return verbs[work->wanted->on_change];
}

/* ---- is it there --------------------------------------------------------------------------- */

struct alive {
    const struct unit_work_list *works;
    const char *name;
    struct unit_invocation invocation; /* of the start that is judged */
};

/* Only services have an invocation of their own; the rest is there when its job is done. */
static bool has_invocation(const char *name)
{
    return text_ends_with(name, ".service");
}

static bool is_alive(void *context)
{
    const struct alive *alive = context;
    struct unit_invocation now =
        unit_invocation_look(alive->works->host, alive->name, alive->works->arena);
    return !has_invocation(alive->name) ||
           (now.exists && strcmp(now.id, alive->invocation.id) == 0);
}

/* Whether a finished start job only says that the program was run. */
static bool says_nothing_of_readiness(const struct unit_work_list *works, const char *name)
{
    const char *type = "";
    return has_invocation(name) &&
           systemd_bus_text(works->bus, name, "Service", "Type", works->arena, &type, NULL) &&
           (text_equal(type, "simple") || text_equal(type, "exec") || text_equal(type, "idle"));
}

static bool stays(struct alive *alive, int64_t until_ms)
{
    while (is_alive(alive)) {
        if (clock_ms() >= until_ms) {
            return true;
        }
        const struct timespec pause = {.tv_nsec = SETTLE_LOOK_MS * 1000000L};
        (void)nanosleep(&pause, NULL); /* woken early: the loop looks at the clock */
    }
    return false;
}

/* ---- does it work -------------------------------------------------------------------------- */

static void fail(const struct unit_work_list *works, struct unit_work *work,
                 const struct error *reason, bool is_gone, uint64_t since_us)
{
    const struct message *words =
        is_gone ? unit_failure_words(works->bus, work->name, works->arena) : NULL;
    work->outcome->result = OUTCOME_FAILED;
    work->outcome->error = *reason;
    if (words != NULL) {
        (void)error_add(&work->outcome->error, MESSAGE_COLON, words);
    }
    const char *journal =
        systemd_journal_since(works->host, work->name, EVIDENCE_LINES, since_us, works->arena);
    work->outcome->evidence = journal[0] == '\0' ? NULL : journal;
}

/* Whom a command of the check runs as: never more than the service itself may do. */
static bool read_identity(const struct unit_work_list *works, const char *name,
                          struct health_subject *subject, struct error *err)
{
    uint32_t process = 0;
    const char *user = "";
    if (!systemd_bus_number(works->bus, name, "Service", "MainPID", 'u', &process, err) ||
        !systemd_bus_text(works->bus, name, "Service", "User", works->arena, &user, err)) {
        return false;
    }
    subject->process = (pid_t)process;
    subject->is_root = user[0] == '\0' || text_equal(user, "root") || text_equal(user, "0");
    return true;
}

static bool check(const struct unit_work_list *works, const struct unit_work *work,
                  struct alive *alive, int64_t started_ms, struct error *err)
{
    if (strcmp(work->verb, "stop") == 0) {
        return true;
    }
    const struct health *health = &work->wanted->health;
    if (health->type == HEALTH_NONE) {
        bool waits =
            strcmp(work->verb, "reload") != 0 && says_nothing_of_readiness(works, work->name);
        return stays(alive, waits ? started_ms + SETTLE_MS : 0) ||
               error_set(err, ERROR_REFUSED, "%s failed", work->verb);
    }
    struct health_subject subject = {
        .started_ms = started_ms, .is_alive = is_alive, .context = alive};
    if (health->type == HEALTH_EXEC && !read_identity(works, work->name, &subject, err)) {
        return false;
    }
    return health_wait(works->host, health, &subject, works->arena, err);
}

static uint64_t realtime_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct starting {
    struct unit_work *work;
    struct error error;
    bool is_gone; /* it ended, rather than never working */
};

static bool run_jobs(struct unit_work_list *works, const struct starting *starts, size_t count,
                     struct systemd_job *jobs, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct unit_work *work = starts[i].work;
        /* And with it the start limit, which is there for units that fail by themselves: versions
         * may come quickly. */
        systemd_bus_reset_failed(works->bus, work->name);
        jobs[i] = (struct systemd_job){.verb = work->verb, .unit = work->name};
    }
    if (works->host->progress != NULL && count > 0) {
        works->host->progress(works->host->progress_context,
                              arena_printf(works->arena, "waiting for %zu units", count));
    }
    return systemd_jobs_run(works->bus, jobs, count, JOBS_LIMIT_MS, works->arena, err);
}

/* Fills each start's error when it did not come up. Returns whether any did not. */
static bool judge(struct unit_work_list *works, struct starting *starts, size_t count,
                  const struct systemd_job *jobs)
{
    bool has_failure = false;
    int64_t started_ms = clock_ms(); /* before that, old processes may have been stopping */
    struct alive *alive = arena_array(works->arena, count, sizeof(*alive));
    for (size_t i = 0; i < count; i++) {
        const char *name = starts[i].work->name;
        alive[i] =
            (struct alive){works, name, unit_invocation_look(works->host, name, works->arena)};
    }
    for (size_t i = 0; i < count; i++) {
        bool works_well = false;
        if (!jobs[i].is_done) {
            starts[i].error = jobs[i].error;
        } else {
            works_well = check(works, starts[i].work, &alive[i], started_ms, &starts[i].error);
        }
        starts[i].is_gone = !works_well && !is_alive(&alive[i]);
        has_failure = has_failure || !works_well;
    }
    return has_failure;
}

/* ---- remembering --------------------------------------------------------------------------- */

static const char *invocation_word(const struct unit_work_list *works, const struct unit_work *work)
{
    if (!work->wanted->is_running || unit_work_has_failed(work)) {
        return "";
    }
    struct unit_invocation now = unit_invocation_look(works->host, work->name, works->arena);
    if (now.exists) {
        return arena_strdup(works->arena, now.id);
    }
    return has_invocation(work->name) ? "" : "-";
}

static void remember(struct unit_work_list *works, const struct unit_work *work)
{
    struct unit_entry entry = {.name = work->name,
                               .invocation = invocation_word(works, work),
                               .inputs = work->inputs,
                               .stamp = work->stamp,
                               .loaded = work->loaded};
    const struct unit_entry *before = unit_record_find(works->record, work->name);
    if (work->verb == NULL && work->was_running && must_take_up(works, work)) {
        entry.inputs = before == NULL ? "" : before->inputs; /* it keeps running with those */
    }
    unit_record_put(works->record, &entry);
}

void unit_start_all(struct unit_work_list *works)
{
    struct starting *starts = arena_array(works->arena, works->count, sizeof(*starts));
    struct systemd_job *jobs = arena_array(works->arena, works->count, sizeof(*jobs));
    uint64_t since_us = realtime_us();
    size_t count = 0;
    for (size_t i = 0; i < works->count; i++) {
        struct unit_work *work = &works->items[i];
        work->verb = unit_work_has_failed(work) ? NULL : choose_verb(works, work);
        if (work->verb != NULL) {
            work->outcome->result = OUTCOME_CHANGED;
            starts[count++] = (struct starting){.work = work};
        }
    }
    struct error err = {0};
    bool has_failure = false;
    if (count > 0 && !run_jobs(works, starts, count, jobs, &err)) {
        for (size_t i = 0; i < count; i++) {
            starts[i].error = err;
        }
        has_failure = true;
    } else if (count > 0) {
        has_failure = judge(works, starts, count, jobs);
    }
    if (has_failure) {
        systemd_journal_settle(works->host, works->arena);
    }
    for (size_t i = 0; i < count; i++) {
        if (starts[i].error.code != ERROR_NONE) {
            fail(works, starts[i].work, &starts[i].error, starts[i].is_gone, since_us);
        }
    }
    for (size_t i = 0; i < works->count; i++) {
        const struct unit_work *work = &works->items[i];
        bool was_loaded = !unit_work_has_failed(work) || work->verb != NULL;
        if (work->action->item->wanted != NULL && was_loaded) {
            remember(works, work);
        }
    }
}
