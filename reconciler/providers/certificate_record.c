/* One JSON object a file, written whole. */

#include "providers/certificate_record.h"

#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "model/json.h"

enum { RECORD_LIMIT = 64 * 1024, FAILURES_MOST = 1000000 };

static const char *path_of(const char *directory, struct arena *arena)
{
    return certificate_beside(arena, directory, CERTIFICATE_RECORDS, "json");
}

static const char *text_of(const json_t *object, const char *key, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? NULL : arena_strdup(arena, text);
}

static int64_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

struct certificate_record certificate_record_read(struct host *host, const char *directory,
                                                  struct arena *arena)
{
    struct str text = {0};
    if (!file_read(host->root, host_path(path_of(directory, arena)), RECORD_LIMIT, arena, &text,
                   NULL)) {
        return (struct certificate_record){0};
    }
    AUTO_JSON object = json_loadb(text.data, text.length, 0, NULL);
    int64_t failures = number_of(object, "failures");
    return (struct certificate_record){
        .directory_url = text_of(object, "directory", arena),
        .fingerprint = text_of(object, "fingerprint", arena),
        .asked_for = text_of(object, "asked_for", arena),
        .failures = failures < 0 || failures > FAILURES_MOST ? 0 : (unsigned)failures,
        .failed_at = number_of(object, "failed_at"),
        .retry_after = number_of(object, "retry_after"),
        .why = text_of(object, "why", arena),
        .dropped = text_of(object, "dropped", arena),
        .dropped_why = text_of(object, "dropped_why", arena),
        .dropped_at = number_of(object, "dropped_at"),
        .window_start = number_of(object, "window_start"),
        .window_end = number_of(object, "window_end"),
        .window_asked_at = number_of(object, "window_asked_at"),
        .window_ask_after = number_of(object, "window_ask_after"),
    };
}

bool certificate_record_write(struct host *host, const char *directory,
                              const struct certificate_record *record, struct arena *arena,
                              struct error *err)
{
    const char *path = path_of(directory, arena);
    const char *above = arena_strndup(arena, path, (size_t)(strrchr(path, '/') - path));
    AUTO_JSON object = json_pack(
        "{s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I}", "directory",
        json_text(record->directory_url), "fingerprint", json_text(record->fingerprint),
        "asked_for", json_text(record->asked_for), "failures", (json_int_t)record->failures,
        "failed_at", (json_int_t)record->failed_at, "retry_after", (json_int_t)record->retry_after,
        "why", json_text(record->why), "dropped", json_text(record->dropped), "dropped_why",
        json_text(record->dropped_why), "dropped_at", (json_int_t)record->dropped_at,
        "window_start", (json_int_t)record->window_start, "window_end",
        (json_int_t)record->window_end, "window_asked_at", (json_int_t)record->window_asked_at,
        "window_ask_after", (json_int_t)record->window_ask_after);
    char *text = object == NULL ? NULL : json_dumps(object, JSON_INDENT(2));
    bool is_written = text == NULL
                          ? error_set(err, ERROR_SYSTEM, "out of memory")
                          : file_make_directories(host->root, host_path(above), 0700, err) &&
                                file_replace(host->root, host_path(path), str_of(text), 0600,
                                             FILE_OWNER_NONE, FILE_SYNC_NOW, err);
    free(text);
    return is_written;
}

bool certificate_record_remove(struct host *host, const char *directory, struct arena *arena,
                               struct error *err)
{
    return file_remove_all(host->root, host_path(path_of(directory, arena)), err);
}
