/* The list of what we own, as text: a first line that names the format, then a line for each item:
 * type, id, document, digest and flags, between tabs. In ids and names a backslash stands before
 * "\\", "t" (tab) and "n" (line break), so that a line is always one item. */

#include "providers/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"

#define LEDGER_HEAD "reconcile ledger 1"

enum { LEDGER_LIMIT = 256 * 1024 * 1024, FIELDS = 5 };

struct record {
    struct ledger_entry entry;
    bool is_removed;
};
VEC(record_list, struct record *);

struct ledger {
    struct arena *arena;
    struct record_list records; /* in no order */
    struct map types;           /* to a struct map of ids to their records */
    size_t count;               /* of records that are not removed */
    bool is_changed;
};

/* ---- Reading and writing a line ------------------------------------------------------------ */

static void add_field(struct text *text, const char *value)
{
    for (const char *c = value; *c != '\0'; c++) {
        switch (*c) {
        case '\\':
            text_add(text, "\\\\");
            break;
        case '\t':
            text_add(text, "\\t");
            break;
        case '\n':
            text_add(text, "\\n");
            break;
        default:
            text_add_char(text, *c);
        }
    }
}

static void add_entry(struct text *text, const struct ledger_entry *entry)
{
    add_field(text, entry->type);
    text_add_char(text, '\t');
    add_field(text, entry->id);
    text_add_char(text, '\t');
    add_field(text, entry->document == NULL ? "" : entry->document);
    text_addf(text, "\t%s\t%s%s%s\n", entry->digest, entry->is_protected ? "p" : "",
              entry->has_data ? "d" : "", entry->is_begun ? "b" : "");
}

/* In place; false when a backslash stands before anything else. */
static bool unescape(char *field)
{
    char *to = field;
    for (const char *from = field; *from != '\0'; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        from++;
        if (*from != '\\' && *from != 't' && *from != 'n') {
            return false;
        }
        *to++ = *from == 't' ? '\t' : *from == 'n' ? '\n' : '\\';
    }
    *to = '\0';
    return true;
}

static bool is_digest(const char *text)
{
    size_t length = strlen(text);
    return (length == 0 || length == DIGEST_HEX_SIZE - 1) &&
           strspn(text, "0123456789abcdef") == length;
}

/* The line, which is changed, is what the entry's texts point into. */
static bool read_entry(char *line, struct ledger_entry *entry)
{
    char *fields[FIELDS] = {NULL};
    size_t count = 0;
    for (char *field = strsep(&line, "\t"); field != NULL; field = strsep(&line, "\t")) {
        if (count == FIELDS || !unescape(field)) {
            return false;
        }
        fields[count++] = field;
    }
    if (count != FIELDS || fields[0][0] == '\0' || fields[1][0] == '\0' || !is_digest(fields[3]) ||
        strspn(fields[4], "pdb") != strlen(fields[4])) {
        return false;
    }
    *entry = (struct ledger_entry){
        .type = fields[0],
        .id = fields[1],
        .document = fields[2][0] == '\0' ? NULL : fields[2],
        .is_protected = strchr(fields[4], 'p') != NULL,
        .has_data = strchr(fields[4], 'd') != NULL,
        .is_begun = strchr(fields[4], 'b') != NULL,
    };
    memcpy(entry->digest, fields[3], strlen(fields[3]) + 1);
    return true;
}

/* ---- The index ------------------------------------------------------------------------------ */

static struct record *find(const struct ledger *ledger, const char *type, const char *id)
{
    const struct map *ids = map_get(&ledger->types, type);
    return ids == NULL ? NULL : map_get(ids, id);
}

static struct record *add(struct ledger *ledger, const struct ledger_entry *entry)
{
    struct map *ids = map_get(&ledger->types, entry->type);
    if (ids == NULL) {
        ids = arena_new(ledger->arena, struct map);
        (void)map_put(ledger->arena, &ledger->types, entry->type, ids);
    }
    struct record *record = arena_new(ledger->arena, struct record);
    record->entry = *entry;
    vec_add(ledger->arena, &ledger->records, record);
    (void)map_put(ledger->arena, ids, entry->id, record);
    ledger->count++;
    return record;
}

static int compare(const void *a, const void *b)
{
    const struct ledger_entry *first = *(const struct ledger_entry *const *)a;
    const struct ledger_entry *second = *(const struct ledger_entry *const *)b;
    int order = strcmp(first->type, second->type);
    return order != 0 ? order : strcmp(first->id, second->id);
}

static bool is_same(const struct ledger_entry *a, const struct ledger_entry *b)
{
    return text_equal(a->document, b->document) && strcmp(a->digest, b->digest) == 0 &&
           a->is_protected == b->is_protected && a->has_data == b->has_data &&
           a->is_begun == b->is_begun;
}

/* ---- The file ------------------------------------------------------------------------------- */

static const char *ledger_path(struct host *host, struct arena *arena)
{
    return arena_printf(arena, "%s/ledger", host_path(host->layout->state));
}

struct file_fingerprint ledger_fingerprint(struct host *host, struct arena *arena)
{
    struct stat status = {0}; /* left so when there is no ledger */
    (void)fstatat(host->root, ledger_path(host, arena), &status, AT_SYMLINK_NOFOLLOW);
    return file_fingerprint_of(&status);
}

static bool read_lines(struct ledger *ledger, char *text, const char *path, struct error *err)
{
    size_t number = 1;
    const char *head = strsep(&text, "\n");
    if (strcmp(head, LEDGER_HEAD) != 0) {
        return error_set(err, ERROR_FORMAT, "/%s is not a ledger of this version", path);
    }
    for (char *line = strsep(&text, "\n"); line != NULL; line = strsep(&text, "\n")) {
        number++;
        struct ledger_entry entry;
        if (text == NULL && line[0] == '\0') {
            return true; /* behind the last line break */
        }
        if (!read_entry(line, &entry) || find(ledger, entry.type, entry.id) != NULL) {
            return error_set(err, ERROR_FORMAT, "/%s is damaged in line %zu", path, number);
        }
        (void)add(ledger, &entry);
    }
    return error_set(err, ERROR_FORMAT, "/%s ends in the middle of line %zu", path, number);
}

bool ledger_load(struct host *host, struct arena *arena, struct ledger **out_ledger,
                 struct error *err)
{
    struct ledger *ledger = arena_new(arena, struct ledger);
    ledger->arena = arena;
    const char *path = ledger_path(host, arena);
    struct str content = {0};
    struct error reason = {0};
    if (!file_read(host->root, path, LEDGER_LIMIT, arena, &content, &reason)) {
        if (reason.number != ENOENT) {
            return error_wrap_other(err, &reason, "read the ledger");
        }
        *out_ledger = ledger;
        return true;
    }
    if (memchr(content.data, '\0', content.length) != NULL) {
        return error_set(err, ERROR_FORMAT, "/%s is damaged", path);
    }
    if (!read_lines(ledger, arena_strndup(arena, content.data, content.length), path, err)) {
        return false;
    }
    *out_ledger = ledger;
    return true;
}

bool ledger_save(struct host *host, struct ledger *ledger, struct error *err)
{
    if (!ledger->is_changed) {
        return true;
    }
    struct text text = text_make(ledger->arena);
    text_line(&text, "%s", LEDGER_HEAD);
    const struct ledger_entry *const *entries = ledger_entries(ledger, ledger->arena);
    for (size_t i = 0; i < ledger->count; i++) {
        add_entry(&text, entries[i]);
    }
    if (!file_replace(host->root, ledger_path(host, ledger->arena), text_str(&text), 0644,
                      FILE_OWNER_NONE, FILE_SYNC_NOW, err)) {
        return error_wrap(err, "write the ledger");
    }
    ledger->is_changed = false;
    return true;
}

/* ---- Changes and questions ------------------------------------------------------------------ */

const struct ledger_entry *ledger_put(struct ledger *ledger, const struct ledger_entry *entry)
{
    struct record *record = find(ledger, entry->type, entry->id);
    if (record != NULL && is_same(&record->entry, entry)) {
        return &record->entry;
    }
    ledger->is_changed = true;
    struct ledger_entry copy = *entry;
    if (entry->document != NULL) {
        copy.document = arena_strdup(ledger->arena, entry->document);
    }
    if (record != NULL) {
        copy.type = record->entry.type;
        copy.id = record->entry.id;
        record->entry = copy;
        return &record->entry;
    }
    copy.type = arena_strdup(ledger->arena, entry->type);
    copy.id = arena_strdup(ledger->arena, entry->id);
    return &add(ledger, &copy)->entry;
}

bool ledger_remove(struct ledger *ledger, const char *type, const char *id)
{
    struct record *record = find(ledger, type, id);
    if (record == NULL) {
        return false;
    }
    struct map *ids = map_get(&ledger->types, type);
    (void)map_put(ledger->arena, ids, record->entry.id, NULL);
    record->is_removed = true;
    ledger->count--;
    ledger->is_changed = true;
    return true;
}

const struct ledger_entry *ledger_find(const struct ledger *ledger, const char *type,
                                       const char *id)
{
    const struct record *record = find(ledger, type, id);
    return record == NULL ? NULL : &record->entry;
}

size_t ledger_count(const struct ledger *ledger)
{
    return ledger->count;
}

size_t ledger_count_of(const struct ledger *ledger, const char *type)
{
    size_t count = 0;
    for (size_t i = 0; i < ledger->records.count; i++) {
        const struct record *record = ledger->records.items[i];
        count += !record->is_removed && strcmp(record->entry.type, type) == 0;
    }
    return count;
}

const struct ledger_entry *const *ledger_entries(const struct ledger *ledger, struct arena *arena)
{
    const struct ledger_entry **entries =
        arena_array(arena, ledger->count, sizeof(struct ledger_entry *));
    size_t count = 0;
    for (size_t i = 0; i < ledger->records.count; i++) {
        const struct record *record = ledger->records.items[i];
        if (!record->is_removed) {
            entries[count++] = &record->entry;
        }
    }
    qsort(entries, count, sizeof(struct ledger_entry *), compare);
    return entries;
}
