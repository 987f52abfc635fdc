/* suspend and resume: leave something alone, and take it up again. */
#include <pwd.h>
#include <time.h>
#include <unistd.h>

#include "providers/lock.h"
#include "suspension.h"
#include "verbs/verb.h"

static const char *user_name(struct arena *arena)
{
    const struct passwd *user = getpwuid(getuid());
    return user == NULL ? arena_printf(arena, "user %u", (unsigned)getuid())
                        : arena_strdup(arena, user->pw_name);
}

/* A run that is under way is waited for: what is said now must hold from the next one on. */
static bool lock_patiently(struct host *host, int *out_lock, struct error *err)
{
    enum { TRIES = 600 };
    const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
    for (int i = 0; i < TRIES; i++) {
        if (lock_acquire(host, out_lock, err)) {
            return true;
        }
        if (err->code != ERROR_LOCKED) {
            return false;
        }
        (void)nanosleep(&pause, NULL); /* a shorter sleep is one more try */
    }
    return false;
}

typedef bool change_function(struct host *host, const struct suspension *suspension,
                             struct arena *arena, struct error *err);

static bool change_overrides(struct command *command, struct host *host, change_function *change,
                             struct error *err)
{
    const struct suspension suspension = {
        .word = command->word_count > 0 ? command->words[0] : "",
        .until = command->until,
        .why = command->why,
        .who = user_name(command->arena),
        .from = "command line",
    };
    int lock = -1;
    if (!lock_patiently(host, &lock, err)) {
        return false;
    }
    bool is_done = change(host, &suspension, command->arena, err);
    lock_release(lock);
    return is_done;
}

static int record(struct command *command, change_function *change)
{
    struct run look;
    struct error err = {0};
    if (!run_open(&look, command->arena, &command->run)) {
        int code = output_message(command, look.report.failure);
        run_end(&look);
        return code;
    }
    bool is_done = change_overrides(command, &look.host, change, &err);
    run_end(&look);
    if (!is_done) {
        int code = output_error(command, &err);
        return err.code == ERROR_LOCKED   ? EXIT_CODE_LOCKED
               : err.code == ERROR_FORMAT ? EXIT_CODE_USAGE
                                          : code;
    }
    return EXIT_CODE_SUCCESS;
}

int verb_suspend(struct command *command)
{
    return record(command, suspension_begin);
}

int verb_resume(struct command *command)
{
    return record(command, suspension_end);
}
