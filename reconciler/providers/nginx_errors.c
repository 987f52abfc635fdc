/* A master that cannot load what it is told to says so in its error log and nowhere else: a parse
 * error in the log that it has open, a busy port in the one of the new configuration. */

#include "providers/nginx_errors.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "providers/nginx_config.h"

enum { PART_SIZE = 64 * 1024 };

/* Opened now, or when it is there: then it is new, and all of it counts. */
static void log_open(struct nginx_error_log *log)
{
    if (log->fd < 0) {
        log->fd = open(log->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    }
    struct stat status;
    if (log->fd >= 0 && (fstat(log->fd, &status) != 0 || !S_ISREG(status.st_mode))) {
        cleanup_fd(&log->fd); /* a pipe or a terminal cannot be read by us */
        log->fd = -1;
    }
}

static bool is_same_file(int a, int b)
{
    struct stat first;
    struct stat second;
    return a >= 0 && b >= 0 && fstat(a, &first) == 0 && fstat(b, &second) == 0 &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static void log_add(struct nginx_errors *errors, const char *path)
{
    struct stat status;
    struct nginx_error_log log = {.path = path, .fd = -1};
    log_open(&log);
    for (size_t i = 0; i < errors->logs.count; i++) {
        const struct nginx_error_log *other = &errors->logs.items[i];
        if (strcmp(other->path, path) == 0 || is_same_file(other->fd, log.fd)) {
            cleanup_fd(&log.fd);
            return;
        }
    }
    if (log.fd >= 0 && fstat(log.fd, &status) == 0) {
        log.offset = status.st_size;
    }
    vec_add(errors->arena, &errors->logs, log);
}

/* nginx turns its standard error into its error log. */
static void log_add_open(struct nginx_errors *errors, pid_t master)
{
    if (master > 0) {
        log_add(errors, arena_printf(errors->arena, "/proc/%d/fd/2", (int)master));
    }
}

void nginx_errors_open_own(struct nginx_errors *errors, struct host *host, pid_t master,
                           struct arena *arena)
{
    *errors = (struct nginx_errors){.arena = arena};
    log_add_open(errors, master);
    log_add(errors, arena_printf(arena, "%s/error.log", host->layout->nginx_log));
}

void nginx_errors_open(struct nginx_errors *errors, struct host *host, pid_t master,
                       struct arena *arena)
{
    struct nginx_config config;
    *errors = (struct nginx_errors){.arena = arena};
    log_add_open(errors, master);
    nginx_config_read(host, arena, &config);
    for (size_t i = 0; i < config.references.count; i++) {
        const struct nginx_reference *reference = &config.references.items[i];
        if (reference->type == NGINX_LOG && strcmp(reference->directive, "error_log") == 0 &&
            strcmp(reference->level, "main") == 0) {
            log_add(errors, reference->text);
        }
    }
    log_add(errors, arena_printf(arena, "%s/error.log", host->layout->nginx_log));
}

void nginx_errors_close(struct nginx_errors *errors)
{
    for (size_t i = 0; i < errors->logs.count; i++) {
        cleanup_fd(&errors->logs.items[i].fd);
        errors->logs.items[i].fd = -1;
    }
}

/* Lines that are complete, from the offset on; NULL when there is nothing new. */
static const char *log_read(struct nginx_error_log *log, struct arena *arena)
{
    struct stat status;
    log_open(log);
    if (log->fd < 0 || fstat(log->fd, &status) != 0 || status.st_size <= log->offset) {
        return NULL;
    }
    char *part = arena_alloc(arena, PART_SIZE + 1);
    ssize_t length = pread(log->fd, part, PART_SIZE, log->offset);
    part[length > 0 ? length : 0] = '\0';
    char *end = strrchr(part, '\n');
    if (end == NULL) {
        log->offset += length == PART_SIZE ? PART_SIZE : 0; /* no line of nginx is as long */
        return NULL;
    }
    end[1] = '\0';
    return part;
}

/* The message in the first line that the master wrote at this level; moves behind that line. */
static const char *log_next(struct nginx_errors *errors, struct nginx_error_log *log, pid_t master)
{
    AUTO_ARENA scratch = arena_create();
    const char *mark = arena_printf(scratch, "[emerg] %d#", (int)master);
    const char *text = log_read(log, scratch);
    if (text == NULL) {
        return NULL;
    }
    const char *found = strstr(text, mark);
    const char *end = found == NULL ? NULL : strchr(found, '\n');
    if (end == NULL) {
        log->offset += (off_t)strlen(text);
        return NULL;
    }
    log->offset += end + 1 - text;
    const char *colon = strstr(found, ": ");
    const char *message = colon == NULL || colon > end ? found : colon + strlen(": ");
    return arena_strndup(errors->arena, message, (size_t)(end - message));
}

const char *nginx_errors_next(struct nginx_errors *errors, pid_t master)
{
    const char *message = NULL;
    for (size_t i = 0; message == NULL && i < errors->logs.count; i++) {
        message = log_next(errors, &errors->logs.items[i], master);
    }
    return message;
}

static bool has_all(struct str line, const char *const *marks)
{
    for (size_t i = 0; marks[i] != NULL; i++) {
        if (memmem(line.data, line.length, marks[i], strlen(marks[i])) == NULL) {
            return false;
        }
    }
    return true;
}

static size_t log_collect(struct nginx_error_log *log, const char *const *marks, size_t most,
                          struct text *out)
{
    AUTO_ARENA scratch = arena_create();
    const char *at = log_read(log, scratch);
    size_t count = 0;
    for (const char *end = NULL; at != NULL && *at != '\0'; at = end) {
        end = strchr(at, '\n') + 1; /* the part ends in one */
        struct str line = {at, (size_t)(end - at)};
        log->offset += (off_t)line.length;
        if (count < most && has_all(line, marks)) {
            text_add_str(out, line);
            count++;
        }
    }
    return count;
}

void nginx_errors_collect(struct nginx_errors *errors, const char *const *marks, size_t most,
                          struct text *out)
{
    size_t count = 0;
    for (size_t i = 0; i < errors->logs.count; i++) {
        count += log_collect(&errors->logs.items[i], marks, most - count, out);
    }
}
