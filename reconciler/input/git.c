/* What the files that use libgit2 have in common. */
#include "input/git.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

enum { SUBJECT_MOST = 200, AUTHOR_MOST = 100 }; /* bytes */

void git_prepare(void)
{
    static const git_config_level_t levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA,
                                                GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
                                                GIT_CONFIG_LEVEL_GLOBAL};
    (void)git_libgit2_init(); /* fails only without memory; again and again is fine */
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        /* Fails only without memory, and then opening a repository does too. */
        (void)git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
    }
    (void)git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0); /* cannot fail */
}

/* What is not valid becomes '?'. */
const char *git_clean_line(struct arena *arena, const char *text, size_t most)
{
    struct str bytes = str_of(text);
    struct text out = text_make(arena);
    for (size_t offset = 0; offset < bytes.length;) {
        uint32_t code = 0;
        size_t length = utf8_decode(bytes, offset, &code);
        if (out.length + (length == 0 ? 1 : length) > most) {
            text_add(&out, "…");
            break;
        }
        if (length == 0 || utf8_is_control(code) || utf8_is_bidi_control(code)) {
            bool is_space = length != 0 && (code == '\n' || code == '\t' || code == '\r');
            text_add_char(&out, is_space ? ' ' : '?');
        } else {
            text_add_str(&out, (struct str){text + offset, length});
        }
        offset += length == 0 ? 1 : length;
    }
    while (out.length > 0 && out.data[out.length - 1] == ' ') {
        text_truncate(&out, out.length - 1);
    }
    return out.data;
}

static enum error_code code_of(int result)
{
    switch (result) {
    case GIT_ENOTFOUND:
    case GIT_EUNBORNBRANCH:
        return ERROR_UNAVAILABLE;
    case GIT_EAUTH:
    case GIT_ECERTIFICATE:
        return ERROR_REFUSED;
    case GIT_ELOCKED:
        return ERROR_LOCKED;
    case GIT_EUSER:
        return ERROR_LIMIT;
    default:
        return ERROR_FORMAT;
    }
}

bool git_problem(struct error *err, int result, const char *format, ...)
{
    AUTO_ARENA arena = arena_create();
    const git_error *last = git_error_last();
    va_list arguments;
    va_start(arguments, format);
    const struct message *words = message_vmake(arena, format, arguments);
    va_end(arguments);
    (void)error_set_message(err, code_of(result), words);
    return last == NULL || last->message == NULL
               ? error_add_word(err, MESSAGE_COLON, N_("unknown error"))
               : error_add_quote(err, MESSAGE_COLON,
                                 git_clean_line(arena, last->message, ERROR_MESSAGE_MAX / 2));
}

bool git_find_commit(git_repository *repository, const git_oid *id, git_commit **out_commit,
                     struct error *err)
{
    AUTO_ODB objects = NULL;
    size_t size = 0;
    git_object_t type = GIT_OBJECT_ANY;
    int result = git_repository_odb(&objects, repository);
    if (result == 0) {
        result = git_odb_read_header(&size, &type, objects, id);
    }
    char hex[GIT_ID_SIZE];
    (void)git_oid_tostr(hex, sizeof(hex), id); /* returns hex */
    if (result == 0 && (type != GIT_OBJECT_COMMIT || size > GIT_COMMIT_MOST)) {
        return error_set(err, ERROR_FORMAT, "%s %s", hex,
                         type != GIT_OBJECT_COMMIT ? "is not a commit" : "is larger than 1 MiB");
    }
    if (result == 0) {
        result = git_commit_lookup(out_commit, repository, id);
    }
    return result == 0 || git_problem(err, result, "read commit %s", hex);
}

struct commit git_commit_describe(struct arena *arena, const git_commit *commit)
{
    char *id = arena_alloc(arena, GIT_ID_SIZE);
    (void)git_oid_tostr(id, GIT_ID_SIZE, git_commit_id(commit)); /* returns id */
    const git_signature *author = git_commit_author(commit);
    /* Up to an empty line; joined by git_clean_line. */
    const char *message = git_commit_message(commit);
    const char *subject = arena_strdup(arena, message == NULL ? "" : message);
    const char *end = strstr(subject, "\n\n");
    if (end != NULL) {
        subject = arena_strndup(arena, subject, (size_t)(end - subject));
    }
    return (struct commit){
        .id = id,
        .subject = git_clean_line(arena, subject, SUBJECT_MOST),
        .author = git_clean_line(arena, author == NULL || author->name == NULL ? "" : author->name,
                                 AUTHOR_MOST),
        .at = git_commit_time(commit),
    };
}
