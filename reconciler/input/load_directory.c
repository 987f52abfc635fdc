/* A folder on disk, read by descriptors, without following links below it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "input/load_walk.h"

struct directory {
    int fd;
};

static bool fail_errno(struct error *err)
{
    int number = errno;
    (void)error_set(err, ERROR_SYSTEM, "%s", strerror(number)); /* returns false, as we do */
    err->number = number;
    return false;
}

/* The name is said by the diagnostic. */
static bool shorten(struct error *err, const char *name)
{
    size_t length = strlen(name);
    if (err->code == ERROR_SYSTEM && err->number != 0 && err->number != ELOOP) {
        errno = err->number;
        return fail_errno(err);
    }
    if (strncmp(err->message, name, length) == 0 && err->message[length] == ' ') {
        memmove(err->message, err->message + length + 1, strlen(err->message + length + 1) + 1);
    }
    return false;
}

static struct load_entry look(int fd, const char *name, struct arena *arena)
{
    struct load_entry entry = {.name = arena_strdup(arena, name), .type = LOAD_ENTRY_OTHER};
    struct stat status;
    if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        entry.complaint = name[0] == '.' ? NULL : arena_strdup(arena, strerror(errno));
    } else if (S_ISDIR(status.st_mode)) {
        entry.type = LOAD_ENTRY_FOLDER;
    } else if (S_ISLNK(status.st_mode)) {
        bool leads_to_folder = fstatat(fd, name, &status, 0) == 0 && S_ISDIR(status.st_mode);
        entry.type = leads_to_folder ? LOAD_ENTRY_FOLDER_LINK : LOAD_ENTRY_LINK;
    } else if (S_ISREG(status.st_mode)) {
        entry.type = LOAD_ENTRY_FILE;
    }
    return entry;
}

static bool list(void *folder, struct arena *arena, struct load_entries *out_entries,
                 struct error *err)
{
    const struct directory *directory = folder;
    AUTO_FD own = fcntl(directory->fd, F_DUPFD_CLOEXEC, 0);
    AUTO_DIRECTORY stream = own < 0 ? NULL : fdopendir(own);
    if (stream == NULL) {
        return fail_errno(err);
    }
    (void)take_fd(&own);
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL) {
            break;
        }
        if (entry->d_name[0] != '.') { /* hidden ones are passed over, so not even looked at */
            vec_add(arena, out_entries, look(directory->fd, entry->d_name, arena));
        }
    }
    return errno == 0 || fail_errno(err);
}

static void *enter(void *folder, const char *name, struct arena *arena, struct error *err)
{
    const struct directory *directory = folder;
    int fd = file_open_beneath(directory->fd, name, O_RDONLY | O_DIRECTORY, 0, err);
    if (fd < 0) {
        (void)shorten(err, name); /* returns false, as NULL does */
        return NULL;
    }
    struct directory *child = arena_new(arena, struct directory);
    child->fd = fd;
    return child;
}

static void leave(void *folder)
{
    struct directory *directory = folder;
    cleanup_fd(&directory->fd);
    directory->fd = -1;
}

static bool read_file(void *folder, const char *name, size_t limit, struct arena *arena,
                      struct str *out_content, struct error *err)
{
    const struct directory *directory = folder;
    return file_read(directory->fd, name, limit, arena, out_content, err) || shorten(err, name);
}

/* The folder, or that of the file, with one slash behind it and no "./" before it; "" for the
 * working directory. */
static const char *opened_prefix(struct arena *arena, const char *folder, bool is_file)
{
    const char *slash = strrchr(folder, '/');
    size_t length = strlen(folder);
    if (is_file) {
        length = slash == NULL ? 0 : (size_t)(slash - folder) + 1;
    }
    while (length >= 2 && folder[0] == '.' && folder[1] == '/') {
        size_t skipped = 1 + strspn(folder + 1, "/");
        skipped = skipped < length ? skipped : length;
        folder += skipped;
        length -= skipped;
    }
    bool is_root = length > 0 && folder[0] == '/';
    while (length > 0 && folder[length - 1] == '/') {
        length--;
    }
    if (length == 0 || (length == 1 && folder[0] == '.')) {
        return is_root ? "/" : "";
    }
    return arena_printf(arena, "%.*s/", (int)length, folder);
}

static const struct load_reader directory_reader = {
    .list = list, .enter = enter, .leave = leave, .read = read_file};

void load_directory(struct arena *arena, const char *folder, const char *environment,
                    const char *host, struct diagnostic_list *diagnostics,
                    struct loaded *out_loaded)
{
    *out_loaded = (struct loaded){.environment = environment, .host = host};
    struct loading loading = {.arena = arena,
                              .reader = &directory_reader,
                              .folder = folder,
                              .diagnostics = diagnostics,
                              .loaded = out_loaded};
    size_t before = diagnostics->count;
    struct stat status;
    AUTO_FD fd = open(folder, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) != 0) {
        load_complain(&loading, folder, arena_strdup(arena, strerror(errno)));
        return;
    }
    loading.opened = opened_prefix(arena, folder, !S_ISDIR(status.st_mode));
    struct directory root = {S_ISDIR(status.st_mode) ? fd : AT_FDCWD};
    if (S_ISDIR(status.st_mode)) {
        load_walk_folder(&loading, &root);
    } else {
        load_walk_file(&loading, &root, folder);
    }
    load_finish(&loading, before);
}
