/* Talks to systemd: the manager over D-Bus (sd-bus), and its offline checkers. */
#pragma once

#include "model/host.h"
#include "model/item.h"
#include "model/unit_item.h"

struct systemd_finding {
    const char *unit;
    const char *message; /* of systemd-analyze verify, without the file's temporary place */
    size_t line;         /* 0: it names none */
};
VEC(systemd_findings, struct systemd_finding);

struct systemd_check_result {
    struct systemd_findings findings;
    const char *unchecked_because; /* systemd-analyze is not there; NULL when it ran */
};

/* systemd-analyze verify over unit files as they would be installed, in a private view with
 * placeholder programs, users and units, so that it needs no root and no host; its standard error
 * decides, since it exits 0 on unknown keys (measured). names and texts have count entries. */
bool systemd_verify(struct host *host, const char *const *names, const struct str *texts,
                    size_t count, struct arena *arena, struct systemd_check_result *out_result,
                    struct error *err) MUST_CHECK;
/* Exposure score of each unit (systemd-analyze security --offline), 0.0 to 10.0; -1 when unknown.
 */
bool systemd_score(struct host *host, const char *const *names, const struct str *texts,
                   size_t count, struct arena *arena, double *out_scores,
                   struct error *err) MUST_CHECK;
/* True when a systemd manager runs on the host and answers. */
bool systemd_is_running(struct host *host);
/* The last lines of a unit's journal; "" when there are none. */
const char *systemd_journal_tail(struct host *host, const char *unit, unsigned lines,
                                 struct arena *arena);
/* ReloadOrRestart/Start/Stop one unit and wait for its job's result. verb: "start", "stop",
 * "restart", "reload". */
bool systemd_unit_job(struct host *host, const char *verb, const char *unit, unsigned timeout_ms,
                      struct arena *arena, struct error *err) MUST_CHECK;
