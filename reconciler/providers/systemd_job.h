/* Jobs of the manager: start, stop, restart and reload of many units at once, each awaited until
 * systemd says how it ended. For providers/ only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "providers/systemd_bus.h"

struct systemd_job {
    const char *verb; /* "start", "stop", "restart", "reload" (restart where it cannot reload) */
    const char *unit;
    bool is_done; /* ended as wished; else error says how it ended */
    struct error error;
};

/* Runs all jobs, systemd orders them. False when systemd cannot be spoken to any more; a single
 * job's trouble stands in its error. What has not ended in time goes on by itself. */
bool systemd_jobs_run(struct systemd_bus *bus, struct systemd_job *jobs, size_t count,
                      unsigned timeout_ms, struct arena *arena, struct error *err) MUST_CHECK;
