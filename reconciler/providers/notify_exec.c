/* Hands a message to a program, as JSON on its standard input. */
#include "providers/notify_send.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "providers/identity.h"

enum { OUTPUT_LIMIT = 4096 };

/* Who is to run it. */
static bool identity_choose(const struct notify_channel *channel, struct identity *out,
                            struct error *err)
{
    if (channel->user != NULL) {
        return identity_find(channel->user, out, err);
    }
    *out = identity_own();
    return out->user != 0 ||
           error_set(err, ERROR_REFUSED, "it is not run as root: name an account (exec.user)");
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
    struct process_result result;
    AUTO_FD top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (!identity_choose(channel, identity, &err)) {
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
        .prepare = identity_take,
        .prepare_context = identity,
    };
    if (!host->run(host, &options, arena, &result, &err)) {
        return notify_answer_error(arena, NOTIFY_LATER, &err);
    }
    return answer_of(arena, &result);
}
