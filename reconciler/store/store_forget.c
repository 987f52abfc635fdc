/* How much history is kept. */

#include "store/store_write.h"

enum {
    QUIET_RUNS_KEPT = 1000, /* runs that had nothing to do */
    EVENTFUL_RUNS_KEPT = 2000,
    ACTIONS_KEPT = 200 * 1000,
    DRIFTS_KEPT = 10 * 1000,
    DELIVERIES_KEPT = 1000,
    AUDITS_KEPT = 10 * 1000,
    NOTIFICATIONS_KEPT = 10 * 1000,
    /* Old rows go in one sweep when a limit is passed by a tenth, not one at each run. */
    SLACK_DIVISOR = 10,
};

/* The newest run that looked says what the state is of, and stays whatever its age. */
#define NOT_THE_STATE " AND number <> (SELECT max(number) FROM run WHERE looked)"

#define FORGET_UNUSED_TEXTS                                                                        \
    "DELETE FROM text WHERE id NOT IN (SELECT diff FROM action WHERE diff IS NOT NULL"             \
    " UNION SELECT evidence FROM action WHERE evidence IS NOT NULL"                                \
    " UNION SELECT message FROM run WHERE message IS NOT NULL"                                     \
    " UNION SELECT diff FROM item WHERE diff IS NOT NULL"                                          \
    " UNION SELECT diff FROM drift WHERE diff IS NOT NULL"                                         \
    " UNION SELECT evidence FROM delivery WHERE evidence IS NOT NULL)"

// clang-format off
static const struct limit {
    const char *count; /* what is limited */
    int64_t most;
    bool is_of_actions;
    const char *forget; /* deletes what is over; ?1 is the limit */
} limits[] = {
    {"SELECT count(*) FROM run WHERE quiet", QUIET_RUNS_KEPT, false,
     "DELETE FROM run WHERE quiet AND number <= (SELECT number FROM run"
     " WHERE quiet ORDER BY number DESC LIMIT 1 OFFSET ?1)" NOT_THE_STATE},
    {"SELECT count(*) FROM run WHERE NOT quiet", EVENTFUL_RUNS_KEPT, false,
     "DELETE FROM run WHERE NOT quiet AND number <= (SELECT number FROM run"
     " WHERE NOT quiet ORDER BY number DESC LIMIT 1 OFFSET ?1)" NOT_THE_STATE},
    {"SELECT count(*) FROM action", ACTIONS_KEPT, true,
     "DELETE FROM run WHERE number <= (SELECT run FROM action"
     " ORDER BY run DESC, number DESC LIMIT 1 OFFSET ?1)"
     " AND number <> (SELECT max(number) FROM run)" NOT_THE_STATE},
    {"SELECT count(*) FROM drift", DRIFTS_KEPT, false,
     "DELETE FROM drift WHERE number <= (SELECT number FROM drift"
     " ORDER BY number DESC LIMIT 1 OFFSET ?1)"},
    {"SELECT count(*) FROM delivery", DELIVERIES_KEPT, false,
     "DELETE FROM delivery WHERE last_at <= (SELECT last_at FROM delivery"
     " ORDER BY last_at DESC LIMIT 1 OFFSET ?1)"},
    {"SELECT count(*) FROM audit", AUDITS_KEPT, false,
     "DELETE FROM audit WHERE number <= (SELECT number FROM audit"
     " ORDER BY number DESC LIMIT 1 OFFSET ?1)"},
    {"SELECT count(*) FROM notification", NOTIFICATIONS_KEPT, false,
     "DELETE FROM notification WHERE number <= (SELECT number FROM notification"
     " ORDER BY number DESC LIMIT 1 OFFSET ?1)"},
};
// clang-format on

static bool limit_keep(sqlite3 *database, const struct limit *limit, bool *out_has_forgotten,
                       struct error *err)
{
    int64_t count = 0;
    if (!sqlite_read_integer(database, limit->count, &count, err)) {
        return false;
    }
    if (count <= limit->most + limit->most / SLACK_DIVISOR) {
        return true;
    }
    AUTO_STATEMENT statement = NULL;
    if (!sqlite_prepare(database, limit->forget, &statement, err)) {
        return false;
    }
    struct cursor cursor = cursor_bind(statement);
    bind_integer(&cursor, limit->most);
    *out_has_forgotten = true;
    return statement_finish(statement, "forget old runs", err);
}

bool history_keep(sqlite3 *database, bool has_actions, struct error *err)
{
    bool has_forgotten = false;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        /* Counting actions reads them all: only who brings some pays for that. */
        if ((has_actions || !limits[i].is_of_actions) &&
            !limit_keep(database, &limits[i], &has_forgotten, err)) {
            return false;
        }
    }
    return !has_forgotten || sqlite_run(database, FORGET_UNUSED_TEXTS, err);
}
