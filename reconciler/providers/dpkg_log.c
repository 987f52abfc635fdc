/* Reads the end of /var/log/dpkg.log (dpkg(1), --log). dpkg works on one package at a time: what it
 * does is under way from the line of the action to the last status line before the next action.
 * Times in the log are local and in whole seconds, so that several packages may share one; which of
 * them is meant, the lists of their files tell. */

#include "providers/dpkg_log.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "base/vec.h"

enum {
    TAIL_SIZE = 512 * 1024,        /* some 5,000 lines: hundreds of packages */
    LIST_LIMIT = 64 * 1024 * 1024, /* of one package's files */
    TIME_LENGTH = 19,              /* "2026-11-27 02:25:45" */
    SECOND_US = 1000 * 1000,
    WORDS = 6,
    COMM_LENGTH = 15,     /* of a process's short name: proc_pid_comm(5) */
    SCRIPT_NAME_PART = 2, /* of it, ".p" must be in sight, or the name could be any program's */
};

struct action {
    const char *verb; /* as the log has it */
    const char *package;
    const char *architecture; /* NULL */
    const char *from_version; /* NULL */
    const char *version;      /* NULL */
    const char *start;
    const char *end;
    bool is_over; /* its last status is the one that ends it */
};
VEC(actions, struct action);

/* ---- The log --------------------------------------------------------------------------------- */

/* The verbs, what they are called here, and the states that end them. */
static const struct {
    const char *verb;
    const char *shown;
    const char *ends[3];
} verbs[] = {
    {"install", "install", {"unpacked", NULL, NULL}},
    {"upgrade", "upgrade", {"unpacked", NULL, NULL}},
    {"configure", "configure", {"installed", "triggers-pending", "triggers-awaited"}},
    {"trigproc", "trigger", {"installed", NULL, NULL}},
    {"remove", "remove", {"config-files", "not-installed", NULL}},
    {"purge", "purge", {"not-installed", NULL, NULL}},
    {"disappear", "remove", {"not-installed", NULL, NULL}},
};
enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static size_t find_verb(const char *word)
{
    size_t i = 0;
    while (i < VERBS && strcmp(verbs[i].verb, word) != 0) {
        i++;
    }
    return i;
}

static const char *version_of(const char *word)
{
    return strcmp(word, "<none>") == 0 ? NULL : word;
}

/* Names make paths of lists: nothing but what a package's name may hold. */
static bool is_package_name(const char *name)
{
    return isalnum((unsigned char)name[0]) &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789+-.")] == '\0';
}

/* "DATE TIME install PACKAGE:ARCHITECTURE FROM TO" */
static void add_action(struct arena *arena, const char *time, size_t verb, char *words[WORDS],
                       struct actions *list)
{
    struct action action = {
        .verb = verbs[verb].verb, .package = words[3], .start = time, .end = time};
    char *colon = strchr(words[3], ':');
    if (colon != NULL) {
        *colon = '\0';
        action.architecture = colon + 1;
    }
    bool is_unpacking = verb <= 1;
    action.from_version = is_unpacking ? version_of(words[4]) : NULL;
    action.version = version_of(words[is_unpacking ? 5 : 4]);
    if (is_package_name(action.package) &&
        (action.architecture == NULL || is_package_name(action.architecture))) {
        vec_add(arena, list, action);
    }
}

/* "DATE TIME status STATE PACKAGE:ARCHITECTURE VERSION"; those of other packages, whose triggers
 * became pending, end nothing. */
static void add_status(const char *time, const char *state, const char *package,
                       struct actions *list)
{
    struct action *action = list->count == 0 ? NULL : vec_last(list);
    size_t length = strcspn(package, ":");
    if (action == NULL || strncmp(action->package, package, length) != 0 ||
        action->package[length] != '\0') {
        return;
    }
    size_t verb = find_verb(action->verb);
    action->end = time;
    action->is_over = false;
    for (size_t i = 0; i < sizeof(verbs[verb].ends) / sizeof(verbs[verb].ends[0]); i++) {
        action->is_over = action->is_over || text_equal(verbs[verb].ends[i], state);
    }
}

static void read_line(struct arena *arena, char *line, struct actions *list)
{
    char *words[WORDS] = {NULL};
    size_t count = 0;
    const char *time = arena_strndup(arena, line, strnlen(line, TIME_LENGTH));
    for (char *word = strsep(&line, " "); word != NULL && count < WORDS;
         word = strsep(&line, " ")) {
        words[count++] = word;
    }
    if (strlen(time) != TIME_LENGTH || count < 5) {
        return; /* damage */
    }
    size_t verb = find_verb(words[2]);
    bool is_next = verb < VERBS && count == WORDS;
    if (list->count > 0 && (is_next || strcmp(words[2], "startup") == 0)) {
        vec_last(list)->is_over = true; /* also if it was broken off */
    }
    if (is_next) {
        add_action(arena, time, verb, words, list);
    } else if (strcmp(words[2], "status") == 0) {
        add_status(time, words[3], words[4], list);
    }
}

static bool read_tail(int log, off_t size, struct arena *arena, struct actions *out_list,
                      struct error *err)
{
    size_t wanted = size < TAIL_SIZE ? (size_t)size : TAIL_SIZE;
    char *text = arena_alloc(arena, wanted + 1);
    ssize_t length = pread(log, text, wanted, size - (off_t)wanted);
    if (length < 0) {
        return error_errno(err, "read /var/log/dpkg.log");
    }
    text[length] = '\0';
    if ((off_t)wanted < size) {
        text += strcspn(text, "\n"); /* half a line */
    }
    for (char *line = strsep(&text, "\n"); line != NULL; line = strsep(&text, "\n")) {
        read_line(arena, line, out_list);
    }
    return true;
}

/* ---- Time ------------------------------------------------------------------------------------ */

/* As the log writes it; NULL in the hour that comes twice when the clock is put back, where one
 * text stands for two times. */
static const char *local_time(struct arena *arena, time_t second)
{
    static const long steps[] = {-3600, -1800, 1800, 3600};
    struct tm now;
    if (localtime_r(&second, &now) == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct tm other;
        time_t then = second + steps[i];
        if (localtime_r(&then, &other) == NULL || other.tm_gmtoff == now.tm_gmtoff - steps[i]) {
            return NULL;
        }
    }
    return arena_printf(arena, "%04d-%02d-%02d %02d:%02d:%02d", now.tm_year + 1900, now.tm_mon + 1,
                        now.tm_mday, now.tm_hour, now.tm_min, now.tm_sec);
}

/* ---- Files of packages ----------------------------------------------------------------------- */

static const char *without_suffix(struct arena *arena, const char *path)
{
    static const char *const suffixes[] = {".dpkg-new", ".dpkg-tmp", ".dpkg-old", ".dpkg-dist"};
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (text_ends_with(path, suffixes[i])) {
            return arena_strndup(arena, path, strlen(path) - strlen(suffixes[i]));
        }
    }
    return path;
}

static bool has_line(struct str list, const char *line)
{
    size_t length = strlen(line);
    for (size_t place = 0; place < list.length;) {
        const char *start = list.data + place;
        const char *end = memchr(start, '\n', list.length - place);
        size_t found = end == NULL ? list.length - place : (size_t)(end - start);
        if (found == length && memcmp(start, line, length) == 0) {
            return true;
        }
        place += found + 1;
    }
    return false;
}

/* Lists may name a file where it was before /bin, /lib and /sbin became links into /usr. */
static bool list_has(struct str list, const char *path, struct arena *arena)
{
    static const char usr[] = "/usr";
    return has_line(list, path) ||
           (text_starts_with(path, "/usr/") && has_line(list, path + strlen(usr))) ||
           has_line(list, arena_printf(arena, "%s%s", usr, path));
}

static bool package_has(struct host *host, const struct action *action, const char *path,
                        struct arena *arena)
{
    const char *names[] = {
        arena_printf(arena, "var/lib/dpkg/info/%s:%s.list", action->package,
                     action->architecture == NULL ? "" : action->architecture),
        arena_printf(arena, "var/lib/dpkg/info/%s.list", action->package),
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct str list;
        if (file_read(host->root, names[i], LIST_LIMIT, arena, &list, NULL)) {
            return list_has(list, path, arena);
        }
    }
    return false; /* being installed, or purged by now */
}

/* ---- Causes ---------------------------------------------------------------------------------- */

static bool dpkg_runs(struct host *host)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    AUTO_FD fd = file_open_beneath(host->root, "var/lib/dpkg/lock", O_RDONLY | O_NONBLOCK, 0, NULL);
    return fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Unpacking and configuring are two actions of one installation: the first tells more. */
static const struct action *installation_of(const struct actions *list, const struct action *action)
{
    if (strcmp(action->verb, "configure") != 0) {
        return action;
    }
    for (const struct action *earlier = action; earlier-- > list->items;) {
        if (strcmp(earlier->package, action->package) == 0 &&
            text_equal(earlier->version, action->version) && find_verb(earlier->verb) <= 1) {
            return earlier;
        }
    }
    return action;
}

/* Whether the short name is that of a script of the package. dpkg starts them by their paths:
 * info/PACKAGE.postinst, and tmp.ci/preinst of a package that is being unpacked. */
static bool is_script_of(const char *name, const struct action *action, struct arena *arena)
{
    static const char *const scripts[] = {"preinst", "postinst", "prerm", "postrm"};
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        const char *whole = arena_printf(arena, "%s.%s", action->package, scripts[i]);
        bool is_told = strlen(action->package) + SCRIPT_NAME_PART <= COMM_LENGTH;
        if (text_equal(name, scripts[i]) ||
            (is_told &&
             text_equal(name, arena_strndup(arena, whole, strnlen(whole, COMM_LENGTH))))) {
            return true;
        }
    }
    return false;
}

/* What a change has to fit besides its time: one of these, or neither. */
struct evidence {
    const char *path;   /* the package's list has it */
    const char *script; /* the short name of one of its scripts */
};

static bool fits(struct host *host, const struct action *action, const struct evidence *evidence,
                 struct arena *arena)
{
    return (evidence->path == NULL || package_has(host, action, evidence->path, arena)) &&
           (evidence->script == NULL || is_script_of(evidence->script, action, arena));
}

/* The only one of these that fits; NULL when none does, or several packages. */
static const struct action *only_one(struct host *host, const struct actions *list,
                                     const char *second, struct evidence evidence, bool is_running,
                                     struct arena *arena)
{
    const struct action *found = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const struct action *action = &list->items[i];
        bool goes_on = !action->is_over && is_running;
        if (strcmp(second, action->start) < 0 || (strcmp(second, action->end) > 0 && !goes_on) ||
            !fits(host, action, &evidence, arena)) {
            continue;
        }
        if (found != NULL && strcmp(found->package, action->package) != 0) {
            return NULL;
        }
        found = action;
    }
    return found;
}

static const struct package_action *show(struct arena *arena, const struct action *action)
{
    bool is_gone = strcmp(verbs[find_verb(action->verb)].shown, "remove") == 0 ||
                   strcmp(action->verb, "purge") == 0;
    struct package_action *shown = arena_new(arena, struct package_action);
    *shown = (struct package_action){
        .verb = verbs[find_verb(action->verb)].shown,
        .package = action->package,
        .version = is_gone ? NULL : action->version,
        .from_version = is_gone ? action->version : action->from_version,
    };
    return shown;
}

bool dpkg_log_find(struct host *host, int64_t at_us, const char *path,
                   const struct file_writer *writer, struct arena *arena,
                   const struct package_action **out_action, struct error *err)
{
    struct stat status;
    struct actions list = {0};
    time_t second = (time_t)(at_us / SECOND_US);
    bool is_dpkg = writer != NULL && file_writer_comes_from(writer, "dpkg");
    bool is_cut_short = writer != NULL && writer->is_partial && writer->ancestor_count == 0;
    *out_action = NULL;
    if (writer != NULL && writer->is_known && !is_dpkg && !is_cut_short) {
        return true; /* somebody else, at the same time */
    }
    AUTO_FD log = file_open_beneath(host->root, "var/log/dpkg.log", O_RDONLY | O_NONBLOCK, 0, NULL);
    if (log < 0) {
        return true;
    }
    if (fstat(log, &status) != 0) {
        return error_errno(err, "read /var/log/dpkg.log");
    }
    bool is_running = dpkg_runs(host);
    const char *text = local_time(arena, second);
    if (text == NULL || !S_ISREG(status.st_mode) ||
        (status.st_mtim.tv_sec < second && !is_running)) {
        return true;
    }
    if (!read_tail(log, status.st_size, arena, &list, err)) {
        return false;
    }
    const struct action *found =
        only_one(host, &list, text, (struct evidence){.path = without_suffix(arena, path)},
                 is_running, arena);
    if (found == NULL && is_dpkg) {
        found = only_one(host, &list, text, (struct evidence){0}, is_running, arena);
    }
    if (found == NULL && is_cut_short && writer->program != NULL) {
        found = only_one(host, &list, text, (struct evidence){.script = writer->program},
                         is_running, arena);
    }
    if (found != NULL) {
        *out_action = show(arena, installation_of(&list, found));
    }
    return true;
}
