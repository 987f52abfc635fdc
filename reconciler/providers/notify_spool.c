/* Messages as JSON files. A short lock makes each change of the folder whole: a run may replace a
 * message while a sender waits for its answer. */
#include "providers/notify_spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "model/json.h"

enum {
    DIRECTORY_MODE = 0700,
    FILE_MODE = 0600,
    MESSAGE_LIMIT = 256 << 10,
    RESULTS_LIMIT = 4 << 20, /* some ten thousand; more are not kept */
};

#define SUFFIX ".json"

VEC(name_list, const char *);

const char *notify_path(const struct host *host, struct arena *arena, const char *name)
{
    return arena_printf(arena, "%s/notify%s%s", host_path(host->layout->state),
                        name[0] == '\0' ? "" : "/", name);
}

static const char *spool_path(const struct host *host, struct arena *arena, const char *name)
{
    return notify_path(host, arena,
                       arena_printf(arena, "spool%s%s", name[0] == '\0' ? "" : "/", name));
}

/* A commit has one state: a newer one takes the place of one that was not posted yet. */
static const char *file_name(struct arena *arena, const struct notify_message *message)
{
    return message->commit != NULL ? arena_printf(arena, "status-%s" SUFFIX, message->commit)
                                   : arena_printf(arena, "%s" SUFFIX, message->id);
}

bool notify_make_directory(struct host *host, struct arena *arena, struct error *err)
{
    return file_make_directories(host->root, notify_path(host, arena, ""), DIRECTORY_MODE, err);
}

/* --- locks ----------------------------------------------------------------------------------- */

static int lock_open(struct host *host, struct arena *arena, const char *name, struct error *err)
{
    if (!file_make_directories(host->root, spool_path(host, arena, ""), DIRECTORY_MODE, err)) {
        return -1;
    }
    return file_open_beneath(host->root, notify_path(host, arena, name), O_RDWR | O_CREAT,
                             FILE_MODE, err);
}

/* Held for as long as a few small files take. */
static bool lock_wait(struct host *host, struct arena *arena, const char *name, int *out_lock,
                      struct error *err)
{
    AUTO_FD lock = lock_open(host, arena, name, err);
    if (lock < 0) {
        return false;
    }
    int result = -1;
    do {
        result = flock(lock, LOCK_EX);
    } while (result != 0 && errno == EINTR);
    if (result != 0) {
        return error_errno(err, "lock %s/notify", host->layout->state);
    }
    *out_lock = take_fd(&lock);
    return true;
}

static bool lock_files(struct host *host, struct arena *arena, int *out_lock, struct error *err)
{
    return lock_wait(host, arena, "files.lock", out_lock, err);
}

bool notify_memory_lock(struct host *host, struct arena *arena, int *out_lock, struct error *err)
{
    return lock_wait(host, arena, "told.lock", out_lock, err);
}

bool notify_spool_begin(struct host *host, struct arena *arena, int *out_lock, struct error *err)
{
    AUTO_FD lock = lock_open(host, arena, "sender.lock", err);
    if (lock < 0) {
        return false;
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK
                   ? error_set(err, ERROR_LOCKED, "messages are being sent already")
                   : error_errno(err, "lock %s/notify", host->layout->state);
    }
    *out_lock = take_fd(&lock);
    return true;
}

/* --- JSON ------------------------------------------------------------------------------------ */

static const char *message_write(struct arena *arena, const struct notify_message *message)
{
    AUTO_JSON json = json_object();
    (void)json_object_set_new(json, "id", json_text(message->id));
    (void)json_object_set_new(json, "channel", json_text(message->channel));
    (void)json_object_set_new(json, "commit", json_text(message->commit));
    (void)json_object_set_new(json, "at_us", json_integer((json_int_t)message->at_us));
    (void)json_object_set_new(json, "subject", json_text(message->subject));
    (void)json_object_set_new(json, "text", json_text(message->text));
    (void)json_object_set_new(json, "body", json_text(message->body));
    (void)json_object_set_new(json, "attempts", json_integer((json_int_t)message->attempts));
    (void)json_object_set_new(json, "next_us", json_integer((json_int_t)message->next_us));
    (void)json_object_set_new(json, "error", json_text(message->error));
    CLEANUP(cleanup_free) char *text = json_dumps(json, JSON_INDENT(1));
    return arena_printf(arena, "%s\n", text == NULL ? "{}" : text);
}

static const char *text_of(struct arena *arena, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? NULL : arena_strdup(arena, text);
}

/* The name and what is in it belong together. */
static bool message_read(struct arena *arena, struct str content, const char *name,
                         struct notify_message *out_message)
{
    AUTO_JSON json = json_loadb(content.data, content.length, 0, NULL);
    *out_message = (struct notify_message){
        .id = text_of(arena, json, "id"),
        .channel = text_of(arena, json, "channel"),
        .commit = text_of(arena, json, "commit"),
        .at_us = json_integer_value(json_object_get(json, "at_us")),
        .subject = text_of(arena, json, "subject"),
        .text = text_of(arena, json, "text"),
        .body = text_of(arena, json, "body"),
        .attempts = (unsigned)json_integer_value(json_object_get(json, "attempts")),
        .next_us = json_integer_value(json_object_get(json, "next_us")),
        .error = text_of(arena, json, "error"),
    };
    return out_message->id != NULL && out_message->channel != NULL &&
           out_message->subject != NULL && out_message->text != NULL && out_message->body != NULL &&
           strcmp(file_name(arena, out_message), name) == 0;
}

/* --- the folder ------------------------------------------------------------------------------ */

static bool list_names(struct host *host, struct arena *arena, struct name_list *out_names,
                       struct error *err)
{
    struct error why = {0};
    AUTO_FD fd =
        file_open_beneath(host->root, spool_path(host, arena, ""), O_RDONLY | O_DIRECTORY, 0, &why);
    if (fd < 0) {
        return why.number == ENOENT || error_copy(err, &why);
    }
    AUTO_DIRECTORY directory = fdopendir(fd);
    if (directory == NULL) {
        return error_errno(err, "list %s/notify/spool", host->layout->state);
    }
    (void)take_fd(&fd);
    const struct dirent *entry = NULL;
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.' && text_ends_with(entry->d_name, SUFFIX)) {
            vec_add(arena, out_names, arena_strdup(arena, entry->d_name));
        }
    }
    return true;
}

static int message_compare(const void *a, const void *b)
{
    const struct notify_message *first = a;
    const struct notify_message *second = b;
    if (first->at_us != second->at_us) {
        return first->at_us < second->at_us ? -1 : 1;
    }
    return strcmp(first->id, second->id);
}

bool notify_spool_list(struct host *host, struct arena *arena, struct notify_messages *out_messages,
                       struct error *err)
{
    struct name_list names = {0};
    if (!list_names(host, arena, &names, err)) {
        return false;
    }
    for (size_t i = 0; i < names.count; i++) {
        struct str content = {0};
        struct error why = {0};
        struct notify_message message = {0};
        const char *path = spool_path(host, arena, names.items[i]);
        if (file_read(host->root, path, MESSAGE_LIMIT, arena, &content, &why)) {
            if (message_read(arena, content, names.items[i], &message)) {
                vec_add(arena, out_messages, message);
            } else if (!file_remove_all(host->root, path, err)) {
                return false;
            }
        } else if (why.number != ENOENT) { /* one that was sent meanwhile is no mistake */
            return error_copy(err, &why);
        }
    }
    if (out_messages->count > 1) {
        qsort(out_messages->items, out_messages->count, sizeof(*out_messages->items),
              message_compare);
    }
    return true;
}

bool notify_spool_next(struct host *host, int64_t *out_next_us, struct error *err)
{
    AUTO_ARENA arena = arena_create();
    struct notify_messages messages = {0};
    *out_next_us = 0;
    if (!notify_spool_list(host, arena, &messages, err)) {
        return false;
    }
    for (size_t i = 0; i < messages.count; i++) {
        int64_t next = messages.items[i].next_us > 0 ? messages.items[i].next_us : 1;
        *out_next_us = *out_next_us == 0 || next < *out_next_us ? next : *out_next_us;
    }
    return true;
}

/* --- one result ----------------------------------------------------------------------------- */

static const char *result_write(struct arena *arena, const struct notify_result *result)
{
    AUTO_JSON json = json_object();
    (void)json_object_set_new(json, "at_us", json_integer((json_int_t)result->at_us));
    (void)json_object_set_new(json, "message", json_text(result->message));
    (void)json_object_set_new(json, "channel", json_text(result->channel));
    (void)json_object_set_new(json, "subject", json_text(result->subject));
    (void)json_object_set_new(json, "result", json_text(result->result));
    (void)json_object_set_new(json, "answer", json_text(result->answer));
    (void)json_object_set_new(json, "attempt", json_integer((json_int_t)result->attempt));
    CLEANUP(cleanup_free) char *text = json_dumps(json, JSON_COMPACT);
    return arena_printf(arena, "%s\n", text == NULL ? "{}" : text);
}

static bool append_result(struct host *host, const struct notify_result *result,
                          struct arena *arena, struct error *err)
{
    struct stat status;
    AUTO_FD fd = file_open_beneath(host->root, notify_path(host, arena, "results"),
                                   O_WRONLY | O_CREAT | O_APPEND, FILE_MODE, err);
    if (fd < 0) {
        return false;
    }
    if (fstat(fd, &status) == 0 && status.st_size > RESULTS_LIMIT) {
        return true; /* no run has recorded them for long: the journal has them */
    }
    struct str line = str_of(result_write(arena, result));
    return write(fd, line.data, line.length) == (ssize_t)line.length ||
           error_errno(err, "write %s/notify/results", host->layout->state);
}

/* --- adding ---------------------------------------------------------------------------------- */

static bool drop(struct host *host, const struct notify_message *message, struct arena *arena,
                 struct error *err)
{
    const struct notify_result result = {.at_us = clock_wall_us(),
                                         .message = message->id,
                                         .channel = message->channel,
                                         .subject = message->subject,
                                         .result = "dropped",
                                         .answer = "too many messages wait",
                                         .attempt = message->attempts};
    log_event(LOG_LEVEL_WARNING, "a message was dropped, because too many wait", "channel",
              message->channel, "message", message->id, "subject", message->subject, NULL);
    return file_remove_all(host->root, spool_path(host, arena, file_name(arena, message)), err) &&
           append_result(host, &result, arena, err);
}

static bool make_room(struct host *host, struct arena *arena, struct error *err)
{
    struct notify_messages messages = {0};
    struct name_list names = {0};
    if (!list_names(host, arena, &names, err)) {
        return false;
    }
    if (names.count < NOTIFY_SPOOL_MOST) {
        return true;
    }
    if (!notify_spool_list(host, arena, &messages, err)) {
        return false;
    }
    for (size_t i = 0; i + NOTIFY_SPOOL_MOST <= messages.count; i++) {
        if (!drop(host, &messages.items[i], arena, err)) {
            return false;
        }
    }
    return true;
}

static bool write_file(struct host *host, const struct notify_message *message, struct arena *arena,
                       struct error *err)
{
    struct str content = str_of(message_write(arena, message));
    if (content.length > MESSAGE_LIMIT) {
        return error_set(err, ERROR_LIMIT, "the message is longer than %d bytes", MESSAGE_LIMIT);
    }
    return file_replace(host->root, spool_path(host, arena, file_name(arena, message)), content,
                        FILE_MODE, FILE_OWNER_NONE, FILE_SYNC_NOW, err);
}

bool notify_spool_add(struct host *host, const struct notify_message *message, struct arena *arena,
                      struct error *err)
{
    AUTO_FD lock = -1;
    return lock_files(host, arena, &lock, err) && make_room(host, arena, err) &&
           write_file(host, message, arena, err);
}

/* --- what came of it ------------------------------------------------------------------------- */

/* Under the lock: true while the file is still of this message. */
static bool is_there(struct host *host, const struct notify_message *message, struct arena *arena)
{
    struct str content = {0};
    struct notify_message found = {0};
    const char *name = file_name(arena, message);
    return file_read(host->root, spool_path(host, arena, name), MESSAGE_LIMIT, arena, &content,
                     NULL) &&
           message_read(arena, content, name, &found) && strcmp(found.id, message->id) == 0;
}

bool notify_spool_remove(struct host *host, const struct notify_message *message,
                         struct arena *arena, struct error *err)
{
    AUTO_FD lock = -1;
    const char *path = spool_path(host, arena, file_name(arena, message));
    return lock_files(host, arena, &lock, err) &&
           (!is_there(host, message, arena) ||
            (file_remove_all(host->root, path, err) && file_sync_parent(host->root, path, err)));
}

bool notify_spool_update(struct host *host, const struct notify_message *message,
                         struct arena *arena, struct error *err)
{
    AUTO_FD lock = -1;
    return lock_files(host, arena, &lock, err) &&
           (!is_there(host, message, arena) || write_file(host, message, arena, err));
}

/* --- results --------------------------------------------------------------------------------- */

bool notify_results_add(struct host *host, const struct notify_result *result, struct arena *arena,
                        struct error *err)
{
    AUTO_FD lock = -1;
    return lock_files(host, arena, &lock, err) && append_result(host, result, arena, err);
}

/* False when it is cut off or not ours. */
static bool result_read(struct arena *arena, struct str line, struct notify_result *out_result)
{
    AUTO_JSON json = json_loadb(line.data, line.length, 0, NULL);
    *out_result = (struct notify_result){
        .at_us = json_integer_value(json_object_get(json, "at_us")),
        .message = text_of(arena, json, "message"),
        .channel = text_of(arena, json, "channel"),
        .subject = text_of(arena, json, "subject"),
        .result = text_of(arena, json, "result"),
        .answer = text_of(arena, json, "answer"),
        .attempt = json_integer_value(json_object_get(json, "attempt")),
    };
    return out_result->message != NULL && out_result->channel != NULL && out_result->result != NULL;
}

static bool results_content(struct host *host, struct arena *arena, struct str *out_content,
                            struct error *err)
{
    struct error why = {0};
    return file_read(host->root, notify_path(host, arena, "results"), 2 * RESULTS_LIMIT, arena,
                     out_content, &why) ||
           why.number == ENOENT || error_copy(err, &why);
}

static void take_results(struct arena *arena, struct str content,
                         struct notify_results *out_results)
{
    while (content.length > 0) {
        const char *end = memchr(content.data, '\n', content.length);
        size_t length = end == NULL ? content.length : (size_t)(end - content.data);
        struct notify_result result;
        if (result_read(arena, (struct str){content.data, length}, &result)) {
            vec_add(arena, out_results, result);
        }
        length += end == NULL ? 0 : 1;
        content.data += length;
        content.length -= length;
    }
}

bool notify_results_read(struct host *host, struct arena *arena, struct notify_results *out_results,
                         struct error *err)
{
    struct str content = {0};
    if (!results_content(host, arena, &content, err)) {
        return false;
    }
    take_results(arena, content, out_results);
    return true;
}

bool notify_results_settle(struct host *host, const struct notify_results *results,
                           struct arena *arena, struct error *err)
{
    AUTO_FD lock = -1;
    struct notify_results now = {0};
    struct text rest = text_make(arena);
    const char *path = notify_path(host, arena, "results");
    if (results->count == 0) {
        return true;
    }
    if (!lock_files(host, arena, &lock, err) || !notify_results_read(host, arena, &now, err)) {
        return false;
    }
    for (size_t i = results->count; i < now.count; i++) {
        text_add(&rest, result_write(arena, &now.items[i]));
    }
    return rest.length == 0 ? file_remove_all(host->root, path, err)
                            : file_replace(host->root, path, text_str(&rest), FILE_MODE,
                                           FILE_OWNER_NONE, FILE_SYNC_LATER, err);
}
