/* Looks at the files that a unit reads when it starts, quickly by their times or exactly by their
 * content, to tell whether a running unit still has what is on disk. */
#include "providers/unit_inputs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "providers/fingerprints.h"

enum {
    CONTENT_LIMIT = 1024 * 1024, /* a program or an archive is not read again and again */
    NS_PER_US = 1000,
    LONG_AGO = 1, /* seconds since the epoch: due at every run */
};

/* An input is a file, or a link or folder that stands for a release. */
struct input {
    const char *path;
    bool exists;
    bool is_regular;
    struct file_fingerprint here;  /* of the path itself */
    struct file_fingerprint there; /* of what it leads to, when it is a link */
};

static struct input input_look(const struct host *host, const char *path)
{
    struct input input = {.path = path};
    struct stat status;
    if (fstatat(host->root, host_path(path), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return input;
    }
    input.exists = true;
    input.is_regular = S_ISREG(status.st_mode);
    input.here = file_fingerprint_of(&status);
    input.there = input.here;
    if (S_ISLNK(status.st_mode) && fstatat(host->root, host_path(path), &status, 0) == 0) {
        input.there = file_fingerprint_of(&status);
    }
    return input;
}

static int64_t input_changed_us(const struct input *input)
{
    int64_t changed_ns =
        input->here.ctime_ns > input->there.ctime_ns ? input->here.ctime_ns : input->there.ctime_ns;
    return changed_ns / NS_PER_US;
}

static void add_fingerprint(struct digest *digest, const struct file_fingerprint *seen)
{
    const uint64_t numbers[] = {seen->device,
                                seen->inode,
                                (uint64_t)seen->size,
                                (uint64_t)seen->mtime_ns,
                                (uint64_t)seen->ctime_ns,
                                seen->mode,
                                seen->user,
                                seen->group};
    digest_add(digest, (struct str){(const char *)numbers, sizeof(numbers)});
}

static void add_fingerprints(struct digest *digest, const struct input *input)
{
    digest_add(digest, str_of(input->path));
    add_fingerprint(digest, &input->here); /* zeros: it does not exist */
    add_fingerprint(digest, &input->there);
}

static bool is_below(const char *path, const char *folder)
{
    return folder != NULL && text_starts_with(path, folder) && path[strlen(folder)] == '/';
}

static void add_content(struct digest *digest, const struct host *host, const struct input *input,
                        struct arena *arena)
{
    struct str content;
    if (input->is_regular && !is_below(input->path, host->layout->secrets) &&
        file_read(host->root, host_path(input->path), CONTENT_LIMIT, arena, &content, NULL)) {
        digest_add(digest, str_of(input->path));
        digest_add(digest, content);
    } else {
        add_fingerprints(digest, input);
    }
}

static const char *input_at(const struct unit_item *unit, size_t index)
{
    if (index == 0) {
        return unit->file;
    }
    return unit->restart_for == NULL ? NULL : unit->restart_for[index - 1];
}

/* Puts an input where it belongs; of equal times the later one is the newer. */
static void insert(const char **names, int64_t *times, size_t count, const struct input *input)
{
    int64_t changed_us = input_changed_us(input);
    size_t at = count;
    for (; at > 0 && times[at - 1] <= changed_us; at--) {
        names[at] = names[at - 1];
        times[at] = times[at - 1];
    }
    names[at] = input->path;
    times[at] = changed_us;
}

struct unit_inputs unit_inputs_look(const struct host *host, const struct unit_item *unit,
                                    struct arena *arena)
{
    struct unit_inputs inputs = {0};
    struct digest *digest = digest_begin();
    size_t most = 0;
    size_t count = 0;
    while (input_at(unit, most) != NULL) {
        most++;
    }
    const char **names = arena_array(arena, most + 1, sizeof(*names));
    int64_t *times = arena_array(arena, most, sizeof(*times));
    for (size_t i = 0; i < most; i++) {
        struct input input = input_look(host, input_at(unit, i));
        add_fingerprints(digest, &input);
        if (i == 0) {
            inputs.has_file = input.exists;
            inputs.file_us = input_changed_us(&input);
        }
        if (input.exists) {
            insert(names, times, count++, &input);
        }
    }
    inputs.newest_first = names;
    inputs.newest = names[0];
    inputs.newest_us = count == 0 ? 0 : times[0];
    digest_end(digest, inputs.stamp);
    return inputs;
}

void unit_inputs_remember(struct host *host, const struct unit_item *unit)
{
    for (size_t i = 0; unit->restart_for != NULL && unit->restart_for[i] != NULL; i++) {
        const char *path = unit->restart_for[i];
        if (is_below(path, host->layout->environment)) {
            continue; /* a file item */
        }
        int64_t read_at = file_clock_coarse_ns();
        struct input input = input_look(host, path);
        if (input.exists) {
            fingerprints_record(host, path, FINGERPRINT_LINKED, &input.there, NULL, read_at);
        } else {
            fingerprints_due(host, LONG_AGO); /* no path on disk would tell that it came */
        }
    }
}

const char *unit_inputs_digest(const struct host *host, const struct unit_item *unit,
                               struct arena *arena)
{
    char *hex = arena_alloc(arena, DIGEST_HEX_SIZE);
    struct digest *digest = digest_begin();
    for (size_t i = 0; input_at(unit, i) != NULL; i++) {
        struct input input = input_look(host, input_at(unit, i));
        add_content(digest, host, &input, arena);
    }
    digest_end(digest, hex);
    return hex;
}

const char *unit_file_digest(const struct host *host, const struct unit_item *unit,
                             struct arena *arena)
{
    struct str content;
    if (!file_read(host->root, host_path(unit->file), CONTENT_LIMIT, arena, &content, NULL)) {
        return "";
    }
    char *hex = arena_alloc(arena, DIGEST_HEX_SIZE);
    digest_hex(content, hex);
    return hex;
}
