/* Opens the directories that hold managed paths. Somebody who may rename things on the way can make
 * an opening fail, but cannot lead it elsewhere: every step is taken by the kernel below the root
 * and without links, and what is done afterwards is done by descriptor. */

#include "providers/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

struct places places_make(struct host *host, struct arena *arena)
{
    struct places places = {.host = host, .arena = arena};
    for (size_t i = 0; i < PLACES_KEPT; i++) {
        places.kept[i].descriptor = -1;
    }
    return places;
}

void places_close(struct places *places)
{
    for (size_t i = 0; i < PLACES_KEPT; i++) {
        cleanup_fd(&places->kept[i].descriptor);
        places->kept[i].descriptor = -1;
    }
}

/* A text with ".." may mean another place than the one that a person reads in it. */
static bool is_plain(const char *path)
{
    if (path[0] != '/') {
        return false;
    }
    for (const char *part = path; *part != '\0';) {
        part++; /* the slash */
        size_t length = strcspn(part, "/");
        if (length == 0 || (length == 1 && part[0] == '.') ||
            (length == 2 && part[0] == '.' && part[1] == '.')) {
            return false;
        }
        part += length;
    }
    return true;
}

/* The first bytes of a path below the root; none of them: the root itself. */
static int open_directory(struct places *places, const char *path, size_t length, struct error *err)
{
    const char *relative = length == 0 ? "." : arena_strndup(places->arena, path, length);
    return file_open_beneath(places->host->root, relative, O_PATH | O_DIRECTORY, 0, err);
}

/* The one that is open already, or else the one whose place the next shall take. */
static struct kept_directory *find_kept(struct places *places, const char *path, size_t length)
{
    struct kept_directory *oldest = &places->kept[0];
    for (size_t i = 0; i < PLACES_KEPT; i++) {
        struct kept_directory *kept = &places->kept[i];
        if (kept->descriptor >= 0 && kept->length == length &&
            memcmp(kept->path, path, length) == 0) {
            return kept;
        }
        if (kept->used < oldest->used) {
            oldest = kept;
        }
    }
    cleanup_fd(&oldest->descriptor);
    *oldest = (struct kept_directory){.descriptor = -1};
    return oldest;
}

/* Bytes of path, which is relative to the root, before its last name and the slash in front. */
static size_t parent_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path);
}

static bool is_name(const char *text)
{
    return text[0] != '\0' && strchr(text, '/') == NULL && strcmp(text, ".") != 0 &&
           strcmp(text, "..") != 0;
}

/* True for a path in the same directory as the one before, as most are in a sorted list. */
static bool is_beside(const struct kept_directory *last, const char *path)
{
    return last->descriptor >= 0 && last->length > 0 && path[0] == '/' &&
           strncmp(path + 1, last->path, last->length) == 0 && path[last->length + 1] == '/' &&
           is_name(path + last->length + 2);
}

bool place_open(struct places *places, const char *path, struct place *out_place, struct error *err)
{
    const struct kept_directory *last = &places->kept[places->last];
    if (is_beside(last, path)) {
        *out_place = (struct place){last->descriptor, path + last->length + 2};
        return true;
    }
    if (!is_plain(path)) {
        return error_set(err, ERROR_FORMAT, "%s is not an absolute path without \"..\"", path);
    }
    const char *relative = host_path(path);
    size_t length = parent_length(relative);
    struct kept_directory *kept = find_kept(places, relative, length);
    if (kept->descriptor < 0) {
        kept->descriptor = open_directory(places, relative, length, err);
        if (kept->descriptor < 0) {
            return false;
        }
        kept->path = relative;
        kept->length = length;
    }
    kept->used = ++places->clock;
    places->last = (size_t)(kept - places->kept);
    *out_place = (struct place){kept->descriptor, relative + (length == 0 ? 0 : length + 1)};
    return true;
}

bool place_make_parents(struct places *places, const char *path, struct error *err)
{
    if (!is_plain(path)) {
        return error_set(err, ERROR_FORMAT, "%s is not an absolute path without \"..\"", path);
    }
    struct error reason = {0};
    const char *relative = host_path(path);
    const char *wanted = arena_strndup(places->arena, relative, parent_length(relative));
    size_t length = strlen(wanted);
    AUTO_FD above = open_directory(places, wanted, length, &reason);
    while (above < 0 && reason.number == ENOENT && length > 0) {
        const char *slash = memrchr(wanted, '/', length);
        length = slash == NULL ? 0 : (size_t)(slash - wanted);
        above = open_directory(places, wanted, length, &reason);
    }
    if (above < 0) {
        return error_copy(err, &reason);
    }
    const struct place place = {above, wanted};
    return length == strlen(wanted) ||
           (place_is_ours(&place, path, err) &&
            file_make_directories(places->host->root, wanted, 0755, err));
}

bool place_is_ours(const struct place *place, const char *path, struct error *err)
{
    struct stat status;
    if (geteuid() != 0) {
        return true;
    }
    if (fstat(place->directory, &status) != 0) {
        return error_errno(err, "stat the directory of %s", path);
    }
    return status.st_uid == 0 ||
           error_set(err, ERROR_REFUSED,
                     "%s is in a directory that belongs to user %u: root changes nothing there",
                     path, status.st_uid);
}

static const char *describe_link(const struct place *place, struct arena *arena)
{
    char *target = arena_alloc(arena, PATH_MAX); /* ended by the arena's zeros */
    if (readlinkat(place->directory, place->name, target, PATH_MAX - 1) < 0) {
        return "a symbolic link";
    }
    return arena_printf(arena, "a symbolic link to %s", target);
}

const char *place_describe(const struct place *place, mode_t mode, struct arena *arena)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return N_("a file");
    case S_IFDIR:
        return N_("a directory");
    case S_IFLNK:
        return describe_link(place, arena);
    case S_IFIFO:
        return N_("a pipe");
    case S_IFSOCK:
        return N_("a socket");
    case S_IFCHR:
    case S_IFBLK:
        return N_("a device");
    default:
        return N_("something else");
    }
}
