/* Unified diffs for plans, pages and logs: libgit2 finds them, so that they read as Git's do. A
 * file that appears or goes needs no finding: a plan for an empty host is nothing else, and there
 * libgit2 took a third of all its time. */
#include "core/diff.h"

#include <string.h>

#include <git2.h>

#include "base/cleanup.h"
#include "base/text.h"

static void free_patch(git_patch **patch)
{
    git_patch_free(*patch);
}

static void free_buffer(git_buf *buffer)
{
    git_buf_dispose(buffer);
}

static void add_heads(struct text *out, const char *path, const char *from, const char *to)
{
    const char *slash = path[0] == '/' ? "" : "/";
    text_addf(out, "--- %s%s%s\n", from == NULL ? "/dev/null" : "a", from == NULL ? "" : slash,
              from == NULL ? "" : path);
    text_addf(out, "+++ %s%s%s\n", to == NULL ? "/dev/null" : "b", to == NULL ? "" : slash,
              to == NULL ? "" : path);
}

/* ---- One side only -------------------------------------------------------------------------- */

static size_t count_lines(const char *content)
{
    size_t count = 0;
    for (const char *line = content; *line != '\0'; count++) {
        const char *end = strchrnul(line, '\n');
        line = *end == '\0' ? end : end + 1;
    }
    return count;
}

/* "1,12", as the head of a hunk counts; "1" for a single line. */
static void add_range(struct text *out, size_t lines)
{
    if (lines == 1) {
        text_add(out, "1");
    } else {
        text_addf(out, "1,%zu", lines);
    }
}

static const char *diff_whole(struct arena *arena, const char *path, const char *from,
                              const char *to)
{
    const char *content = from == NULL ? to : from;
    const char mark = from == NULL ? '+' : '-';
    struct text out = text_make(arena);
    size_t lines = count_lines(content);
    text_reserve(&out, strlen(content) + lines + 2 * strlen(path) + 128);
    add_heads(&out, path, from, to);
    text_add(&out, from == NULL ? "@@ -0,0 +" : "@@ -");
    add_range(&out, lines);
    text_add(&out, from == NULL ? " @@\n" : " +0,0 @@\n");
    for (const char *line = content; *line != '\0';) {
        const char *end = strchrnul(line, '\n');
        text_add_char(&out, mark);
        text_add_str(&out, (struct str){line, (size_t)(end - line)});
        text_add_char(&out, '\n');
        if (*end == '\0') {
            text_add(&out, "\\ No newline at end of file\n");
            break;
        }
        line = end + 1;
    }
    return out.data;
}

/* ---- Two sides ------------------------------------------------------------------------------ */

/* What libgit2 prints before the first hunk names index lines and modes that mean nothing here. */
static const char *diff_hunks(const char *patch)
{
    const char *hunk = strstr(patch, "\n@@ ");
    return hunk == NULL ? NULL : hunk + 1;
}

static const char *diff_by_git(struct arena *arena, const char *path, const char *from,
                               const char *to)
{
    CLEANUP(free_patch) git_patch *patch = NULL;
    CLEANUP(free_buffer) git_buf buffer = GIT_BUF_INIT;
    git_diff_options options = {0};
    size_t from_length = from == NULL ? 0 : strlen(from);
    size_t to_length = to == NULL ? 0 : strlen(to);
    /* The first time it reads all certificates of the system, 4 ms; so only when it is needed, and
     * it is never shut down. */
    if (git_libgit2_init() < 0 || git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION) != 0 ||
        git_patch_from_buffers(&patch, from, from_length, path, to, to_length, path, &options) !=
            0 ||
        git_patch_to_buf(&buffer, patch) != 0) {
        return arena_printf(arena, "%s: the difference cannot be shown\n", path);
    }
    const char *hunks = diff_hunks(buffer.ptr);
    if (hunks == NULL) {
        return arena_printf(arena, "%s: content differs\n", path);
    }
    struct text out = text_make(arena);
    add_heads(&out, path, from, to);
    text_add(&out, hunks);
    return out.data;
}

const char *diff_unified(struct arena *arena, const char *path, const char *from, const char *to)
{
    if (text_equal(from, to)) {
        return "";
    }
    bool is_whole = (from == NULL) != (to == NULL) && (from == NULL ? to : from)[0] != '\0';
    return is_whole ? diff_whole(arena, path, from, to) : diff_by_git(arena, path, from, to);
}
