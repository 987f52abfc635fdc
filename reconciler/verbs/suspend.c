/* suspend and resume: what people say about the host beside the documents. The record is on disk,
 * so that it holds with and without the loop. */
#include <pwd.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/kind.h"
#include "providers/audit_log.h"
#include "providers/lock.h"
#include "providers/overrides.h"
#include "schemas/value.h"
#include "verbs/verb.h"

static const char *user_name(struct arena *arena)
{
    const struct passwd *user = getpwuid(getuid());
    return user == NULL ? arena_printf(arena, "user %u", (unsigned)getuid())
                        : arena_strdup(arena, user->pw_name);
}

/* "all" is how people say "*". */
static bool read_scope(struct command *command, const char **out_scope, struct error *err)
{
    const char *word = command->word_count > 0 ? command->words[0] : "";
    const char *colon = strchr(word, ':');
    const char *kind =
        colon == NULL ? word : arena_strndup(command->arena, word, (size_t)(colon - word));
    bool is_item = colon != NULL && (colon[1] == '/' || strcmp(kind, "unit") == 0);
    if (strcmp(word, "all") == 0) {
        *out_scope = "*";
        return true;
    }
    if (word[0] == '\0' || (!is_item && kind_find(kind) == NULL)) {
        return error_set(err, ERROR_FORMAT,
                         "\"%s\" is no scope: name a document (site:shop.example.com), a kind "
                         "(site), an item (file:/etc/x), or all",
                         word);
    }
    *out_scope = word;
    return true;
}

/* A day or time, or a duration from now. */
static bool read_until(const char *text, int64_t now, int64_t *out_until, struct error *err)
{
    enum { MS_A_SECOND = 1000 };
    int64_t milliseconds = 0;
    if (text == NULL) {
        *out_until = 0;
        return true;
    }
    if (value_read_duration(text, &milliseconds) && milliseconds > 0) {
        *out_until = now + milliseconds / MS_A_SECOND;
        return true;
    }
    if (!value_read_date(text, out_until)) {
        return error_set(err, ERROR_FORMAT,
                         "--until takes a day (2026-12-31), a time (2026-12-31T18:00:00Z), or how "
                         "long (2h), not \"%s\"",
                         text);
    }
    return *out_until > now || error_set(err, ERROR_FORMAT, "--until %s is past already", text);
}

static bool write_down(struct command *command, struct host *host, const char *action,
                       const char *scope, const char *detail, struct error *err)
{
    const struct audit_entry entry = {
        .at_us = run_clock_us(),
        .who = user_name(command->arena),
        .from = "command line",
        .action = action,
        .target = scope,
        .detail = detail,
    };
    return audit_log_add(host, &entry, command->arena, err);
}

typedef bool change_function(struct command *command, struct host *host, struct override_list *list,
                             struct error *err);

static bool put(struct command *command, struct host *host, struct override_list *list,
                struct error *err)
{
    struct override override = {.effect = OVERRIDE_SUSPEND,
                                .since = host->now(host),
                                .why = command->why,
                                .who = user_name(command->arena)};
    if (!read_scope(command, &override.scope, err) ||
        !read_until(command->until, override.since, &override.until, err)) {
        return false;
    }
    if (command->why == NULL || command->why[0] == '\0') {
        return error_set(err, ERROR_FORMAT, "say why: --why \"...\"; others will ask");
    }
    override_put(command->arena, list, &override);
    return write_down(command, host, "suspend", override.scope,
                      override_text(command->arena, &override)->text, err);
}

static bool take_away(struct command *command, struct host *host, struct override_list *list,
                      struct error *err)
{
    const char *scope = NULL;
    return read_scope(command, &scope, err) &&
           (override_remove(list, scope) ||
            error_set(err, ERROR_REFUSED, "%s is not suspended", command->words[0])) &&
           write_down(command, host, "resume", scope, NULL, err);
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

static bool change_overrides(struct command *command, struct host *host, change_function *change,
                             struct error *err)
{
    struct override_list list = {0};
    int lock = -1;
    if (!lock_patiently(host, &lock, err)) {
        return false;
    }
    bool is_done = overrides_load(host, command->arena, &list, err) &&
                   change(command, host, &list, err) &&
                   overrides_save(host, command->arena, &list, err);
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
    return record(command, put);
}

int verb_resume(struct command *command)
{
    return record(command, take_away);
}
