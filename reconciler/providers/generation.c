/* Which generations there are, which one is current, and how it changes. Writing one is in
 * generation_write.c.
 *
 *     STATE/generations/N        complete, since it has this name
 *     STATE/generations/N.new    being written, or what a killed run left of it
 *     STATE/generations/N.gone   being removed, or what a killed run left of it
 *     STATE/current              link to generations/N
 */

#include "providers/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "providers/generation_manifest.h"
#include "providers/nginx.h"

enum {
    DECIMAL = 10,
    OCTAL = 8,
    KEPT_COUNT = 10,
    HEAD_LIMIT = 4096, /* of a manifest: digests, numbers and one line */
};
static const int64_t KEPT_SECONDS = (int64_t)7 * 24 * 60 * 60;
static const size_t MANIFEST_LIMIT = (size_t)512 * 1024 * 1024;

#define CURRENT "current"

VEC(number_list, unsigned long);
VEC(name_list, const char *);

/* ---- Paths and numbers ----------------------------------------------------------------------- */

/* Digits only, as we write them. */
static bool number_parse(const char *text, unsigned long *out_number)
{
    char *end = NULL;
    if (text[0] < '1' || text[0] > '9') {
        return false;
    }
    errno = 0;
    unsigned long number = strtoul(text, &end, DECIMAL);
    if (errno != 0 || *end != '\0') {
        return false;
    }
    *out_number = number;
    return true;
}

static const char *below_state(struct arena *arena, const struct host *host, const char *name)
{
    return arena_printf(arena, "%s/%s", host_path(host->layout->state), name);
}

const char *generation_tree_path(struct arena *arena, const struct layout *layout,
                                 unsigned long number)
{
    return arena_printf(arena, "%s/" GENERATIONS "/%lu%s", layout->state, number,
                        layout->nginx_tree);
}

/* Absent is fine: *out_fd is -1. */
static bool generations_open(struct host *host, struct arena *arena, int *out_fd, struct error *err)
{
    struct error why;
    int fd = file_open_beneath(host->root, below_state(arena, host, GENERATIONS),
                               O_RDONLY | O_DIRECTORY, 0, &why);
    if (fd < 0 && why.number != ENOENT) {
        return error_copy(err, &why);
    }
    *out_fd = fd;
    return true;
}

static int number_compare(const void *a, const void *b)
{
    unsigned long left = *(const unsigned long *)a;
    unsigned long right = *(const unsigned long *)b;
    return (left > right) - (left < right);
}

/* Numbers of complete generations, ascending, and names of what killed runs left. */
static bool generations_scan(struct host *host, struct arena *arena, struct number_list *numbers,
                             struct name_list *leftovers, struct error *err)
{
    int fd = -1;
    if (!generations_open(host, arena, &fd, err)) {
        return false;
    }
    if (fd < 0) {
        return true;
    }
    AUTO_DIRECTORY directory = fdopendir(fd);
    if (directory == NULL) {
        (void)close(fd); /* only read */
        return error_errno(err, "list generations");
    }
    for (const struct dirent *entry = readdir(directory); entry != NULL;
         entry = readdir(directory)) {
        unsigned long number = 0;
        if (number_parse(entry->d_name, &number)) {
            vec_add(arena, numbers, number);
        } else if (text_ends_with(entry->d_name, GENERATION_NEW) ||
                   text_ends_with(entry->d_name, GENERATION_GONE)) {
            vec_add(arena, leftovers, arena_strdup(arena, entry->d_name));
        }
    }
    if (numbers->count > 1) {
        qsort(numbers->items, numbers->count, sizeof(*numbers->items), number_compare);
    }
    return true;
}

bool generation_current(struct host *host, unsigned long *out_number, struct error *err)
{
    struct error why;
    char target[PATH_MAX];
    AUTO_FD state = file_open_beneath(host->root, host_path(host->layout->state),
                                      O_RDONLY | O_DIRECTORY, 0, &why);
    if (state < 0 && why.number != ENOENT) {
        return error_copy(err, &why);
    }
    ssize_t length = state < 0 ? -1 : readlinkat(state, CURRENT, target, sizeof(target) - 1);
    if (length < 0 && (state < 0 || errno == ENOENT)) {
        *out_number = 0;
        return true;
    }
    if (length < 0) {
        return error_errno(err, "read the link %s/" CURRENT, host->layout->state);
    }
    target[length] = '\0';
    if (!text_starts_with(target, GENERATIONS "/") ||
        !number_parse(target + strlen(GENERATIONS "/"), out_number)) {
        return error_set(err, ERROR_FORMAT, "%s/" CURRENT " leads to %s, which is no generation",
                         host->layout->state, target);
    }
    return true;
}

bool generation_next_number(struct host *host, unsigned long *out_number, struct error *err)
{
    AUTO_ARENA arena = arena_create();
    struct number_list numbers = {0};
    struct name_list leftovers = {0};
    unsigned long highest = 0;
    if (!generation_current(host, &highest, err) ||
        !generations_scan(host, arena, &numbers, &leftovers, err)) {
        return false;
    }
    unsigned long loaded = nginx_loaded(host);
    highest = loaded > highest ? loaded : highest;
    if (numbers.count > 0 && *vec_last(&numbers) > highest) {
        highest = *vec_last(&numbers);
    }
    *out_number = highest + 1;
    return true;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static int manifest_open(struct host *host, unsigned long number, struct arena *arena,
                         struct error *err)
{
    struct error why;
    const char *name = arena_printf(arena, GENERATIONS "/%lu/" MANIFEST_NAME, number);
    int fd = file_open_beneath(host->root, below_state(arena, host, name), O_RDONLY, 0, &why);
    if (fd < 0) {
        enum error_code code = why.number == ENOENT ? ERROR_UNAVAILABLE : why.code;
        why.code = code;
        (void)error_wrap_other(err, &why, "there is no generation %lu", number);
    }
    return fd;
}

bool generation_find(struct host *host, unsigned long number, struct arena *arena,
                     struct generation *out_generation, struct error *err)
{
    char head[HEAD_LIMIT];
    AUTO_FD fd = manifest_open(host, number, arena, err);
    if (fd < 0) {
        return false;
    }
    ssize_t length = pread(fd, head, sizeof(head), 0);
    if (length < 0) {
        return error_errno(err, "read the manifest of generation %lu", number);
    }
    struct str content = {head, (size_t)length};
    if (!manifest_read_head(content, arena, out_generation, err)) {
        return error_wrap(err, "generation %lu", number);
    }
    return true;
}

bool generation_list(struct host *host, struct arena *arena, struct generation_list *out_list,
                     struct error *err)
{
    struct number_list numbers = {0};
    struct name_list leftovers = {0};
    struct generation_list list = {0};
    if (!generations_scan(host, arena, &numbers, &leftovers, err)) {
        return false;
    }
    for (size_t i = 0; i < numbers.count; i++) {
        /* One that cannot be read is none to go back to. */
        struct generation generation;
        if (generation_find(host, numbers.items[i], arena, &generation, NULL)) {
            vec_add(arena, &list, generation);
        }
    }
    *out_list = list;
    return true;
}

bool generation_read(struct host *host, unsigned long number, struct arena *arena,
                     struct generation_files *out_files, struct error *err)
{
    struct str content;
    struct generation generation;
    AUTO_FD fd = manifest_open(host, number, arena, err);
    if (fd < 0) {
        return false;
    }
    if (!file_read_fd(fd, MANIFEST_NAME, MANIFEST_LIMIT, arena, &content, err) ||
        !manifest_read(content, arena, &generation, out_files, err)) {
        return error_wrap(err, "generation %lu", number);
    }
    return true;
}

/* The line "MODE LENGTH DOCUMENT PATH" that stands before a file's text. */
static bool entry_parse(const char *line, struct arena *arena, struct generation_entry *out_entry)
{
    char *end = NULL;
    errno = 0;
    unsigned long mode = strtoul(line, &end, OCTAL);
    unsigned long length = *end == ' ' ? strtoul(end + 1, &end, DECIMAL) : ULONG_MAX;
    if (errno != 0 || length >= MANIFEST_LIMIT || *end != ' ') {
        return false;
    }
    *out_entry = (struct generation_entry){.mode = (mode_t)mode, .length = length};
    const char *path = manifest_read_names(end + 1, arena, &out_entry->document);
    out_entry->path = path == NULL ? NULL : arena_strdup(arena, path);
    return path != NULL;
}

/* Texts are passed over, so that a large generation needs little memory. */
static bool entries_scan(FILE *manifest, struct arena *arena, struct generation_entries *entries)
{
    CLEANUP(cleanup_free) char *line = NULL;
    size_t room = 0;
    bool is_head = true;
    for (ssize_t length = 0; (length = getline(&line, &room, manifest)) > 0;) {
        struct generation_entry entry;
        if (line[length - 1] != '\n') {
            return false;
        }
        line[length - 1] = '\0';
        if (is_head) {
            is_head = line[0] != '\0';
            continue;
        }
        if (!entry_parse(line, arena, &entry)) {
            return false;
        }
        entry.offset = ftello(manifest);
        if (fseeko(manifest, (off_t)entry.length + 1, SEEK_CUR) != 0) {
            return false;
        }
        vec_add(arena, entries, entry);
    }
    return !is_head && ferror(manifest) == 0;
}

bool generation_index(struct host *host, unsigned long number, struct arena *arena,
                      struct generation_entries *out_entries, int *out_manifest, struct error *err)
{
    AUTO_FD fd = manifest_open(host, number, arena, err);
    AUTO_FD same = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    AUTO_FILE manifest = same < 0 ? NULL : fdopen(same, "r");
    if (manifest == NULL) {
        return fd < 0 ? false : error_errno(err, "read the manifest of generation %lu", number);
    }
    (void)take_fd(&same);
    struct generation_entries entries = {0};
    if (!entries_scan(manifest, arena, &entries)) {
        return error_set(err, ERROR_FORMAT, "generation %lu: its manifest is damaged", number);
    }
    *out_entries = entries;
    *out_manifest = take_fd(&fd);
    return true;
}

bool generation_text(int manifest, const struct generation_entry *entry, struct arena *arena,
                     struct str *out_text, struct error *err)
{
    char *text = arena_alloc(arena, entry->length + 1);
    for (size_t done = 0; done < entry->length;) {
        ssize_t count =
            pread(manifest, text + done, entry->length - done, entry->offset + (off_t)done);
        if (count <= 0) {
            return error_errno(err, "read the text of %s", entry->path);
        }
        done += (size_t)count;
    }
    *out_text = (struct str){text, entry->length};
    return true;
}

/* ---- Changing -------------------------------------------------------------------------------- */

bool generation_switch(struct host *host, unsigned long number, struct error *err)
{
    AUTO_ARENA arena = arena_create();
    AUTO_FD fd = manifest_open(host, number, arena, err);
    if (fd < 0) {
        return false;
    }
    const char *target = arena_printf(arena, GENERATIONS "/%lu", number);
    return file_replace_link(host->root, below_state(arena, host, CURRENT), target, FILE_SYNC_NOW,
                             err);
}

bool generation_switch_off(struct host *host, struct error *err)
{
    AUTO_ARENA arena = arena_create();
    const char *path = below_state(arena, host, CURRENT);
    return file_remove_all(host->root, path, err) && file_sync_parent(host->root, path, err);
}

/* Out of sight by one rename, then gone. */
static bool generation_delete(struct host *host, unsigned long number, struct arena *arena,
                              struct error *err)
{
    const char *name = arena_printf(arena, GENERATIONS "/%lu", number);
    const char *gone = arena_printf(arena, GENERATIONS "/%lu" GENERATION_GONE, number);
    AUTO_FD state = file_open_beneath(host->root, host_path(host->layout->state),
                                      O_RDONLY | O_DIRECTORY, 0, err);
    if (state < 0) {
        return false;
    }
    if (!file_remove_all(state, gone, err)) {
        return false;
    }
    if (renameat(state, name, state, gone) != 0) {
        return errno == ENOENT ? true : error_errno(err, "remove generation %lu", number);
    }
    return file_remove_all(state, gone, err);
}

bool generation_remove(struct host *host, unsigned long number, struct error *err)
{
    AUTO_ARENA arena = arena_create();
    unsigned long current = 0;
    if (!generation_current(host, &current, err)) {
        return false;
    }
    if (number == current) {
        return error_set(err, ERROR_REFUSED, "generation %lu is the current one", number);
    }
    return generation_delete(host, number, arena, err);
}

static bool is_young(struct host *host, unsigned long number, struct arena *arena)
{
    struct generation generation = {0};
    return generation_find(host, number, arena, &generation, NULL) &&
           host->now(host) - generation.created_at < KEPT_SECONDS;
}

static bool leftovers_remove(struct host *host, const struct name_list *leftovers,
                             struct arena *arena, struct error *err)
{
    for (size_t i = 0; i < leftovers->count; i++) {
        const char *name = arena_printf(arena, GENERATIONS "/%s", leftovers->items[i]);
        if (!file_remove_all(host->root, below_state(arena, host, name), err)) {
            return false;
        }
    }
    return file_remove_temporary(host->root, host_path(host->layout->state), err);
}

bool generation_prune(struct host *host, unsigned long keep, struct arena *arena, struct error *err)
{
    struct number_list numbers = {0};
    struct name_list leftovers = {0};
    unsigned long current = 0;
    unsigned long loaded = nginx_loaded(host);
    if (!generation_current(host, &current, err) ||
        !generations_scan(host, arena, &numbers, &leftovers, err)) {
        return false;
    }
    if (!leftovers_remove(host, &leftovers, arena, err)) {
        return false;
    }
    for (size_t i = 0; i + KEPT_COUNT < numbers.count; i++) {
        unsigned long number = numbers.items[i];
        bool is_needed = number == current || number == loaded || number == keep;
        if (!is_needed && !is_young(host, number, arena) &&
            !generation_delete(host, number, arena, err)) {
            return false;
        }
    }
    return true;
}
