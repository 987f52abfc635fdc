/* Asks a started service whether it works, again and again until it does or time is up. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "model/host.h"
#include "model/unit_item.h"

/* What is asked. */
struct health_subject {
    int64_t started_ms; /* clock_ms when the start was asked for: the timeout counts from it */
    bool (*is_alive)(void *context); /* asked between attempts; false ends the wait at once */
    void *context;
    pid_t process; /* whose user and groups a command of the check runs with; 0: ours */
    bool is_root;  /* the process keeps running as root; else it first gives that up */
};

/* True once the check is well. False: err tells what came last, or that the subject is gone. */
bool health_wait(struct host *host, const struct health *health,
                 const struct health_subject *subject, struct arena *arena,
                 struct error *err) MUST_CHECK;
/* One attempt of at most limit_ms. */
bool health_ask(struct host *host, const struct health *health,
                const struct health_subject *subject, unsigned limit_ms, struct arena *arena,
                struct error *err) MUST_CHECK;
