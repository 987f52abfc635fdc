/* Walks below a folder in a fixed order. Everything that cannot be read is a mistake: what is
 * missing must never look like something that was removed. */
#include "input/load_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/utf8.h"

void load_complain(struct loading *loading, const char *path, const struct message *why)
{
    diagnostic_add(loading->arena, loading->diagnostics, DIAGNOSTIC_FILE_UNREADABLE, SPAN_NONE,
                   path, NULL)
        ->why = why;
}

static void complain_error(struct loading *loading, const char *path, const struct error *err)
{
    load_complain(loading, path, message_of_error(loading->arena, err));
}

static const struct source *make_source(const struct loading *loading, const char *path,
                                        struct str content)
{
    const char *opened = loading->opened == NULL
                             ? NULL
                             : arena_printf(loading->arena, "%s%s", loading->opened, path);
    return source_make_file(loading->arena, path, opened, content);
}

/* A span that names the file and no line in it. */
static struct span whole_file(struct loading *loading, const char *path)
{
    return (struct span){make_source(loading, path, STR("")), 0, 0};
}

static void stop(struct loading *loading, enum diagnostic_code code, const char *limit)
{
    if (!loading->is_over) {
        (void)diagnostic_add(loading->arena, loading->diagnostics, code, SPAN_NONE, loading->folder,
                             limit, NULL);
    }
    loading->is_over = true;
}

/* --- files ----------------------------------------------------------------------------------- */

static void take_file(struct loading *loading, const char *path, enum load_layer layer,
                      struct str content)
{
    loading->total += content.length;
    if (loading->total > LOAD_TOTAL_MOST) {
        stop(loading, DIAGNOSTIC_INPUT_TOO_LARGE, "16 MiB");
    } else if (loading->loaded->files.count >= LOAD_FILES_MOST) {
        stop(loading, DIAGNOSTIC_TOO_MANY_FILES, "10,000");
    } else {
        const struct source *source = make_source(loading, path, content);
        vec_add(loading->arena, &loading->loaded->files, (struct loaded_file){source, layer});
    }
}

static void read_file(struct loading *loading, void *folder, const char *name, const char *path,
                      enum load_layer layer)
{
    struct error err = {0};
    struct str content = {0};
    if (loading->reader->read(folder, name, LOAD_FILE_MOST, loading->arena, &content, &err)) {
        take_file(loading, path, layer, content);
    } else if (err.code == ERROR_LIMIT) {
        (void)diagnostic_add(loading->arena, loading->diagnostics, DIAGNOSTIC_FILE_TOO_LARGE,
                             whole_file(loading, path), "1 MiB", NULL);
    } else {
        complain_error(loading, path, &err);
    }
}

/* --- names ----------------------------------------------------------------------------------- */

bool load_is_document_name(const char *name)
{
    return text_ends_with(name, ".yaml") || text_ends_with(name, ".yml");
}

/* Code points that some file systems do not see in a name. */
static bool is_ignorable(uint32_t code)
{
    return (code >= 0x200C && code <= 0x200F) || (code >= 0x202A && code <= 0x202E) ||
           (code >= 0x206A && code <= 0x206F) || code == 0xFEFF;
}

/* True for what some other machine would take for the repository's own folder: ".GIT", "git~1",
 * ".git " and the like. */
static bool looks_like_git(struct arena *arena, const char *name)
{
    struct str bytes = str_of(name);
    struct text seen = text_make(arena);
    for (size_t offset = 0; offset < bytes.length;) {
        uint32_t code = 0;
        size_t length = utf8_decode(bytes, offset, &code);
        if (length == 0) {
            return false;
        }
        if (!is_ignorable(code)) {
            text_add_str(&seen, (struct str){name + offset, length});
        }
        offset += length;
    }
    size_t end = strcspn(seen.data, ":"); /* a stream of the file, on NTFS */
    while (end > 0 && strchr(". ", seen.data[end - 1]) != NULL) {
        end--;
    }
    text_truncate(&seen, end);
    return strcasecmp(seen.data, ".git") == 0 || strncasecmp(seen.data, "git~", 4) == 0;
}

/* Why a name is refused, as a phrase; NULL when it is fine. */
static const char *why_name_is_bad(const struct loading *loading, const char *name)
{
    struct str bytes = str_of(name);
    for (size_t offset = 0; offset < bytes.length;) {
        uint32_t code = 0;
        size_t length = utf8_decode(bytes, offset, &code);
        if (length == 0) {
            return N_("it is not UTF-8");
        }
        if (utf8_is_control(code) || utf8_is_bidi_control(code)) {
            return N_("it holds a control character");
        }
        offset += length;
    }
    if (!loading->reader->is_commit) {
        return NULL;
    }
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        strpbrk(name, "/\\") != NULL) {
        return N_("it is a path and not a name");
    }
    return looks_like_git(loading->arena, name) ? N_("it stands for a repository's own folder")
                                                : NULL;
}

static bool name_is_good(struct loading *loading, const char *name, const char *path)
{
    const char *why = why_name_is_bad(loading, name);
    if (why != NULL) {
        (void)diagnostic_add(loading->arena, loading->diagnostics, DIAGNOSTIC_BAD_FILE_NAME,
                             SPAN_NONE, path, why, NULL);
    }
    return why == NULL;
}

/* --- folders --------------------------------------------------------------------------------- */

static int entry_compare(const void *a, const void *b)
{
    return strcmp(((const struct load_entry *)a)->name, ((const struct load_entry *)b)->name);
}

/* Sorted; without those that begin with a dot, which are nobody's documents. */
static bool list_entries(struct loading *loading, void *folder, const char *path,
                         struct load_entries *out_entries)
{
    struct error err = {0};
    struct load_entries all = {0};
    if (!loading->reader->list(folder, loading->arena, &all, &err)) {
        complain_error(loading, path[0] == '\0' ? loading->folder : path, &err);
        return false;
    }
    loading->entries += all.count;
    if (loading->entries > LOAD_ENTRIES_MOST) {
        stop(loading, DIAGNOSTIC_TOO_MANY_ENTRIES_BELOW, "200,000");
        return false;
    }
    for (size_t i = 0; i < all.count; i++) {
        const char *name = all.items[i].name;
        bool is_hidden = name[0] == '.';
        if (!is_hidden || (loading->reader->is_commit && why_name_is_bad(loading, name) != NULL)) {
            vec_add(loading->arena, out_entries, all.items[i]);
        }
    }
    if (out_entries->count > 1) {
        qsort(out_entries->items, out_entries->count, sizeof(*out_entries->items), entry_compare);
    }
    return true;
}

static void read_folder(struct loading *loading, void *folder, const char *path,
                        enum load_layer layer, int depth);

static void enter_folder(struct loading *loading, void *folder, const char *name, const char *path,
                         enum load_layer layer, int depth)
{
    struct error err = {0};
    if (depth >= LOAD_DEPTH_MOST) {
        (void)diagnostic_add(loading->arena, loading->diagnostics, DIAGNOSTIC_FOLDER_TOO_DEEP,
                             SPAN_NONE, path, "32", NULL);
        return;
    }
    void *child = loading->reader->enter(folder, name, loading->arena, &err);
    if (child == NULL) {
        complain_error(loading, path, &err);
        return;
    }
    read_folder(loading, child, path, layer, depth + 1);
    loading->reader->leave(child);
}

static void refuse_entry(struct loading *loading, enum diagnostic_code code, const char *path)
{
    (void)diagnostic_add(loading->arena, loading->diagnostics, code, SPAN_NONE, path, NULL);
}

static void read_entry(struct loading *loading, void *folder, const struct load_entry *entry,
                       const char *path, enum load_layer layer, int depth)
{
    bool is_document = load_is_document_name(entry->name);
    switch (entry->type) {
    case LOAD_ENTRY_FOLDER:
        enter_folder(loading, folder, entry->name, path, layer, depth);
        return;
    case LOAD_ENTRY_SUBMODULE:
        refuse_entry(loading, DIAGNOSTIC_SUBMODULE, path);
        return;
    case LOAD_ENTRY_FOLDER_LINK:
        refuse_entry(loading, DIAGNOSTIC_LINK_NOT_FOLLOWED, path);
        return;
    case LOAD_ENTRY_LINK:
        if (is_document) {
            refuse_entry(loading, DIAGNOSTIC_LINK_NOT_FOLLOWED, path);
        }
        return;
    case LOAD_ENTRY_FILE:
    case LOAD_ENTRY_OTHER:
        if (entry->complaint != NULL) {
            load_complain(loading, path, entry->complaint);
        } else if (is_document) {
            read_file(loading, folder, entry->name, path, layer);
        }
        return;
    }
}

/* Overlays are read by their own names, after the base. */
static bool is_overlay_folder(const char *path)
{
    return strcmp(path, "environments") == 0 || strcmp(path, "hosts") == 0;
}

static void read_folder(struct loading *loading, void *folder, const char *path,
                        enum load_layer layer, int depth)
{
    struct load_entries entries = {0};
    if (!list_entries(loading, folder, path, &entries)) {
        return;
    }
    for (size_t i = 0; i < entries.count && !loading->is_over; i++) {
        const struct load_entry *entry = &entries.items[i];
        const char *below = path[0] == '\0'
                                ? entry->name
                                : arena_printf(loading->arena, "%s/%s", path, entry->name);
        if (i > 0 && strcmp(entries.items[i - 1].name, entry->name) == 0) {
            (void)diagnostic_add(loading->arena, loading->diagnostics, DIAGNOSTIC_BAD_FILE_NAME,
                                 SPAN_NONE, below, N_("it stands twice in its folder"), NULL);
        } else if (name_is_good(loading, entry->name, below) && !is_overlay_folder(below)) {
            read_entry(loading, folder, entry, below, layer, depth);
        }
    }
}

/* False when there is no such folder. */
static bool read_overlay(struct loading *loading, void *root, const char *directory,
                         const char *name, enum load_layer layer)
{
    const char *path = arena_printf(loading->arena, "%s/%s", directory, name);
    struct error err = {0};
    if (name[0] == '.' || strchr(name, '/') != NULL) {
        return false; /* ".." would be the folder itself once more */
    }
    void *overlays = loading->reader->enter(root, directory, loading->arena, &err);
    void *overlay =
        overlays == NULL ? NULL : loading->reader->enter(overlays, name, loading->arena, &err);
    if (overlay != NULL) {
        read_folder(loading, overlay, path, layer, 1);
        loading->reader->leave(overlay);
    }
    if (overlays != NULL) {
        loading->reader->leave(overlays);
    }
    if (overlay == NULL && err.number != ENOENT) {
        complain_error(loading, path, &err);
        return true;
    }
    return overlay != NULL;
}

void load_walk_folder(struct loading *loading, void *root)
{
    read_folder(loading, root, "", LOAD_BASE, 0);
    const char *environment = loading->loaded->environment;
    if (environment != NULL &&
        !read_overlay(loading, root, "environments", environment, LOAD_ENVIRONMENT)) {
        (void)diagnostic_add(loading->arena, loading->diagnostics, DIAGNOSTIC_UNKNOWN_ENVIRONMENT,
                             SPAN_NONE, environment, loading->folder, NULL);
    }
    if (loading->loaded->host != NULL) {
        (void)read_overlay(loading, root, "hosts", loading->loaded->host, LOAD_HOST);
    }
}

void load_walk_file(struct loading *loading, void *folder, const char *name)
{
    const char *slash = strrchr(name, '/');
    read_file(loading, folder, name, slash == NULL ? name : slash + 1, LOAD_BASE);
}

void load_finish(struct loading *loading, size_t diagnostics_before)
{
    if (loading->loaded->files.count == 0 && loading->diagnostics->count == diagnostics_before) {
        (void)diagnostic_add(loading->arena, loading->diagnostics, DIAGNOSTIC_FOLDER_EMPTY,
                             SPAN_NONE, loading->folder, NULL);
    }
}
