/* Reads a folder by descriptors, without following links below it, in a fixed order. Everything
 * that cannot be read is a mistake: what is missing must never look like something that was
 * removed. */
#include "input/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct loading {
    struct arena *arena;
    const char *folder; /* as the user named it */
    struct diagnostic_list *diagnostics;
    struct loaded *loaded;
    size_t total;
    bool is_over; /* a limit was passed: said once */
};

static void complain(struct loading *loading, const char *path, const char *why)
{
    (void)diagnostic_add(loading->arena, loading->diagnostics, DIAGNOSTIC_FILE_UNREADABLE,
                         SPAN_NONE, path, why, NULL);
}

/* Without the name, which the diagnostic says itself. */
static void complain_error(struct loading *loading, const char *path, const char *name,
                           const struct error *err)
{
    const char *why = err->message;
    size_t length = strlen(name);
    if (err->code == ERROR_SYSTEM && err->number != 0 && err->number != ELOOP) {
        why = strerror(err->number);
    } else if (strncmp(why, name, length) == 0 && why[length] == ' ') {
        why += length + 1;
    }
    complain(loading, path, arena_strdup(loading->arena, why));
}

/* A span that names the file and no line in it. */
static struct span whole_file(struct loading *loading, const char *path)
{
    const struct source *source = source_make(loading->arena, path, STR(""));
    return (struct span){source, 0, 0};
}

/* --- files ----------------------------------------------------------------------------------- */

static void take_file(struct loading *loading, const char *path, enum load_layer layer,
                      struct str content)
{
    loading->total += content.length;
    if (loading->total > LOAD_TOTAL_MOST || loading->loaded->files.count >= LOAD_FILES_MOST) {
        if (!loading->is_over && loading->total > LOAD_TOTAL_MOST) {
            (void)diagnostic_add(loading->arena, loading->diagnostics, DIAGNOSTIC_INPUT_TOO_LARGE,
                                 SPAN_NONE, loading->folder, "16 MiB", NULL);
        } else if (!loading->is_over) {
            (void)diagnostic_add(loading->arena, loading->diagnostics, DIAGNOSTIC_TOO_MANY_FILES,
                                 SPAN_NONE, loading->folder, "10,000", NULL);
        }
        loading->is_over = true;
        return;
    }
    const struct source *source = source_make(loading->arena, path, content);
    vec_add(loading->arena, &loading->loaded->files, (struct loaded_file){source, layer});
}

static void read_file(struct loading *loading, int directory, const char *name, const char *path,
                      enum load_layer layer)
{
    struct error err = {0};
    struct str content = {0};
    if (loading->is_over) {
        return;
    }
    if (file_read(directory, name, LOAD_FILE_MOST, loading->arena, &content, &err)) {
        take_file(loading, path, layer, content);
    } else if (err.code == ERROR_LIMIT) {
        (void)diagnostic_add(loading->arena, loading->diagnostics, DIAGNOSTIC_FILE_TOO_LARGE,
                             whole_file(loading, path), "1 MiB", NULL);
    } else {
        complain_error(loading, path, name, &err);
    }
}

/* --- folders --------------------------------------------------------------------------------- */

static bool is_document_name(const char *name)
{
    return text_ends_with(name, ".yaml") || text_ends_with(name, ".yml");
}

VEC(name_list, const char *);

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool list_names(struct loading *loading, int fd, const char *path,
                       struct name_list *out_names)
{
    AUTO_FD own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    AUTO_DIRECTORY directory = own < 0 ? NULL : fdopendir(own);
    if (directory == NULL) {
        complain(loading, path, strerror(errno));
        return false;
    }
    (void)take_fd(&own);
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL) {
            break;
        }
        if (entry->d_name[0] != '.') {
            vec_add(loading->arena, out_names, arena_strdup(loading->arena, entry->d_name));
        }
    }
    if (errno != 0) {
        complain(loading, path, strerror(errno));
        return false;
    }
    if (out_names->count > 1) {
        qsort(out_names->items, out_names->count, sizeof(*out_names->items), name_compare);
    }
    return true;
}

static void read_folder(struct loading *loading, int fd, const char *path, enum load_layer layer,
                        int depth);

/* A link to a folder may hide documents; other links are no more than other files. */
static bool leads_to_folder(int fd, const char *name)
{
    struct stat status;
    return fstatat(fd, name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

static void read_entry(struct loading *loading, int fd, const char *name, const char *path,
                       enum load_layer layer, int depth)
{
    struct stat status;
    if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        complain(loading, path, strerror(errno));
    } else if (S_ISDIR(status.st_mode)) {
        struct error err = {0};
        AUTO_FD child = file_open_beneath(fd, name, O_RDONLY | O_DIRECTORY, 0, &err);
        if (child < 0) {
            complain_error(loading, path, name, &err);
        } else {
            read_folder(loading, child, path, layer, depth + 1);
        }
    } else if (S_ISLNK(status.st_mode) && (is_document_name(name) || leads_to_folder(fd, name))) {
        (void)diagnostic_add(loading->arena, loading->diagnostics, DIAGNOSTIC_LINK_NOT_FOLLOWED,
                             SPAN_NONE, path, NULL);
    } else if (is_document_name(name)) {
        read_file(loading, fd, name, path, layer);
    }
}

/* Overlays are read by their own names, after the base. */
static bool is_overlay_folder(const char *path)
{
    return strcmp(path, "environments") == 0 || strcmp(path, "hosts") == 0;
}

static void read_folder(struct loading *loading, int fd, const char *path, enum load_layer layer,
                        int depth)
{
    if (depth > LOAD_DEPTH_MOST) {
        (void)diagnostic_add(loading->arena, loading->diagnostics, DIAGNOSTIC_FOLDER_TOO_DEEP,
                             SPAN_NONE, path, "32", NULL);
        return;
    }
    struct name_list names = {0};
    if (!list_names(loading, fd, path[0] == '\0' ? loading->folder : path, &names)) {
        return;
    }
    for (size_t i = 0; i < names.count; i++) {
        const char *below = path[0] == '\0'
                                ? names.items[i]
                                : arena_printf(loading->arena, "%s/%s", path, names.items[i]);
        if (!is_overlay_folder(below)) {
            read_entry(loading, fd, names.items[i], below, layer, depth);
        }
    }
}

/* False when there is no such folder. */
static bool read_overlay(struct loading *loading, int root, const char *directory, const char *name,
                         enum load_layer layer)
{
    const char *path = arena_printf(loading->arena, "%s/%s", directory, name);
    struct error err = {0};
    if (name[0] == '.' || strchr(name, '/') != NULL) {
        return false; /* ".." would be the folder itself once more */
    }
    AUTO_FD fd = file_open_beneath(root, path, O_RDONLY | O_DIRECTORY, 0, &err);
    if (fd >= 0) {
        read_folder(loading, fd, path, layer, 1);
        return true;
    }
    if (err.number != ENOENT) {
        complain_error(loading, path, path, &err);
        return true;
    }
    return false;
}

static void read_root(struct loading *loading, int root)
{
    read_folder(loading, root, "", LOAD_BASE, 0);
    const char *environment = loading->loaded->environment;
    if (environment != NULL &&
        !read_overlay(loading, root, "environments", environment, LOAD_ENVIRONMENT)) {
        (void)diagnostic_add(loading->arena, loading->diagnostics, DIAGNOSTIC_UNKNOWN_ENVIRONMENT,
                             SPAN_NONE, environment, loading->folder, NULL);
    }
    if (loading->loaded->host != NULL) {
        (void)read_overlay(loading, root, "hosts", loading->loaded->host, LOAD_HOST);
    }
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

void load_directory(struct arena *arena, const char *folder, const char *environment,
                    const char *host, struct diagnostic_list *diagnostics,
                    struct loaded *out_loaded)
{
    *out_loaded = (struct loaded){.environment = environment, .host = host};
    struct loading loading = {
        .arena = arena, .folder = folder, .diagnostics = diagnostics, .loaded = out_loaded};
    size_t mistakes = diagnostics->count;
    struct stat status;
    AUTO_FD root = open(folder, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (root < 0 || fstat(root, &status) != 0) {
        complain(&loading, folder, strerror(errno));
        return;
    }
    if (S_ISDIR(status.st_mode)) {
        read_root(&loading, root);
    } else {
        read_file(&loading, AT_FDCWD, folder, last_part(folder), LOAD_BASE);
    }
    if (out_loaded->files.count == 0 && diagnostics->count == mistakes) {
        (void)diagnostic_add(arena, diagnostics, DIAGNOSTIC_FOLDER_EMPTY, SPAN_NONE, folder, NULL);
    }
}
