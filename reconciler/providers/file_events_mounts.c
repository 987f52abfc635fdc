/* /proc/self/mountinfo, proc(5): one line for each mount, the identity first and the mount point
 * fifth. Whoever polls it is told of a change once, so it is opened twice: one is waited for, the
 * other is asked. Machines that run containers mount often, and rarely over anything that is
 * watched: only a sum over the mounts on the way to watched directories is compared. */

#include "providers/file_events_mounts.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { POINT_FIELD = 4, LINK_SIZE = 32, OCTAL = 8, OCTAL_DIGITS = 3 };

struct mounts {
    int waiting;
    int asking;
    uint64_t sum; /* of the mounts on the way to what is watched */
    bool is_known;
    char root[PATH_MAX]; /* "" for "/" */
    size_t root_length;
};

static bool read_root(int root, char out_path[PATH_MAX])
{
    char link[LINK_SIZE];
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", root);
    ssize_t length = readlink(link, out_path, PATH_MAX);
    if (length <= 0 || length == PATH_MAX) {
        return false;
    }
    out_path[length] = '\0';
    if (strcmp(out_path, "/") == 0) {
        out_path[0] = '\0';
    }
    return true;
}

/* Spaces and line ends stand as "\040". */
static void unescape(char *text)
{
    char *end = text;
    for (const char *place = text; *place != '\0';) {
        if (place[0] == '\\' && strspn(place + 1, "01234567") >= OCTAL_DIGITS) {
            char digits[OCTAL_DIGITS + 1] = {place[1], place[2], place[3], '\0'};
            *end++ = (char)strtoul(digits, NULL, OCTAL);
            place += OCTAL_DIGITS + 1;
        } else {
            *end++ = *place++;
        }
    }
    *end = '\0';
}

/* FNV-1a, 64 bits. */
static uint64_t sum_add(uint64_t sum, const char *text)
{
    for (const char *place = text;; place++) {
        sum = (sum ^ (unsigned char)*place) * 1099511628211ULL;
        if (*place == '\0') {
            return sum;
        }
    }
}

/* The mount point as our paths begin, or NULL when it is not below the root. */
static char *below_root(const struct mounts *mounts, char *point)
{
    if (strncmp(point, mounts->root, mounts->root_length) != 0) {
        return NULL;
    }
    point += mounts->root_length;
    return *point == '/' ? point : NULL;
}

static uint64_t sum_of(const struct mounts *mounts, bool (*has_path)(void *context, char *path),
                       void *context)
{
    AUTO_FILE file = fopen("/proc/self/mountinfo", "re");
    CLEANUP(cleanup_free) char *line = NULL;
    size_t size = 0;
    uint64_t sum = 14695981039346656037ULL;
    while (file != NULL && getline(&line, &size, file) > 0) {
        char *rest = line;
        const char *identity = strsep(&rest, " ");
        char *point = NULL;
        for (int field = 1; field <= POINT_FIELD; field++) {
            point = strsep(&rest, " ");
        }
        if (point == NULL) {
            continue;
        }
        unescape(point);
        point = below_root(mounts, point);
        if (point != NULL && has_path(context, point)) {
            sum = sum_add(sum_add(sum, identity), point);
        }
    }
    return sum;
}

void mounts_forget(struct mounts *mounts)
{
    mounts->is_known = false;
}

bool mounts_changed(struct mounts *mounts, bool (*has_path)(void *context, char *path),
                    void *context)
{
    struct pollfd question = {.fd = mounts->asking, .events = POLLPRI};
    if (poll(&question, 1, 0) <= 0 || (question.revents & (POLLPRI | POLLERR)) == 0) {
        return false;
    }
    uint64_t sum = sum_of(mounts, has_path, context);
    bool is_same = mounts->is_known && sum == mounts->sum;
    mounts->sum = sum;
    mounts->is_known = true;
    return !is_same;
}

struct mounts *mounts_open(int root)
{
    struct mounts *mounts = calloc(1, sizeof(*mounts));
    if (mounts == NULL) {
        return NULL;
    }
    mounts->waiting = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    mounts->asking = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    if (mounts->waiting < 0 || mounts->asking < 0 || !read_root(root, mounts->root)) {
        mounts_close(mounts);
        return NULL;
    }
    mounts->root_length = strlen(mounts->root);
    return mounts;
}

void mounts_close(struct mounts *mounts)
{
    if (mounts != NULL) {
        cleanup_fd(&mounts->waiting);
        cleanup_fd(&mounts->asking);
    }
    free(mounts);
}

int mounts_fd(const struct mounts *mounts)
{
    return mounts->waiting;
}
