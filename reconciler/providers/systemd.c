/* What other providers need of systemd: is it there, and one job on one unit. */
#include "providers/systemd.h"

#include <time.h>

#include "providers/systemd_bus.h"
#include "providers/systemd_job.h"
#include "providers/systemd_journal.h"

enum { EVIDENCE_LINES = 5 }; /* in an error's message; the unit provider shows more */

bool systemd_is_running(struct host *host)
{
    AUTO_SYSTEMD_BUS bus = {0};
    uint64_t loaded_at = 0;
    return systemd_is_managed(host) && systemd_bus_open(&bus, NULL) &&
           systemd_bus_loaded_at(&bus, &loaded_at, NULL);
}

static uint64_t realtime_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

bool systemd_unit_job(struct host *host, const char *verb, const char *unit, unsigned timeout_ms,
                      struct arena *arena, struct error *err)
{
    if (!systemd_is_managed(host)) {
        return error_set(err, ERROR_UNAVAILABLE, "%s %s: systemd does not run here", verb, unit);
    }
    AUTO_SYSTEMD_BUS bus = {0};
    struct systemd_job job = {.verb = verb, .unit = unit};
    uint64_t since = realtime_us();
    if (!systemd_bus_open(&bus, err) || !systemd_jobs_run(&bus, &job, 1, timeout_ms, arena, err)) {
        return error_wrap(err, "%s %s", verb, unit);
    }
    if (job.is_done) {
        return true;
    }
    systemd_journal_settle(host, arena);
    const char *evidence = systemd_journal_since(host, unit, EVIDENCE_LINES, since, arena);
    (void)error_wrap_other(err, &job.error, "%s", unit);
    return evidence[0] != '\0' && error_add_quote(err, MESSAGE_LINE, evidence);
}
