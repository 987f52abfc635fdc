/* import: YAML of configuration that is there already. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "core/import.h"
#include "core/say.h"
#include "verbs/verb.h"

enum { FILE_MOST = 4 * 1024 * 1024, OUT_MODE = 0644 };

static const char usual_folder[] = "/etc/nginx";

/* Where relative names begin, and what stands for /etc/nginx in others. */
struct import_folder {
    struct arena *arena;
    const char *path;
};

static void cleanup_glob(glob_t *found)
{
    globfree(found);
}

static bool add_file(struct arena *arena, const char *path, struct import_files *out,
                     struct error *err)
{
    struct str text;
    if (!file_read(AT_FDCWD, path, FILE_MOST, arena, &text, err)) {
        return false;
    }
    vec_add(arena, out, (struct import_file){arena_strdup(arena, path), text});
    return true;
}

/* out_found: whether anything has that name. */
static bool add_found(struct arena *arena, const char *pattern, struct import_files *out,
                      bool *out_found, struct error *err)
{
    CLEANUP(cleanup_glob) glob_t found = {0};
    *out_found = glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc > 0;
    for (size_t i = 0; *out_found && i < found.gl_pathc; i++) {
        struct stat status;
        bool is_folder = stat(found.gl_pathv[i], &status) == 0 && S_ISDIR(status.st_mode);
        if (!is_folder && !add_file(arena, found.gl_pathv[i], out, err)) {
            return false;
        }
    }
    return true;
}

/* A copy of /etc/nginx elsewhere is read there. */
static bool open_include(void *context, const char *pattern, struct import_files *out,
                         struct error *err)
{
    const struct import_folder *folder = context;
    size_t length = strlen(usual_folder);
    bool is_usual = strncmp(pattern, usual_folder, length) == 0 && pattern[length] == '/';
    const char *rest = is_usual ? pattern + length + 1 : pattern;
    bool is_found = false;
    if (is_usual || pattern[0] != '/') {
        const char *places[] = {folder->path, usual_folder};
        for (size_t i = 0; i < 2 && !is_found; i++) {
            const char *path = arena_printf(folder->arena, "%s/%s", places[i], rest);
            if (!add_found(folder->arena, path, out, &is_found, err)) {
                return false;
            }
        }
        return true;
    }
    return add_found(folder->arena, pattern, out, &is_found, err);
}

/* The folder that nginx would begin from: that of nginx.conf, or the one around sites-enabled. */
static const char *folder_of(struct arena *arena, const char *file)
{
    static const char *const inner[] = {"/sites-enabled", "/sites-available", "/conf.d",
                                        "/snippets"};
    const char *slash = strrchr(file, '/');
    const char *folder = slash == NULL ? "." : arena_strndup(arena, file, (size_t)(slash - file));
    for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++) {
        size_t length = strlen(folder);
        size_t end = strlen(inner[i]);
        if (length > end && strcmp(folder + length - end, inner[i]) == 0) {
            return arena_strndup(arena, folder, length - end);
        }
    }
    return folder;
}

static bool is_left_over(const char *path)
{
    static const char *const ends[] = {"~",         ".bak",       ".old",      ".orig",
                                       ".dpkg-old", ".dpkg-dist", ".dpkg-new", ".swp"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (text_ends_with(path, ends[i])) {
            return true;
        }
    }
    return false;
}

/* A folder with nginx.conf is a whole configuration; else each file of it is a site's. */
static bool add_folder(struct arena *arena, const char *path, struct import_files *out,
                       struct error *err)
{
    struct import_files all = {0};
    bool is_found = false;
    const char *main = arena_printf(arena, "%s/nginx.conf", path);
    struct stat status;
    if (stat(main, &status) == 0) {
        return add_file(arena, main, out, err);
    }
    if (!add_found(arena, arena_printf(arena, "%s/*", path), &all, &is_found, err)) {
        return false;
    }
    for (size_t i = 0; i < all.count; i++) {
        if (!is_left_over(all.items[i].path)) {
            vec_add(arena, out, all.items[i]);
        }
    }
    return out->count > 0 || error_set(err, ERROR_FORMAT, "%s has no files", path);
}

static bool add_word(struct arena *arena, const char *path, struct import_files *out,
                     struct error *err)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return error_errno(err, "open %s", path);
    }
    return S_ISDIR(status.st_mode) ? add_folder(arena, path, out, err)
                                   : add_file(arena, path, out, err);
}

/* ---- Output --------------------------------------------------------------------------------- */

static void tell(struct command *command, const struct import_result *result)
{
    for (size_t i = 0; i < result->notes.count && !command->is_quiet; i++) {
        const struct import_note *note = &result->notes.items[i];
        const char *place = arena_printf(command->arena, "%s:%zu", note->file, note->line);
        (void)fprintf(stderr, "%s: %s\n", say_apart(command->arena, command->language, place),
                      say_message(command->arena, command->language, note->message));
    }
    (void)fprintf(stderr, "reconcile: %s; %s\n",
                  say_number(command->arena, command->language, result->site_count, N_("%zu site"),
                             N_("%zu sites")),
                  say_number(command->arena, command->language, result->raw_count,
                             N_("%zu directive stays as it was"),
                             N_("%zu directives stay as they were")));
}

static int finish(struct command *command, const struct import_result *result)
{
    struct error err = {0};
    tell(command, result);
    if (command->out_directory == NULL) {
        return output_text(command, result->yaml);
    }
    if (!file_replace(AT_FDCWD, command->out_directory, result->yaml, OUT_MODE, FILE_OWNER_NONE,
                      FILE_SYNC_NOW, &err)) {
        return output_error(command, &err);
    }
    return EXIT_CODE_SUCCESS;
}

int verb_import(struct command *command)
{
    struct arena *arena = command->arena;
    const char *what = command->word_count > 0 ? command->words[0] : "";
    const char *path = command->word_count > 1 ? command->words[1] : "/etc/nginx/nginx.conf";
    if (strcmp(what, "nginx") != 0) {
        (void)output_failure(command, "import: say what: nginx");
        return EXIT_CODE_USAGE;
    }
    struct error err = {0};
    struct import_files files = {0};
    struct import_result result;
    if (!add_word(arena, path, &files, &err)) {
        return output_error(command, &err);
    }
    struct import_folder folder = {arena, folder_of(arena, files.items[0].path)};
    const struct import_door door = {open_include, &folder};
    if (!import_nginx(arena, &files, &door, &result, &err)) {
        return output_error(command, &err);
    }
    return finish(command, &result);
}
