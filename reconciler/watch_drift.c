/* Managed files that somebody changes: seen at once, compared with the current generation, put back
 * under the lock of a run, and written down with who did it. What is no file of the generation, or
 * must stay, is left to a run, which follows in any case: it verifies and records. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "model/json.h"
#include "providers/dpkg_log.h"
#include "providers/drift_log.h"
#include "providers/lock.h"
#include "providers/overrides.h"
#include "providers/place.h"
#include "watch_parts.h"

#define UNIT_LINKS  "/run/systemd/units" /* the invocation of each active unit, systemd 252 */
#define UNIT_PREFIX "invocation:"

enum {
    RUN_AFTER_MS = 50,   /* a run follows when several files may have changed together */
    UNIT_AFTER_MS = 300, /* a restart is a stop and a start */
    AGAIN_MS = 20,       /* somebody else holds the lock */
    OPEN_MS = 1000,      /* a file that is written to and not closed is looked at after this */
    CONTENT_LIMIT = 64 << 20,
    LEFT_LIMIT = 16 << 20,
};

struct pending {
    const char *path;
    const struct file_writer *writer;
    int64_t at_us;
    bool is_open;  /* its writer has not closed it yet */
    bool was_seen; /* something happened to it; else everything is looked at */
};
VEC(pending_list, struct pending *);

/* What is remembered of a path that was changed. */
struct history {
    int64_t flips[OVERRIDE_FIGHT_REPAIRS]; /* when it was put back, seconds since the epoch, oldest
                                              first */
    struct file_fingerprint told; /* how it looked when it was left as it is; zero: it was not */
    bool is_left;                 /* it was, and has not been as it shall be since */
};

struct watch_drift {
    struct file_events *events;
    struct managed_files *files;
    sd_event_source *ready;
    sd_event_source *again;
    struct arena *pending_arena; /* of pending and the writers in it; made anew when all is done */
    struct pending_list pending;
    struct map pending_by_path; /* path -> struct pending * */
    bool looks_at_all;          /* events were lost */
    struct arena *history_arena;
    struct map history; /* path -> struct history * */
    struct arena *left_arena;
    struct map left; /* path -> why a run left it as it is */
};

/* --- what was seen -------------------------------------------------------------------------- */

static void arm_again(struct watch_drift *drift, const struct watch *watch, unsigned delay_ms)
{
    uint64_t now = 0;
    (void)sd_event_now(watch->event, CLOCK_MONOTONIC, &now);
    (void)sd_event_source_set_time(drift->again, now + (uint64_t)delay_ms * WATCH_US_A_MS);
    (void)sd_event_source_set_enabled(drift->again, SD_EVENT_ONESHOT);
}

/* The last that happened to a file decides: who, and whether it is complete. */
static void add_pending(struct watch_drift *drift, const struct managed_file *file,
                        const struct file_event *event)
{
    bool is_open = (event->kinds & FILE_EVENT_WRITING) != 0 &&
                   (event->kinds & (FILE_EVENT_WRITTEN | FILE_EVENT_MOVED_IN)) == 0;
    struct pending *known = map_get(&drift->pending_by_path, file->path);
    if (known == NULL) {
        known = arena_new(drift->pending_arena, struct pending);
        known->path = arena_strdup(drift->pending_arena, file->path);
        vec_add(drift->pending_arena, &drift->pending, known);
        (void)map_put(drift->pending_arena, &drift->pending_by_path, known->path, known);
    }
    known->writer = event->writer;
    known->at_us = event->at_us;
    known->is_open = is_open;
    known->was_seen = true;
}

static bool is_managed_unit(const struct watch *watch, const char *unit)
{
    return managed_files_find(watch->drift->files, watch->look.layout.units, unit) != NULL ||
           text_equal(watch->look.layout.nginx_service, unit);
}

static void take_directory(struct watch *watch, const struct file_event *event)
{
    struct watch_drift *drift = watch->drift;
    for (size_t i = 0; i < drift->files->directories.count; i++) {
        const struct managed_directory *directory = drift->files->directories.items[i];
        for (size_t f = 0;
             strcmp(directory->path, event->directory) == 0 && f < directory->files.count; f++) {
            add_pending(drift, directory->files.items[f], event);
        }
    }
}

static void take_event(struct watch *watch, const struct file_event *event)
{
    struct watch_drift *drift = watch->drift;
    if (strcmp(event->directory, UNIT_LINKS) == 0) {
        if (text_starts_with(event->name, UNIT_PREFIX) &&
            is_managed_unit(watch, event->name + strlen(UNIT_PREFIX))) {
            watch_ask(watch, WATCH_DRIFT, UNIT_AFTER_MS);
        }
        return;
    }
    if (event->writer != NULL && event->writer->is_own) {
        return; /* a run of ours */
    }
    if (strcmp(event->directory, watch->look.layout.state) == 0) {
        if (strcmp(event->name, OVERRIDES_NAME) == 0) {
            watch_ask(watch, WATCH_REQUEST, 0); /* somebody said suspend or resume */
        }
        return;
    }
    if (event->name[0] == '\0') {
        take_directory(watch, event);
        return;
    }
    const struct managed_file *file =
        managed_files_find(drift->files, event->directory, event->name);
    if (file != NULL) {
        add_pending(drift, file, event);
    }
}

/* --- one file ------------------------------------------------------------------------------- */

struct look {
    struct watch *watch;
    struct host *host;
    struct arena *arena;
    const struct override_list *overrides;
    struct drift_event event;
    struct str wanted;
    struct str found;
    bool has_found;
    struct file_fingerprint seen; /* zero: nothing is there */
};

static int64_t now_us(void)
{
    return run_clock_us();
}

/* What stands there, as far as it is a file. */
static void read_found(struct look *look, const struct place *place,
                       const struct managed_file *file)
{
    AUTO_FD fd =
        openat(place->directory, place->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    look->has_found =
        fd >= 0 && file_read_fd(fd, file->path, CONTENT_LIMIT, look->arena, &look->found, NULL);
}

static bool is_as_seen(const struct managed_file *file, const struct stat *status)
{
    struct file_fingerprint now = file_fingerprint_of(status);
    return file->has_seen && fingerprint_is_same(file->type, &file->seen, &now);
}

static bool has_wanted_attributes(const struct managed_file *file, const struct stat *status)
{
    bool is_owner = !file->has_seen ||
                    (status->st_uid == file->seen.user && status->st_gid == file->seen.group);
    return is_owner && (status->st_mode & 07777U) == file->text->mode;
}

/* True when the file is not as it shall be; fills what and found. */
static bool differs(struct look *look, const struct managed_file *file)
{
    struct stat status;
    struct place place;
    AUTO_PLACES places = places_make(look->host, look->arena);
    if (!place_open(&places, file->path, &place, NULL) ||
        fstatat(place.directory, place.name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        look->event.what = "removed";
        return true;
    }
    look->seen = file_fingerprint_of(&status);
    if (is_as_seen(file, &status)) {
        return false;
    }
    if (file->text == NULL) {
        look->event.what = "written";
        return true;
    }
    if (!S_ISREG(status.st_mode)) {
        look->event.what = "replaced";
        return true;
    }
    read_found(look, &place, file);
    bool is_same = look->has_found && str_equal(look->found, look->wanted);
    look->event.what = is_same ? "attributes" : "written";
    return !is_same || !has_wanted_attributes(file, &status);
}

/* Why it stays as it is; NULL: it is put back. */
static const char *why_left(struct look *look, const struct managed_file *file)
{
    const struct watch *watch = look->watch;
    const char *item = arena_printf(look->arena, "file:%s", file->path);
    const struct override *override =
        override_find(look->overrides, item, file->text->document, look->host->now(look->host));
    if (override != NULL && override->effect != OVERRIDE_HOLD) {
        return override_text(look->arena, override)->text;
    }
    if (watch->look.settings->mode.index == MODE_OBSERVE) {
        return "mode: observe";
    }
    return map_get(&watch->drift->left, file->text->path);
}

static struct history *history_of(struct watch_drift *drift, const char *path)
{
    struct history *history = map_get(&drift->history, path);
    if (history == NULL) {
        history = arena_new(drift->history_arena, struct history);
        (void)map_put(drift->history_arena, &drift->history,
                      arena_strdup(drift->history_arena, path), history);
    }
    return history;
}

/* Remembers one more time. True when it was put back often enough within the hour. */
static bool is_fight(struct history *history, int64_t now)
{
    int64_t *flips = history->flips;
    bool is_often = flips[0] != 0 && now - flips[0] < OVERRIDE_FIGHT_SECONDS;
    if (!is_often) {
        memmove(&flips[0], &flips[1], sizeof(history->flips) - sizeof(flips[0]));
        flips[OVERRIDE_FIGHT_REPAIRS - 1] = now;
    } else {
        memset(flips, 0, sizeof(history->flips)); /* who says resume gets as many tries again */
    }
    return is_often;
}

static const char *writer_text(struct arena *arena, const struct file_writer *writer)
{
    if (writer == NULL || !writer->is_known || writer->program == NULL) {
        return "somebody unknown";
    }
    const char *user =
        writer->login_user_name != NULL ? writer->login_user_name : writer->user_name;
    return arena_printf(arena, "%s%s%s", writer->program, user == NULL ? "" : " of ",
                        user == NULL ? "" : user);
}

/* For an hour it is only reported: the run holds to it as well. */
static void leave_fight(struct look *look, const struct managed_file *file)
{
    struct error err = {0};
    struct override_list list = {0};
    int64_t now = look->host->now(look->host);
    look->event.answer = DRIFT_FIGHT;
    look->event.because =
        arena_printf(look->arena, "it was put back %d times within an hour; the other writer is %s",
                     OVERRIDE_FIGHT_REPAIRS, writer_text(look->arena, look->event.writer));
    const struct override override = override_fight(
        arena_printf(look->arena, "file:%s", file->text->path), look->event.because, now);
    if (overrides_load(look->host, look->arena, &list, &err)) {
        override_put(look->arena, &list, &override);
        if (overrides_save(look->host, look->arena, &list, &err)) {
            return;
        }
    }
    log_event(LOG_LEVEL_WARNING, "a fight could not be written down", "error", err.message, NULL);
}

static void put_back(struct look *look, const struct managed_file *file)
{
    struct error err = {0};
    struct place place;
    AUTO_PLACES places = places_make(look->host, look->arena);
    struct file_owner owner =
        file->has_seen ? (struct file_owner){file->seen.user, file->seen.group} : FILE_OWNER_NONE;
    bool is_done = place_make_parents(&places, file->path, &err) &&
                   place_open(&places, file->path, &place, &err) &&
                   place_is_ours(&place, file->path, &err) &&
                   file_replace(place.directory, place.name, look->wanted, file->text->mode, owner,
                                FILE_SYNC_NOW, &err);
    look->event.answer = is_done ? DRIFT_RESTORED : DRIFT_FAILED;
    look->event.because = is_done ? NULL : arena_strdup(look->arena, err.message);
}

static void answer(struct look *look, const struct managed_file *file, struct history *history)
{
    history->told = look->seen;
    history->is_left = true;
    if (file->text == NULL) {
        look->event.answer = DRIFT_HANDED;
        return;
    }
    look->event.because = why_left(look, file);
    if (look->event.because != NULL) {
        look->event.answer = DRIFT_REPORTED;
    } else if (is_fight(history, look->host->now(look->host))) {
        leave_fight(look, file);
    } else {
        history->told = (struct file_fingerprint){0};
        history->is_left = false;
        put_back(look, file);
    }
}

/* What was left as it is has become what it shall be: a run finds that out, and who was told of the
 * change is told of its end. */
static bool is_well_again(struct watch_drift *drift, const struct managed_file *file)
{
    struct history *history = map_get(&drift->history, file->path);
    bool is_news = history != NULL && history->is_left;
    if (is_news) {
        history->is_left = false;
        history->told = (struct file_fingerprint){0};
    }
    return is_news;
}

/* Left as it is and told already, and not touched since. */
static bool was_told(const struct look *look, const struct history *history)
{
    return history->told.inode != 0 && file_fingerprint_equal(&history->told, &look->seen);
}

/* The path as people know it: members of the nginx tree by the link, not by the generation. */
static const char *known_path(const struct managed_file *file)
{
    return file->text != NULL ? file->text->path : file->path;
}

static void find_package(struct look *look)
{
    const struct package_action *action = NULL;
    struct error err = {0};
    if (dpkg_log_find(look->host, look->event.at_us, look->event.path, look->event.writer,
                      look->arena, &action, &err) &&
        action != NULL) {
        look->event.package = arena_printf(look->arena, "%s %s%s%s", action->verb, action->package,
                                           action->version == NULL ? "" : " ",
                                           action->version == NULL ? "" : action->version);
    }
}

static void write_down(struct look *look)
{
    struct error err = {0};
    const struct drift_event *event = &look->event;
    const struct file_writer *writer = event->writer;
    bool is_known = writer != NULL && writer->is_known;
    find_package(look);
    log_event(LOG_LEVEL_WARNING, "a managed file was changed", "path", event->path, "what",
              event->what, "answer", drift_answer_word(event->answer), "because", event->because,
              "document", event->document, "program", is_known ? writer->program : "unknown",
              "user", is_known ? writer->user_name : NULL, "login",
              is_known ? writer->login_user_name : NULL, "unit", is_known ? writer->unit : NULL,
              "package", event->package, NULL);
    if (!drift_log_add(look->host, event, look->has_found ? &look->found : NULL, look->arena,
                       &err)) {
        log_event(LOG_LEVEL_WARNING, "a change could not be written down", "error", err.message,
                  NULL);
    }
}

static bool look_at(struct watch *watch, const struct pending *pending,
                    const struct override_list *overrides, struct arena *arena)
{
    const struct managed_file *file = map_get(&watch->drift->files->by_path, pending->path);
    struct error err = {0};
    if (file == NULL) {
        return false; /* of a generation that is not current any more */
    }
    if (file->text == NULL && !file->has_seen) {
        return pending->was_seen; /* not ours to judge: a run looks at it */
    }
    struct look look = {
        .watch = watch,
        .host = &watch->look.host,
        .arena = arena,
        .overrides = overrides,
        .event = {.at_us = pending->at_us,
                  .path = known_path(file),
                  .document = file->text == NULL ? NULL : file->text->document,
                  .writer = pending->writer},
    };
    if (file->text != NULL &&
        !generation_text(watch->drift->files->manifest, file->text, arena, &look.wanted, &err)) {
        log_event(LOG_LEVEL_ERROR, "the current generation cannot be read", "error", err.message,
                  NULL);
        return true; /* a run says more */
    }
    if (!differs(&look, file)) {
        return is_well_again(watch->drift, file);
    }
    struct history *history = history_of(watch->drift, file->path);
    if (was_told(&look, history)) {
        return false;
    }
    answer(&look, file, history);
    look.event.took_us = now_us() - look.event.at_us;
    write_down(&look);
    return true;
}

/* --- all that is pending -------------------------------------------------------------------- */

static void add_all(struct watch_drift *drift)
{
    int64_t now = now_us();
    drift->looks_at_all = false;
    for (size_t i = 0; i < drift->files->directories.count; i++) {
        const struct managed_directory *directory = drift->files->directories.items[i];
        for (size_t f = 0; f < directory->files.count; f++) {
            const char *path = directory->files.items[f]->path;
            if (!map_has(&drift->pending_by_path, path)) {
                struct pending *pending = arena_new(drift->pending_arena, struct pending);
                *pending = (struct pending){.path = arena_strdup(drift->pending_arena, path),
                                            .at_us = now};
                vec_add(drift->pending_arena, &drift->pending, pending);
            }
        }
    }
}

/* Those whose writer is still at it wait a moment longer; what they leave is looked at then. */
static bool must_wait(struct watch_drift *drift, const struct watch *watch)
{
    bool waits = false;
    int64_t now = now_us();
    for (size_t i = 0; i < drift->pending.count; i++) {
        const struct pending *pending = drift->pending.items[i];
        waits |= pending->is_open && now - pending->at_us < (int64_t)OPEN_MS * WATCH_US_A_MS;
    }
    if (waits) {
        arm_again(drift, watch, OPEN_MS);
    }
    return waits;
}

static void forget_pending(struct watch_drift *drift)
{
    drift->pending = (struct pending_list){0};
    drift->pending_by_path = (struct map){0};
    arena_destroy(drift->pending_arena);
    drift->pending_arena = arena_create();
}

static void look_at_pending(struct watch *watch)
{
    struct watch_drift *drift = watch->drift;
    AUTO_ARENA arena = arena_create();
    struct error err = {0};
    struct override_list overrides = {0};
    bool is_drift = false;
    if (!overrides_load(&watch->look.host, arena, &overrides, &err)) {
        log_event(LOG_LEVEL_ERROR, "nothing is put back", "error", err.message, NULL);
        forget_pending(drift);
        return;
    }
    for (size_t i = 0; i < drift->pending.count; i++) {
        AUTO_ARENA scratch = arena_create();
        is_drift |= look_at(watch, drift->pending.items[i], &overrides, scratch);
    }
    forget_pending(drift);
    if (is_drift) {
        watch_ask(watch, WATCH_DRIFT, RUN_AFTER_MS);
    }
}

static bool load_files(struct watch *watch);

/* Only while nobody else changes anything, and against what is current then. */
static void settle(struct watch *watch)
{
    struct watch_drift *drift = watch->drift;
    struct error err = {0};
    unsigned long current = 0;
    int lock = -1;
    if (watch_is_halfway(watch) || (drift->pending.count == 0 && !drift->looks_at_all)) {
        return; /* the end of the run comes back here */
    }
    if (must_wait(drift, watch)) {
        return;
    }
    if (!lock_acquire(&watch->look.host, &lock, &err)) {
        arm_again(drift, watch, AGAIN_MS);
        return;
    }
    bool is_current = generation_current(&watch->look.host, &current, &err) &&
                      current == drift->files->generation;
    if (!is_current) { /* somebody ran by hand: its files, then everything once */
        drift->looks_at_all = load_files(watch);
    }
    if (drift->looks_at_all) {
        add_all(drift);
    }
    look_at_pending(watch);
    lock_release(lock);
}

static int again_passed(sd_event_source *source, uint64_t at, void *context)
{
    struct watch *watch = context;
    (void)source;
    (void)at;
    for (size_t i = 0; i < watch->drift->pending.count; i++) {
        struct pending *pending = watch->drift->pending.items[i];
        pending->is_open =
            pending->is_open && now_us() - pending->at_us < (int64_t)OPEN_MS * WATCH_US_A_MS;
    }
    settle(watch);
    return 0;
}

static int events_ready(sd_event_source *source, int fd, uint32_t revents, void *context)
{
    struct watch *watch = context;
    struct watch_drift *drift = watch->drift;
    struct file_event_list list = {0};
    struct error err = {0};
    bool has_overflow = false;
    (void)source;
    (void)fd;
    (void)revents;
    if (!file_events_read(drift->events, drift->pending_arena, &list, &has_overflow, &err)) {
        log_event(LOG_LEVEL_ERROR, "changes of files are not seen any more", "error", err.message,
                  NULL);
        return -EIO; /* the service manager begins anew */
    }
    drift->looks_at_all |= has_overflow;
    for (size_t i = 0; i < list.count; i++) {
        take_event(watch, &list.items[i]);
    }
    settle(watch);
    return 0;
}

/* --- which files ---------------------------------------------------------------------------- */

/* What the last run left as it is, and why. */
static void load_left(struct watch *watch)
{
    struct watch_drift *drift = watch->drift;
    struct str content = {0};
    arena_destroy(drift->left_arena);
    drift->left_arena = arena_create();
    drift->left = (struct map){0};
    const char *path = arena_printf(drift->left_arena, "%s/left.json", watch->look.layout.state);
    if (!file_read(watch->look.host.root, host_path(path), LEFT_LIMIT, drift->left_arena, &content,
                   NULL)) {
        return; /* mostly there is none */
    }
    AUTO_JSON root = json_loadb(content.data, content.length, 0, NULL);
    size_t index = 0;
    const json_t *entry = NULL;
    json_array_foreach(root, index, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "path"));
        const char *because = json_string_value(json_object_get(entry, "because"));
        if (name != NULL) {
            (void)map_put(drift->left_arena, &drift->left, arena_strdup(drift->left_arena, name),
                          arena_strdup(drift->left_arena, because == NULL ? "" : because));
        }
    }
}

static void watch_directories(struct watch *watch, const struct managed_files *before)
{
    struct watch_drift *drift = watch->drift;
    struct map now = {0};
    AUTO_ARENA arena = arena_create();
    for (size_t i = 0; i < drift->files->directories.count; i++) {
        const char *path = drift->files->directories.items[i]->path;
        struct error err = {0};
        (void)map_put(arena, &now, path, NULL);
        if (!file_events_add(drift->events, path, &err)) {
            log_event(LOG_LEVEL_WARNING, "a folder cannot be watched", "folder", path, "error",
                      err.message, NULL);
        }
    }
    for (size_t i = 0; before != NULL && i < before->directories.count; i++) {
        const char *path = before->directories.items[i]->path;
        if (!map_has(&now, path)) {
            file_events_remove(drift->events, path);
        }
    }
}

static bool load_files(struct watch *watch)
{
    struct watch_drift *drift = watch->drift;
    struct error err = {0};
    struct managed_files *files = managed_files_load(&watch->look.host, &err);
    if (files == NULL) {
        log_event(LOG_LEVEL_ERROR, "the managed files are not known", "error", err.message, NULL);
        return false;
    }
    struct managed_files *before = drift->files;
    drift->files = files;
    watch_directories(watch, before);
    managed_files_free(before);
    load_left(watch);
    watch_arm_due(watch, files->due_at);
    return true;
}

/* What changed while the folders of a new generation were not watched yet is found by looking at
 * everything once. */
void watch_drift_renew(struct watch *watch)
{
    watch->drift->looks_at_all = load_files(watch);
    settle(watch);
}

/* --- beginning and ending ------------------------------------------------------------------- */

static bool sources_begin(struct watch *watch, struct error *err)
{
    struct watch_drift *drift = watch->drift;
    int result = sd_event_add_io(watch->event, &drift->ready, file_events_fd(drift->events),
                                 EPOLLIN, events_ready, watch);
    if (result >= 0) {
        result = sd_event_source_set_priority(drift->ready, SD_EVENT_PRIORITY_IMPORTANT);
    }
    if (result >= 0) {
        result = sd_event_add_time(watch->event, &drift->again, CLOCK_MONOTONIC, 0, WATCH_US_A_MS,
                                   again_passed, watch);
    }
    if (result >= 0) {
        result = sd_event_source_set_enabled(drift->again, SD_EVENT_OFF);
    }
    return result >= 0 || watch_error(err, result, "watch the managed files");
}

static void say_how(const struct watch_drift *drift)
{
    const char *why = NULL;
    bool names = file_events_name_writers(drift->events, &why);
    log_event(LOG_LEVEL_INFO, "changes of files are seen", "with", names ? "fanotify" : "inotify",
              "because", names ? NULL : why, NULL);
}

bool watch_drift_begin(struct watch *watch, struct error *err)
{
    struct watch_drift *drift = calloc(1, sizeof(*drift));
    if (drift == NULL) {
        return error_errno(err, "watch the managed files");
    }
    watch->drift = drift;
    drift->pending_arena = arena_create();
    drift->history_arena = arena_create();
    drift->left_arena = arena_create();
    if (!file_events_open(&watch->look.host, NULL, &drift->events, err) ||
        !sources_begin(watch, err)) {
        return false;
    }
    say_how(drift);
    if (watch->look.layout.manages_units && !file_events_add(drift->events, UNIT_LINKS, err)) {
        log_event(LOG_LEVEL_WARNING, "units are looked at by interval only", "error", err->message,
                  NULL);
    }
    if (!file_events_add(drift->events, watch->look.layout.state, err)) {
        log_event(LOG_LEVEL_WARNING, "suspensions are noticed by interval only", "error",
                  err->message, NULL);
    }
    return load_files(watch) || error_set(err, ERROR_UNAVAILABLE, "the state cannot be read");
}

void watch_drift_end(struct watch *watch)
{
    struct watch_drift *drift = watch->drift;
    if (drift == NULL) {
        return;
    }
    (void)sd_event_source_disable_unref(drift->ready); /* these return NULL always */
    (void)sd_event_source_disable_unref(drift->again);
    file_events_close(drift->events);
    managed_files_free(drift->files);
    arena_destroy(drift->pending_arena);
    arena_destroy(drift->history_arena);
    arena_destroy(drift->left_arena);
    free(drift);
    watch->drift = NULL;
}
