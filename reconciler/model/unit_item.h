/* The state of a systemd unit. id: the unit's name ("shop.service"). Its file is an item of its
 * own type (file). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

#define ITEM_UNIT "unit"

enum unit_change { /* what a change of the inputs asks for while the unit runs */
                   UNIT_CHANGE_RESTART,
                   UNIT_CHANGE_RELOAD,
                   UNIT_CHANGE_NOTHING,
};

enum health_type { HEALTH_NONE, HEALTH_TCP, HEALTH_HTTP, HEALTH_EXEC };

/* How a started unit shows that it works. */
struct health {
    enum health_type type;
    const char *address;     /* "127.0.0.1:3000", "[::1]:3000" or "unix:/run/shop/socket" */
    const char *path;        /* http: "/healthz"; 2xx and 3xx are well */
    const char *const *argv; /* exec: NULL-terminated; status 0 is well */
    unsigned timeout_ms;     /* in all, from the start of the unit */
};

struct unit_item {
    bool is_enabled;                /* has an [Install] section and is linked from its targets */
    bool is_running;                /* started, and kept so; false for what a timer starts */
    const char *const *wanted_by;   /* targets, for enabling by link where systemd does not run */
    const char *file;               /* path of its unit file (a file item) */
    const char *program;            /* that it runs: a path, or a name to search; NULL: not known */
    const char *package;            /* Debian's that brings it; NULL: nobody knows */
    const char *const *restart_for; /* paths whose change asks for on_change: of other items
                                       (environment file), and of things that are not ours (secrets,
                                       the application's release): a unit that started before such a
                                       path, or what it links to, changed is outdated.
                                       NULL-terminated, may be NULL */
    enum unit_change on_change;
    struct health health;
    /* Only of what was found: */
    bool is_managed;   /* a systemd manager runs here; else nothing is known of running */
    const char *state; /* "running", "stopped", "failed", "starting", ...; NULL: not asked */
    bool is_stale;     /* the manager still has an older text of the unit file: daemon-reload */
    const char *const *inputs; /* its file and those of restart_for that exist, the one changed last
                                  first; NULL-terminated */
    const char *outdated;      /* path of an input that is newer than what the running unit took up;
                                  NULL: it runs with the inputs of now */
};
