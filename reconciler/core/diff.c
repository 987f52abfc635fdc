/* Unified diffs for plans, pages and logs: libgit2 finds them, so that they read as Git's do. */
#include "core/diff.h"

#include <string.h>

#include <git2.h>

#include "base/cleanup.h"

static void free_patch(git_patch **patch)
{
    git_patch_free(*patch);
}

static void free_buffer(git_buf *buffer)
{
    git_buf_dispose(buffer);
}

/* What libgit2 prints before the first hunk names index lines and modes that mean nothing here. */
static const char *diff_hunks(const char *patch)
{
    const char *hunk = strstr(patch, "\n@@ ");
    return hunk == NULL ? NULL : hunk + 1;
}

const char *diff_unified(struct arena *arena, const char *path, const char *from, const char *to)
{
    if (text_equal(from, to)) {
        return "";
    }
    CLEANUP(free_patch) git_patch *patch = NULL;
    CLEANUP(free_buffer) git_buf buffer = GIT_BUF_INIT;
    git_diff_options options = {0};
    size_t from_length = from == NULL ? 0 : strlen(from);
    size_t to_length = to == NULL ? 0 : strlen(to);
    if (git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION) != 0 ||
        git_patch_from_buffers(&patch, from, from_length, path, to, to_length, path, &options) !=
            0 ||
        git_patch_to_buf(&buffer, patch) != 0) {
        return arena_printf(arena, "%s: the difference cannot be shown\n", path);
    }
    const char *hunks = diff_hunks(buffer.ptr);
    if (hunks == NULL) {
        return arena_printf(arena, "%s: content differs\n", path);
    }
    const char *slash = path[0] == '/' ? "" : "/";
    return arena_printf(arena, "--- %s%s%s\n+++ %s%s%s\n%s", from == NULL ? "/dev/null" : "a",
                        from == NULL ? "" : slash, from == NULL ? "" : path,
                        to == NULL ? "/dev/null" : "b", to == NULL ? "" : slash,
                        to == NULL ? "" : path, hunks);
}
