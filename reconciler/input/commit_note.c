/* Runs in a child process as the repository's owner: what root would leave there could not be
 * changed or packed by its owner any more. */
#include "input/commit_note.h"

#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "base/text.h"
#include "input/git.h"
#include "input/git_child.h"

#define NOTES_REFERENCE "refs/notes/reconcile"

enum {
    NOTE_MOST = 64 << 10, /* some hundred hosts; a longer one is begun anew */
    TEXT_MOST = 500,
    NOTE_MS = 10000,
    MEMORY_MOST = 128 << 20,
    FILE_MOST = 16 << 20,
};

static inline void note_cleanup(git_note **note)
{
    git_note_free(*note);
}
#define AUTO_NOTE CLEANUP(note_cleanup) git_note *

static const char *path_of(const char *repository)
{
    static const char scheme[] = "file://";
    return repository + (text_starts_with(repository, scheme) ? sizeof(scheme) - 1 : 0);
}

/* The lines of the other hosts, and ours. */
static const char *compose(struct arena *arena, const char *before, const struct commit_note *note)
{
    struct text out = text_make(arena);
    const char *ours = arena_printf(arena, "%s: ", note->host);
    char *rest = arena_strdup(arena, strlen(before) > NOTE_MOST ? "" : before);
    const char *line = NULL;
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (line[0] != '\0' && !text_starts_with(line, ours)) {
            text_line(&out, "%s", line);
        }
    }
    text_line(&out, "%s%s", ours, git_clean_line(arena, note->text, TEXT_MOST));
    return out.data;
}

static int write_note(git_repository *repository, const git_oid *id, struct arena *arena,
                      const struct commit_note *note)
{
    AUTO_NOTE before = NULL;
    AUTO_SIGNATURE author = NULL;
    git_oid written;
    int result = git_note_read(&before, repository, NOTES_REFERENCE, id);
    if (result != 0 && result != GIT_ENOTFOUND) {
        return result;
    }
    const char *text = before == NULL ? "" : git_note_message(before);
    const char *wanted = compose(arena, text, note);
    if (strcmp(text, wanted) == 0) {
        return 0;
    }
    result =
        git_signature_now(&author, "reconcile", arena_printf(arena, "reconcile@%s", note->host));
    return result != 0 ? result
                       : git_note_create(&written, repository, NOTES_REFERENCE, author, author, id,
                                         wanted, 1);
}

static bool work(void *context, void *result, struct error *err)
{
    const struct commit_note *note = context;
    AUTO_ARENA arena = arena_create();
    AUTO_REPOSITORY repository = NULL;
    git_oid id;
    (void)result;
    git_prepare();
    int code = git_repository_open_ext(&repository, path_of(note->repository),
                                       GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
    if (code == 0) {
        code = git_oid_fromstr(&id, note->commit);
    }
    if (code == 0) {
        code = write_note(repository, &id, arena, note);
    }
    return code == 0 || git_problem(err, code, "leave a note in %s", note->repository);
}

bool commit_note_write(const struct commit_note *note, struct error *err)
{
    struct commit_note copy = *note;
    struct stat owner;
    char nothing = 0;
    if (stat(path_of(note->repository), &owner) != 0) {
        return error_errno(err, "leave a note in %s", note->repository);
    }
    const struct git_child child = {
        .timeout_ms = NOTE_MS,
        .owner = &owner,
        .memory_most = MEMORY_MOST,
        .file_size_most = FILE_MOST,
        .work = work,
        .context = &copy,
        .result = &nothing,
        .result_size = sizeof(nothing),
    };
    return git_child_run(&child, err);
}
