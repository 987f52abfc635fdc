/* Makes units as they are wanted: stops and unlinks what shall go, enables by link, lets the
 * manager load changed files by one daemon-reload, and has unit_start.c start the rest. Every step
 * looks first whether it is needed, so that a repeated apply does nothing twice. */
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "providers/systemd_job.h"
#include "providers/unit.h"
#include "providers/unit_inputs.h"
#include "providers/unit_links.h"
#include "providers/unit_parts.h"

/* systemd has time limits of its own for every unit; this one is for a manager that hangs. */
enum { STOP_LIMIT_MS = 10 * 60 * 1000 };

static bool is_removal(const struct unit_work *work)
{
    return work->action->item->wanted == NULL;
}

static void fail_all(struct unit_work_list *works, const struct error *err)
{
    for (size_t i = 0; i < works->count; i++) {
        works->items[i].outcome->result = OUTCOME_FAILED;
        works->items[i].outcome->error = *err;
    }
}

static void fail(struct unit_work *work, const struct error *err)
{
    work->outcome->result = OUTCOME_FAILED;
    work->outcome->error = *err;
}

/* ---- links --------------------------------------------------------------------------------- */

static void apply_links(struct unit_links *links, struct unit_work *work)
{
    struct error err = {0};
    bool is_changed = false;
    bool is_done = is_removal(work)
                       ? unit_disable_everywhere(links, work->name, &is_changed, &err)
                       : unit_enable(links, work->name, work->wanted, &is_changed, &err);
    if (!is_done) {
        fail(work, &err);
    } else if (is_changed) {
        work->outcome->result = OUTCOME_CHANGED;
        work->is_stale = !is_removal(work); /* the targets' wishes are read with the units */
    }
}

static void apply_all_links(struct unit_work_list *works)
{
    struct error err = {0};
    struct unit_links links = {.host = works->host, .arena = works->arena};
    for (size_t i = 0; i < works->count; i++) {
        if (!unit_work_has_failed(&works->items[i])) {
            apply_links(&links, &works->items[i]);
        }
    }
    if (!unit_links_sync(&links, &err)) {
        fail_all(works, &err);
    }
}

/* ---- removal ------------------------------------------------------------------------------- */

static void stop_removed(struct unit_work_list *works)
{
    struct systemd_job *jobs = arena_array(works->arena, works->count, sizeof(*jobs));
    struct unit_work **stopped =
        arena_array(works->arena, works->count, sizeof(struct unit_work *));
    size_t count = 0;
    for (size_t i = 0; i < works->count; i++) {
        struct unit_work *work = &works->items[i];
        if (is_removal(work) && !text_equal(work->before.active, "inactive") &&
            !text_equal(work->before.active, "failed")) {
            stopped[count] = work;
            jobs[count++] = (struct systemd_job){.verb = "stop", .unit = work->name};
        }
    }
    struct error err = {0};
    if (count > 0 &&
        !systemd_jobs_run(works->bus, jobs, count, STOP_LIMIT_MS, works->arena, &err)) {
        for (size_t i = 0; i < count; i++) {
            jobs[i].error = err;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].is_done) {
            stopped[i]->outcome->result = OUTCOME_CHANGED;
        } else {
            fail(stopped[i], &jobs[i].error);
        }
    }
}

/* Its file goes after it; unit_settle then makes the manager forget both. */
static void forget_removed(struct unit_work_list *works)
{
    for (size_t i = 0; i < works->count; i++) {
        struct unit_work *work = &works->items[i];
        if (is_removal(work) && !unit_work_has_failed(work)) {
            systemd_bus_reset_failed(works->bus, work->name);
            unit_record_drop(works->record, work->name);
            vec_add(works->arena, &works->record->gone,
                    (struct unit_gone){work->name, work->wanted->file});
            work->outcome->result = OUTCOME_CHANGED;
        }
    }
}

/* ---- loading ------------------------------------------------------------------------------- */

static bool look_at_manager(struct unit_work_list *works, uint64_t *out_loaded_at,
                            struct error *err)
{
    const char **names = arena_array(works->arena, works->count, sizeof(*names));
    struct systemd_unit_state *states = arena_array(works->arena, works->count, sizeof(*states));
    for (size_t i = 0; i < works->count; i++) {
        names[i] = works->items[i].name;
    }
    if (!systemd_bus_open(works->bus, err) ||
        !systemd_bus_loaded_at(works->bus, out_loaded_at, err) ||
        !systemd_bus_list(works->bus, names, works->count, works->arena, states, err)) {
        return false;
    }
    for (size_t i = 0; i < works->count; i++) {
        works->items[i].before = states[i];
        (void)unit_state_words(&states[i], &works->items[i].was_running);
    }
    return true;
}

/* Were our record lost, the times must tell that what we wrote came before what we load and start:
 * else a later run would restart everything for nothing. */
static void wait_for_tick(int64_t newest_us)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    int64_t now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    int64_t left_us = newest_us + CLOCK_TICK_US + 1 - now_us;
    if (left_us > 0 && left_us <= CLOCK_TICK_US + 1) { /* longer: a time in the future */
        struct timespec step = {.tv_nsec = (long)left_us * 1000};
        (void)nanosleep(&step, NULL); /* a signal ends the run anyway */
    }
}

static void read_inputs(struct unit_work_list *works, uint64_t loaded_at)
{
    int64_t newest_us = 0;
    for (size_t i = 0; i < works->count; i++) {
        struct unit_work *work = &works->items[i];
        if (is_removal(work)) {
            continue;
        }
        struct unit_inputs inputs = unit_inputs_look(works->host, work->wanted, works->arena);
        newest_us = inputs.newest_us > newest_us ? inputs.newest_us : newest_us;
        work->stamp = arena_strdup(works->arena, inputs.stamp);
        work->inputs = unit_inputs_digest(works->host, work->wanted, works->arena);
        work->loaded = unit_file_digest(works->host, work->wanted, works->arena);
        work->is_stale = work->is_stale || unit_is_stale(works->host, work->name, work->wanted,
                                                         works->record, loaded_at, works->arena);
    }
    wait_for_tick(newest_us);
}

/* One daemon-reload for all that need it. */
static void load_changed(struct unit_work_list *works, uint64_t loaded_at)
{
    size_t stale = 0;
    for (size_t i = 0; i < works->count; i++) {
        stale += works->items[i].is_stale;
    }
    struct error err = {0};
    bool is_loaded = stale == 0 || (systemd_bus_reload(works->bus, &err) &&
                                    systemd_bus_loaded_at(works->bus, &loaded_at, &err));
    for (size_t i = 0; i < works->count; i++) {
        struct unit_work *work = &works->items[i];
        if (!is_loaded && work->is_stale) {
            fail(work, &err);
        } else if (work->is_stale && !unit_work_has_failed(work)) {
            work->outcome->result = OUTCOME_CHANGED;
        }
    }
    if (works->record->loaded_at != loaded_at) {
        unit_record_forget_loaded(works->record);
        works->record->loaded_at = loaded_at;
    }
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void apply_managed(struct unit_work_list *works)
{
    struct error err = {0};
    uint64_t loaded_at = 0;
    if (!look_at_manager(works, &loaded_at, &err)) {
        fail_all(works, &err);
        return;
    }
    stop_removed(works);
    apply_all_links(works);
    forget_removed(works);
    read_inputs(works, loaded_at);
    load_changed(works, loaded_at);
    unit_start_all(works);
    bool is_saved = unit_record_save(works->host, works->record, NULL);
    (void)is_saved; /* a cache: without it the times of the files decide */
}

void unit_apply(struct host *host, const struct action *const *actions, size_t count,
                struct arena *arena, struct outcome *outcomes)
{
    AUTO_SYSTEMD_BUS bus = {0};
    struct unit_record record;
    int64_t begun_us = clock_us();
    unit_record_load(host, arena, &record);
    struct unit_work_list works = {
        .host = host,
        .arena = arena,
        .bus = &bus,
        .record = &record,
        .items = arena_array(arena, count, sizeof(struct unit_work)),
        .count = count,
    };
    for (size_t i = 0; i < count; i++) {
        outcomes[i].result = OUTCOME_UNCHANGED;
        works.items[i] = (struct unit_work){.action = actions[i],
                                            .name = actions[i]->item->id,
                                            .wanted = unit_wanted(host, actions[i]->item, arena),
                                            .outcome = &outcomes[i]};
    }
    if (systemd_is_managed(host)) {
        apply_managed(&works);
    } else {
        apply_all_links(&works);
    }
    for (size_t i = 0; i < count; i++) {
        outcomes[i].took_us = clock_us() - begun_us;
    }
}

/* ---- after the run ------------------------------------------------------------------------- */

bool unit_settle(struct host *host, struct arena *arena, struct error *err)
{
    struct unit_record record;
    struct unit_gone_list waiting = {0};
    unit_record_load(host, arena, &record);
    if (record.gone.count == 0 || !systemd_is_managed(host)) {
        return true;
    }
    for (size_t i = 0; i < record.gone.count; i++) {
        const struct unit_gone *gone = &record.gone.items[i];
        if (faccessat(host->root, host_path(gone->file), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            vec_add(arena, &waiting, *gone);
        }
    }
    if (waiting.count < record.gone.count) {
        AUTO_SYSTEMD_BUS bus = {0};
        if (!systemd_bus_open(&bus, err) || !systemd_bus_reload(&bus, err) ||
            !systemd_bus_loaded_at(&bus, &record.loaded_at, err)) {
            return false;
        }
        unit_record_forget_loaded(&record);
    }
    record.gone = waiting;
    return unit_record_save(host, &record, err);
}

bool unit_timers_run(struct host *host, struct arena *arena)
{
    struct unit_record record;
    unit_record_load(host, arena, &record);
    const char **names = arena_array(arena, record.entries.count, sizeof(*names));
    size_t count = 0;
    for (size_t i = 0; i < record.entries.count; i++) {
        const struct unit_entry *entry = record.entries.items[i];
        if (strcmp(entry->invocation, "-") == 0) {
            names[count++] = entry->name;
        }
    }
    if (count == 0 || !systemd_is_managed(host)) {
        return true;
    }
    AUTO_SYSTEMD_BUS bus = {0};
    struct systemd_unit_state *states = arena_array(arena, count, sizeof(*states));
    if (!systemd_bus_open(&bus, NULL) ||
        !systemd_bus_list(&bus, names, count, arena, states, NULL)) {
        return false;
    }
    bool do_all_run = true;
    for (size_t i = 0; i < count; i++) {
        bool is_running = false;
        (void)unit_state_words(&states[i], &is_running);
        do_all_run = do_all_run && is_running;
    }
    return do_all_run;
}
