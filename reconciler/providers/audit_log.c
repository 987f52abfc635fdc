/* Audit entries between the moment they happen and the next run. */
#include "providers/audit_log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "model/json.h"

enum { AUDIT_LIMIT = 16 << 20, AUDIT_MODE = 0600 };

static const char *audit_path(const struct host *host, struct arena *arena)
{
    return host_path(arena_printf(arena, "%s/audit", host->layout->state));
}

static const char *entry_write(struct arena *arena, const struct audit_entry *entry)
{
    AUTO_JSON json = json_object();
    (void)json_object_set_new(json, "at_us", json_integer((json_int_t)entry->at_us));
    (void)json_object_set_new(json, "who", json_text(entry->who));
    (void)json_object_set_new(json, "from", json_text(entry->from));
    (void)json_object_set_new(json, "action", json_text(entry->action));
    (void)json_object_set_new(json, "target", json_text(entry->target));
    (void)json_object_set_new(json, "detail", json_text(entry->detail));
    CLEANUP(cleanup_free) char *text = json_dumps(json, JSON_COMPACT);
    return arena_printf(arena, "%s\n", text == NULL ? "{}" : text);
}

bool audit_log_add(struct host *host, const struct audit_entry *entry, struct arena *arena,
                   struct error *err)
{
    log_event(LOG_LEVEL_INFO, "audit", "who", entry->who, "from", entry->from, "action",
              entry->action, "target", entry->target, "detail", entry->detail, NULL);
    AUTO_FD fd = file_open_beneath(host->root, audit_path(host, arena),
                                   O_WRONLY | O_CREAT | O_APPEND, AUDIT_MODE, err);
    if (fd < 0) {
        return false;
    }
    struct str line = str_of(entry_write(arena, entry));
    if (write(fd, line.data, line.length) != (ssize_t)line.length || fsync(fd) != 0) {
        return error_errno(err, "write %s/audit", host->layout->state);
    }
    return true;
}

static const char *text_of(struct arena *arena, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? NULL : arena_strdup(arena, text);
}

bool audit_log_read(struct host *host, struct arena *arena, struct audit_entries *out_entries,
                    struct error *err)
{
    struct str content = {0};
    struct error why = {0};
    if (!file_read(host->root, audit_path(host, arena), AUDIT_LIMIT, arena, &content, &why)) {
        return why.number == ENOENT || error_copy(err, &why);
    }
    while (content.length > 0) {
        const char *end = memchr(content.data, '\n', content.length);
        size_t length = end == NULL ? content.length : (size_t)(end - content.data);
        AUTO_JSON json = json_loadb(content.data, length, 0, NULL);
        const char *action = text_of(arena, json, "action");
        if (action != NULL) {
            vec_add(arena, out_entries,
                    (struct audit_entry){json_integer_value(json_object_get(json, "at_us")),
                                         text_of(arena, json, "who"), text_of(arena, json, "from"),
                                         action, text_of(arena, json, "target"),
                                         text_of(arena, json, "detail")});
        }
        size_t taken = end == NULL ? length : length + 1;
        content.data += taken;
        content.length -= taken;
    }
    return true;
}

bool audit_log_clear(struct host *host, struct arena *arena, struct error *err)
{
    return file_remove_all(host->root, audit_path(host, arena), err);
}
