/* Opens and finds files by the rules of nginx: includes are patterns, and links lead anywhere below
 * the root. */

#include "providers/nginx_files.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

int nginx_file_open(struct host *host, const char *path, int flags, struct error *err)
{
    struct open_how how = {
        .flags = (unsigned)flags | O_CLOEXEC,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    long fd = -1;
    do {
        fd = syscall(SYS_openat2, host->root, path, &how, sizeof(how));
    } while (fd < 0 && (errno == EINTR || errno == EAGAIN)); /* EAGAIN: a rename on the way */
    if (fd < 0) {
        (void)error_errno(err, "open %s", path); /* returns false, as documented */
    }
    return (int)fd;
}

bool nginx_file_read(struct host *host, const char *path, size_t limit, struct arena *arena,
                     struct str *out_content, struct error *err)
{
    AUTO_FD fd = nginx_file_open(host, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, err);
    return fd >= 0 && file_read_fd(fd, path, limit, arena, out_content, err);
}

bool nginx_file_exists(struct host *host, const char *path)
{
    AUTO_FD fd = nginx_file_open(host, path, O_PATH, NULL);
    return fd >= 0;
}

static bool is_pattern(const char *text)
{
    return strpbrk(text, "*?[") != NULL;
}

static void match_below(struct host *host, const char *directory, const char *rest,
                        struct arena *arena, struct nginx_paths *paths);

/* Names in a folder that fit one part of the pattern. */
static void match_names(struct host *host, const char *directory, const char *part,
                        const char *rest, struct arena *arena, struct nginx_paths *paths)
{
    const char *shown = directory[0] == '\0' ? "/" : directory;
    int fd = nginx_file_open(host, shown, O_RDONLY | O_DIRECTORY, NULL);
    AUTO_DIRECTORY entries = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry = NULL;
    if (entries == NULL) {
        cleanup_fd(&fd);
        return;
    }
    while ((entry = readdir(entries)) != NULL) {
        if (fnmatch(part, entry->d_name, FNM_PERIOD) == 0) {
            const char *path = arena_printf(arena, "%s/%s", directory, entry->d_name);
            match_below(host, path, rest, arena, paths);
        }
    }
}

/* directory is matched already; rest begins with a slash, or is empty. */
static void match_below(struct host *host, const char *directory, const char *rest,
                        struct arena *arena, struct nginx_paths *paths)
{
    while (rest[0] == '/') {
        rest++;
    }
    if (rest[0] == '\0') {
        if (nginx_file_exists(host, directory)) {
            vec_add(arena, paths, directory);
        }
        return;
    }
    size_t length = strcspn(rest, "/");
    const char *part = arena_strndup(arena, rest, length);
    if (is_pattern(part)) {
        match_names(host, directory, part, rest + length, arena, paths);
    } else {
        match_below(host, arena_printf(arena, "%s/%s", directory, part), rest + length, arena,
                    paths);
    }
}

static int path_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void nginx_file_match(struct host *host, const char *pattern, struct arena *arena,
                      struct nginx_paths *out_paths)
{
    *out_paths = (struct nginx_paths){0};
    if (!is_pattern(pattern)) {
        vec_add(arena, out_paths, pattern);
        return;
    }
    match_below(host, "", pattern, arena, out_paths);
    if (out_paths->count > 1) {
        qsort(out_paths->items, out_paths->count, sizeof(*out_paths->items), path_compare);
    }
}
