/* explain --rendered: a line of a file, led back to the documents of today, and to those that the
 * file's generation recorded. */
#include "run.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "input/git_blame.h"

enum { RENDERED_MOST = 64 << 20 };

struct question {
    const char *file; /* absolute */
    size_t line;
    struct blame_place place;
};

/* --- which file it is ------------------------------------------------------------------------ */

/* As the host has it: without what --root puts before it. */
static const char *path_on_host(const struct run_options *options, const char *path)
{
    size_t length = strlen(options->root);
    bool is_below = length > 1 && text_starts_with(path, options->root) && path[length] == '/';
    return is_below ? path + length : path;
}

static bool place_on_host(struct run *run, const char *path, struct blame_place *out_place)
{
    CLEANUP(cleanup_free) char *real = realpath(path, NULL);
    return blame_place_on_host(run->arena, &run->layout, path_on_host(run->options, path),
                               out_place) ||
           (real != NULL &&
            blame_place_on_host(run->arena, &run->layout,
                                path_on_host(run->options, arena_strdup(run->arena, real)),
                                out_place));
}

static bool is_on_host(struct arena *arena, const struct run_options *options,
                       struct question *question)
{
    struct run run;
    struct run_options only_settings = *options;
    only_settings.needs_no_facts = true;
    bool is_found = run_open(&run, arena, &only_settings) &&
                    place_on_host(&run, question->file, &question->place);
    run_end(&run);
    return is_found;
}

static bool read_question(struct arena *arena, const struct run_options *options, const char *words,
                          struct question *out, struct error *err)
{
    if (!blame_split(arena, words, &out->file, &out->line)) {
        return error_set(err, ERROR_FORMAT, "\"%s\" is not FILE:LINE", words);
    }
    if (out->file[0] != '/' && options->directory != NULL) {
        out->file = arena_printf(arena, "%s/%s", options->directory, out->file);
    }
    return true;
}

/* NULL: it cannot be read here. */
static const struct str *read_file(struct run *run, const struct question *question)
{
    struct error err = {0}; /* the answer says so */
    struct str *content = arena_new(run->arena, struct str);
    const char *root = run->options->root;
    bool is_prefixed = question->place.is_copy || strlen(root) <= 1 ||
                       path_on_host(run->options, question->file) != question->file;
    const char *path =
        is_prefixed ? question->file : arena_printf(run->arena, "%s%s", root, question->file);
    return file_read(AT_FDCWD, path, RENDERED_MOST, run->arena, content, &err) ? content : NULL;
}

/* --- the documents that it was made from ----------------------------------------------------- */

/* What cannot be read, or has mistakes for this program, is not known. */
static struct blame_side recorded_side(struct run *run, const struct blame_place *place)
{
    struct error err = {0};
    struct run *before = arena_new(run->arena, struct run);
    *before = *run;
    before->loaded = (struct loaded){0};
    before->diagnostics = (struct diagnostic_list){0};
    before->documents = (struct document_set){0};
    before->desired = (struct desired){0};
    before->memory = (struct run_memory){0}; /* a hold has texts of its own */
    if (place->generation == 0 || run->options->is_offline ||
        !run_saved_read(before, place->generation, &before->loaded, &err) || !run_build(before)) {
        return (struct blame_side){0};
    }
    return blame_side_of(&before->desired, &run->layout, run->arena, place->path);
}

/* --- the commit ------------------------------------------------------------------------------ */

static bool is_of_today(const struct run *run, const struct source *source)
{
    for (size_t i = 0; i < run->loaded.files.count; i++) {
        if (run->loaded.files.items[i].source == source) {
            return true;
        }
    }
    return false;
}

static const char *path_in_commit(struct run *run, const struct source *source)
{
    const char *folder = run->revision.folder;
    if (folder == NULL || strcmp(folder, ".") == 0 || folder[0] == '\0') {
        return source->name;
    }
    if (load_is_document_name(folder)) {
        return folder;
    }
    bool has_slash = text_ends_with(folder, "/");
    return arena_printf(run->arena, "%s%s%s", folder, has_slash ? "" : "/", source->name);
}

/* Where nothing is known of a repository there is nothing to say. */
static void find_commit(struct run *run, struct blame *blame)
{
    struct error err = {0};
    const struct source *source = blame->span.source;
    struct git_revision from = run->revision;
    struct git_blamed blamed = {0};
    if (source == NULL || !is_of_today(run, source)) {
        return;
    }
    const struct str *content = run->commit == NULL ? &source->content : NULL;
    if (run->commit != NULL) {
        from.folder = path_in_commit(run, source);
    } else if (source->path == NULL || !load_git_discover(run->arena, source->path, &from, &err) ||
               from.folder == NULL) {
        return;
    }
    size_t line = source_position(source, blame->span.first).line;
    if (!git_blame_find(run->arena, &from, content, line, &blamed, &err)) {
        blamed.is_uncommitted = content != NULL && err.code == ERROR_UNAVAILABLE;
    }
    blame->commit = blamed.commit;
    blame->is_uncommitted = blamed.is_uncommitted;
}

bool run_blame(struct run *run, struct arena *arena, struct run_options *options,
               const char *file_and_line, struct blame *out_blame, struct error *err)
{
    struct question question = {0};
    *run = (struct run){.arena = arena, .options = options, .lock = -1};
    if (!read_question(arena, options, file_and_line, &question, err)) {
        return false;
    }
    bool is_host = is_on_host(arena, options, &question);
    options->is_offline |= !is_host; /* as render writes it */
    options->skips_fetch = true;
    if (!run_render(run, arena, options)) {
        return false;
    }
    if (!is_host &&
        !blame_place_copy(&run->desired, &run->layout, arena, question.file, &question.place)) {
        return error_set(err, ERROR_UNAVAILABLE, "the documents make no file such as %s",
                         question.file);
    }
    if (question.place.is_live && !options->is_offline &&
        !generation_current(&run->host, &question.place.generation, err)) {
        return false;
    }
    struct blame_input input = {
        .arena = arena,
        .place = question.place,
        .line = question.line,
        .content = read_file(run, &question),
        .today = blame_side_of(&run->desired, &run->layout, arena, question.place.path),
        .recorded = recorded_side(run, &question.place),
    };
    if (!blame_find(&input, out_blame)) {
        return error_set(err, ERROR_UNAVAILABLE, "%s has no line %zu", question.file,
                         question.line);
    }
    find_commit(run, out_blame);
    return true;
}
