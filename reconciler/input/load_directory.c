/* A folder on disk, read by descriptors, without following links below it. It may be changed while
 * it is read: by an editor, by a pull, by rm -r. What was read then is of no moment at all, and
 * what is missing in it looks removed; so it is read again until it stood still. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "input/load_walk.h"

enum { ATTEMPTS = 10 };

/* Longer than the 10 ms tick of the clock that files have their times from, and than a busy writer
 * is kept waiting for a processor; short beside all that follows. */
static const int64_t QUIET_NS = 25 * 1000 * 1000;

/* One reading of the whole folder. */
struct reading {
    bool only_looks;  /* files are not read */
    struct text seen; /* files as stat shows them, in the order of the walk */
    int64_t begun_ns;
    int64_t newest_ns; /* of the changes that were seen */
    size_t empty_files;
    bool is_unsteady; /* something changed meanwhile, or so shortly before that it may go on */
    bool is_doubtful; /* times that tell nothing */
};

struct directory {
    int fd;
    struct reading *reading;
    struct file_fingerprint entered;
};

/* ---- Standing still ------------------------------------------------------------------------- */

/* The exact clock: some file systems are ahead of the coarse one. */
static int64_t now_ns(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A time that is still to come is another machine's, and tells nothing. */
static void notice(struct reading *reading, const struct file_fingerprint *seen)
{
    if (seen->ctime_ns <= reading->begun_ns - QUIET_NS) {
        return;
    }
    if (seen->ctime_ns > now_ns()) {
        reading->is_doubtful = true;
    } else {
        reading->is_unsteady = true;
        reading->newest_ns =
            seen->ctime_ns > reading->newest_ns ? seen->ctime_ns : reading->newest_ns;
    }
}

/* Until the next reading would find it quiet, if nothing else happens. */
static void wait_for_quiet(const struct reading *reading)
{
    int64_t left = reading->newest_ns + QUIET_NS - now_ns();
    const struct timespec pause = {.tv_nsec = left > 0 && left < QUIET_NS ? left : QUIET_NS};
    (void)nanosleep(&pause, NULL); /* a shorter pause is an attempt too */
}

/* Each name ends in a NUL; what follows it has always the same length. */
static void keep_name(struct reading *reading, const char *before, const char *name)
{
    text_add(&reading->seen, before);
    text_add_str(&reading->seen, (struct str){name, strlen(name) + 1});
}

static void keep_file(struct reading *reading, const char *name,
                      const struct file_fingerprint *seen)
{
    const struct file_mark mark = file_fingerprint_mark(seen);
    keep_name(reading, "", name);
    text_add_str(&reading->seen, (struct str){(const char *)&mark, sizeof(mark)});
}

static struct directory directory_enter(int fd, struct reading *reading)
{
    struct stat status = {0};
    (void)fstat(fd, &status); /* of an open descriptor; if ever, it differs at the end */
    return (struct directory){fd, reading, file_fingerprint_of(&status)};
}

static void directory_leave(const struct directory *directory)
{
    struct stat status;
    if (fstat(directory->fd, &status) != 0 || status.st_nlink == 0) {
        directory->reading->is_unsteady = true;
        return;
    }
    struct file_fingerprint left = file_fingerprint_of(&status);
    notice(directory->reading, &left);
    if (!file_fingerprint_equal(&directory->entered, &left)) {
        directory->reading->is_unsteady = true;
    }
}

/* ---- The reader ----------------------------------------------------------------------------- */

/* The system's words alone. */
static const struct message *errno_message(struct arena *arena)
{
    const char *description = strerrordesc_np(errno);
    return message_word(arena, description == NULL ? "?" : description);
}

static bool fail_errno(struct error *err)
{
    int number = errno;
    const char *description = strerrordesc_np(number);
    (void)error_set_word(err, ERROR_SYSTEM, description == NULL ? "?" : description);
    err->number = number;
    return false; /* as error_set */
}

/* The name is said by the diagnostic. */
static bool shorten(struct error *err)
{
    if (err->code == ERROR_SYSTEM && err->number != 0 && err->number != ELOOP) {
        errno = err->number;
        return fail_errno(err);
    }
    if (text_ends_with(err->message, " is not a regular file")) {
        return error_set_word(err, err->code, N_("it is not a regular file"));
    }
    return false;
}

static struct load_entry look(int fd, const char *name, struct arena *arena)
{
    struct load_entry entry = {.name = arena_strdup(arena, name), .type = LOAD_ENTRY_OTHER};
    struct stat status;
    if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        entry.complaint = name[0] == '.' ? NULL : errno_message(arena);
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
        (void)shorten(err); /* returns false, as NULL does */
        return NULL;
    }
    struct directory *child = arena_new(arena, struct directory);
    *child = directory_enter(fd, directory->reading);
    keep_name(directory->reading, "/", name);
    return child;
}

static void leave(void *folder)
{
    struct directory *directory = folder;
    directory_leave(directory);
    keep_name(directory->reading, "/", "..");
    cleanup_fd(&directory->fd);
    directory->fd = -1;
}

static bool read_file(void *folder, const char *name, size_t limit, struct arena *arena,
                      struct str *out_content, struct error *err)
{
    const struct directory *directory = folder;
    *out_content = STR("");
    if (!directory->reading->only_looks &&
        !file_read(directory->fd, name, limit, arena, out_content, err)) {
        return shorten(err);
    }
    /* Emptied and not yet written again, it would be read without an error. */
    struct stat status;
    if (fstatat(directory->fd, name, &status, 0) != 0) {
        directory->reading->is_unsteady = true;
        return true;
    }
    struct file_fingerprint seen = file_fingerprint_of(&status);
    directory->reading->empty_files += status.st_size == 0;
    notice(directory->reading, &seen);
    keep_file(directory->reading, name, &seen);
    return true;
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

static void read_once(struct loading *loading, struct reading *reading)
{
    struct stat status;
    AUTO_FD fd = open(loading->folder, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) != 0) {
        load_complain(loading, loading->folder, errno_message(loading->arena));
        return;
    }
    bool is_folder = S_ISDIR(status.st_mode);
    loading->opened = opened_prefix(loading->arena, loading->folder, !is_folder);
    if (is_folder) {
        struct directory root = directory_enter(fd, reading);
        load_walk_folder(loading, &root);
        directory_leave(&root);
    } else {
        struct directory working = {.fd = AT_FDCWD, .reading = reading};
        load_walk_file(loading, &working, loading->folder);
    }
}

void load_directory(struct arena *arena, const char *folder, const char *environment,
                    const char *host, struct diagnostic_list *diagnostics,
                    struct loaded *out_loaded)
{
    size_t before = diagnostics->count;
    size_t empty_files = 0;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        *out_loaded = (struct loaded){.environment = environment, .host = host};
        struct loading loading = {.arena = arena,
                                  .reader = &directory_reader,
                                  .folder = folder,
                                  .diagnostics = diagnostics,
                                  .loaded = out_loaded};
        struct reading reading = {.begun_ns = now_ns(), .seen = text_make(arena)};
        diagnostics->count = before; /* what an earlier attempt complained of may be over */
        read_once(&loading, &reading);
        /* While a file is being emptied it has no content and still its former times (ext4). */
        bool is_empty_still = reading.empty_files == empty_files;
        empty_files = reading.is_unsteady ? 0 : reading.empty_files;
        if (!reading.is_unsteady && is_empty_still) {
            load_finish(&loading, before);
            out_loaded->seen = reading.is_doubtful ? STR("") : text_str(&reading.seen);
            return;
        }
        wait_for_quiet(&reading);
    }
    diagnostics->count = before;
    diagnostic_add(arena, diagnostics, DIAGNOSTIC_FILE_UNREADABLE, SPAN_NONE, folder, NULL)->why =
        message_word(arena, N_("it is being changed all the time"));
}

struct str load_look(struct arena *arena, const char *folder, const char *environment,
                     const char *host)
{
    struct loaded loaded = {.environment = environment, .host = host};
    struct diagnostic_list mistakes = {0};
    struct loading loading = {.arena = arena,
                              .reader = &directory_reader,
                              .folder = folder,
                              .diagnostics = &mistakes,
                              .loaded = &loaded};
    struct reading reading = {.only_looks = true, .seen = text_make(arena)};
    read_once(&loading, &reading);
    return mistakes.count == 0 ? text_str(&reading.seen) : STR("");
}
