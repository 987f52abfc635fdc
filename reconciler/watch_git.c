/* A Git source: fetched by a child, on a timer, when a repository on this host is pushed to, and
 * when somebody asks. Events are hints; what is new is decided by the fetch. */
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

#include "base/log.h"
#include "base/text.h"
#include "model/json.h"
#include "watch_parts.h"

enum {
    PUSH_SETTLE_MS = 10, /* a push moves several names */
    LEEWAY_SECONDS = 30, /* on top of the fetch's own time limit; then it is killed */
    AGAIN_MS = 1000,     /* at the earliest after a fetch that failed */
    MASK = IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE | IN_DELETE,
};

/* Where the names of a bare repository, or of one with a work tree, are kept. */
static const char *const places[] = {"", "/refs/heads", "/.git", "/.git/refs/heads"};
enum { PLACE_COUNT = sizeof(places) / sizeof(*places) };

struct watch_git {
    struct watch_process *fetch; /* NULL: none is under way */
    bool asked;                  /* once more, when it is done */
    sd_event_source *timer;
    sd_event_source *places[PLACE_COUNT]; /* of a repository on this host */
    char *failure;                        /* why the last fetch failed: told when it changes */
};

static void arm(struct watch *watch, uint64_t delay_ms)
{
    uint64_t now = 0;
    (void)sd_event_now(watch->event, CLOCK_MONOTONIC, &now);
    (void)sd_event_source_set_time(watch->git->timer, now + delay_ms * WATCH_US_A_MS);
    (void)sd_event_source_set_enabled(watch->git->timer, SD_EVENT_ONESHOT);
}

static void arm_interval(struct watch *watch)
{
    arm(watch, (uint64_t)watch->look.settings->source.interval.milliseconds);
}

static void tell(struct watch_git *git, const char *failure)
{
    if (text_equal(git->failure, failure)) {
        return;
    }
    if (failure == NULL) {
        log_event(LOG_LEVEL_INFO, "the source can be fetched again", NULL);
    } else {
        log_event(LOG_LEVEL_WARNING, "the source cannot be fetched", "error", failure, NULL);
    }
    free(git->failure);
    git->failure = failure == NULL ? NULL : strdup(failure);
}

static void start(struct watch *watch);

static void fetch_done(void *context, int code, const char *output)
{
    struct watch *watch = context;
    struct watch_git *git = watch->git;
    AUTO_JSON json = json_loads(output, 0, NULL);
    const char *error = json_string_value(json_object_get(json, "error"));
    git->fetch = NULL;
    tell(git, code == EXIT_CODE_SUCCESS ? NULL : error != NULL ? error : "see above");
    if (json_is_true(json_object_get(json, "is_new"))) {
        const char *commit = json_string_value(json_object_get(json, "commit"));
        log_event(LOG_LEVEL_INFO, "a new commit", "commit", commit, NULL);
        watch_drop_wait(watch);
        watch_ask(watch, WATCH_SOURCE, 0);
    }
    watch_notify_look(watch);
    arm_interval(watch);
    if (git->asked) {
        git->asked = false;
        arm(watch, code == EXIT_CODE_SUCCESS ? 0 : AGAIN_MS);
    }
}

static void start(struct watch *watch)
{
    struct watch_git *git = watch->git;
    struct error err = {0};
    AUTO_ARENA arena = arena_create();
    struct argument_list arguments = {0};
    if (git->fetch != NULL) {
        git->asked = true;
        return;
    }
    vec_add(arena, &arguments, "reconcile");
    vec_add(arena, &arguments, "fetch");
    watch_add_options(watch, arena, &arguments);
    vec_add(arena, &arguments, NULL);
    unsigned seconds = (unsigned)(watch->look.settings->source.timeout.milliseconds / 1000);
    if (!watch_start(watch, &arguments, seconds + LEEWAY_SECONDS, fetch_done, &git->fetch, &err)) {
        tell(git, err.message);
        arm_interval(watch);
    }
}

void watch_fetch(struct watch *watch)
{
    if (watch->git != NULL) {
        start(watch);
    }
}

static int timer_passed(sd_event_source *source, uint64_t at, void *context)
{
    (void)source;
    (void)at;
    start(context);
    return 0;
}

/* --- a repository on this host -------------------------------------------------------------- */

static int repository_changed(sd_event_source *source, const struct inotify_event *event,
                              void *context)
{
    (void)source;
    if (event->len == 0 || !text_ends_with(event->name, ".lock")) {
        arm(context, PUSH_SETTLE_MS);
    }
    return 0;
}

/* The path of a repository that is a folder here; NULL for one that is reached otherwise. */
static const char *local_path(const char *url)
{
    static const char scheme[] = "file://";
    if (text_starts_with(url, scheme)) {
        url += sizeof(scheme) - 1;
    }
    return url[0] == '/' ? url : NULL;
}

static void watch_places(struct watch *watch)
{
    const char *path = local_path(watch->look.settings->source.git.text);
    for (size_t i = 0; path != NULL && i < PLACE_COUNT; i++) {
        AUTO_ARENA arena = arena_create();
        /* A place that is not there is of another sort of repository; the timer sees to the rest.
         */
        (void)sd_event_add_inotify(watch->event, &watch->git->places[i],
                                   arena_printf(arena, "%s%s", path, places[i]), MASK | IN_ONLYDIR,
                                   repository_changed, watch);
    }
}

/* --- beginning and ending ------------------------------------------------------------------- */

bool watch_git_begin(struct watch *watch, struct error *err)
{
    watch->git = calloc(1, sizeof(*watch->git));
    if (watch->git == NULL) {
        return error_errno(err, "watch the repository");
    }
    int result = sd_event_add_time(watch->event, &watch->git->timer, CLOCK_MONOTONIC, 0,
                                   WATCH_US_A_SECOND, timer_passed, watch);
    if (result < 0) {
        return watch_error(err, result, "watch the repository");
    }
    watch_places(watch);
    arm(watch, 0);
    return true;
}

void watch_git_end(struct watch *watch)
{
    struct watch_git *git = watch->git;
    if (git == NULL) {
        return;
    }
    watch_process_end(git->fetch);
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        (void)sd_event_source_disable_unref(git->places[i]); /* returns NULL always */
    }
    (void)sd_event_source_disable_unref(git->timer);
    free(git->failure);
    free(git);
    watch->git = NULL;
}
