/* Hands a message to a program, as JSON on its standard input. Root gives up everything first: the
 * program can do what its account can, and nothing more. */
#include "providers/notify_send.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { GROUPS_MOST = 1024, OUTPUT_LIMIT = 4096 };

struct identity {
    uid_t user;
    gid_t group;
    gid_t groups[GROUPS_MOST];
    int group_count;
    const char *name;
    const char *home;
};

static bool identity_find(const char *name, struct identity *out, struct error *err)
{
    const struct passwd *account = getpwnam(name);
    if (account == NULL) {
        return error_set(err, ERROR_UNAVAILABLE, "there is no account \"%s\"", name);
    }
    if (account->pw_uid == 0) {
        return error_set(err, ERROR_REFUSED, "the account %s is root, as which nothing is run",
                         name);
    }
    *out = (struct identity){.user = account->pw_uid,
                             .group = account->pw_gid,
                             .group_count = GROUPS_MOST,
                             .name = name,
                             .home = account->pw_dir};
    if (getgrouplist(name, out->group, out->groups, &out->group_count) < 0) {
        return error_set(err, ERROR_LIMIT, "the account %s is in too many groups", name);
    }
    return true;
}

/* In the child, before exec. */
static int identity_take(void *context)
{
    const struct identity *identity = context;
    const struct rlimit none = {0, 0};
    bool is_taken = setgroups((size_t)identity->group_count, identity->groups) == 0 &&
                    setresgid(identity->group, identity->group, identity->group) == 0 &&
                    setresuid(identity->user, identity->user, identity->user) == 0 &&
                    prctl(PR_SET_PDEATHSIG, SIGKILL) == 0; /* another user's process forgets it */
    return is_taken && setrlimit(RLIMIT_CORE, &none) == 0 &&
                   prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
               ? 0
               : EXIT_FAILURE;
}

static int keep_identity(void *context)
{
    (void)context;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : EXIT_FAILURE;
}

/* Who is to run it; *out_changes: it is somebody else than us. */
static bool identity_choose(const struct notify_channel *channel, struct identity *out,
                            bool *out_changes, struct error *err)
{
    *out_changes = geteuid() == 0;
    if (channel->user == NULL) {
        return !*out_changes ||
               error_set(err, ERROR_REFUSED, "it is not run as root: name an account (exec.user)");
    }
    if (!identity_find(channel->user, out, err)) {
        return false;
    }
    return *out_changes || out->user == geteuid() ||
           error_set(err, ERROR_REFUSED, "only root can run it as %s", channel->user);
}

static const char *const *make_environment(struct arena *arena, const struct identity *identity)
{
    enum { ROOM = 5 };
    const char **list = arena_array(arena, ROOM, sizeof(*list));
    list[0] = "PATH=/usr/local/bin:/usr/bin:/bin";
    list[1] = "LC_ALL=C.UTF-8";
    if (identity->name != NULL) {
        list[2] = arena_printf(arena, "USER=%s", identity->name);
        list[3] = arena_printf(arena, "HOME=%s", identity->home);
    }
    return list;
}

static struct notify_answer answer_of(struct arena *arena, const struct process_result *result)
{
    const char *said = notify_answer_line(
        arena, result->status != 0 && result->errors.length > 0 ? result->errors : result->output);
    return (struct notify_answer){
        .fate = result->status == 0 ? NOTIFY_SENT : NOTIFY_LATER,
        .text = said[0] == '\0'
                    ? arena_printf(arena, "it ended with %d", result->status)
                    : arena_printf(arena, "it ended with %d: %s", result->status, said)};
}

struct notify_answer notify_deliver_exec(struct host *host, const struct notify_channel *channel,
                                         const struct notify_message *message, unsigned limit_ms,
                                         struct arena *arena)
{
    struct error err = {0};
    struct identity *identity = arena_new(arena, struct identity);
    bool changes = false;
    struct process_result result;
    AUTO_FD top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (!identity_choose(channel, identity, &changes, &err)) {
        enum notify_fate fate = err.code == ERROR_UNAVAILABLE ? NOTIFY_LATER : NOTIFY_REFUSED;
        return notify_answer_error(arena, fate, &err);
    }
    const struct process_options options = {
        .argv = channel->argv,
        .environment = make_environment(arena, identity),
        .input = str_of(message->body),
        .timeout_ms = limit_ms,
        .output_limit = OUTPUT_LIMIT,
        .directory = top,
        .prepare = changes ? identity_take : keep_identity,
        .prepare_context = identity,
    };
    if (!host->run(host, &options, arena, &result, &err)) {
        return notify_answer_error(arena, NOTIFY_LATER, &err);
    }
    return answer_of(arena, &result);
}
