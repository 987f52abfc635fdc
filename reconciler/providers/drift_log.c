/* Events of the loop as JSON files, one each, named by their time. */
#include "providers/drift_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "model/json.h"

enum {
    DIRECTORY_MODE = 0700,
    FILE_MODE = 0600,
    EVENT_LIMIT = 1 << 16,
    REPLACED_LIMIT = 1 << 20, /* of one text that is kept */
    KEPT_COUNT = 1000,
    KEPT_BYTES = 64 << 20,
};

#define EVENT_SUFFIX    ".json"
#define REPLACED_SUFFIX ".replaced"

VEC(name_list, const char *);

const char *drift_answer_word(enum drift_answer answer)
{
    static const char *const words[DRIFT_ANSWER_COUNT] = {[DRIFT_RESTORED] = "restored",
                                                          [DRIFT_REPORTED] = "reported",
                                                          [DRIFT_FIGHT] = "fight",
                                                          [DRIFT_HANDED] = "handed",
                                                          [DRIFT_FAILED] = "failed"};
    return words[answer];
}

static enum drift_answer answer_parse(const char *word)
{
    for (size_t i = 0; word != NULL && i < DRIFT_ANSWER_COUNT; i++) {
        if (strcmp(word, drift_answer_word((enum drift_answer)i)) == 0) {
            return (enum drift_answer)i;
        }
    }
    return DRIFT_HANDED;
}

static const char *below(const struct host *host, struct arena *arena, const char *name)
{
    return arena_printf(arena, "%s/drift%s%s", host_path(host->layout->state),
                        name[0] == '\0' ? "" : "/", name);
}

/* --- JSON ----------------------------------------------------------------------------------- */

static json_t *ancestors_write(const struct file_writer *writer)
{
    json_t *list = json_array();
    for (size_t i = 0; i < writer->ancestor_count; i++) {
        (void)json_array_append_new(list, json_text(writer->ancestors[i].program));
    }
    return list;
}

static json_t *writer_write(const struct file_writer *writer)
{
    if (writer == NULL || !writer->is_known) {
        return json_null();
    }
    json_t *json =
        json_pack("{s:i, s:b}", "pid", (int)writer->pid, "is_partial", (int)writer->is_partial);
    (void)json_object_set_new(json, "program", json_text(writer->program));
    (void)json_object_set_new(json, "command", json_text(writer->command));
    (void)json_object_set_new(json, "user", json_text(writer->user_name));
    (void)json_object_set_new(json, "login_user", json_text(writer->login_user_name));
    (void)json_object_set_new(json, "unit", json_text(writer->unit));
    (void)json_object_set_new(json, "ancestors", ancestors_write(writer));
    return json;
}

static const char *text_of(struct arena *arena, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? NULL : arena_strdup(arena, text);
}

static const struct file_writer *writer_read(struct arena *arena, const json_t *json)
{
    if (!json_is_object(json)) {
        return NULL;
    }
    struct file_writer *writer = arena_new(arena, struct file_writer);
    const json_t *list = json_object_get(json, "ancestors");
    size_t count = json_array_size(list);
    struct file_writer_ancestor *ancestors = arena_array(arena, count, sizeof(*ancestors));
    for (size_t i = 0; i < count; i++) {
        const char *program = json_string_value(json_array_get(list, i));
        ancestors[i].program = program == NULL ? NULL : arena_strdup(arena, program);
    }
    *writer = (struct file_writer){
        .is_known = true,
        .is_partial = json_is_true(json_object_get(json, "is_partial")),
        .pid = (pid_t)json_integer_value(json_object_get(json, "pid")),
        .program = text_of(arena, json, "program"),
        .command = text_of(arena, json, "command"),
        .ancestors = ancestors,
        .ancestor_count = count,
        .user = (uid_t)-1,
        .login_user = (uid_t)-1,
        .user_name = text_of(arena, json, "user"),
        .login_user_name = text_of(arena, json, "login_user"),
        .unit = text_of(arena, json, "unit"),
    };
    return writer;
}

static const char *event_write(struct arena *arena, const struct drift_event *event)
{
    AUTO_JSON json = json_object();
    (void)json_object_set_new(json, "at_us", json_integer((json_int_t)event->at_us));
    (void)json_object_set_new(json, "path", json_text(event->path));
    (void)json_object_set_new(json, "document", json_text(event->document));
    (void)json_object_set_new(json, "what", json_text(event->what));
    (void)json_object_set_new(json, "answer", json_text(drift_answer_word(event->answer)));
    (void)json_object_set_new(json, "because", json_text(event->because));
    (void)json_object_set_new(json, "took_us", json_integer((json_int_t)event->took_us));
    (void)json_object_set_new(json, "package", json_text(event->package));
    (void)json_object_set_new(json, "replaced", json_text(event->replaced));
    (void)json_object_set_new(json, "writer", writer_write(event->writer));
    CLEANUP(cleanup_free) char *text = json_dumps(json, JSON_INDENT(1));
    return arena_printf(arena, "%s\n", text == NULL ? "{}" : text);
}

static bool event_read(struct arena *arena, struct str content, const char *name,
                       struct drift_event *out_event)
{
    AUTO_JSON json = json_loadb(content.data, content.length, 0, NULL);
    *out_event = (struct drift_event){
        .at_us = json_integer_value(json_object_get(json, "at_us")),
        .path = text_of(arena, json, "path"),
        .document = text_of(arena, json, "document"),
        .what = text_of(arena, json, "what"),
        .answer = answer_parse(json_string_value(json_object_get(json, "answer"))),
        .because = text_of(arena, json, "because"),
        .took_us = json_integer_value(json_object_get(json, "took_us")),
        .package = text_of(arena, json, "package"),
        .replaced = text_of(arena, json, "replaced"),
        .writer = writer_read(arena, json_object_get(json, "writer")),
        .name = name,
    };
    return out_event->path != NULL && out_event->what != NULL &&
           (out_event->replaced == NULL || strchr(out_event->replaced, '/') == NULL);
}

/* --- adding --------------------------------------------------------------------------------- */

/* A name that no event has yet: the time, and a number where that is not enough. */
static const char *free_name(struct host *host, struct arena *arena, int64_t at_us)
{
    struct stat status;
    for (unsigned i = 0;; i++) {
        const char *name = arena_printf(arena, "%016" PRId64 "-%02u", at_us, i);
        const char *path = below(host, arena, arena_printf(arena, "%s" EVENT_SUFFIX, name));
        if (fstatat(host->root, path, &status, AT_SYMLINK_NOFOLLOW) != 0) {
            return name;
        }
    }
}

bool drift_log_add(struct host *host, const struct drift_event *event, const struct str *replaced,
                   struct arena *arena, struct error *err)
{
    struct drift_event kept = *event;
    if (!file_make_directories(host->root, below(host, arena, ""), DIRECTORY_MODE, err)) {
        return false;
    }
    const char *name = free_name(host, arena, event->at_us);
    if (replaced != NULL) {
        struct str part = {replaced->data,
                           replaced->length < REPLACED_LIMIT ? replaced->length : REPLACED_LIMIT};
        kept.replaced = arena_printf(arena, "%s" REPLACED_SUFFIX, name);
        if (!file_replace(host->root, below(host, arena, kept.replaced), part, FILE_MODE,
                          FILE_OWNER_NONE, FILE_SYNC_LATER, err)) {
            return false;
        }
    }
    return file_replace(
        host->root, below(host, arena, arena_printf(arena, "%s" EVENT_SUFFIX, name)),
        str_of(event_write(arena, &kept)), FILE_MODE, FILE_OWNER_NONE, FILE_SYNC_NOW, err);
}

/* --- reading and settling ------------------------------------------------------------------- */

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names with the suffix, oldest first; no folder is no name. */
static bool list_names(struct host *host, struct arena *arena, const char *suffix,
                       struct name_list *out_names, struct error *err)
{
    struct error why = {0};
    AUTO_FD fd =
        file_open_beneath(host->root, below(host, arena, ""), O_RDONLY | O_DIRECTORY, 0, &why);
    if (fd < 0) {
        return why.number == ENOENT || error_copy(err, &why);
    }
    AUTO_DIRECTORY directory = fdopendir(fd);
    if (directory == NULL) {
        return error_errno(err, "list %s/drift", host->layout->state);
    }
    (void)take_fd(&fd);
    const struct dirent *entry = NULL;
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.' && text_ends_with(entry->d_name, suffix)) {
            vec_add(arena, out_names, arena_strdup(arena, entry->d_name));
        }
    }
    if (out_names->count > 1) {
        qsort(out_names->items, out_names->count, sizeof(*out_names->items), name_compare);
    }
    return true;
}

bool drift_log_read(struct host *host, struct arena *arena, struct drift_events *out_events,
                    struct error *err)
{
    struct name_list names = {0};
    if (!list_names(host, arena, EVENT_SUFFIX, &names, err)) {
        return false;
    }
    for (size_t i = 0; i < names.count; i++) {
        struct str content = {0};
        struct drift_event event = {0};
        const char *path = below(host, arena, names.items[i]);
        if (file_read(host->root, path, EVENT_LIMIT, arena, &content, NULL) &&
            event_read(arena, content, names.items[i], &event)) {
            vec_add(arena, out_events, event);
        } else if (!file_remove_all(host->root, path, err)) {
            return false;
        }
    }
    return true;
}

bool drift_log_replaced(struct host *host, const struct drift_event *event, struct arena *arena,
                        struct str *out_content)
{
    return event->replaced != NULL && file_read(host->root, below(host, arena, event->replaced),
                                                REPLACED_LIMIT + 1, arena, out_content, NULL);
}

/* From the newest on, as many as are kept. */
static bool prune(struct host *host, struct arena *arena, struct error *err)
{
    struct name_list names = {0};
    size_t bytes = 0;
    if (!list_names(host, arena, REPLACED_SUFFIX, &names, err)) {
        return false;
    }
    for (size_t i = 0; i < names.count; i++) {
        struct stat status;
        const char *path = below(host, arena, names.items[names.count - 1 - i]);
        if (fstatat(host->root, path, &status, AT_SYMLINK_NOFOLLOW) == 0) {
            bytes += (size_t)status.st_size;
        }
        if ((i >= KEPT_COUNT || bytes > KEPT_BYTES) && !file_remove_all(host->root, path, err)) {
            return false;
        }
    }
    return true;
}

bool drift_log_settle(struct host *host, const struct drift_events *events, struct arena *arena,
                      struct error *err)
{
    for (size_t i = 0; i < events->count; i++) {
        if (!file_remove_all(host->root, below(host, arena, events->items[i].name), err)) {
            return false;
        }
    }
    return events->count == 0 || prune(host, arena, err);
}
