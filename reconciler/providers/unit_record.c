/* Keeps STATE/units: one line a unit, words separated by spaces, paths last. Anything unexpected
 * makes the record empty. */
#include "providers/unit_record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "base/text.h"

#define FIRST_LINE "reconcile units 1"

enum { RECORD_LIMIT = 64 * 1024 * 1024 };

static const char *record_path(const struct host *host, struct arena *arena)
{
    return arena_printf(arena, "%s/units", host_path(host->layout->state));
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Cuts the next word off; NULL when there is none. "." stands for an empty one. */
static const char *take_word(char **rest)
{
    char *word = strsep(rest, " ");
    if (word == NULL || word[0] == '\0') {
        return NULL;
    }
    return strcmp(word, ".") == 0 ? "" : word;
}

static bool read_unit(struct unit_record *record, char *rest)
{
    struct unit_entry entry = {0};
    const char **const words[] = {&entry.name, &entry.invocation, &entry.inputs, &entry.stamp,
                                  &entry.loaded};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        *words[i] = take_word(&rest);
        if (*words[i] == NULL) {
            return false;
        }
    }
    if (rest != NULL) {
        return false;
    }
    unit_record_put(record, &entry);
    return true;
}

static bool read_gone(struct unit_record *record, char *rest)
{
    const char *name = take_word(&rest);
    if (name == NULL || rest == NULL) {
        return false;
    }
    vec_add(record->arena, &record->gone, (struct unit_gone){name, rest});
    return true;
}

static bool read_loaded(struct unit_record *record, const char *rest)
{
    char *end = NULL;
    record->loaded_at = strtoull(rest, &end, 10);
    return end != rest && *end == '\0';
}

static bool read_line(struct unit_record *record, char *line)
{
    char *rest = line;
    const char *word = strsep(&rest, " ");
    if (rest == NULL) {
        return false;
    }
    if (strcmp(word, "unit") == 0) {
        return read_unit(record, rest);
    }
    if (strcmp(word, "gone") == 0) {
        return read_gone(record, rest);
    }
    return strcmp(word, "loaded") == 0 && read_loaded(record, rest);
}

static bool read_record(struct unit_record *record, char *content)
{
    char *line = strsep(&content, "\n");
    if (strcmp(line, FIRST_LINE) != 0) {
        return false;
    }
    while ((line = strsep(&content, "\n")) != NULL && content != NULL) {
        if (!read_line(record, line)) {
            return false;
        }
    }
    return true;
}

void unit_record_load(const struct host *host, struct arena *arena, struct unit_record *out_record)
{
    struct str content = {0};
    *out_record = (struct unit_record){.arena = arena};
    if (!file_read(host->root, record_path(host, arena), RECORD_LIMIT, arena, &content, NULL) ||
        memchr(content.data, '\0', content.length) != NULL) {
        return;
    }
    char *text = arena_strndup(arena, content.data, content.length);
    if (!read_record(out_record, text)) {
        *out_record = (struct unit_record){.arena = arena};
    }
}

/* ---- writing ------------------------------------------------------------------------------- */

static const char *word_of(const char *text)
{
    return text[0] == '\0' ? "." : text;
}

bool unit_record_save(const struct host *host, const struct unit_record *record, struct error *err)
{
    struct text text = text_make(record->arena);
    text_line(&text, FIRST_LINE);
    text_line(&text, "loaded %" PRIu64, record->loaded_at);
    for (size_t i = 0; i < record->entries.count; i++) {
        const struct unit_entry *entry = record->entries.items[i];
        if (map_get(&record->by_name, entry->name) == entry) { /* else dropped or replaced */
            text_line(&text, "unit %s %s %s %s %s", entry->name, word_of(entry->invocation),
                      word_of(entry->inputs), word_of(entry->stamp), word_of(entry->loaded));
        }
    }
    for (size_t i = 0; i < record->gone.count; i++) {
        text_line(&text, "gone %s %s", record->gone.items[i].name, record->gone.items[i].file);
    }
    const char *path = record_path(host, record->arena);
    return file_replace(host->root, path, text_str(&text), 0600, FILE_OWNER_NONE, FILE_SYNC_NOW,
                        err);
}

/* ---- entries ------------------------------------------------------------------------------- */

const struct unit_entry *unit_record_find(const struct unit_record *record, const char *name)
{
    return map_get(&record->by_name, name);
}

void unit_record_put(struct unit_record *record, const struct unit_entry *entry)
{
    struct unit_entry *copy = arena_new(record->arena, struct unit_entry);
    *copy = *entry;
    vec_add(record->arena, &record->entries, copy);
    (void)map_put(record->arena, &record->by_name, copy->name, copy);
}

void unit_record_drop(struct unit_record *record, const char *name)
{
    (void)map_put(record->arena, &record->by_name, name, NULL);
}

void unit_record_forget_loaded(struct unit_record *record)
{
    for (size_t i = 0; i < record->entries.count; i++) {
        record->entries.items[i]->loaded = "";
    }
}
