/* The cache behind the run that has nothing to do. The file is an array of records sorted by path,
 * so that the check meets all paths of one directory together; it is written by this machine for
 * this machine, and anything that does not look right in it makes it empty. */

#include "providers/fingerprints.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/text.h"
#include "providers/place.h"

enum {
    STORED_LIMIT = 256 * 1024 * 1024,
    STORED_MAGIC = 0x32504652, /* "RFP2" */
    READ_AGAIN_AFTER = 24 * 60 * 60,
    CONTENT_LIMIT = 64 * 1024 * 1024,
};
static const int64_t WAIT_STEP_NS = INT64_C(2) * 1000000;
static const int WAIT_STEPS = 10;

/* The file: a head, the key, the memo, the records; each record is followed by its path. All of it
 * in steps of eight bytes, so that records are looked at where they were read. */
struct stored_head {
    uint32_t magic;
    uint32_t record_size;
    uint32_t count;
    uint32_t key_length;
    uint64_t memo_length;
    int64_t saved_at;
    int64_t due_at;
    int64_t deep_at;
};

struct stored_record {
    struct file_fingerprint seen;
    char digest[DIGEST_HEX_SIZE]; /* "": none */
    uint8_t type;
    uint8_t is_settled; /* a bool of any value would be undefined */
    uint16_t path_length;
};

struct entry {
    struct stored_record stored;
    const char *path;
    bool is_current; /* matched or recorded in this run */
};
VEC(entry_list, struct entry *);

struct fingerprints {
    struct arena *arena;
    struct str records; /* as they were read */
    size_t record_count;
    struct entry_list entries; /* these and by_path are filled when they are first needed */
    struct map by_path;
    bool is_indexed;
    const char *key;
    struct str memo;
    int64_t saved_at;
    int64_t due_at;      /* as loaded; 0: nothing is due */
    int64_t next_due_at; /* as found in this run */
    int64_t deep_at;     /* when everything was read; 0: in this run */
    bool is_changed;
};

struct fingerprints *fingerprints_make(struct arena *arena)
{
    struct fingerprints *fingerprints = arena_new(arena, struct fingerprints);
    fingerprints->arena = arena;
    fingerprints->is_changed = true;
    return fingerprints;
}

static const char *stored_path(struct host *host, struct arena *arena)
{
    return arena_printf(arena, "%s/fingerprints", host_path(host->layout->state));
}

/* ---- The file ------------------------------------------------------------------------------- */

static size_t padded(size_t length)
{
    return (length + 7) / 8 * 8;
}

/* The next size bytes of content, or NULL behind its end. */
static const char *take_bytes(struct str *content, size_t size)
{
    if (padded(size) > content->length) {
        return NULL;
    }
    const char *bytes = content->data;
    content->data += padded(size);
    content->length -= padded(size);
    return bytes;
}

/* One record and its path; NULL for what cannot be one. */
static const struct stored_record *take_record(struct str *content, const char **out_path)
{
    const void *bytes = take_bytes(content, sizeof(struct stored_record));
    const struct stored_record *record = bytes;
    if (record == NULL) {
        return NULL;
    }
    const char *path = take_bytes(content, (size_t)record->path_length + 1);
    if (path == NULL || path[0] != '/' || path[record->path_length] != '\0' ||
        record->type > FINGERPRINT_LINKED || record->digest[DIGEST_HEX_SIZE - 1] != '\0') {
        return NULL;
    }
    *out_path = path;
    return record;
}

static bool are_records(struct str content, size_t count)
{
    const char *path = NULL;
    for (size_t i = 0; i < count; i++) {
        if (take_record(&content, &path) == NULL) {
            return false;
        }
    }
    return content.length == 0;
}

static bool read_stored(struct fingerprints *fingerprints, struct str content)
{
    struct stored_head head;
    const char *bytes = take_bytes(&content, sizeof(head));
    if (bytes == NULL) {
        return false;
    }
    memcpy(&head, bytes, sizeof(head));
    if (head.magic != STORED_MAGIC || head.record_size != sizeof(struct stored_record) ||
        head.memo_length > content.length) {
        return false;
    }
    const char *key = take_bytes(&content, (size_t)head.key_length + 1);
    const char *memo = key == NULL ? NULL : take_bytes(&content, head.memo_length);
    if (memo == NULL || key[head.key_length] != '\0' || !are_records(content, head.count)) {
        return false;
    }
    fingerprints->records = content;
    fingerprints->record_count = head.count;
    fingerprints->key = head.key_length == 0 ? NULL : key;
    fingerprints->memo = (struct str){memo, head.memo_length};
    fingerprints->saved_at = head.saved_at;
    fingerprints->due_at = head.due_at;
    fingerprints->deep_at = head.deep_at;
    return true;
}

struct fingerprints *fingerprints_load(struct host *host, struct arena *arena)
{
    struct fingerprints *fingerprints = fingerprints_make(arena);
    struct str content = {0};
    if (!file_read(host->root, stored_path(host, arena), STORED_LIMIT, arena, &content, NULL) ||
        !read_stored(fingerprints, content)) {
        return fingerprints_make(arena);
    }
    int64_t age = host->now(host) - fingerprints->deep_at;
    if (age < 0 || age >= READ_AGAIN_AFTER) {
        return fingerprints_make(arena);
    }
    fingerprints->is_changed = false;
    return fingerprints;
}

static void add_bytes(struct text *text, const void *bytes, size_t length)
{
    static const char zeros[8] = {0};
    text_add_str(text, (struct str){bytes, length});
    text_add_str(text, (struct str){zeros, padded(length) - length});
}

static int compare(const void *a, const void *b)
{
    const struct entry *first = *(const struct entry *const *)a;
    const struct entry *second = *(const struct entry *const *)b;
    return strcmp(first->path, second->path);
}

static struct str write_stored(const struct fingerprints *fingerprints,
                               const struct entry_list *entries, struct arena *arena)
{
    struct text text = text_make(arena);
    const char *key = fingerprints->key == NULL ? "" : fingerprints->key;
    struct stored_head head = {
        .magic = STORED_MAGIC,
        .record_size = sizeof(struct stored_record),
        .count = (uint32_t)entries->count,
        .key_length = (uint32_t)strlen(key),
        .memo_length = fingerprints->memo.length,
        .saved_at = fingerprints->saved_at,
        .due_at = fingerprints->next_due_at,
        .deep_at = fingerprints->deep_at,
    };
    add_bytes(&text, &head, sizeof(head));
    add_bytes(&text, key, strlen(key) + 1);
    add_bytes(&text, fingerprints->memo.data, fingerprints->memo.length);
    for (size_t i = 0; i < entries->count; i++) {
        const struct entry *entry = entries->items[i];
        add_bytes(&text, &entry->stored, sizeof(entry->stored));
        add_bytes(&text, entry->path, (size_t)entry->stored.path_length + 1);
    }
    return text_str(&text);
}

/* ---- Looking -------------------------------------------------------------------------------- */

bool fingerprint_is_same(enum fingerprint_type type, const struct file_fingerprint *a,
                         const struct file_fingerprint *b)
{
    if (type != FINGERPRINT_DIRECTORY) {
        return file_fingerprint_equal(a, b);
    }
    return a->device == b->device && a->inode == b->inode && a->mode == b->mode &&
           a->user == b->user && a->group == b->group;
}

/* Links are followed on this machine only: below another root they would lead out of it. */
static bool stat_linked(struct host *host, const char *path, struct stat *out_status)
{
    return strcmp(host->root_path, "/") == 0 &&
           fstatat(host->root, host_path(path), out_status, 0) == 0;
}

static bool is_unchanged(struct places *places, const struct stored_record *record,
                         const char *path)
{
    struct stat status;
    struct place place;
    if (record->is_settled == 0) {
        return false;
    }
    if (record->type == FINGERPRINT_LINKED) {
        if (!stat_linked(places->host, path, &status)) {
            return false;
        }
    } else if (!place_open(places, path, &place, NULL) ||
               fstatat(place.directory, place.name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return false;
    }
    struct file_fingerprint now = file_fingerprint_of(&status);
    return fingerprint_is_same(record->type, &record->seen, &now);
}

enum fingerprints_answer fingerprints_hold(struct host *host, const char *key, struct arena *arena,
                                           struct path_list *out_paths)
{
    const struct fingerprints *fingerprints = host->fingerprints;
    int64_t now = host->now(host);
    if (fingerprints == NULL || fingerprints->key == NULL || !text_equal(fingerprints->key, key) ||
        now < fingerprints->saved_at ||
        (fingerprints->due_at != 0 && now >= fingerprints->due_at)) {
        return FINGERPRINTS_UNKNOWN;
    }
    enum fingerprints_answer answer = FINGERPRINTS_HOLD;
    AUTO_PLACES places = places_make(host, arena);
    struct str rest = fingerprints->records;
    const char *path = NULL;
    for (size_t i = 0; i < fingerprints->record_count; i++) {
        const struct stored_record *record = take_record(&rest, &path);
        if (record == NULL || is_unchanged(&places, record, path)) {
            continue; /* they were looked at when they were loaded: all are records */
        }
        answer = FINGERPRINTS_DIFFER;
        if (out_paths == NULL) {
            break;
        }
        vec_add(arena, out_paths, path);
    }
    return answer;
}

/* From the records to what can be found and changed. */
static void index_entries(struct fingerprints *fingerprints)
{
    struct str rest = fingerprints->records;
    for (size_t i = 0; !fingerprints->is_indexed && i < fingerprints->record_count; i++) {
        struct entry *entry = arena_new(fingerprints->arena, struct entry);
        const struct stored_record *record = take_record(&rest, &entry->path);
        if (record != NULL) {
            entry->stored = *record;
            vec_add(fingerprints->arena, &fingerprints->entries, entry);
            (void)map_put(fingerprints->arena, &fingerprints->by_path, entry->path, entry);
        }
    }
    fingerprints->is_indexed = true;
}

bool fingerprints_at(struct fingerprints *fingerprints, size_t index,
                     struct fingerprint_entry *out_entry)
{
    index_entries(fingerprints);
    if (index >= fingerprints->entries.count) {
        return false;
    }
    const struct entry *entry = fingerprints->entries.items[index];
    *out_entry = (struct fingerprint_entry){entry->path, (enum fingerprint_type)entry->stored.type,
                                            entry->stored.seen};
    return true;
}

int64_t fingerprints_due_at(const struct fingerprints *fingerprints)
{
    return fingerprints->due_at;
}

/* ---- Matching and recording ----------------------------------------------------------------- */

static struct entry *find(struct fingerprints *fingerprints, const char *path)
{
    index_entries(fingerprints);
    return map_get(&fingerprints->by_path, path);
}

bool fingerprints_know(struct host *host, const char *path, enum fingerprint_type type,
                       const struct file_fingerprint *now)
{
    struct entry *entry = host->fingerprints == NULL ? NULL : find(host->fingerprints, path);
    if (entry == NULL || entry->stored.is_settled == 0 || entry->stored.type != type ||
        !fingerprint_is_same(type, &entry->stored.seen, now)) {
        return false;
    }
    entry->is_current = true;
    return true;
}

bool fingerprints_match(struct host *host, const char *path, enum fingerprint_type type,
                        const struct file_fingerprint *now, const char *digest)
{
    const struct entry *entry = host->fingerprints == NULL ? NULL : find(host->fingerprints, path);
    return entry != NULL && strcmp(entry->stored.digest, digest == NULL ? "" : digest) == 0 &&
           fingerprints_know(host, path, type, now);
}

/* Directories are compared by what stat shows, so nothing can hide behind the tick. */
static bool is_settled(enum fingerprint_type type, const struct file_fingerprint *seen,
                       int64_t read_at_ns)
{
    return type == FINGERPRINT_DIRECTORY || file_fingerprint_is_settled(seen, read_at_ns);
}

void fingerprints_record(struct host *host, const char *path, enum fingerprint_type type,
                         const struct file_fingerprint *seen, const char *digest,
                         int64_t read_at_ns)
{
    struct fingerprints *fingerprints = host->fingerprints;
    size_t length = strlen(path);
    if (fingerprints == NULL || length > UINT16_MAX ||
        (type == FINGERPRINT_LINKED && strcmp(host->root_path, "/") != 0)) {
        return;
    }
    if (fingerprints_match(host, path, type, seen, digest)) {
        return;
    }
    struct entry *entry = find(fingerprints, path);
    if (entry == NULL) {
        entry = arena_new(fingerprints->arena, struct entry);
        entry->path = arena_strdup(fingerprints->arena, path);
        vec_add(fingerprints->arena, &fingerprints->entries, entry);
        (void)map_put(fingerprints->arena, &fingerprints->by_path, entry->path, entry);
    }
    entry->stored = (struct stored_record){
        .seen = *seen,
        .type = (uint8_t)type,
        .is_settled = is_settled(type, seen, read_at_ns),
        .path_length = (uint16_t)length,
    };
    if (digest != NULL) {
        memcpy(entry->stored.digest, digest, DIGEST_HEX_SIZE);
    }
    entry->is_current = true;
    fingerprints->is_changed = true;
}

void fingerprints_due(struct host *host, int64_t at)
{
    struct fingerprints *fingerprints = host->fingerprints;
    if (fingerprints != NULL &&
        (fingerprints->next_due_at == 0 || at < fingerprints->next_due_at)) {
        fingerprints->next_due_at = at;
    }
}

void fingerprints_set_key(struct fingerprints *fingerprints, const char *key)
{
    if (!text_equal(fingerprints->key, key)) {
        fingerprints->key = key == NULL ? NULL : arena_strdup(fingerprints->arena, key);
        fingerprints->is_changed = true;
    }
}

void fingerprints_keep_all(struct fingerprints *fingerprints)
{
    index_entries(fingerprints);
    for (size_t i = 0; i < fingerprints->entries.count; i++) {
        fingerprints->entries.items[i]->is_current = true;
    }
    fingerprints->next_due_at = fingerprints->due_at;
}

void fingerprints_set_memo(struct fingerprints *fingerprints, struct str memo)
{
    if (!str_equal(fingerprints->memo, memo)) {
        fingerprints->memo = memo;
        fingerprints->is_changed = true;
    }
}

struct str fingerprints_memo(const struct fingerprints *fingerprints)
{
    return fingerprints->memo;
}

/* ---- Saving --------------------------------------------------------------------------------- */

/* Until an edit of now would get another time than the file has. */
static void wait_for_tick(const struct file_fingerprint *seen)
{
    for (int i = 0; i < WAIT_STEPS; i++) {
        if (file_fingerprint_is_settled(seen, file_clock_coarse_ns())) {
            return;
        }
        struct timespec step = {.tv_nsec = WAIT_STEP_NS};
        (void)nanosleep(&step, NULL); /* a shorter sleep is counted as a step */
    }
}

/* For what was not compared by content: links, and keys, which are read by nobody but who needs
 * them. */
static bool is_same_by_stat(struct host *host, const struct entry *entry, struct arena *arena)
{
    struct place place;
    struct stat status;
    AUTO_PLACES places = places_make(host, arena);
    if (!place_open(&places, entry->path, &place, NULL) ||
        fstatat(place.directory, place.name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return false;
    }
    struct file_fingerprint now = file_fingerprint_of(&status);
    return fingerprint_is_same(entry->stored.type, &entry->stored.seen, &now);
}

static bool is_same_file(struct host *host, const struct entry *entry, struct arena *arena)
{
    AUTO_FD fd =
        entry->stored.type == FINGERPRINT_LINKED
            ? open(entry->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            : file_open_beneath(host->root, host_path(entry->path), O_RDONLY | O_NONBLOCK, 0, NULL);
    struct str content = {0};
    struct stat status;
    if (fd < 0 || !file_read_fd(fd, entry->path, CONTENT_LIMIT, arena, &content, NULL) ||
        fstat(fd, &status) != 0) {
        return false;
    }
    char digest[DIGEST_HEX_SIZE];
    digest_hex(content, digest);
    struct file_fingerprint now = file_fingerprint_of(&status);
    return fingerprint_is_same(entry->stored.type, &entry->stored.seen, &now) &&
           strcmp(entry->stored.digest, digest) == 0;
}

/* Looks once more at what was read too soon; what is no longer the same stays unsettled. */
static void settle(struct host *host, struct entry *entry, struct arena *arena)
{
    wait_for_tick(&entry->stored.seen);
    int64_t read_at = file_clock_coarse_ns();
    bool is_same_still = entry->stored.digest[0] == '\0' ? is_same_by_stat(host, entry, arena)
                                                         : is_same_file(host, entry, arena);
    if (is_same_still && file_fingerprint_is_settled(&entry->stored.seen, read_at)) {
        entry->stored.is_settled = 1;
    }
}

bool fingerprints_save(struct host *host, struct arena *arena, struct error *err)
{
    struct fingerprints *fingerprints = host->fingerprints;
    struct entry_list kept = {0};
    index_entries(fingerprints);
    for (size_t i = 0; i < fingerprints->entries.count; i++) {
        struct entry *entry = fingerprints->entries.items[i];
        if (!entry->is_current) {
            continue;
        }
        if (entry->stored.is_settled == 0) {
            settle(host, entry, arena);
        }
        vec_add(arena, &kept, entry);
    }
    if (!fingerprints->is_changed && kept.count == fingerprints->entries.count &&
        fingerprints->due_at == fingerprints->next_due_at) {
        return true;
    }
    if (kept.count > 0) {
        qsort(kept.items, kept.count, sizeof(struct entry *), compare);
    }
    fingerprints->saved_at = host->now(host);
    if (fingerprints->deep_at == 0) {
        fingerprints->deep_at = fingerprints->saved_at;
    }
    if (!file_replace(host->root, stored_path(host, arena),
                      write_stored(fingerprints, &kept, arena), 0600, FILE_OWNER_NONE,
                      FILE_SYNC_NOW, err)) {
        return error_wrap(err, "write %s/fingerprints", host->layout->state);
    }
    fingerprints->due_at = fingerprints->next_due_at;
    fingerprints->is_changed = false;
    return true;
}
