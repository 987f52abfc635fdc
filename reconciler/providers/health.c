/* Health checks: a TCP or unix connection, an HTTP request, or a command. Growing pauses between
 * attempts keep a slow start cheap; in each pause we look whether the service is still there. */
#include "providers/health.h"

#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "base/vec.h"
#include "providers/health_connection.h"

enum {
    PAUSE_FIRST_MS = 20,
    PAUSE_MOST_MS = 500,
    LOOK_EVERY_MS = 50, /* whether the subject is still there */
    ATTEMPT_MOST_MS = 5000,
    ATTEMPT_LEAST_MS = 1000, /* the last one too is given time to tell what is wrong */
    OUTPUT_LIMIT = 4096,
    STATUS_LIMIT = 64 * 1024, /* of /proc/PID/status: a process may be in many groups */
};

/* ---- command ------------------------------------------------------------------------------- */

VEC(group_list, gid_t);

/* Who the service runs as: the check shall not be able to do more. */
struct identity {
    uid_t user;
    gid_t group;
    struct group_list groups;
};

/* The numbers behind "NAME:\t" in /proc/PID/status. */
static const char *status_field(const char *status, const char *name)
{
    const char *line = strstr(status, name);
    return line == NULL ? "" : line + strlen(name);
}

static bool identity_read(const struct health_subject *subject, struct arena *arena,
                          struct identity *out_identity, struct error *err)
{
    struct str status = {0};
    const char *path = arena_printf(arena, "/proc/%d/status", (int)subject->process);
    if (!file_read(AT_FDCWD, path, STATUS_LIMIT, arena, &status, err)) {
        return error_wrap(err, "whom the service runs as");
    }
    *out_identity = (struct identity){
        .user = (uid_t)strtoul(status_field(status.data, "\nUid:\t"), NULL, 10),
        .group = (gid_t)strtoul(status_field(status.data, "\nGid:\t"), NULL, 10),
    };
    if (out_identity->user == 0 && !subject->is_root) {
        return error_set(err, ERROR_REFUSED, "the service is only being started");
    }
    const char *rest = status_field(status.data, "\nGroups:\t");
    while (*rest >= '0' && *rest <= '9') {
        char *end = NULL;
        vec_add(arena, &out_identity->groups, (gid_t)strtoul(rest, &end, 10));
        rest = end + (*end == ' ');
    }
    return true;
}

/* In the child, before exec. */
static int identity_take(void *context)
{
    const struct identity *identity = context;
    bool is_taken = setgroups(identity->groups.count, identity->groups.items) == 0 &&
                    setresgid(identity->group, identity->group, identity->group) == 0 &&
                    setresuid(identity->user, identity->user, identity->user) == 0 &&
                    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    return is_taken ? 0 : EXIT_FAILURE;
}

static bool ask_command(struct host *host, const struct health *health,
                        const struct health_subject *subject, unsigned limit_ms,
                        struct arena *arena, struct error *err)
{
    struct identity identity = {0};
    struct process_options options = {
        .argv = health->argv,
        .timeout_ms = limit_ms,
        .output_limit = OUTPUT_LIMIT,
        .directory = AT_FDCWD,
    };
    if (subject->process != 0 && geteuid() == 0) {
        if (!identity_read(subject, arena, &identity, err)) {
            return false;
        }
        options.prepare = identity_take;
        options.prepare_context = &identity;
    }
    struct process_result result;
    if (!host->run(host, &options, arena, &result, err)) {
        return false;
    }
    return result.status == 0 ||
           error_set(err, ERROR_REFUSED, "%s ended with status %d", health->argv[0], result.status);
}

/* ---- waiting ------------------------------------------------------------------------------- */

bool health_ask(struct host *host, const struct health *health,
                const struct health_subject *subject, unsigned limit_ms, struct arena *arena,
                struct error *err)
{
    switch (health->type) {
    case HEALTH_TCP:
        return health_ask_connection(health->address, limit_ms, arena, err);
    case HEALTH_HTTP:
        return health_ask_http(health->address, health->path, limit_ms, arena, err);
    case HEALTH_EXEC:
        return ask_command(host, health, subject, limit_ms, arena, err);
    case HEALTH_NONE:
        break;
    }
    return true;
}

/* False when the subject went away meanwhile. */
static bool pause_and_look(const struct health_subject *subject, int64_t pause_ms)
{
    int64_t until = clock_ms() + pause_ms;
    while (subject->is_alive(subject->context)) {
        int64_t left = until - clock_ms();
        if (left <= 0) {
            return true;
        }
        long slice_ms = left < LOOK_EVERY_MS ? (long)left : LOOK_EVERY_MS;
        const struct timespec slice = {.tv_nsec = slice_ms * 1000000};
        (void)nanosleep(&slice, NULL); /* woken early: the loop looks at the clock */
    }
    return false;
}

static unsigned attempt_limit(int64_t left_ms)
{
    if (left_ms < ATTEMPT_LEAST_MS) {
        return ATTEMPT_LEAST_MS;
    }
    return left_ms < ATTEMPT_MOST_MS ? (unsigned)left_ms : ATTEMPT_MOST_MS;
}

bool health_wait(struct host *host, const struct health *health,
                 const struct health_subject *subject, struct arena *arena, struct error *err)
{
    int64_t deadline = subject->started_ms + health->timeout_ms;
    int64_t pause_ms = PAUSE_FIRST_MS;
    for (;;) {
        struct error last = {0};
        int64_t left = deadline - clock_ms();
        if (health_ask(host, health, subject, attempt_limit(left), arena, &last)) {
            /* Somebody else may have answered, who holds the service's port. */
            return subject->is_alive(subject->context) ||
                   error_set(err, ERROR_REFUSED, "ended, although its check was well");
        }
        left = deadline - clock_ms();
        if (left <= 0) {
            last.code = ERROR_LIMIT;
            return error_wrap_other(err, &last, "not healthy after %u.%u s",
                                    health->timeout_ms / 1000, health->timeout_ms % 1000 / 100);
        }
        if (!pause_and_look(subject, pause_ms < left ? pause_ms : left)) {
            last.code = ERROR_REFUSED;
            return error_wrap_other(err, &last, "ended before it was healthy");
        }
        pause_ms = pause_ms * 3 / 2 < PAUSE_MOST_MS ? pause_ms * 3 / 2 : PAUSE_MOST_MS;
    }
}
