/* STATE/documents: the documents that each generation was made from, so that going back needs
 * neither Git nor the folder. DIGEST.json holds one input; N is a link to the one of generation N,
 * so that generations made from the same input share it. */
#include "run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/map.h"

enum { SAVED_MOST = 64 << 20, DIRECTORY_MODE = 0700, FILE_MODE = 0600 };

static const char *saved_directory(const struct run *run)
{
    return host_path(arena_printf(run->arena, "%s/documents", run->layout.state));
}

static const char *saved_link(const struct run *run, unsigned long generation)
{
    return arena_printf(run->arena, "%s/%lu", saved_directory(run), generation);
}

bool run_saved_clean(struct run *run, struct error *err)
{
    return file_remove_temporary(run->host.root, saved_directory(run), err) ||
           err->number == ENOENT;
}

bool run_saved_write(struct run *run, unsigned long generation, struct error *err)
{
    const char *name = arena_printf(run->arena, "%s.json", run->inputs_digest);
    const char *path = arena_printf(run->arena, "%s/%s", saved_directory(run), name);
    if (!file_make_directories(run->host.root, saved_directory(run), DIRECTORY_MODE, err)) {
        return false;
    }
    struct stat status;
    if (fstatat(run->host.root, path, &status, AT_SYMLINK_NOFOLLOW) != 0 &&
        !file_replace(run->host.root, path, loaded_write(run->arena, &run->loaded), FILE_MODE,
                      FILE_OWNER_NONE, FILE_SYNC_NOW, err)) {
        return false;
    }
    return file_replace_link(run->host.root, saved_link(run, generation), name, FILE_SYNC_NOW, err);
}

bool run_saved_digest(struct run *run, unsigned long generation, const char **out_digest,
                      struct error *err)
{
    char target[PATH_MAX];
    ssize_t length =
        readlinkat(run->host.root, saved_link(run, generation), target, sizeof(target) - 1);
    if (length < 0) {
        return error_errno(err, "documents of generation %lu", generation);
    }
    target[length] = '\0';
    target[strcspn(target, ".")] = '\0';
    *out_digest = arena_strdup(run->arena, target);
    return true;
}

bool run_saved_read(struct run *run, unsigned long generation, struct loaded *out_loaded,
                    struct error *err)
{
    const char *digest = NULL;
    struct str json = {0};
    if (!run_saved_digest(run, generation, &digest, err)) {
        return false;
    }
    const char *path = arena_printf(run->arena, "%s/%s.json", saved_directory(run), digest);
    return file_read(run->host.root, path, SAVED_MOST, run->arena, &json, err) &&
           loaded_read(run->arena, json, out_loaded, err);
}

/* Links whose generation is gone, then inputs that no link names. */
static bool prune_links(struct run *run, DIR *directory, const struct map *kept, struct map *named,
                        struct error *err)
{
    const struct dirent *entry = NULL;
    while ((entry = readdir(directory)) != NULL) {
        const char *digest = NULL;
        char *end = NULL;
        unsigned long number = strtoul(entry->d_name, &end, 10);
        if (number == 0 || *end != '\0') {
            continue;
        }
        if (!map_has(kept, entry->d_name)) {
            if (unlinkat(dirfd(directory), entry->d_name, 0) != 0) {
                return error_errno(err, "remove documents/%s", entry->d_name);
            }
        } else if (run_saved_digest(run, number, &digest, err)) {
            (void)map_put(run->arena, named, arena_printf(run->arena, "%s.json", digest), NULL);
        } else {
            return false;
        }
    }
    return true;
}

static bool prune_inputs(DIR *directory, const struct map *named, struct error *err)
{
    const struct dirent *entry = NULL;
    rewinddir(directory);
    while ((entry = readdir(directory)) != NULL) {
        if (text_ends_with(entry->d_name, ".json") && !map_has(named, entry->d_name) &&
            unlinkat(dirfd(directory), entry->d_name, 0) != 0) {
            return error_errno(err, "remove documents/%s", entry->d_name);
        }
    }
    return true;
}

bool run_saved_prune(struct run *run, struct error *err)
{
    struct generation_list generations = {0};
    struct map kept = {0};
    struct map named = {0};
    if (!generation_list(&run->host, run->arena, &generations, err)) {
        return false;
    }
    for (size_t i = 0; i < generations.count; i++) {
        (void)map_put(run->arena, &kept,
                      arena_printf(run->arena, "%lu", generations.items[i].number), NULL);
    }
    AUTO_FD fd =
        file_open_beneath(run->host.root, saved_directory(run), O_RDONLY | O_DIRECTORY, 0, err);
    if (fd < 0) {
        return err->number == ENOENT;
    }
    AUTO_DIRECTORY directory = fdopendir(fd);
    if (directory == NULL) {
        return error_errno(err, "list documents");
    }
    (void)take_fd(&fd);
    return prune_links(run, directory, &kept, &named, err) && prune_inputs(directory, &named, err);
}
