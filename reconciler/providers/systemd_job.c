/* Queues jobs in the manager and waits for their results, which it announces by signals. Why a unit
 * failed and whether it works is left to the caller. */
#include "providers/systemd_job.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/str.h"

/* More than about 100 calls at a time are answered with errors on the system bus (measured). */
enum { CALLS_IN_FLIGHT = 64 };

static const struct verb {
    const char *name;
    const char *method;
} verbs[] = {
    {"start", "StartUnit"},
    {"stop", "StopUnit"},
    {"restart", "RestartUnit"},
    {"reload", "ReloadOrRestartUnit"},
};

/* How a job ends when it does not end well, as systemd names it, and in our words. */
static const struct ending {
    const char *result;
    const char *words;
} endings[] = {
    {"canceled", "was canceled by another job"},
    {"timeout", "took too long"},
    {"failed", "failed"},
    {"dependency", "a unit that it requires failed"},
    {"skipped", "was skipped: it does not apply to the unit's state"},
    {"invalid", "does not apply to this unit"},
    {"assert", "a condition of the unit (Assert...=) is not met"},
    {"unsupported", "is not supported on this system"},
    {"collected", "the unit went away meanwhile"},
    {"once", "the unit may be started only once"},
};

struct batch;

struct slot { /* what the reply to one call leads to */
    struct batch *batch;
    struct systemd_job *job;
    sd_bus_slot *call;
    bool is_queued; /* systemd has it; its end will be announced */
    bool has_ended;
};

struct batch {
    struct arena *arena;
    struct slot *slots;
    size_t count;
    size_t sent;
    size_t unanswered;
    size_t ended;
    struct map by_path; /* job's object path -> struct slot * */
};

static const char *verb_method(const char *name)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (text_equal(verbs[i].name, name)) {
            return verbs[i].method;
        }
    }
    return NULL;
}

static const char *ending_words(const char *result)
{
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (text_equal(endings[i].result, result)) {
            return endings[i].words;
        }
    }
    return result;
}

static void slot_end(struct slot *slot)
{
    if (!slot->has_ended) {
        slot->has_ended = true;
        slot->batch->ended++;
    }
}

static int job_was_queued(sd_bus_message *reply, void *context, sd_bus_error *unused)
{
    (void)unused; /* for replies that we would send */
    struct slot *slot = context;
    struct systemd_job *job = slot->job;
    const char *path = NULL;
    slot->batch->unanswered--;
    const sd_bus_error *remote = sd_bus_message_get_error(reply);
    int result =
        remote != NULL ? -sd_bus_error_get_errno(remote) : sd_bus_message_read(reply, "o", &path);
    if (remote != NULL || result < 0) {
        (void)systemd_bus_error(&job->error, result, remote, job->verb);
        slot_end(slot);
        return 0;
    }
    slot->is_queued = true;
    (void)map_put(slot->batch->arena, &slot->batch->by_path, arena_strdup(slot->batch->arena, path),
                  slot);
    return 0;
}

static int job_was_removed(sd_bus_message *signal, void *context, sd_bus_error *unused)
{
    (void)unused;
    struct batch *batch = context;
    const char *path = NULL;
    const char *unit = NULL;
    const char *result = NULL;
    if (sd_bus_message_read(signal, "uoss", NULL, &path, &unit, &result) < 0) {
        return 0; /* not what the interface says: as if it had not come */
    }
    struct slot *slot = map_get(&batch->by_path, path);
    if (slot == NULL) {
        return 0; /* somebody else's */
    }
    slot->job->is_done = strcmp(result, "done") == 0;
    if (!slot->job->is_done) {
        (void)error_set(&slot->job->error, ERROR_REFUSED, "%s %s", slot->job->verb,
                        ending_words(result));
    }
    slot_end(slot);
    return 0;
}

static void job_send(struct systemd_bus *bus, struct slot *slot)
{
    const char *method = verb_method(slot->job->verb);
    int result = method == NULL
                     ? -EINVAL
                     : sd_bus_call_method_async(bus->bus, &slot->call, SYSTEMD_NAME, SYSTEMD_PATH,
                                                SYSTEMD_MANAGER, method, job_was_queued, slot, "ss",
                                                slot->job->unit, "replace");
    if (result < 0) {
        (void)systemd_bus_error(&slot->job->error, result, NULL, slot->job->verb);
        slot_end(slot);
        return;
    }
    slot->batch->unanswered++;
}

static int batch_run(struct systemd_bus *bus, struct batch *batch, int64_t deadline_us)
{
    while (batch->ended < batch->count) {
        while (batch->sent < batch->count && batch->unanswered < CALLS_IN_FLIGHT) {
            job_send(bus, &batch->slots[batch->sent++]);
        }
        int result = sd_bus_process(bus->bus, NULL);
        if (result < 0) {
            return result;
        }
        int64_t now = clock_us();
        if (now >= deadline_us) {
            return 0;
        }
        if (result == 0 && batch->ended < batch->count) {
            result = sd_bus_wait(bus->bus, (uint64_t)(deadline_us - now));
            if (result < 0 && result != -EINTR) {
                return result;
            }
        }
    }
    return 0;
}

static void batch_release(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        (void)sd_bus_slot_unref(batch->slots[i].call); /* a late reply finds nobody */
    }
}

static void cleanup_slot(sd_bus_slot **slot)
{
    (void)sd_bus_slot_unref(*slot);
}

static int listen_to_jobs(struct systemd_bus *bus, struct batch *batch, sd_bus_slot **out_match)
{
    int result =
        sd_bus_match_signal(bus->bus, out_match, bus->is_direct ? NULL : SYSTEMD_NAME, SYSTEMD_PATH,
                            SYSTEMD_MANAGER, "JobRemoved", job_was_removed, batch);
    if (result < 0 || bus->is_direct) {
        return result; /* the manager's own socket gets every signal */
    }
    AUTO_BUS_ERROR remote = SD_BUS_ERROR_NULL;
    result = sd_bus_call_method(bus->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe",
                                &remote, NULL, NULL);
    return sd_bus_error_has_name(&remote, SYSTEMD_NAME ".AlreadySubscribed") ? 0 : result;
}

bool systemd_jobs_run(struct systemd_bus *bus, struct systemd_job *jobs, size_t count,
                      unsigned timeout_ms, struct arena *arena, struct error *err)
{
    CLEANUP(batch_release)
    struct batch batch = {
        .arena = arena, .slots = arena_array(arena, count, sizeof(struct slot)), .count = count};
    CLEANUP(cleanup_slot) sd_bus_slot *match = NULL;
    for (size_t i = 0; i < count; i++) {
        batch.slots[i] = (struct slot){.batch = &batch, .job = &jobs[i]};
    }
    int result = listen_to_jobs(bus, &batch, &match);
    if (result >= 0) {
        result = batch_run(bus, &batch, clock_us() + (int64_t)timeout_ms * 1000);
    }
    if (result < 0) {
        return systemd_bus_error(err, result, NULL, "wait for systemd's jobs");
    }
    for (size_t i = 0; i < count; i++) {
        if (!batch.slots[i].has_ended) {
            (void)error_set(&jobs[i].error, ERROR_LIMIT, "%s has not ended after %u s",
                            jobs[i].verb, timeout_ms / 1000);
        }
    }
    return true;
}
