/* Joins the fingerprints (paths and how they looked) with the manifest of the current generation
 * (texts). Members of the nginx tree live inside their generation's folder, other files at their
 * own path. */
#include "providers/managed_files.h"

#include <string.h>

#include "base/text.h"

static struct managed_directory *find_directory(struct managed_files *files, struct map *by_path,
                                                const char *path)
{
    struct managed_directory *directory = map_get(by_path, path);
    if (directory == NULL) {
        directory = arena_new(files->arena, struct managed_directory);
        directory->path = path;
        vec_add(files->arena, &files->directories, directory);
        (void)map_put(files->arena, by_path, path, directory);
    }
    return directory;
}

static struct managed_file *add(struct managed_files *files, struct map *directories,
                                const char *path)
{
    struct managed_file *file = map_get(&files->by_path, path);
    const char *slash = strrchr(path, '/');
    if (file != NULL || slash == NULL || slash[1] == '\0') {
        return file;
    }
    const char *folder =
        slash == path ? "/" : arena_strndup(files->arena, path, (size_t)(slash - path));
    struct managed_directory *directory = find_directory(files, directories, folder);
    file = arena_new(files->arena, struct managed_file);
    *file = (struct managed_file){.path = path, .directory = directory->path, .name = slash + 1};
    vec_add(files->arena, &directory->files, file);
    (void)map_put(files->arena, &files->by_path, path, file);
    return file;
}

static void add_seen(struct managed_files *files, struct map *directories,
                     struct fingerprints *fingerprints)
{
    struct fingerprint_entry entry;
    for (size_t i = 0; fingerprints_at(fingerprints, i, &entry); i++) {
        struct managed_file *file = add(files, directories, arena_strdup(files->arena, entry.path));
        if (file != NULL && entry.type != FINGERPRINT_LINKED) {
            file->seen = entry.seen;
            file->type = entry.type;
            file->has_seen = true;
        }
    }
}

static bool add_texts(struct host *host, struct managed_files *files, struct map *directories,
                      struct error *err)
{
    struct generation_entries entries = {0};
    if (files->generation == 0) {
        return true;
    }
    if (!generation_index(host, files->generation, files->arena, &entries, &files->manifest, err)) {
        return false;
    }
    const char *tree = arena_printf(files->arena, "%s/", host->layout->nginx_tree);
    const char *live = generation_tree_path(files->arena, host->layout, files->generation);
    for (size_t i = 0; i < entries.count; i++) {
        const struct generation_entry *entry = &entries.items[i];
        const char *path =
            text_starts_with(entry->path, tree)
                ? arena_printf(files->arena, "%s/%s", live, entry->path + strlen(tree))
                : entry->path;
        struct managed_file *file = add(files, directories, path);
        if (file != NULL) {
            file->text = entry;
        }
    }
    return true;
}

struct managed_files *managed_files_load(struct host *host, struct error *err)
{
    struct arena *arena = arena_create();
    AUTO_ARENA scratch = arena_create();
    struct managed_files *files = arena_new(arena, struct managed_files);
    struct map directories = {0};
    struct fingerprints *fingerprints = fingerprints_load(host, scratch);
    *files = (struct managed_files){
        .arena = arena, .manifest = -1, .due_at = fingerprints_due_at(fingerprints)};
    add_seen(files, &directories, fingerprints);
    if (!generation_current(host, &files->generation, err) ||
        !add_texts(host, files, &directories, err)) {
        managed_files_free(files);
        return NULL;
    }
    return files;
}

void managed_files_free(struct managed_files *files)
{
    if (files != NULL) {
        cleanup_fd(&files->manifest);
        arena_destroy(files->arena);
    }
}

struct managed_file *managed_files_find(const struct managed_files *files, const char *directory,
                                        const char *name)
{
    AUTO_ARENA scratch = arena_create();
    const char *path =
        arena_printf(scratch, "%s/%s", strcmp(directory, "/") == 0 ? "" : directory, name);
    return map_get(&files->by_path, path);
}
