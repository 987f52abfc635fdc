/* Units take up a new pair by a reload or a restart. That they have to is remembered beside the
 * copy until they did. */

#include "providers/copy_parts.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "providers/pair_store.h"
#include "providers/systemd_job.h"

enum { JOBS_LIMIT_MS = 5 * 60 * 1000 };

static const char *owed_path(struct arena *arena, const char *folder)
{
    return host_path(arena_printf(arena, "%s/owed", pair_store_versions(folder, arena)));
}

bool copy_is_owed(const struct copy_work *work, const char *folder)
{
    return faccessat(work->host->root, owed_path(work->arena, folder), F_OK, AT_SYMLINK_NOFOLLOW) ==
           0;
}

bool copy_owe(const struct copy_work *work, const char *folder, const struct copy_item *wanted,
              struct error *err)
{
    return wanted->unit == NULL || wanted->on_change == UNIT_CHANGE_NOTHING ||
           file_replace(work->host->root, owed_path(work->arena, folder), str_of(""), 0600,
                        FILE_OWNER_NONE, FILE_SYNC_NOW, err);
}

/* ---- Telling --------------------------------------------------------------------------------- */

struct telling {
    size_t *actions; /* which of them, one for each job */
    struct systemd_job *jobs;
    size_t count;
};

/* What does not run reads the new pair when it is started. */
static bool list_running(struct copy_work *work, struct systemd_bus *bus, struct telling *telling,
                         struct error *err)
{
    const char **names = arena_array(work->arena, telling->count, sizeof(*names));
    struct systemd_unit_state *states = arena_array(work->arena, telling->count, sizeof(*states));
    for (size_t i = 0; i < telling->count; i++) {
        names[i] = telling->jobs[i].unit;
    }
    if (!systemd_bus_list(bus, names, telling->count, work->arena, states, err)) {
        return false;
    }
    for (size_t i = 0; i < telling->count; i++) {
        telling->jobs[i].is_done =
            text_equal(states[i].active, "inactive") || text_equal(states[i].active, "failed");
    }
    return true;
}

/* Each unit once, however many copies it reads. */
static bool run_jobs(struct copy_work *work, struct systemd_bus *bus, struct telling *telling,
                     struct error *err)
{
    struct systemd_job *jobs = arena_array(work->arena, telling->count, sizeof(*jobs));
    size_t *job_of = arena_array(work->arena, telling->count, sizeof(*job_of));
    size_t count = 0;
    for (size_t i = 0; i < telling->count; i++) {
        size_t k = 0;
        while (k < count && strcmp(jobs[k].unit, telling->jobs[i].unit) != 0) {
            k++;
        }
        job_of[i] = k;
        if (k == count && !telling->jobs[i].is_done) {
            jobs[count++] = telling->jobs[i];
        }
    }
    if (count > 0 && !systemd_jobs_run(bus, jobs, count, JOBS_LIMIT_MS, work->arena, err)) {
        return false;
    }
    for (size_t i = 0; i < telling->count; i++) {
        if (!telling->jobs[i].is_done) {
            telling->jobs[i] = jobs[job_of[i]];
        }
    }
    return true;
}

static void take_end(struct copy_work *work, const struct action *action, struct systemd_job *job,
                     struct outcome *outcome)
{
    struct error reason = {0};
    if (job->is_done &&
        file_remove_all(work->host->root, owed_path(work->arena, action->item->id), &reason)) {
        outcome->result = OUTCOME_CHANGED;
        return;
    }
    outcome->result = OUTCOME_FAILED;
    outcome->error = job->is_done ? reason : job->error;
    (void)error_wrap(&outcome->error, "%s %s", job->verb, job->unit);
}

static void tell_units(struct copy_work *work, const struct action *const *actions,
                       struct telling *telling, struct outcome *outcomes)
{
    AUTO_SYSTEMD_BUS bus = {0};
    struct error reason = {0};
    bool is_told = !systemd_is_managed(work->host) ||
                   (systemd_bus_open(&bus, &reason) && list_running(work, &bus, telling, &reason) &&
                    run_jobs(work, &bus, telling, &reason));
    for (size_t i = 0; i < telling->count; i++) {
        struct systemd_job *job = &telling->jobs[i];
        if (!is_told) {
            job->is_done = false;
            job->error = reason;
        } else if (!systemd_is_managed(work->host)) {
            job->is_done = true; /* nothing runs that could be told */
        }
        take_end(work, actions[telling->actions[i]], job, &outcomes[telling->actions[i]]);
    }
}

void copy_tell_owed(struct copy_work *work, const struct action *const *actions, size_t count,
                    struct outcome *outcomes)
{
    static const char *const verbs[] = {
        [UNIT_CHANGE_RESTART] = "restart",
        [UNIT_CHANGE_RELOAD] = "reload", /* restart where it cannot */
        [UNIT_CHANGE_NOTHING] = NULL,
    };
    struct telling telling = {.actions = arena_array(work->arena, count, sizeof(size_t)),
                              .jobs = arena_array(work->arena, count, sizeof(struct systemd_job))};
    for (size_t i = 0; i < count; i++) {
        const struct copy_item *wanted = actions[i]->item->wanted;
        if (actions[i]->verb != ACTION_DELETE && wanted != NULL && wanted->unit != NULL &&
            outcomes[i].result != OUTCOME_FAILED && copy_is_owed(work, actions[i]->item->id)) {
            telling.actions[telling.count] = i;
            telling.jobs[telling.count++] =
                (struct systemd_job){.verb = verbs[wanted->on_change], .unit = wanted->unit};
        }
    }
    if (telling.count > 0) {
        tell_units(work, actions, &telling, outcomes);
    }
}
